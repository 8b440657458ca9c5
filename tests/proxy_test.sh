#!/usr/bin/env bash
# tests/proxy_test.sh BIN_DIR -- deploy/nginx.conf and deploy/haproxy.cfg as they are,
# but for ports and paths, in front of a real setlogd. Exit code 77 (ctest: skipped) if
# neither proxy is installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
cd "$work"
export PATH=$bin:/usr/sbin:$PATH SETLOG_HOME=$work/home NO_COLOR=1
unset SETLOG_SERVER SETLOG_TOKEN_FILE
if ! command -v nginx >/dev/null && ! command -v haproxy >/dev/null; then
  echo "SKIPPED: neither nginx nor haproxy is installed"
  exit 77
fi

started=()
clean_up() {
  local process
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT
failures=0
# ask CODE COMMAND...
ask() {
  local code=$1 rc=0
  shift
  "$@" >out 2>err </dev/null || rc=$?
  if [[ $rc -ne $code ]]; then
    failures=$((failures + 1))
    echo "WRONG: exit code $rc, expected $code: $*"
    head -n 5 out err
  fi
}
# until_ok COMMAND...: waits up to ten seconds.
until_ok() {
  local tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [[ $tries -gt 100 ]]; then
      echo "WRONG: it never came up: $*"
      exit 1
    fi
    sleep 0.1
  done
}
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
  -subj /CN=proxy -addext subjectAltName=IP:127.0.0.1 \
  -keyout privkey.pem -out fullchain.pem 2>/dev/null
cat fullchain.pem privkey.pem >setlog.pem

setlogd --data data --listen 127.0.0.1:0 --http 127.0.0.1:0 >ready 2>setlogd.log &
started+=("$!")
until_ok grep -q '^ready ' ready
direct=$(sed -E 's/^ready grpc=([^ ]+) .*/\1/' ready)
direct_http=$(sed -E 's/^ready .* http=([^ ]+)$/\1/' ready)
seq 1 200000 >numbers
python3 - <<'PY'
import hashlib
with open("packed", "wb") as out:
    for line in open("numbers"):
        out.write(hashlib.sha256(line.encode()).digest())
PY

# judge NAME: the proxy of this name listens on $port.
judge() {
  local name=$1 origin=example.org/$1
  local through=(--server "127.0.0.1:$port" --ca fullchain.pem --retry-for 10s)
  local admin=(--token-file data/admin.token)
  until_ok setlog "${through[@]}" logs
  ask 0 setlog "${through[@]}" "${admin[@]}" init "$origin" --scheme bytes/1
  # More than any proxy's default for a request's body, in one stream.
  ask 0 setlog "${through[@]}" "${admin[@]}" add "$origin" --packed packed --json
  grep -q '"added":200000' out || ask 0 false
  ask 0 setlog "${through[@]}" in "$origin" --hash \
    "$(head -c 32 packed | od -An -tx1 -v | tr -d ' \n')"
  ask 1 setlog "${through[@]}" in "$origin" --hash "$(printf '0%.0s' {1..64})"
  ask 0 setlog "${through[@]}" "${admin[@]}" tag "$origin" v1
  # Refusals keep their codes on the way.
  ask 2 setlog "${through[@]}" tag "$origin" v2
  grep -q -- '--token-file' err || ask 0 false
  # The operator's calls and other paths stop at the proxy.
  ask 0 setlog --server "$direct" "${admin[@]}" token list
  if setlog "${through[@]}" "${admin[@]}" --retry-for 0s token list >out 2>err; then
    ask 1 true
  fi
  # Reads over HTTP come through as they are, refusals too.
  local page code
  for page in checkpoint tile/0/000 tile/entries/x000/001 tile/0/%30%30%30 tile/0//000 \
    tile/entries/000.p/7 "lookup/$(printf '0%.0s' {1..64})?at=v1" tile/9/000; do
    code=$(curl -s --path-as-is -o expected -w '%{http_code}' \
      "http://$direct_http/$origin/$page")
    [[ $(curl -sk --path-as-is -o got -w '%{http_code}' \
      "https://127.0.0.1:$port/$origin/$page") == "$code" ]] || ask 0 false
    cmp -s got expected || ask 0 false
  done
  [[ $(curl -sk -o /dev/null -w '%{http_code}' \
    "https://127.0.0.1:$port/healthz") == 404 ]] || ask 0 false
  [[ $(curl -sk --http2 -o /dev/null -w '%{http_code}' \
    "https://127.0.0.1:$port/metrics") == 404 ]] || ask 0 false
  echo "$name: done"
}

if command -v nginx >/dev/null; then
  port=$(free_port)
  {
    printf 'daemon off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\n' "$work" "$work"
    printf 'events {}\nhttp {\naccess_log off;\nclient_body_temp_path %s/body;\n' "$work"
    for path in proxy fastcgi uwsgi scgi; do
      printf '%s_temp_path %s/%s;\n' "$path" "$work" "$path"
    done
    sed -e "s#listen 443#listen 127.0.0.1:$port#" -e "s#/etc/ssl/setlog#$work#" \
      -e "s#127.0.0.1:7070#$direct#" -e "s#127.0.0.1:7071#$direct_http#" \
      "$here/../deploy/nginx.conf"
    echo '}'
  } >nginx.conf
  nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
  started+=("$!")
  judge nginx
fi
if command -v haproxy >/dev/null; then
  port=$(free_port)
  sed -e "s#bind :443#bind 127.0.0.1:$port#" -e "s#/etc/ssl/setlog#$work#" \
    -e "s#127.0.0.1:7070#$direct#" -e "s#127.0.0.1:7071#$direct_http#" \
    "$here/../deploy/haproxy.cfg" >haproxy.cfg
  haproxy -q -db -f haproxy.cfg &
  started+=("$!")
  judge haproxy
fi
echo "proxy: $failures wrong"
[[ $failures -eq 0 ]]
