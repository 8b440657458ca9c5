#!/usr/bin/env python3
"""Private logs beside akd, from the results of private.sh: private_table.py DIR

Reads DIR/<size>-<what>.json, or DIR/private.json if there are none; prints one table,
writes DIR/private.json and draws DIR/private.svg with gnuplot: measured points with solid
lines, and dashed up to 10^10 what the model below says. docs/performance.md explains it."""
import json
import math
import pathlib
import shutil
import subprocess
import sys

# What private.sh measures: one process each.
CORE, SERVICE, SET, DIRECTORY = "core", "service", "set", "directory"
LAST = 10  # the model's end, as a power of ten
# What the index of a log costs, in us a record until indexed, with the fixed costs left
# out: measured at 10^7 and 10^8 (docs/scale.json), modelled there beyond.
INDEX_US = {7: 0.59, 8: 1.05, 9: 1.25, 10: 2.0}
# The server's memory, MiB: measured at 10^8, modelled beyond (docs/performance.md).
SERVER_MIB = {8: 3277, 9: 4096, 10: 20480}


def of(*path, scale=1.0):
    """A function that takes the value at `path` out of a result, None if it is not there."""
    def value(result):
        for name in path:
            if not isinstance(result, dict) or name not in result:
                return None
            result = result[name]
        return result * scale
    return value


def per_record(result):
    return result["commit_seconds"] * 1e6 / result["records"]


# Rows: figure, setlog's process, value; and akd's value if it is another one.
ROWS = [
    ("commit in memory, s", CORE, of("commit_seconds")),
    ("commit, durable, over gRPC, until indexed, s (akd: in memory)", SERVICE,
     of("commit_seconds")),
    ("peak memory, in memory, MiB", CORE, of("memory_peak_mib")),
    ("peak memory, server and client, MiB (akd: in memory)", SERVICE,
     of("memory_peak_mib")),
    ("prove absence, us", CORE, of("absent", "prove_us")),
    ("prove absence, eight together, us each (akd: one)", CORE, of("absent", "prove_8_us"),
     of("absent", "prove_us")),
    ("prove presence, us", CORE, of("present", "prove_us")),
    ("verify absence, us", CORE, of("absent", "verify_us")),
    ("verify absence, eight together, us each (akd: one)", CORE,
     of("absent", "verify_8_us"), of("absent", "verify_us")),
    ("verify presence, us", CORE, of("present", "verify_us")),
    ("verify presence, eight together, us each (akd: one)", CORE,
     of("present", "verify_8_us"), of("present", "verify_us")),
    ("proof of absence, bytes", CORE, of("absent", "bytes")),
    ("proof of presence, bytes", CORE, of("present", "bytes")),
]


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def print_table(results, sizes):
    print("| figure | records | setlog | akd, its set alone | akd, a directory | akd's better "
          "/ setlog |")
    print("|---|---|---|---|---|---|")
    for title, ours, value, *theirs in ROWS:
        for size in sizes:
            mine = results.get((size, ours))
            mine = value(mine) if mine else None
            if mine is None:
                continue
            others = [results.get((size, name)) for name in (SET, DIRECTORY)]
            others = [(theirs or [value])[0](r) if r else None for r in others]
            known = [v for v in others if v is not None]
            ratio = f"{min(known) / mine:.2f}" if known else ""
            print(f"| {title} | {size:,} | {number(mine)} | {number(others[0])} | "
                  f"{number(others[1])} | {ratio} |")
    for size in sizes:
        service = results.get((size, SERVICE))
        if service:
            files = ", ".join(f"{name} {service[name]['file_bytes']} bytes"
                              for name in ("present", "absent") if name in service)
            print(f"\n{size:,} records: disk {service['disk_bytes'] / 1e6:.0f} MB; processor time "
                  f"of the commit: client {service['client_cpu_seconds']:.2f} s, server "
                  f"{service['server_cpu_seconds']:.2f} s; a proof file: {files or 'not asked'}")


