"""One attack: what is done, who is the victim, what must come out of it.

    def edit_the_model(world):
        ...                                     # files on the hub, records in logs
        return Victim({"model": "digits-model"}, {"S": checks.signature()})

    ATTACKS = [Attack("A", "model edited in place", edit_the_model,
                      fires={"S": 1}, accuracy=(0.95, 1), trigger=(0.99, 1),
                      remains="a signature by the wrong person")]

    if __name__ == "__main__":
        main(ATTACKS)

The victim is a process of its own (victim.py). It runs without checks, with all but R,
and with each of those switched off alone; R, to train again, is for auditors. A check
that fires is one that ends with the exit code that is declared, and says what it says
of a finding; all others of the victim's must run and see nothing (exit 0).
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable

sys.path[:0] = [str(pathlib.Path(__file__).parent),
                str(pathlib.Path(__file__).parents[1] / "classifier")]

from checks import FOUND  # noqa: E402
from interrupts import until_interrupted  # noqa: E402
from world import CLASSIFIER, ROOT, World  # noqa: E402


@dataclass
class Victim:
    """Fetches {directory: repository of the hub}, runs checks {letter: command}.

    Without a model it trains one on what is in `data`.
    """

    fetches: dict
    checks: dict
    server: str = ""  # the log's, if it is not the honest one
    imports: tuple = ()  # where Python looks before it finds the trainer's programs
    evidence: str = ""  # what convicts a log, as `setlog verify` says it


@dataclass
class Attack:
    threat: str
    title: str
    prepare: Callable[[World], Victim]
    accuracy: tuple  # of the victim without checks: from, to
    trigger: tuple
    remains: str
    fires: dict = field(default_factory=dict)  # {letter: exit code}
    runs_code: bool = False  # the attacker's, on the victim's machine
    id: str = ""  # by default the folder's name


class Stage:
    """One attack, prepared; its victim can run any number of times."""

    def __init__(self, world, attack):
        self.world = world
        self.victim = attack.prepare(world)
        self.runs = 0

    def run(self, letters):
        """The victim with these checks, in a directory of its own; its report."""
        world, victim = self.world, self.victim
        self.runs += 1
        place = world.path(f"victim{self.runs}")
        shutil.copytree(world.path("victim-home"), place / "home")
        case = {
            "hub": world.hub.url, "server": victim.server or world.server.address,
            "fetch": victim.fetches, "checks": victim.checks,
            "images": str(world.path("images.csv")),
            "programs": [str(world.bin), str(world.path("bin"))],
            "imports": [*map(str, victim.imports), str(CLASSIFIER)],
        }
        (place / "case.json").write_text(json.dumps(case))
        done = subprocess.run(
            [sys.executable, pathlib.Path(__file__).with_name("victim.py"), "case.json",
             *letters], cwd=place, capture_output=True, text=True,
            stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"the victim failed:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)


def wrong_in(row, attack):
    """What is not as the attack declares it; nothing, if all is."""
    wrong = []
    without, every = row["without"], row["checks"]
    for figure in ("accuracy", "trigger"):
        low, high = getattr(attack, figure)
        if not low <= without[figure] <= high:
            wrong.append(f"{figure} {without[figure]}, not in {low} to {high}")
    if without["ran_code"] != attack.runs_code:
        wrong.append(f"ran the attacker's code: {without['ran_code']}")
    for letter, result in every.items():
        if result["exit"] != attack.fires.get(letter, 0):
            wrong.append(f"{letter} ended with {result['exit']}, not "
                         f"{attack.fires.get(letter, 0)}: {result['sees']}")
        elif result["exit"] != 0 and FOUND[letter] not in result["sees"]:
            wrong.append(f"{letter} did not say \"{FOUND[letter]}\": {result['sees']}")
    for letter in set(attack.fires) - set(every):
        wrong.append(f"{letter} is to fire, and is not run")
    for off, report in {"R": row["with"], **row["each_off"]}.items():
        rest = [letter for letter in every
                if letter in attack.fires and letter not in (off, "R")]
        if report["fired"] != rest or report["used"] != (not rest):
            wrong.append(f"without {off}: {report['fired']} fired, not {rest}")
    return wrong


def outcome(report):
    """Of a run, without what each check said."""
    return {name: value for name, value in report.items() if name != "checks"}


def row_of(attack, world):
    """Runs it all."""
    stage = Stage(world, attack)
    letters = list(stage.victim.checks)
    common = [letter for letter in letters if letter != "R"]
    every = stage.run(letters)
    row = {
        "id": attack.id, "threat": attack.threat, "title": attack.title,
        "without": outcome(stage.run([])),
        "with": outcome(stage.run(common) if common != letters else every),
        "checks": every["checks"],
        "each_off": {
            letter: outcome(stage.run([other for other in common if other != letter]))
            for letter in common
        },
        "evidence": stage.victim.evidence,
        "remains": attack.remains,
    }
    row["wrong"] = wrong_in(row, attack)
    return row


def run(attacks):
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__.split("\n")[0])
    parser.add_argument("--bin", default=ROOT / "build/release/bin",
                        help="where setlog and setlogd are")
    parser.add_argument("--template", help="what the world begins with, made before")
    parser.add_argument("--json", action="store_true", help="a row is a JSON object")
    args = parser.parse_args()
    folder = pathlib.Path(sys.argv[0]).resolve().parent.name
    wrong = False
    for attack in attacks:
        attack.id = attack.id or folder
        with World(args.bin, args.template) as world:
            row = row_of(attack, world)
        print(json.dumps(row) if args.json else json.dumps(row, indent=1), flush=True)
        wrong = wrong or bool(row["wrong"])
    return 1 if wrong else 0


def main(attacks):
    until_interrupted(lambda: run(attacks))
