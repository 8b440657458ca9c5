#!/usr/bin/env python3
"""A private log of N records through the real programs: private_commit.py BIN RECORDS N DIR

A setlogd of its own below DIR, with its defaults, and `setlog add --vrf-key`: timed from
its start to its end, when all is durable, indexed and in a signed head. Labels are made
in the client. Prints one line of JSON; the peaks are of resident memory, mapped files
too, of the two processes."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ORIGIN = "bench.example.org/private"
MIB = 1 << 20


def fail(message):
    sys.exit(f"private_commit.py: {message}")


def run(command, env):
    """Standard output, wall seconds, processor seconds and peak memory in MiB."""
    begin = time.monotonic()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        fail(f"exit code {process.returncode} of {' '.join(map(str, command))}")
    return (out, time.monotonic() - begin, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


def peak_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return fail("no VmHWM in /proc")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def disk_bytes(directory):
    total = 0
    for file in directory.rglob("*"):
        try:
            if file.is_file():
                total += file.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # the server has merged it into another one since
    return total


def hex_at(path, i):
    with path.open("rb") as records:
        records.seek(32 * i)
        return records.read(32).hex()


def measure(setlog, env, server, records, n, work):
    first = work / "first"  # RECORDS goes on with those that are absent
    with records.open("rb") as source, first.open("wb") as part:
        left = 32 * n
        while left > 0:
            left -= part.write(source.read(min(left, MIB)))
    key = work / "key.vrf"
    run([setlog, "key", "vrf", "--out", key, "--no-passphrase", "--quiet"], env)
    run([setlog, "init", ORIGIN, "--scheme", "bytes/1", "--vrf-key", key, "--quiet"], env)
    os.sync()
    cpu = cpu_seconds(server)
    _, wall, client_cpu, client_peak = run(
        [setlog, "add", ORIGIN, "--vrf-key", key, "--packed", first, "--quiet"], env)
    result = {
        "system": "setlog", "records": n, "commit_seconds": wall,
        "client_cpu_seconds": client_cpu, "server_cpu_seconds": cpu_seconds(server) - cpu,
        "memory_client_peak_mib": client_peak, "memory_server_peak_mib": peak_mib(server),
        "disk_bytes": disk_bytes(work / "data"),
    }
    result["memory_peak_mib"] = client_peak + result["memory_server_peak_mib"]
    # A proof file, with the signed head and the way to the set's root in it.
    for name, i in [("present", 0), ("absent", n)]:
        proof = work / f"{name}.setproof"
        _, seconds, _, _ = run([setlog, "in", ORIGIN, "--vrf-key", key, "--hash",
                                hex_at(records, i), "--out", proof, "--quiet"], env)
        result[name] = {"file_bytes": proof.stat().st_size, "command_seconds": seconds}
    return result


def main():
    if len(sys.argv) != 5:
        fail("BIN RECORDS N DIR")
    binaries, records, n = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    work = pathlib.Path(sys.argv[4]) / f"service-{n}"
    work.mkdir()
    with (work / "setlogd.log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "setlogd", "--data", work / "data", "--listen", "127.0.0.1:0",
             "--http", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log)
    try:
        ready = server.stdout.readline().decode()
        if not ready.startswith("ready grpc="):
            fail("setlogd did not get ready: " + (work / "setlogd.log").read_text()[-500:])
        env = dict(os.environ, SETLOG_SERVER=ready.split()[1].removeprefix("grpc="),
                   SETLOG_TOKEN_FILE=str(work / "data/admin.token"),
                   SETLOG_HOME=str(work / "home"))
        print(json.dumps(measure(binaries / "setlog", env, server.pid, records, n, work)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


if __name__ == "__main__":
    main()
