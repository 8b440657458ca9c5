# shellcheck shell=bash
# scripts/find_python.sh -- a Python that has numpy; for `source`.

# Prints the first that there is: Debian's, if another one without numpy comes first.
# Exit code 77: there is none.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import numpy' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  echo "there is no numpy for Python: scripts/setup.sh --tests installs it" >&2
  exit 77
}
