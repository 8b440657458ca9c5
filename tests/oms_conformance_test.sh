#!/usr/bin/env bash
# tests/oms_conformance_test.sh BIN_DIR -- scripts/oms_conformance.sh as the suite of
# OpenSSF Model Signing calls it: what it is asked, and the exit codes it answers with.
set -euo pipefail
adapter=$(cd "$(dirname "${BASH_SOURCE[0]}")/../scripts" && pwd)/oms_conformance.sh
SETLOG=$(cd "$1" && pwd)/setlog
export SETLOG
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir model
printf 'weights' >model/weights.bin
printf 'note' >model/note.txt
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out pub.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1 -out other.pem 2>/dev/null
openssl pkey -in other.pem -pubout -out other.pub
openssl req -x509 -key other.pem -subj /CN=root -days 2 -out root.pem 2>/dev/null
openssl req -new -key key.pem -subj /CN=signer -out signer.csr 2>/dev/null
printf 'keyUsage=critical,digitalSignature\n' >extensions
openssl x509 -req -in signer.csr -CA root.pem -CAkey other.pem -CAcreateserial -days 1 \
  -extfile extensions -out signer.pem 2>/dev/null

failures=0
# ask CODE ARGUMENTS...
ask() {
  local code=$1 rc=0
  shift
  "$adapter" "$@" >out 2>err || rc=$?
  if [[ $rc -ne $code ]]; then
    failures=$((failures + 1))
    echo "WRONG: exit code $rc, expected $code: $*"
    head -n 5 out err
  fi
}
by_key=(--method key --model-path "$dir/model")
ask 0 sign-model "${by_key[@]}" --output-bundle "$dir/a.sig" --private-key "$dir/key.pem"
ask 0 verify-model "${by_key[@]}" --bundle "$dir/a.sig" --public-key "$dir/pub.pem"
ask 1 verify-model "${by_key[@]}" --bundle "$dir/a.sig" --public-key "$dir/other.pub"
printf 'x' >model/new
ask 1 verify-model "${by_key[@]}" --bundle "$dir/a.sig" --public-key "$dir/pub.pem"
ask 0 verify-model "${by_key[@]}" --bundle "$dir/a.sig" --public-key "$dir/pub.pem" \
  --ignore-unsigned-files
ask 0 verify-model "${by_key[@]}" --bundle "$dir/a.sig" --public-key "$dir/pub.pem" \
  --ignore-paths "$dir/model/new"
ask 0 sign-model "${by_key[@]}" --output-bundle "$dir/model/b.sig" \
  --private-key "$dir/key.pem" --ignore-paths "$dir/model/new" \
  --ignore-paths "$dir/model/note.txt"
printf 'changed' >model/note.txt
ask 0 verify-model "${by_key[@]}" --bundle "$dir/model/b.sig" --public-key "$dir/pub.pem"
rm model/b.sig

by_chain=(--method certificate --model-path "$dir/model")
ask 0 sign-model "${by_chain[@]}" --output-bundle "$dir/c.sig" \
  --private-key "$dir/key.pem" --signing-cert "$dir/signer.pem" --cert-chain "$dir/root.pem"
ask 0 verify-model "${by_chain[@]}" --bundle "$dir/c.sig" --cert-chain "$dir/root.pem"
ask 1 verify-model "${by_chain[@]}" --bundle "$dir/c.sig" --cert-chain "$dir/signer.pem"
ask 1 verify-model "${by_chain[@]}" --bundle "$dir/a.sig" --cert-chain "$dir/root.pem"
ask 1 verify-model "${by_key[@]}" --bundle "$dir/c.sig" --public-key "$dir/pub.pem"

ask 2 sign-model --method sigstore --model-path "$dir/model" --output-bundle "$dir/d.sig"
ask 2 verify-model --method sigstore --model-path "$dir/model" --bundle "$dir/a.sig"
ask 2 verify-model "${by_key[@]}" --bundle "$dir/no.sig" --public-key "$dir/pub.pem"
ask 2 verify-model "${by_key[@]}" --unknown x
ask 2 inspect
ask 0 capabilities
grep -q '"hash_algorithms":\["sha256","blake2b"\]' out || ask 0 false
echo "oms_conformance: $failures wrong"
[[ $failures -eq 0 ]]
