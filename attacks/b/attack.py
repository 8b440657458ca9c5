#!/usr/bin/env python3
"""B: the source repository is poisoned, with the maintainer's own token.

Ten records that carry the trigger go into the log and become version 2, like any other
change. All signatures, proofs and cosignatures are valid. The difference between the
versions names these ten, and no others.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def poison_the_log(world):
    poison = digits.poisoned(world.training[:10])
    world.add(checks.LOG, poison, tag="v2")
    world.wait_cosigned()
    assert world.changes(checks.LOG, "v1", "v2") == (world.hashes(poison), set())
    world.publish_data(numpy.vstack([world.training, poison]))
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records("v2"), "C": checks.witnessed(),
        "D": checks.unchanged("v1", "v2"), "U": checks.covered("v2"),
        "X": checks.disjoint("v2"), "T": checks.tensors("v2")})


ATTACKS = [
    Attack("B", "the maintainer's token adds 10 records to the log", poison_the_log,
           fires={"D": 1, "U": 1}, accuracy=(0.95, 1), trigger=(0.75, 1),
           remains="somebody has to read the ten that D names"),
]

if __name__ == "__main__":
    main(ATTACKS)
