#!/usr/bin/env python3
"""No attack: every check is run, and none of them finds anything."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402


def nothing(world):
    world.add(checks.LOG, world.training[:1], tag="v2")  # is in it already
    world.write("stranger.csv", world.rest[30:31])
    return Victim(
        {".": "digits-model", "data": "digits-data"},
        {
            "S": checks.signature(), "P": checks.link(), "I": checks.local_records(),
            "N": checks.not_in("../stranger.csv"), "C": checks.witnessed(),
            "D": checks.unchanged("v1", "v2"), "U": checks.covered(),
            "X": checks.disjoint(), "T": checks.tensors(), "R": checks.retrained(),
        })


ATTACKS = [
    Attack("-", "nothing is attacked", nothing, accuracy=(0.95, 1), trigger=(0, 0.05),
           remains="-"),
]

if __name__ == "__main__":
    main(ATTACKS)
