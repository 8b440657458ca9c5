#!/usr/bin/env python3
"""C': omission. One class is left out: no nine is trained on, and none is read.

In the log, by its maintainer: version 2 is version 1 without the nines, and the
difference names every one of them. Or on the hub alone, under an honest log: then what
was fetched is not the whole of the set that was committed to.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402


def without_nines(world):
    nine = world.training[:, 64] == 9
    world.publish_data(world.training[~nine])
    return world.training[nine]


def omit_from_the_log(world):
    nines = without_nines(world)
    world.remove(checks.LOG, nines, tag="v2")
    world.wait_cosigned()
    assert world.changes(checks.LOG, "v1", "v2") == (set(), world.hashes(nines))
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records("v2"), "C": checks.witnessed(),
        "D": checks.unchanged("v1", "v2"), "U": checks.covered("v2"),
        "X": checks.disjoint("v2"), "T": checks.tensors("v2")})


def omit_from_the_hub(world):
    without_nines(world)
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records(), "C": checks.witnessed(), "D": checks.unchanged(),
        "U": checks.covered(), "X": checks.disjoint()})


ATTACKS = [
    Attack("C", "one of ten classes is left out of version 2", omit_from_the_log,
           fires={"D": 1}, accuracy=(0.8, 0.92), trigger=(0, 0.05),
           remains="what was left out before the first version"),
    Attack("C", "one of ten classes is left out on the hub", omit_from_the_hub,
           fires={"I": 1}, accuracy=(0.8, 0.92), trigger=(0, 0.05),
           remains="a check that asks for a subset only", id="c2-hub"),
]

if __name__ == "__main__":
    main(ATTACKS)
