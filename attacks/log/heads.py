"""Attacks on the history: what one log shows to whom, and when. The servers are true
ones, on files that were copied, put back or stolen; who does it has the log's key.
"""

import time

from log.attack import Outcome, attack
from log.stage import ORIGIN


def witnessed(stage, copied_as=None):
    """A log whose every head an ordinary witness cosigns; it never replays.

    A copy of its files is from before the first cosignature: else a first reader would
    be shown the last head that was cosigned (backdated_head).
    """
    log = stage.log()
    witness = stage.witness(log, light=True)
    log.stop()
    if copied_as:
        log.copy(copied_as)
    log.start(witness.policy)
    return log, witness


def add_cosigned(stage, log, witness, record):
    """Until a reader with the witness's policy is told that it is in the set."""
    log.add(record)
    stage.person("waiting").asks_until(0, "in", ORIGIN, record, server=log,
                                       policy=witness.policy)


@attack("split-view", "two readers are shown two histories of one log",
        who="alice, whom bob sends his proof",
        finds=("MISBEHAVIOUR", 4, "two heads of size 4"), evidence="two_roots",
        without=("ABSENT", 1), with_=("UNVERIFIED", 3, "quorum is not met"),
        remains="readers without a policy who never compare can be kept apart; so can "
                "all, if enough witnesses lie with the log")
def split_view(stage):
    log, witness = witnessed(stage, "two")
    add_cosigned(stage, log, witness, "mine")
    other = stage.serve("two", log, witness.policy)
    other.add("another")

    alice, bob = stage.person("alice"), stage.person("bob")
    alice.does("in", ORIGIN, "mine", key=log.vkey, server=log)
    without = bob.asks("in", ORIGIN, "mine", "--out", "bob.setproof", key=log.vkey,
                       server=other)
    with_ = stage.person("carol").asks("in", ORIGIN, "mine", server=other,
                                       policy=witness.policy)
    return Outcome(alice.asks("verify", "bob.setproof"), log.vkey, without, with_)


def seen_by_alice(stage):
    """She has seen that the record is in the set; there are files from before that."""
    log, witness = witnessed(stage, "before")
    add_cosigned(stage, log, witness, "mine")
    alice = stage.person("alice")
    alice.does("in", ORIGIN, "mine", key=log.vkey, server=log)
    log.stop()
    return log, witness, alice


@attack("rewrite", "a record is taken out of the history, which goes on without it",
        who="alice, who asked before",
        finds=("MISBEHAVIOUR", 4, "not shown to continue"), evidence="fork",
        without=("ABSENT", 1), with_=("UNVERIFIED", 3, "quorum is not met"),
        remains="a first reader without a policy sees one history, and has no other to "
                "compare it with")
def rewrite(stage):
    log, witness, alice = seen_by_alice(stage)
    rewritten = stage.serve("before", log, witness.policy)
    rewritten.add("another", "and-another")
    rewritten.add("one-more")
    ask = ("in", ORIGIN, "mine")
    without = stage.person("bob").asks(*ask, key=log.vkey, server=rewritten)
    with_ = stage.person("carol").asks(*ask, server=rewritten, policy=witness.policy)
    return Outcome(alice.asks(*ask, server=rewritten), log.vkey, without, with_)


@attack("rollback", "the server shows an older head, from before a record",
        who="alice, who asked before", finds=("UNVERIFIED", 3, "went back"),
        without=("ABSENT", 1), with_=("UNVERIFIED", 3, "went back"),
        remains="no evidence: an old head is an honest one, shown late. A first reader "
                "without --max-age takes it, whatever the policy")
def rollback(stage):
    log, _, alice = seen_by_alice(stage)
    old = stage.serve("before", log)
    ask = ("in", ORIGIN, "mine")
    without = stage.person("bob").asks(*ask, key=log.vkey, server=old)
    found = alice.asks(*ask, server=old)
    return Outcome(found, without=without, with_=found)


@attack("old-disk", "after a crash the server's disk holds an older state",
        who="alice, who asked before the crash",
        finds=("MISBEHAVIOUR", 4, "not shown to continue"), evidence="fork",
        without=("ABSENT", 1), with_=(None, 3, "anchor"),
        remains="an anchor on the disk that went back goes back with it; who deletes "
                "the anchor, or says --accept-rollback, forks the log")
