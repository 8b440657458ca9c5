"""Attacks on private logs: another label for a record, under this key or another."""

from log.attack import Outcome, attack
from log.sets import told
from log.stage import ORIGIN

ONE_LABEL = ("nothing: entry 0 names the key, and under a key a record has one label, "
             "whoever made it")


@attack("second-manifest", "the log names a second VRF key in a later entry",
        who="an auditor, who replays the log",
        finds=("MISBEHAVIOUR", 4, "malformed"), evidence="malformed_entry",
        without=("PRESENT", 0), with_=("MISBEHAVIOUR", 4, "malformed"),
        remains="answers stay those under the first key, and right: it changes nothing "
                "for who does not audit")
def second_manifest(stage):
    liar = stage.liar("SecondManifest")
    liar.lie()
    without = stage.person("alice").asks("in", ORIGIN, "one", key=liar.vkey,
                                         server=liar)
    found = stage.person("auditor").asks("audit", ORIGIN, key=liar.vkey, server=liar)
    return Outcome(found, liar.vkey, without, found)


@attack("other-vrf-key", "a reader is given another VRF key than the log's",
        who="a reader with that key", finds=(None, 2, "is not the VRF key of"),
        remains=ONE_LABEL)
def other_vrf_key(stage):
    log = stage.log()
    owner = stage.person("owner-one")
    for name in ("owner.vrf", "other.vrf"):
        owner.does("key", "vrf", "--out", name, "--no-passphrase")
    origin = "example.org/private"
    vkey = log.init(origin, "--scheme", "bytes/1", "--vrf-key", "owner.vrf")
    stage.record("mine")
    log.owner_does("add", origin, "mine", "--vrf-key", "owner.vrf")
    alice = stage.person("alice")
    ask = ("in", origin, "mine", "--expect", "absent", "--vrf-key")
    return Outcome(alice.asks(*ask, "other.vrf", key=vkey, server=log))


ATTACKS = [
    told("SecondVrfKey", "second-vrf-key", "the prover answers under a second VRF key",
         ("UNVERIFIED", 3, "VRF"), ONE_LABEL, "in", ORIGIN, "one"),
    told("SecondLabel", "second-label", "the prover answers with another label",
         ("UNVERIFIED", 3, "VRF"), ONE_LABEL, "in", ORIGIN, "one"),
    second_manifest,
    other_vrf_key,
]
