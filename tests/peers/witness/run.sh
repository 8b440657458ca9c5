#!/usr/bin/env bash
# tests/peers/witness/run.sh -- a witness that nobody here wrote cosigns our heads.
#
#   tests/peers/witness/run.sh BIN_DIR
#
# filippo.io/torchwood/cmd/litewitness (version: go.mod, go.sum), over HTTP, with a live
# setlogd: it refuses the log until it knows it, cosigns it from then on, each time after
# a consistency proof that its own code verified; proof files carry what it signed; and
# when it is gone, appends go on. Exit code 77 where it cannot be had: the output says
# why.
set -euo pipefail
bin=$(cd "${1:?use: run.sh BIN_DIR}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
skip() {
  echo "SKIPPED: $*"
  exit 77
}
command -v go >/dev/null || skip "there is no go: litewitness is written in it"
command -v python3 >/dev/null || skip "there is no python3"
dir=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$dir"
}
trap finish EXIT
fail() {
  echo "FAILED: $*" >&2
  for log in "$dir"/*.log; do
    echo "--- ${log##*/}" >&2
    tail -n 20 "$log" >&2
  done
  exit 1
}
if ! go mod download filippo.io/torchwood zombiezen.com/go/sqlite 2>"$dir/go.log"; then
  skip "the Go module proxy is out of reach: $(tail -n 1 "$dir/go.log")"
fi
go build -o "$dir/litewitness" filippo.io/torchwood/cmd/litewitness
go build -o "$dir/agent" ./agent

# wait_for FILE PATTERN: its first line that matches.
wait_for() {
  for _ in $(seq 400); do
    if grep -m 1 -e "$2" "$1" 2>/dev/null; then return; fi
    sleep 0.05
  done
  fail "$1 never said $2"
}
name=witness.example.org/lite
"$dir/agent" "$dir/agent.sock" "$name" >"$dir/key" 2>"$dir/agent.log" &
pids+=($!)
read -r fingerprint vkey < <(wait_for "$dir/key" SHA256)
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
"$dir/litewitness" -name "$name" -db "$dir/witness.db" -ssh-agent "$dir/agent.sock" \
  -key "$fingerprint" -listen "127.0.0.1:$port" >"$dir/litewitness.log" 2>&1 &
witness=$!
pids+=("$witness")

printf 'witness lite %s http://127.0.0.1:%d\nquorum lite\n' "$vkey" "$port" \
  >"$dir/policy"
"$bin/setlogd" --data "$dir/data" --listen 127.0.0.1:0 --http 127.0.0.1:0 \
  --policy "$dir/policy" >"$dir/ready" 2>"$dir/setlogd.log" &
pids+=($!)
address=$(wait_for "$dir/ready" ^ready)
http=${address##*http=}
address=${address#ready grpc=}
export SETLOG_SERVER=${address%% *}
export SETLOG_TOKEN_FILE=$dir/data/admin.token SETLOG_HOME=$dir/home
origin=example.org/witnessed
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

log_vkey=$("$bin/setlog" init "$origin" --scheme bytes/1 --json | field vkey)
# It knows no such log, and says so.
wait_for "$dir/setlogd.log" 'event=witness_refusing.*kind=refused' >/dev/null
python3 - "$dir/witness.db" "$origin" "$log_vkey" <<'END'
import base64, hashlib, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
root = base64.b64encode(hashlib.sha256(b"").digest()).decode()
with db:
    db.execute("INSERT INTO log VALUES (?, 0, ?)", (sys.argv[2], root))
    db.execute("INSERT INTO key VALUES (?, ?)", (sys.argv[2], sys.argv[3]))
db.close()
END

# cosigned: the newest head's note, once the witness has signed it.
cosigned() {
  for _ in $(seq 600); do
    "$bin/setlog" head "$origin" --note >"$dir/note"
    if grep -q "^— $name " "$dir/note"; then return; fi
    sleep 0.05
  done
  fail "the newest head was never cosigned"
}
records() {
  python3 -c 'import hashlib, sys
for i in range(int(sys.argv[1]), int(sys.argv[2])):
    print(hashlib.sha256(b"%d" % i).hexdigest())' "$@"
}
begin=0
for end in 1 3 1000 5000; do
  records $begin $end | "$bin/setlog" add "$origin" --hashes - --quiet
  cosigned
  begin=$end
done

{
  echo "log $log_vkey"
  cat "$dir/policy"
} >"$dir/readers-policy"
record=$(records 17 18)
# Entries: manifest, index, one add, index, two adds: the entry at 5 is record 2.
"$bin/setlog" in "$origin" --hash "$record" --out "$dir/a.setproof" >/dev/null
"$bin/setlog" verify "$dir/a.setproof" --hash "$record" --policy "$dir/readers-policy" \
  --max-age 1h --json >"$dir/verdict"
[[ $(field verdict <"$dir/verdict") == PRESENT ]] || fail "$(cat "$dir/verdict")"
[[ $(field cosigned_at <"$dir/verdict") -gt 1700000000 ]] || fail "$(cat "$dir/verdict")"
"$bin/setlog" in "$origin" --hash "$record" --policy "$dir/readers-policy" >/dev/null
"$bin/setlog" inclusion "$origin" 5 --out "$dir/a.tlog-proof" \
  --policy "$dir/readers-policy" --quiet
"$bin/setlog" verify "$dir/a.tlog-proof" --hash "$(records 2 3)" \
  --policy "$dir/readers-policy" >/dev/null

# A witness that is gone holds up nothing, and readers with a policy get what it signed.
kill "$witness"
records 5000 6000 | "$bin/setlog" add "$origin" --hashes - --quiet
python3 - "http://$http" <<'END'
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert opener.open(sys.argv[1] + "/healthz").status == 200
metrics = opener.open(sys.argv[1] + "/metrics").read().decode()
lag = [l for l in metrics.splitlines() if l.startswith("setlog_quorum_lag_entries_max ")]
assert lag and float(lag[0].split()[1]) >= 1000, lag
END
"$bin/setlog" in "$origin" --hash "$record" --policy "$dir/readers-policy" >/dev/null
"$bin/setlog" in "$origin" --hash "$(records 5999 6000)" >/dev/null
code=0
"$bin/setlog" in "$origin" --hash "$(records 5999 6000)" \
  --policy "$dir/readers-policy" >/dev/null || code=$?
[[ $code == 1 ]] || fail "a record that no witness has seen: exit $code, not 1 (ABSENT)"
echo "litewitness $(go list -m -f '{{.Version}}' filippo.io/torchwood) cosigned every head"
