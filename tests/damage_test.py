#!/usr/bin/env python3
"""tests/damage_test.py BIN_DIR [--seed N] [--cases N] -- whatever happens to the files of
a data directory, it is the SAME or it is REFUSED (ctest name: damage).

A real setlogd makes a small store: two logs, adds, removes, tags, sessions, restarts and
one kill. Then, a case at a time, a file of a copy is damaged, and

  fsck says clean   the server starts and every answer is what it was;
  fsck complains    the server does not start, saying what and which command helps; or it
                    starts, and each answer is what it was or an error;
  only rebuildable  `repair` succeeds, and then every answer is what it was;
  damage            `repair` refuses, naming it, and changes nothing.

Never another answer, a new key, a crash or a hang. Each kind of file of a large log's index
is damaged in each way: then all answers are what they were, without a repair. Named cases
follow: keys, two servers, old backups, rollbacks.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

LOGS = ["example.org/a", "example.org/b"]
TIMEOUT = 60
failures = []
outcomes = {}
lock = threading.Lock()


def wrong(case, text):
    with lock:
        failures.append(f"{case}: {text}")
        print(f"WRONG {case}: {text}", flush=True)


def count(outcome):
    with lock:
        outcomes[outcome] = outcomes.get(outcome, 0) + 1


def run(*command, home=None, check=False):
    env = dict(os.environ, NO_COLOR="1", SETLOG_HOME=str(home or "/nonexistent"))
    done = subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=TIMEOUT)
    if check and done.returncode != 0:
        sys.exit(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Server:
    """A setlogd on a unix socket. `ready` is False if it ended instead."""

    def __init__(self, data, *flags):
        self.socket = tempfile.mktemp(prefix="s", dir=work)
        self.process = subprocess.Popen(
            [setlogd, "--data", data, "--listen", f"unix:{self.socket}",
             "--http", "127.0.0.1:0", "--memory", "256MiB", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        timer = threading.Timer(TIMEOUT, self.process.kill)
        timer.start()
        self.ready = self.process.stdout.readline().startswith("ready ")
        timer.cancel()
        self.error = ""
        if not self.ready:
            self.error = self.process.communicate()[1]

    def end(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.error += self.process.communicate(timeout=TIMEOUT)[1] or ""
        return self.process.returncode


def client(server, data, home):
    def ask(*command, check=False):
        return run(setlog, *command, "--server", f"unix:{server.socket}", "--token-file",
                   f"{data}/admin.token", "--retry-for", "10s", home=home, check=check)
    return ask


def questions(records):
    yield "logs", "--json"
    for log in LOGS:
        yield "head", log, "--json"
        yield "entries", log, "--json"
        yield "in", log, "--hashes", records, "--json"
    yield "in", LOGS[0], "--hashes", records, "--at", "v1", "--json"
    yield "tags", LOGS[0], "--json"
    yield "inclusion", LOGS[0], "5", "--json"
    yield "consistency", LOGS[0], "7", "--json"


def answers(server, data, asked):
    """Each question's answer, or None where an error was the answer."""
    home = tempfile.mkdtemp(dir=work)
    ask = client(server, data, home)
    got = []
    for question in asked:
        done = ask(*question)
        got.append(done.stdout if done.returncode in (0, 1) else None)
    shutil.rmtree(home)
    return got


def digest(number):
    return hashlib.sha256(b"record %d" % number).hexdigest()


def write_hashes(path, numbers):
    path.write_text("".join(digest(n) + "\n" for n in numbers))
    return path