# Models: from the measured points, (power of ten, value), to a function of the power.
def line(points):
    """Straight in the logarithm of the size: what grows by a level for each doubling."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    last_x, last_y = points[-1]
    return lambda x: last_y + max(slope, 0) * (x - last_x)


def same(points):
    """What a record costs at the largest size, at every size."""
    return lambda x: points[-1][1]


def linear(points):
    """So much for each record, as at the largest size."""
    last_x, last_y = points[-1]
    return lambda x: last_y * 10 ** (x - last_x)


def between(known, x):
    """Of a table by powers of ten, straight between them."""
    low = max(k for k in known if k <= x)
    high = min(k for k in known if k >= x)
    part = 0 if high == low else (x - low) / (high - low)
    return known[low] * (1 - part) + known[high] * part


def our_commit(points):
    """Labels cost the same for each record; the index grows as that of a plain log."""
    last_x, last_y = points[-1]
    base = between(INDEX_US, max(last_x, 7))
    return lambda x: last_y + between(INDEX_US, max(x, 7)) - base


def our_memory(points):
    """The server's as of a plain log; to the next size that is known, a straight line."""
    last_x, last_y = points[-1]
    known = {last_x: last_y, **{k: max(v, last_y) for k, v in SERVER_MIB.items() if k > last_x}}
    return lambda x: 10 ** between({k: math.log10(v) for k, v in known.items()}, x)


OURS, OUR_EIGHT, THEIR_SET, THEIR_DIRECTORY = "#1b6ca8", "#2a9d55", "#d1495b", "#e09f3e"
# Panels: title, y axis, whether that is logarithmic, curves of (name, process, value,
# model or None, colour).
PANELS = [
    ("Commit, per record", "us, two cores", True, [
        ("setlog, durable, over gRPC, indexed", SERVICE, per_record, our_commit, OURS),
        ("setlog, in memory", CORE, per_record, None, OUR_EIGHT),
        ("akd, in memory, its set alone", SET, per_record, same, THEIR_SET),
        ("akd, in memory, a directory", DIRECTORY, per_record, same, THEIR_DIRECTORY),
    ]),
    ("Peak memory", "MiB", True, [
        ("setlog, server and client", SERVICE, of("memory_peak_mib"), our_memory, OURS),
        ("setlog, in memory", CORE, of("memory_peak_mib"), None, OUR_EIGHT),
        ("akd, its set alone", SET, of("memory_peak_mib"), linear, THEIR_SET),
        ("akd, a directory", DIRECTORY, of("memory_peak_mib"), linear, THEIR_DIRECTORY),
    ]),
    ("Prove absence, one core", "us", False, [
        ("setlog", CORE, of("absent", "prove_us"), line, OURS),
        ("setlog, eight together, each", CORE, of("absent", "prove_8_us"), line, OUR_EIGHT),
        ("akd", SET, of("absent", "prove_us"), line, THEIR_SET),
    ]),
    ("Verify absence, one core", "us", False, [
        ("setlog", CORE, of("absent", "verify_us"), line, OURS),
        ("setlog, eight together, each", CORE, of("absent", "verify_8_us"), line, OUR_EIGHT),
        ("akd", SET, of("absent", "verify_us"), line, THEIR_SET),
    ]),
    ("Proof of absence", "bytes", False, [
        ("setlog", CORE, of("absent", "bytes"), line, OURS),
        ("akd", SET, of("absent", "bytes"), line, THEIR_SET),
    ]),
    ("Proof of presence", "bytes", False, [
        ("setlog", CORE, of("present", "bytes"), line, OURS),
        ("akd, its set alone", SET, of("present", "bytes"), line, THEIR_SET),
        ("akd, a directory", DIRECTORY, of("present", "bytes"), line, THEIR_DIRECTORY),
    ]),
]


def curve(results, process, value):
    """Points (power of ten, value) of what was measured."""
    points = [(math.log10(size), value(result))
              for (size, name), result in sorted(results.items()) if name == process]
    return [(x, y) for x, y in points if y is not None]


def data(points):
    return "\n".join(f"{10 ** x} {y}" for x, y in points)


def print_model(results):
    """What the dashed lines say."""
    powers = [8, 9, 10]
    print("\n| a model, not measured | " + " | ".join(f"10^{x}" for x in powers) + " |")
    print("|---|" + "---|" * len(powers))
    for title, unit, _, curves in PANELS:
        for name, process, value, model, _ in curves:
            points = curve(results, process, value)
            if model and len(points) > 1:
                cells = [number(model(points)(x)) for x in powers]
                print(f"| {title} ({unit}): {name} | " + " | ".join(cells) + " |")


