#!/usr/bin/env bash
# tests/e2e_test.sh BIN_DIR -- the programs as people use them: a real setlogd, a real
# setlog, real sockets and files. What they print is compared with what an independent
# program (tests/e2e_check.py) computes from the raw log.
#
# Goes on after a wrong answer; each is reported with the command that gave it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
cd "$work"
export PATH=$bin:$PATH SETLOG_HOME=$work/home NO_COLOR=1
unset SETLOG_SERVER SETLOG_TOKEN_FILE

servers=()
clean_up() {
  local server
  for server in "${servers[@]}"; do kill -9 "$server" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT

# ---- asking and judging ---------------------------------------------------------------

failures=0
checks=0
last=''
wrong() {
  failures=$((failures + 1))
  printf 'WRONG: %s\n  after: %s\n' "$1" "$last"
  sed 's/^/  out: /' out | head -n 8
  sed 's/^/  err: /' err | head -n 8
}
# ask CODE COMMAND...: runs it into the files out and err and expects this exit code.
ask() {
  local code=$1 rc=0
  shift
  last=$*
  checks=$((checks + 1))
  "$@" >out 2>err </dev/null || rc=$?
  [[ $rc -eq $code ]] || wrong "exit code $rc, expected $code"
}
# The last command's standard output, or its errors, have a line that matches.
says() { grep -qE -- "$1" out || wrong "standard output does not say /$1/"; }
complains() { grep -qE -- "$1" err || wrong "standard error does not say /$1/"; }
# One command that must be refused: exit code 2 and why.
refused() {
  local why=$1
  shift
  ask 2 "$@"
  complains "$why"
}
# json PATTERN: standard output is one JSON object a line, and the lines fit the lines of
# the pattern (tests/e2e_check.py).
json() {
  python3 "$here/e2e_check.py" fields "$1" <out >judged || wrong "$(<judged)"
}
check() {
  python3 "$here/e2e_check.py" "$@" >judged 2>&1 || wrong "$(<judged)"
}
value() { python3 -c 'import json,sys; print(json.load(open("out"))[sys.argv[1]])' "$1"; }

# ---- the server -------------------------------------------------------------------------

server=''
# start DIR [LISTEN]: a server on free ports; its address becomes the default.
start() {
  local dir=$1 tries=0
  rm -f ready # the child truncates it later than the loop below first reads it
  setlogd --data "$dir" --listen "${2:-127.0.0.1:0}" --http 127.0.0.1:0 \
    >ready 2>>setlogd.log </dev/null &
  server=$!
  servers+=("$server")
  until grep -qs '^ready ' ready; do
    tries=$((tries + 1))
    if ! kill -0 "$server" 2>/dev/null || [[ $tries -gt 1200 ]]; then
      tail setlogd.log
      echo "e2e: the server on $dir did not start"
      exit 1
    fi
    sleep 0.05
  done
  last="setlogd --data $*"
  if ! grep -qxE 'ready grpc=(127\.0\.0\.1:[0-9]+|unix:.+) http=127\.0\.0\.1:[0-9]+' ready ||
    [[ $(wc -l <ready) -ne 1 ]]; then
    wrong "the ready line is: $(<ready)"
  fi
  SETLOG_SERVER=$(sed -E 's/^ready grpc=([^ ]+) .*/\1/' ready)
  http=$(sed -E 's/.* http=//' ready)
  export SETLOG_SERVER SETLOG_TOKEN_FILE=$work/$dir/admin.token
}
# SIGTERM: done within 10 s, exit code 0.
stop() {
  local rc=0 started=$SECONDS
  kill "$server"
  wait "$server" || rc=$?
  last="kill -TERM setlogd"
  [[ $rc -eq 0 ]] || wrong "setlogd ended with $rc"
  [[ $((SECONDS - started)) -le 10 ]] || wrong "setlogd took $((SECONDS - started)) s to stop"
}
part() { echo "e2e: $1 ($SECONDS s, $checks checks so far)"; }

start data

# -----------------------------------------------------------------------------------------
part "a log from its first entry to its first version"
log=example.org/qa
for i in 0 1 2 3 4; do echo "{\"q\": \"question $i\", \"a\": $i}"; done >five.jsonl
sed -n 1p five.jsonl >zero.jsonl
echo '{"a":0,"q":"question 0"}' >zero_again.jsonl # another spelling of the same record
echo '{"q": "never", "a": 9}' >never.jsonl
cat five.jsonl zero_again.jsonl >six.jsonl

ask 0 setlog init "$log" --scheme json/1 --title "Questions" --license MIT --json
json '{"origin": "example.org/qa", "vkey": "<vkey>", "size": 2}'
key=$(value vkey)
complains 'fingerprint'
refused 'is known here' setlog init "$log" --scheme json/1
ask 0 setlog add "$log" six.jsonl --dry-run --json
json '{"origin": "example.org/qa", "count": 6, "duplicates": 1, "first_canonical": "{\"a\":0,\"q\":\"question 0\"}"}'
ask 0 setlog add "$log" six.jsonl --json
json '{"origin": "example.org/qa", "added": 6, "first": 2, "size": 9, "index_size": 8, "set_count": 5}'
ask 0 setlog hash --scheme json/1 six.jsonl --json
check jcs six.jsonl out
hash0=$(head -n 1 out | grep -oE '[0-9a-f]{64}')
never=$(setlog hash --scheme json/1 never.jsonl --json | grep -oE '[0-9a-f]{64}')

ask 0 setlog tag "$log" v1 --json
json '{"origin": "example.org/qa", "tag": "v1", "index_size": 8, "set_root": "<hash>"}'
root_v1=$(value set_root)
ask 0 setlog tag "$log" v1 --json # the same name for the same version again
json '{"origin": "example.org/qa", "tag": "v1", "index_size": 8, "set_root": "'"$root_v1"'"}'

# The roots, recomputed from the raw entries by other code than ours.
ask 0 setlog entries "$log" --json
cp out entries.json
ask 0 setlog head "$log" --json
json '{"origin": "example.org/qa", "size": 10, "root": "<hash>", "index_size": 8, "set_count": 5, "set_root": "'"$root_v1"'"}'
check replay entries.json out
ask 0 setlog head "$log" --note
check note out "$key" 10

# An auditor is another machine, and takes no key from the server.
audit() { env SETLOG_HOME="$work/auditor" setlog audit "$log" --json "$@"; }
ask 3 audit
json '{"verdict": "UNVERIFIED"}'
ask 0 audit --key "$key"
json '{"verdict": "CLEAN", "size": 10, "index_size": 8, "set_count": 5, "checked": 10, "pinned": true, "set_root": "'"$root_v1"'"}'

# -----------------------------------------------------------------------------------------
part "is it in? verdicts and exit codes"
ask 0 setlog in "$log" zero.jsonl --json
json '{"verdict": "PRESENT", "hash": "'"$hash0"'", "origin": "example.org/qa", "at": null, "index_size": 8, "set_count": 5, "pinned": false, "replayed_by": []}'
ask 0 setlog in "$log" zero_again.jsonl
says '^PRESENT in the set that example\.org/qa committed to at size 8'
ask 1 setlog in "$log" never.jsonl --json
json '{"verdict": "ABSENT", "hash": "'"$never"'", "origin": "example.org/qa", "at": null, "index_size": 8, "set_count": 5, "pinned": false, "replayed_by": []}'
ask 0 setlog in "$log" never.jsonl --expect absent
says '^ABSENT from the set'
ask 1 setlog in "$log" zero.jsonl --expect absent
ask 0 setlog in "$log" six.jsonl --json
json "$(for _ in 1 2 3 4 5 6; do echo '{"verdict": "PRESENT", "index_size": 8}'; done)"
cat five.jsonl never.jsonl >mixed.jsonl
ask 1 setlog in "$log" mixed.jsonl # the worst wins
ask 1 setlog in "$log" mixed.jsonl --expect absent
ask 0 setlog in "$log" --hash "$hash0" --key "$key" --json
json '{"verdict": "PRESENT", "pinned": true}'
printf '%s\n%s\n' "$hash0" "$never" >two.txt
ask 1 setlog in "$log" --hashes two.txt --json
json '{"verdict": "PRESENT", "hash": "'"$hash0"'"}
{"verdict": "ABSENT", "hash": "'"$never"'"}'

part "removal, and what the older version still says"
ask 0 setlog remove "$log" zero.jsonl --json
json '{"origin": "example.org/qa", "removed": 1, "size": 12, "index_size": 11, "set_count": 4}'
ask 1 setlog in "$log" zero.jsonl --json
json '{"verdict": "REMOVED", "hash": "'"$hash0"'", "index_size": 11, "set_count": 4}'
ask 0 audit
json '{"verdict": "CLEAN", "size": 12, "index_size": 11, "set_count": 4, "checked": 2}'
ask 1 setlog diff "$log" v1 @head --json
json '{"op": "-", "hash": "'"$hash0"'"}'
ask 1 setlog diff "$log" 12 v1
says "^\\+ $hash0\$"
ask 0 setlog diff "$log" @head 12
ask 0 setlog in "$log" zero.jsonl --expect absent
ask 0 setlog in "$log" zero.jsonl --at v1 --json
json '{"verdict": "PRESENT", "at": "v1", "index_size": 8, "set_count": 5}'
ask 0 setlog in "$log" zero.jsonl --at 10 --json
json '{"verdict": "PRESENT", "at": 10, "index_size": 8}'
ask 0 setlog in "$log" zero.jsonl --at 10 --strict-at --json
json '{"verdict": "PRESENT", "at": 10, "index_size": 8}'
ask 0 setlog remove "$log" never.jsonl --json # legal, and changes nothing
json '{"removed": 1, "set_count": 4}'
refused 'v1' setlog tag "$log" v1
ask 0 setlog tag "$log" v2/final --json
ask 0 setlog tags "$log" --json
json '{"tag": "v1", "index_size": 8}
{"tag": "v2/final", "index_size": "<int>"}'
ask 0 setlog add "$log" zero.jsonl --json
json '{"added": 1, "set_count": 5}'
ask 0 setlog in "$log" zero.jsonl
ask 1 setlog in "$log" zero.jsonl --at v2/final --json
json '{"verdict": "REMOVED", "at": "v2/final"}'
# The set root is a function of the set: the members of v1 are back.
ask 0 setlog head "$log" --json
json '{"set_count": 5, "set_root": "'"$root_v1"'"}'
size=$(value size)
cp out head.json
ask 0 setlog entries "$log" --json
cp out entries.json
check replay entries.json head.json
ask 0 setlog entries "$log" --from 2 --to 4 --json
json '{"index": 2, "type": "add", "entry": "01'"$hash0"'", "r": "'"$hash0"'"}
{"index": 3, "type": "add"}'

part "the log's own proofs"
for n in 4 7 "$size"; do
  ask 0 setlog inclusion "$log" 3 --size "$n" --json
  json '{"leaf_hash": "<hash>", "index": 3, "size": '"$n"', "root": "<hash>", "path": "<hashes>"}'
  check inclusion entries.json out
  cp out proof.json
  ask 0 setlog check inclusion proof.json --json
  json '{"ok": true}'
  ask 0 setlog consistency "$log" 3 "$n" --json
  json '{"size1": 3, "size2": '"$n"', "root1": "<hash>", "root2": "<hash>", "path": "<hashes>"}'
  check consistency entries.json out
  cp out proof.json
  ask 0 setlog check consistency proof.json --json
  json '{"ok": true}'
done
ask 0 setlog consistency "$log" 5 5 --json
json '{"size1": 5, "size2": 5, "path": []}'
ask 0 setlog inclusion "$log" 2 --out zero.tlog-proof --json
ask 0 setlog verify zero.tlog-proof --hash "$hash0" --key "$key" --json
json '{"verdict": "LOGGED", "hash": "'"$hash0"'", "origin": "example.org/qa", "position": 2, "size": '"$size"', "pinned": true, "cosigned_at": null, "replayed_by": []}'
ask 3 setlog verify zero.tlog-proof --hash "$never" --key "$key"
says '^UNVERIFIED'

# -----------------------------------------------------------------------------------------
part "a second log on the same server"
ask 0 setlog init example.org/words --scheme text/1 --json
key2=$(value vkey)
last="two keys"
[[ $key2 != "$key" ]] || wrong "two logs have one key"
printf 'one\ntwo\n' >words.txt
ask 0 setlog add example.org/words words.txt --lines --json
json '{"origin": "example.org/words", "added": 2, "first": 2, "size": 5, "index_size": 4, "set_count": 2}'
ask 0 setlog logs --json
json '{"origin": "example.org/qa", "vkey": "'"$key"'", "size": '"$size"'}
{"origin": "example.org/words", "vkey": "'"$key2"'", "size": 5}'
# Private to its owner, and without the token.
last="SETLOG_HOME"
[[ $(stat -c %a home) == 700 ]] || wrong "SETLOG_HOME has mode $(stat -c %a home)"
[[ $(stat -c %a data/admin.token) == 600 ]] || wrong "the token's mode is not 600"
if grep -rqF -f data/admin.token home; then wrong "the token is stored in SETLOG_HOME"; fi

part "proof files, for a stranger and offline"
ask 0 setlog in "$log" zero.jsonl --at v1 --out present.setproof
ask 1 setlog in "$log" never.jsonl --at v1 --out absent.setproof
ask 1 setlog in "$log" zero.jsonl --at v2/final --out removed.setproof
ask 0 setlog in "$log" five.jsonl --out proofs/
last="one proof file a record"
[[ $(find proofs -name '*.setproof' | wc -l) -eq 5 && -f proofs/$hash0.setproof ]] ||
  wrong "proofs/ holds $(ls proofs)"
refused 'directory' setlog in "$log" five.jsonl --out one.setproof
ask 0 setlog in example.org/words words.txt --lines --out words/

# -----------------------------------------------------------------------------------------
part "bad input: refused with its reason, and the log is as it was"
setlog head "$log" --json >before.json
printf '%s\n%s\n' "$hash0" "${hash0:1}" >short.txt
refused 'short\.txt:2' setlog add "$log" --hashes short.txt
refused 'short\.txt:2' setlog in "$log" --hashes short.txt
refused '64 hex digits' setlog in "$log" --hash "${hash0}00"
head -c 65 /dev/zero >odd.bin
refused 'odd\.bin' setlog add "$log" --packed odd.bin
refused 'no-such' setlog add "$log" no-such.jsonl

for command in "add example.org/none five.jsonl" "in example.org/none five.jsonl" \
  "head example.org/none" "tag example.org/none v1" "tags example.org/none" \
  "entries example.org/none" "inclusion example.org/none 0" \
  "consistency example.org/none 1" "remove example.org/none five.jsonl"; do
  # shellcheck disable=SC2086
  refused 'example\.org/none does not exist' setlog $command
done
long=$(printf 'a%.0s' {1..256})
for origin in metrics healthz a.example/tile a.example/checkpoint a.example/lookup/x \
  a.example/../b a.example/./b A.example a.example//b a.example/ 'a.example/b c' \
  https://a.example/b "$long" ''; do
  refused '.' setlog init "$origin" --scheme bytes/1
done
refused 'scheme' setlog init a.example/new
refused 'scheme' setlog init a.example/new --scheme bytes/2
refused 'columns' setlog init a.example/new --scheme row/1

refused '.' setlog inclusion "$log" "$size"
refused '.' setlog inclusion "$log" 0 --size $((size + 1))
refused '.' setlog inclusion "$log" 7 --size 7
refused '.' setlog inclusion "$log" 18446744073709551616
refused '.' setlog consistency "$log" 0
refused '.' setlog consistency "$log" 1 $((size + 1))
refused '.' setlog consistency "$log" 5 4
refused '.' setlog entries "$log" --from 0 --to $((size + 1))
refused 'tags' setlog in "$log" zero.jsonl --at no-such-tag
refused '.' setlog in "$log" zero.jsonl --at 0
for name in 12345 'with space' '' "$long"; do refused '.' setlog tag "$log" "$name"; done
refused '.' setlog tag "$log" v1

# Line 70,001 of a file: named to the column, and nothing of the file is added.
python3 - <<'PYTHON'
with open("big.jsonl", "w") as big:
    for i in range(70_000):
        big.write('{"q": "big %d"}\n' % i)
    big.write('{"q": oops}\n{"q": "after"}\n')
PYTHON
refused 'big\.jsonl:70001:7: ' setlog add "$log" big.jsonl
refused 'token' env -u SETLOG_TOKEN_FILE setlog add "$log" zero.jsonl
head -c 40 /dev/urandom | od -An -tx1 | tr -d ' \n' >wrong.token
refused 'token' setlog --token-file wrong.token add "$log" zero.jsonl
refused '.' setlog frobnicate
refused '.' setlog head "$log" --frobnicate
ask 0 setlog head "$log" --json
last="everything that was refused"
cmp -s out before.json || wrong "the head has changed"

ask 0 setlog add "$log" big.jsonl --skip-bad --json
json '{"added": 70001, "set_count": 70006}'
complains 'big\.jsonl:70001:7: '

# -----------------------------------------------------------------------------------------
part "a server that stops, starts again, moves"
setlog head "$log" --json >before.json
refused '.' setlogd --data data --listen 127.0.0.1:0 --http 127.0.0.1:0 # one at a time
stop
ask 3 setlog head "$log" --retry-for 300ms
complains 'is setlogd running'
ask 3 setlog in "$log" zero.jsonl --retry-for 300ms --json
json '{"verdict": "UNVERIFIED", "origin": "example.org/qa"}'

part "offline: verify"
stranger() { SETLOG_HOME=$work/stranger setlog "$@"; }
ask 3 stranger verify present.setproof --record zero.jsonl --json # whose key?
json '{"verdict": "UNVERIFIED", "pinned": false}'
ask 0 stranger verify present.setproof --record zero.jsonl --key "$key" --json
json '{"verdict": "PRESENT", "hash": "'"$hash0"'", "origin": "example.org/qa", "index_size": 8, "size": "<int>", "position": 2, "cosigned_at": null, "replayed_by": [], "pinned": true}'
ask 0 stranger verify present.setproof --record zero_again.jsonl --key "$key"
says '^PRESENT in the set that example\.org/qa committed to at size 8'
ask 1 stranger verify absent.setproof --record never.jsonl --key "$key" --json
json '{"verdict": "ABSENT", "hash": "'"$never"'", "index_size": 8, "position": null}'
ask 0 stranger verify absent.setproof --hash "$never" --key "$key" --expect absent
ask 1 stranger verify removed.setproof --hash "$hash0" --key "$key" --json
json '{"verdict": "REMOVED", "hash": "'"$hash0"'"}'
ask 0 stranger verify "proofs/$hash0.setproof" --key "$key" --json
json '{"verdict": "PRESENT", "hash": "'"$hash0"'"}'
ask 0 stranger verify zero.tlog-proof --record zero.jsonl --scheme json/1 --key "$key"
says '^LOGGED'

part "offline: proofs for something else, and damaged ones"
unverified() {
  ask 3 stranger verify "$@"
  says '^UNVERIFIED'
  if grep -qE '^(PRESENT|ABSENT|REMOVED|LOGGED)' out; then wrong "a verdict as well"; fi
}
unverified present.setproof --record never.jsonl --key "$key"  # another record
unverified absent.setproof --hash "$hash0" --key "$key"
unverified present.setproof --record zero.jsonl --key "$key2" # another log's key
words=$(find words -name '*.setproof' | head -n 1)
unverified "$words" --key "$key" # another origin
unverified present.setproof --record zero.jsonl --key "$key" --at v2/final
unverified present.setproof --record zero.jsonl --key "$key" --at 11
ask 0 stranger verify present.setproof --record zero.jsonl --key "$key" --at v1
ask 0 stranger verify present.setproof --record zero.jsonl --key "$key" --at 8
unverified present.setproof --record zero.jsonl --key "$key" --max-age 1h # no witness
unverified present.setproof --record zero.jsonl --key "$key" --require-replay
unverified "proofs/$hash0.setproof" --key "$key" --max-lag 0
refused '.' stranger verify present.setproof --record five.jsonl --key "$key"
refused '.' stranger verify no-such.setproof --key "$key"
refused '.' stranger verify present.setproof --key "${key:0:-4}"
for proof in present.setproof absent.setproof zero.tlog-proof; do
  bytes=$(stat -c %s "$proof")
  # Not the last byte: a text without its final newline says the same.
  for length in 0 1 $((bytes / 3)) $((bytes / 2)) $((bytes * 9 / 10)) $((bytes - 2)); do
    head -c "$length" "$proof" >cut.proof
    unverified cut.proof --hash "$hash0" --key "$key"
    unverified cut.proof --hash "$never" --key "$key"
  done
done

# -----------------------------------------------------------------------------------------
part "the same directory again, then a copy of it, on a unix socket"
start data
ask 0 setlog head "$log" --json
last="restart"
cmp -s out before.json || wrong "the head has changed"
ask 0 setlog in "$log" zero.jsonl
ask 0 python3 -c 'import sys, urllib.request as u
print(u.urlopen(f"http://{sys.argv[1]}/healthz", timeout=10).status)' "$http"
says '^200$'
stop
cp -a data copy
start copy "unix:$work/setlogd.socket"
last="setlogd --listen unix:..."
[[ $SETLOG_SERVER == "unix:$work/setlogd.socket" ]] || wrong "ready grpc=$SETLOG_SERVER"
ask 0 setlog head "$log" --json
cmp -s out before.json || wrong "the head has changed"
ask 0 setlog --server "$SETLOG_SERVER" add "$log" zero.jsonl --json
json '{"added": 1, "set_count": 70006}'
stop
start data # which has not seen that: older than what this client knows
ask 3 setlog head "$log"
ask 0 env "SETLOG_HOME=$work/newcomer" setlog head "$log"
stop

refused '.' setlogd --data data --listen 127.0.0.1:0 --http 127.0.0.1:0 --memory 255MiB
refused 'insecure-plaintext' setlogd --data data --listen 0.0.0.0:0 --http 127.0.0.1:0
refused '.' setlogd --listen 127.0.0.1:0

# -----------------------------------------------------------------------------------------
part "a server that is killed while records arrive"
export SETLOG_HOME=$work/writer
start killed
records=400000
for log in example.org/many{1..4}; do
  head -c $((32 * records)) /dev/urandom >many.bin
  ask 0 setlog init "$log" --scheme bytes/1
  setlog add "$log" --packed many.bin --retry-for 1s >add.out 2>add.err </dev/null &
  adder=$!
  now=0
  while [[ $now -le 2 ]] && kill -0 "$adder" 2>/dev/null; do
    now=$({ setlog head "$log" --json 2>/dev/null || echo '"size":0'; } |
      sed -E 's/.*"size":([0-9]+).*/\1/')
  done
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  rc=0
  wait "$adder" || rc=$?
  if [[ $rc -ne 0 ]]; then break; fi
  records=$((2 * records)) # they had all arrived before the kill
  start killed
done
cp add.out out
cp add.err err
last="setlog add, its server killed after $now of $records entries"
[[ $rc -eq 3 ]] || wrong "exit code $rc, expected 3"
complains 'is setlogd running'
start killed
refused 'token' env -u SETLOG_TOKEN_FILE setlog add "$log" --packed many.bin
ask 0 setlog add "$log" --packed many.bin --json # goes on where it stopped
json '{"added": '"$records"', "set_count": '"$records"'}'
complains 'going on where an earlier run stopped'
ask 0 setlog entries "$log" --json
last="entries after the kill"
added=$(grep -c '"type":"add"' out)
: >out
[[ $added -eq $records ]] || wrong "$added adds for $records records"
stop

if [[ $failures -gt 0 ]]; then
  echo "e2e: $failures of $checks checks went wrong"
  exit 1
fi
echo "e2e: $checks checks, $SECONDS s"
