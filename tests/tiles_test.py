#!/usr/bin/env python3
"""tests/tiles_test.py BIN_DIR -- a log read over HTTP by a program that shares nothing
with setlog: hashlib, sockets and RFC 6962 written down again (ctest name: tiles).

A real setlogd, filled by the real setlog. Every tile and bundle of the newest head and
the partial ones of every head before it; lookups beside `setlog in` and `setlog verify`;
what is malformed; 2,000 connections that do nothing.
"""

import base64
import collections
import gzip
import hashlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
ORIGIN = "example.org/records"
PRIVATE = "example.org/private"
TITLE = "All that was ever measured at the station, " * 40
SIZES = [1, 200, 90, 600, 69000, 5, 2000]  # records of each step
FOR_EVER = "public, max-age=31536000, immutable"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def levels_of(hashes):
    """The tile levels over leaf hashes: hashes of perfect subtrees, 256 to one."""
    levels = [hashes]
    while len(levels[-1]) >= 256:
        row = levels[-1][: len(levels[-1]) // 256 * 256]
        for _ in range(8):
            row = [sha(b"\1", row[i], row[i + 1]) for i in range(0, len(row), 2)]
        levels.append(row)
    return levels


def root_of(hashes):
    """RFC 6962 section 2.1, by a stack of perfect subtrees."""
    stack = []
    for leaf in hashes:
        node, count = leaf, 1
        while stack and stack[-1][1] == count:
            node, count = sha(b"\1", stack.pop()[0], node), 2 * count
        stack.append((node, count))
    root = stack.pop()[0]
    while stack:
        root = sha(b"\1", stack.pop()[0], root)
    return root


def number(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def suffix(width):
    return "" if width == 256 else f".p/{width}"


def widths(size, level):
    """Of each tile of the level, in order."""
    count = size >> (8 * level)
    return [256] * (count // 256) + ([count % 256] if count % 256 else [])


def cut(bundle):
    entries, at = [], 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        assert at + 2 + length <= len(bundle)
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


Answer = collections.namedtuple("Answer", "status headers body")


class Server:
    def __init__(self, directory, listen="127.0.0.1:0", more=()):
        self.directory = directory
        self.listen = listen
        self.more = more  # flags
        self.start()

    def start(self):
        with open(f"{self.directory}/err", "ab") as err:
            self.process = subprocess.Popen(
                [f"{BIN}/setlogd", "--data", f"{self.directory}/data", "--listen",
                 self.listen, "--http", "127.0.0.1:0", "--memory", "256MiB", *self.more],
                stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL, text=True)
        ready = self.process.stdout.readline()
        match = re.fullmatch(r"ready grpc=(\S+) http=127\.0\.0\.1:(\d+)\n", ready)
        assert match, f"ready line: {ready!r}"
        self.grpc, self.port = match[1], int(match[2])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def stop(self):
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0, self.process.returncode

    def setlog(self, *arguments, expect=0):
        environment = dict(
            os.environ, SETLOG_HOME=f"{self.directory}/home", SETLOG_SERVER=self.grpc,
            SETLOG_TOKEN_FILE=f"{self.directory}/data/admin.token", NO_COLOR="1")
        done = subprocess.run([f"{BIN}/setlog", *arguments], env=environment, timeout=60,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == expect, (arguments, done)
        return done.stdout

    def ask(self, path, method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, headers=headers)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def get(self, page, origin=ORIGIN, **headers):
        """A page of the log; waits while its index is not ready."""
        for _ in range(300):
            answer = self.ask(f"/{origin}/{page}", **headers)
            if answer.status != 503:
                return answer
            assert answer.headers["Retry-After"] == "1"
            time.sleep(0.05)
        raise AssertionError(f"{page}: {answer.body}")

    def raw(self, data, patience=20):
        """What comes back for these bytes on a connection of their own."""
        with socket.create_connection(("127.0.0.1", self.port), patience) as plug:
            received = b""
            try:
                plug.sendall(data)
                while b"\r\n\r\n" not in received:
                    piece = plug.recv(65536)
                    if not piece:
                        break
                    received += piece
            except ConnectionError:
                pass
            return received


def parse_note(note):
    """Origin, size and root of a checkpoint (C2SP tlog-checkpoint)."""
    text, signatures = note.decode().split("\n\n")
    assert signatures.startswith("\u2014 ") and signatures.endswith("\n")
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


class TilesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.directory = cls.temporary.name
        cls.server = Server(cls.directory)
        init = cls.server.setlog("init", ORIGIN, "--scheme", "bytes/1", "--title", TITLE,
                                 "--json")
        cls.vkey = json.loads(init)["vkey"]
        cls.server.setlog("init", PRIVATE, "--scheme", "bytes/1", "--private-reads")
        cls.records = []
        cls.heads = []
        for step, count in enumerate(SIZES):
            new = [sha(b"%d/%d" % (step, i)) for i in range(count)]
            cls.records += new
            with open(f"{cls.directory}/packed", "wb") as file:
                file.write(b"".join(new))
            cls.server.setlog("add", ORIGIN, "--packed", f"{cls.directory}/packed")
            cls.heads.append(cls.server.get("checkpoint").body)
            if step == 1:
                cls.server.setlog("tag", ORIGIN, "v1")
        cls.removed = cls.records[5]
        with open(f"{cls.directory}/removed", "w", encoding="ascii") as file:
            file.write(cls.removed.hex() + "\n")
        cls.server.setlog("remove", ORIGIN, "--hashes", f"{cls.directory}/removed")
        cls.heads.append(cls.server.get("checkpoint").body)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.temporary.cleanup()

    def good(self, page, **headers):
        answer = self.server.get(page, **headers)
        self.assertEqual(answer.status, 200, page)
        return answer.body

    def test_every_tile_of_the_newest_head_is_what_its_entries_hash_to(self):
        origin, size, root = parse_note(self.heads[-1])
        self.assertEqual(origin, ORIGIN)
        self.assertGreater(size, 65536 + 256)
        entries = []
        for index, width in enumerate(widths(size, 0)):
            path = f"tile/entries/{number(index)}{suffix(width)}"
            entries += cut(self.good(path))
        self.assertEqual(len(entries), size)
        levels = levels_of([sha(b"\0", entry) for entry in entries])
        self.assertEqual(root_of(levels[0]), root)
        self.assertEqual(len(levels), 3)
        for level, hashes in enumerate(levels):
            for index, width in enumerate(widths(size, level)):
                body = self.good(f"tile/{level}/{number(index)}{suffix(width)}")
                first = 256 * index
                self.assertEqual(body, b"".join(hashes[first : first + width]))
        added = [entry[1:] for entry in entries if entry[0] == 1]
        self.assertEqual(added, self.records)

    def test_every_head_that_was_published_can_be_read_by_its_partial_tiles(self):
        for note in self.heads:
            _, size, root = parse_note(note)
            tiles = {}
            for level in range(4):
                for index, width in enumerate(widths(size, level)):
                    path = f"tile/{level}/{number(index)}{suffix(width)}"
                    body = self.good(path)
                    self.assertEqual(len(body), 32 * width)
                    tiles[level, index] = [
                        body[i : i + 32] for i in range(0, len(body), 32)]
            leaves = [h for (l, _), row in tiles.items() if l == 0 for h in row]
            self.assertEqual(len(leaves), size)
            self.assertEqual(root_of(leaves), root)
            for level, hashes in enumerate(levels_of(leaves)):
                shown = [h for (l, _), row in tiles.items() if l == level for h in row]
                self.assertEqual(shown, hashes)
            width = size % 256
            bundle = cut(self.good(f"tile/entries/{number(size // 256)}{suffix(width)}"))
            self.assertEqual([sha(b"\0", entry) for entry in bundle], leaves[-width:])

    def test_what_no_head_covers_is_not_there(self):
        _, size, _ = parse_note(self.heads[-1])
        for level in range(3):
            count, width = divmod(size >> (8 * level), 256)
            for page in (f"{number(count)}.p/{width + 1}", number(count),
                         f"{number(count + 1)}.p/1", number(count + 1000)):
                answer = self.server.get(f"tile/{level}/{page}")
                self.assertEqual(answer.status, 404, page)
                self.assertEqual(answer.headers["Cache-Control"], "no-store")
                if level == 0:
                    self.assertEqual(self.server.get(f"tile/entries/{page}").status, 404)
        for page in ("tile/3/000.p/1", "tile/63/000", "nothing", "tile/entries/x999/999"):
            self.assertEqual(self.server.get(page).status, 404, page)
        self.assertEqual(self.server.get("checkpoint", "example.org/none").status, 404)

    def test_malformed_paths_are_refused(self):
        for page in ("tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/+0/000",
                     "tile/64/000", "tile/0/x000/001", "tile/0/x01/001", "tile/0/1000",
                     "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
                     "tile/0/000.p/-1", "tile/0/000.p/", "tile/0/000/", "tile//000",
                     "tile/0/%30%30%30", "tile%2F0/000", "%74ile/0/000", "tile/0/000%00",
                     "tile/entries/1", "tile/entries/000.p/300", "tile/data/000",
                     "lookup/abc", f"lookup/{'g' * 64}", f"lookup/{'A' * 64}",
                     f"lookup/{'a' * 65}", f"lookup/{'a' * 64}/", "lookup/",
                     f"lookup/{'a' * 64}?at=", f"lookup/{'a' * 64}?tag=v1"):
            answer = self.server.get(page)
            self.assertEqual(answer.status, 400, page)
            self.assertTrue(answer.body.endswith(b"\n"), page)
        for path in ("//checkpoint", f"/{ORIGIN}//checkpoint", f"/./{ORIGIN}/checkpoint",
                     f"/x/../{ORIGIN}/checkpoint", f"/{ORIGIN.upper()}/checkpoint"):
            self.assertEqual(self.server.ask(path).status, 400, path)

    def test_requests_that_are_none_harm_nobody(self):
        long = b"x" * 40000
        for data in (b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + long + b"\r\n\r\n",
                     b"GET /" + long + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 8000 + b"\r\n"):
            answer = self.server.raw(data)
            self.assertRegex(answer[:12], rb"^(HTTP/1\.1 4\d\d)?$")
        for data in (b"\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\n\r\n"):
            plug = socket.create_connection(("127.0.0.1", self.server.port), 20)
            plug.sendall(data)
            plug.close()
        self.assertEqual(self.good("checkpoint"), self.heads[-1])

    def test_headers_for_caches_and_browsers(self):
        tile = self.server.get("tile/0/000")
        self.assertEqual(tile.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(tile.headers["Cache-Control"], FOR_EVER)
        self.assertEqual(tile.headers["Access-Control-Allow-Origin"], "*")
        entries = self.server.get("tile/entries/001")
        self.assertEqual(entries.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(entries.headers["Cache-Control"], FOR_EVER)
        head = self.server.get("checkpoint")
        self.assertEqual(head.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(head.headers["Cache-Control"], "public, max-age=2")
        for page in ("checkpoint", "tile/0/000", "tile/entries/000", "tile/0/00",
                     f"lookup/{self.removed.hex()}"):
            got = self.server.get(page)
            asked = self.server.ask(f"/{ORIGIN}/{page}", "HEAD")
            self.assertEqual((asked.status, asked.body), (got.status, b""))
            for name in ("Content-Length", "Content-Type", "Cache-Control", "Vary"):
                self.assertEqual(asked.headers[name], got.headers[name], (page, name))
            self.assertEqual(self.server.ask(f"/{ORIGIN}/{page}", "POST").status, 405)
        options = self.server.ask(f"/{ORIGIN}/checkpoint", "OPTIONS")
        self.assertEqual(options.status, 204)
        self.assertIn("Authorization", options.headers["Access-Control-Allow-Headers"])

    def test_gzip_holds_the_same_bytes_and_is_used_where_it_helps(self):
        for page, packed in (("tile/entries/000.p/2", True), ("tile/entries/001", False),
                             ("tile/0/000", False), ("checkpoint", False),
                             (f"lookup/{self.removed.hex()}", True)):
            plain = self.server.get(page)
            self.assertIsNone(plain.headers["Content-Encoding"])
            answer = self.server.get(page, Accept_Encoding="gzip, br")
            self.assertEqual(answer.headers["Content-Encoding"], "gzip" if packed else None)
            if packed:
                self.assertLess(len(answer.body), 0.85 * len(plain.body), page)
                self.assertEqual(gzip.decompress(answer.body), plain.body)
                for one in (plain, answer):
                    self.assertEqual(one.headers["Vary"], "Accept-Encoding")
        metrics = self.server.ask("/metrics", Accept_Encoding="gzip")
        self.assertIn(b"setlog_logs 2\n", gzip.decompress(metrics.body))

    def check_lookups(self):
        present, absent = self.records[-1].hex(), sha(b"never").hex()
        early = self.records[250].hex()  # after v1
        for record, at, code, word in (
                (present, None, 0, "PRESENT"), (absent, None, 1, "ABSENT"),
                (self.removed.hex(), None, 1, "REMOVED"),
                (self.removed.hex(), "v1", 0, "PRESENT"), (early, "v1", 1, "ABSENT"),
                (early, "900", 0, "PRESENT"), (present, "900", 1, "ABSENT")):
            page = f"lookup/{record}" + (f"?at={at}" if at else "")
            answer = self.server.get(page)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            ours, theirs = f"{self.directory}/ours", f"{self.directory}/theirs"
            with open(ours, "wb") as file:
                file.write(answer.body)
            verdict = json.loads(self.server.setlog(
                "verify", ours, "--hash", record, "--key", self.vkey, "--json",
                expect=code))
            self.assertEqual(verdict["verdict"], word)
            self.server.setlog("in", ORIGIN, "--hash", record, "--out", theirs,
                               *(("--at", at) if at else ()), expect=code)
            with open(theirs, "rb") as file:
                self.assertEqual(file.read(), answer.body)
        for at in ("v2", "0", "100000000"):
            answer = self.server.get(f"lookup/{present}?at={at}")
            self.assertEqual(answer.status, 404, at)

    def test_lookups_are_proof_files(self):
        self.check_lookups()

    def test_zz_lookups_in_old_versions_after_a_restart(self):
        self.server.stop()
        self.server.start()
        self.check_lookups()
        self.assertEqual(self.good("checkpoint"), self.heads[-1])

    def test_private_logs_want_a_token(self):
        with open(f"{self.directory}/data/admin.token", encoding="ascii") as file:
            token = file.read().strip()
        for page in ("checkpoint", "tile/entries/000.p/1", f"lookup/{'a' * 64}"):
            self.assertEqual(self.server.get(page, PRIVATE).status, 404)
            wrong = self.server.get(page, PRIVATE, Authorization="Bearer wrong")
            self.assertEqual(wrong.status, 401)
            self.assertEqual(wrong.headers["WWW-Authenticate"], "Bearer")
            answer = self.server.get(page, PRIVATE, Authorization=f"Bearer {token}")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertIn("private", answer.headers["Cache-Control"])
            self.assertIn("Authorization", answer.headers["Vary"])

    def test_answers_are_counted(self):
        self.server.get("tile/0/000")
        self.server.get("tile/0/00")
        text = self.server.ask("/metrics").body.decode()
        for labels in ('route="tile",status="200"', 'route="other",status="400"'):
            self.assertIn(
                f"setlog_http_request_duration_seconds_count{{{labels}}}", text)

    def median_us(self, count):
        times = []
        for i in range(count):
            before = time.perf_counter()
            self.assertEqual(self.server.get(f"tile/0/{i % 200:03}").status, 200)
            times.append(time.perf_counter() - before)
        return sorted(times)[count // 2] * 1e6

    def threads(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"^Threads:\s+(\d+)$", file.read(), re.M)[1])

    def test_two_thousand_idle_connections_slow_nobody(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        alone = self.median_us(400)
        threads = self.threads()
        idle = []
        try:
            for i in range(2000):
                plug = socket.create_connection(("127.0.0.1", self.server.port), 20)
                idle.append(plug)
                if i % 4 == 0:  # have asked once
                    plug.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertTrue(plug.recv(4096).startswith(b"HTTP/1.1 200"))
                elif i % 4 == 1:  # have not asked to the end
                    plug.sendall(b"GET /healthz HTTP/1.1\r\nHo")
            beside = self.median_us(400)
            self.assertLessEqual(self.threads(), threads + 8)
            print(f"median of a tile: {alone:.0f} us, with 2,000 idle connections "
                  f"{beside:.0f} us")
            # Beside other tests; a thread or a scan a connection would be far beyond.
            self.assertLess(beside, 5 * alone + 2000)
        finally:
            for plug in idle:
                plug.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    unittest.main()
