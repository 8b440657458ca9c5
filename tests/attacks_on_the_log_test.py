#!/usr/bin/env python3
"""tests/attacks_on_the_log_test.py BIN_DIR -- every attack of attacks/log is made, and
comes out as it is declared; declared otherwise, it is told (ctest name:
attacks_on_the_log).
"""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attacks"))

from log import attack, run  # noqa: E402
from log.stage import Stage  # noqa: E402

BIN = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
# What the threat model lists, by the attack's id.
LISTED = {
    "split-view", "rewrite", "rollback", "old-disk", "never-merged", "wrong-index",
    "stale-proof", "omitted-key", "empty-set", "one-member", "first-key", "last-key",
    "other-origin", "other-version", "other-scheme", "two-servers", "second-vrf-key",
    "second-label", "inner-node", "doubled-leaf", "wrong-position", "wrong-size",
    "backdated-head", "stolen-key", "withheld", "hostile-words", "hostile-file",
    "hostile-bytes", "rotten-store", "rotten-key", "rotten-index",
}


def main(*arguments):
    """Exit code of run.py, and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = run.main(["--bin", BIN, *arguments])
    return code, printed.getvalue()


def turned_round(declared):
    """The same with one expectation of each kind turned round."""
    verdict, code, *words = declared.finds
    yield dataclasses.replace(declared, finds=("ABSENT", code, *words))
    yield dataclasses.replace(declared, finds=(verdict, code + 1, *words))
    yield dataclasses.replace(declared, finds=(verdict, code, "words of another reason"))
    yield dataclasses.replace(
        declared, evidence=None if declared.evidence else "two_roots")
    for name in ("without", "with_"):
        if getattr(declared, name) is None:
            yield dataclasses.replace(declared, **{name: ("PRESENT", 0)})
        else:
            yield dataclasses.replace(declared, **{name: ("REMOVED", 1)})
            yield dataclasses.replace(declared, **{name: None})


class AttacksOnTheLogTest(unittest.TestCase):
    def test_each_is_as_declared_and_would_tell_if_it_were_not(self):
        code, printed = main("--json")
        rows = {row["id"]: row for row in map(json.loads, printed.splitlines())}
        self.assertEqual({name: row["wrong"] for name, row in rows.items()
                          if row["wrong"]}, {})
        self.assertEqual(code, 0)
        self.assertLessEqual(LISTED, set(rows))
        self.assertEqual(len(rows), len(run.ATTACKS))
        for declared in run.ATTACKS:
            row = rows[declared.id]
            self.assertEqual(attack.wrong_in(row, declared), [])
            for turned in turned_round(declared):
                self.assertNotEqual(attack.wrong_in(row, turned), [], turned)
            unconvinced = dict(row, third_party_exit=3)
            self.assertNotEqual(attack.wrong_in(unconvinced, declared), [])

    def test_the_lie_about_absence_has_three_verdicts(self):
        _, printed = main("--json", "--only", "wrong-index")
        row = json.loads(printed)
        self.assertEqual((row["without"]["verdict"], row["without"]["exit"]),
                         ("ABSENT", 1))
        self.assertIn("light.policy", row["without"]["command"])
        self.assertEqual((row["with"]["verdict"], row["with"]["exit"]),
                         ("UNVERIFIED", 3))
        self.assertIn("replay.policy", row["with"]["command"])
        self.assertEqual((row["verdict"], row["exit"], row["evidence"],
                          row["third_party_exit"]),
                         ("MISBEHAVIOUR", 4, "wrong_extension", 4))

    def test_a_row_that_is_not_as_declared_ends_it_with_1(self):
        (true,) = [a for a in run.ATTACKS if a.id == "two-servers"]
        turned = dataclasses.replace(true, finds=("PRESENT", 0))
        with mock.patch.object(run, "ATTACKS", [turned]):
            code, printed = main()
        self.assertEqual(code, 1)
        self.assertIn("WRONG", printed)
        self.assertIn("not as declared: two-servers", printed)

    def test_an_attack_that_cannot_be_made_ends_it_with_1(self):
        with tempfile.TemporaryDirectory() as nothing:
            code, printed = main("--bin", nothing, "--only", "two-servers", "empty-set")
        self.assertEqual(code, 1)
        self.assertIn("not as declared: two-servers, empty-set", printed)

    def test_the_lying_server_ends_as_it_should(self):
        def ends(*flags):
            return subprocess.run([f"{BIN}/lying_server", *flags], text=True, timeout=60,
                                  capture_output=True, stdin=subprocess.DEVNULL)
        self.assertIn("WrongSet ", ends("--help").stdout)
        with tempfile.TemporaryDirectory() as directory:
            there = ["--listen", f"unix:{directory}/sock"]
            unknown = ends("--lie", "NoSuchLie", *there)
            self.assertEqual(unknown.returncode, 2)
            self.assertIn('no lie called "NoSuchLie"', unknown.stderr)
            no_key = ends("--lie", "Fork", *there, "--key", f"{directory}/key")
            self.assertEqual(no_key.returncode, 2)
            with Stage(BIN, f"{directory}/stage") as stage:
                liar = stage.liar("Fork")
                liar.lie()
                self.assertEqual(liar.stop(), 0)

    def test_nothing_is_left_behind(self):
        with tempfile.TemporaryDirectory() as directory:
            (row,) = run.rows(BIN, directory,
                              [a for a in run.ATTACKS if a.id == "rollback"])
            self.assertEqual(row["wrong"], [])
            self.assertEqual(os.listdir(directory), [])


if __name__ == "__main__":
    unittest.main(argv=["attacks_on_the_log_test.py"])
