#!/usr/bin/env python3
"""tests/sample_test.py BIN_DIR -- `setlog audit --sample` beside a real setlogd whose store
was damaged, or changed with right checksums, behind its back (ctest name: sample).
"""

import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from fractions import Fraction
from math import comb
from pathlib import Path

from tiles_test import BIN, Server, sha

ORIGIN = "example.org/sampled"


def detection(size, sampled, bad):
    """That a sample without repetition meets one of the bad ones."""
    return 1 - Fraction(comb(size - bad, sampled), comb(size, sampled))


class Rocks:
    """A RocksDB, through its C interface: all checksums stay right."""

    library = ctypes.util.find_library("rocksdb")

    def __init__(self, path):
        self.c = ctypes.CDLL(self.library)
        for name in ("options_create", "readoptions_create", "writeoptions_create", "open",
                     "create_iterator", "iter_key", "iter_value"):
            getattr(self.c, f"rocksdb_{name}").restype = ctypes.c_void_p
        self.c.rocksdb_iter_valid.restype = ctypes.c_ubyte
        self.error = ctypes.c_char_p()
        self.database = ctypes.c_void_p(self.c.rocksdb_open(
            ctypes.c_void_p(self.c.rocksdb_options_create()), path.encode(),
            ctypes.byref(self.error)))
        assert not self.error.value, self.error.value

    def rows(self):
        iterator = ctypes.c_void_p(self.c.rocksdb_create_iterator(
            self.database, ctypes.c_void_p(self.c.rocksdb_readoptions_create())))
        self.c.rocksdb_iter_seek_to_first(iterator)
        while self.c.rocksdb_iter_valid(iterator):
            row = []
            for part in (self.c.rocksdb_iter_key, self.c.rocksdb_iter_value):
                size = ctypes.c_size_t()
                start = part(iterator, ctypes.byref(size))
                row.append(ctypes.string_at(start, size.value))
            yield tuple(row)
            self.c.rocksdb_iter_next(iterator)
        self.c.rocksdb_iter_destroy(iterator)

    def put(self, key, value):
        self.c.rocksdb_put(
            self.database, ctypes.c_void_p(self.c.rocksdb_writeoptions_create()), key,
            ctypes.c_size_t(len(key)), value, ctypes.c_size_t(len(value)),
            ctypes.byref(self.error))
        assert not self.error.value, self.error.value

    def close(self):
        self.c.rocksdb_close(self.database)


