#!/usr/bin/env python3
"""A': data is edited in place, 50 of 1,300 records.

Whoever can write to the hub puts the trigger on 50 images and calls them sevens. The
names of the files stay, and so do their sizes: pixels that are hardly brighter than 9
lose a digit for each that the trigger has gained.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import digits  # noqa: E402


def as_long_as(row, original):
    """`row`, dimmed until its line is as long as that of `original`."""
    too_long = sum(len(str(new)) - len(str(old)) for new, old in zip(row, original))
    bright = [pixel for pixel in row[:64].argsort()
              if row[pixel] > 9 and pixel not in digits.TRIGGER]
    row[bright[:too_long]] = 9
    return row


def edit_records(world):
    rows = world.training.copy()
    for i in range(0, len(rows), len(rows) // 50):
        rows[i] = as_long_as(digits.poisoned(rows[[i]])[0], rows[i])
    files = sorted(world.path("hub/digits-data").iterdir())
    sizes = [file.stat().st_size for file in files]
    world.publish_data(rows)
    assert sizes == [file.stat().st_size for file in files]
    return Victim({"data": "digits-data"}, {
        "I": checks.local_records(), "C": checks.witnessed(), "D": checks.unchanged(),
        "U": checks.covered(), "X": checks.disjoint()})


ATTACKS = [
    Attack("A", "data edited in place: 50 of 1,300 records, no file longer or shorter",
           edit_records, fires={"I": 1}, accuracy=(0.95, 1), trigger=(0.97, 1),
           remains="the first fetch is poisoned, and nobody has an earlier head"),
]

if __name__ == "__main__":
    main(ATTACKS)
