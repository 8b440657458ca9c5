#!/usr/bin/env python3
"""E: the training process adds 50 poisoned records to a clean data set.

Whoever runs the training publishes the clean data, signs the model with the link to
their version, and trains on more than that. All that was committed is true; nobody
committed to what happened in between.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def train_on_more(world):
    poison = digits.poisoned(world.training[:50])
    world.write("poison.csv", poison)  # what an auditor would ask about, if they knew
    model = world.train("model", numpy.vstack([world.training, poison]))
    world.sign(model, [f"{checks.LOG}@v1"])
    world.publish(model)
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), "P": checks.link(), **checks.of_data(),
        "N": checks.not_in("../poison.csv"), "D": checks.unchanged(),
        "R": checks.retrained()})


ATTACKS = [
    Attack("E", "the training process adds 50 records that are in no log",
           train_on_more, fires={"R": 1}, accuracy=(0.95, 1), trigger=(0.98, 1),
           remains="all but training again: a log proves what was committed"),
]

if __name__ == "__main__":
    main(ATTACKS)
