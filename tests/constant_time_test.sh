#!/usr/bin/env bash
# tests/constant_time_test.sh BIN_DIR -- no branch and no address of the kernels for labels
# and proofs depends on the secret key, a record or a nonce (docs/design.md, Private logs).
#
# Skipped (77) without valgrind.
set -euo pipefail
program=${1:?usage: constant_time_test.sh BIN_DIR}/constant_time
if ! command -v valgrind >/dev/null || [[ ! -x $program ]]; then
  echo "SKIPPED: no valgrind, or none when this was built (scripts/setup.sh --all)"
  exit 77
fi

run() { valgrind -q --error-exitcode=9 --track-origins=no "$program" "$1"; }

for what in labels proofs; do
  run "$what"
  echo "ok       $what: nothing that valgrind sees depends on the secrets"
done

status=0
run leak >/dev/null 2>&1 || status=$?
if [[ $status -ne 9 ]]; then
  echo "FAILED   a look-up by a secret digit was not reported (exit code $status)"
  exit 1
fi
echo "ok       leak: a look-up by a secret digit is reported"
