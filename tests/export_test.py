#!/usr/bin/env python3
"""tests/export_test.py BIN_DIR -- `setlog export`, beside what the server shows over HTTP,
with kill -9 in between (ctest name: export).
"""

import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import unittest

from tiles_test import BIN, Server, number, parse_note, sha, suffix, widths

ORIGIN = "example.org/files"


def names_of(size):
    """The files of the head of this size."""
    names = {"checkpoint"}
    for level in range(8):
        for index, width in enumerate(widths(size, level)):
            names.add(f"tile/{level}/{number(index)}{suffix(width)}")
            if level == 0:
                names.add(f"tile/entries/{number(index)}{suffix(width)}")
    return names


class ExportTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = self.temporary.name
        self.server = Server(self.directory)
        self.server.setlog("init", ORIGIN, "--scheme", "bytes/1")
        self.files = f"{self.directory}/srv/www/files"
        self.added = 0

    def tearDown(self):
        self.server.stop()
        self.temporary.cleanup()

    def add(self, count):
        with open(f"{self.directory}/packed", "wb") as file:
            for i in range(self.added, self.added + count):
                file.write(sha(b"%d" % i))
        self.added += count
        self.server.setlog("add", ORIGIN, "--packed", f"{self.directory}/packed")

    def export(self, expect=0):
        text = self.server.setlog("export", ORIGIN, self.files, "--json", expect=expect)
        return json.loads(text) if expect == 0 else text

    def read(self):
        """All files, by their names below the directory."""
        found = {}
        for folder, folders, names in os.walk(self.files):
            if ".export" in folders:
                folders.remove(".export")
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.files)] = file.read()
        return found

    def same_as_http(self, found):
        for name, content in found.items():
            if name == "checkpoint":  # perhaps of an earlier head
                continue
            answer = self.server.get(name, ORIGIN)
            self.assertEqual(answer.status, 200, name)
            self.assertEqual(answer.body, content, name)

    def test_the_files_are_what_http_shows(self):
        expected = set()
        before = 0
        for count in (0, 1, 240, 9, 600, 65000, 3, 4000):
            if count:
                self.add(count)
            done = self.export()
            note = self.server.get("checkpoint", ORIGIN).body
            _, size, _ = parse_note(note)
            self.assertEqual((done["origin"], done["size"], done["from"]),
                             (ORIGIN, size, before))
            expected = {name for name in expected
                        if name.split(".p/")[0] == name
                        or name.split(".p/")[0] not in names_of(size)
                        or name in names_of(before)} | names_of(size)
            found = self.read()
            self.assertEqual(set(found), expected)
            self.assertEqual(found["checkpoint"], note)
            before = size
        self.same_as_http(found)
        self.assertEqual(os.stat(f"{self.files}/checkpoint").st_mode & 0o777, 0o644)
        self.assertEqual(sorted(os.listdir(f"{self.files}/.export")),
                         ["lock", "previous"])

    def partials(self):
        return {name for name in self.read() if ".p/" in name}

    def test_partial_files_of_full_tiles_stay_for_one_export_more(self):
        sizes = []
        for _ in range(6):
            self.add(300)
            sizes.append(self.export()["size"])
        of = [{name for name in names_of(size) if ".p/" in name} for size in sizes]
        # Level 1 has one tile, which is not full: all its widths stay.
        self.assertEqual({name for name in self.partials() if "tile/1" not in name},
                         {name for name in of[-2] | of[-1] if "tile/1" not in name})
        for wanted in of:
            for name in wanted:
                if "tile/1" in name:
                    self.assertIn(name, self.partials())
        # Exports of before this was done, and a lost or damaged memory.
        for damage in (None, b"", b"x"):
            old = f"{self.files}/tile/0/000.p/17"
            os.makedirs(os.path.dirname(old), exist_ok=True)
            with open(old, "wb") as file:
                file.write(b"\0")
            memory = f"{self.files}/.export/previous"
            os.remove(memory)
            if damage is not None:
                with open(memory, "wb") as file:
                    file.write(damage)
            self.add(300)
            before, size = sizes[-1], self.export()["size"]
            sizes.append(size)
            self.assertEqual(
                {name for name in self.partials() if "tile/1" not in name},
                {name for name in names_of(before) | names_of(size)
                 if ".p/" in name and "tile/1" not in name})
            self.assertFalse(os.path.exists(os.path.dirname(old)))
        self.same_as_http(self.read())

    def test_a_second_run_changes_nothing(self):
        self.add(1000)
        self.assertGreater(self.export()["files"], 5)
        times = {name: os.stat(f"{self.files}/{name}").st_mtime_ns for name in self.read()}
        self.assertEqual(self.export()["files"], 0)
        for name, changed in times.items():
            self.assertEqual(os.stat(f"{self.files}/{name}").st_mtime_ns, changed)

    def test_killed_at_any_time_it_goes_on(self):
        dice = random.Random(7)
        self.add(100000)
        environment = dict(os.environ, SETLOG_HOME=f"{self.directory}/home",
                           SETLOG_SERVER=self.server.grpc)
        kills = 0
        for step in range(20):
            if step == 10:
                self.add(50000)
            process = subprocess.Popen(
                [f"{BIN}/setlog", "export", ORIGIN, self.files], env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, 0.5))
            process.kill()
            kills += process.wait() == -9
            found = self.read()
            if "checkpoint" in found:
                _, size, _ = parse_note(found["checkpoint"])
                self.assertLessEqual(names_of(size), set(found))
            if step % 5 == 4:
                self.same_as_http(found)
        self.assertGreater(kills, 0)
        size = self.export()["size"]
        self.assertGreater(size, 150000)
        found = self.read()
        self.assertLessEqual(names_of(size), set(found))
        self.same_as_http(found)

    def test_damaged_files_and_those_of_others_are_not_gone_on_with(self):
        self.add(70000)
        _, size, _ = parse_note(self.server.get("checkpoint", ORIGIN).body)
        self.export()
        self.add(10)
        partial = [name for name in names_of(size) if ".p/" in name]
        self.assertEqual(len(partial), 4)  # three tiles and the bundle
        for name in partial:
            shutil.copytree(self.files, f"{self.directory}/kept")
            path = f"{self.files}/{name}"
            with open(path, "rb") as file:
                good = file.read()
            flipped = bytearray(good)
            flipped[random.Random(name).randrange(len(good))] ^= 1
            for bad in (bytes(flipped), good[:-1], good + b"\0", b"", None):
                os.remove(path)
                if bad is not None:
                    with open(path, "wb") as file:
                        file.write(bad)
                was = self.read()
                self.export(expect=3)
                self.assertEqual(self.read(), was)
                if bad is None:
                    with open(path, "wb") as file:
                        file.write(good)
            shutil.rmtree(self.files)
            os.rename(f"{self.directory}/kept", self.files)

        was = self.read()
        self.server.setlog("init", "example.org/other", "--scheme", "bytes/1")
        self.server.setlog("export", "example.org/other", self.files, expect=2)
        with open(f"{self.files}/checkpoint", "wb") as file:
            file.write(b"not a note\n")
        self.export(expect=2)
        with open(f"{self.files}/checkpoint", "wb") as file:
            file.write(was["checkpoint"].replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1)))
        self.export(expect=3)
        with open(f"{self.files}/checkpoint", "wb") as file:
            file.write(was["checkpoint"])
        self.assertEqual(self.read(), was)
        self.assertEqual(self.export()["from"], size)


if __name__ == "__main__":
    unittest.main()
