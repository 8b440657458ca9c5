#!/usr/bin/env python3
"""Kills setlogd, and setlog, at the k-th thing it asks of the disk; and lets the disk fail
there (full, or unable to sync).

  fault_test.py BIN_DIR [--points N] [--seed S] [--only server|client|disk]

A small run (init, add, tag, remove, in --out) is done once to count what it writes,
syncs and renames, by fault_shim.so (LD_PRELOAD). Then again and again, dying at the k-th
of them: before it, after it, or with half of a write done; N values of k, chosen by the
seed, or all if there are no more. Whatever is left is started again without the shim, the
interrupted command run again, and the log compared with what was sent (model.py).

A disk that is full or fails: from then on nothing is acknowledged, /healthz says why,
reads go on; with space again and a restart everything acknowledged is there.
"""

import argparse
import os
import random
import sys
import time

sys.dont_write_bytecode = True
from model import ADD, REMOVE, Log, Wrong, sha256  # noqa: E402
from rig import Rig, Server, run  # noqa: E402

ORIGIN = "example.org/fault"
KINDS = ("kill", "tear", "after")
SMALL = 300  # records
LARGE = 60000


class Run:
    """The small run on a data directory and home of its own."""

    def __init__(self, rig, name):
        self.rig, self.name = rig, name
        self.data, self.home = f"{name}.data", f"{name}.home"
        self.port = "0"
        self.server = None
        self.log = Log(ORIGIN)
        self.added = [sha256(f"add {i}".encode()) for i in range(SMALL)]
        self.removed = self.added[:20] + [sha256(b"absent")]
        self.proof = rig.path(f"{name}.proofs", "p.setproof")
        os.makedirs(os.path.dirname(self.proof))
        for file, records in (("add", self.added), ("remove", self.removed)):
            with open(rig.path(f"{name}.{file}"), "wb") as out:
                out.write(b"".join(records))

    def faults(self, directory, at, kind, **more):
        shim = self.rig.program("fault_shim.so")
        return {
            "LD_PRELOAD": shim,
            "SETLOG_FAULT_DIR": self.rig.path(directory),
            "SETLOG_FAULT_COUNTER": self.rig.path(f"{self.name}.counter"),
            "SETLOG_FAULT_AT": str(at),
            "SETLOG_FAULT_KIND": kind,
            **more,
        }

    def count(self):
        with open(self.rig.path(f"{self.name}.counter"), "rb") as file:
            return int.from_bytes(file.read(8), "little")

    def start(self, environment=None):
        """False if it died before it was ready."""
        self.server = Server(
            self.rig, self.rig.path(self.data), self.port, environment=environment
        )
        if not self.server.wait_ready():
            return False
        self.port = self.server.port
        return True

    def restart(self):
        if not self.start():
            raise Wrong(f"{self.name}: does not start again\n{self.rig.server_log()}")

    def until_done(self, *arguments, environment=None):
        for _ in range(10):
            done = self.rig.setlog(
                *arguments,
                "--retry-for",
                "200ms",
                "--json",
                server=self.server,
                home=self.home,
                environment=environment,
            )
            if done.code == 0 or done.reported():
                return done.lines()[0]
            done.expect(3, -9)
            if self.server.process.poll() is not None:
                self.restart()
        raise Wrong(f"{self.name}: not done after 10 runs: {arguments}\n{done.err}")

    def commands(self, environment=None):
        self.log.expect(ADD, "add", self.added)
        self.log.expect(REMOVE, "remove", self.removed)

        def do(*arguments):
            return self.until_done(*arguments, environment=environment)

        do("init", ORIGIN, "--scheme", "bytes/1")
        added = do("add", ORIGIN, "--packed", self.rig.path(f"{self.name}.add"))
        tagged = do("tag", ORIGIN, "v1")
        removed = do("remove", ORIGIN, "--packed", self.rig.path(f"{self.name}.remove"))
        present = self.added[-1].hex()
        do("in", ORIGIN, "--hash", present, "--at", "v1", "--out", self.proof)
        if (added["added"], removed["removed"]) != (SMALL, len(self.removed)):
            raise Wrong(f"{self.name}: {added} {removed}")
        self.tag = tagged["index_size"]
        done = self.rig.setlog(
            "verify", self.proof, "--hash", present, server=self.server, home=self.home
        )
        done.expect(0)

    def check(self):
        feed(self.rig, self.server, self.log, self.home)
        for session in self.log.sessions.values():
            if len(session.positions) != len(session.records):
                raise Wrong(f"{self.name}: {session.name} is not whole")
        if self.log.tags != {"v1": self.tag}:
            raise Wrong(f"{self.name}: tags {self.log.tags}")

    def end(self):
        if self.server is not None and self.server.process.poll() is None:
            self.server.kill()


