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

# shellcheck source=scripts/build_release.sh
source scripts/build_release.sh
# shellcheck source=scripts/demo_steps.sh
source scripts/demo_steps.sh

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

build_release setlogd setlog
scripts/fetch_digits.sh

directory=$(mktemp -d)
temporary+=("$directory")
demo "$directory"
