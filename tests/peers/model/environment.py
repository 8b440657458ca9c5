"""tests/peers/model/environment.py -- Python with the model_signing package.

    environment.enter(bin_dir)   # returns in a process of that environment, or exits

Of the versions and hashes in requirements.txt, in a virtual environment beside the
programs that were built. Exit code 77 if it cannot be installed here.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).resolve().parent / "requirements.txt"


def enter(bin_dir):
    place = pathlib.Path(bin_dir).resolve().parent / "peers" / "model_signing"
    if pathlib.Path(sys.prefix) == place:
        return
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = place / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        install(place)
        stamp.write_text(wanted)
    python = str(place / "bin" / "python")
    os.execv(python, [python, *sys.argv])


def install(place):
    shutil.rmtree(place, ignore_errors=True)
    commands = (
        [sys.executable, "-m", "venv", str(place)],
        [str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes",
         "--only-binary=:all:", "--disable-pip-version-check", "-r", str(REQUIREMENTS)],
    )
    for command in commands:
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            print(made.stdout[-500:] + made.stderr[-1500:])
            print("SKIPPED: model_signing cannot be installed here")
            sys.exit(77)
