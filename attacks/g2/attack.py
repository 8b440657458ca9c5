#!/usr/bin/env python3
"""G': hub and log collude: this victim alone is shown a version with poison in it.

The operator of the logs copies them with their keys, adds 20 poisoned records to the
copy, and shows it to the victim; the hub serves the same records. All of it fits: one
history, signed by the log's own key. Everybody else, and the witness, see another one.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402


def fork(world, rows):
    """A copy of all logs that goes on by itself; a source has the rows as well."""
    server = world.copy_server("fork")
    liar = {"server": server, "home": "liar"}
    source, other_source = checks.SOURCES
    world.add(source, rows, tag="v2", **liar)
    world.run("tag", other_source, "v2", **liar)
    world.add(checks.LOG, rows, tag="v2", **liar)
    return server


def evidence(world, server):
    """What an auditor who has seen the other head gets from the copy, as judged by
    somebody who has nothing but the log's key."""
    key = world.vkeys[checks.LOG]
    world.run("head", checks.LOG, "--key", key, home="auditor")
    world.run("head", checks.LOG, home="auditor", server=server, ends_with=(4,))
    [file] = world.path("auditor-home").rglob("*.evidence")
    judged = world.run("verify", file, "--key", key, home="court", ends_with=(4,))
    return judged.splitlines()[0]


def split_view(world):
    """That v2 has more than v1 is what everybody is told, so D is not asked."""
    poison = digits.poisoned(world.training[:20])
    server = fork(world, poison)
    world.add(checks.LOG, world.rest[20:40], tag="v2")  # everybody else's
    world.wait_cosigned()
    world.publish_data(numpy.vstack([world.training, poison]))
    return Victim({"data": "digits-data"}, checks.of_data("v2", "v2"),
                  server=server.address, evidence=evidence(world, server))


ATTACKS = [
    Attack("G", "split view: hub and log show one victim another v2", split_view,
           fires={"C": 3}, accuracy=(0.95, 1), trigger=(0.9, 1),
           remains="all witnesses collude; withholding"),
]

if __name__ == "__main__":
    main(ATTACKS)
