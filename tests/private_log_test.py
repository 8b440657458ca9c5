#!/usr/bin/env python3
"""tests/private_log_test.py BIN_DIR -- a server that never sees a record hash (ctest
name: private_log).

A private log whose key stays with its owner and a prover: filled, asked, audited, all
through a relay that keeps every byte. Then these bytes, the server's directory and its
log lines are searched for the record hashes, in all forms that a program might write
them in. The same search finds the labels there, and the hashes once they are in a plain
log: so it can find.
"""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from tiles_test import BIN, Server, sha

ORIGIN = "example.org/patients"
PLAIN = "example.org/pictures"
MEMBERS = [sha(b"patient %d" % i) for i in range(300)]
STRANGERS = [sha(b"stranger %d" % i) for i in range(20)]
TAKEN_BACK = MEMBERS[:5]


class Relay:
    """Passes connections on to an address, and keeps what both sides say."""

    def __init__(self, to):
        self.to = to
        self.heard = []
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            host, port = self.to.rsplit(":", 1)
            far = socket.create_connection((host, int(port)))
            self.sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                kept = bytearray()
                self.heard.append(kept)
                threading.Thread(target=self.carry, args=(source, sink, kept),
                                 daemon=True).start()

    def close(self):
        for end in [self.listener, *self.sockets]:
            end.close()

    @staticmethod
    def carry(source, sink, kept):
        try:
            while piece := source.recv(1 << 16):
                kept += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def forms_of(value):
    """Pieces of the value, by their length: one at least is whole wherever a frame of
    the transport cuts the value once."""
    forms = {8: [value[i : i + 8] for i in range(0, 32, 8)]}
    text = value.hex()
    forms[16] = [(text if small else text.upper())[i : i + 16].encode()
                 for i in range(0, 64, 16) for small in (True, False)]
    # What does not depend on the bytes before and after it in a longer text.
    forms[11] = []
    for before in range(3):
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            text = alphabet(bytes(before) + value)
            forms[11] += [text[i : i + 11] for i in (4, 16, 28)]
    return forms


def found(values, data):
    """Those of the values of which a piece stands in the data."""
    wanted = {}
    for value in values:
        for length, pieces in forms_of(value).items():
            for piece in pieces:
                wanted.setdefault(length, {})[piece] = value
    seen = set()
    for length, pieces in wanted.items():
        for at in range(len(data) - length + 1):
            value = pieces.get(data[at : at + length])
            if value is not None:
                seen.add(value)
    return seen


