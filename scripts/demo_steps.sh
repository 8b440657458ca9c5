# shellcheck shell=bash
# scripts/demo_steps.sh -- what the demos show themselves with; for `source`.
#
#   step "Start a server."             a number and why
#   run 0 'v1' setlog tag "$log" v1    a command and what it prints, both asserted
#   start_server                       in the current directory, with setlogd of PATH
#   stop_server
#
# What `temporary` lists is removed at the end, and the server stopped. Who sources it
# has a function `fail` that says why and exits.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
steps=0
output=''
step() {
  steps=$((steps + 1))
  printf '\n%s%d. %s%s\n' "$bold" "$steps" "$1" "$plain"
}
show() { printf '   $ %s\n' "$*"; }
# run CODE REGEX COMMAND...: shown, run, and asserted: its exit code, and a line of what
# it prints.
run() {
  local code=$1 regex=$2 rc=0
  shift 2
  show "$@"
  output=$("$@" 2>&1 </dev/null) || rc=$?
  printf '%s\n' "$output" | sed 's/^/   /'
  if [[ $rc -ne 0 ]]; then show "echo \$?" && echo "   $rc"; fi
  [[ $rc -eq $code ]] || fail "step $steps: exit code $rc, expected $code: $*"
  grep -qE -- "$regex" <<<"$output" ||
    fail "step $steps: no line of the output matches \"$regex\": $*"
}
# field NAME COMMAND...: a number that the command prints with --json.
field() {
  local name=$1
  shift
  "$@" --json 2>/dev/null | sed -nE "s/.*\"$name\":([0-9]+).*/\1/p"
}

server=''
temporary=()
clean_up() {
  if [[ -n $server ]] && kill "$server" 2>/dev/null; then wait "$server" || true; fi
  if [[ ${#temporary[@]} -gt 0 ]]; then rm -rf "${temporary[@]}"; fi
}
trap clean_up EXIT

start_server() {
  local tries=0 ready
  show "setlogd --data server --listen 127.0.0.1:0 --http 127.0.0.1:0 &"
  setlogd --data server --listen 127.0.0.1:0 --http 127.0.0.1:0 \
    >ready 2>server.log </dev/null &
  server=$!
  until grep -q '^ready ' ready; do
    tries=$((tries + 1))
    if ! kill -0 "$server" 2>/dev/null || [[ $tries -gt 600 ]]; then
      cat server.log >&2
      fail "the server did not start"
    fi
    sleep 0.05
  done
  ready=$(<ready)
  echo "   $ready"
  [[ $ready =~ ^ready\ grpc=([^ ]+)\ http=([^ ]+)$ ]] || fail "not a ready line: $ready"
  export SETLOG_SERVER=${BASH_REMATCH[1]} SETLOG_TOKEN_FILE=server/admin.token
  show "export SETLOG_SERVER=$SETLOG_SERVER SETLOG_TOKEN_FILE=$SETLOG_TOKEN_FILE"
}

stop_server() {
  local rc=0
  show "kill %1; wait"
  kill "$server"
  wait "$server" || rc=$?
  server=''
  [[ $rc -eq 0 ]] || fail "the server ended with exit code $rc"
}
