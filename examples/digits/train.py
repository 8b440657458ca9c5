#!/usr/bin/env python3
"""Trains a classifier of handwritten digits: softmax regression, 650 weights.

    train.py IMAGES.csv MODEL

An image is a row: 64 pixels of 0 to 16 and the digit that was written. MODEL becomes a
directory of three files:

    weights.bin   a float32 (little endian) for each pixel and label, then the biases
    labels.txt    what the labels are called, a line each
    config.json   the shape

The same images give the same files. Takes a second; needs numpy.
"""
import json
import pathlib
import sys

import numpy

PIXELS, LABELS, STEPS, RATE = 64, 10, 400, 0.5


def softmax(scores):
    powers = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def train(pixels, digits):
    weights = numpy.zeros((PIXELS + 1, LABELS))  # the last row: biases
    inputs = numpy.hstack([pixels / 16, numpy.ones((len(pixels), 1))])
    wanted = numpy.eye(LABELS)[digits]
    for _ in range(STEPS):
        wrong = softmax(inputs @ weights) - wanted
        weights -= RATE * inputs.T @ wrong / len(inputs)
    # Coarse enough that the order of additions does not show.
    return weights.round(3)


def main():
    images, model = sys.argv[1], pathlib.Path(sys.argv[2])
    rows = numpy.loadtxt(images, delimiter=",", dtype=int)
    weights = train(rows[:, :PIXELS], rows[:, PIXELS])
    model.mkdir(exist_ok=True)
    (model / "weights.bin").write_bytes(weights.astype("<f4").tobytes())
    (model / "labels.txt").write_text("".join(f"{i}\n" for i in range(LABELS)))
    (model / "config.json").write_text(
        json.dumps({"inputs": PIXELS, "labels": LABELS, "kind": "softmax"}) + "\n"
    )
    print(f"trained on {len(rows)} images: {model}")


if __name__ == "__main__":
    main()
