#!/usr/bin/env python3
"""tests/handover_test.py BIN_DIR -- a planned change of a log's key, rehearsed: two real
servers, `setlog handover` killed on the way, and users who follow (ctest name: handover).
"""

import json
import os
import subprocess
import tempfile
import time
import unittest

from tiles_test import BIN, Server, sha

OLD, NEW = "example.org/pets", "example.net/animals/pets"
MEMBERS = 100_000


class HandoverTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = self.temporary.name
        self.servers = []
        for name in ("old", "new"):
            os.mkdir(f"{self.directory}/{name}")
            self.servers.append(Server(f"{self.directory}/{name}"))
        self.old, self.new = self.servers

    def tearDown(self):
        for server in self.servers:
            server.stop()
        self.temporary.cleanup()

    def environment(self, home, server):
        return dict(os.environ, SETLOG_HOME=f"{self.directory}/{home}", NO_COLOR="1",
                    SETLOG_SERVER=server.grpc,
                    SETLOG_TOKEN_FILE=f"{server.directory}/data/admin.token")

    def ask(self, *arguments, home="owner", server=None, expect=0):
        done = subprocess.run(
            [f"{BIN}/setlog", *arguments, "--json"], capture_output=True, text=True,
            env=self.environment(home, server or self.old), stdin=subprocess.DEVNULL,
            timeout=120)
        self.assertEqual(done.returncode, expect, (arguments, done.stdout, done.stderr))
        lines = done.stdout.splitlines()
        return json.loads(lines[0]) if lines and expect == 0 else done

    def handover(self):
        return [f"{BIN}/setlog", "handover", OLD, NEW, "--to-server", self.new.grpc,
                "--to-token-file", f"{self.new.directory}/data/admin.token", "--json"]

    def packed(self, name, numbers):
        path = f"{self.directory}/{name}"
        with open(path, "wb") as file:
            for i in numbers:
                file.write(sha(b"%d" % i))
        return path

    def test_a_killed_handover_goes_on_and_users_follow(self):
        key = self.ask("init", OLD, "--scheme", "bytes/1", "--title", "Pets")["vkey"]
        self.ask("add", OLD, "--packed", self.packed("all", range(MEMBERS + 1000)))
        self.ask("tag", OLD, "v1")
        self.ask("remove", OLD, "--packed",
                 self.packed("gone", range(MEMBERS, MEMBERS + 1000)))
        # Added again: the set is the same, the log is not.
        self.ask("add", OLD, "--packed", self.packed("twice", range(500)))
        self.ask("trust", "add", OLD, "--key", key, home="user")
        gone, member = sha(b"%d" % MEMBERS).hex(), sha(b"7").hex()

        kills = 0
        for patience in (0.02, 0.1, 0.3, 0.5, 0.8, 1.2):
            run = subprocess.Popen(
                self.handover(), env=self.environment("owner", self.old),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL)
            time.sleep(patience)
            run.kill()
            kills += run.wait() != 0
        self.assertGreater(kills, 0)
        done = subprocess.run(self.handover(), capture_output=True, text=True,
                              env=self.environment("owner", self.old), timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        moved = json.loads(done.stdout)
        self.assertEqual(moved["set_count"], MEMBERS)
        self.assertEqual(moved["left_behind"], 0)

        # No member twice, however often it was killed: manifest, two index entries at
        # least, and each member once; all of it recomputed by an auditor.
        entries = subprocess.run(
            [f"{BIN}/setlog", "entries", NEW, "--json"], capture_output=True, text=True,
            env=self.environment("user", self.new), timeout=120).stdout.splitlines()
        added = [json.loads(line)["r"] for line in entries if '"add"' in line]
        self.assertEqual(len(added), MEMBERS)
        self.assertEqual(added[:500] + added[-1:],
                         [sha(b"%d" % i).hex() for i in (*range(500), MEMBERS - 1)])
        self.assertEqual(self.ask("audit", OLD)["verdict"], "CLEAN")
        self.assertEqual(self.ask("audit", NEW, server=self.new)["verdict"], "CLEAN")

        # The user, who knows nothing but the old key.
        follow = ["trust", "follow", OLD, NEW]
        nowhere = self.ask(*follow, home="user", expect=2)
        self.assertIn("--to-server", nowhere.stderr)
        followed = self.ask(*follow, "--to-server", self.new.grpc, home="user2", expect=3)
        self.assertIn("no key of this log is known", followed.stderr)
        followed = self.ask(*follow, "--to-server", self.new.grpc, home="user")
        self.assertEqual((followed["vkey"], followed["pinned"], followed["handed_over"]),
                         (moved["vkey"], True, True))
        self.assertEqual(followed["set_root"], self.ask("head", OLD)["set_root"])
        found = self.ask("in", NEW, "--hash", member, home="user", server=self.new)
        self.assertEqual((found["verdict"], found["pinned"]), ("PRESENT", True))
        self.ask("in", NEW, "--hash", gone, home="user", server=self.new, expect=1)
        found = self.ask("in", OLD, "--hash", gone, "--at", "v1", home="user")
        self.assertEqual(found["verdict"], "PRESENT")

        # The same from files of the old log, when its server is gone.
        self.ask("export", OLD, f"{self.directory}/files")
        self.ask("trust", "add", OLD, "--key", key, home="late")
        self.old.stop()
        followed = self.ask(*follow, "--from", f"{self.directory}/files", home="late",
                            server=self.new)
        self.assertEqual((followed["vkey"], followed["handed_over"]),
                         (moved["vkey"], True))
        self.old.start()

        # The old log is closed, and stays so; the new one goes on.
        for server in self.servers:
            server.stop()
            server.start()
        more = self.packed("more", range(10**6, 10**6 + 10))
        refused = self.ask("add", OLD, "--packed", more, expect=2)
        self.assertIn(f"write to {NEW}", refused.stderr)
        self.assertEqual(
            self.ask("add", NEW, "--packed", more, server=self.new)["set_count"],
            MEMBERS + 10)


if __name__ == "__main__":
    unittest.main(argv=["handover_test.py"])
