#!/usr/bin/env bash
# scripts/tidy.sh [REGEX] -- clang-tidy over the sources, with the checks of .clang-tidy.
#
#   scripts/tidy.sh           everything: about a minute for every five files and core
#   scripts/tidy.sh log/set_  the files whose path matches
#
# Takes the flags of preset release. Any finding fails. Too slow for each change, so
# scripts/nightly.sh calls it and CI does not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
  echo "tidy.sh: no clang-tidy; scripts/setup.sh --nightly installs it" >&2
  exit 1
}
mkdir -p build
if [[ ! -f build/release/compile_commands.json ]]; then
  cmake --preset release >build/tidy.log
fi
# The headers that protoc makes are included by half of the sources.
ninja -C build/release setlog_messages >build/tidy.log || {
  cat build/tidy.log >&2
  exit 1
}
mapfile -t files < <(git ls-files '*.cc' |
  grep -E '^(log|storage|index|proto|server|client|tools)/' | grep -E -- "${1:-.}")
if [[ ${#files[@]} -eq 0 ]]; then
  echo "tidy.sh: no source matches ${1:-}" >&2
  exit 1
fi
echo "tidy: ${#files[@]} files"
if ! printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "${SETLOG_JOBS:-$(nproc)}" "$tidy" -p build/release --quiet \
    2>build/tidy.log; then
  grep -E '^(Error|error|Usage)' build/tidy.log >&2 || true
  echo "tidy: findings, see above" >&2
  exit 1
fi
echo "tidy: no findings"
