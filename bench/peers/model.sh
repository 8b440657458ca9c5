#!/usr/bin/env bash
# bench/peers/model.sh -- `setlog model verify` beside model_signing, the Python package
# that is the reference implementation of OpenSSF Model Signing.
#
#   bench/peers/model.sh [--files N] [--mebibytes M] [--turns T] [--bin DIR] [--dir DIR]
#       [--out FILE]
#
# N files of M MiB (4 of 256), warm in the page cache, signed once with a key on P-256,
# verified by both in turns; the best of T (5) counts. And 10,000 files of 4 KiB. setlog
# is a whole command from its start to its exit; of Python only the call of its API, as
# the start of its interpreter and imports say nothing of how fast it verifies (they are
# a row of their own). Versions and hashes: tests/peers/model/requirements.txt. Prints a
# table; the JSON goes to --out (build/bench/model_peers.json). Needs python3 with venv,
# and the network once; else exit code 77.
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
bin=$root/build/release/bin
out=$root/build/bench/model_peers.json
dir=${TMPDIR:-/tmp}
files=4
mebibytes=256
turns=5
while [[ $# -gt 0 ]]; do
  case $1 in
    --files) files=$2 ;;
    --mebibytes) mebibytes=$2 ;;
    --turns) turns=$2 ;;
    --bin) bin=$(cd "$here" && realpath "$2") ;;
    --dir) dir=$2 ;;
    --out) out=$(cd "$here" && realpath -m "$2") ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *)
      echo "model.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift 2
done
if [[ ! -x $bin/setlog ]]; then
  echo "model.sh: no $bin/setlog: cmake --build --preset release" >&2
  exit 2
fi
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$dir/setlog-model-XXXXXX")
trap 'rm -rf "$work"' EXIT
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$work/key.pem" \
  2>/dev/null
openssl pkey -in "$work/key.pem" -pubout -out "$work/pub.pem"
mkdir "$work/large" "$work/small"
# Bytes of a cipher's key stream: not compressible, the same every time.
for i in $(seq "$files"); do
  { openssl enc -aes-128-ctr -K 00 -iv "$(printf '%032x' "$i")" -in /dev/zero \
    2>/dev/null || true; } | head -c $((mebibytes << 20)) >"$work/large/$i.bin"
done
{ openssl enc -aes-128-ctr -K 01 -iv 00 -in /dev/zero 2>/dev/null || true; } |
  head -c $((10000 * 4096)) | split -a 4 -d -b 4096 - "$work/small/"
for model in large small; do
  "$bin/setlog" model sign key "$work/$model" --signature "$work/$model.sig" \
    --private-key "$work/key.pem" --quiet >&2
done
python3 model_rate.py "$bin" "$work" "$turns" "$out"
