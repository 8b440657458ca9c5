"""The matrix: a row for each attack, a column for each check; as text and as markdown.

A cell is the check's letter where it fires, a dash where it runs and sees nothing, and
empty where it was not run. That can be read without colours, and on any terminal.
"""

import re

from checks import LETTERS

NOTICED, NOT_NOTICED = "noticed", "NOT NOTICED"
QUIET, WRONG = "quiet", "WRONG"
SYMBOLS = {"sees nothing": "-", "was not run": " "}
NOTES = (
    "A letter: this check fires. A dash: it runs, and sees nothing. Empty: it was not",
    "run. The verdict is that of a victim with all checks but R, which is for",
    "auditors. D fires at every change of a version, an honest one as well. Of a victim",
    "without checks: accuracy, the part of the images that are read right; trigger, the",
    "part that are read as a seven when the trigger is put on them; code, whether the",
    "attacker's ran.",
)


def is_attack(row):
    return row["threat"] != "-"


def cell(row, letter):
    result = row["checks"].get(letter)
    if result is None:
        return "was not run"
    return "sees nothing" if result["exit"] == 0 else "fires"


def symbol(row, letter):
    return SYMBOLS.get(cell(row, letter), letter)


def verdict(row):
    if row["wrong"]:  # a check that cannot run has noticed nothing
        return WRONG
    if not row["with"]["used"]:
        return NOTICED
    return NOT_NOTICED if is_attack(row) else QUIET


def described(row):
    """The row, with what follows from it."""
    return dict(row, verdict=verdict(row),
                cells={letter: cell(row, letter) for letter in LETTERS})


def code_ran(row):
    return "ran" if row["without"]["ran_code"] else ""


# ---- text ---------------------------------------------------------------------------


def _columns(rows, gap="  "):
    """Lines of text: each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [gap.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows]


def text(rows, log_rows):
    table = [["", "threat", "attack", "accuracy", "trigger", "code", " ".join(LETTERS),
              "verdict"]]
    for row in rows:
        without = row["without"]
        table.append([
            row["id"], row["threat"], row["title"], f"{without['accuracy']:.3f}",
            f"{without['trigger']:.3f}", code_ran(row),
            " ".join(symbol(row, letter) for letter in LETTERS), verdict(row)])
    lines = [
        *_columns(table), "", *NOTES,
        "", *_columns([["", letter, meaning] for letter, meaning in LETTERS.items()]),
        "", "What remains:",
        *_columns([["", row["id"], row["remains"]] for row in rows if is_attack(row)])]
    if log_rows:
        heads = ["", "without", "found", "evidence", "attack on the log"]
        lines += ["", *_columns([heads, *(
            [row["id"], *_log_cells(row), row["attack"]] for row in log_rows)])]
    return "\n".join(lines) + "\n"


def _answer(answer):
    """A verdict with the exit code, as setlog gave it."""
    return f"{answer['verdict'] or ''} {answer['exit']}".lstrip() if answer else ""


def _log_cells(row):
    """What a victim without the defence is told, what is found, what convicts."""
    evidence = row["evidence"] and f"{row['evidence']} {row['third_party_exit']}"
    return [_answer(row["without"]), _answer(row), evidence or ""]


# ---- markdown -----------------------------------------------------------------------


def _table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |"
            for line in lines]


def _code(command):
    return f"`{_same(command)}`" if command else ""


def _same(words):
    """Without digests, which are others in each run."""
    return re.sub(r"\b[0-9a-f]{32,}\b", "...", words)


def _markdown_cell(row, letter):
    return f"**{letter}**" if cell(row, letter) == "fires" else symbol(row, letter)


def markdown(rows, log_rows):
    matrix = [[
        row["id"], row["threat"], row["title"], f"{row['without']['accuracy']:.3f}",
        f"{row['without']['trigger']:.3f}", code_ran(row),
        *(_markdown_cell(row, letter) for letter in LETTERS),
        f"**{verdict(row)}**" if verdict(row) == NOT_NOTICED else verdict(row),
        row["remains"]] for row in rows]
    fired = [[
        row["id"], letter, _code(result["command"]), result["exit"],
        _same(result["sees"])]
        for row in rows for letter, result in row["checks"].items()
        if cell(row, letter) == "fires"]
    lines = [
        *_table(["", "threat", "attack", "accuracy", "trigger", "code", *LETTERS,
                 "verdict", "what remains"], matrix),
        "", *NOTES,
        "", "Which check fired, and what it said:",
        "", *_table(["", "check", "command", "exit", "its first line"], fired)]
    if log_rows:
        attacks = [[row["id"], row["attack"], row["who"], _code(row["command"]), *_log_cells(row),
                    row["remains"]] for row in log_rows]
        lines += [
            "", "Attacks on the log itself: a verdict, and the exit code. Of evidence,",
            "that of a third party's `setlog verify` with the log's key and this file.",
            "", *_table(["", "attack", "who asks", "command", "without the defence",
                         "found", "evidence", "what remains"], attacks)]
    return "\n".join(lines) + "\n"
