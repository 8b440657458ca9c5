#!/usr/bin/env python3
"""SIGTERM while setlogd is as busy as it can be: it ends within 10 s, with exit code 0,
and everything that was acknowledged is there when it starts again.

  stop_test.py BIN_DIR [--rounds N] [--seed S]

Open at that moment: appends that fill the queue, watches of heads, a reader that has
stopped reading, an HTTP connection that says nothing.
"""

import argparse
import os
import random
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
from model import ADD, Log, Wrong, sha256  # noqa: E402
from rig import Rig, run  # noqa: E402

WRITERS = 6
RECORDS = 400000  # each
PIECE = 1 << 16


class StopTest:
    def __init__(self, rig, options):
        self.rig, self.options = rig, options
        self.random = random.Random(options.seed)
        self.log = Log("example.org/stop")

    def writer(self, server, number):
        """A client of the library that appends more than can be done in time."""
        name = os.urandom(16).hex()
        path = self.rig.path(f"records.{number}")
        records = [sha256(f"{name} {i}".encode()) for i in range(PIECE)]
        records *= RECORDS // PIECE + 1
        with open(path, "wb") as file:
            file.write(b"".join(records))
        self.log.expect(ADD, name, records)
        client = self.rig.program("crash_client")
        token = os.path.join(server.data, "admin.token")
        ledger = self.rig.path("ledger")
        command = [client, "append", server.address, token, self.log.origin, name]
        return self.rig.start([*command, "add", path, ledger, "300"])

    def round(self, number):
        origin = self.log.origin
        server = self.rig.server("data")
        if number == 0:
            self.rig.setlog("init", origin, "--scheme", "bytes/1", server=server).expect(0)
        writers = [self.writer(server, f"{number}.{i}") for i in range(WRITERS)]
        client = self.rig.program("crash_client")
        heads = self.rig.path("heads")
        watch = [client, "watch", server.address, origin, heads, "300"]
        watchers = [self.rig.start(watch) for _ in range(3)]
        host, port = server.http.rsplit(":", 1)
        silent = socket.create_connection((host, int(port)))
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
        time.sleep(0.5 + self.random.random())
        reader = self.rig.start(
            [self.rig.program("setlog"), "--server", server.address, "entries", origin],
            self.rig.client_environment(server.data),
        )
        time.sleep(0.3)
        if reader.poll() is None:
            reader.send_signal(signal.SIGSTOP)
        took = server.stop()
        silent.close()
        for process in (*writers, *watchers, reader):
            if process.poll() is None:
                process.kill()
            self.rig.finish(process)
        return took

    def check(self):
        server = self.rig.server("data")
        with open(self.rig.path("ledger"), encoding="ascii") as file:
            for line in file.read().splitlines():
                _, name, count, *_ = line.split()
                session = self.log.sessions[name]
                session.acknowledged = max(session.acknowledged, int(count))
        # Enough of the log to hold what was acknowledged to each; all of it takes long.
        total = sum(s.acknowledged for s in self.log.sessions.values())
        head = self.rig.setlog("head", self.log.origin, "--json", server=server).expect(0)
        size = head.lines()[0]["size"]
        if size < total + 2:
            raise Wrong(f"{total} records were acknowledged, the log has {size} entries")
        server.stop()
        return total

    def run(self):
        times = [self.round(number) for number in range(self.options.rounds)]
        total = self.check()
        return f"stopped in {', '.join(f'{t:.1f}' for t in times)} s, {total} acknowledged"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options = parser.parse_args()
    print(f"stop_test: --rounds {options.rounds} --seed {options.seed}", flush=True)
    rig = Rig(options.programs)
    return run("stop_test", rig, StopTest(rig, options).run)


if __name__ == "__main__":
    sys.exit(main())
