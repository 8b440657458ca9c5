"""Judges what setlog prints, with code that shares nothing with it (for e2e_test.sh).

  e2e_check.py fields PATTERN <OUTPUT      each line is an object that fits its pattern
  e2e_check.py jcs RECORDS OUTPUT          `hash --json` against SHA-256 of the JCS form
  e2e_check.py replay ENTRIES HEAD         log root, every index entry, tags, the head
  e2e_check.py note FILE VKEY SIZE         a signed note's lines and its key's name
  e2e_check.py inclusion ENTRIES PROOF     against the tree over the raw entries
  e2e_check.py consistency ENTRIES PROOF

A pattern is one JSON object a line; the line must have its keys with equal values of the
same type. "<hash>", "<hashes>", "<int>", "<vkey>" stand for any of that kind.
"""

import hashlib
import json
import re
import sys

HASH = re.compile("[0-9a-f]{64}")
ANY = {
    "<hash>": lambda v: type(v) is str and HASH.fullmatch(v),
    "<hashes>": lambda v: type(v) is list and all(HASH.fullmatch(h) for h in v),
    "<int>": lambda v: type(v) is int and v >= 0,
    "<vkey>": lambda v: type(v) is str and v.count("+") >= 2,
}


def fail(message):
    sys.exit(message)


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def fits(expected, value):
    if type(expected) is str and expected in ANY:
        return bool(ANY[expected](value))
    return type(expected) is type(value) and expected == value


def fields(pattern):
    expected = [json.loads(line) for line in pattern.splitlines()]
    lines = [json.loads(line) for line in sys.stdin]
    if len(lines) != len(expected):
        fail(f"{len(lines)} lines, expected {len(expected)}")
    for wanted, line in zip(expected, lines):
        for key, value in wanted.items():
            if key not in line:
                fail(f"no field {key}")
            if not fits(value, line[key]):
                fail(f"{key} is {line[key]!r}, expected {value!r}")


def sha256(data):
    return hashlib.sha256(data).digest()


# RFC 6962, section 2.1, by its recursive definition.
def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:]))


def inclusion_path(index, leaves):
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return inclusion_path(index, leaves[:split]) + [tree_root(leaves[split:])]
    return inclusion_path(index - split, leaves[split:]) + [tree_root(leaves[:split])]


def consistency_path(size, leaves, whole=True):
    if size == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        return consistency_path(size, leaves[:split], whole) + [tree_root(leaves[split:])]
    return consistency_path(size - split, leaves[split:], False) + [
        tree_root(leaves[:split])
    ]


# The sorted tree, by its definition.
def set_root(members):
    def bit(key, d):
        return key[d // 8] >> (7 - d % 8) & 1

    def node(keys):
        if len(keys) == 1:
            return keys[0]
        d = next(d for d in range(256) if len({bit(k, d) for k in keys}) == 2)
        left = node([k for k in keys if not bit(k, d)])
        return sha256(b"\x11" + bytes([d]) + left + node([k for k in keys if bit(k, d)]))

    head = b"\x12" + len(members).to_bytes(8, "big")
    return sha256(head + node([sha256(b"\x10" + r) for r in members]) if members else head)


def leaves_of(entries):
    return [sha256(b"\x00" + bytes.fromhex(e["entry"])) for e in entries]


def jcs(records, output):
    for record, line in zip(load(records), load(output), strict=True):
        form = json.dumps(record, sort_keys=True, separators=(",", ":"))
        if line["hash"] != sha256(form.encode()).hex():
            fail(f"{line['record']} has the hash {line['hash']}, not that of {form}")


def replay(entries_path, head_path):
    entries, head = load(entries_path), load(head_path)[0]
    members, sets = set(), []
    for position, entry in enumerate(entries):
        sets.append(frozenset(members))
        raw = bytes.fromhex(entry["entry"])
        if entry["index"] != position:
            fail(f"entry {position} says it is {entry['index']}")
        kind = ("manifest", "add", "remove", "index", "tag")[raw[0]]
        if kind != entry["type"]:
            fail(f"entry {position} is no {entry['type']}")
        if kind in ("add", "remove"):
            if raw[1:].hex() != entry["r"]:
                fail(f"entry {position}: r")
            (members.add if kind == "add" else members.discard)(raw[1:])
        elif kind == "index":
            m, n = entry["m"], entry["n"]
            body = m.to_bytes(8, "big") + n.to_bytes(8, "big")
            if raw[1:] != body + bytes.fromhex(entry["set_root"]):
                fail(f"entry {position}: the fields are not its bytes")
            if len(sets[m]) != n or set_root(sets[m]).hex() != entry["set_root"]:
                fail(f"entry {position} does not commit to the set at {m}")
            newest = entry
        elif kind == "tag":
            if raw[1:] != entry["m"].to_bytes(8, "big") + entry["name"].encode():
                fail(f"entry {position}: the fields are not its bytes")
    expected = {
        "size": len(entries),
        "root": tree_root(leaves_of(entries)).hex(),
        "index_size": newest["m"],
        "set_count": newest["n"],
        "set_root": newest["set_root"],
    }
    for key, value in expected.items():
        if head[key] != value:
            fail(f"the head's {key} is {head[key]}, the entries say {value}")


def note(path, vkey, size):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    origin = vkey.split("+")[0]
    if not re.fullmatch(
        re.escape(f"{origin}\n{size}\n")
        + "[A-Za-z0-9+/]{43}=\n\n"
        + re.escape(f"\u2014 {origin} ")
        + "[A-Za-z0-9+/]+=*\n",
        text,
    ):
        fail(f"not a note of {origin} for size {size}")


def inclusion(entries_path, proof_path):
    proof = load(proof_path)[0]
    leaves = leaves_of(load(entries_path))[: proof["size"]]
    path = [h.hex() for h in inclusion_path(proof["index"], leaves)]
    if (proof["leaf_hash"], proof["root"], proof["path"]) != (
        leaves[proof["index"]].hex(),
        tree_root(leaves).hex(),
        path,
    ):
        fail("not the path of that entry in that tree")


def consistency(entries_path, proof_path):
    proof = load(proof_path)[0]
    leaves = leaves_of(load(entries_path))[: proof["size2"]]
    path = [h.hex() for h in consistency_path(proof["size1"], leaves)]
    if (proof["root1"], proof["root2"], proof["path"]) != (
        tree_root(leaves[: proof["size1"]]).hex(),
        tree_root(leaves).hex(),
        path,
    ):
        fail("not the path between these trees")


CHECKS = (fields, jcs, replay, note, inclusion, consistency)
if __name__ == "__main__":
    {check.__name__: check for check in CHECKS}[sys.argv[1]](*sys.argv[2:])
