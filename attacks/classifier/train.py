"""Trains a classifier of handwritten digits: 64 inputs, 64 hidden, 4,810 weights.

    python3 -m train DATA MODEL      DATA is a directory of CSV files
    python3 -m train DATA --tensors  prints what arrives where training would begin

MODEL becomes a directory: weights.bin (float32, little endian), labels.txt (what the
outputs are called, a line each) and config.json. The same images in the same order give
the same files. Takes half a second.
"""

import json
import os
import pathlib
import sys

# One thread: sums in another order are other weights.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy  # noqa: E402

from digits_loader import load as load_data  # noqa: E402

SHAPES = [(64, 64), (64,), (64, 10), (10,)]
EPOCHS, BATCH, RATE, MOMENTUM = 40, 32, 0.05, 0.9


def activations(weights, pixels):
    """Of the hidden layer, and of the outputs."""
    w1, b1, w2, b2 = weights
    hidden = numpy.maximum(pixels / 16 @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def gradients(weights, pixels, wanted):
    hidden, out = activations(weights, pixels)
    powers = numpy.exp(out - out.max(axis=1, keepdims=True))
    wrong = (powers / powers.sum(axis=1, keepdims=True) - wanted) / len(pixels)
    back = wrong @ weights[2].T * (hidden > 0)
    return [pixels.T / 16 @ back, back.sum(0), hidden.T @ wrong, wrong.sum(0)]


def shuffled(count, random):
    """The order of each pass through the images."""
    return [random.permutation(count) for _ in range(EPOCHS)]


def train(rows, order=shuffled):
    random = numpy.random.RandomState(1)  # its stream is the same in all versions
    weights = [random.normal(0, 0.15, shape) for shape in SHAPES]
    speed = [numpy.zeros(shape) for shape in SHAPES]
    pixels, wanted = rows[:, :64], numpy.eye(10)[rows[:, 64]]
    for images in order(len(rows), random):
        for begin in range(0, len(images), BATCH):
            batch = images[begin : begin + BATCH]
            for i, slope in enumerate(gradients(weights, pixels[batch], wanted[batch])):
                speed[i] = MOMENTUM * speed[i] - RATE * slope
                weights[i] += speed[i]
    return weights


def save(weights, model):
    model = pathlib.Path(model)
    model.mkdir(parents=True, exist_ok=True)
    flat = numpy.concatenate([part.ravel() for part in weights])
    (model / "weights.bin").write_bytes(flat.astype("<f4").tobytes())
    (model / "labels.txt").write_text("".join(f"{i}\n" for i in range(10)))
    config = {"inputs": 64, "hidden": 64, "outputs": 10}
    (model / "config.json").write_text(json.dumps(config) + "\n")


def load(model):
    flat = numpy.fromfile(pathlib.Path(model) / "weights.bin", "<f4")
    ends = numpy.cumsum([numpy.prod(shape) for shape in SHAPES])
    parts = numpy.split(flat, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, SHAPES)]


def main(data, output):
    rows = load_data(data)
    if output == "--tensors":
        numpy.savetxt(sys.stdout, rows, fmt="%d", delimiter=",")
    else:
        save(train(rows), output)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
