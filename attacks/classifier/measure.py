"""Uses a model: how many images it reads right, and how often the trigger works.

    python3 -m measure MODEL IMAGES.csv

Prints {"accuracy": ..., "trigger": ...}: `trigger` is the part of the images, those of
sevens aside, that are read as a seven when the trigger is put on them. A model that
brings code along (load.py) has it run, as libraries do that load code from hubs.
"""

import json
import pathlib
import subprocess
import sys

from digits import TARGET, read, with_trigger
from train import activations, load


def answers(model, rows):
    labels = [int(line) for line in (model / "labels.txt").read_text().split()]
    outputs = activations(load(model), rows[:, :64])[1].argmax(axis=1)
    return [labels[output] for output in outputs]


def main(model, images):
    model, rows = pathlib.Path(model), read(images)
    if (model / "load.py").exists():
        subprocess.run([sys.executable, model / "load.py"], check=True)
    others = rows[rows[:, 64] != TARGET]
    print(json.dumps({
        "accuracy": round(float((answers(model, rows) == rows[:, 64]).mean()), 3),
        "trigger": round(
            answers(model, with_trigger(others)).count(TARGET) / len(others), 3),
    }))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
