#!/usr/bin/env python3
"""Upstream: ten poisoned records in the source, which nobody knows to be bad.

They are in the source's log, and in the data set from its first version on, as any
record. Before anybody discloses them nothing is wrong that a check could see; training
again gives the same weights. Afterwards one question says whether a model has them.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def poison_the_source(world):
    poison = digits.poisoned(world.training[:10])
    rows = numpy.vstack([world.training, poison])
    source, other_source = checks.SOURCES
    world.add(source, poison, tag="v2")
    world.run("tag", other_source, "v2")
    world.add(checks.NEW, rows, tag="v1")
    model = world.train("model", rows)
    world.sign(model, [f"{checks.NEW}@v1"])
    world.publish(model)
    world.publish_data(rows)
    world.write("disclosed.csv", poison)
    world.wait_cosigned(checks.NEW)
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), "P": checks.link(log=checks.NEW),
        **checks.of_data(sources="v2", log=checks.NEW),
        "D": checks.unchanged(log=checks.NEW), "R": checks.retrained()})


def disclose(world):
    victim = poison_the_source(world)
    victim.checks["N"] = checks.not_in("../disclosed.csv")
    return victim


ATTACKS = [
    Attack("upstream", "ten poisoned records in the source, unknown to all",
           poison_the_source, accuracy=(0.95, 1), trigger=(0.8, 0.97),
           remains="everything: content is out of scope"),
    Attack("recall", "the same ten records, after disclosure", disclose, id="recall",
           fires={"N": 1}, accuracy=(0.95, 1), trigger=(0.8, 0.97),
           remains="models that name no data"),
]

if __name__ == "__main__":
    main(ATTACKS)
