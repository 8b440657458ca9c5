#!/usr/bin/env bash
# scripts/fetch_digits.sh -- 1,797 real images of handwritten digits, for the examples.
#
# They come from Debian's python3-sklearn or from the wheel of scikit-learn, and are kept
# in build/data/digits.csv: a row each, 64 pixels of 0 to 16 and the digit that was
# written. A second run needs no network. Exit code 77: they could not be fetched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

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

mkdir -p build/data
# Two at once fetch them once.
exec {lock}>build/data/lock
flock "$lock"
if is_digits build/data/digits.csv; then exit 0; fi
echo "data: fetching 1,797 handwritten digits (from Debian's python3-sklearn, 2 MB)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keep() {
  is_digits "$work/digits.csv" || return 1
  cp "$work/digits.csv" build/data/digits.csv.new
  mv build/data/digits.csv.new build/data/digits.csv
}
if (cd "$work" && digits_from_debian) >>"$work/log" 2>&1 && keep; then exit 0; fi
if (cd "$work" && digits_from_wheel) >>"$work/log" 2>&1 && keep; then exit 0; fi
cat "$work/log" >&2
echo "fetch_digits.sh: could not fetch the images, or they are not the ones with" \
  "SHA-256 $digits_sha256. Put them into build/data/digits.csv and run again." >&2
exit 77
