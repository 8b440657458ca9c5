#!/usr/bin/env bash
# tests/peers_test.sh BIN_DIR -- a live log, read by programs that others wrote
# (tests/peers: Tessera's client and fsck, sumdb/tlog, transparency-dev/merkle; versions in
# go.mod); and a log that others wrote, Tessera's, which our witness cosigns. Exit code 77 (ctest: skipped) without Go, or if its modules cannot be fetched.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$1" && pwd)
if ! command -v go >/dev/null; then
  echo "SKIPPED: there is no go. Install Go 1.24 or newer: the peers are written in it"
  exit 77
fi
work=$(mktemp -d)
pids=()
clean_up() {
  if [[ ${#pids[@]} -gt 0 ]]; then
    kill "${pids[@]}" 2>/dev/null || true
    wait
  fi
  rm -rf "$work"
}
trap clean_up EXIT
cd "$here/peers"
if ! go mod download 2>"$work/fetch"; then
  cat "$work/fetch"
  echo "SKIPPED: Go's modules cannot be fetched here"
  exit 77
fi
go build -mod=readonly -o "$work/peers" .
go build -mod=readonly -o "$work/witnessed" ./witnessed
cd "$work"
export PATH=$bin:$PATH SETLOG_HOME=$work/home NO_COLOR=1
setlogd --data data --listen 127.0.0.1:0 --http 127.0.0.1:0 --memory 256MiB >ready \
  2>setlogd.log &
pids+=($!)
for _ in $(seq 200); do
  if grep -q ^ready ready; then break; fi
  sleep 0.05
done
SETLOG_SERVER=$(sed -n 's/^ready grpc=\([^ ]*\) .*/\1/p' ready)
http=$(sed -n 's/^ready .* http=\(.*\)/\1/p' ready)
export SETLOG_SERVER SETLOG_TOKEN_FILE=$work/data/admin.token
origin=example.org/peers

setlog init "$origin" --scheme bytes/1 --json >made.json
key=$(sed 's/.*"vkey":"\([^"]*\)".*/\1/' made.json)
python3 - <<'PY'
import hashlib
for name, count in (("a", 1), ("b", 254), ("c", 67000), ("d", 3000)):
    with open(name, "wb") as out:
        for i in range(count):
            out.write(hashlib.sha256(b"%s%d" % (name.encode(), i)).digest())
PY
failures=0
# ask CODE COMMAND...
ask() {
  local code=$1 rc=0
  shift
  "$@" >out 2>err || rc=$?
  if [[ $rc -ne $code ]]; then
    failures=$((failures + 1))
    echo "WRONG: exit code $rc, expected $code: $*"
    head -n 5 out err
  fi
}
# proofs: of setlog, in all shapes of the log as it is now.
proofs() {
  local size
  size=$(setlog head "$origin" --json | sed 's/.*"size":\([0-9]*\).*/\1/')
  {
    for index in 0 1 $((size / 2)) $((size - 1)); do
      setlog inclusion "$origin" "$index" --json
    done
    setlog inclusion "$origin" 0 --size 1 --json
    setlog inclusion "$origin" $((size / 3)) --size $((size / 2 + 1)) --json
    for old in 1 2 $((size / 2)) $((size - 1)) "$size"; do
      setlog consistency "$origin" "$old" --json
    done
    setlog consistency "$origin" 1 $((size / 2 + 1)) --json
  } >proofs
}
for records in a b c d; do
  setlog add "$origin" --packed "$records" >/dev/null
  proofs
  ask 0 ./peers -key "$key" "http://$http/$origin/" <proofs
  grep -q 'size [0-9]*, root .*; 12 proofs of setlog hold' out || ask 0 false
  cat out
  setlog export "$origin" files >/dev/null
  ask 0 ./peers -key "$key" files <proofs
done

# That they do look: another key, another log, a proof that is none.
setlog init example.org/other --scheme bytes/1 --json >made.json
other=$(sed 's/.*"vkey":"\([^"]*\)".*/\1/' made.json)
ask 1 ./peers -key "$other" "http://$http/$origin/" <proofs
ask 1 ./peers -key "$key" "http://$http/example.org/other/" <proofs
sed 's/"index":1,/"index":2,/' proofs >wrong
ask 1 ./peers -key "$key" "http://$http/$origin/" <wrong
sed 's/"root1":"./"root1":"x/' proofs >wrong
ask 1 ./peers -key "$key" "http://$http/$origin/" <wrong

# Tessera's log publishes nothing that our witness has not cosigned.
mkfifo to_log
./witnessed tessera example.net/tessera <to_log >tessera.out 2>tessera.err &
log=$!
pids+=("$log")
exec 3>to_log
for _ in $(seq 200); do
  if grep -q + tessera.out; then break; fi
  sleep 0.05
done
echo "log $(head -n 1 tessera.out)" >logs
setlog witness --light --logs logs --name witness.example.org/light --state witness \
  --listen 127.0.0.1:0 >witness.ready 2>witness.err &
pids+=($!)
for _ in $(seq 200); do
  if grep -q ^ready witness.ready; then break; fi
  sleep 0.05
done
sed -n 's/^ready http=\([^ ]*\) vkey=\(.*\)$/\2 http:\/\/\1/p' witness.ready >&3
exec 3>&-
if wait "$log"; then
  tail -n 1 tessera.out
else
  failures=$((failures + 1))
  echo "WRONG: Tessera and our witness"
  tail -n 20 tessera.out tessera.err witness.err
fi

echo "peers: $failures wrong"
[[ $failures -eq 0 ]]
