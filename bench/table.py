#!/usr/bin/env python3
"""One table of core_bench and service_bench: table.py CORE.json SERVICE.json OUT.json

core_bench says how long things took; which of its figures is another one's ceiling is
said here. A benchmark may also say it itself, with the counters `ceiling` and `target`
(of the ratio)."""
import json
import re
import sys


def rate(core, pattern):
    """The best items a second among the benchmarks whose name matches."""
    rates = [b["items_per_second"] for b in core
             if re.fullmatch(pattern, b["name"]) and "items_per_second" in b]
    return max(rates, default=None)


def in_turn(*rates):
    """Items a second of several stages, one after the other."""
    if None in rates:
        return None
    return 1 / sum(1 / r for r in rates)


def figure(name, value, unit, ceiling_name="", ceiling=None, target=None):
    if value is None:
        return None
    row = {"figure": name, "value": value, "unit": unit}
    if ceiling:
        row.update(ceiling_name=ceiling_name, ceiling=ceiling, ratio=value / ceiling)
        if target is not None:
            row.update(target=f">= {target} of it", met=value / ceiling >= target)
    return row


def core_figures(core):
    # BM_Kernel/[kernel/]prefix bytes/body bytes[/messages in a call]
    kernel = r"BM_Kernel(/\d+)?/{}/{}(/4096)?"
    leaf = rate(core, kernel.format(2, 32))
    node = rate(core, kernel.format(1, 64))
    key = rate(core, kernel.format(1, 32))
    set_node = rate(core, kernel.format(1, 65))
    for name, value in [("leaf, 34 B", leaf), ("node, 65 B", node), ("key, 33 B", key),
                        ("set node, 66 B", set_node)]:
        yield figure(f"SHA-256, {name}, the fastest kernel", value, "hashes/s")
    yield figure("RFC 6962 tree from leaves, one core", rate(core, r"BM_LogTree(/\d+)*"),
                 "leaves/s", "its kernels", in_turn(leaf, node), 0.85)
    yield figure("sorted tree from sorted keys, one core",
                 rate(core, r"BM_SetTreeFromSortedKeys(/\d+)*"), "keys/s",
                 "its kernels", in_turn(key, set_node), 0.75)
    for b in core:
        if re.match(r"BM_(Kernel|LogTree|SetTreeFromSortedKeys)", b["name"]):
            continue
        if b.get("run_type") == "aggregate" or "items_per_second" not in b:
            continue
        yield figure(b["name"][3:].replace("/", " "), b["items_per_second"], "items/s",
                     "its own ceiling", b.get("ceiling"), b.get("target"))


def cells(row):
    ceiling = f"{row['ceiling_name']} {row['ceiling']:.4g}" if "ceiling" in row else ""
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
    met = {True: "yes", False: "NO"}.get(row.get("met"), "")
    return [row["figure"], f"{row['value']:.4g} {row['unit']}", ceiling, ratio,
            row.get("target", ""), met]


def main():
    core = json.load(open(sys.argv[1], encoding="utf-8"))["benchmarks"]
    rows = [row for row in core_figures(core) if row]
    rows += json.load(open(sys.argv[2], encoding="utf-8"))
    print("| figure | value | ceiling of this run | ratio | target | met |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(cells(row)) + " |")
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")
    judged = [row["met"] for row in rows if "met" in row]
    print(f"\n{sum(judged)} of {len(judged)} targets met; {sys.argv[3]}", file=sys.stderr)


if __name__ == "__main__":
    main()
