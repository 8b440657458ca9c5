#!/usr/bin/env python3
"""tests/attacks_test.py BIN_DIR -- what the attacks are to show, both ways (ctest name:
attacks).

attacks/run-all.sh is run once, on real servers, hubs and victims. What is to be noticed
is, what is not to be is not; a check that is switched off is missed by exactly the
attacks that are written down here; and the run fails, by name, where something else
comes out, a check that cannot fail above all. Exit code 77: numpy or the images are
missing.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from xml.etree import ElementTree

BIN = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
ROOT = pathlib.Path(__file__).resolve().parents[1]
RUN_ALL = ROOT / "attacks/run-all.sh"
SVG = "{http://www.w3.org/2000/svg}"

CHECKS = list("SPINCDUXTR")
UNNOTICED = ["e", "e2", "upstream"]
# By which one check alone a row is noticed. b has two (D, U), f as well (S, P).
ONLY_BY = {
    "S": ["a", "g", "h"], "P": ["f2"], "I": ["a2", "c", "c2-hub"], "N": ["recall"],
    "C": ["g2"], "D": ["b2", "c2"], "U": ["b3"], "X": ["c3"], "T": ["d"],
}
# What is wrong with them is neither seen in accuracy nor by a trigger.
OTHER_HARM = {"c3": "images are used that were opted out"}


def run_all(script, out, *arguments, binaries=BIN):
    return subprocess.run(
        [script, "--bin", binaries, "--out", out, *arguments], text=True,
        capture_output=True, stdin=subprocess.DEVNULL)


def cells_of_markdown(text):
    """{id: (cells, verdict)} of the first table."""
    table = re.search(r"^\|.*?(?=\n\n|\Z)", text, re.S | re.M)[0].splitlines()
    heads = [word.strip() for word in table[0].split("|")]
    first, last = heads.index("S"), heads.index("verdict")
    rows = [[word.strip(" *") for word in line.split("|")] for line in table[2:]]
    return {row[1]: (row[first:last], row[last]) for row in rows}


def cells_of_picture(text):
    """{id-LETTER: fires, sees-nothing or does-not-apply}."""
    groups = ElementTree.fromstring(text).iter(f"{SVG}g")
    return {group.get("id"): group.get("class") for group in groups if group.get("id")}


class AttacksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.out = pathlib.Path(cls.temporary.name, "out")
        cls.done = run_all(RUN_ALL, cls.out, "--json")
        print(cls.done.stderr, flush=True)
        if cls.done.returncode == 77:
            sys.exit(77)
        cls.matrix = json.loads(cls.done.stdout)
        cls.rows = {row["id"]: row for row in cls.matrix["rows"]}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def attacks(self):
        return {name: row for name, row in self.rows.items() if name != "none"}

    def written(self, kind):
        return (self.out / f"matrix.{kind}").read_text()

    # ---- what comes out -------------------------------------------------------------

    def test_every_row_is_as_its_scenario_declares(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        folders = {path.parent.name for path in ROOT.glob("attacks/*/attack.py")}
        self.assertLessEqual(folders - {"log"}, set(self.rows))
        self.assertEqual(list(self.rows)[0], "none")
        for row in [*self.matrix["rows"], *self.matrix["log"]]:
            self.assertEqual(row["wrong"], [], row["id"])

    def test_without_an_attack_every_check_runs_and_none_fires(self):
        row = self.rows["none"]
        self.assertEqual(sorted(row["checks"]), sorted(CHECKS))
        for letter, result in row["checks"].items():
            self.assertEqual(result["exit"], 0, letter)
        self.assertTrue(row["with"]["used"])

    def test_what_no_check_can_notice_is_used_with_all_checks_but_retraining(self):
        for name, row in self.attacks().items():
            self.assertEqual(row["with"]["used"], name in UNNOTICED, name)
            self.assertEqual(row["with"]["fired"] == [], name in UNNOTICED, name)
            self.assertEqual(row["verdict"],
                             "NOT NOTICED" if name in UNNOTICED else "noticed")
        for name in UNNOTICED:  # not for want of trying
            self.assertLessEqual(set("SPICUX"), set(self.rows[name]["checks"]), name)

    def test_training_again_finds_what_the_training_did(self):
        for name in ("e", "e2"):
            self.assertEqual(self.rows[name]["checks"]["R"]["exit"], 1)

    def test_switching_a_check_off_misses_exactly_its_rows(self):
        for letter in CHECKS[:-1]:
            missed = [name for name, row in self.attacks().items()
                      if not row["with"]["used"]
                      and row["each_off"].get(letter, row["with"])["used"]]
            self.assertEqual(missed, ONLY_BY[letter], letter)
            self.assertNotEqual(missed, [], letter)

    def test_every_attack_does_harm_to_who_checks_nothing(self):
        clean = self.rows["none"]["without"]
        self.assertLess(clean["trigger"], 0.05)
        for name, row in self.attacks().items():
            without = row["without"]
            self.assertTrue(without["used"], name)
            harm = (without["trigger"] > 0.8 or without["ran_code"]
                    or without["accuracy"] < clean["accuracy"] - 0.01)
            self.assertEqual(harm, name not in OTHER_HARM, (name, without))

    def test_attacks_on_the_log_convict_it_where_evidence_exists(self):
        rows = self.matrix["log"]
        self.assertGreater(len(rows), 10)
        convicted = [row for row in rows if row["evidence"]]
        self.assertNotEqual(convicted, [])
        for row in rows:
            self.assertEqual(row["third_party_exit"], 4 if row["evidence"] else None,
                             row["id"])

    # ---- what is written ------------------------------------------------------------

    def test_the_files_say_what_was_run(self):
        self.assertEqual(self.written("json"), self.done.stdout)
        in_markdown = cells_of_markdown(self.written("md"))
        in_picture = cells_of_picture(self.written("svg"))
        self.assertEqual(list(in_markdown), list(self.rows))
        self.assertEqual(len(in_picture), len(self.rows) * len(CHECKS))
        lines = self.written("txt").splitlines()
        for name, row in self.rows.items():
            cells, verdict = in_markdown[name]
            self.assertEqual(verdict, row["verdict"])
            for letter, cell in zip(CHECKS, cells, strict=True):
                result = row["checks"].get(letter)
                state = ("was not run" if result is None
                         else "fires" if result["exit"] else "sees nothing")
                self.assertEqual(row["cells"][letter], state)
                self.assertEqual(
                    cell, {"fires": letter, "sees nothing": "-"}.get(state, ""))
                self.assertEqual(in_picture[f"{name}-{letter}"],
                                 state.replace(" ", "-"))
            line = next(line for line in lines if line.split()[:1] == [name])
            self.assertTrue(line.endswith(f"  {row['verdict']}"), line)

    def test_the_picture_can_be_read_out_and_fetches_nothing(self):
        text = self.written("svg")
        root = ElementTree.fromstring(text)
        self.assertEqual(root.get("role"), "img")
        words = [root.find(f"{SVG}{name}") for name in ("title", "desc")]
        self.assertEqual(root.get("aria-labelledby").split(),
                         [element.get("id") for element in words])
        for name in UNNOTICED:
            self.assertIn(self.rows[name]["title"], words[1].text)
        self.assertLessEqual(int(root.get("width")), 1000)
        self.assertNotRegex(text.replace(SVG[1:-1], ""), r"https?:|url\(|href|@import")

    def test_the_documents_show_this_matrix(self):
        page = (ROOT / "docs/attacks.md").read_text()
        shown = page.split("<!-- matrix: begin -->")[1].split("<!-- matrix: end -->")[0]
        written = self.written("md")
        self.assertEqual(cells_of_markdown(shown), cells_of_markdown(written),
                         "attacks/run-all.sh --docs renews it")
        self.assertEqual(cells_of_picture((ROOT / "docs/attacks.svg").read_text()),
                         cells_of_picture(self.written("svg")))

    # ---- that it can fail -----------------------------------------------------------

    def copy(self, name):
        """The attacks in another place, to be changed there; its run-all.sh."""
        place = pathlib.Path(self.temporary.name, name)
        shutil.copytree(ROOT / "attacks", place / "attacks")
        (place / "scripts").symlink_to(ROOT / "scripts")
        (place / "build").mkdir()
        (place / "build/data").symlink_to(ROOT / "build/data")
        return place / "attacks/run-all.sh"

    def fails_with(self, done, *wrong):
        self.assertEqual(done.returncode, 1, done.stderr)
        _, _, named = done.stderr.partition("NOT AS DECLARED:\n")
        for line in wrong:
            self.assertRegex(named, rf"(?m)^  {line}")

    def test_a_row_that_is_not_as_declared_fails_by_name(self):
        script = self.copy("declared")
        attack = script.parent / "a/attack.py"
        text = attack.read_text()
        self.assertIn('fires={"S": 1}', text)
        attack.write_text(text.replace('fires={"S": 1}', 'fires={"C": 1}'))
        done = run_all(script, self.out / "declared", "--only", "a")
        self.fails_with(done, "a: S ended with 1, not 0", "a: C ended with 0, not 1")
        self.assertRegex(done.stdout, r"(?m)^a .*  WRONG$")

    def test_a_scenario_that_breaks_fails_by_name(self):
        script = self.copy("broken")
        (script.parent / "a/attack.py").write_text("raise RuntimeError('no images')\n")
        done = run_all(script, self.out / "broken", "--only", "a")
        self.fails_with(done, "a: its script ended with 1")
        self.assertIn("RuntimeError: no images", done.stderr)

    def test_a_check_that_cannot_fail_is_found_out(self):
        binaries = pathlib.Path(self.temporary.name, "binaries")
        binaries.mkdir()
        (binaries / "setlogd").symlink_to(f"{BIN}/setlogd")
        (binaries / "setlog").write_text(
            "#!/bin/sh\n"
            'if [ "$1 $2" = "model verify" ]; then exit 0; fi\n'
            f'exec "{BIN}/setlog" "$@"\n')
        (binaries / "setlog").chmod(0o755)
        done = run_all(RUN_ALL, self.out / "lax", "--only", "a", binaries=binaries)
        self.fails_with(done, "a: S ended with 0, not 1")

    def test_wrong_usage_runs_nothing(self):
        for arguments in (["--only", "a,zz"], ["--docs", "--only", "a"], ["--nothing"]):
            done = run_all(RUN_ALL, self.out / "usage", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse((self.out / "usage").exists())

    # ---- that it ends ---------------------------------------------------------------

    def test_an_interrupt_leaves_no_process_and_no_file(self):
        place = pathlib.Path(self.temporary.name, "place")
        place.mkdir()
        script = self.copy("interrupted")
        attack = script.parent / "a/attack.py"
        text = attack.read_text()
        begin = "def edit_weights(world):\n"
        self.assertIn(begin, text)
        attack.write_text(text.replace(
            begin, f"{begin}    import time; time.sleep(3600)\n"))
        running = subprocess.Popen(
            [script, "--bin", BIN, "--out", self.out / "none", "--only", "a"],
            env=dict(os.environ, TMPDIR=place), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL)
                                 for pid in processes_in(place)])
        try:
            self.wait_for(lambda: list(place.glob("*/*/witness.log.ready")), 120)
            self.assertNotEqual(processes_in(place), [])
            running.send_signal(signal.SIGINT)
            self.assertEqual(running.wait(60), 130)
        finally:
            running.kill()
            running.wait()
        self.assertEqual(list(place.iterdir()), [])
        self.wait_for(lambda: processes_in(place) == [], 10)

    def wait_for(self, condition, seconds):
        until = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), until, "waited in vain")
            time.sleep(0.02)


def processes_in(directory):
    """Those that have a word on their command line that names it."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(directory) in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue  # it has ended
    return found


if __name__ == "__main__":
    unittest.main(argv=["attacks_test.py"])
