#!/usr/bin/env python3
"""F': an older model, put back in the place of the newest one.

The publisher trained it on a version of the data with 20 poisoned records in it, found
them, removed them, and published a new model. The older one has the publisher's own
signature for ever. It names another version than the one that the victim expects.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def roll_back(world):
    poison = digits.poisoned(world.training[:20])
    world.add(checks.LOG, poison, tag="v2")
    older = world.train("older/model", numpy.vstack([world.training, poison]))
    world.sign(older, [f"{checks.LOG}@v2"])
    world.remove(checks.LOG, poison, tag="v3")
    world.sign(world.model, [f"{checks.LOG}@v3"])
    world.publish(world.model)
    world.wait_cosigned()
    world.publish(older)  # the attack
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), "P": checks.link("v3"), **checks.of_data("v3"),
        "R": checks.retrained()})


ATTACKS = [
    Attack("F", "an older model put back, validly signed", roll_back,
           fires={"P": 1, "R": 1}, accuracy=(0.95, 1), trigger=(0.9, 1),
           remains="which version is the right one, the publisher must say elsewhere"),
]

if __name__ == "__main__":
    main(ATTACKS)
