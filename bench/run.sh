#!/usr/bin/env bash
# bench/run.sh -- every figure beside its ceiling, as one table.
#
#   bench/run.sh [--records N] [--quick] [--bin DIR] [--out DIR]
#
# Builds, runs core_bench (kernels, trees, the set index; in this process), model_bench
# (hashing of models) and service_bench (client and server over loopback; N records,
# 20000000), and prints: figure, ceiling measured in the same run, ratio, our target, met
# or not. The same as JSON in OUT/results.json (build/bench). --quick: a smoke test of
# some seconds, whose figures mean little. Needs a quiet machine, a few minutes, and below
# TMPDIR (/tmp) 5 GB of disk, and 1.5 GB of disk and of memory for every 10^7 records.
#
# The exit code says whether everything ran, not whether every target was met: that is
# for a person who knows the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
records=20000000
calls=20000
seconds=4
quick=
bin=
out=build/bench
while [[ $# -gt 0 ]]; do
  case $1 in
    --records) records=$2 && shift ;;
    --quick)
      quick=1
      records=20000
      calls=500
      seconds=1
      ;;
    --bin) bin=$2 && shift ;;
    --out) out=$2 && shift ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *)
      echo "run.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ -z $bin ]]; then
  bin=build/release/bin
  cmake --preset release -DSETLOG_BENCH=ON >/dev/null
  cmake --build --preset release --target core_bench model_bench service_bench
fi
mkdir -p "$out"
model=()
core=(--benchmark_out="$out/core.json" --benchmark_out_format=json)
if [[ -n $quick ]]; then
  core+=(--benchmark_min_time=0.001 --benchmark_filter=BM_Kernel/)
  model=(--mib 16 --turns 1)
fi
echo "core_bench ..." >&2
"$bin/core_bench" "${core[@]}" >"$out/core.txt" 2>"$out/core.log"
echo "model_bench ..." >&2
"$bin/model_bench" "${TMPDIR:-/tmp}" "${model[@]}" --json "$out/model.json" \
  >"$out/model.txt" 2>"$out/model.log"
echo "service_bench with $records records ..." >&2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$bin/service_bench" "$records" "$dir" --calls "$calls" \
  --seconds "$seconds" --json "$out/service.json" \
  >"$out/service.txt" 2>"$out/service.log" || {
  tail -n 20 "$out/service.log" >&2
  exit 1
}
bench/table.py "$out/core.json" "$out/model.json" "$out/service.json" \
  "$out/results.json"