def make_stores():
    """Copies of one data directory at three moments: an old one, a stopped and a killed."""
    data = work / "data"
    home = work / "home"
    batch = work / "batch"
    number = 0
    for moment in ("old", "stopped", "killed"):
        server = Server(data)
        if not server.ready:
            sys.exit(f"no server: {server.error}")
        ask = client(server, data, home)
        if moment == "old":
            for log in LOGS:
                ask("init", log, "--scheme", "bytes/1", check=True)
        for i in range(16):
            for log in LOGS:
                size = 1 + i * 3
                write_hashes(batch, range(number, number + size))
                number += size
                ask("add", log, "--hashes", batch, check=True)
        for log in LOGS:
            write_hashes(batch, range(number - 60, number - 50))
            ask("remove", log, "--hashes", batch, check=True)
        ask("tag", LOGS[0], {"old": "v1", "stopped": "v2", "killed": "v3"}[moment],
            check=True)
        server.end(signal.SIGKILL if moment == "killed" else signal.SIGTERM)
        shutil.copytree(data, work / moment)
    records = write_hashes(work / "records", [0, 1, 2, 30, 200, number - 55, number - 58,
                                              number - 1, number + 7, number + 8])
    return list(questions(records))


def baseline(moment, asked):
    copy = work / f"{moment}.asked"
    shutil.copytree(work / moment, copy)
    server = Server(copy)
    got = answers(server, copy, asked)
    server.end(signal.SIGTERM)
    if None in got or not got[0]:
        sys.exit(f"the sound store {moment} gives no answers: {server.error}")
    return got


def files_of(data):
    return sorted(p for p in Path(data).rglob("*") if p.is_file())


def contents(data):
    return {str(p.relative_to(data)): p.read_bytes() for p in files_of(data)}


def damage(kind, data, old, rng, files=None):
    """Damages one of `files`. Its name, or None if there is nothing for this kind."""
    files = files or files_of(data)
    if kind == "swapped":
        pools = {}
        for path in files:
            if path.stat().st_size > 0:
                pools.setdefault(path.suffix or path.parent.name, []).append(path)
        pools = [pool for pool in pools.values() if len(pool) > 1]
        if not pools:
            return None
        a, b = rng.sample(rng.choice(pools), 2)
        first, second = a.read_bytes(), b.read_bytes()
        a.write_bytes(second)
        b.write_bytes(first)
        return f"{a.name} and {b.name}" if first != second else None
    if kind == "older":
        files = [p for p in files if (old / p.relative_to(data)).is_file() and
                 (old / p.relative_to(data)).read_bytes() != p.read_bytes()]
    if kind in ("flipped", "truncated", "emptied"):
        files = [p for p in files if p.stat().st_size > 0]
    if not files:
        return None
    path = rng.choice(files)
    content = path.read_bytes()
    if kind == "flipped":
        at = rng.randrange(len(content) * 8)
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(flipped))
        return f"{path.relative_to(data)} bit {at}"
    if kind == "truncated":
        path.write_bytes(content[:rng.randrange(len(content))])
    elif kind == "deleted":
        path.unlink()
    elif kind == "emptied":
        path.write_bytes(b"")
    elif kind == "older":
        path.write_bytes((old / path.relative_to(data)).read_bytes())
    elif kind == "appended":
        path.write_bytes(content + rng.randbytes(rng.randrange(1, 300)))
    return str(path.relative_to(data))


def keys_of(data):
    return {p.name for p in Path(data, "keys").glob("*")}


def says_what_helps(text, data):
    return str(data) in text and any(
        word in text for word in ("setlogd ", "delete it", "from a backup", "chmod"))


def judge(case, data, expected, asked, fsck_code):
    """Starts a server on `data`. True if every answer is the same."""
    before = keys_of(data)
    server = Server(data)
    if not server.ready:
        code = server.process.returncode
        if code not in (2, 3) or not server.error:
            wrong(case, f"the server ended with {code}: {server.error}")
        elif not says_what_helps(server.error, data):
            wrong(case, f"the refusal does not say what helps: {server.error}")
        if fsck_code == 0:
            wrong(case, f"fsck said clean, the server: {server.error}")
        count("refused at start")
        return False
    got = answers(server, data, asked)
    code = server.end()
    if code != -signal.SIGKILL:
        wrong(case, f"the server crashed: {code} {server.error}")
    if keys_of(data) - before:
        wrong(case, "a new key was made")
    same = True
    for question, was, now in zip(asked, expected, got):
        if now is None:
            same = False
        elif now != was:
            wrong(case, f"another answer to {question}: {now[:300]} instead of {was[:300]}")
            same = False
    if fsck_code == 0 and not same:
        wrong(case, f"fsck said clean, but a question got no answer: {server.error}")
    count("same" if same else "an error instead of an answer")
    return same


