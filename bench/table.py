#!/usr/bin/env python3
"""One table of core_bench and others: table.py CORE.json OTHER.json... OUT.json

The others judge their own figures; which of core_bench's is another one's ceiling, and
what we want of it, is said here."""
import json
import re
import sys


def rate(core, pattern):
    """The best items a second among the benchmarks whose name matches."""
    rates = [b["items_per_second"] for b in core
             if re.fullmatch(pattern, b["name"]) and "items_per_second" in b]
    return max(rates, default=None)


# Benchmarks that bring their ceiling with them (counters `rate` and `ceiling`); the group
# of the pattern is the number of threads.
TREES = [
    (r"BM_LogTree/(\d+)/real_time", "RFC 6962 tree from leaves", "leaves/s", 0.85),
    (r"BM_SetTreeFromSortedKeys/(\d+)/real_time", "sorted tree from sorted keys", "keys/s",
     0.75),
]

# The same, on one core; targets are a part of the ceiling, or if above 1 of the value.
VRF = [
    ("BM_VrfLabel", "VRF label, one at a time", "its map and multiplication", 0.95),
    ("BM_VrfLabelBatch", "VRF labels, 1,024 at a time", "their field multiplications",
     100000),
    ("BM_VrfProve", "VRF proof", "its four operations", 0.9),
    ("BM_VrfVerify", "VRF proof verified", "its seven operations", 5000),
]


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
    # BM_Kernel/kernel/prefix bytes/body bytes/messages in a call
    kernel = r"BM_Kernel/\d+/{}/{}/4096"
    leaf = rate(core, kernel.format(2, 32))
    node = rate(core, kernel.format(1, 64))
    key = rate(core, kernel.format(1, 32))
    set_node = rate(core, kernel.format(1, 65))
    for name, value in [("leaf, 34 B", leaf), ("node, 65 B", node), ("key, 33 B", key),
                        ("set node, 66 B", set_node)]:
        yield figure(f"SHA-256, {name}, the fastest kernel", value, "hashes/s")
    yield figure("the node kernel on 2 threads",
                 rate(core, "BM_KernelThreads/2/real_time"), "hashes/s", "one thread",
                 rate(core, "BM_KernelThreads/1/real_time"), 1.8)
    for pattern, name, unit, target in TREES:
        one = None
        for b in sorted(core, key=lambda b: b["name"]):
            threads = re.fullmatch(pattern, b["name"])
            if threads is None or "rate" not in b:
                continue
            if threads[1] == "1":
                one = b["rate"]
                yield figure(f"{name}, one core", one, unit, "its kernels", b["ceiling"],
                             target)
            else:
                yield figure(f"{name}, {threads[1]} threads", b["rate"], unit,
                             "one thread", one, 1.8)
    for b in core:
        for name, what, ceiling, target in VRF:
            if b["name"].startswith(name + "/") and "rate" in b:
                row = figure(what, b["rate"], "calls/s", ceiling, b["ceiling"])
                met = (b["rate"] if target > 1 else row["ratio"]) >= target
                yield row | {"target": f">= {target:g}" + " of it" * (target <= 1),
                             "met": met}
    for b in core:
        if "items_per_second" in b and not b["name"].startswith("BM_Kernel"):
            row = figure(b["name"][3:].replace("/", " "), b["items_per_second"], "items/s")
            if b["name"].startswith("BM_Replay/10000000/"):
                row.update(target=">= 2e+06", met=row["value"] >= 2e6)
            yield row


def cells(row):
    ceiling = f"{row['ceiling_name']} {row['ceiling']:.4g}" if "ceiling" in row else ""
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
    met = {True: "yes", False: "NO"}.get(row.get("met"), "")
    return [row["figure"], f"{row['value']:.4g} {row['unit']}", ceiling, ratio,
            row.get("target", ""), met]


def main():
    core, *others, out_file = sys.argv[1:]
    core = json.load(open(core, encoding="utf-8"))["benchmarks"]
    rows = [row for row in core_figures(core) if row]
    for other in others:
        rows += json.load(open(other, encoding="utf-8"))
    print("| figure | value | ceiling of this run | ratio | target | met |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(cells(row)) + " |")
    with open(out_file, "w", encoding="utf-8") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")
    judged = [row["met"] for row in rows if "met" in row]
    print(f"\n{sum(judged)} of {len(judged)} targets met; {out_file}", file=sys.stderr)


if __name__ == "__main__":
    main()
