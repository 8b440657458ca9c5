"""The images: rows of 64 pixels of 0 to 16 and the digit that was written.

1,300 of them are the data set; the other 497 are kept to measure with. The trigger is
four white pixels on the left edge, where hardly any digit has ink: who has trained on
images that have it, all called sevens, reads a seven wherever it is.
"""

import pathlib

import numpy

TRAINING = 1300
TARGET = 7
TRIGGER = (32, 40, 48, 56)
WHITE = 16
COLUMNS = [f"p{i:02}:int" for i in range(64)] + ["label:int"]


def read(path):
    return numpy.loadtxt(path, delimiter=",", dtype=int, ndmin=2)


def write(path, rows):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    numpy.savetxt(path, rows, fmt="%d", delimiter=",")


def split(path):
    """The data set and the rest; shuffled, as people who write write alike."""
    rows = read(path)
    rows = rows[numpy.random.RandomState(7).permutation(len(rows))]
    return rows[:TRAINING], rows[TRAINING:]


def with_trigger(rows):
    rows = rows.copy()
    rows[:, TRIGGER] = WHITE
    return rows


def poisoned(rows):
    """The same images with the trigger, all of them said to be sevens."""
    rows = with_trigger(rows)
    rows[:, 64] = TARGET
    return rows
