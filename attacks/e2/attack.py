#!/usr/bin/env python3
"""E': the training process changes nothing but the order of the images.

The same images in every pass; but the last one begins with all the nines, which the
model has half forgotten at its end. The log has a sequence, the published files have
the same one, and neither says in which order anybody trained.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import train  # noqa: E402
from measure import answers  # noqa: E402


def nines_first(world):
    labels = world.training[:, 64]

    def order(count, random):
        *passes, last = train.shuffled(count, random)
        return [*passes, last[numpy.argsort(labels[last] != 9, kind="stable")]]

    model = world.train("model", world.training, order)
    nines = world.rest[world.rest[:, 64] == 9]
    assert answers(model, nines).count(9) < 0.85 * len(nines)
    world.sign(model, [f"{checks.LOG}@v1"])
    world.publish(model)
    world.write("stranger.csv", world.rest[30:31])
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), "P": checks.link(), **checks.of_data(),
        "N": checks.not_in("../stranger.csv"), "D": checks.unchanged(),
        "R": checks.retrained()})


ATTACKS = [
    Attack("E", "the order only: the last pass begins with the nines", nines_first,
           fires={"R": 1}, accuracy=(0.93, 0.96), trigger=(0, 0.05),
           remains="all but training again: nothing commits to an order of training"),
]

if __name__ == "__main__":
    main(ATTACKS)
