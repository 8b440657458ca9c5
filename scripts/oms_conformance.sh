#!/usr/bin/env bash
# scripts/oms_conformance.sh -- setlog as the conformance suite of OpenSSF Model Signing
# calls an implementation.
#
#   oms_conformance.sh sign-model --method key|certificate --model-path PATH
#       --output-bundle FILE --private-key PEM [--signing-cert PEM] [--cert-chain PEM]...
#       [--ignore-paths PATH]...
#   oms_conformance.sh verify-model --method key|certificate|sigstore --model-path PATH
#       --bundle FILE [--public-key PEM] [--cert-chain PEM]... [--ignore-paths PATH]...
#       [--ignore-unsigned-files] [--identity NAME --identity-provider URL]
#   oms_conformance.sh capabilities
#
# Exit code 0: signed, verified; else as setlog's. SETLOG names the program (default:
# build/release/bin/setlog); OMS_TRUSTED_ROOT the trusted_root.json for `sigstore`, which
# the suite does not give and setlog does not fetch. setlog signs nothing by `sigstore`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
setlog=${SETLOG:-$root/build/release/bin/setlog}

fail() {
  printf 'oms_conformance.sh: %s\n' "$*" >&2
  exit 2
}
[[ $# -gt 0 ]] || fail "sign-model, verify-model or capabilities?"
command=$1
shift
if [[ $command == capabilities ]]; then
  version=$("$setlog" --version)
  printf '{"flags":[],"hash_algorithms":["sha256","blake2b"],"benchmark_model":false,'
  printf '"client_version":"%s"}\n' "${version#setlog }"
  exit 0
fi
[[ $command == sign-model || $command == verify-model ]] || fail "unknown command $command"

method=
model=
flags=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --ignore-unsigned-files)
      flags+=("$1")
      shift
      continue
      ;;
    --use-staging) # which trusted root: OMS_TRUSTED_ROOT says it
      shift
      continue
      ;;
  esac
  [[ $# -gt 1 ]] || fail "$1 needs a value"
  case $1 in
    --method) method=$2 ;;
    --model-path) model=$2 ;;
    --output-bundle | --bundle) flags+=(--signature "$2") ;;
    --private-key | --public-key | --ignore-paths | --identity | --identity-provider)
      flags+=("$1" "$2")
      ;;
    --signing-cert) flags+=(--signing-certificate "$2") ;;
    --cert-chain) flags+=(--certificate-chain "$2") ;;
    *) fail "unknown flag $1" ;;
  esac
  shift 2
done
[[ -n $method && -n $model ]] || fail "--method and --model-path are needed"
case $command-$method in
  *-key | *-certificate) ;;
  verify-model-sigstore)
    [[ -n ${OMS_TRUSTED_ROOT:-} ]] || fail "OMS_TRUSTED_ROOT names no trusted root"
    flags+=(--trusted-root "$OMS_TRUSTED_ROOT")
    ;;
  *) fail "setlog does not $command by the method $method" ;;
esac
exec "$setlog" model "${command%-model}" "$method" "$model" "${flags[@]}"
