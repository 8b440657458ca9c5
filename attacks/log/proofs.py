"""Attacks with proofs: true ones of something else, none at all, and what is none."""

import base64
import json
import random
import socket

from log.attack import Outcome, attack
from log.sets import told
from log.stage import ORIGIN

OTHER = "example.org/other"
MIX = "nothing: the checkpoint, the manifest and the index entry are checked together"


def proof_file(stage, log, name, record, *flags, origin=ORIGIN, vkey=None):
    """A true one, as JSON."""
    person = stage.person("prover")
    person.asks("in", origin, record, *flags, "--out", name, key=vkey or log.vkey,
                server=log)
    return json.loads(stage.path(name).read_text())


def shown(stage, proof, vkey, *flags, record="mine"):
    """What a reader is told of a file that the attacker has made."""
    stage.path("shown.setproof").write_text(json.dumps(proof))
    return stage.person("alice").asks("verify", "shown.setproof", "--record", record,
                                      *flags, key=vkey)


@attack("other-origin", "a proof of another log is shown, under this log's name",
        who="a reader, with the file alone",
        finds=("UNVERIFIED", 3, "not signed"), remains=MIX)
def other_origin(stage):
    log = stage.log()
    log.add("another")
    vkey = log.init(OTHER)
    log.add("mine", origin=OTHER)
    proof = proof_file(stage, log, "other.setproof", "mine", origin=OTHER, vkey=vkey)
    proof["checkpoint"] = proof["checkpoint"].replace(OTHER, ORIGIN)
    return Outcome(shown(stage, proof, log.vkey))


@attack("other-version", "the answer of an older version is shown under the newest one",
        who="a reader, with the file alone",
        finds=("UNVERIFIED", 3, "does not verify"), remains=MIX)
def other_version(stage):
    log = stage.log()
    log.add("another", "and-another")
    stage.record("mine")
    proof = proof_file(stage, log, "old.setproof", "mine")
    log.add("mine", "one-more")
    absent = proof["lookup"]
    proof = proof_file(stage, log, "new.setproof", "mine")
    proof["lookup"] = dict(absent, count=proof["lookup"]["count"])
    proof.pop("added")
    return Outcome(shown(stage, proof, log.vkey))


@attack("other-scheme", "the record is one of another scheme, in another log",
        who="a reader, with the file alone",
        finds=("UNVERIFIED", 3, "leads to root"), remains=MIX)
def other_scheme(stage):
    log = stage.log()
    log.add("mine")
    vkey = log.init(OTHER, "--scheme", "text/1")
    of_text = proof_file(stage, log, "text.setproof", "mine", "--lines", origin=OTHER,
                         vkey=vkey)
    proof = proof_file(stage, log, "bytes.setproof", "mine")
    proof["manifest"]["entry"] = of_text["manifest"]["entry"]
    return Outcome(shown(stage, proof, log.vkey))


@attack("stale-proof", "a true proof from before the record was added, sent on purpose",
        who="a reader, who asks for version v2",
        finds=("UNVERIFIED", 3, "not for version v2"), without=("ABSENT", 1),
        with_=("UNVERIFIED", 3, "not for version v2"),
        remains="who asks for no version, and does not read the one in the verdict")
def stale_proof(stage):
    log = stage.log()
    log.add("another")
    log.tag("v1")
    log.add("mine")
    log.tag("v2")
    proof = proof_file(stage, log, "old.setproof", "mine", "--at", "v1")
    if (behind := shown(stage, proof, log.vkey, "--max-lag", "0")).exit != 3:
        raise RuntimeError(f"--max-lag 0 is told: {behind}")
    found = shown(stage, proof, log.vkey, "--at", "v2")
    return Outcome(found, without=shown(stage, proof, log.vkey), with_=found)


@attack("withheld", "the server answers nobody",
        who="a reader", finds=("UNVERIFIED", 3, "no answer"),
        remains="nobody can make a server answer; a proof file that was kept still "
                "verifies")
def withheld(stage):
    log = stage.log()
    log.add("mine")
    alice = stage.person("alice")
    alice.does("in", ORIGIN, "mine", "--out", "kept.setproof", key=log.vkey, server=log)
    log.stop()
    alice.does("verify", "kept.setproof")
    return Outcome(alice.asks("in", ORIGIN, "mine", "--expect", "absent", server=log))


