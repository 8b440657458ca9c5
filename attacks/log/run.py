#!/usr/bin/env python3
"""attacks/log/run.py [--bin DIR] [--only ID...] [--json] -- attacks on the log itself.

Each is made for real, by processes: who is asked with which command, the verdict, the
exit code and, where the log's own signatures convict it, the evidence file, judged by a
third party who has nothing but the log's key. Exit code 1 if one row is not as it is
declared. Another program takes rows(bin_directory, temp_directory).
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from log import disk, heads, private, proofs, sets  # noqa: E402
from lab.interrupts import until_interrupted  # noqa: E402
from log.attack import row_of  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTACKS = [*heads.ATTACKS, *sets.ATTACKS, *proofs.ATTACKS, *private.ATTACKS,
           *disk.ATTACKS]


def rows(bin_directory, temp_directory, attacks=None):
    """All rows, in order; those that are not as declared say so in `wrong`."""
    def one(attack):
        return row_of(attack, bin_directory, pathlib.Path(temp_directory, attack.id))
    # Mostly they wait: for syncs, for each other's answers.
    with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        return list(pool.map(one, ATTACKS if attacks is None else attacks))


def line_of(name, answer):
    verdict = answer["verdict"] or "-"
    return (f"  {name:<8} {verdict:<13} exit {answer['exit']}  {answer['who']}: "
            f"{answer['command']}")


def text_of(row):
    lines = [f"{row['id']}: {row['attack']}"]
    for name in ("without", "with"):
        # Where what is found is what the defence says, one line says it.
        if row[name] and row[name]["command"] != row["command"]:
            lines.append(line_of(name, row[name]))
    lines.append(line_of("found", row))
    if row["evidence"]:
        lines.append(f"  evidence {row['evidence']:<13} exit {row['third_party_exit']}"
                     "  a third party: setlog verify FILE.evidence --key VKEY")
    lines.append(f"  remains  {row['remains']}")
    return "\n".join(lines + [f"  WRONG    {wrong}" for wrong in row["wrong"]])


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=" ".join(__doc__.split("\n\n")[1].split()))
    parser.add_argument("--bin", default=ROOT / "build/release/bin",
                        help="where setlog, setlogd and lying_server are")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these attacks",
                        choices=[attack.id for attack in ATTACKS])
    parser.add_argument("--json", action="store_true", help="a row is a JSON object")
    args = parser.parse_args(arguments)
    attacks = [a for a in ATTACKS if args.only is None or a.id in args.only]
    with tempfile.TemporaryDirectory(prefix="setlog-attacks-") as directory:
        made = rows(args.bin, directory, attacks)
    for row in made:
        print(json.dumps(row) if args.json else text_of(row))
    wrong = [row["id"] for row in made if row["wrong"]]
    if not args.json:
        print(f"{len(made)} attacks; not as declared: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    until_interrupted(main)
