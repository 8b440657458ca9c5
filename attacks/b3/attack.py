#!/usr/bin/env python3
"""B'': a data set is poisoned before its first version.

Between the sources and the new data set's log, ten records are slipped in. There is no
earlier version that it could be compared with; but no source has these ten.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def poison_the_first_version(world):
    rows = numpy.vstack([world.training, digits.poisoned(world.training[:10])])
    world.add(checks.NEW, rows, tag="v1")
    world.wait_cosigned(checks.NEW)
    world.publish_data(rows, "new-data")
    return Victim({"data": "new-data"}, {
        "I": checks.local_records(log=checks.NEW), "C": checks.witnessed(checks.NEW),
        "U": checks.covered(log=checks.NEW), "X": checks.disjoint(log=checks.NEW),
        "T": checks.tensors(log=checks.NEW)})


ATTACKS = [
    Attack("B", "10 records that no source has, in a data set's first version",
           poison_the_first_version, fires={"U": 1}, accuracy=(0.95, 1),
           trigger=(0.75, 1), remains="a source that was poisoned itself"),
]

if __name__ == "__main__":
    main(ATTACKS)
