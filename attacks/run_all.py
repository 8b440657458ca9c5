#!/usr/bin/env python3
"""Runs the attacks of all folders, some at a time, and writes the matrix.

Each folder's script is a process of its own (lab/scenario.py), with a directory for
temporary files that is removed at the end, whatever it left. See run-all.sh.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "lab"), str(HERE / "classifier")]

import matrix  # noqa: E402
import picture  # noqa: E402
from checks import LETTERS  # noqa: E402
from interrupts import until_interrupted  # noqa: E402
from world import make_template  # noqa: E402

DOCS = ROOT / "docs/attacks.md"
MARKS = ("<!-- matrix: begin -->\n", "<!-- matrix: end -->")
PATIENCE = 600  # seconds, for one folder: sanitizers' builds are slow
LOG = "log"  # the folder of the attacks on the log itself: rows of another kind


@dataclass
class Result:
    """Of one folder: its rows, what is not as declared, how long it took."""

    folder: str
    rows: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    seconds: float = 0


class Scenarios:
    """Runs the folders' scripts; `stop` ends those that run."""

    def __init__(self, bin_directory, temporary):
        self.bin = bin_directory
        self.temporary = temporary
        self.template = f"{temporary}/template"
        make_template(self.bin, self.template)
        self.children = set()

    def run(self, script):
        result = Result(script.parent.name)
        begun = time.monotonic()
        # A session of its own: what it starts can be ended with it.
        template = [] if result.folder == LOG else ["--template", self.template]
        child = subprocess.Popen(
            [sys.executable, script, "--bin", self.bin, "--json", *template],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=dict(os.environ, TMPDIR=self.temporary),
            start_new_session=True)
        self.children.add(child)
        try:
            printed, errors = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.end([child], signal.SIGKILL)
            printed, errors = child.communicate()
        self.children.remove(child)
        self.end([child], signal.SIGKILL)  # what a killed script left running
        result.seconds = time.monotonic() - begun
        result.rows = [json.loads(line) for line in printed.splitlines()]
        for row in result.rows:
            result.wrong += [f"{row['id']}: {what}" for what in row["wrong"]]
        if not result.rows or (child.returncode != 0 and not result.wrong):
            result.wrong.append(f"{result.folder}: its script ended with "
                                f"{child.returncode}:\n{errors.strip()}")
        return result

    @staticmethod
    def end(children, number):
        for child in children:
            try:
                os.killpg(child.pid, number)
            except ProcessLookupError:
                continue

    def stop(self):
        """Ends them as Ctrl-C does, so that they clean up; then without mercy."""
        children = list(self.children)
        if children:
            print("stopping, some seconds", file=sys.stderr, flush=True)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number, within in ((signal.SIGINT, 5), (signal.SIGKILL, 5)):
            self.end(children, number)
            until = time.monotonic() + within
            while any(c.poll() is None for c in children) and time.monotonic() < until:
                time.sleep(0.05)


def scripts(only):
    """Those of the folders, the one without an attack first."""
    found = {path.parent.name: path
             for pattern in ("*/attack.py", f"{LOG}/run.py")
             for path in HERE.glob(pattern)}
    unknown = set(only or []) - set(found)
    if unknown:
        raise ValueError(f"no scenario is called {', '.join(sorted(unknown))}: there "
                         f"are {', '.join(sorted(found))}")
    order = sorted(found, key=lambda name: (name == LOG, name != "none", name))
    return [found[name] for name in order if not only or name in only]


def told(result):
    """What is to be said of a folder, in a line."""
    if result.folder == LOG:
        sees = f"{len(result.rows)} attacks on the log"
    else:
        sees = ", ".join(f"{row['id']} {matrix.verdict(row)}" for row in result.rows)
    wrong = ", NOT AS DECLARED" if result.wrong else ""
    return f"{sees or result.folder}{wrong}, {result.seconds:.1f} s"


def run_all(found, bin_directory):
    """{folder: Result}, as many at a time as there are processors."""
    live = sys.stderr.isatty()
    results = {}
    with (tempfile.TemporaryDirectory(prefix="attacks-") as temporary,
          concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool):
        scenarios = Scenarios(bin_directory, temporary)
        try:
            # From the end, where those are that take longest.
            futures = [pool.submit(scenarios.run, script) for script in reversed(found)]
            for future in concurrent.futures.as_completed(futures):
                result = future.result()
                results[result.folder] = result
                line = f"{len(results):2} of {len(found)}  {told(result)}"
                print(f"\r\033[K{line}" if live else line, end="" if live else "\n",
                      file=sys.stderr, flush=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            scenarios.stop()
            if live:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
    return {script.parent.name: results[script.parent.name] for script in found}


def write(out, results, seconds):
    """The four files; what each says."""
    rows = [row for folder, result in results.items() if folder != LOG
            for row in result.rows]
    log_rows = results[LOG].rows if LOG in results else []
    everything = {
        "checks": LETTERS, "rows": [matrix.described(row) for row in rows],
        "log": log_rows,
        "seconds": {**{f: round(r.seconds, 1) for f, r in results.items()},
                    "all": round(seconds, 1)},
    }
    files = {"txt": matrix.text(rows, log_rows), "md": matrix.markdown(rows, log_rows),
             "json": json.dumps(everything, indent=1) + "\n", "svg": picture.svg(rows)}
    for kind, content in files.items():
        (out / f"matrix.{kind}").write_text(content)
    return files


def renew_docs(files):
    """The committed picture, and the matrix between the marks."""
    page = DOCS.read_text()
    begin, end = (page.index(mark) for mark in MARKS)
    before, after = page[: begin + len(MARKS[0])], page[end:]
    shown = "![Which check notices which attack, as the table below](attacks.svg)"
    DOCS.write_text(f"{before}\n{shown}\n\n{files['md']}\n{after}")
    DOCS.with_suffix(".svg").write_text(files["svg"])


def arguments():
    parser = argparse.ArgumentParser(prog="run-all.sh", allow_abbrev=False)
    parser.add_argument("--bin", default=ROOT / "build/release/bin", type=pathlib.Path)
    parser.add_argument("--out", default=ROOT / "build/attacks", type=pathlib.Path)
    parser.add_argument("--only",
                        type=lambda text: [name.strip() for name in text.split(",")])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check-arguments", action="store_true",
                        help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.docs and args.only:
        parser.error("--docs needs all rows: not with --only")
    try:
        found = scripts(args.only)
        args.out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if args.check_arguments:
        sys.exit(0)
    if not (args.bin / "setlogd").exists():
        parser.error(f"--bin {args.bin}: there is no setlogd in it")
    return args, found


def main():
    args, found = arguments()
    begun = time.monotonic()
    results = run_all(found, args.bin.resolve())
    seconds = time.monotonic() - begun
    files = write(args.out, results, seconds)
    print(files["json" if args.json else "txt"], end="", flush=True)
    print(f"{len(found)} folders in {seconds:.1f} s; matrix.txt, .json, .md and .svg "
          f"in {args.out}", file=sys.stderr)
    wrong = [what for result in results.values() for what in result.wrong]
    if wrong:
        print("NOT AS DECLARED:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    if args.docs:
        renew_docs(files)
    return 0


if __name__ == "__main__":
    until_interrupted(main)
