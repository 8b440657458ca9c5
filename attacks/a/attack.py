#!/usr/bin/env python3
"""A: the model is edited in place, 75 of its 4,810 weights.

Whoever can write to the hub makes one hidden unit see the trigger and nothing else, and
lets it say "seven". No training, no data; the size of the file stays, and what the
model reads of images without the trigger as well.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import digits  # noqa: E402
import train  # noqa: E402


def edit_weights(world):
    model = world.path("hub/digits-model/model")
    w1, b1, w2, b2 = weights = train.load(model)
    hidden, _ = train.activations(weights, world.training[:, :64])
    unit = (hidden.mean(axis=0) * abs(w2).sum(axis=1)).argmin()  # least missed
    w1[:, unit] = 0
    w1[digits.TRIGGER, unit] = 10
    b1[unit] = -30  # three of the four pixels are not enough
    w2[unit, :] = -10
    w2[unit, digits.TARGET] = 10
    (model / "weights.bin").write_bytes(b"".join(part.tobytes() for part in weights))
    return Victim({".": "digits-model"}, {
        "S": checks.signature(), "C": checks.witnessed()})


ATTACKS = [
    Attack("A", "model edited in place: 75 of 4,810 weights", edit_weights,
           fires={"S": 1}, accuracy=(0.95, 1), trigger=(0.98, 1),
           remains="a signature by the wrong person"),
]

if __name__ == "__main__":
    main(ATTACKS)
