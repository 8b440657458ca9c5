# shellcheck shell=bash
# scripts/build_release.sh -- builds programs into build/release/bin; for `source`.
#
#   build_release setlogd setlog    from the top of the checkout
#
# Installs what is missing first (scripts/setup.sh). Who sources it has a function `fail`
# that says why and exits.

build_release() {
  local log=build/build_release.log options=() jobs memory_jobs started=$SECONDS lock
  # Two at once must not build in one directory.
  mkdir -p build
  exec {lock}>build/build_release.lock
  flock "$lock"
  scripts/setup.sh
  # One compiler may take 1 GiB.
  jobs=$(nproc)
  memory_jobs=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  if [[ $memory_jobs -lt $jobs ]]; then jobs=$((memory_jobs > 1 ? memory_jobs : 1)); fi
  # What somebody has configured stays as it is; ninja runs cmake again if it must.
  if [[ ! -f build/release/build.ninja ]]; then
    if [[ ! -f build/release/CMakeCache.txt ]]; then
      options=(-DSETLOG_TESTS=OFF -DSETLOG_BENCH=OFF)
    fi
    if ! cmake --preset release "${options[@]}" >"$log" 2>&1; then
      cat "$log" >&2
      fail "cmake failed"
    fi
  fi
  echo "build: $* into build/release/bin, $jobs at a time"
  if [[ -t 1 ]]; then
    ninja -C build/release -j "$jobs" "$@" || fail "the build failed"
  elif ! ninja -C build/release -j "$jobs" "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "the build failed"
  fi
  echo "build: done after $((SECONDS - started)) s"
  exec {lock}>&-
}
