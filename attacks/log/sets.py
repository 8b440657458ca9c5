"""Attacks on the set: who is told that a record is in, or is not, and is wrong."""

import time

from log.attack import Outcome, attack
from log.people import PATIENCE
from log.stage import ORIGIN, offer_head


def wait_for_evidence(witness):
    """It refuses as soon as it knows, and keeps the evidence a moment later."""
    until = time.monotonic() + PATIENCE
    while not list(witness.state.glob("evidence/*.evidence")):
        if time.monotonic() > until:
            raise RuntimeError("the replaying witness has no evidence")
        time.sleep(0.05)


@attack("wrong-index", "the owner commits to a set in which a member is another",
        who="an auditor, who replays the log",
        finds=("MISBEHAVIOUR", 4, "does not"), evidence="wrong_extension",
        without=("ABSENT", 1), with_=("UNVERIFIED", 3, "quorum is not met"),
        remains="witnesses that only compare heads cosign it: who asks for none that "
                "replays is fooled until somebody audits")
def wrong_index(stage):
    stage.path("cosignatures").mkdir()
    liar = stage.liar("WrongSet", "--cosignatures", stage.path("cosignatures"))
    light, replaying = stage.witness(liar, light=True), stage.witness(liar)
    owner = stage.person("owner")
    for witness in (light, replaying):  # of the truth, both
        before, status, said = offer_head(liar, witness, owner)
        if status != 200:
            raise RuntimeError(f"a witness refused an honest head: {status} {said}")
    liar.lie()
    head, status, said = offer_head(liar, light, owner, before["size"])
    if status != 200:
        raise RuntimeError(f"the ordinary witness refused: {status} {said}")
    stage.path(f"cosignatures/{head['size']}").write_text(said)
    _, status, said = offer_head(liar, replaying, owner, before["size"])
    if status == 200:
        raise RuntimeError(f"the replaying witness cosigned: {said}")
    wait_for_evidence(replaying)

    ask = ("in", ORIGIN, "one")
    without = stage.person("alice").asks(*ask, server=liar, policy=light.policy)
    with_ = stage.person("bob").asks(*ask, "--require-replay", server=liar,
                                     policy=replaying.policy)
    found = stage.person("auditor").asks("audit", ORIGIN, key=liar.vkey, server=liar)
    return Outcome(found, liar.vkey, without, with_)


def told(lie, id, title, finds, remains, *command, evidence=None,
         before=("in", ORIGIN, "one")):
    """An attack: the server tells one lie to somebody who has asked it before.

    `command` may name ABOUT, the record that the lie is about.
    """
    def act(stage):
        liar = stage.liar(lie)
        alice = stage.person("alice")
        alice.does(*before, key=liar.vkey, server=liar)
        about = liar.lie()
        words = [about if word == "ABOUT" else word for word in command]
        return Outcome(alice.asks(*words, server=liar), liar.vkey)
    return attack(id, title, who="a reader who asked before", finds=finds,
                  evidence=evidence, remains=remains)(act)


REFUSED = ("UNVERIFIED", 3, "proof does not verify")
NOTHING = ("nothing: one set root has one answer for each record. That the root is the "
           "set's is another matter (wrong-index)")
AT_V1 = ("in", ORIGIN, "one", "--at", "v1")
ASK = ("in", ORIGIN, "--hash", "ABOUT")

ATTACKS = [
    wrong_index,
    told("KeyLeftOut", "omitted-key", "a member is left out of the tree of the proof",
         REFUSED, NOTHING, *ASK),
    told("KeyPutIn", "added-key", "a stranger is put into the tree of the proof",
         REFUSED, NOTHING, *ASK),
    told("EmptySet", "empty-set", "the set is said to be empty", REFUSED, NOTHING,
         *ASK),
    told("OneMember", "one-member", "the set is said to have one other member", REFUSED,
         NOTHING, *ASK),
    told("FirstKeyLeftOut", "first-key", "absent: it would come before the first key",
         REFUSED, NOTHING, *ASK),
    told("LastKeyLeftOut", "last-key", "absent: it would come after the last key",
         REFUSED, NOTHING, *ASK),
    told("WrongCountInTheIndexEntry", "wrong-count", "a version claims one member more",
         ("MISBEHAVIOUR", 4, "one of 1 members"),
         "who asks about nothing in that version does not see it",
         "in", ORIGIN, "one", "--out", "one.setproof", evidence="wrong_count"),
    told("TagMoved", "moved-tag", "the name of a version is given to another one",
         ("MISBEHAVIOUR", 4, "used twice"),
         "who never asked for the version before, and does not list the tags",
         *AT_V1, evidence="tag_twice", before=AT_V1),
    told("AcknowledgedAndNeverMerged", "never-merged",
         "records are acknowledged, and come into no head",
         (None, 3, "acknowledged records up to position"),
         "no evidence: an acknowledgement is not signed. Who does not wait for `added` "
         "has nothing in hand", "add", ORIGIN, "one", "never"),
]
