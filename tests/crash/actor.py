"""One log's owner in the kill test: runs commands, again and again until each succeeds.

Records are the SHA-256 of a session's name and a number, so that every entry of the log
says which session it is of. The actor tells the model what it is about to send before it
sends it, and what was acknowledged as soon as it knows.
"""

import json
import os
import random
import threading

from model import ADD, REMOVE, Wrong, sha256

# --retry-for in ms. Survives restarts on the same port, also a dozen in a row on a busy
# machine, of which a try may meet none alive.
LONG = 60000
MAX_RUNS = 400


class Actor(threading.Thread):
    def __init__(self, arena, log, scheme, seed, limit):
        super().__init__(name=log.origin, daemon=True)
        self.arena, self.rig, self.log, self.scheme = arena, arena.rig, log, scheme
        self.random = random.Random(f"{seed} {log.origin}")
        self.limit = limit  # records to send, about
        self.lock = threading.Lock()  # of self.log
        self.sent = 0
        self.in_set = []  # values added and not removed since
        self.out_of_set = []
        self.tags = {}  # name -> m
        self.finished = 0  # commands
        self.error = None
        self.ledger = self.rig.path(f"ledger.{self.rig.number()}")
        self.ends = {}  # session -> (acknowledged, first, end, size)

    def run(self):
        try:
            self.init()
            while not self.arena.stopping:
                self.one_command()
                self.finished += 1
        except BaseException as error:  # reported by the main thread
            self.error = error

    # Until exit code 0, whatever is killed meanwhile; its last output.
    def until_done(self, *arguments):
        for _ in range(MAX_RUNS):
            retry = self.random.choice((300, 1000, LONG, LONG))
            done = self.arena.client(
                [
                    self.rig.program("setlog"),
                    "--server",
                    self.arena.address(),
                    *arguments,
                    "--retry-for",
                    f"{retry}ms",
                    "--json",
                ],
                survives_restart=retry == LONG,
            )
            if done.code == 0 or done.reported():
                return done.lines()
            if done.code == 3 and retry == LONG and not self.arena.moved_since(done):
                raise Wrong(f"did not survive a restart: {arguments}\n{done.err}")
            done.expect(3, -9)
        raise Wrong(f"not done after {MAX_RUNS} runs: {arguments}")

    def init(self):
        origin = self.log.origin
        answer = self.until_done("init", origin, "--scheme", self.scheme)[0]
        self.vkey = answer["vkey"]
        if answer["origin"] != origin or answer["size"] < 2:
            raise Wrong(f"init says {answer}")

    def one_command(self):
        commands = [self.add] * 6 + [self.remove] * 2 + [self.tag, self.direct, self.look]
        self.random.choice(commands)()

    def count(self):
        if self.sent > self.limit:
            return self.random.randint(1, 40)
        return int(2 ** self.random.uniform(0, 14.5))

    def name_session(self, kind):
        return f"{kind}{self.rig.number()}"

    def expect(self, kind, name, records):
        self.sent += len(records)
        with self.lock:
            return self.log.expect(kind, name, records)

    def acknowledged(self, session, count):
        with self.lock:
            session.acknowledged = max(session.acknowledged, count)

    def write_input(self, name, data):
        path = self.rig.path(name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def hashes_input(self, name, records):
        if self.random.random() < 0.5:
            return "--packed", self.write_input(name, b"".join(records))
        lines = "".join(r.hex() + "\n" for r in records)
        return "--hashes", self.write_input(name, lines.encode())

    def file_input(self, name, count):
        """Records as files: their values, and the arguments that name them."""
        texts = [json.dumps({"n": i, "of": name}) for i in range(count)]
        if self.scheme == "bytes/1":
            texts = texts[:30]
            paths = [self.write_input(f"{name}.{i}", t.encode()) for i, t in enumerate(texts)]
            return [sha256(t.encode()) for t in texts], paths
        forms = [json.dumps(json.loads(t), sort_keys=True, separators=(",", ":")) for t in texts]
        path = self.write_input(f"{name}.jsonl", "".join(t + "\n" for t in texts).encode())
        return [sha256(form.encode()) for form in forms], [path]

    def add(self):
        name = self.name_session("add")
        count = self.count()
        if self.random.random() < 0.4:
            records, arguments = self.file_input(name, count)
        else:
            records = [sha256(f"{name} {i}".encode()) for i in range(count)]
            if self.random.random() < 0.3:  # duplicates keep their positions
                records += self.random.choices(records, k=1 + count // 10)
            arguments = self.hashes_input(name, records)
        self.append(ADD, name, records, "add", arguments)
        if self.random.random() < 0.1:  # the session is over: all of them once more
            self.append(ADD, name + " again", records, "add", arguments)
        self.in_set += set(records)

    def remove(self):
        if not self.in_set:
            return
        name = self.name_session("remove")
        chosen = self.random.sample(self.in_set, min(len(self.in_set), self.count()))
        absent = [sha256(f"{name} {i}".encode()) for i in range(3)]
        self.append(
            REMOVE, name, chosen + absent, "remove", self.hashes_input(name, chosen + absent)
        )
        gone = set(chosen)
        self.in_set = [r for r in self.in_set if r not in gone]
        self.out_of_set += chosen + absent

    def append(self, kind, name, records, command, arguments):
        session = self.expect(kind, name, records)
        no_wait = ["--no-wait"] if self.random.random() < 0.3 else []
        answer = self.until_done(command, self.log.origin, *arguments, *no_wait)[0]
        counted = answer["added" if kind == ADD else "removed"]
        if counted != len(records):
            raise Wrong(f"{name}: {counted} counted of {len(records)}")
        if not no_wait and answer["index_size"] < answer["first"] + len(records):
            raise Wrong(f"{name}: done, but indexed to {answer['index_size']} only")
        self.acknowledged(session, counted)
        self.ends[name] = (counted, answer["first"], None, answer["size"])

    def direct(self):
        """By the library alone, with a ledger of each acknowledgement."""
        name = os.urandom(16).hex()
        records = [sha256(f"{name} {i}".encode()) for i in range(self.count())]
        path = self.write_input(f"direct.{name}", b"".join(records))
        self.expect(ADD, name, records)
        for _ in range(MAX_RUNS):
            retry = self.random.choice((300, LONG))
            done = self.arena.client(
                [
                    self.rig.program("crash_client"),
                    "append",
                    self.arena.address(),
                    os.path.join(self.arena.data, "admin.token"),
                    self.log.origin,
                    name,
                    "add",
                    path,
                    self.ledger,
                    str(retry),
                ],
                survives_restart=retry == LONG,
            )
            if done.code == 0:
                break
            if done.code == 3 and retry == LONG and not self.arena.moved_since(done):
                raise Wrong(f"did not survive a restart: {done.err}")
            done.expect(3, -9)
        else:
            raise Wrong(f"not done after {MAX_RUNS} runs")
        self.in_set += records

    def tag(self):
        name = f"v{self.rig.number()}"
        answer = self.until_done("tag", self.log.origin, name)[0]
        if answer["tag"] != name:
            raise Wrong(f"tag {name} says {answer}")
        self.tags[name] = (answer["index_size"], answer["set_root"])

    def look(self):
        if not self.in_set:
            return
        r = self.random.choice(self.in_set)
        out = self.rig.path(f"{self.rig.number()}.setproof")
        arguments = ("in", self.log.origin, "--hash", r.hex(), "--out", out)
        for _ in range(MAX_RUNS):
            command = [self.rig.program("setlog"), "--server", self.arena.address()]
            done = self.arena.client(
                [*command, *arguments, "--retry-for", "1s", "--json"], survives_restart=False
            )
            # Sent with --no-wait, it may not be indexed yet.
            done.expect(0, 1, 3, -9)
            if done.code == 0:
                break
        else:
            raise Wrong(f"{r.hex()} is not found")
        done = self.arena.client(
            [self.rig.program("setlog"), "verify", out, "--hash", r.hex(), "--key", self.vkey],
            survives_restart=False,
        )
        done.expect(0, -9)

    def read_ledger(self):
        """Takes the acknowledgements that crash_client wrote."""
        if not os.path.exists(self.ledger):
            return
        with open(self.ledger, encoding="ascii") as file:
            lines = [line.split() for line in file.read().splitlines()]
        for word, name, *numbers in lines:
            count = int(numbers[0])
            if word == "end":
                self.ends[name] = tuple(map(int, numbers))
            self.acknowledged(self.log.sessions[name], count)
