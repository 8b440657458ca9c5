#!/usr/bin/env bash
# scripts/check_style.sh [DIR] -- what the compiler does not check (ctest name: style).
#
#   formats   clang-format 14 has nothing to change, and shellcheck nothing to say
#   layers    who may include whose headers
#   guards    SETLOG_<FOLDER>_<FILE>_H_
#   paths     no file names a directory of somebody's machine
#
# DIR is the checkout, by default the one this script is in. Prints one line a check and
# the offending lines. Exit code 0 clean, 1 not clean, 77 clean as far as could be
# checked (a tool is missing: ctest calls that skipped).
set -euo pipefail
shopt -s lastpipe # `... | report` runs report in this shell
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

# What git knows, so that build trees and editors' files do not matter.
mapfile -t files < <(
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -path ./build -prune -o -type f -printf '%P\n'
  fi | while read -r file; do if [[ -f $file ]]; then echo "$file"; fi; done | sort
)
select_files() { printf '%s\n' "${files[@]}" | grep -E "$1" || true; }
mapfile -t sources < <(select_files '\.(cc|h)$')
mapfile -t headers < <(select_files '\.h$')
mapfile -t shell < <(select_files '\.sh$|^\.ci/run$')

failed=0
skipped=0
# report NAME FILES: the lines on stdin are what is wrong.
report() {
  local found
  found=$(cat)
  if [[ -z $found ]]; then
    echo "ok       $1 ($2 files)"
  else
    printf '%s\n' "$found"
    echo "FAILED   $1"
    failed=1
  fi
}
skip() {
  echo "SKIPPED  $1: $2"
  skipped=1
}
# includes PATTERN FILE...: the lines that include such a header.
includes() {
  local pattern=$1
  shift
  if [[ $# -eq 0 ]]; then return; fi
  grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" || true
}

# Versions of clang-format differ in what they like, so only one of them can judge.
clang_format=
for candidate in clang-format-14 clang-format; do
  if [[ $("$candidate" --version 2>/dev/null) == *"version 14."* ]]; then
    clang_format=$candidate
    break
  fi
done
if [[ -n $clang_format ]]; then
  { "$clang_format" --dry-run "${sources[@]}" 2>&1 || true; } |
    { grep -E 'warning:|error:' || true; } | report clang-format ${#sources[@]}
else
  skip clang-format "version 14 is not installed (scripts/setup.sh --tests installs it)"
fi

if command -v shellcheck >/dev/null; then
  { if [[ ${#shell[@]} -gt 0 ]]; then shellcheck -x -f gcc "${shell[@]}" || true; fi; } |
    report shellcheck ${#shell[@]}
else
  skip shellcheck "not installed (scripts/setup.sh --tests installs it)"
fi

mapfile -t below_rpc < <(printf '%s\n' "${sources[@]}" |
  grep -vE '^(proto|server|client|tools|tests|bench|attacks)/' || true)
includes 'grpc/|grpcpp/|google/protobuf/|[^>"]*\.pb\.h' "${below_rpc[@]}" |
  report "layers: gRPC and protobuf only in proto, server, client, tools" ${#below_rpc[@]}

mapfile -t not_rocks < <(printf '%s\n' "${sources[@]}" |
  grep -vE '^(storage/rocks_[a-z0-9_]*\.(cc|h)$|tests/)' || true)
includes 'rocksdb/' "${not_rocks[@]}" |
  report "layers: RocksDB only in storage/rocks_*" ${#not_rocks[@]}

# A verifier gives the same answer everywhere and at any time, so log/ can do neither
# I/O nor threads nor clocks.
mapfile -t core < <(printf '%s\n' "${sources[@]}" | grep '^log/' || true)
impure='thread>|mutex>|shared_mutex>|condition_variable>|future>|atomic>|fstream>'
impure+='|iostream>|cstdio>|filesystem>|chrono>|ctime>|random>|sys/|unistd\.h|pthread'
impure+='|fcntl\.h|absl/time/clock|absl/synchronization|absl/random'
includes "$impure" "${core[@]}" | report "layers: log/ is pure" ${#core[@]}

for file in "${headers[@]}"; do
  guard=SETLOG_$(tr 'a-z/.-' 'A-Z___' <<<"$file")_
  if ! grep -qx "#ifndef $guard" "$file" || ! grep -qx "#define $guard" "$file"; then
    echo "$file: the guard is not $guard"
  fi
done | report guards ${#headers[@]}

# Somebody's home, this checkout and the folder around it, wherever they are today. A
# path of one component (/src) is no sign of a machine: others have it too.
private='/(home|Users)/[A-Za-z0-9_.-]+/'
for path in "${HOME:-/}" "$PWD" "$(dirname "$PWD")"; do
  if [[ $path == / || $path == /usr/* || $path == /var/* ]]; then continue; fi
  if [[ $path != /*/* && $path != "${HOME:-}" ]]; then continue; fi
  private+="|$(printf '%s' "$path" | sed 's/[][\.*^$+?(){}|]/\\&/g')(/|\$|[^A-Za-z0-9_.-])"
done
# Not what only ends a path: "$dir/home/", or in C++ dir + "/home/".
{ grep -HInP "(?<![\w.\$})/-])(?<!\+ \")($private)" "${files[@]}" || true; } |
  report paths ${#files[@]}

if [[ $failed -ne 0 ]]; then exit 1; fi
if [[ $skipped -ne 0 ]]; then exit 77; fi
