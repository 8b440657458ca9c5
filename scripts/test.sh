#!/usr/bin/env bash
# scripts/test.sh -- builds everything and runs the tests.
#
#   scripts/test.sh        preset release, all its tests
#   scripts/test.sh --all  what CI runs: also all tests under ASan and UBSan, and those
#                          of the core and the server under TSan; there a
#                          skipped test is a failure
#
# Goes on after a failing preset; the last lines are ctest's summary of each. Jobs: as
# many as there are processors, or SETLOG_JOBS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=
case ${1:-} in
  '') ;;
  --all) all=1 ;;
  -h | --help)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
  *)
    echo "test.sh: unknown option $1 (there is --all)" >&2
    exit 2
    ;;
esac
jobs=${SETLOG_JOBS:-$(nproc)}
export UBSAN_OPTIONS=print_stacktrace=1

if [[ -n $all ]]; then scripts/setup.sh --all; else scripts/setup.sh --tests; fi

summary=()
failed=0
# check PRESET TARGET CTEST-OPTION...: build and test; the summary goes to the end.
check() {
  local preset=$1 target=$2 log=build/$1/test.log started=$SECONDS
  shift 2
  echo "== $preset: build"
  # Tests on: the quick start leaves them off. Benchmarks, so that they go on compiling.
  if ! cmake --preset "$preset" -DSETLOG_TESTS=ON \
    -DSETLOG_BENCH="$([[ $preset == release ]] && echo ON || echo OFF)" ||
    ! cmake --build --preset "$preset" -j "$jobs" --target "$target"; then
    summary+=("$preset: THE BUILD FAILED")
    failed=1
    return
  fi
  echo "== $preset: built after $((SECONDS - started)) s; tests"
  started=$SECONDS
  if ! ctest --preset "$preset" -j "$jobs" "$@" </dev/null 2>&1 | tee "$log"; then
    failed=1
  fi
  summary+=("$preset: tested in $((SECONDS - started)) s")
  mapfile -t -O ${#summary[@]} summary < <(
    sed -n '/^[0-9]*% tests passed/,$p' "$log" | grep -v '^$' || echo "NO TESTS RAN"
  )
  if [[ -n $all ]] && grep -qE '\*\*\*(Skipped|Not Run)' "$log"; then
    summary+=("$preset: A SKIPPED TEST IS A FAILURE HERE")
    failed=1
  fi
}

mkdir -p build
check release all
if [[ -n $all ]]; then
  check asan all
  # gRPC and RocksDB are not instrumented, so only what mostly runs our own code.
  check tsan thread_tests -L '^(log|http|index|model|server)$'
fi

echo "== summary"
printf '%s\n' "${summary[@]}"
exit "$failed"
