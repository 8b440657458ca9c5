#!/usr/bin/env bash
# scripts/nightly.sh -- what is too slow for each change. Hours, not minutes.
#
#   1. what CI runs                                    scripts/test.sh --all
#   2. clang-tidy                                      scripts/tidy.sh
#   3. every test under ThreadSanitizer
#   4. every test program again and again, shuffled,   SETLOG_REPEAT times, 20
#      under ASan and UBSan
#   5. kill -9 in a loop, at every write and sync, failing disks, SIGTERM, power cuts
#   6. labels of private logs, SETLOG_LABELS (3000000) for each kernel, lane by lane;
#      and proofs, SETLOG_CLAIMS (300000)
#   7. libFuzzer, SETLOG_FUZZ_SECONDS (600) a target   scripts/fuzz.sh
#   8. is each check of the verifier missed by a test? scripts/mutate_checks.py
#   9. the benchmarks beside their ceilings            bench/run.sh, 2 x 10^6 records
#      and beside others' logs, if there is a Go       bench/peers/run.sh
#      and a cargo                                     bench/peers/private.sh
#  10. cost against size, SETLOG_SCALE ("1000 10000    bench/scale.sh
#      100000 1000000"; 100000000 takes 10 minutes and 20 GB)
# What 9 and 10 print is for a person: on a busy machine a missed target means nothing.
#
# Goes on after a failure; the last lines say what failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=${SETLOG_JOBS:-$(nproc)}
repeat=${SETLOG_REPEAT:-20}
scripts/setup.sh --nightly

failures=()
phase() {
  local name=$1 started=$SECONDS
  shift
  echo "== nightly: $name"
  if ! "$@"; then failures+=("$name"); fi
  echo "== nightly: $name took $((SECONDS - started)) s"
}

every_thread() {
  cmake --preset tsan -DSETLOG_TESTS=ON &&
    cmake --build --preset tsan -j "$jobs" &&
    ctest --preset tsan -j "$jobs"
}

again_and_again() {
  local test status=0
  cmake --preset asan -DSETLOG_TESTS=ON &&
    cmake --build --preset asan -j "$jobs" || return 1
  # The programs themselves, since ctest starts a new one for each TEST: what one test
  # leaves behind for the next shows only here.
  for test in build/asan/bin/*_test; do
    echo "$test"
    if ! "$test" --gtest_repeat="$repeat" --gtest_shuffle --gtest_brief=1 \
      >build/nightly.log 2>&1; then
      tail -n 60 build/nightly.log
      status=1
    fi
  done
  return "$status"
}

crashes() {
  local bin=build/release/bin
  tests/crash/kill_test.py "$bin" --kills 3000 --logs 5 --records 1000000 &&
    tests/crash/fault_test.py "$bin" --points 1000 &&
    tests/crash/stop_test.py "$bin" --rounds 20 || return 1
  tests/crash/power_test.py "$bin" --cuts 100 || [[ $? -eq 77 ]]
}

labels() {
  SETLOG_LABELS=${SETLOG_LABELS:-3000000} build/release/bin/vrf_batch_test \
    --gtest_filter='*OfManyRecords' &&
    SETLOG_CLAIMS=${SETLOG_CLAIMS:-300000} build/release/bin/vrf_claims_test \
      --gtest_filter='*ManyRandomClaims*'
}

# The figures are printed; what fails is a benchmark that does not run.
benchmarks() {
  bench/run.sh --records 2000000 || return 1
  bench/peers/run.sh --records 1000000 --seconds 3 || [[ $? -eq 77 ]] || return 1
  bench/peers/private.sh --fresh --out build/bench/nightly-private 1000 10000 100000 ||
    [[ $? -eq 77 ]]
}

scale() {
  local sizes
  read -ra sizes <<<"${SETLOG_SCALE:-1000 10000 100000 1000000}"
  rm -rf build/bench/nightly-scale # measured anew
  bench/scale.sh --yes --out build/bench/nightly-scale "${sizes[@]}"
}

phase "everything of CI" scripts/test.sh --all
phase "clang-tidy" scripts/tidy.sh
phase "every test under TSan" every_thread
phase "tests repeated $repeat times, shuffled" again_and_again
phase "kills, faults, power cuts" crashes
phase "labels, lane by lane" labels
phase "fuzzing" scripts/fuzz.sh "${SETLOG_FUZZ_SECONDS:-600}"
phase "checks that no test would miss" scripts/mutate_checks.py --jobs "$jobs"
phase "benchmarks" benchmarks
phase "cost against size" scale

if [[ ${#failures[@]} -gt 0 ]]; then
  printf 'nightly: FAILED: %s\n' "${failures[@]}"
  exit 1
fi
echo "nightly: all passed"