def changed(value, dice):
    """One bit of what the field says is another; of a checkpoint, one letter."""
    if value.isdigit():
        return str(int(value) ^ 1)
    if "\n" in value:
        at = dice.choice([i for i, letter in enumerate(value) if letter.isalnum()])
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1:]
    content = bytearray(base64.b64decode(value))
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return base64.b64encode(content).decode()


def with_one_change(proof, dice):
    """The proof again for each of its fields, with that one changed."""
    for name, value in proof.items():
        inner = value.items() if isinstance(value, dict) else ()
        for field, text in inner:
            yield dict(proof, **{name: dict(value, **{field: changed(text, dice)})})
        if not inner:
            yield dict(proof, **{name: changed(value, dice)})


@attack("hostile-file", "a true proof file of which one field is another, or cut off",
        who="a reader, once for each", finds=("UNVERIFIED", 3),
        remains="bugs in parsers, which are fuzzed")
def hostile_file(stage):
    log = stage.log()
    log.add("another", "mine", "third")
    log.tag("v1")
    proof = proof_file(stage, log, "true.setproof", "mine", "--at", "v1")
    if (true := shown(stage, proof, log.vkey)).exit != 0:
        raise RuntimeError(f"the true one is told: {true}")
    answers = [shown(stage, damaged, log.vkey)
               for damaged in with_one_change(proof, random.Random(1))]
    text = stage.path("true.setproof").read_text().rstrip()
    for length in range(0, len(text), len(text) // 8):
        stage.path("shown.setproof").write_text(text[:length])
        answers.append(stage.person("alice").asks("verify", "shown.setproof"))
    for answer in answers:
        if (answer.verdict, answer.exit) != ("UNVERIFIED", 3):
            return Outcome(answer)
    return Outcome(answers[0])


@attack("hostile-bytes", "rubbish is sent to both ports of the server",
        who="a reader, afterwards", finds=("PRESENT", 0),
        remains="bugs, in gRPC 1.51 above all: keep it on loopback or behind a proxy")
def hostile_bytes(stage):
    log = stage.log()
    log.add("mine")
    dice = random.Random(1)
    host, port = log.process.http.rsplit(":", 1)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for start in (b"", b"GET /", b"POST /../../keys HTTP/1.1\r\n", preface, preface[:9],
                  preface + bytes(9), preface + b"\xff\xff\xff\4" + bytes(5)):
        for grpc in (True, False):
            kind = socket.AF_UNIX if grpc else socket.AF_INET
            with socket.socket(kind) as plug:
                plug.connect(log.address.removeprefix("unix:") if grpc
                             else (host, int(port)))
                try:
                    plug.sendall(start + dice.randbytes(20000))
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it has had enough
    found = stage.person("alice").asks("in", ORIGIN, "mine", key=log.vkey, server=log)
    log.stop()
    return Outcome(found)


AMBIGUOUS = ("nothing: leaves and nodes are hashed apart, and a path has one length "
             "for a position and a size")

ATTACKS = [
    other_origin, other_version, other_scheme, stale_proof, withheld,
    told("NoProofAtAll", "withheld-one", "the answer comes without its proof",
         ("UNVERIFIED", 3, "an item is missing"), "nobody can make a server answer",
         "in", ORIGIN, "one", "--expect", "absent"),
    told("InnerNodeAsLeaf", "inner-node", "an inner node is shown as an entry",
         (None, 3, "hashes instead of"), AMBIGUOUS, "inclusion", ORIGIN, "2"),
    told("LastLeafDoubled", "doubled-leaf", "the last entry is its own neighbour",
         (None, 3, "hashes instead of"), AMBIGUOUS, "inclusion", ORIGIN, "6"),
    told("ValidPathOfAnotherIndex", "wrong-position", "a true path, of the next entry",
         (None, 3, "leads to root"), AMBIGUOUS, "inclusion", ORIGIN, "2"),
    told("ValidPathOfAnotherSize", "wrong-size", "a true path, in a smaller tree",
         (None, 3, "hashes instead of"), AMBIGUOUS, "inclusion", ORIGIN, "2"),
    told("WordsLikeAVerdict", "hostile-words", "an error reads like a verdict",
         ("UNVERIFIED", 3, "x\\nPRESENT"),
         "who reads the words of a server as a person's; scripts have the exit code",
         "in", ORIGIN, "one"),
    hostile_file, hostile_bytes,
]
