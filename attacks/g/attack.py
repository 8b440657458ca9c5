#!/usr/bin/env python3
"""G: the hub serves another model under the same name.

Its operator, or who took the publisher's namespace over, trains on 50 poisoned records
more, names the same data, and signs with a key of their own.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def take_over(world):
    poison = digits.poisoned(world.training[:50])
    model = world.train("attacker/model", numpy.vstack([world.training, poison]))
    world.make_key("attacker")
    world.sign(model, [f"{checks.LOG}@v1"], key="attacker")
    world.publish(model)
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), **checks.of_data(), "R": checks.retrained()})


ATTACKS = [
    Attack("G", "the hub serves another model under the same name", take_over,
           fires={"S": 1, "R": 1}, accuracy=(0.95, 1), trigger=(0.98, 1),
           remains="the hub can withhold"),
]

if __name__ == "__main__":
    main(ATTACKS)