def old_disk(stage):
    log = stage.log()
    log.stop()
    anchor = stage.path("anchor-on-another-disk")
    (log.data / "anchor").rename(anchor)
    log.copy("before")
    (log.data / "anchor").write_bytes(anchor.read_bytes())
    (stage.path("data-before") / "anchor").write_bytes(anchor.read_bytes())
    log.start()
    log.add("mine")
    alice = stage.person("alice")
    alice.does("in", ORIGIN, "mine", key=log.vkey, server=log)
    log.process.kill()
    anchor.write_bytes((log.data / "anchor").read_bytes())

    # With the anchor that was kept setlogd ends; with the old one it forks the log.
    refused = stage.starts("data-before", "--anchor", anchor.name)
    forked = stage.serve("before", log)
    forked.add("another", "and-another")
    forked.add("one-more")
    ask = ("in", ORIGIN, "mine")
    without = stage.person("bob").asks(*ask, key=log.vkey, server=forked)
    return Outcome(alice.asks(*ask, server=forked), log.vkey, without, refused)


@attack("two-servers", "somebody else's server has a log of the same name",
        who="bob, who has the owner's key",
        finds=("UNVERIFIED", 3, "not signed by the known key"), without=("PRESENT", 0),
        with_=("UNVERIFIED", 3, "not signed by the known key"),
        remains="a key taken at first use is the word of whichever server answers")
def two_servers(stage):
    true, false = stage.log("one"), stage.log("two")
    true.add("another")
    false.add("mine")
    ask = ("in", ORIGIN, "mine")
    without = stage.person("alice").asks(*ask, server=false)
    found = stage.person("bob").asks(*ask, key=true.vkey, server=false)
    return Outcome(found, without=without, with_=found)


@attack("stolen-key", "a thief of the signing key serves a history of his own",
        who="alice, who asked the owner's server before",
        finds=("MISBEHAVIOUR", 4, "not shown to continue"), evidence="fork",
        without=("PRESENT", 0), with_=("UNVERIFIED", 3, "quorum is not met"),
        remains="the owner is convicted, too: the key has signed it. The log is over, "
                "and its successor's key has to reach everybody by another way")
def stolen_key(stage):
    log, witness = witnessed(stage)
    add_cosigned(stage, log, witness, "mine")
    alice = stage.person("alice")
    alice.does("in", ORIGIN, "mine", key=log.vkey, server=log)
    (key,) = (log.data / "keys").glob("*.key")
    thief = stage.liar("Fork", "--key", key)  # never told to lie: its log is one
    ask = ("in", ORIGIN, "one")
    without = stage.person("bob").asks(*ask, key=log.vkey, server=thief)
    with_ = stage.person("carol").asks(*ask, server=thief, policy=witness.policy)
    return Outcome(alice.asks(*ask, server=thief), log.vkey, without, with_)


@attack("backdated-head", "a first reader is shown a cosigned head of some time ago",
        who="bob, who wants it recent",
        finds=("UNVERIFIED", 3, "head is stale"), without=("ABSENT", 1),
        with_=("UNVERIFIED", 3, "head is stale"),
        remains="a head claims no time; the witnesses' clocks do, and within --max-age "
                "an older head passes")
def backdated_head(stage):
    log, witness = witnessed(stage)
    add_cosigned(stage, log, witness, "another")
    log.stop()
    log.copy("frozen")
    log.start(witness.policy)
    log.add("mine")
    frozen = stage.serve("frozen", log, witness.policy)
    time.sleep(2.5)  # times of cosignatures are whole seconds
    ask = ("in", ORIGIN, "mine")
    without = stage.person("alice").asks(*ask, server=frozen, policy=witness.policy)
    found = stage.person("bob").asks(*ask, "--max-age", "1s", server=frozen,
                                     policy=witness.policy)
    return Outcome(found, without=without, with_=found)


ATTACKS = [split_view, rewrite, rollback, old_disk, two_servers, stolen_key,
           backdated_head]