def findings(done):
    """The kinds of what fsck has found."""
    kinds = {json.loads(line).get("finding") for line in done.stdout.splitlines()}
    return kinds - {None}


def one_case(number, kind, moment, expected, asked):
    rng = random.Random(f"{options.seed}/{number}")
    data = work / f"case{number}"
    shutil.copytree(work / moment, data)
    what = damage(kind, data, work / {"stopped": "old", "killed": "stopped"}[moment], rng)
    case = f"case {number}, {moment} store, {kind}: {what}"
    if what is None:
        shutil.rmtree(data)
        return
    try:
        damaged = contents(data)
        fsck = run(setlogd, "fsck", "--data", data, "--json")
        if fsck.returncode not in (0, 3):
            wrong(case, f"fsck: {fsck.returncode} {fsck.stderr}")
        if {k: v for k, v in contents(data).items() if k != "store/LOCK"} != {
                k: v for k, v in damaged.items() if k != "store/LOCK"}:
            wrong(case, "fsck changed a file")
        kinds = findings(fsck)
        if fsck.returncode == 3:
            copy = Path(f"{data}.repaired")
            shutil.copytree(data, copy)
            repair = run(setlogd, "repair", "--data", copy)
            if "damage" in kinds:
                count("fsck: damage")
                if repair.returncode != 3:
                    wrong(case, f"repair: {repair.returncode} {repair.stdout}")
                left = {k: v for k, v in contents(copy).items() if k != "store/LOCK"}
                if left != {k: v for k, v in damaged.items() if k != "store/LOCK"}:
                    wrong(case, "repair refused and changed a file")
            else:
                count("fsck: rebuildable")
                if repair.returncode != 0:
                    wrong(case, f"repair: {repair.returncode} {repair.stdout}{repair.stderr}")
                again = run(setlogd, "fsck", "--data", copy)
                if again.returncode != 0:
                    wrong(case, f"after repair: {again.stdout}")
                if not judge(case + ", repaired", copy, expected, asked, 0):
                    wrong(case, "after repair it is not the same")
            shutil.rmtree(copy)
        else:
            count("fsck: clean")
        judge(case, data, expected, asked, fsck.returncode)
    except subprocess.TimeoutExpired as late:
        wrong(case, f"hangs: {late.cmd}")
    shutil.rmtree(data, ignore_errors=True)


def expect(name, done, code, text):
    said = done.stdout + done.stderr
    if done.returncode != code or text not in said:
        wrong(name, f"exit code {done.returncode}, expected {code} and {text!r}: {said}")


def refused(name, data, text, *flags):
    before = keys_of(data)
    server = Server(data, *flags)
    if server.ready:
        server.end()
        wrong(name, "the server started")
    elif text not in server.error:
        wrong(name, f"does not say {text!r}: {server.error}")
    if keys_of(data) != before:
        wrong(name, "the keys have changed")


def copy_of(moment, name):
    data = work / name
    shutil.copytree(work / moment, data)
    return data


def entries_of(data, *flags):
    server = Server(data, *flags)
    ask = client(server, data, tempfile.mkdtemp(dir=work))
    texts = [ask("entries", log, check=True).stdout for log in LOGS]
    server.end(signal.SIGTERM)
    return texts


