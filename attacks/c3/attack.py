#!/usr/bin/env python3
"""C'': opt-outs that are not honoured.

Twelve people have their images entered into the log of opt-outs. A new data set that is
made of the sources afterwards has them all the same: each is a record of a source, and
of the version that is committed to. The model that comes out reads as well as any.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402


def use_what_was_opted_out(world):
    world.add(checks.OPT_OUTS, world.training[:12], tag="v2")
    world.add(checks.NEW, world.training, tag="v1")
    for log in (checks.OPT_OUTS, checks.NEW):
        world.wait_cosigned(log)
    world.publish_data(world.training, "new-data")
    return Victim({"data": "new-data"}, {
        "I": checks.local_records(log=checks.NEW), "C": checks.witnessed(checks.NEW),
        "U": checks.covered(log=checks.NEW),
        "X": checks.disjoint(opt_outs="v2", log=checks.NEW),
        "T": checks.tensors(log=checks.NEW)})


ATTACKS = [
    Attack("C", "12 images are trained on that were opted out", use_what_was_opted_out,
           fires={"X": 1}, accuracy=(0.95, 1), trigger=(0, 0.05),
           remains="the same image with one pixel changed is another record"),
]

if __name__ == "__main__":
    main(ATTACKS)
