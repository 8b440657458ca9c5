#!/usr/bin/env python3
"""Kills setlogd and setlog at any time, many times, and compares what is left with what
was acknowledged.

  kill_test.py BIN_DIR [--kills N] [--seed S] [--logs N] [--records N]

Real processes. Owners of several logs run init, add, remove, tag and in; each command is
run again until it succeeds. Meanwhile servers and clients get SIGKILL at random times;
the server comes back on its port, or on another one. Every head that a watcher was shown
is kept, and every acknowledgement that a client saw. After restarts, and at the end:
nothing acknowledged is lost, nothing stands twice, every head ever seen is a prefix of
the log, every index entry commits to the set (model.py recomputes it), tags, lookups,
token and keys are right.
"""

import argparse
import base64
import json
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
from actor import Actor  # noqa: E402
from model import Log, Wrong, sha256  # noqa: E402
from rig import Rig, run  # noqa: E402

MAX_DOWN = 0.25  # seconds between a kill and the next start


class Arena:
    """The server of the moment, and the clients that run."""

    def __init__(self, rig):
        self.rig = rig
        self.data = rig.path("data")
        self.stopping = False
        self.lock = threading.Lock()
        self.server = None
        self.up = threading.Event()
        self.clients = []
        self.moves = 0
        self.restarts = 0

    def address(self):
        with self.lock:
            return self.server.address

    def client(self, command, survives_restart):
        environment = self.rig.client_environment(self.data)
        with self.lock:
            process = self.rig.start(command, environment)
            # The server may have moved since the command was put together.
            process.moves = self.moves if self.server.address in command else -1
            process.survives_restart = survives_restart
            self.clients.append(process)
        done = self.rig.finish(process)
        done.moves = process.moves
        with self.lock:
            self.clients.remove(process)
        return done

    def moved_since(self, done):
        """The client may have looked for the server where it no longer is."""
        with self.lock:
            return self.moves != done.moves

    def start(self, port="0"):
        server = self.rig.server("data", port)
        with self.lock:
            if self.server and self.server.address != server.address:
                self.moves += 1
            self.server = server
        self.restarts += 1

    def kill_client(self, choose):
        with self.lock:
            if not self.clients:
                return False
            choose(self.clients).kill()
            return True

    def kill_server(self, move):
        self.server.kill()
        return "0" if move else self.server.port