class Daemon:
    """`setlog prover`, until it is stopped."""

    def __init__(self, arguments, base, environment):
        with open(f"{base}.err", "wb") as err:
            self.process = subprocess.Popen(
                [f"{BIN}/setlog", "prover", *arguments], env=environment, text=True,
                stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL)
        ready = self.process.stdout.readline()
        match = re.match(r"ready grpc=(\S+)", ready)
        with open(f"{base}.err", encoding="utf-8") as said:
            assert match, (ready, said.read())
        self.address = match[1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0, self.process.returncode


class PrivateLogTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        self.server = Server(self.directory, more=["--log-level", "debug"])
        self.addCleanup(self.stop_server)
        self.relay = Relay(self.server.grpc)
        self.addCleanup(self.relay.close)
        self.server.grpc = self.relay.address  # of all who ask from here on
        self.key = f"{self.directory}/owner.vrf"
        self.server.setlog("key", "vrf", "--out", self.key, "--no-passphrase")

    def stop_server(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def hashes(self, name, values):
        path = f"{self.directory}/{name}"
        with open(path, "w", encoding="ascii") as file:
            file.writelines(value.hex() + "\n" for value in values)
        return path

    def setlog(self, *arguments, expect=0):
        return self.server.setlog(*arguments, expect=expect)

    def everything(self):
        """What the server has, and what went over the wire."""
        data = b"\n".join(bytes(kept) for kept in self.relay.heard)
        for folder, _, names in os.walk(f"{self.directory}/data"):
            for name in names:
                with open(f"{folder}/{name}", "rb") as file:
                    data += b"\n" + file.read()
        with open(f"{self.directory}/err", "rb") as file:
            return data + b"\n" + file.read()

    def start_prover(self):
        """A prover, and the token file of somebody who may ask it."""
        data = f"{self.directory}/prover"
        environment = dict(os.environ, SETLOG_HOME=f"{self.directory}/prover-home")
        prover = Daemon(["--data", data, "--listen", "127.0.0.1:0", "--log", ORIGIN,
                         "--vrf-key", self.key, "--server", self.relay.address],
                        data, environment)
        self.addCleanup(prover.process.kill)
        token = f"{self.directory}/user.token"
        self.setlog("token", "create", ORIGIN, "--verbs", "read", "--out", token,
                    "--server", prover.address, "--token-file", f"{data}/admin.token")
        return prover, token

    def ask_the_prover(self):
        prover, token = self.start_prover()
        asked = ["--prover", prover.address, "--prover-token-file", token]
        for value, verdict, code in ((MEMBERS[7], "PRESENT", 0),
                                     (STRANGERS[1], "ABSENT", 1),
                                     (TAKEN_BACK[0], "REMOVED", 1)):
            proof = f"{self.directory}/{verdict}.setproof"
            said = self.setlog("in", ORIGIN, "--hash", value.hex(), *asked, "--out",
                               proof, expect=code)
            self.assertIn(verdict, said)
            said = self.setlog("verify", proof, "--hash", value.hex(), expect=code)
            self.assertIn(verdict, said)
        prover.stop()

    def test_the_server_of_a_private_log_never_sees_a_record_hash(self):
        own = ["--vrf-key", self.key]
        self.setlog("init", ORIGIN, "--scheme", "bytes/1", *own)
        members = self.hashes("members", MEMBERS + MEMBERS[:9])  # nine of them twice
        self.setlog("add", ORIGIN, "--hashes", members, *own)
        self.setlog("tag", ORIGIN, "v1")
        self.setlog("remove", ORIGIN, "--hashes", self.hashes("gone", TAKEN_BACK), *own)
        some = self.hashes("some", MEMBERS + STRANGERS)
        said = self.setlog("in", ORIGIN, "--hashes", some, "--at", "v1", *own, "--json",
                           expect=1)
        verdicts = [json.loads(line)["verdict"] for line in said.splitlines()]
        self.assertEqual(verdicts[:320], ["PRESENT"] * 300 + ["ABSENT"] * 20)
        self.ask_the_prover()
        self.assertIn("CLEAN", self.setlog("audit", ORIGIN))
        entries = [json.loads(line) for line in
                   self.setlog("entries", ORIGIN, "--json").splitlines()]
        labels = [bytes.fromhex(e["r"]) for e in entries if e["type"] == "add"]
        # 300 distinct ones, filled up to the next multiple of 2^(8 - 3), and sorted.
        self.assertEqual(len(labels), 320)
        self.assertEqual(labels, sorted(labels))
        self.assertFalse(set(labels) & set(MEMBERS))

        self.server.stop()
        kept = self.everything()
        self.assertEqual(found(MEMBERS + STRANGERS, kept), set())
        self.assertEqual(found(labels, kept), set(labels))

        # The same search finds what a plain log's server does see.
        self.server.start()
        self.relay.to, self.server.grpc = self.server.grpc, self.relay.address
        self.relay.heard.clear()
        self.setlog("init", PLAIN, "--scheme", "bytes/1")
        self.setlog("add", PLAIN, "--hashes", members)
        self.server.stop()
        traffic = b"\n".join(bytes(kept) for kept in self.relay.heard)
        self.assertEqual(found(MEMBERS, traffic), set(MEMBERS))
        self.assertEqual(found(MEMBERS, self.everything()), set(MEMBERS))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
