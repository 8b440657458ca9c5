#!/usr/bin/env python3
"""What model.sh measures: model_rate.py BIN_DIR WORK_DIR TURNS OUT.json

WORK_DIR has two models and their signatures: large, large.sig, small, small.sig."""
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/peers/model"))
import environment

environment.enter(sys.argv[1])
import model_signing

BIN, WORK = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def by_setlog(model):
    subprocess.run(
        [BIN / "setlog", "model", "verify", "key", WORK / model, "--signature",
         WORK / f"{model}.sig", "--public-key", WORK / "pub.pem", "--quiet"],
        check=True, stdout=subprocess.DEVNULL)


def by_python(model):
    (model_signing.verifying.Config()
     .use_elliptic_key_verifier(public_key=WORK / "pub.pem")
     .verify(WORK / model, WORK / f"{model}.sig"))


def by_python_command(model):
    subprocess.run(
        [sys.executable, "-m", "model_signing", "--log-level", "ERROR", "verify", "key",
         WORK / model, "--signature", WORK / f"{model}.sig", "--public_key",
         WORK / "pub.pem"], check=True, stdout=subprocess.DEVNULL)


def seconds(verify, model):
    start = time.perf_counter()
    verify(model)
    return time.perf_counter() - start


def main():
    turns = int(sys.argv[3])
    systems = {"setlog": by_setlog, "model_signing": by_python,
               "model_signing, whole command": by_python_command}
    rows = []
    for model in ("large", "small"):
        size = sum(file.stat().st_size for file in (WORK / model).iterdir())
        count = len(os.listdir(WORK / model))
        for verify in systems.values():
            verify(model)  # warm
        best = {}
        for _ in range(turns):
            for name, verify in systems.items():
                took = seconds(verify, model)
                best[name] = min(best.get(name, took), took)
        for name, took in best.items():
            rows.append({"system": name, "files": count, "bytes": size,
                         "seconds": round(took, 4),
                         "gigabytes_per_second": round(size / 1e9 / took, 3),
                         "times_setlog": round(took / best["setlog"], 2)})
    result = {"version": model_signing.__version__, "cpus": os.cpu_count(),
              "load_average": os.getloadavg()[0], "turns": turns, "rows": rows}
    with open(sys.argv[4], "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    print("| verified by | files | MB | s | GB/s | times setlog's time |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['system']} | {row['files']:,} | {row['bytes'] / 1e6:,.0f} "
              f"| {row['seconds']:.3f} | {row['gigabytes_per_second']:.2f} "
              f"| {row['times_setlog']:.2f} |")
    print(f"\nmodel_signing {model_signing.__version__}; load average "
          f"{result['load_average']:.1f} on {result['cpus']} CPUs\n{sys.argv[4]}",
          file=sys.stderr)


if __name__ == "__main__":
    main()
