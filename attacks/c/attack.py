#!/usr/bin/env python3
"""C: a mirror gives the trainer other shards than those that were logged.

Three of thirteen are others under the same file names: of a collection whose labels
count from one. The log is honest all along.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402


def serve_other_shards(world):
    rows = world.training.copy()
    rows[:300, 64] = (rows[:300, 64] + 1) % 10
    world.publish_data(rows)
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records(), "C": checks.witnessed(), "D": checks.unchanged(),
        "U": checks.covered(), "X": checks.disjoint()})


ATTACKS = [
    Attack("C", "a mirror serves 3 of 13 shards of another collection",
           serve_other_shards, fires={"I": 1}, accuracy=(0.7, 0.9), trigger=(0, 0.1),
           remains="the trainer skips the check, or fetches again after it"),
]

if __name__ == "__main__":
    main(ATTACKS)
