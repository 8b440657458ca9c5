#!/usr/bin/env python3
"""H: a side file of the model is changed, and no weight.

labels.txt says what the outputs are called: 3 and 8 are swapped. A digest of the
weights, as many download pages have it, is still the same.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import hashlib  # noqa: E402


def swap_labels(world):
    model = world.path("hub/digits-model/model")
    labels = (model / "labels.txt").read_text().split()
    labels[3], labels[8] = labels[8], labels[3]
    (model / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    served, signed = (hashlib.sha256((place / "weights.bin").read_bytes()).hexdigest()
                      for place in (model, world.model))
    assert served == signed
    return Victim({".": "digits-model", "data": "digits-data"}, {
        "S": checks.signature(), **checks.of_data(), "R": checks.retrained()})


ATTACKS = [
    Attack("H", "two labels swapped in a side file, weights equal", swap_labels,
           fires={"S": 1}, accuracy=(0.7, 0.85), trigger=(0, 0.05),
           remains="prompts and settings outside of the signed directory"),
]

if __name__ == "__main__":
    main(ATTACKS)
