#!/usr/bin/env bash
# examples/digits/run.sh [BIN] -- a model that says what it was trained on.
#
# 1,700 real images of handwritten digits become a log; a small classifier is trained on
# them (train.py), and signed with the version of the log that it was trained on. Then a
# weight is swapped, and a label; and it is asked what the model was trained on. Every
# answer is asserted: an answer other than the expected one makes this script fail.
#
# BIN holds setlog and setlogd, by default build/release/bin. Needs Python with numpy
# (scripts/setup.sh --tests installs it) and openssl. All of it is in a temporary
# directory and on free ports. Exit code 77: numpy or the images are missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/digits

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

# shellcheck source=scripts/demo_steps.sh
source "$root/scripts/demo_steps.sh"
# shellcheck source=scripts/find_python.sh
source "$root/scripts/find_python.sh"

# swap FILE: exchanges what stands for 3 and for 8.
swap_labels() {
  show "sed -i 's/^3\$/x/; s/^8\$/3/; s/^x\$/8/' digits/labels.txt"
  sed -i 's/^3$/x/; s/^8$/3/; s/^x$/8/' digits/labels.txt
}

demo() {
  local log=example.org/digits key
  local signature=(--signature digits.sig --public-key ml.pub)
  cd "$1"
  export SETLOG_HOME=$1/home
  unset SETLOG_SERVER SETLOG_TOKEN_FILE

  step "The images, a row each: 1,700 to learn from, and one that is not among them."
  head -n 1700 "$root/build/data/digits.csv" >first.csv
  tail -n +1701 "$root/build/data/digits.csv" >rest.csv
  sed -n 42p first.csv >member.csv
  sed -n 50p rest.csv >other.csv
  printf 'p%02d:int\n' {0..63} >columns.txt
  echo label:int >>columns.txt
  run 0 '^ *1700 first.csv$' wc -l first.csv rest.csv member.csv other.csv

  step "The owner of the images logs them, and calls this set v1."
  start_server
  run 0 "^created $log\$" setlog init "$log" --scheme row/1 --columns-file columns.txt
  key=$(sed -nE 's/^ +key +//p' <<<"$output")
  run 0 1700 setlog add "$log" first.csv --header no
  run 0 v1 setlog tag "$log" v1

  step "Somebody trains a model on them."
  cp "$here/train.py" "$here/classify.py" .
  run 0 '^trained on 1700 images' "$python" train.py first.csv digits
  run 0 '^[89][0-9] of 97 right' "$python" classify.py digits rest.csv

  step "And signs it, with the name of what it was trained on."
  show "openssl ecparam -name prime256v1 -genkey -noout -out ml.key"
  openssl ecparam -name prime256v1 -genkey -noout -out ml.key
  show "openssl ec -in ml.key -pubout -out ml.pub"
  openssl ec -in ml.key -pubout -out ml.pub 2>/dev/null
  run 0 "^signed digits" setlog model sign key digits --signature digits.sig \
    --private-key ml.key --data "$log@v1"

  step "Whoever gets the model verifies its files, and reads what the signer claims."
  export SETLOG_HOME=$1/user
  show "export SETLOG_HOME=$SETLOG_HOME  # who has never heard of this log"
  run 0 "^ +claimed by the signer, not checked" \
    setlog model verify key digits "${signature[@]}"

  step "With the log's key, from its owner, the set that is named is verified, too."
  run 0 "$log" setlog trust add "$log" --key "$key"
  run 0 "its log's key \(pinned\) signed this set" setlog model verify key digits "${signature[@]}"

  step "Was it trained on this image? The signer says: on a set that has it."
  run 0 "^PRESENT in the set that $log " \
    setlog model in digits member.csv --header no "${signature[@]}"

  step "And on this one? It is not in the set that the signer named."
  run 1 "^ABSENT from the set that $log " \
    setlog model in digits other.csv --header no "${signature[@]}" --out other.setproof

  step "Does the log still stand by what the model names?"
  run 0 "^VERIFIED $log@v1 " setlog model audit digits "${signature[@]}"

  step "The server stops. The saved proof answers for this model without it."
  stop_server
  run 0 "^ABSENT from the set that $log " \
    setlog model in digits other.csv --header no "${signature[@]}" \
    --proof other.setproof --expect absent

  step "One weight of another value: four bytes in the middle of the file."
  cp -r digits signed
  show "printf '\\0\\0\\200\\277' | dd of=digits/weights.bin bs=4 seek=325 conv=notrunc"
  printf '\0\0\200\277' | dd of=digits/weights.bin bs=4 seek=325 conv=notrunc status=none
  run 1 "^  changed +weights.bin" setlog model verify key digits "${signature[@]}"
  cp signed/weights.bin digits/weights.bin

  step "Every 3 is to be read as an 8: the labels are swapped, the weights are not."
  swap_labels
  run 0 '^[67][0-9] of 97 right' "$python" classify.py digits rest.csv
  run 1 "^  changed +labels.txt" setlog model verify key digits "${signature[@]}"
  run 3 "^REFUSED" setlog model in digits member.csv --header no "${signature[@]}"
  cp signed/labels.txt digits/labels.txt

  step "Another set is named: the file that names it was signed, too."
  show "sed -i 's/digits@v1/digits@v2/' digits/training-data.intoto.json"
  sed -i 's/digits@v1/digits@v2/' digits/training-data.intoto.json
  run 1 "^  changed +training-data.intoto.json" \
    setlog model verify key digits "${signature[@]}"
}

python=$(find_python)
bin=$(cd "${1:-$root/build/release/bin}" && pwd)
export PATH=$bin:$PATH
"$root/scripts/fetch_digits.sh"
directory=$(mktemp -d)
temporary+=("$directory")
demo "$directory"
