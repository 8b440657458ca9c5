"""An attack on a log, what is declared to come of it, and the row that comes of it.

    @attack("rollback", "the server shows an older head", who="a returning reader",
            finds=("UNVERIFIED", 3, "went back"), remains="first readers")
    def rollback(stage):
        ...
        return Outcome(alice.asks("in", ORIGIN, "mine", server=log))

`finds` is what the victim is told: verdict, exit code, and words of the reason, since
a server that is merely gone is UNVERIFIED, too. `evidence` is the kind of the file that
is left; it must convince a third party who has the log's key, and nobody without it.
`without` and `with_` are a victim without the defence, and one with it.
"""

import shutil
from dataclasses import dataclass
from typing import Callable

from log.people import Answer
from log.stage import Stage


@dataclass
class Attack:
    id: str
    title: str
    who: str
    finds: tuple
    remains: str
    evidence: str = None
    without: tuple = None
    with_: tuple = None
    act: Callable = None


@dataclass
class Outcome:
    found: Answer
    vkey: str = None  # the log's, if there is evidence
    without: Answer = None
    with_: Answer = None


def attack(*declared, **more):
    """Declares the attack that a function makes; it stays a function of a stage."""
    def declare(act):
        return Attack(*declared, **more, act=act)
    return declare


def third_party(stage, outcome):
    """Exit code of somebody's `verify` who has the file and the log's key."""
    shutil.copy(outcome.found.evidence, stage.path("found.evidence"))
    nobody = stage.person("nobody").asks("verify", "found.evidence")
    if (nobody.verdict, nobody.exit) != ("UNVERIFIED", 3):
        raise RuntimeError(f"without a key the evidence says: {nobody}")
    judge = stage.person("third-party")
    return judge.asks("verify", "found.evidence", key=outcome.vkey).exit


FIELDS = ("verdict", "exit", "sees")


def agrees(answer, declared):
    if answer is None or declared is None:
        return answer is declared
    verdict, exit_code, *words = declared
    return ((answer["verdict"], answer["exit"]) == (verdict, exit_code)
            and all(word in answer["sees"] for word in words))


def wrong_in(row, attack):
    """What is not as it is declared; nothing, if all is."""
    wrong = []
    for name, answer, declared in (("", row, attack.finds),
                                   ("without: ", row["without"], attack.without),
                                   ("with: ", row["with"], attack.with_)):
        if not agrees(answer, declared):
            wrong.append(f"{name}{answer and tuple(answer[f] for f in FIELDS)}, "
                         f"not {declared}")
    if row["evidence"] != attack.evidence:
        wrong.append(f"evidence {row['evidence']}, not {attack.evidence}")
    if row["third_party_exit"] != (4 if attack.evidence else None):
        wrong.append(f"the third party's exit code is {row['third_party_exit']}")
    return wrong


def row_of(attack, bin_directory, directory):
    """Makes the attack. One that cannot be made is wrong."""
    row = {"id": attack.id, "attack": attack.title, "who": attack.who, "command": None,
           "verdict": None, "exit": None, "sees": None, "evidence": None,
           "third_party_exit": None, "remains": attack.remains, "without": None,
           "with": None}
    try:
        with Stage(bin_directory, directory) as stage:
            outcome = attack.act(stage)
            row.update(outcome.found.row(), who=attack.who)
            for name, answer in (("without", outcome.without), ("with", outcome.with_)):
                row[name] = answer and answer.row()
            if outcome.found.evidence:
                row["evidence"] = outcome.found.json["kind"]
                row["third_party_exit"] = third_party(stage, outcome)
    except Exception as failed:  # whatever it is, the other rows stand
        row["wrong"] = [f"{type(failed).__name__}: {failed}"]
        return row
    row["wrong"] = wrong_in(row, attack)
    return row
