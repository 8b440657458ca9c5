#!/usr/bin/env python3
"""Cost against size, from the results of scale.sh: scale_plot.py DIR

Reads DIR/<size>.json, or DIR/scale.json if there are none; prints a table, writes
DIR/scale.json and draws DIR/scale.svg with gnuplot: six panels, log-log."""
import json
import pathlib
import shutil
import subprocess
import sys

MIB = 1 << 20

# Panels: title, unit of the y axis, curves of (name, value of a result).
PANELS = [
    ("Commit, per record", "microseconds", [
        ("wall, until indexed", lambda r: r["commit_indexed_us"]),
        ("wall, durable", lambda r: r["commit_durable_seconds"] * 1e6 / r["records"]),
        ("server's processor", lambda r: r["commit_cpu_us"]),
    ]),
    ("Prove, server's processor", "microseconds", [
        ("lookup, one call", lambda r: r["prove_lookup_cpu_us"]),
        ("inclusion, one call", lambda r: r["prove_inclusion_cpu_us"]),
        ("lookup in a batch of 4,096", lambda r: r["prove_batch_cpu_us"]),
    ]),
    ("Verify, one core", "microseconds", [
        ("lookup", lambda r: r["verify_lookup_us"]),
        ("inclusion", lambda r: r["verify_inclusion_us"]),
        ("lookup in a batch of 4,096", lambda r: r["verify_batch_us"]),
    ]),
    ("Size of a proof", "bytes", [
        ("lookup", lambda r: r["lookup_bytes"]),
        ("inclusion", lambda r: r["inclusion_bytes"]),
        ("lookup in a batch of 4,096", lambda r: r["batch_bytes"]),
    ]),
    ("Server's memory, peak", "MiB", [
        ("resident, mapped files too", lambda r: r["memory_resident_peak_mib"]),
        ("anonymous", lambda r: r["memory_anonymous_peak_mib"]),
    ]),
    ("Disk, of all records", "MiB", [
        ("running, when add returns", lambda r: r["disk_bytes_after_add"] / MIB),
        ("at rest", lambda r: r["disk_bytes"] / MIB),
        ("written until then", lambda r: r["written_bytes"] / MIB),
    ]),
]
COLOURS = ["#1b6ca8", "#d1495b", "#2a9d55"]


def power(size):
    return "10^%d" % (len(str(size)) - 1) if str(size).strip("0") == "1" else f"{size:,}"


def print_table(results):
    print("| per record, or per proof | " + " | ".join(power(r["records"]) for r in results)
          + " |")
    print("|---|" + "---|" * len(results))
    for title, unit, curves in PANELS:
        for name, value in curves:
            cells = [f"{value(r):.3g}" for r in results]
            print(f"| {title}: {name} ({unit}) | " + " | ".join(cells) + " |")
    for key in ["append_1000_durable_p50_ms", "append_1000_shown_p50_ms",
                "append_1000_shown_p99_ms", "append_1000_indexed_p50_ms",
                "append_1000_indexed_p99_ms", "restart_cold_seconds", "cold_lookup_p99_us"]:
        if not all(key in r for r in results):
            continue  # kept from a run that did not measure it
        cells = [f"{r[key]:.3g}" for r in results]
        print(f"| {key.replace('_', ' ')} | " + " | ".join(cells) + " |")
    print("| disk at rest, bytes a record | "
          + " | ".join(f"{r['disk_bytes'] / r['records']:.1f}" for r in results) + " |")


def limits(results, curves):
    values = [max(value(r), 1e-9) for r in results for _, value in curves]
    return min(values) / 1.6, max(values) * 2.5


def draw(results, path):
    lines = [
        "set terminal svg size 1080,980 font 'Helvetica,13' background '#ffffff'",
        f"set output '{path}'",
        "set encoding utf8",
        "set multiplot layout 3,2 title 'What a log costs, by its number of records "
        "(log-log)' font ',16'",
        "set logscale xy",
        "set format x '10^{%T}'",
        "set xlabel 'records'",
        "set grid xtics ytics lc rgb '#dddddd'",
        "set border lc rgb '#888888'",
        "set tics textcolor rgb '#333333'",
        "set key top left reverse Left samplen 2 spacing 1.1",
        f"set xrange [{results[0]['records'] / 1.5}:{results[-1]['records'] * 1.5}]",
    ]
    for title, unit, curves in PANELS:
        low, high = limits(results, curves)
        # Room for the names above the curves.
        high *= (high / low) ** 0.45
        lines.append(f'set title "{title}"')
        lines.append(f"set ylabel '{unit}'")
        lines.append(f"set yrange [{low}:{high}]")
        lines.append("set format y '%s'" % ("%g" if high < 1e5 else "10^{%T}"))
        for i, (_, value) in enumerate(curves):
            points = "\n".join(f"{r['records']} {value(r)}" for r in results)
            lines.append(f"$c{i} << EOD\n{points}\nEOD")
        lines.append("plot " + ", ".join(
            f"$c{i} with linespoints lw 2 pt {[7, 5, 9][i]} ps 0.6 lc rgb '{COLOURS[i]}' "
            f'title "{name}"' for i, (name, _) in enumerate(curves)))
    lines.append("unset multiplot")
    subprocess.run(["gnuplot"], input="\n".join(lines) + "\n", text=True, check=True)


def main():
    directory = pathlib.Path(sys.argv[1])
    files = [f for f in directory.glob("*.json") if f.stem.isdigit()]
    if files:
        results = [json.loads(f.read_text()) for f in files]
    else:
        results = json.loads((directory / "scale.json").read_text())
    results.sort(key=lambda r: r["records"])
    if not results:
        sys.exit(f"scale_plot.py: there are no results in {directory}")
    print_table(results)
    (directory / "scale.json").write_text(json.dumps(results, indent=1) + "\n")
    if shutil.which("gnuplot") is None:
        sys.exit("scale_plot.py: there is no gnuplot (Debian: gnuplot-nox): no picture")
    draw(results, directory / "scale.svg")
    print(f"\n{directory}/scale.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
