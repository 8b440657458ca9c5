#!/usr/bin/env python3
"""What cli.md promises of an interrupted `add`, sentence by sentence, with real processes.

  session_test.py BIN_DIR
"""

import os
import shutil
import sys
import time

sys.dont_write_bytecode = True
from fault_test import SMALL, Run, feed  # noqa: E402
from model import ADD, Wrong  # noqa: E402
from rig import Rig, run  # noqa: E402

ORIGIN = "example.org/fault"


class SessionTest:
    def __init__(self, rig):
        self.rig = rig
        self.run_ = Run(rig, "session")
        self.input = rig.path("session.add")

    def add(self, *arguments, expect=0, says="", environment=None):
        done = self.rig.setlog(
            "add",
            ORIGIN,
            *arguments,
            "--json",
            server=self.run_.server,
            home=self.run_.home,
            environment=environment,
        )
        done.expect(expect)
        if says not in done.err:
            raise Wrong(f"{arguments}: not said: {says}\n{done.err}")
        return done.lines()[0] if expect == 0 else None

    def interrupt(self):
        """A session that is open, although nobody runs it: killed when it had sent all,
        before it could report success."""
        sessions = self.rig.path(self.run_.home, "sessions")
        for k in range(1, 60):
            counter = self.rig.path("session.counter")
            if os.path.exists(counter):
                os.remove(counter)
            faults = self.run_.faults(self.run_.home, k, "kill")
            done = self.rig.setlog(
                "add",
                ORIGIN,
                "--packed",
                self.input,
                server=self.run_.server,
                home=self.run_.home,
                environment=faults,
            )
            if done.code == 0:
                raise Wrong("no moment was found at which a session is open")
            done.expect(-9)
            if any(name.endswith(".json") for name in os.listdir(sessions)):
                return
        raise Wrong("no session file")

    def size(self):
        server, home = self.run_.server, self.run_.home
        head = self.rig.setlog("head", ORIGIN, "--json", server=server, home=home)
        return head.expect(0).lines()[0]["size"]

    def run(self):
        one = self.run_
        one.restart()
        one.until_done("init", ORIGIN, "--scheme", "bytes/1")

        # A lost server is retried for --retry-for, then exit 3.
        address = one.server.address
        one.server.kill()
        for seconds in (0.5, 2):
            started = time.monotonic()
            self.add("--packed", self.input, "--retry-for", f"{int(seconds * 1000)}ms", expect=3)
            took = time.monotonic() - started
            if not seconds <= took < seconds + 5:
                raise Wrong(f"--retry-for {seconds} s took {took:.1f} s")

        # Found again by names, sizes and mtimes, never by the server's address.
        one.restart()
        self.interrupt()
        one.port = "0"
        one.server.kill()
        one.restart()
        if one.server.address == address:
            raise Wrong("the same port again")
        # Changed inputs are refused, naming --restart.
        stat = os.stat(self.input)
        os.utime(self.input, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
        self.add("--packed", self.input, expect=2, says="--restart")
        os.utime(self.input, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        moved = self.rig.path("moved")
        shutil.copy(self.input, moved)
        self.add("--packed", moved, expect=2, says="--restart")
        with open(self.input, "r+b") as file:
            first = file.read(1)
            file.seek(0)
            file.write(bytes([first[0] ^ 1]))
        os.utime(self.input, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.add("--packed", self.input, expect=2, says="--restart")
        with open(self.input, "r+b") as file:
            file.write(first)
        os.utime(self.input, ns=(stat.st_atime_ns, stat.st_mtime_ns))

        # `added` counts the whole session, all its runs; then it is forgotten.
        one.log.expect(ADD, "session", one.added)
        if self.add("--packed", self.input)["added"] != SMALL:
            raise Wrong("added is not the session's")
        before = self.size()
        one.log.expect(ADD, "again", one.added)
        self.add("--packed", self.input)
        if self.size() < before + SMALL:
            raise Wrong("the same command does not append again")

        # Two at once are as one after the other.
        commands = []
        for name in ("at once", "at once too"):
            one.log.expect(ADD, name, one.added)
            command = [self.rig.program("setlog"), "--server", one.server.address]
            command += ["add", ORIGIN, "--packed", self.input, "--json"]
            variables = self.rig.client_environment(one.server.data, one.home)
            commands.append(self.rig.start(command, variables))
        for process in commands:
            if self.rig.finish(process).expect(0).lines()[0]["added"] != SMALL:
                raise Wrong("added")

        feed(self.rig, one.server, one.log, one.home)
        if len(one.log.sessions["at once too"].positions) != SMALL:
            raise Wrong("records are missing")

        # init of another person is refused, its own goes on.
        self.rig.setlog(
            "init", ORIGIN, "--scheme", "bytes/1", server=one.server, home="stranger"
        ).expect(2)
        one.end()
        return "every sentence holds"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rig = Rig(sys.argv[1])
    return run("session_test", rig, SessionTest(rig).run)


if __name__ == "__main__":
    sys.exit(main())