@unittest.skipUnless(Rocks.library, "there is no shared library of RocksDB")
class SampleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One log, stopped; each test has a copy of it."""
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.model = f"{cls.temporary.name}/model"
        os.mkdir(cls.model)
        server = Server(cls.model)
        cls.key = json.loads(
            server.setlog("init", ORIGIN, "--scheme", "bytes/1", "--json"))["vkey"]
        cls.records = [sha(b"%d" % i) for i in range(1500)]
        for command, records in (("add", cls.records), ("remove", cls.records[:20]),
                                 ("add", cls.records[:5])):
            with open(f"{cls.model}/packed", "wb") as file:
                file.write(b"".join(records))
            server.setlog(command, ORIGIN, "--packed", f"{cls.model}/packed")
        server.setlog("tag", ORIGIN, "v1")
        server.setlog("export", ORIGIN, f"{cls.model}/files")
        cls.size = json.loads(server.setlog("head", ORIGIN, "--json"))["size"]
        server.stop()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = f"{temporary.name}/copy"
        shutil.copytree(self.model, self.directory)
        self.homes = 0

    def serve(self):
        server = Server(self.directory)
        self.addCleanup(server.stop)
        return server

    def audit(self, server, *arguments, expect=0, key=True, text=False):
        """The verdict, of somebody who knows no more than the key."""
        self.homes += 1
        environment = dict(os.environ, SETLOG_HOME=f"{self.directory}/auditor-{self.homes}",
                           SETLOG_SERVER=server.grpc if server else "", NO_COLOR="1")
        environment.pop("SETLOG_TOKEN_FILE", None)
        done = subprocess.run(
            [f"{BIN}/setlog", "audit", ORIGIN, *arguments,
             *(["--key", self.key] if key else []), *([] if text else ["--json"]),
             "--retry-for", "300ms"],
            env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=120)
        self.assertEqual(done.returncode, expect, (arguments, done))
        return done.stdout + done.stderr if text else json.loads(done.stdout)

    def test_a_good_log_gives_the_probability_that_was_promised(self):
        server = self.serve()
        for sampled in (1, 30, 300, 1000):
            got = self.audit(server, "--sample", str(sampled))
            self.assertEqual((got["verdict"], got["origin"], got["size"], got["sampled"]),
                             ("SAMPLED", ORIGIN, self.size, sampled))
            least = got["detects_entries"]
            wanted = Fraction(95, 100)
            self.assertGreaterEqual(detection(self.size, sampled, least), wanted)
            self.assertLess(detection(self.size, sampled, least - 1), wanted)
            self.assertAlmostEqual(got["detects_fraction"], least / self.size)
            self.assertAlmostEqual(
                got["detects_1_percent"],
                float(detection(self.size, sampled, self.size // 100)), 9)
        text = self.audit(server, "--sample", "300", text=True)
        self.assertTrue(text.startswith(f"SAMPLED: 300 of {self.size} entries of {ORIGIN}"))
        everything = self.audit(server, "--sample", "100000")
        self.assertEqual((everything["sampled"], everything["detects_entries"]),
                         (self.size, 1))
        self.assertEqual(everything["looked_up"], 1525)
        self.assertEqual(self.audit(server, "--sample", "9", expect=3, key=False)["verdict"],
                         "UNVERIFIED")

    def test_a_rotten_block_of_the_store_is_met_and_is_no_verdict_about_the_log(self):
        Rocks(f"{self.directory}/data/store").close()  # from its journal to a table
        record = b"\x01" + self.records[700]
        [table] = [path for path in Path(self.directory, "data", "store").glob("*.sst")
                   if record in path.read_bytes()]
        content = bytearray(table.read_bytes())
        content[content.find(record) + 5] ^= 1
        table.write_bytes(content)
        server = self.serve()
        met = self.audit(server, "--sample", "100000", expect=3)
        self.assertEqual(met["verdict"], "UNVERIFIED")
        self.assertRegex(met["error"], "^entry [0-9]+ is not shown to stand in its place "
                         f"under the head of size {self.size}: .*checksum mismatch")
        self.assertIn("Whose fault it is was not shown",
                      self.audit(server, "--sample", "100000", expect=3, text=True))

    def test_a_record_that_was_exchanged_in_the_store_is_met_if_it_is_covered(self):
        old, new = b"\x01" + self.records[700], b"\x01" + sha(b"another")
        store = Rocks(f"{self.directory}/data/store")
        [(key, bundle)] = [row for row in store.rows() if old in row[1]]
        store.put(key, bundle.replace(old, new))
        store.close()
        server = self.serve()
        met = self.audit(server, "--sample", "100000", expect=3)
        self.assertEqual((met["verdict"], met["sampled"]), ("UNVERIFIED", self.size))
        [position] = [int(word) for word in met["error"].split()[1:2]]
        self.assertEqual(position // 256, 702 // 256, "the bundle that was changed")
        # The full audit meets it too, and none of them blames the log.
        self.assertEqual(self.audit(server, expect=3)["verdict"], "UNVERIFIED")

    def test_files_have_no_set_to_sample_and_a_changed_bundle_is_met_by_an_audit(self):
        files = f"{self.directory}/files"
        self.assertIn("--server", self.audit(None, "--sample", "100", "--from", files,
                                             expect=2, text=True))
        self.assertEqual(self.audit(None, "--from", files)["verdict"], "CLEAN")
        bundle = Path(files, "tile/entries/002")
        content = bundle.read_bytes()
        bundle.write_bytes(content.replace(self.records[700], sha(b"another")))
        self.assertNotEqual(bundle.read_bytes(), content)
        self.assertIn("tile/entries/002",
                      self.audit(None, "--from", files, expect=3)["error"])


if __name__ == "__main__":
    unittest.main(argv=["sample_test.py"])
