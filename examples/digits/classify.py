#!/usr/bin/env python3
"""Reads digits with a model of train.py, and says how many it reads right.

    classify.py MODEL IMAGES.csv

Verifies nothing: that is what `setlog model verify` is for.
"""
import pathlib
import sys

import numpy


def main():
    model, images = pathlib.Path(sys.argv[1]), sys.argv[2]
    labels = (model / "labels.txt").read_text().split()
    weights = numpy.fromfile(model / "weights.bin", "<f4").reshape(-1, len(labels))
    rows = numpy.loadtxt(images, delimiter=",", dtype=int, ndmin=2)
    scores = rows[:, :-1] / 16 @ weights[:-1] + weights[-1]
    read = [labels[i] for i in scores.argmax(axis=1)]
    right = sum(a == str(b) for a, b in zip(read, rows[:, -1]))
    print(f"{right} of {len(rows)} right")


if __name__ == "__main__":
    main()
