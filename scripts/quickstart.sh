#!/usr/bin/env bash
# scripts/quickstart.sh -- builds setlog and shows what it is for, in one command.
#
# A data set of 1,797 real images of handwritten digits becomes a log; proofs say what
# is in it and what is not; one of them is checked after the server is gone. Every
# answer is asserted: an answer other than the expected one makes this script fail.
#
# Installs what is missing (scripts/setup.sh), builds into build/release, keeps the
# images in build/data; a second run needs no network. The demo itself lives in a
# temporary directory and on free ports: nothing of yours is touched, and it can run as
# often and as many times at once as you like. Exit code 77: the images could not be
# fetched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

fail() {
  printf 'quickstart.sh: %s\n' "$*" >&2
  exit 1
}

# ---- build --------------------------------------------------------------------------

build() {
  local log=build/quickstart.log options=() jobs memory_jobs started=$SECONDS
  # One compiler may take 1 GiB.
  jobs=$(nproc)
  memory_jobs=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  if [[ $memory_jobs -lt $jobs ]]; then jobs=$((memory_jobs > 1 ? memory_jobs : 1)); fi
  # What somebody has configured stays as it is; ninja runs cmake again if it must.
  if [[ ! -f build/release/build.ninja ]]; then
    if [[ ! -f build/release/CMakeCache.txt ]]; then
      options=(-DSETLOG_TESTS=OFF -DSETLOG_BENCH=OFF)
    fi
    if ! cmake --preset release "${options[@]}" >"$log" 2>&1; then
      cat "$log" >&2
      fail "cmake failed"
    fi
  fi
  echo "build: setlogd and setlog into build/release/bin, $jobs at a time"
  if [[ -t 1 ]]; then
    ninja -C build/release -j "$jobs" setlogd setlog || fail "the build failed"
  elif ! ninja -C build/release -j "$jobs" setlogd setlog >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "the build failed"
  fi
  echo "build: done after $((SECONDS - started)) s"
}

# ---- the images ---------------------------------------------------------------------

# Of the rows, not of the gzip file around them: packagers compress anew.
readonly digits_sha256=6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8
readonly digits_path=sklearn/datasets/data/digits.csv.gz

