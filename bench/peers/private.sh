#!/usr/bin/env bash
# bench/peers/private.sh -- private logs beside akd, the Rust code of the paper on the
# same kind of set, on one machine and the same records.
#
#   bench/peers/private.sh [--fresh] [--queries N] [--bin DIR] [--out DIR] [SIZE...]
#
# For each size (1000 10000 100000 1000000): a key directory of akd in memory, akd's set
# alone, and the core of setlog, which is as much: commit of all records at once, proofs
# of presence and of absence made and verified one after the other (N of each, 1000;
# medians), their bytes, peak memory. And the whole service: setlogd and `setlog add
# --vrf-key`, until all is durable and indexed (private_commit.py). Prints one table, and
# draws the picture for 10^3 to 10^10: measured as far as the results go, a model beyond.
# A result is a file in OUT (build/bench/private) and not measured again unless --fresh
# says so; sizes for which there is not the memory for akd (7 KB a record, its set alone
# 2.4) are setlog's alone.
#
# Needs cargo (Rust; tried with 1.95), openssl and build/release with -DSETLOG_BENCH=ON,
# and gnuplot for the picture; without cargo: exit code 77. Which versions, and how they
# are chosen: akd/Cargo.toml. What is measured of akd, and how: akd/src/main.rs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
queries=1000
bin=$root/build/release/bin
out=$root/build/bench/private
fresh=
sizes=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --fresh) fresh=1 ;;
    --queries) queries=$2 && shift ;;
    --bin) bin=$(realpath "$2") && shift ;;
    --out) out=$(realpath -m "$2") && shift ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    [1-9]*[0-9]) sizes+=("$1") ;;
    *)
      echo "private.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ ${#sizes[@]} -eq 0 ]]; then sizes=(1000 10000 100000 1000000); fi
if ! command -v cargo >/dev/null; then
  echo "SKIPPED: there is no cargo (https://rustup.rs): akd is written in Rust" >&2
  exit 77
fi
for program in private_bench setlog setlogd; do
  if [[ ! -x $bin/$program ]]; then
    echo "private.sh: no $bin/$program: cmake --preset release -DSETLOG_BENCH=ON &&" \
      "cmake --build --preset release" >&2
    exit 2
  fi
done

# From within: what cargo is to do for this CPU stands in akd/.cargo.
(cd akd && CARGO_TARGET_DIR=$root/build/bench/akd cargo build --quiet --release --locked)
akd=$root/build/bench/akd/release/akd-peer
mkdir -p "$out"
if [[ -n $fresh ]]; then rm -f "$out"/*-*.json; fi
dir=$(mktemp -d "$out/tmp.XXXXXX")
trap 'rm -rf "$dir"' EXIT

largest=$(printf '%s\n' "${sizes[@]}" | sort -n | tail -n 1)
# The same bytes every time: a cipher's key stream. Those after the first SIZE are absent.
{ openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null || true; } |
  head -c $(((largest + queries) * 32)) >"$dir/records"
# measure NAME COMMAND...: OUT/NAME.json, unless it is there.
measure() {
  local name=$1
  shift
  if [[ -s $out/$name.json ]]; then
    echo "$name: measured already" >&2
    return
  fi
  echo "$name ..." >&2
  "$@" >"$dir/$name.json"
  mv "$dir/$name.json" "$out/$name.json"
}
# measure_akd WHAT SIZE MIB: if there is memory for it.
measure_akd() {
  local free
  free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
  if (($3 > free)); then
    echo "$2-$1: not measured: takes about $3 MiB, and there are $free" >&2
    return
  fi
  measure "$2-$1" "$akd" "$1" "$dir/records" "$2" "$queries"
}
for size in "${sizes[@]}"; do
  measure "$size-core" "$bin/private_bench" "$dir/records" "$size" "$queries"
  measure "$size-service" ./private_commit.py "$bin" "$dir/records" "$size" "$dir"
  # As much as they took at 10^6, and a tenth.
  measure_akd set "$size" $((size * 26 / 10000))
  measure_akd directory "$size" $((size * 75 / 10000))
done
./private_table.py "$out"
