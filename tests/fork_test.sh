#!/usr/bin/env bash
# tests/fork_test.sh BIN_DIR -- one data directory, copied and started twice: two honest
# programs under one key that tell two histories. Who meets both holds evidence, and a
# third person judges it with nothing but the key.
set -euo pipefail
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
cd "$work"
export PATH=$bin:$PATH NO_COLOR=1
unset SETLOG_SERVER SETLOG_TOKEN_FILE SETLOG_HOME

servers=()
clean_up() {
  local server
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT

# start NAME: setlogd on the directory NAME and the socket NAME.sock.
start() {
  setlogd --data "$1" --listen "unix:$work/$1.sock" --http 127.0.0.1:0 \
    >"$1.ready" 2>"$1.err" &
  servers+=($!)
  local tries
  for tries in $(seq 200); do
    if grep -q ready "$1.ready"; then return; fi
    sleep 0.1
  done
  echo "setlogd on $1 is not ready after $tries tries" && exit 1
}
failures=0
# expect CODE WORDS HOME COMMAND...: its exit code, and words in what it prints.
expect() {
  local code=$1 words=$2 home=$3 rc=0
  shift 3
  SETLOG_HOME=$work/$home setlog "$@" >out 2>&1 </dev/null || rc=$?
  if [[ $rc -ne $code ]] || ! grep -qE -- "$words" out; then
    failures=$((failures + 1))
    echo "WRONG: exit code $rc, expected $code and /$words/, after: setlog $*"
    sed 's/^/  /' out
  fi
}
# add NAME HASH-DIGIT: a record of 64 such digits, indexed.
add() {
  printf "$2%.0s" $(seq 64) >records.txt
  expect 0 added "owner-$1" --server "unix:$work/$1.sock" \
    --token-file "$1/admin.token" add "$origin" --hashes records.txt
}
# asks HOME NAME CODE WORDS [FLAG...]: the head of that server, for this person.
asks() {
  local home=$1 name=$2 code=$3 words=$4
  shift 4
  expect "$code" "$words" "$home" --server "unix:$work/$name.sock" head "$origin" "$@"
}
# judged HOME KIND: what its person has now convicts the log, offline.
judged() {
  local file
  file=$(find "$1/evidence" -name '*.evidence' | head -n 1)
  expect 4 "\"kind\":\"$2\"" stranger verify "$file" --key "$key" --json
  expect 3 UNVERIFIED nobody verify "$file"
}

origin=example.org/fork
start one
expect 0 created owner-one --server "unix:$work/one.sock" --token-file one/admin.token \
  init "$origin" --scheme bytes/1
add one 1
kill "${servers[0]}"
wait "${servers[0]}"
servers=()
cp -a one two
start one
start two
SETLOG_HOME=$work/owner-one setlog --server "unix:$work/one.sock" logs --json >out
key=$(sed -n 's/.*"vkey":"\([^"]*\)".*/\1/p' out)

# Both are one log so far.
asks user one 0 entries --key "$key"
asks user two 0 entries
add one 2
add two 3
asks same-size one 0 entries --key "$key"
asks same-size two 4 'MISBEHAVIOUR.*have different roots'
judged same-size two_roots
add two 4
asks larger one 0 entries --key "$key"
asks larger two 4 'MISBEHAVIOUR.*does not continue'
judged larger fork
# The smaller head's server cannot be asked for proofs of a tree that it does not have:
# two notes, and no evidence.
asks smaller two 0 entries --key "$key"
asks smaller one 3 'went back.*notes are'

echo "fork: $failures wrong"
[[ $failures -eq 0 ]]