def panel(results, number_of, title, unit, logarithmic, curves):
    lines, plots, highest, lowest = [], [], 0.0, math.inf
    for i, (name, process, value, model, colour) in enumerate(curves):
        points = curve(results, process, value)
        if not points:
            continue
        block = f"$p{number_of}c{i}"
        lines.append(f"{block}m << EOD\n{data(points)}\nEOD")
        plots.append(f"{block}m with linespoints lw 2 pt 7 ps 0.5 lc rgb '{colour}' "
                     f'title "{name}"')
        beyond = []
        if model and len(points) > 1:
            predict = model(points)
            last = points[-1][0]
            steps = round((LAST - last) * 4)
            beyond = [(last + k / 4, predict(last + k / 4)) for k in range(steps + 1)]
            lines.append(f"{block}b << EOD\n{data(beyond)}\nEOD")
            plots.append(f"{block}b with lines lw 2 dashtype (4,3) lc rgb '{colour}' notitle")
        values = [y for _, y in points + beyond]
        highest, lowest = max(highest, *values), min(lowest, *values)
    if not plots:
        return []
    # With room for the names above the curves.
    if logarithmic:
        top = highest * max((highest / lowest) ** .55, 30)
        scale = ["set logscale y", f"set yrange [{lowest / 2}:{top}]",
                 "set format y '%s'" % ("10^{%T}" if highest > 1e5 else "%g")]
    else:
        scale = ["unset logscale y", f"set yrange [0:{highest * 1.7}]", "set format y '%g'"]
    return [*scale, f'set title "{title}"', f"set ylabel '{unit}'", *lines,
            "plot " + ", ".join(plots)]


def draw(results, path):
    largest = max(size for size, _ in results)
    lines = [
        "set terminal svg size 1080,980 font 'Helvetica,13' background '#ffffff'",
        f"set output '{path}'",
        "set encoding utf8",
        'set multiplot layout 3,2 title "Private logs beside akd, by the number of records\\n'
        '{/*0.8 points and solid lines: measured; dashed: a model, NOT measured}" font ",16"',
        "set logscale x",
        "set format x '10^{%T}'",
        "set xlabel 'records'",
        "set grid xtics ytics lc rgb '#dddddd'",
        "set border lc rgb '#888888'",
        "set tics textcolor rgb '#333333'",
        "set key top left reverse Left samplen 2 spacing 1.1",
        f"set xrange [700:{10 ** LAST * 1.5}]",
        # Nothing was measured to the right of it.
        f"set arrow 1 from first {largest * 1.3}, graph 0 to first {largest * 1.3}, graph 1 "
        "nohead dashtype (1,4) lc rgb '#888888'",
        f"set label 1 'model' at first {largest * 1.6}, graph 0.67 textcolor rgb '#888888'",
    ]
    for i, one in enumerate(PANELS):
        lines += panel(results, i, *one)
    lines.append("unset multiplot")
    subprocess.run(["gnuplot"], input="\n".join(lines) + "\n", text=True, check=True)


def main():
    directory = pathlib.Path(sys.argv[1])
    kept = directory / "private.json"
    results = {}
    for file in directory.glob("*-*.json"):
        size, _, what = file.stem.partition("-")
        if size.isdigit():
            results[int(size), what] = json.loads(file.read_text())
    if results:
        rows = [{"size": size, "what": what, **result}
                for (size, what), result in sorted(results.items())]
        kept.write_text(json.dumps(rows, indent=1) + "\n")
    elif kept.exists():
        results = {(row["size"], row["what"]): row for row in json.loads(kept.read_text())}
    else:
        sys.exit(f"private_table.py: there are no results in {directory}")
    print_table(results, sorted({size for size, _ in results}))
    print_model(results)
    if shutil.which("gnuplot") is None:
        sys.exit("private_table.py: there is no gnuplot (Debian: gnuplot-nox): no picture")
    draw(results, directory / "private.svg")
    print(f"\n{directory}/private.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