def backups_under_load(data, anchor):
    """What a backup holds while records come in is a beginning of what is there later."""
    server = Server(data, "--anchor", str(anchor))
    ask = client(server, data, work / "home4")
    done = threading.Event()

    def add():
        number = 100000
        while not done.is_set():
            batch = write_hashes(work / "load", range(number, number + 500))
            number += 500
            for log in LOGS:
                ask("add", log, "--hashes", batch, check=True)

    adding = threading.Thread(target=add)
    adding.start()
    backups = [work / f"load{i}" for i in range(4)]
    for backup in backups:
        expect("backup under load",
               run(setlogd, "backup", backup, "--data", data, "--with-keys"), 0,
               "BACKED UP")
    done.set()
    adding.join()
    server.end(signal.SIGTERM)
    whole = entries_of(data, "--anchor", str(anchor))
    sizes = []
    for backup in backups:
        restored = Path(f"{backup}.restored")
        expect("restore", run(setlogd, "restore", backup, "--data", restored), 0,
               "RESTORED")
        texts = entries_of(restored)
        sizes.append(sum(len(text) for text in texts))
        for was, now in zip(texts, whole):
            if not now.startswith(was) or not was:
                wrong("backup under load", "it is no beginning of the log")
    if sizes != sorted(sizes):
        wrong("backup under load", f"a later backup holds less: {sizes}")


