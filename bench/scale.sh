#!/usr/bin/env bash
# bench/scale.sh -- what a log costs, from 10^3 to 10^8 records, as a picture.
#
#   bench/scale.sh [--yes] [--dir DIR] [--out DIR] [--memory SIZE] [SIZE...]
#
# For each size (1000 10000 ... 100000000): a server of its own, that many random records
# until they are indexed, then proofs, verification, small appends, memory, disk, a
# restart (scale_bench). Each result is kept as OUT/SIZE.json (build/bench/scale); a size
# whose file is there is not measured again, so an interrupted run goes on where it
# stopped. At the end all files of OUT become OUT/scale.json and OUT/scale.svg.
#
# Says first what disk and time it takes, and does nothing without --yes (or a yes, on a
# terminal). DIR, of the data, should be on the disk to be measured (build/bench/scale).
# Needs gnuplot (Debian: gnuplot-nox; scripts/setup.sh --nightly) for the picture.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
yes=
dir=
out=build/bench/scale
memory=2GiB
bin=build/release/bin
sizes=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --yes) yes=1 ;;
    --dir) dir=$2 && shift ;;
    --out) out=$2 && shift ;;
    --memory) memory=$2 && shift ;;
    --bin) bin=$2 && shift ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    [1-9]*[0-9]) sizes+=("$1") ;;
    *)
      echo "scale.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ ${#sizes[@]} -eq 0 ]]; then
  sizes=(1000 10000 100000 1000000 10000000 100000000)
fi
mkdir -p "$out"
dir=${dir:-$out}
mkdir -p "$dir"

wanted=()
seconds=0
disk=0
for size in "${sizes[@]}"; do
  if [[ -s $out/$size.json ]]; then
    echo "$size: measured already ($out/$size.json; remove it to measure again)"
    continue
  fi
  wanted+=("$size")
  # 0.5 M records/s and a minute at the worst; merges need twice the index for a while.
  seconds=$((seconds + 25 + size / 500000))
  if ((size * 180 > disk)); then disk=$((size * 180)); fi
done
if [[ ${#wanted[@]} -gt 0 ]]; then
  free=$(($(df --output=avail -k "$dir" | tail -n 1) * 1024))
  printf 'To measure: %s records, one after the other.\n' "${wanted[*]}"
  printf 'Disk below %s: up to %d MB at a time, of %d MB free; removed afterwards.\n' \
    "$dir" $((disk / 1000000 + 1)) $((free / 1000000))
  printf 'Time: up to %d min. Memory: a server with --memory %s; its mapped files profit from more.\n' \
    $((seconds / 60 + 1)) "$memory"
  if ((disk > free)); then
    echo "scale.sh: that does not fit. --dir DIR names another disk" >&2
    exit 2
  fi
  if [[ -z $yes && -t 0 ]]; then
    read -r -p 'Go on? [y/N] ' answer
    if [[ $answer == [yY]* ]]; then yes=1; fi
  fi
  if [[ -z $yes ]]; then
    echo "scale.sh: nothing done. --yes does it" >&2
    exit 2
  fi
  if [[ ! -x $bin/scale_bench ]]; then
    cmake --preset release -DSETLOG_BENCH=ON >/dev/null
    cmake --build --preset release --target scale_bench
  fi
fi
for size in "${wanted[@]}"; do
  echo "$size ..."
  "$bin/scale_bench" "$size" --dir "$dir/data" --memory "$memory" >"$out/$size.tmp"
  mv "$out/$size.tmp" "$out/$size.json"
done
bench/scale_plot.py "$out"
