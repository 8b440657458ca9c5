#!/usr/bin/env python3
"""tests/watch_test.py BIN_DIR -- `setlog watch` beside a real setlogd that is restarted,
killed, locked and put back to an old backup (ctest name: watch).
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from tiles_test import BIN, Server, sha

ORIGIN = "example.org/watched"
PATIENCE = 60


class Watch:
    """A `setlog watch --json` that runs on."""

    def __init__(self, arguments, environment, base):
        self.base = base
        with open(f"{base}.out", "wb") as out, open(f"{base}.err", "wb") as err:
            self.process = subprocess.Popen(
                [f"{BIN}/setlog", "watch", *arguments, "--json"], env=environment,
                stdout=out, stderr=err, stdin=subprocess.DEVNULL)

    def events(self):
        """All whole lines so far."""
        with open(f"{self.base}.out", encoding="ascii") as file:
            lines = file.read().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def changes(self):
        return [(e["event"], e["hash"], e["position"]) for e in self.events()
                if e["event"] in ("entered", "left")]

    def said(self):
        with open(f"{self.base}.err", encoding="utf-8") as file:
            return file.read()

    def until(self, holds):
        """Waits until holds() gives something true; that."""
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = self.process.poll() is not None
            found = holds()
            if found:
                return found
            assert not ended and time.monotonic() < deadline, (
                self.process.returncode, self.events(), self.said())
            time.sleep(0.02)

    def started(self):
        self.until(lambda: [e for e in self.events() if e["event"] == "watching"])
        return self

    def end(self, how=signal.SIGTERM):
        """Its exit code. `how` None: it ends by itself."""
        if how is not None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class WatchTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        # The same address after a restart.
        self.server = Server(self.directory, f"unix:{self.directory}/socket")
        self.addCleanup(self.stop)
        self.key = json.loads(
            self.server.setlog("init", ORIGIN, "--scheme", "text/1", "--json"))["vkey"]
        self.watches = 0

    def stop(self, how=signal.SIGTERM):
        if self.server.process.poll() is None:
            self.server.process.send_signal(how)
        self.server.process.communicate(timeout=60)
        self.server.connection.close()

    def change(self, command, records):
        path = f"{self.directory}/packed"
        with open(path, "wb") as file:
            file.write(b"".join(records))
        self.server.setlog(command, ORIGIN, "--packed", path)

    def position(self, kind, record):
        """Of the last such entry, as `setlog entries` shows the log."""
        text = self.server.setlog("entries", ORIGIN, "--json")
        found = [e["index"] for e in map(json.loads, text.splitlines())
                 if e["type"] == kind and e["r"] == record.hex()]
        return found[-1]

    def file(self, name, text):
        path = f"{self.directory}/{name}"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def environment(self, home="watcher", token=None):
        environment = dict(os.environ, SETLOG_HOME=f"{self.directory}/{home}",
                           SETLOG_SERVER=self.server.grpc, NO_COLOR="1")
        environment.pop("SETLOG_TOKEN_FILE", None)
        if token:
            environment["SETLOG_TOKEN_FILE"] = token
        return environment

    def watch(self, *arguments, origin=ORIGIN, **who):
        self.watches += 1
        watch = Watch([origin, *arguments], self.environment(**who),
                      f"{self.directory}/watch-{self.watches}")
        self.addCleanup(watch.kill)
        return watch

    def run_once(self, *arguments, expect=0, origin=ORIGIN, **who):
        watch = self.watch(*arguments, "--once", "--retry-for", "300ms", origin=origin,
                           **who)
        self.assertEqual(watch.end(None), expect, (watch.events(), watch.said()))
        return watch

    def test_a_record_enters_leaves_and_enters_again(self):
        told = f"{self.directory}/told"
        hook = ('printf "%s %s %s %s %s\\n" "$SETLOG_EVENT" "$SETLOG_HASH" '
                f'"$SETLOG_ORIGIN" "$SETLOG_INDEX_SIZE" "$SETLOG_POSITION" >> {told}; '
                'echo from the hook')
        here, never = sha(b"here"), sha(b"never")
        watch = self.watch("--hash", here.hex(), "--hash", never.hex(), "--exec",
                           hook).started()
        self.assertEqual(watch.events()[0]["present"], 0)
        expected = []
        for command, event in (("add", "entered"), ("remove", "left"),
                               ("add", "entered")):
            self.change(command, [sha(b"%d" % len(expected)), here])
            expected.append((event, here.hex(), self.position(command, here)))
            watch.until(lambda: len(watch.changes()) == len(expected))
        # A second add of a member is no event.
        self.change("add", [here])
        self.change("remove", [here])
        expected.append(("left", here.hex(), self.position("remove", here)))
        watch.until(lambda: len(watch.changes()) == len(expected))
        self.assertEqual(watch.changes(), expected)
        changes = [e for e in watch.events() if e["event"] in ("entered", "left")]
        for before, event in zip([{"index_size": 1}] + changes, changes):
            self.assertEqual(event["since"] >= before["index_size"], True)
            self.assertLess(event["position"], event["index_size"])
            self.assertLess(event["index_size"], event["size"])
        # An event is printed before its command has run.
        watch.until(lambda: watch.said().count("from the hook\n") == len(expected))
        self.assertEqual(watch.end(), 0, watch.said())
        with open(told, encoding="ascii") as file:
            self.assertEqual(file.read().splitlines(), [
                f"{e['event']} {e['hash']} {ORIGIN} {e['index_size']} {e['position']}"
                for e in changes])
        self.assertEqual(watch.said().count("from the hook\n"), len(expected))
        # All of that is kept as told.
        again = self.run_once("--hash", never.hex(), "--hash", here.hex())
        self.assertEqual(again.changes(), [])
        self.assertIn("goes on from m = ", again.said())

    def test_of_a_file_each_record_is_watched(self):
        records = [sha(b"%d" % i) for i in range(6000)]
        self.change("add", records[:3000])
        path = self.file("mine", "".join(r.hex() + "\n" for r in records[1000:]))
        watch = self.watch("--hashes", path).started()
        first = watch.events()[0]
        self.assertEqual((first["records"], first["present"]), (5000, 2000))
        self.change("remove", records[999:1002])
        self.change("add", records[5998:] + [sha(b"of nobody")])
        watch.until(lambda: len(watch.changes()) == 4)
        self.assertEqual([(e, h) for e, h, _ in watch.changes()],
                         [("left", records[1000].hex()), ("left", records[1001].hex()),
                          ("entered", records[5998].hex()),
                          ("entered", records[5999].hex())])
        self.assertEqual(watch.end(), 0, watch.said())

    def test_lines_of_a_file_are_hashed_by_the_scheme_and_named(self):
        path = self.file("poems", "the first line\nthe second line\n")
        hashes = [json.loads(line)["hash"] for line in self.server.setlog(
            "hash", "--scheme", "text/1", "--lines", path, "--json").splitlines()]
        watch = self.watch("--lines", path).started()
        self.change("add", [bytes.fromhex(hashes[1])])
        watch.until(watch.changes)
        event = watch.events()[-1]
        self.assertEqual((event["event"], event["hash"]), ("entered", hashes[1]))
        self.assertIn("poems", event["record"])
        self.assertEqual(watch.end(signal.SIGINT), 0, watch.said())
        done = subprocess.run(
            [f"{BIN}/setlog", "watch", ORIGIN, "--lines", path, "--once"],
            env=self.environment("reader"), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"2 records (FILE {path}) in {ORIGIN}: 1 in the set", done.stdout)
        self.assertIn(f"PRESENT {hashes[1]} {path}", done.stdout)

    def test_a_server_that_ends_and_comes_back_costs_two_lines_and_no_event(self):
        records = [sha(b"%d" % i) for i in range(3)]
        path = self.file("mine", "".join(r.hex() + "\n" for r in records))
        watch = self.watch("--hashes", path, "--interval", "200ms").started()
        for outage, how in enumerate((signal.SIGTERM, signal.SIGKILL), 1):
            self.stop(how)
            watch.until(lambda: watch.said().count("lost: no answer") == outage)
            time.sleep(2)
            self.server.start()
            self.change("add", records[outage : outage + 1])
            watch.until(lambda: len(watch.changes()) == outage)
            self.assertEqual(watch.said().count("lost: no answer"), outage, watch.said())
            self.assertEqual(watch.said().count("answers again"), outage, watch.said())
        self.assertEqual([(e, h) for e, h, _ in watch.changes()],
                         [("entered", r.hex()) for r in records[1:]])
        self.assertEqual(watch.end(), 0, watch.said())

    def test_a_restart_between_two_looks_is_not_worth_a_word(self):
        record = sha(b"record")
        watch = self.watch("--hash", record.hex()).started()
        self.stop()
        self.server.start()
        self.change("add", [record])
        watch.until(watch.changes)
        self.assertNotIn("lost", watch.said())
        self.assertEqual(watch.end(), 0, watch.said())

    def test_a_killed_watch_is_gone_on_with_and_loses_nothing(self):
        record = sha(b"record")
        expected = []
        for command, event in (("add", "entered"), ("remove", "left")) * 2:
            watch = self.watch("--hash", record.hex())
            if not expected:  # the first look has no events
                watch.started()
            watch.until(lambda: len(watch.changes()) >= min(1, len(expected)))
            watch.end(signal.SIGKILL)
            self.change(command, [record])
            expected.append((event, record.hex(), self.position(command, record)))
        told = self.run_once("--hash", record.hex()).changes()
        self.assertEqual(told, expected[-len(told):])
        self.assertTrue(told)

    def test_a_server_of_an_older_backup_ends_it_and_a_fork_convicts_the_log(self):
        here, later = sha(b"here"), sha(b"later")
        data, backup = f"{self.directory}/data", f"{self.directory}/backup"
        self.change("add", [here])
        subprocess.run([f"{BIN}/setlogd", "backup", backup, "--data", data, "--with-keys"],
                       check=True, capture_output=True)
        # It does not wait for the interval: the restored server says itself that it is
        # behind.
        watch = self.watch("--hash", here.hex(), "--hash", later.hex(), "--interval",
                           "1h", "--key", self.key).started()
        self.change("add", [later])
        watch.until(watch.changes)
        self.stop()
        shutil.rmtree(data)
        subprocess.run([f"{BIN}/setlogd", "restore", backup, "--data", data], check=True,
                       capture_output=True)
        self.server.start()
        self.assertEqual(watch.end(None), 3, watch.said())
        last = watch.events()[-1]
        self.assertEqual((last["event"], last["verdict"]), ("ended", "UNVERIFIED"))
        self.assertIn("the head went back from size 6 to 4", last["error"])
        notes = [word.strip(";") for word in last["error"].split() if ".note" in word]
        self.assertEqual(len(notes), 2, last)
        for note, size in zip(notes, (6, 4)):
            with open(note, encoding="utf-8") as file:
                self.assertEqual(file.read().split("\n")[1], str(size))
        again = self.run_once("--hash", here.hex(), expect=3)
        self.assertIn("went back", again.events()[-1]["error"])
        # It goes on from there, as an operator may think is right.
        shutil.rmtree(f"{self.directory}/home")
        self.change("add", [sha(b"%d" % i) for i in range(20)])
        fork = self.run_once("--hash", here.hex(), expect=4).events()[-1]
        self.assertEqual((fork["event"], fork["verdict"], fork["kind"]),
                         ("ended", "MISBEHAVIOUR", "fork"))
        self.server.setlog("verify", *fork["evidence"], "--key", self.key, expect=4)

    def test_of_a_private_log_it_tells_who_may_read_it(self):
        origin, record = "example.org/private", sha(b"record")
        self.server.setlog("init", origin, "--scheme", "bytes/1", "--private-reads")
        refused = self.run_once("--hash", record.hex(), origin=origin, expect=2)
        self.assertIn("is private and wants --token-file FILE", refused.said())
        made = json.loads(self.server.setlog("token", "create", origin, "--verbs", "read",
                                             "--json"))
        token = self.file("token", made["token"] + "\n")
        watch = self.watch("--hash", record.hex(), "--interval", "300ms", origin=origin,
                           token=token).started()
        path = self.file("hashes", record.hex() + "\n")
        self.server.setlog("add", origin, "--hashes", path)
        watch.until(watch.changes)
        self.server.setlog("token", "revoke", made["id"])
        self.assertEqual(watch.end(None), 2, watch.said())
        self.assertIn("token", watch.said().splitlines()[-1])

    def test_two_watches_of_one_input_are_one_too_many(self):
        record = sha(b"record").hex()
        self.watch("--hash", record).started()
        self.assertIn("another watch of this input",
                      self.run_once("--hash", record, expect=2).said())


if __name__ == "__main__":
    unittest.main(argv=["watch_test.py"])
