#!/usr/bin/env bash
# tests/check_style_test.sh -- the style checks see what they are there for: a tree with
# one planted fault fails, names the file and the check, and the same tree without it
# does not.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
check=$root/scripts/check_style.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree"/{log,server,storage}
cp "$root/.clang-format" "$tree"

header() { # header FILE LINE: a header with a guard and one more line
  local guard
  guard=SETLOG_$(tr 'a-z/.' 'A-Z__' <<<"$1")_
  printf '#ifndef %s\n#define %s\n\n%s\n\n#endif  // %s\n' "$guard" "$guard" "$2" "$guard" \
    >"$tree/$1"
}
failures=0
wrong() {
  echo "check_style_test: $*"
  failures=1
}
# flagged CHECK FILE: the tree fails that one check, for that file. Then the file goes.
flagged() {
  local output rc=0
  output=$("$check" "$tree") || rc=$?
  if [[ $rc -ne 1 ]]; then wrong "$2: exit code $rc, not 1"; fi
  if [[ $(grep -c '^FAILED' <<<"$output") -ne 1 || $output != *"FAILED   $1"* ]]; then
    wrong "$2: not found by \"$1\" alone: $output"
  fi
  if ! grep -q "^$2:" <<<"$output"; then wrong "$2 is not named: $output"; fi
  rm "$tree/$2"
}

header log/fine.h '#include <vector>'
header storage/rocks_fine.h '#include <rocksdb/db.h>'
header server/fine.h '#include <grpcpp/grpcpp.h>'
rc=0
output=$("$check" "$tree") || rc=$?
# 77: a tool is missing here; what is tested below needs none.
if [[ $rc -ne 0 && $rc -ne 77 ]]; then wrong "a clean tree fails: $output"; fi

header storage/rpc.h '#include <grpcpp/grpcpp.h>'
flagged "layers: gRPC" storage/rpc.h
header log/message.h '#include "setlog/v1/reader.pb.h"'
flagged "layers: gRPC" log/message.h
header server/rows.h '#include <rocksdb/db.h>'
flagged "layers: RocksDB" server/rows.h
header storage/store.h '#include "rocksdb/db.h"'
flagged "layers: RocksDB" storage/store.h
for name in thread mutex fstream filesystem chrono; do
  header log/impure.h "#include <$name>"
  flagged "layers: log/ is pure" log/impure.h
done
header log/guard.h '#include <vector>'
sed -i 's/LOG_GUARD/GUARD/' "$tree/log/guard.h"
flagged guards log/guard.h
printf 'See /%s/somebody/notes.\n' home >"$tree/NOTES.md"
flagged paths NOTES.md
printf 'See %s/notes.\n' "$tree" >"$tree/NOTES.md"
flagged paths NOTES.md
if command -v clang-format-14 >/dev/null; then
  printf 'int  main( ){}\n' >"$tree/log/ugly.cc"
  flagged clang-format log/ugly.cc
fi
exit "$failures"
