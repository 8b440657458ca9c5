"""The matrix as a picture: SVG text that fetches nothing.

It has a background of its own, for pages that are light or dark. Colours are never
alone: a check that fires is dark with a tick, one that sees nothing is light with a
ring, one that was not run is a dot.
"""

import textwrap
from xml.sax.saxutils import escape

import matrix
from checks import LETTERS

WIDTH, MARGIN = 1000, 20
HEAD, ROW, CELL, GAP = 84, 34, 30, 14
LEGEND = 20  # a line of it
# Left edges.
ID, THREAT, TITLE, ACCURACY, TRIGGER, CODE, CHECKS = 20, 88, 112, 392, 450, 507, 538
TITLE_WIDTH = 42  # characters
FIGURES = ("Of a victim without checks: accuracy; trigger, the part of the images that "
           "are read as a seven when it is put on them; code, if the attacker's ran.")
RETRAIN = CHECKS + CELL * (len(LETTERS) - 1) + GAP
VERDICT = RETRAIN + CELL + GAP

INK, PALE, LINE, GROUND, STRIPE = "#1f2933", "#5f6b7a", "#d5dbe3", "#ffffff", "#f5f7fa"
GREEN, RED, RED_GROUND, GREY = "#00694f", "#b3261e", "#fbe3dc", "#b6bfca"
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def _text(x, y, words, size=13, fill=INK, **attributes):
    named = "".join(f' {name.replace("_", "-")}="{value}"'
                    for name, value in attributes.items())
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{named}>'
            f"{escape(str(words))}</text>")


def _line(y, colour=LINE):
    return (f'<line x1="{MARGIN}" y1="{y:g}" x2="{WIDTH - MARGIN}" y2="{y:g}" '
            f'stroke="{colour}"/>')


def _column(letter):
    return RETRAIN if letter == "R" else CHECKS + CELL * list(LETTERS).index(letter)


def _fires(x, y):
    return (f'<rect x="{x - 12:g}" y="{y - 12:g}" width="24" height="24" rx="4" '
            f'fill="{GREEN}"/><path d="M{x - 6:g} {y:g}l4 5 8 -10" fill="none" '
            f'stroke="#ffffff" stroke-width="2.6" stroke-linecap="round" '
            f'stroke-linejoin="round"/>')


def _sees_nothing(x, y, ground=RED_GROUND, ring=RED):
    return (f'<rect x="{x - 12:g}" y="{y - 12:g}" width="24" height="24" rx="4" '
            f'fill="{ground}"/><circle cx="{x:g}" cy="{y:g}" r="5" fill="none" '
            f'stroke="{ring}" stroke-width="1.8"/>')


def _was_not_run(x, y):
    return f'<circle cx="{x:g}" cy="{y:g}" r="1.8" fill="{GREY}"/>'


def _shape(state, attacked, x, y):
    if state == "fires":
        return _fires(x, y)
    if state == "was not run":
        return _was_not_run(x, y)
    # To see nothing is right where there is nothing to see.
    return _sees_nothing(x, y) if attacked else _sees_nothing(x, y, "#eef1f5", PALE)


def _cell(row, letter, y):
    state = matrix.cell(row, letter)
    result = row["checks"].get(letter)
    ended = f", exit code {result['exit']}" if result else ""
    return (f'<g id="{row["id"]}-{letter}" class="{state.replace(" ", "-")}">'
            f"<title>{escape(row['id'])}, {letter}: {state}{ended}</title>"
            + _shape(state, matrix.is_attack(row), _column(letter) + CELL / 2, y)
            + "</g>")


def _figure(x, y, value, harm):
    """A number, and how much of a bar it is."""
    colour = RED if harm else INK
    weight = {"font_weight": "bold"} if harm else {}
    return (_text(x, y + 1, f"{value:.3f}", 12.5, colour, **weight)
            + f'<rect x="{x}" y="{y + 6:g}" width="46" height="3" fill="{LINE}"/>'
            + f'<rect x="{x}" y="{y + 6:g}" width="{46 * value:.1f}" height="3" '
              f'fill="{colour}"/>')


