#!/usr/bin/env python3
"""tests/from_test.py BIN_DIR -- a log read from its files with no server behind them:
--from a directory and --from a URL say what a server says (ctest name: from).

A real setlogd, filled and exported by the real setlog; then it is stopped, and any web
server shows the files. In between the log grows and its files with it.
"""

import functools
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from tiles_test import BIN, Server, sha

ORIGIN = "example.org/from"


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class WebServer:
    """Python's own, on a directory; with a certificate, https."""

    def __init__(self, directory, certificate=None):
        handler = functools.partial(Quiet, directory=directory)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class FromTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = self.temporary.name
        self.server = Server(self.directory)
        self.running = True
        done = self.server.setlog("init", ORIGIN, "--scheme", "bytes/1", "--json")
        self.key = json.loads(done)["vkey"]
        self.files = f"{self.directory}/www/log"
        self.homes = 0
        self.added = 0
        self.web = None

    def tearDown(self):
        if self.web:
            self.web.stop()
        self.stop()
        self.temporary.cleanup()

    def stop(self):
        if self.running:
            self.server.stop()
        self.running = False

    def add(self, count):
        with open(f"{self.directory}/packed", "wb") as file:
            for i in range(self.added, self.added + count):
                file.write(sha(b"%d" % i))
        self.added += count
        self.server.setlog("add", ORIGIN, "--packed", f"{self.directory}/packed")

    def export(self, files=None):
        done = self.server.setlog("export", ORIGIN, files or self.files, "--json")
        return json.loads(done)["size"]

    def ask(self, *arguments, home=None, expect=0):
        """What it prints, for a person who knows nothing yet."""
        self.homes += 1
        home = home or f"{self.directory}/home-{self.homes}"
        # SETLOG_SERVER is where the server is, or was: --from counts more.
        environment = dict(os.environ, SETLOG_HOME=home, NO_COLOR="1",
                           SETLOG_SERVER=self.server.grpc)
        done = subprocess.run([f"{BIN}/setlog", *arguments, "--key", self.key],
                              env=environment, timeout=120, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, expect, (arguments, done.stdout[:2000], done.stderr))
        return done.stdout + (done.stderr if expect else "")

    def answers(self, *where):
        """To each command, as objects."""
        size = json.loads(self.ask("head", ORIGIN, "--json", *where))["size"]
        edge = size // 256 * 256
        commands = [("head",), ("audit",),
                    ("entries", "--from", str(size - 300)),
                    ("entries", "--from", "255", "--to", "513"),
                    ("inclusion", "0"), ("inclusion", str(size - 1)),
                    ("inclusion", "300", "--size", "70000"),
                    ("inclusion", str(edge - 1), "--size", str(edge)),
                    ("consistency", "1"), ("consistency", str(edge)),
                    ("consistency", "65536", "70001")]
        answers = []
        for command, *rest in commands:
            text = self.ask(command, ORIGIN, *rest, "--json", *where)
            lines = [json.loads(line) for line in text.splitlines()]
            for line in lines:
                line.pop("state", None)  # where it keeps what it did
            answers.append((command, rest, lines))
        answers.append(self.ask("head", ORIGIN, "--note", *where))
        return answers

    def test_files_say_what_the_server_says(self):
        self.add(70000)
        self.server.setlog("remove", ORIGIN, "--hashes", self.write("\n".join(
            sha(b"%d" % i).hex() for i in range(100))))
        self.server.setlog("tag", ORIGIN, "v1")
        self.add(777)
        self.export()
        expected = self.answers()
        self.assertEqual(self.answers("--from", self.files), expected)
        url = f"http://127.0.0.1:{self.server.port}/{ORIGIN}"
        self.assertEqual(self.answers("--from", url), expected)
        self.stop()
        self.assertEqual(self.answers("--from", self.files), expected)
        self.web = WebServer(f"{self.directory}/www")
        self.assertEqual(self.answers("--from", f"{self.web.url}/log/"), expected)
        self.ask("head", ORIGIN, "--retry-for", "100ms", expect=3)
        self.ask("head", ORIGIN, "--from", self.web.url, expect=3)

    def write(self, text):
        with open(f"{self.directory}/text", "w", encoding="ascii") as file:
            file.write(text)
        return file.name

    def test_one_head_is_followed_through_files_and_servers(self):
        home = f"{self.directory}/follower"
        self.export()
        for step in range(6):
            self.ask("audit", ORIGIN, "--from", self.files, home=home)
            self.add(100 + 90 * step)
            old = f"{self.directory}/old"
            shutil.rmtree(old, ignore_errors=True)
            shutil.copytree(self.files, old)
            size = self.export()
            text = self.ask("audit", ORIGIN, "--json", "--from", self.files, home=home)
            audit = json.loads(text)
            self.assertEqual((audit["verdict"], audit["size"]), ("CLEAN", size))
            self.assertLess(0, audit["checked"])
            self.assertLess(audit["checked"], size)
            # A copy that was left behind is not the log.
            self.assertIn("went back",
                          self.ask("head", ORIGIN, "--from", old, home=home, expect=3))
            self.ask("head", ORIGIN, home=home)

    def test_https_needs_an_authority_that_is_trusted(self):
        self.add(300)
        self.export()
        self.stop()
        pem = f"{self.directory}/both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", pem, "-out", f"{pem}.crt"], check=True,
                       capture_output=True)
        with open(pem, "ab") as both, open(f"{pem}.crt", "rb") as certificate:
            both.write(certificate.read())
        self.web = WebServer(self.files, pem)
        where = ("--from", self.web.url, "--retry-for", "100ms")
        self.ask("audit", ORIGIN, *where, "--ca", f"{pem}.crt")
        self.assertIn("certificate", self.ask("head", ORIGIN, *where, expect=3))
        self.ask("head", ORIGIN, *where, "--ca", "/no/such/file", expect=2)

    def test_a_proof_that_was_made_from_files_is_like_any(self):
        self.add(600)
        self.export()
        self.stop()
        proof = f"{self.directory}/one.tlog-proof"
        self.ask("inclusion", ORIGIN, "300", "--out", proof, "--from", self.files)
        entry = json.loads(self.ask("entries", ORIGIN, "--from", "300", "--to", "301",
                                    "--json", "--from", self.files))
        self.ask("verify", proof, "--hash", entry["r"])

    def test_an_export_may_run_while_it_is_read(self):
        self.add(1000)
        self.export()
        failures = []

        def read():
            try:
                for _ in range(15):
                    text = self.ask("audit", ORIGIN, "--json", "--from", self.files)
                    self.assertEqual(json.loads(text)["verdict"], "CLEAN")
            except AssertionError as error:
                failures.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        while reader.is_alive():
            self.add(500)
            self.export()
        reader.join()
        self.assertEqual(failures, [])

    def test_two_histories_in_two_places_convict(self):
        self.add(300)
        self.stop()
        data = f"{self.directory}/data"
        shutil.copytree(data, f"{self.directory}/copy")
        homes = f"{self.directory}/home"
        shutil.copytree(homes, f"{self.directory}/home-copy")
        places = []
        for number, count in enumerate((10, 500)):
            if number:
                shutil.rmtree(data)
                os.rename(f"{self.directory}/copy", data)
                shutil.rmtree(homes)
                os.rename(f"{self.directory}/home-copy", homes)
                self.added += 1000
            self.server.start()
            self.running = True
            self.add(count)
            places.append(f"{self.directory}/place-{number}")
            self.export(places[-1])
            self.stop()
        for home, where, code in (("a", places, 4), ("b", places[::-1], 3)):
            home = f"{self.directory}/{home}"
            self.ask("head", ORIGIN, "--from", where[0], home=home)
            said = self.ask("head", ORIGIN, "--from", where[1], "--json", home=home,
                            expect=code)
            if code == 4:
                evidence = json.loads(said.splitlines()[0])["evidence"][0]
                self.ask("verify", evidence, expect=4)
                # An audit of the other place finds it too.
                self.ask("audit", ORIGIN, "--from", where[1], home=home, expect=4)


if __name__ == "__main__":
    unittest.main()
