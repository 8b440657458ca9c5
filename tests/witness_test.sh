#!/usr/bin/env bash
# tests/witness_test.sh BIN_DIR -- setlogd and our own witness, which replays: verdicts
# say so, kills change nothing, files are as good as a server, a fork is convicted.
set -euo pipefail
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
cd "$work"
export PATH=$bin:$PATH NO_COLOR=1 SETLOG_HOME=$work/home
unset SETLOG_SERVER SETLOG_TOKEN_FILE

pids=()
clean_up() {
  local pid
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT
failures=0
wrong() {
  failures=$((failures + 1))
  echo "WRONG: $*"
  tail -n 5 ./*.err | sed 's/^/  /'
}
# expect CODE WORDS COMMAND...: its exit code, and words in what it prints.
expect() {
  local code=$1 words=$2 rc=0
  shift 2
  "$@" >out 2>&1 </dev/null || rc=$?
  if [[ $rc -ne $code ]] || ! grep -qE -- "$words" out; then
    wrong "exit code $rc, expected $code and /$words/, after: $*"
    sed 's/^/  /' out
  fi
}
# until_true COMMAND...: within a minute.
until_true() {
  local tries
  for tries in $(seq 600); do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.1
  done
  wrong "never, in $tries tries: $*"
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
name=witness.example.org/w
origin=example.org/witnessed
setlog key signing --out w.key --name "$name" --json >key.json
vkey=$(field cosigner <key.json)
cat >policy <<END
witness w $vkey http://127.0.0.1:$port
group replay all w
quorum replay
END

# serve NAME: setlogd on the directory NAME and the socket NAME.sock.
serve() {
  setlogd --data "$1" --listen "unix:$work/$1.sock" --http 127.0.0.1:0 --policy policy \
    >"$1.ready" 2>"$1.err" &
  pids+=($!)
  until_true grep -q ^ready "$1.ready"
}
# start_witness [FLAG]: on its port.
start_witness() {
  setlog witness --logs logs --key w.key --state state --listen "127.0.0.1:$port" \
    --poll 200ms --log-format json "$@" >w.ready 2>>w.err &
  witness=$!
  pids+=("$witness")
  until_true grep -q "^ready http=127.0.0.1:$port vkey=$name" w.ready
}
add() { # FIRST LAST
  python3 -c 'import hashlib, sys
for i in range(int(sys.argv[1]), int(sys.argv[2])):
    print(hashlib.sha256(b"%d" % i).hexdigest())' "$1" "$2" >records
  expect 0 added setlog --server "unix:$work/one.sock" --token-file one/admin.token \
    add "$origin" --hashes records
}
cosigned() { setlog --server "unix:$work/one.sock" head "$origin" --note | grep -q "^— $name "; }
figure() { # the cosigned size that the witness shows
  python3 - "$port" <<'END'
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for line in opener.open(f"http://127.0.0.1:{sys.argv[1]}/metrics").read().decode().split("\n"):
    if line.startswith("setlog_cosigner_cosigned_size{"):
        print(line.split()[-1])
END
}
# ask PORT OLD: posts the note on standard input; prints status and body.
cat >ask.py <<'END'
import sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
body = b"old " + sys.argv[2].encode() + b"\n\n" + sys.stdin.buffer.read()
try:
    answer = opener.open(f"http://127.0.0.1:{sys.argv[1]}/add-checkpoint", body)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
END

serve one
setlog --server "unix:$work/one.sock" --token-file one/admin.token init "$origin" \
  --scheme bytes/1 --json >made.json
log_vkey=$(field vkey <made.json)
echo "log $log_vkey unix:$work/one.sock" >logs
{
  echo "log $log_vkey"
  cat policy
} >readers
# A key that was there before its state might have cosigned with another one.
expect 2 "once with --new-state" setlog witness --logs logs --key w.key --state state \
  --listen 127.0.0.1:0
start_witness --new-state
add 0 100
until_true cosigned
record=$(python3 -c 'import hashlib; print(hashlib.sha256(b"7").hexdigest())')
until_true setlog --server "unix:$work/one.sock" in "$origin" --hash "$record" --policy readers --quiet
expect 0 "set recomputed by 1 of replay" setlog --server "unix:$work/one.sock" \
  in "$origin" --hash "$record" --policy readers --require-replay --out a.setproof
expect 0 "set recomputed by 1 of replay" setlog verify a.setproof --hash "$record" \
  --policy readers --require-replay --max-age 1h

# Killed again and again, it never goes back, and goes on.
before=0
for round in 1 2 3 4 5 6; do
  add $((round * 100)) $((round * 100 + 100))
  sleep "0.$((round * 2))"
  kill -9 "$witness"
  wait "$witness" 2>/dev/null || true
  start_witness
  now=$(figure)
  if [[ $now -lt $before ]]; then wrong "cosigned size $now after $before"; fi
  before=$now
done
until_true cosigned
setlog --server "unix:$work/one.sock" head "$origin" --note >note
answer=$(python3 ask.py "$port" 1 <note)
if [[ $answer != "409 $(sed -n 2p note)"* ]]; then wrong "not at the newest head: $answer"; fi
kill -TERM "$witness"
wait "$witness" || wrong "exit code $? after SIGTERM"

# A disk that was lost, and the key was not.
expect 2 "retire the key" setlog witness --logs logs --key w.key --state lost \
  --listen 127.0.0.1:0

# Two at a time cannot use one directory.
start_witness
expect 2 "another witness" setlog witness --logs logs --key w.key --state state \
  --listen 127.0.0.1:0

# The list is read again, and a bad one is not taken.
second=example.org/second
setlog --server "unix:$work/one.sock" --token-file one/admin.token init "$second" \
  --scheme bytes/1 --json >made.json
setlog --server "unix:$work/one.sock" head "$second" --note --key "$(field vkey <made.json)" \
  >second-note
listed() { grep -c "\"event\":\"$1\"" w.err; }
ask_second() { python3 ask.py "$port" 0 <second-note; }
[[ $(ask_second) == 404* ]] || wrong "not in the list: $(ask_second)"
echo "log rubbish" >>logs
kill -HUP "$witness"
until_true listed logs_not_read >/dev/null
[[ $(ask_second) == 404* ]] || wrong "after a bad list: $(ask_second)"
sed -i "s|^log rubbish|log $(field vkey <made.json) unix:$work/one.sock|" logs
kill -HUP "$witness"
until_true listed logs_read >/dev/null
known() { [[ $(ask_second) == 200* || $(ask_second) == 409* ]]; }  # the server asks too
until_true known
sed -i 2d logs
kill -HUP "$witness"
gone() { [[ $(ask_second) == 404* ]]; }
until_true gone
answer=$(python3 ask.py "$port" 1 <note)
if [[ $answer != 409* ]]; then wrong "the log that stays: $answer"; fi

# Files are as good as a server: another witness, which never meets setlogd.
expect 0 . setlog --server "unix:$work/one.sock" export "$origin" files
python3 -m http.server --bind 127.0.0.1 --directory files 0 >files.err 2>&1 &
pids+=($!)
until_true grep -q "port [0-9]" files.err
files_port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' files.err | head -n 1)
echo "log $log_vkey http://127.0.0.1:$files_port" >logs-files
setlog witness --logs logs-files --name witness.example.org/files --state state-files \
  --listen 127.0.0.1:0 >files.ready 2>files-witness.err &
pids+=($!)
until_true grep -q ^ready files.ready
port_of_files=$(sed -n 's/^ready http=127.0.0.1:\([0-9]*\) .*/\1/p' files.ready)
python3 ask.py "$port_of_files" 0 <note >answer
grep -q '^200 — witness.example.org/files ' answer || wrong "$(cat answer)"
[[ $(stat -c %a state-files/witness.key) == 600 ]] || wrong "the key can be read"

# Another history under the same key: a copy of the data that somebody else serves.
kill "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
cp -a one two
serve one
serve two
add 9000 9010
until_true cosigned
printf '1%.0s' $(seq 64) >records
for _ in 1 2; do
  expect 0 added env SETLOG_HOME="$work/home-two" setlog --server "unix:$work/two.sock" \
    --token-file two/admin.token add "$origin" --hashes records
  printf '2%.0s' $(seq 64) >records
done
SETLOG_HOME=$work/home-two setlog --server "unix:$work/two.sock" head "$origin" --note \
  --key "$log_vkey" >fork-note
# setlogd on `two` has offered it by now, or we do.
python3 ask.py "$port" "$(figure)" <fork-note >answer
convicted() { find state/evidence -name '*.evidence' | grep -q .; }
until_true convicted
python3 ask.py "$port" "$(figure)" <fork-note >answer
grep -q '^403 ' answer || wrong "a fork got: $(cat answer)"
expect 4 MISBEHAVIOUR setlog verify "$(find state/evidence -name '*.evidence' | head -n 1)" \
  --key "$log_vkey"
# Whoever has checked that evidence takes no head of this log for good any more.
code=0
setlog --server "unix:$work/one.sock" head "$origin" --note >note || code=$?
[[ $code == 4 ]] || wrong "head after the fork: exit code $code"
python3 ask.py "$port" "$(figure)" <note >answer
grep -q '^403 ' answer || wrong "the other history got: $(cat answer)"

if [[ $failures -gt 0 ]]; then
  echo "$failures wrong"
  exit 1
fi
echo "the witness replays, remembers and convicts"