def _title(row, y):
    lines = textwrap.wrap(row["title"], TITLE_WIDTH)
    if len(lines) == 2:  # no word alone
        lines = textwrap.wrap(row["title"], min(TITLE_WIDTH, len(row["title"]) // 2 + 6))
    top = y + 11 - 7 * len(lines)
    return "".join(_text(TITLE, top + 14 * i, line, 12) for i, line in enumerate(lines))


def _verdict(row, y):
    words = matrix.verdict(row)
    if words in (matrix.NOTICED, matrix.QUIET):
        colour = GREEN if words == matrix.NOTICED else PALE
        return _text(VERDICT, y + 4, words, fill=colour, font_weight="bold")
    return (f'<rect x="{VERDICT - 6}" y="{y - 11:g}" '
            f'width="{WIDTH - MARGIN - VERDICT + 6}" height="22" rx="4" fill="{RED}"/>'
            + _text(VERDICT, y + 4, words, 12, "#ffffff", font_weight="bold"))


def _row(row, y, clean, stripe):
    without, middle = row["without"], y + ROW / 2
    parts = []
    if stripe:
        parts.append(f'<rect x="{MARGIN}" y="{y:g}" width="{WIDTH - 2 * MARGIN}" '
                     f'height="{ROW}" fill="{STRIPE}"/>')
    parts += [
        _text(ID, middle + 4, row["id"], 12, font_weight="bold"),
        _text(THREAT, middle + 4, row["threat"] if row["threat"].isupper() else "", 12),
        _title(row, middle),
        _text(CODE, middle + 1, matrix.code_ran(row), 12, RED, font_weight="bold"),
        _figure(ACCURACY, middle, without["accuracy"],
                without["accuracy"] < clean["accuracy"] - 0.01),
        _figure(TRIGGER, middle, without["trigger"], without["trigger"] > 0.5),
        *(_cell(row, letter, middle) for letter in LETTERS), _verdict(row, middle)]
    return "\n".join(parts)


def _head():
    parts = [_text(ID, 34, "Which check notices which attack", 17, font_weight="bold")]
    for x, words in ((ID, "id and threat"), (TITLE, "attack"),
                     (ACCURACY, "accuracy"), (TRIGGER, "trigger"), (CODE, "code"),
                     (VERDICT, "verdict, without R")):
        parts.append(_text(x, HEAD - 10, words, 11, PALE))
    for letter in LETTERS:
        parts.append(_text(_column(letter) + CELL / 2, HEAD - 9, letter, 15,
                           text_anchor="middle", font_weight="bold"))
    return parts


def _legend(top):
    parts = [_line(top)]
    y = top + LEGEND + 6
    for x, shape, words in (
            (ID, _fires, "fires"), (ID + 110, _sees_nothing, "runs, and sees nothing"),
            (ID + 330, _was_not_run, "was not run")):
        parts += [shape(x + 12, y), _text(x + 32, y + 4, words, 12)]
    for i, (letter, meaning) in enumerate(LETTERS.items()):
        column, line = divmod(i, (len(LETTERS) + 1) // 2)
        x, y = ID + column * 470, top + LEGEND * (line + 2) + 22
        parts += [_text(x, y, letter, 12, font_weight="bold"),
                  _text(x + 22, y, meaning, 12)]
    parts.append(_text(ID, top + LEGEND * 7 + 30, FIGURES, 11, PALE))
    return parts


def svg(rows):
    bottom = HEAD + ROW * len(rows)
    height = bottom + LEGEND * 9
    clean = next((row["without"] for row in rows if not matrix.is_attack(row)),
                 {"accuracy": 0})
    unnoticed = [row["title"] for row in rows
                 if matrix.verdict(row) == matrix.NOT_NOTICED]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="t d" '
        f'font-family="{FONT}">',
        '<title id="t">Which check notices which attack</title>',
        f'<desc id="d">{len(rows)} rows, {len(LETTERS)} checks. Not noticed '
        f'without R: {escape("; ".join(unnoticed)) or "none"}.</desc>',
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" '
        f'fill="{GROUND}" stroke="{LINE}"/>',
        *_head(), _line(HEAD)]
    for i, row in enumerate(rows):
        parts.append(_row(row, HEAD + ROW * i, clean, i % 2))
    return "\n".join([*parts, *_legend(bottom), "</svg>"]) + "\n"
