#!/usr/bin/env bash
# scripts/setup.sh -- installs the Debian packages that setlog builds with.
#
#   scripts/setup.sh            what the programs need
#   scripts/setup.sh --tests    also what the tests and the style checks need
#   scripts/setup.sh --all      also what test.sh --all needs: two proxies and valgrind,
#                               for a test each; and says so if there is no Go, for
#                               another
#   scripts/setup.sh --nightly  also what scripts/nightly.sh needs
#
# Asks dpkg first and installs only what is missing: a second run changes nothing and
# needs no network. Made for Debian 12; Ubuntu's names are the same.
set -euo pipefail

# libgrpc++-dev and librocksdb-dev bring the rest of what they link with; a package
# whose headers we include, or whose program we run, is named all the same.
build=(
  ca-certificates ccache cmake g++ git mold ninja-build pkg-config
  libabsl-dev libcli11-dev libcsv-dev libcurl4-openssl-dev libgrpc++-dev
  libmicrohttpd-dev libprotobuf-dev librocksdb-dev libsodium-dev libssl-dev
  libutf8proc-dev libxxhash-dev libzstd-dev
  nlohmann-json3-dev prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc
  zlib1g-dev
)
tests=(
  clang-format-14 curl libbenchmark-dev libgmock-dev libgtest-dev openssl
  python3 python3-numpy shellcheck
)
# Not for --tests: on a machine with an init system they start to serve.
all=(haproxy nginx-light valgrind)
nightly=(clang-14 clang-tidy-14 gnuplot-nox libclang-rt-14-dev llvm-14)

fail() {
  printf 'setup.sh: %s\n' "$*" >&2
  exit 1
}

wanted=("${build[@]}")
while [[ $# -gt 0 ]]; do
  case $1 in
    --tests) wanted+=("${tests[@]}") ;;
    --all) wanted+=("${tests[@]}" "${all[@]}") ;;
    --nightly) wanted+=("${tests[@]}" "${all[@]}" "${nightly[@]}") ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *) fail "unknown option $1 (there are --tests, --all and --nightly)" ;;
  esac
  shift
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  fail "this is not Debian or Ubuntu: there is no apt-get. Install by hand what these" \
    "packages hold, then run cmake --preset release: ${wanted[*]}"
fi

# Debian 12 has Go 1.19 only; from 1.21 on Go fetches the version that a module wants.
if [[ " ${wanted[*]} " == *" ${all[0]} "* ]] && ! go version 2>/dev/null |
  grep -qE 'go(1\.(2[1-9]|[3-9][0-9])|[2-9])'; then
  echo "setup: there is no Go 1.24 (https://go.dev/doc/install): the test \`peers\` will" \
    "be skipped" >&2
fi

# dpkg-query fails if it never heard of one of them; what it prints is still right.
declare -A have=()
while read -r status package; do
  if [[ $status == installed ]]; then have[$package]=1; fi
done < <(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' \
  "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
  if [[ -z ${have[$package]:-} ]]; then missing+=("$package"); fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: every package is installed"
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  by_hand="as root: apt-get install --no-install-recommends ${missing[*]}"
  command -v sudo >/dev/null || fail "packages are missing, and so is sudo. Run $by_hand"
  as_root=(sudo)
  if [[ ! -t 0 ]]; then
    as_root=(sudo -n) # nobody is there to type a password
    sudo -n true 2>/dev/null ||
      fail "packages are missing and sudo asks for a password. Run $by_hand"
  fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$log" 2>&1
}

echo "setup: installing ${#missing[@]} packages: ${missing[*]}"
# One broken source makes update fail; whether that mattered, install will say.
apt update || true
if ! apt install --no-install-recommends "${missing[@]}"; then
  tail -n 40 "$log" >&2
  fail "apt-get could not install them"
fi
echo "setup: done"