class KillTest:
    def __init__(self, rig, options):
        self.rig, self.options = rig, options
        self.random = random.Random(options.seed)
        self.arena = Arena(rig)
        self.watchers = {}
        self.heads = {}  # origin -> {size: root}
        self.notes = {}  # origin -> notes
        self.keys = {}
        per_log = options.records // options.logs
        self.actors = [
            Actor(
                self.arena,
                Log(f"example.org/kill{i}"),
                ("bytes/1", "json/1")[i % 2],
                options.seed,
                per_log,
            )
            for i in range(options.logs)
        ]

    def run(self):
        self.arena.start()
        self.token = self.read("admin.token")
        for actor in self.actors:
            actor.start()
        kills = {"server": 0, "moved": 0, "client": 0}
        while sum(kills.values()) < self.options.kills:
            time.sleep(self.random.random() ** 2 * 0.7)
            self.errors()
            self.watch()
            kind = self.random.choice(("server", "server", "server", "moved", "client"))
            if kind == "client":
                kills["client"] += self.arena.kill_client(self.random.choice)
                continue
            kills[kind] += 1
            port = self.arena.kill_server(kind == "moved")
            if self.random.random() < 0.3:
                kills["client"] += self.arena.kill_client(self.random.choice)
            time.sleep(self.random.random() * MAX_DOWN)
            self.arena.start(port)
            if kind == "moved":
                self.release()
            self.after_restart(self.random.choice(self.actors))
        self.arena.stopping = True
        for actor in self.actors:
            actor.join(timeout=300)
            if actor.is_alive():
                raise Wrong(f"{actor.log.origin}: its last command does not end")
        self.errors()
        for actor in self.actors:
            self.check_log(actor)
            self.check_end(actor)
        self.arena.server.stop()
        # Once more from a clean stop.
        self.arena.start()
        for actor in self.actors:
            self.check_log(actor)
        self.arena.server.stop()
        return (
            f"{sum(kills.values())} kills ({kills['server']} of the server, "
            f"{kills['moved']} and it moved, {kills['client']} of clients), "
            f"{sum(a.finished for a in self.actors)} commands, "
            f"{sum(a.log.size for a in self.actors)} entries, "
            f"{sum(len(h) for h in self.heads.values())} heads"
        )

    def read(self, *names):
        with open(os.path.join(self.arena.data, *names), "rb") as file:
            return file.read()

    def release(self):
        """Clients that would go on asking the old address for long are killed too."""
        with self.arena.lock:
            for process in self.arena.clients:
                if process.survives_restart and process.moves < self.arena.moves:
                    process.kill()

    def watch(self):
        """A watcher for each log, of the server of the moment."""
        for actor in self.actors:
            origin = actor.log.origin
            old = self.watchers.get(origin)
            if old and old.poll() is None and old.address == self.arena.server.address:
                continue
            if old:
                if old.poll() is None:
                    old.kill()
                self.rig.finish(old).expect(-9, 1, 3)  # 1: the log is not there yet
            ledger = self.rig.path("heads")
            self.watchers[origin] = self.rig.start(
                [
                    self.rig.program("crash_client"),
                    "watch",
                    self.arena.server.address,
                    origin,
                    ledger,
                    "3000",
                ]
            )
            self.watchers[origin].address = self.arena.server.address

    def read_heads(self):
        if not os.path.exists(self.rig.path("heads")):
            return
        with open(self.rig.path("heads"), encoding="ascii") as file:
            for line in file.read().splitlines():
                _, origin, size, root = line.split()
                self.saw(origin, int(size), base64.b64decode(root))

    def saw(self, origin, size, root):
        known = self.heads.setdefault(origin, {}).setdefault(size, root)
        if known != root:
            raise Wrong(f"two heads of {origin} at {size}")

    def errors(self):
        for actor in self.actors:
            if actor.error is not None:
                if isinstance(actor.error, Wrong):
                    raise actor.error
                raise RuntimeError(actor.log.origin) from actor.error

    def after_restart(self, actor):
        self.errors()
        if self.read("admin.token") != self.token:
            raise Wrong("the token has changed")
        if actor.log.size > 0 or actor.finished > 0:
            self.check_log(actor)

    def check_log(self, actor):
        """Takes the log's new entries, and judges them."""
        origin, log, server = actor.log.origin, actor.log, self.arena.server
        actor.read_ledger()
        self.read_heads()
        # Before the head is asked for: it must hold all that was acknowledged by now.
        with actor.lock:
            acknowledged = {s: s.acknowledged for s in log.sessions.values()}
        note = self.rig.setlog("head", origin, "--note", server=server).expect(0).out
        head = self.rig.setlog("head", origin, "--json", server=server).expect(0).lines()[0]
        self.saw(origin, head["size"], bytes.fromhex(head["root"]))
        first, size, root = note.split("\n")[:3]
        if first != origin:
            raise Wrong(f"a note of {first} for {origin}")
        self.saw(origin, int(size), base64.b64decode(root))
        self.notes.setdefault(origin, []).append(note)
        if log.size < head["size"]:
            entries = self.rig.setlog(
                "entries",
                origin,
                "--from",
                str(log.size),
                "--to",
                str(head["size"]),
                "--json",
                server=server,
            ).expect(0)
            with actor.lock:
                for entry in entries.lines():
                    log.feed(entry)
        with actor.lock:
            if log.size < head["size"]:
                raise Wrong(f"{origin}: {log.size} entries for a head of {head['size']}")
            for session, count in acknowledged.items():
                if len(session.positions) < count:
                    raise Wrong(
                        f"{origin}: {count} records of {session.name} were acknowledged, "
                        f"{len(session.positions)} are in the log"
                    )
            for size, root in self.heads[origin].items():
                if size <= log.size and log.root(size) != root:
                    raise Wrong(f"{origin}: the head at {size} is of another history")
            m = head["index_size"]
            if m in log.index and log.index[m] != (
                head["set_count"],
                bytes.fromhex(head["set_root"]),
            ):
                raise Wrong(f"{origin}: the head's set at {m} is not that of its entry")
            old = self.random.choice(sorted(s for s in self.heads[origin] if s <= log.size))
        proof = self.rig.setlog(
            "consistency", origin, str(old), str(head["size"]), "--json", server=server
        ).expect(0)
        if proof.lines()[0]["root1"] != self.heads[origin][old].hex():
            raise Wrong(f"{origin}: another root at {old}")
        path = self.rig.path("proof")
        with open(path, "w", encoding="ascii") as file:
            file.write(proof.out)
        judged = self.rig.setlog("check", "consistency", path, "--json", server=server)
        if judged.expect(0).lines()[0]["ok"] is not True:
            raise Wrong(f"{origin}: from {old} to {head['size']}: {judged.out}")
        key = os.path.join("keys", sha256(origin.encode()).hex() + ".key")
        if self.keys.setdefault(origin, self.read(key)) != self.read(key):
            raise Wrong(f"the key of {origin} has changed")

    def check_end(self, actor):
        """Nothing runs any more: everything that was sent is there, once."""
        origin, log, server = actor.log.origin, actor.log, self.arena.server
        for session in log.sessions.values():
            if len(session.positions) != len(session.records):
                raise Wrong(
                    f"{origin}: {len(session.positions)} of {len(session.records)} "
                    f"records of {session.name}, which has succeeded"
                )
            if session.name in actor.ends:
                _, first, end, _ = actor.ends[session.name]
                if first != session.positions[0]:
                    raise Wrong(f"{session.name}: first is {first}")
                if end is not None and end != session.positions[-1] + 1:
                    raise Wrong(f"{session.name}: end is {end}")
        if len(set(self.heads[origin])) and max(self.heads[origin]) > log.size:
            raise Wrong(f"{origin}: a head at {max(self.heads[origin])} of {log.size}")
        tags = self.rig.setlog("tags", origin, "--json", server=server).expect(0).lines()
        if {t["tag"]: t["index_size"] for t in tags} != log.tags:
            raise Wrong(f"{origin}: tags {tags}, the entries say {log.tags}")
        for name, (m, root) in actor.tags.items():
            if log.tags.get(name) != m or log.index[m][1].hex() != root:
                raise Wrong(f"{origin}: tag {name} was {m}, is {log.tags.get(name)}")
        members = set(log.set.members.values())
        asked = self.random.sample(sorted(members), min(50, len(members)))
        asked += self.random.sample(actor.out_of_set, min(50, len(actor.out_of_set)))
        asked += [sha256(f"never {i}".encode()) for i in range(10)]
        path = self.rig.path("asked")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(r.hex() + "\n" for r in asked)
        found = self.rig.setlog("in", origin, "--hashes", path, "--json", server=server)
        for r, line in zip(asked, found.expect(0, 1).lines(), strict=True):
            expected = ("PRESENT",) if r in members else ("ABSENT", "REMOVED")
            if line["hash"] != r.hex() or line["verdict"] not in expected:
                raise Wrong(f"{origin}: expected {expected}: {line}")
        lines = self.rig.path("notes")
        with open(lines, "w", encoding="utf-8") as file:
            for note in self.notes[origin]:
                file.write(json.dumps({"vkey": actor.vkey, "note": note}) + "\n")
        judged = self.rig.setlog("check", "note", lines, "--json", server=server)
        for line in judged.expect(0).lines():
            if line["ok"] is not True:
                raise Wrong(f"{origin}: a note does not verify: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--logs", type=int, default=3)
    parser.add_argument("--records", type=int, default=100000)
    options = parser.parse_args()
    print(f"kill_test: --kills {options.kills} --seed {options.seed}", flush=True)
    rig = Rig(options.programs)
    return run("kill_test", rig, KillTest(rig, options).run)


if __name__ == "__main__":
    sys.exit(main())
