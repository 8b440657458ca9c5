#!/usr/bin/env bash
# bench/peers/run.sh -- what others would pick instead, beside setlog, on one machine and
# the same records.
#
#   bench/peers/run.sh [--records N] [--seconds S] [--workers LIST] [--bin DIR] [--out FILE]
#
# Tessera on POSIX files and sumdb/tlog (versions: go.mod, go.sum), then setlogd with
# `setlog bench`. Durable adds a second with so many records under way at a time, and
# inclusion proofs. Prints one table; the JSON behind it goes to --out
# (build/bench/peers.json). Needs Go 1.24 or newer and openssl; without Go: exit code 77.
#
# What is compared: the two peers are libraries, called in the same process, without a
# network, a token or an index of the set; setlog is a server behind gRPC. Its figures are
# until records are durable and in a signed head, as theirs, and until they are indexed.
#
# Private logs have a peer of their own: private.sh. Versions of all peers are exact, with
# the hashes of their sources, so that a figure can be taken again: the newest releases of
# the day on which the figures in docs/performance.md were taken. To renew them: `go get
# -u && go mod tidy` (akd/Cargo.toml says it for Rust), run both, commit versions and
# figures together.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
records=1000000
seconds=5
workers=1,64,1024,8192
bin=$root/build/release/bin
out=$root/build/bench/peers.json
while [[ $# -gt 0 ]]; do
  case $1 in
    --records) records=$2 ;;
    --seconds) seconds=$2 ;;
    --workers) workers=$2 ;;
    --bin) bin=$2 ;;
    --out) out=$2 ;;
    -h | --help)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *)
      echo "run.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift 2
done
if ! command -v go >/dev/null; then
  echo "run.sh: there is no go. Install Go 1.24 or newer: the peers are written in it" >&2
  exit 77
fi
for program in setlog setlogd; do
  if [[ ! -x $bin/$program ]]; then
    echo "run.sh: no $bin/$program: cmake --build --preset release" >&2
    exit 2
  fi
done
mkdir -p "$(dirname "$out")"
dir=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]] && kill "$server" 2>/dev/null; then wait "$server" || true; fi
  rm -rf "$dir"
}
trap finish EXIT

go build -o "$dir/peers" .
# The same bytes every time: a cipher's key stream.
{ openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null || true; } |
  head -c $((records * 32)) >"$dir/records"
lines=$dir/lines
echo "peers ..." >&2
"$dir/peers" -records "$dir/records" -dir "$dir" -workers "$workers" \
  -seconds "$seconds" >"$lines" 2>"$dir/peers.log" || {
  tail -n 5 "$dir/peers.log" >&2
  exit 1
}

echo "setlog ..." >&2
"$bin/setlogd" --data "$dir/data" --listen 127.0.0.1:0 --http 127.0.0.1:0 --memory 2GiB \
  >"$dir/ready" 2>"$dir/setlogd.log" &
server=$!
for _ in $(seq 200); do
  if grep -q ^ready "$dir/ready"; then break; fi
  sleep 0.05
done
SETLOG_SERVER=$(sed -n 's/^ready grpc=\([^ ]*\) .*/\1/p' "$dir/ready")
export SETLOG_SERVER SETLOG_TOKEN_FILE=$dir/data/admin.token SETLOG_HOME=$dir/home
# bench WORKERS ARGUMENTS...: one more line of JSON, with the number of workers in it.
bench() {
  local under_way=$1
  shift
  "$bin/setlog" bench "$@" --json --quiet |
    sed "s/^{/{\"system\":\"setlog\",\"workers\":$under_way,/" >>"$lines"
}
for under_way in ${workers//,/ }; do
  clients=$((under_way < 64 ? under_way : 64))
  bench "$under_way" ingest --packed "$dir/records" --duration "${seconds}s" \
    --clients "$clients" --at-a-time $((under_way / clients))
done
# One client as `setlog add` is: a stream with a window of 131,072 records.
bench 131072 ingest bench.example.org/records --packed "$dir/records"
bench 0 proofs bench.example.org/records --duration "${seconds}s"
python3 table.py "$lines" "$out"
