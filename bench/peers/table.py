#!/usr/bin/env python3
"""One table of what run.sh measured: table.py LINES.jsonl OUT.json"""
import json
import sys


def rate(value):
    return "" if value is None else f"{value:,.0f}"


def main():
    lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump(lines, out, indent=1)
        out.write("\n")

    versions = {}
    adds = {}  # (system, workers) -> records a second
    indexed = {}
    proofs = {}
    for line in lines:
        system = line["system"]
        versions[system] = line.get("version", "this checkout")
        if line.get("what") == "adds":
            adds[system, line["workers"]] = line["per_second"]
        elif line.get("what") == "inclusion":
            proofs[system] = (line["per_second"], line["bytes"], "in process")
        elif line.get("bench") == "ingest":
            adds[system, line["workers"]] = line["records_per_second"]
            indexed[line["workers"]] = line["indexed_per_second"]
        elif line.get("bench") == "inclusion":
            proofs[system] = (line["calls_per_second"], line["answer_bytes"], "over gRPC")

    systems = list(versions)
    print("\nDurable adds a second:\n")
    print("| records under way | " + " | ".join(f"{s} {versions[s]}" for s in systems)
          + " | setlog, until indexed |")
    print("|---|" + "---|" * (len(systems) + 1))
    for workers in sorted({w for _, w in adds}):
        cells = [rate(adds.get((s, workers))) for s in systems]
        print(f"| {workers:,} | " + " | ".join(cells) + f" | {rate(indexed.get(workers))} |")
    print("\nInclusion proofs:\n\n| system | proofs/s | bytes | |\n|---|---|---|---|")
    for system, (per_second, size, how) in proofs.items():
        print(f"| {system} | {rate(per_second)} | {size:.0f} | {how} |")
    print(f"\n{sys.argv[2]}", file=sys.stderr)


if __name__ == "__main__":
    main()