def killed_repairs(expected, asked, rng):
    """A repair that is killed anywhere can be run again, and then all is the same."""
    data = copy_of("stopped", "rebuild")
    for path in Path(data, "index").glob("*/*.jnl"):
        path.write_bytes(path.read_bytes()[:-1])
    sound = Path(data, "anchor").read_bytes()
    for at in (0, len(sound) // 2):  # the older one of its two slots
        torn = bytearray(sound)
        torn[at] ^= 1
        Path(data, "anchor").write_bytes(bytes(torn))
        if findings(run(setlogd, "fsck", "--data", data, "--json")) == {"rebuildable"}:
            break
    else:
        return wrong("killed repair", "neither slot of the anchor is rebuildable")
    for i in range(12):
        copy = work / f"rebuild{i}"
        shutil.copytree(data, copy)
        repair = subprocess.Popen([setlogd, "repair", "--data", copy],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            repair.wait(rng.uniform(0.005, 0.2))
        except subprocess.TimeoutExpired:
            repair.kill()
            repair.wait()
        expect("repair again", run(setlogd, "repair", "--data", copy), 0, "")
        expect("after it", run(setlogd, "fsck", "--data", copy), 0, "CLEAN")
        judge(f"killed repair {i}", copy, expected, asked, 0)
        shutil.rmtree(copy)


INDEX_FILES = ["MANIFEST", "commits.jnl", "p*.run", "p*.top", "p*.jnl", "v-*.top"]


def make_indexed():
    """A log that is large enough for every kind of file in its index."""
    data = work / "indexed"
    log = "example.org/large"
    asked = [("head", log, "--json"), ("tags", log, "--json")]
    batch = work / "large"
    for number in range(3):
        server = Server(data)
        ask = client(server, data, work / "home5")
        if number == 0:
            ask("init", log, "--scheme", "bytes/1", check=True)
        if number < 2:
            write_hashes(batch, range(number * 150000, number * 150000 + 150000))
            ask("add", log, "--hashes", batch, check=True)
            write_hashes(batch, range(number * 50, number * 50 + 40))
            ask("remove", log, "--hashes", batch, check=True)
            ask("tag", log, f"v{number}", check=True)
        else:  # by now the older version is not in memory
            chosen = write_hashes(work / "chosen", list(range(0, 300000, 1500)) +
                                  list(range(45)) + [300001, 300002])
            for at in ([], ["--at", "v0"]):
                asked.append(("in", log, "--hashes", chosen, *at, "--json"))
        expected = answers(server, data, asked)
        server.end(signal.SIGTERM)
    if None in expected:
        sys.exit(f"the sound large store gives no answers: {server.error}")
    for pattern in INDEX_FILES:
        if not list(Path(data, "index").glob("*/" + pattern)):
            wrong("the index", f"has no file {pattern}")
    return asked, expected


def index_case(number, kind, pattern, expected, asked):
    """Whatever happens to an index, the server answers as before, by itself."""
    rng = random.Random(f"{options.seed}/index/{number}")
    data = copy_of("indexed", f"index{number}")
    paths = [p for p in sorted(Path(data, "index").glob("*/" + pattern))
             if p.stat().st_size > 0]
    hit = rng.sample(paths, 2) if kind == "swapped" else [rng.choice(paths)]
    damage(kind, data, None, rng, hit)
    case = f"index case {number}, {kind}: {', '.join(path.name for path in hit)}"
    try:
        fsck = run(setlogd, "fsck", "--data", data, "--json")
        count("index: " + ("rebuildable" if fsck.returncode else "clean"))
        if fsck.returncode not in (0, 3) or findings(fsck) - {"rebuildable"}:
            wrong(case, f"fsck: {fsck.returncode} {fsck.stdout}{fsck.stderr}")
        if not judge(case, data, expected, asked, fsck.returncode):
            wrong(case, "it is not the same")
        # A damaged page that nobody has asked for is there still.
        expect(case, run(setlogd, "repair", "--data", data), 0, "")
        expect(case, run(setlogd, "fsck", "--data", data), 0, "CLEAN")
        if number % 5 == 0 and not judge(case + ", repaired", data, expected, asked, 0):
            wrong(case, "after repair it is not the same")
    except subprocess.TimeoutExpired as late:
        wrong(case, f"hangs: {late.cmd}")
    shutil.rmtree(data, ignore_errors=True)


def index_cases(pool):
    asked, expected = make_indexed()
    number = 0
    for pattern in INDEX_FILES:
        for kind in ("flipped", "truncated", "deleted", "emptied", "appended", "swapped"):
            single = len(list(Path(work, "indexed", "index").glob("*/" + pattern))) < 2
            if kind == "swapped" and single:
                continue
            yield pool.submit(index_case, number, kind, pattern, expected, asked)
            number += 1


def named_cases(expected, asked):
    key = sorted(keys_of(work / "stopped"))[0]

    data = copy_of("stopped", "no-key")
    (data / "keys" / key).unlink()
    refused("missing key", data, key)
    expect("missing key", run(setlogd, "fsck", "--data", data), 3, key)

    data = copy_of("stopped", "foreign-key")
    a, b = (data / "keys" / k for k in sorted(keys_of(data))[:2])
    a.write_bytes(b.read_bytes())
    refused("foreign key", data, key)
    expect("foreign key", run(setlogd, "fsck", "--data", data), 3, key)

    data = copy_of("stopped", "open-key")
    (data / "keys" / key).chmod(0o644)
    refused("readable key", data, "chmod 600")
    expect("readable key", run(setlogd, "doctor", "--data", data), 3, "chmod 600")

    data = copy_of("stopped", "no-token")
    (data / "admin.token").unlink()
    server = Server(data)
    if answers(server, data, asked) != expected:
        wrong("missing token", "other answers")
    server.end()
    if "admin.token" not in server.error or len((data / "admin.token").read_text()) != 65:
        wrong("missing token", f"not said, or not made: {server.error}")

    # A backup beside a running server, two servers, and what a stopped one gives.
    data = copy_of("stopped", "live")
    anchor = work / "elsewhere" / "anchor"
    anchor.parent.mkdir()
    (data / "anchor").rename(anchor)
    server = Server(data, "--anchor", str(anchor))
    pid = str(server.process.pid)
    refused("two servers", data, "another setlogd runs on", "--anchor", str(anchor))
    for command in ("fsck", "repair"):
        expect(f"{command} beside a server",
               run(setlogd, command, "--data", data, "--anchor", anchor), 2, pid)
    backup = work / "backup"
    expect("backup", run(setlogd, "backup", backup, "--data", data, "--with-keys"), 0,
           "BACKED UP")
    expect("backup again", run(setlogd, "backup", backup, "--data", data), 2, "already")
    if (data / "checkpoint").exists():
        server.end(signal.SIGTERM)
        if (data / "checkpoint").exists():
            wrong("backup", "the checkpoint is left behind")
        server = Server(data, "--anchor", str(anchor))
    ask = client(server, data, work / "home3")
    batch = write_hashes(work / "late", range(90000, 90007))
    ask("add", LOGS[0], "--hashes", batch, check=True)
    server.end(signal.SIGTERM)

    backups_under_load(data, anchor)

    restored = work / "restored"
    expect("restore", run(setlogd, "restore", backup, "--data", restored), 0, "RESTORED")
    server = Server(restored)
    if answers(server, restored, asked) != expected:
        wrong("restore", "other answers")
    server.end()
    expect("restore over a store",
           run(setlogd, "restore", backup, "--data", restored), 2, "already")

    # The anchor saw more than the backup has.
    late = work / "late-restored"
    done = run(setlogd, "restore", backup, "--data", late, "--anchor", anchor)
    expect("old backup", done, 3, "--accept-rollback")
    if late.exists():
        wrong("old backup", "it was put in place")
    commit = json.loads((backup / "backup.json").read_text().splitlines()[0])["commit"]
    expect("wrong rollback", run(setlogd, "restore", backup, "--data", late, "--anchor",
                                 anchor, "--accept-rollback", commit + 1), 2, str(commit))
    saved = anchor.read_bytes()
    expect("rollback", run(setlogd, "restore", backup, "--data", late, "--anchor", anchor,
                           "--accept-rollback", commit), 0, "are lost")
    server = Server(late, "--anchor", str(anchor))
    if not server.ready or answers(server, late, asked) != expected:
        wrong("rollback", f"other answers: {server.error}")
    server.end(signal.SIGTERM)
    # The same by hand: an old copy of the store beside the newer anchor.
    anchor.write_bytes(saved)
    refused("old copy", restored, "--accept-rollback", "--anchor", str(anchor))
    refused("not this commit", restored, "is at commit", "--anchor", str(anchor),
            "--accept-rollback", "1")
    server = Server(restored, "--anchor", str(anchor), "--accept-rollback", str(commit))
    server.end(signal.SIGTERM)
    if not server.ready or server.error.count("rolled_back") != len(LOGS):
        wrong("serving a rollback", f"not said: {server.error}")
    refused("rollback twice", restored, "nothing to accept", "--anchor", str(anchor),
            "--accept-rollback", str(commit))

    for name in ("backup.json", "store/CURRENT", "anchor"):
        spoiled = work / "spoiled"
        shutil.copytree(backup, spoiled)
        content = bytearray((spoiled / name).read_bytes())
        content[len(content) // 2] ^= 4
        (spoiled / name).write_bytes(bytes(content))
        target = work / "never"
        expect(f"restore with a damaged {name}",
               run(setlogd, "restore", spoiled, "--data", target), 3, name)
        if target.exists():
            wrong(f"restore with a damaged {name}", "something was put in place")
        shutil.rmtree(spoiled)


parser = argparse.ArgumentParser()
parser.add_argument("bin")
parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
parser.add_argument("--cases", type=int, default=200)
parser.add_argument("--only", type=int, help="this one case")
options = parser.parse_args()
setlogd = str(Path(options.bin, "setlogd").resolve())
setlog = str(Path(options.bin, "setlog").resolve())
memory = Path("/dev/shm")
work = Path(tempfile.mkdtemp(prefix="setlog-damage-",
                             dir=memory if os.access(memory, os.W_OK) else None))
print(f"seed {options.seed}", flush=True)
try:
    asked = make_stores()
    expected = {moment: baseline(moment, asked) for moment in ("stopped", "killed")}
    kinds = ["flipped", "truncated", "deleted", "emptied", "older", "swapped", "appended",
             "flipped"]
    numbers = [options.only] if options.only is not None else range(options.cases)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(one_case, n, kinds[n % len(kinds)],
                            ("stopped", "killed")[n // len(kinds) % 2],
                            expected[("stopped", "killed")[n // len(kinds) % 2]], asked)
                for n in numbers]
        if options.only is None:
            jobs += index_cases(pool)
        for job in jobs:
            job.result()
    killed_repairs(expected["stopped"], asked, random.Random(options.seed))
    named_cases(expected["stopped"], asked)
finally:
    shutil.rmtree(work, ignore_errors=True)
print(", ".join(f"{outcome}: {n}" for outcome, n in sorted(outcomes.items())))
print(f"{len(failures)} wrong; seed {options.seed}")
sys.exit(1 if failures else 0)
