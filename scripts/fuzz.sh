#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS [NAME...]] -- libFuzzer on every parser and verifier.
#
#   scripts/fuzz.sh              600 seconds for each target of tests/fuzz
#   scripts/fuzz.sh 60 note vkey  one minute for these
#
# Builds preset fuzz (clang 14, ASan, UBSan). Starts from tests/fuzz/corpus/NAME and
# from what earlier runs found, which is kept in build/fuzz/corpus/NAME. One line a
# target: how many inputs it was given. An input that breaks a law, crashes, takes over
# 10 s or 2 GiB is kept as build/fuzz/crashes/NAME-...; run it again with
#
#   build/fuzz/bin/NAME_fuzz build/fuzz/crashes/NAME-...
#
# Goes on after a failure. Jobs: SETLOG_JOBS, or as many as there are processors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  -h | --help)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
esac
seconds=${1:-600}
shift $(($# > 0 ? 1 : 0))
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz.sh: $seconds is no number of seconds" >&2
  exit 2
fi
jobs=${SETLOG_JOBS:-$(nproc)}
if [[ $# -gt 0 ]]; then names=("$@"); else
  mapfile -t names < <(cd tests/fuzz/corpus && printf '%s\n' *)
fi
command -v clang++-14 >/dev/null || {
  echo "fuzz.sh: no clang++-14; scripts/setup.sh --nightly installs it" >&2
  exit 1
}

mkdir -p build/fuzz/crashes
if ! { cmake --preset fuzz -DSETLOG_TESTS=ON &&
  ninja -C build/fuzz -j "$jobs" "${names[@]/%/_fuzz}"; } >build/fuzz/build.log 2>&1; then
  tail -n 40 build/fuzz/build.log >&2
  echo "fuzz.sh: the build failed" >&2
  exit 1
fi

# one NAME: its line; fails if an input was kept.
one() {
  local name=$1 corpus=build/fuzz/corpus/$1 log=build/fuzz/$1.log units status=0
  mkdir -p "$corpus"
  UBSAN_OPTIONS=print_stacktrace=1 "build/fuzz/bin/${name}_fuzz" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$name-" \
    "$corpus" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
  units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [[ $status -eq 0 ]]; then
    echo "ok      $name: ${units:-0} inputs"
  else
    echo "FAILED  $name: ${units:-?} inputs, see $log"
    grep -hE '^broken law|ERROR: |runtime error|Test unit written' "$log" | head -n 5
  fi
  return "$status"
}
export -f one
export seconds

# shellcheck disable=SC2016 # bash -c expands it
printf '%s\0' "${names[@]}" |
  xargs -0 -n 1 -P "$jobs" bash -c 'set -euo pipefail; one "$1"' one || {
  echo "fuzz.sh: FAILED, see above" >&2
  exit 1
}
