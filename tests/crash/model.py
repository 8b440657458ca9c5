"""What a log must be, computed from its raw entries by code that shares nothing with it.

  log = Log("example.org/a")
  log.expect(ADD, "s1", [r0, r1, ...])   # a session's records, in order
  log.feed(entry)                        # each object of `setlog entries --json`, once
  log.root(size)                         # of the tree over the first `size` entries

`feed` raises Wrong when an entry is not what a session was to send next (lost, doubled,
out of order, foreign), when an index entry does not commit to the set at its m, or when
a tag names no index entry. Hashes are bytes.
"""

import hashlib

ADD, REMOVE = 1, 2
KINDS = {"add": ADD, "remove": REMOVE}


class Wrong(Exception):
    pass


def sha256(data):
    return hashlib.sha256(data).digest()


class Frontier:
    """RFC 6962, section 2.1: the roots of the perfect trees of a growing list, and the
    root of the whole at every size that it has had."""

    def __init__(self):
        self.roots = [sha256(b"")]
        self.peaks = []  # of falling sizes

    def append(self, leaf):
        size = len(self.roots)  # with the new leaf
        node = leaf
        while size % 2 == 0:
            node = sha256(b"\x01" + self.peaks.pop() + node)
            size //= 2
        self.peaks.append(node)
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = sha256(b"\x01" + peak + root)
        self.roots.append(root)


class SortedTree:
    """The sorted tree by its definition, with the hashes of unchanged subtrees kept.

    A node is [d, left, right, hash or None, some key below it]; a leaf [256, key]."""

    def __init__(self):
        self.members = {}  # K(r) as a number -> r
        self.top = None

    @staticmethod
    def key(r):
        return int.from_bytes(sha256(b"\x10" + r), "big")

    @staticmethod
    def _bit(key, d):
        return key >> (255 - d) & 1

    @staticmethod
    def _any(node):
        return node[1] if node[0] == 256 else node[4]

    def add(self, r):
        key = self.key(r)
        if key not in self.members:
            self.members[key] = r
            self.top = self._insert(self.top, key)

    def remove(self, r):
        key = self.key(r)
        if self.members.pop(key, None) is not None:
            self.top = self._delete(self.top, key)

    def _insert(self, node, key):
        if node is None:
            return [256, key]
        d = 256 - (self._any(node) ^ key).bit_length()
        if d < node[0]:
            leaf = [256, key]
            pair = (node, leaf) if self._bit(key, d) else (leaf, node)
            return [d, *pair, None, key]
        side = 1 + self._bit(key, node[0])
        node[side] = self._insert(node[side], key)
        node[3] = None
        return node

    def _delete(self, node, key):
        if node[0] == 256:
            return None
        side = 1 + self._bit(key, node[0])
        node[side] = self._delete(node[side], key)
        if node[side] is None:
            return node[3 - side]
        node[3] = None
        return node

    def _hash(self, node):
        if node[0] == 256:
            return node[1].to_bytes(32, "big")
        if node[3] is None:
            node[3] = sha256(
                b"\x11" + bytes([node[0]]) + self._hash(node[1]) + self._hash(node[2])
            )
        return node[3]

    def root(self):
        body = self._hash(self.top) if self.top else b""
        return sha256(b"\x12" + len(self.members).to_bytes(8, "big") + body)


class Session:
    def __init__(self, name, records):
        self.name = name
        self.records = records
        self.positions = []  # where they stand
        self.acknowledged = 0  # so many, says somebody's ledger


class Log:
    def __init__(self, origin):
        self.origin = origin
        self.tree = Frontier()
        self.set = SortedTree()
        self.changes = []  # (position, type, r) that the set has not got yet
        self.size = 0
        self.index = {}  # m -> (n, set root)
        self.newest_m = 0
        self.tags = {}  # name -> m
        self.sessions = {}
        self.owner = {}  # (type, r) -> its sessions

    def expect(self, kind, name, records):
        session = Session(name, records)
        self.sessions[name] = session
        for r in set(records):
            self.owner.setdefault((kind, r), []).append(session)
        return session

    def root(self, size):
        return self.tree.roots[size]

    def feed(self, entry):
        raw = bytes.fromhex(entry["entry"])
        at = self.size
        if entry["index"] != at:
            raise Wrong(f"entry {at} says it is {entry['index']}")
        kind = entry["type"]
        if (kind == "manifest") != (at == 0):
            raise Wrong(f"entry {at} is a {kind}")
        if kind in KINDS:
            self._feed_change(at, KINDS[kind], raw)
        elif kind == "index":
            self._feed_index(at, raw, entry)
        elif kind == "tag":
            m, name = int.from_bytes(raw[1:9], "big"), raw[9:].decode()
            if raw[0] != 4 or (m, name) != (entry["m"], entry["name"]):
                raise Wrong(f"entry {at}: its fields are not its bytes")
            if name in self.tags or m not in self.index:
                raise Wrong(f"entry {at}: tag {name} is used, or m = {m} has no index")
            self.tags[name] = m
        self.tree.append(sha256(b"\x00" + raw))
        self.size += 1

    def _feed_change(self, at, kind, raw):
        r = raw[1:]
        if raw[0] != kind or len(r) != 32:
            raise Wrong(f"entry {at} is malformed")
        for session in self.owner.get((kind, r), []):
            done = len(session.positions)
            if done < len(session.records) and session.records[done] == r:
                session.positions.append(at)
                break
        else:
            names = [
                f"{s.name} ({len(s.positions)} of {len(s.records)} are in)"
                for s in self.owner.get((kind, r), [])
            ]
            raise Wrong(f"entry {at}, {r.hex()}, is not what comes next in {names}")
        self.changes.append((at, kind, r))

    def _feed_index(self, at, raw, entry):
        m, n, root = entry["m"], entry["n"], bytes.fromhex(entry["set_root"])
        if raw != b"\x03" + m.to_bytes(8, "big") + n.to_bytes(8, "big") + root:
            raise Wrong(f"entry {at}: its fields are not its bytes")
        if not self.newest_m < m <= at:
            raise Wrong(f"entry {at}: m = {m} after m = {self.newest_m}")
        rest = 0
        for position, kind, r in self.changes:
            if position >= m:
                break
            (self.set.add if kind == ADD else self.set.remove)(r)
            rest += 1
        del self.changes[:rest]
        if (n, root) != (len(self.set.members), self.set.root()):
            raise Wrong(f"entry {at} does not commit to the set at {m}")
        self.newest_m = m
        self.index[m] = (n, root)

    def check_acknowledged(self):
        for session in self.sessions.values():
            if len(session.positions) < session.acknowledged:
                raise Wrong(
                    f"{self.origin}: {session.acknowledged} records of {session.name} "
                    f"were acknowledged, {len(session.positions)} are in the log"
                )
