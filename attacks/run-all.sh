#!/usr/bin/env bash
# attacks/run-all.sh -- every attack, without and with the checks, in one command.
#
#   attacks/run-all.sh                builds what is missing, and prints the matrix
#   attacks/run-all.sh --bin DIR      with setlogd, setlog and lying_server from there
#   attacks/run-all.sh --only a,e     these folders of attacks/ alone
#   attacks/run-all.sh --out DIR      for the matrix, by default build/attacks:
#                                     matrix.txt, .json, .md and .svg
#   attacks/run-all.sh --json         prints matrix.json in the place of matrix.txt
#   attacks/run-all.sh --docs         also renews docs/attacks.svg, and the matrix that
#                                     stands in docs/attacks.md
#
# Real servers, witnesses, hubs and victims, each its own process, on loopback and in a
# temporary directory that is removed. The payloads write a file named MARKER.
#
# Exit code 0 if every row is what its scenario declares, also those that nothing is to
# notice; 1 if one is not, and which; 2 usage; 77 if numpy or the images are missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  printf 'run-all.sh: %s\n' "$*" >&2
  exit 1
}

# shellcheck source=scripts/build_release.sh
source "$root/scripts/build_release.sh"
# shellcheck source=scripts/find_python.sh
source "$root/scripts/find_python.sh"

build=1
for argument in "$@"; do
  case $argument in
    --bin | --bin=*) build= ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
  esac
done
python=$(find_python)
"$python" "$root/attacks/run_all.py" --check-arguments "$@"
# Standard output is for the matrix.
if [[ -n $build ]]; then
  (cd "$root" && build_release setlogd setlog lying_server) >&2
fi
"$root/scripts/fetch_digits.sh" >&2
exec "$python" "$root/attacks/run_all.py" "$@"
