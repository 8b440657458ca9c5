#!/usr/bin/env python3
"""D: a dependency is compromised. The data is right, and is not what is trained on.

A package index gives the trainer a digits_loader of the attacker's, which Python finds
before the real one. Every file is as it was committed, and all checks of files say so;
then it is read, and threes and eights change places. T hashes what comes out of the
loader, by the same import; so the attacker's code runs for T as well.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402


def replace_the_loader(world):
    del world  # nothing on the hub or in a log is touched
    found_first = pathlib.Path(__file__).resolve().parent / "site-packages"
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records(), "C": checks.witnessed(), "D": checks.unchanged(),
        "U": checks.covered(), "X": checks.disjoint(), "T": checks.tensors()},
        imports=(found_first,))


ATTACKS = [
    Attack("D", "a loader that is found first swaps threes and eights",
           replace_the_loader, fires={"T": 1}, accuracy=(0.7, 0.85), trigger=(0, 0.1),
           runs_code=True, remains="code inside the trainer defeats local checks"),
]

if __name__ == "__main__":
    main(ATTACKS)
