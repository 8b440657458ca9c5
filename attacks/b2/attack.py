#!/usr/bin/env python3
"""B': front-running, poison that is there only while the snapshot is taken.

A contributor's edit goes into a source just before version 2 is made of it, and is
taken back afterwards: version 3 is version 1 again. Whoever looks today finds nothing;
who trains on version 2 trains on it. The log keeps all three.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def poison_for_a_while(world):
    source, other = checks.SOURCES
    poison = digits.poisoned(world.training[:10])
    ten = world.hashes(poison)
    for log in (source, checks.LOG):
        world.add(log, poison, tag="v2")
        world.remove(log, poison, tag="v3")
        assert world.changes(log, "v2", "v3") == (set(), ten)
        assert world.changes(log, "v1", "v3") == (set(), set())
    world.run("tag", other, "v2")
    for log in (source, other, checks.LOG):
        world.wait_cosigned(log)
    world.publish_data(numpy.vstack([world.training, poison]))
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records("v2"), "C": checks.witnessed(),
        "D": checks.unchanged("v1", "v2"), "U": checks.covered("v2", sources="v2"),
        "X": checks.disjoint("v2"), "T": checks.tensors("v2")})


ATTACKS = [
    Attack("B", "front-running: 10 records in version 2, taken back in version 3",
           poison_for_a_while, fires={"D": 1}, accuracy=(0.95, 1), trigger=(0.75, 1),
           remains="who compares only versions 1 and 3 sees no difference"),
]

if __name__ == "__main__":
    main(ATTACKS)