def feed(rig, server, log, home):
    """Takes all entries, and compares them with the head."""
    head = rig.setlog("head", log.origin, "--json", server=server, home=home).expect(0)
    head = head.lines()[0]
    entries = rig.setlog(
        "entries", log.origin, "--from", str(log.size), "--json", server=server, home=home
    )
    for entry in entries.expect(0).lines():
        log.feed(entry)
    if log.root(head["size"]).hex() != head["root"]:
        raise Wrong("the head is not of these entries")
    if log.index[head["index_size"]] != (head["set_count"], bytes.fromhex(head["set_root"])):
        raise Wrong("the head's set is not that of its index entry")


class FaultTest:
    def __init__(self, rig, options):
        self.rig, self.options = rig, options
        self.random = random.Random(options.seed)

    def points(self, count):
        chosen = range(1, count + 1)
        if count > self.options.points:
            chosen = sorted(self.random.sample(chosen, self.options.points))
        return [(k, KINDS[self.random.randrange(3)]) for k in chosen]

    def server_dies(self):
        counting = Run(self.rig, "server.count")
        counting.start(counting.faults(counting.data, 0, "kill"))
        counting.commands()
        counting.check()
        counting.server.stop()
        total = counting.count()
        points = self.points(total)
        for k, kind in points:
            one = Run(self.rig, f"server.{k}.{kind}")
            if not one.start(one.faults(one.data, k, kind)):
                one.restart()
            one.commands()
            if one.server.process.poll() is None:
                one.server.process.terminate()  # it may die while it stops
                one.server.process.wait()
            one.restart()
            one.check()
            one.end()
        return f"setlogd died at {len(points)} of {total} operations"

    def client_dies(self):
        counting = Run(self.rig, "client.count")
        counting.restart()
        counting.commands(counting.faults(counting.home, 0, "kill"))
        total = counting.count()
        counting.end()
        points = self.points(total)
        for k, kind in points:
            one = Run(self.rig, f"client.{k}.{kind}")
            one.restart()
            one.commands(one.faults(one.home, k, kind))
            one.check()
            one.end()
        return f"setlog died at {len(points)} of {total} operations"

    def append(self, run, session, path, ledger):
        return self.rig.finish(
            self.rig.start(
                [
                    self.rig.program("crash_client"),
                    "append",
                    run.server.address,
                    os.path.join(run.server.data, "admin.token"),
                    ORIGIN,
                    session,
                    "add",
                    path,
                    ledger,
                    "300",
                ]
            )
        )

    @staticmethod
    def acknowledged(ledger, session):
        count = 0
        if os.path.exists(ledger):
            with open(ledger, encoding="ascii") as file:
                for line in file.read().splitlines():
                    word, name, number, *_ = line.split()
                    if name == session:
                        count = max(count, int(number))
        return count

    def disk_fails(self, k, kind, only):
        """When it failed; for k = 0, which is never, the operations up to the moment when
        the server was ready, and up to the end."""
        run = Run(self.rig, f"disk.{k}.{kind}")
        cure = self.rig.path(f"{run.name}.cure")
        session, other = os.urandom(16).hex(), os.urandom(16).hex()
        records = [sha256(f"{session} {i}".encode()) for i in range(LARGE)]
        path, ledger = self.rig.path(f"{run.name}.records"), self.rig.path(f"{run.name}.l")
        with open(path, "wb") as file:
            file.write(b"".join(records))
        run.log.expect(ADD, session, records)
        run.restart()
        run.until_done("init", ORIGIN, "--scheme", "bytes/1")
        run.server.stop()
        faults = run.faults(
            run.data, k, kind, SETLOG_FAULT_CURE=cure, SETLOG_FAULT_ONLY=only
        )
        if k == 0:
            run.start(faults)
            ready = run.count()
            self.append(run, session, path, ledger).expect(0)
            run.end()
            return ready, run.count()
        when = "at its start"
        if run.start(faults):
            when = "later"
            done = self.append(run, session, path, ledger)
            if done.code == 0:
                run.end()
                return "never"
            done.expect(3, 1)
            self.after_fault(run, done, ledger, other, path)
            run.end()
        elif run.server.process.returncode == 0:
            raise Wrong(f"{run.name}: setlogd ended with 0 on a failing disk")
        else:
            said = self.rig.server_log(3)
            if "setlogd:" not in said:
                raise Wrong(f"{run.name}: setlogd does not say why it ends:\n{said}")
        before = self.acknowledged(ledger, session)
        run.restart()
        run.log.sessions[session].acknowledged = before
        feed(self.rig, run.server, run.log, run.home)
        run.log.check_acknowledged()
        self.append(run, session, path, ledger).expect(0)
        feed(self.rig, run.server, run.log, run.home)
        if len(run.log.sessions[session].positions) != LARGE:
            raise Wrong(f"{run.name}: not whole")
        run.end()
        return when

    def after_fault(self, run, done, ledger, other, path):
        """The disk has failed: nothing more is acknowledged, and everybody hears why."""
        with open(ledger, "a+b") as file:
            file.seek(0)
            before = file.read()
        if self.append(run, other, path, ledger).code == 0:
            raise Wrong(f"{run.name}: an append succeeds on a failed disk")
        with open(ledger, "rb") as file:
            if file.read() != before:
                raise Wrong(f"{run.name}: acknowledged after the disk has failed")
        if run.server.process.poll() is not None:  # it may end instead
            # Debian's RocksDB is built with assertions, which end it after an error (-6).
            if run.server.process.returncode in (0, -9, -11):
                raise Wrong(f"{run.name}: ended with {run.server.process.returncode}")
            return
        words = ("space", "device", "restart", "Input/output", "IO error", "read-only")
        code, text = run.server.health()
        if code != 503 or not any(word in text for word in words):
            raise Wrong(f"{run.name}: /healthz says {code} {text}")
        if not any(word in done.err for word in words):
            raise Wrong(f"{run.name}: the client hears {done.err}")
        self.rig.setlog("head", ORIGIN, server=run.server, home=run.home).expect(0)

    def disks_fail(self):
        found = {}
        count = max(2, min(40, self.options.points // 8))
        started = time.monotonic()
        for kind, only in (("ENOSPC", "write"), ("EIO", "sync")):
            ready, end = self.disk_fails(0, kind, only)
            # Some while it starts, most while records arrive.
            points = self.random.sample(range(1, ready + 1), min(ready, count // 3 + 1))
            later = range(ready + 1, end + 1)
            points += self.random.sample(later, min(len(later), count))
            for k in points:
                when = self.disk_fails(k, kind, only)
                found[f"{kind} {when}"] = found.get(f"{kind} {when}", 0) + 1
        for kind in ("ENOSPC", "EIO"):
            if not found.get(f"{kind} later"):
                raise Wrong(f"no {kind} hit an append: {found}")
        return f"failing disks {found} in {time.monotonic() - started:.0f} s"

    def run(self):
        parts = {
            "server": self.server_dies,
            "client": self.client_dies,
            "disk": self.disks_fail,
        }
        only = self.options.only
        return "; ".join(part() for name, part in parts.items() if only in (None, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--only", choices=("server", "client", "disk"))
    options = parser.parse_args()
    print(f"fault_test: --points {options.points} --seed {options.seed}", flush=True)
    rig = Rig(options.programs)
    return run("fault_test", rig, FaultTest(rig, options).run)


if __name__ == "__main__":
    sys.exit(main())
