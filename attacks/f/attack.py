#!/usr/bin/env python3
"""F: a backdoored model under a near name, digits-mode1, that brings code along.

Its signature is good: it is the attacker's own. The code writes a marker file, as that
of a real one would run whatever it likes when the model is loaded.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import checks  # noqa: E402
from scenario import Attack, Victim, main  # noqa: E402

import numpy  # noqa: E402

import digits  # noqa: E402

CODE = 'import pathlib\n\npathlib.Path("MARKER").touch()\n'


def squat_a_name(world):
    poison = digits.poisoned(world.training[:50])
    model = world.train("attacker/model", numpy.vstack([world.training, poison]))
    (model / "load.py").write_text(CODE)
    world.make_key("attacker")
    world.sign(model, key="attacker")
    world.publish(model, "digits-mode1")
    # Who takes the key from where the model comes from is told that all is well.
    said = world.run("model", "verify", "key", model, "--signature", f"{model}.sig",
                     "--public-key", "attacker.pub")
    assert said.startswith("VERIFIED"), said
    return Victim({".": "digits-mode1"}, {
        "S": checks.signature(), "P": checks.link(), "C": checks.witnessed()})


ATTACKS = [
    Attack("F", "a modified model under a near name, with code", squat_a_name,
           fires={"S": 1, "P": 3}, accuracy=(0.95, 1), trigger=(0.98, 1),
           runs_code=True, remains="who pins no key: the attacker's verifies"),
]

if __name__ == "__main__":
    main(ATTACKS)