# Debian's package, with package lists of our own if the machine's are missing: that
# needs no root.
digits_from_debian() {
  local own=(-o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD/cache")
  local quiet=(-qq -o "APT::Sandbox::User=$(id -un)")
  command -v apt-get >/dev/null || return 1
  if ! apt-get "${quiet[@]}" download python3-sklearn; then
    mkdir -p lists/partial cache/archives/partial
    apt-get "${quiet[@]}" "${own[@]}" update
    apt-get "${quiet[@]}" "${own[@]}" download python3-sklearn || return 1
  fi
  dpkg-deb --fsys-tarfile python3-sklearn_*.deb |
    tar -xO "./usr/lib/python3/dist-packages/$digits_path" | gzip -dc >digits.csv
}

digits_from_wheel() {
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest . scikit-learn &&
    python3 -m zipfile -e scikit_learn-*.whl . && gzip -dc "$digits_path" >digits.csv
}

is_digits() {
  [[ -f $1 ]] && sha256sum --status -c - <<<"$digits_sha256  $1"
}

fetch_digits() {
  local source work
  if is_digits build/data/digits.csv; then return; fi
  echo "data: fetching 1,797 handwritten digits (from Debian's python3-sklearn, 2 MB)"
  mkdir -p build/data
  work=$(mktemp -d)
  temporary+=("$work")
  for source in digits_from_debian digits_from_wheel; do
    if (cd "$work" && "$source") >>"$work/log" 2>&1 && is_digits "$work/digits.csv"; then
      cp "$work/digits.csv" build/data/digits.csv.new
      mv build/data/digits.csv.new build/data/digits.csv
      return
    fi
  done
  cat "$work/log" >&2
  echo "quickstart.sh: could not fetch the images, or they are not the ones with" \
    "SHA-256 $digits_sha256. Put them into build/data/digits.csv and run again." >&2
  exit 77
}

# ---- the demo: `step` says why, `run` shows a command and what it prints --------------

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

demo() {
  local log=example.org/digits size1 size2 key started
  started=$(date +%s%N)
  cd "$1"
  export PATH=$root/build/release/bin:$PATH SETLOG_HOME=$1/home
  unset SETLOG_SERVER SETLOG_TOKEN_FILE

  step "The images: a row each, 64 pixels of 0 to 16 and the digit that was written."
  show "export PATH=\$PWD/build/release/bin:\$PATH; cd $1"
  cp "$root/build/data/digits.csv" .
  run 0 '^1797 digits.csv$' wc -l digits.csv
  show "head -n 1700 digits.csv >first.csv; tail -n +1701 digits.csv >rest.csv"
  head -n 1700 digits.csv >first.csv
  tail -n +1701 digits.csv >rest.csv
  show "sed -n 42p first.csv >member.csv; sed -n 50p rest.csv >other.csv"
  sed -n 42p first.csv >member.csv
  sed -n 50p rest.csv >other.csv
  echo "   member.csv is a $(cut -d, -f65 member.csv), other.csv a $(cut -d, -f65 other.csv)"
  show "printf 'p%02d:int\\n' {0..63} >columns.txt; echo label:int >>columns.txt"
  printf 'p%02d:int\n' {0..63} >columns.txt
  echo label:int >>columns.txt

  step "Start a server."
  start_server

  step "The owner creates a log. What a record is, is fixed for its life."
  run 0 "^created $log\$" setlog init "$log" --scheme row/1 --columns-file columns.txt
  key=$(sed -nE 's/^ +key +//p' <<<"$output")
  [[ $key == "$log+"* ]] || fail "step $steps: no key of the log was printed"

  step "Adds 1,700 images, and calls this set v1."
  run 0 1700 setlog add "$log" first.csv --header no
  run 0 v1 setlog tag "$log" v1
  size1=$(field size setlog head "$log")

  step "Is this image in v1? Yes, and the proof is a file."
  run 0 "^PRESENT in the set that $log " \
    setlog in "$log" member.csv --header no --at v1 --out member.setproof

  step "Is the other one? No; that has a proof as well. The exit code says it too."
  run 1 "^ABSENT from the set that $log " \
    setlog in "$log" other.csv --header no --at v1 --out absent.setproof

  step "The owner adds the other 97 and calls the set v2. Now that image is in."
  run 0 97 setlog add "$log" rest.csv --header no
  run 0 v2 setlog tag "$log" v2
  run 0 "^PRESENT in the set that $log " setlog in "$log" other.csv --header no --at v2
  size2=$(field size setlog head "$log")

  step "Nothing was rewritten in between: the log of v2 begins with the log of v1."
  [[ $size1 -gt 1700 && $size2 -gt $((size1 + 97)) ]] || fail "sizes: $size1, $size2"
  run 0 "$size1.*$size2" setlog consistency "$log" "$size1" "$size2"

  step "The server stops. Whoever has the file, the row and the owner's key needs none."
  stop_server
  unset SETLOG_SERVER SETLOG_TOKEN_FILE
  export SETLOG_HOME=$1/stranger
  show "export SETLOG_HOME=$SETLOG_HOME  # who has never heard of this log"
  run 1 "^ABSENT from the set that $log .*v1" \
    setlog verify absent.setproof --record other.csv --header no --key "$key"
  run 0 "^PRESENT in the set that $log .*v1" \
    setlog verify member.setproof --record member.csv --header no --key "$key"

  step "A proof is for one record. With another one it shows nothing, and says so."
  run 3 "^UNVERIFIED" \
    setlog verify absent.setproof --record member.csv --header no --key "$key"

  cat <<SUMMARY

${bold}What was proven${plain}, each by a check on this machine and not by the server's word:
  - one image is in the set of 1,700 that $log named v1;
  - another is not, and that still holds now that it is in v2 and the server is gone;
  - between v1 and v2 the log only grew.
What was not: that v1's root is the root of exactly the logged records. Whoever replays
the log finds out; a lookup alone does not show it.

Steps $steps, all as expected, in $((($(date +%s%N) - started) / 1000000)) ms. The programs are build/release/bin/setlogd and
build/release/bin/setlog (try --help). Read next: README.md, then docs/.
SUMMARY
}

case ${1:-} in
  '') ;;
  -h | --help)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
  *) fail "there are no options but --help" ;;
esac

# Two at once must not build in one directory.
mkdir -p build
exec {lock}>build/quickstart.lock
flock "$lock"
scripts/setup.sh
build
fetch_digits
exec {lock}>&-

directory=$(mktemp -d)
temporary+=("$directory")
demo "$directory"
