#!/usr/bin/env python3
"""tests/model_data_test.py BIN_DIR -- models that name the data they were trained on
(ctest name: model_data).

A real server with two logs and a private one; models signed with `--data`; what their
users are answered, online and from saved proofs; files that were tampered with, keys
that are others', logs that went back or tell two histories.
"""

import base64
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from tiles_test import BIN, Server, sha

PETS, BIRDS, PRIVATE = "example.org/pets", "example.org/birds", "example.org/patients"
DATA_FILE = "training-data.intoto.json"
MEMBER, LATER, STRANGER = (sha(name).hex() for name in (b"cat", b"dog", b"fox"))


class ModelDataTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.directory = cls.temporary.name
        os.mkdir(f"{cls.directory}/one")
        cls.server = Server(f"{cls.directory}/one")
        cls.servers = [cls.server]
        cls.keys = {}
        for command in (
                ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ml.key"],
                ["ec", "-in", "ml.key", "-pubout", "-out", "ml.pub"],
                ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "x.key"],
                ["ec", "-in", "x.key", "-pubout", "-out", "x.pub"]):
            subprocess.run(["openssl", *command], cwd=cls.directory, check=True,
                           capture_output=True)
        for log in (PETS, BIRDS):
            made = cls.setlog("init", log, "--scheme", "bytes/1")
            cls.keys[log] = json.loads(made.stdout)["vkey"]
        for log, record in ((PETS, MEMBER), (BIRDS, STRANGER)):
            cls.add(log, record)
            cls.setlog("tag", log, "v1")
        cls.add(PETS, LATER)
        cls.setlog("tag", PETS, "v2")

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()
        cls.temporary.cleanup()

    def setUp(self):
        self.model = tempfile.mkdtemp(dir=self.directory)
        os.mkdir(f"{self.model}/sub")
        self.write("weights.bin", b"weights")
        self.write("sub/labels.txt", b"cat\ndog\n")
        self.signature = self.model + ".sig"

    @classmethod
    def setlog(cls, *arguments, home="owner", server=None, tell=("--json",)):
        server = server or cls.server
        environment = dict(
            os.environ, SETLOG_HOME=f"{cls.directory}/{home}", NO_COLOR="1",
            SETLOG_SERVER=server.grpc,
            SETLOG_TOKEN_FILE=f"{server.directory}/data/admin.token")
        return subprocess.run(
            [f"{BIN}/setlog", *arguments, *tell], capture_output=True, text=True,
            env=environment, stdin=subprocess.DEVNULL, timeout=120, cwd=cls.directory)

    @classmethod
    def add(cls, log, record, server=None, home="owner"):
        path = f"{cls.directory}/record"
        with open(path, "w", encoding="utf-8") as file:
            file.write(record + "\n")
        done = cls.setlog("add", log, "--hashes", path, "--restart", server=server,
                          home=home)
        assert done.returncode == 0, done.stderr

    def write(self, name, content):
        with open(f"{self.model}/{name}", "wb") as file:
            file.write(content)

    def read(self, name):
        with open(f"{self.model}/{name}", "rb") as file:
            return file.read()

    def ask(self, expect, *arguments, **how):
        """The objects that were printed, and what was said on standard error."""
        done = self.setlog(*arguments, **how)
        self.assertEqual(done.returncode, expect, (arguments, done.stdout, done.stderr))
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def sign(self, *arguments, expect=0, **how):
        return self.ask(expect, "model", "sign", "key", self.model, "--signature",
                        self.signature, "--private-key", "ml.key", *arguments, **how)

    def verify(self, *arguments, expect=0, **how):
        lines, _ = self.ask(expect, "model", "verify", "key", self.model, "--signature",
                            self.signature, "--public-key", "ml.pub", *arguments, **how)
        return lines[0]

    def question(self, command, *arguments, expect, **how):
        return self.ask(expect, "model", command, self.model, "--signature",
                        self.signature, "--public-key", "ml.pub", *arguments, **how)

    def is_in(self, record, *arguments, expect, **how):
        lines, _ = self.question("in", "--hash", record, *arguments, expect=expect, **how)
        return [line["verdict"] for line in lines]

    def audit(self, *arguments, expect, **how):
        return self.question("audit", *arguments, expect=expect, **how)

    # ---- the ordinary way ------------------------------------------------------------

    def test_who_signs_names_data_and_who_reads_is_answered(self):
        signed, _ = self.sign("--data", f"{PETS}@v1", "--data", f"{BIRDS}@v1")
        self.assertEqual([d["name"] for d in signed[0]["data"]],
                         [f"{PETS}@v1", f"{BIRDS}@v1"])
        self.assertEqual([d["verdict"] for d in self.verify()["data"]], ["VERIFIED"] * 2)
        self.assertEqual([d["name"] for d in self.verify()["data"]],
                         [f"{BIRDS}@v1", f"{PETS}@v1"])
        # By rising names: birds, pets.
        self.assertEqual(self.is_in(MEMBER, expect=1), ["ABSENT", "PRESENT"])
        self.assertEqual(self.is_in(STRANGER, expect=1), ["PRESENT", "ABSENT"])
        # The log has it by now, and the version that was signed has not.
        self.assertEqual(self.is_in(LATER, expect=1), ["ABSENT", "ABSENT"])
        self.assertEqual(self.is_in(LATER, "--expect", "absent", expect=0),
                         ["ABSENT", "ABSENT"])
        self.assertEqual(self.is_in(MEMBER, "--expect", "absent", expect=1),
                         ["ABSENT", "PRESENT"])
        only = ["--data", f"{PETS}@v1"]
        self.assertEqual(self.is_in(MEMBER, *only, expect=0), ["PRESENT"])
        self.question("in", "--hash", MEMBER, "--data", f"{PETS}@v2", expect=2)
        for mistyped in ("v1", PETS, f"{PETS}@7"):
            self.question("audit", "--data", mistyped, expect=2)
        lines, _ = self.question("audit", "--data", f"{PETS}@v2", expect=1)
        self.assertEqual([line["verdict"] for line in lines], ["REFUSED"])
        self.assertIn(f"it names {BIRDS}@v1 {PETS}@v1", lines[0]["error"])
        lines, _ = self.question("in", "--hash", MEMBER, *only, expect=0)
        self.assertEqual((lines[0]["model"], lines[0]["origin"], lines[0]["at"]),
                         (self.model, PETS, "v1"))

    def test_the_words_say_whose_claim_it_is(self):
        self.sign("--data", f"{PETS}@v1")
        done = self.setlog("model", "in", self.model, "--hash", MEMBER, "--signature",
                           self.signature, "--public-key", "ml.pub", tell=())
        self.assertIn(f"PRESENT in the set that {PETS} committed to", done.stdout)
        self.assertIn("Its signer says that it was trained on " + PETS, done.stdout)
        self.assertIn("not what anybody trained on", done.stdout)
        done = self.setlog("model", "verify", "key", self.model, "--signature",
                           self.signature, "--public-key", "ml.pub", tell=())
        self.assertIn("the signer says that it was trained on this", done.stdout)

    def test_the_same_data_gives_the_same_file(self):
        self.sign("--data", f"{PETS}@v1", "--data", f"{BIRDS}@v1")
        first = self.read(DATA_FILE)
        self.sign("--data", f"{BIRDS}@v1", "--data", f"{PETS}@v1")
        self.assertEqual(self.read(DATA_FILE), first)
        self.sign("--data", f"{PETS}@v2")
        self.assertNotEqual(self.read(DATA_FILE), first)
        self.assertEqual([d["name"] for d in self.verify()["data"]], [f"{PETS}@v2"])

    def test_shards_and_other_digests_cover_the_data_too(self):
        for how in (["--hash", "blake2b"], ["--shards", "--shard-size", "100"]):
            self.sign("--data", f"{PETS}@v1", *how)
            self.assertEqual(self.verify()["data"][0]["verdict"], "VERIFIED")
            self.assertEqual(self.is_in(MEMBER, expect=0), ["PRESENT"])

    def test_a_saved_proof_answers_without_a_server(self):
        self.sign("--data", f"{PETS}@v1")
        proofs = {}
        for name, record, code in (("in", MEMBER, 0), ("out", STRANGER, 1)):
            proofs[name] = f"{self.model}.{name}.setproof"
            self.is_in(record, "--out", proofs[name], expect=code)
        # Made for the same version, but without the model.
        proofs["plain"] = self.model + ".plain.setproof"
        self.ask(0, "in", PETS, "--hash", MEMBER, "--at", "v1", "--out", proofs["plain"])
        proofs["v2"] = self.model + ".v2.setproof"
        self.ask(0, "in", PETS, "--hash", MEMBER, "--at", "v2", "--out", proofs["v2"])
        self.server.stop()
        try:
            def offline(name, record, expect, *more):
                return self.is_in(record, "--proof", proofs[name], *more, expect=expect)
            self.assertEqual(offline("in", MEMBER, 0), ["PRESENT"])
            self.assertEqual(offline("plain", MEMBER, 0), ["PRESENT"])
            self.assertEqual(offline("out", STRANGER, 1), ["ABSENT"])
            self.assertEqual(offline("out", STRANGER, 0, "--expect", "absent"), ["ABSENT"])
            # Another record's, and another version's.
            self.assertEqual(offline("in", STRANGER, 3), ["UNVERIFIED"])
            self.assertEqual(offline("v2", MEMBER, 3), ["UNVERIFIED"])
            self.assertEqual(self.verify()["data"][0]["verdict"], "VERIFIED")
            self.is_in(MEMBER, "--retry-for", "100ms", expect=3)
        finally:
            self.server.start()

    def test_a_private_log_answers_by_labels(self):
        self.ask(0, "key", "vrf", "--out", "vrf.key", "--no-passphrase")
        self.ask(0, "init", PRIVATE, "--scheme", "bytes/1", "--vrf-key", "vrf.key")
        with open(f"{self.directory}/private", "w", encoding="utf-8") as file:
            file.write(MEMBER + "\n")
        self.ask(0, "add", PRIVATE, "--hashes", "private", "--vrf-key", "vrf.key")
        self.ask(0, "tag", PRIVATE, "v1")
        self.sign("--data", f"{PRIVATE}@v1")
        own = ["--vrf-key", "vrf.key"]
        proof = self.model + ".setproof"
        self.assertEqual(self.is_in(MEMBER, *own, "--out", proof, expect=0), ["PRESENT"])
        self.assertEqual(self.is_in(STRANGER, *own, expect=1), ["ABSENT"])
        self.assertEqual(self.is_in(MEMBER, "--proof", proof, expect=0), ["PRESENT"])

    # ---- whom to believe -------------------------------------------------------------

    def test_without_a_key_of_the_readers_heads_are_claims(self):
        self.sign("--data", f"{PETS}@v1", "--data", f"{BIRDS}@v1")
        report = self.verify(home="stranger")
        self.assertEqual(report["verdict"], "VERIFIED")
        self.assertEqual([d["verdict"] for d in report["data"]], ["CLAIMED"] * 2)
        lines, _ = self.question("in", "--hash", MEMBER, home="stranger", expect=3)
        self.assertEqual([line["verdict"] for line in lines], ["UNVERIFIED"] * 2)
        self.assertIn(self.keys[BIRDS], lines[0]["error"])  # what the signer names
        lines, _ = self.audit(home="stranger", expect=3)
        self.assertEqual([line["verdict"] for line in lines], ["UNVERIFIED"] * 2)
        # One key is of one log; who names it wants all of it verified.
        key = ["--key", self.keys[PETS]]
        report = self.verify(*key, home="stranger1", expect=3)
        self.assertEqual(report["verdict"], "UNVERIFIED")
        self.assertEqual([d["verdict"] for d in report["data"]],
                         ["UNVERIFIED", "VERIFIED"])
        self.assertEqual(self.is_in(MEMBER, *key, "--data", f"{PETS}@v1",
                                    home="stranger2", expect=0), ["PRESENT"])

    def test_a_policy_names_the_keys_of_all_logs(self):
        self.sign("--data", f"{PETS}@v1", "--data", f"{BIRDS}@v1")
        policy = f"{self.directory}/policy"
        with open(policy, "w", encoding="utf-8") as file:
            file.write(f"log {self.keys[PETS]}\nlog {self.keys[BIRDS]}\nquorum none\n")
        report = self.verify("--policy", policy, home="policed")
        self.assertEqual([(d["verdict"], d["pinned"]) for d in report["data"]],
                         [("VERIFIED", True)] * 2)
        self.assertEqual(self.is_in(MEMBER, "--policy", policy, home="policed", expect=1),
                         ["ABSENT", "PRESENT"])
        self.audit("--policy", policy, home="policed", expect=0)
        # A limit on age without witnesses is not met.
        report = self.verify("--policy", policy, "--max-age", "1h", home="policed",
                             expect=3)
        self.assertEqual(report["verdict"], "UNVERIFIED")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(f"log {self.keys[PETS]}\nquorum none\n")
        report = self.verify("--policy", policy, home="policed2", expect=3)
        self.assertEqual([d["verdict"] for d in report["data"]],
                         ["UNVERIFIED", "VERIFIED"])

    def test_another_key_than_the_known_one_is_not_believed(self):
        os.makedirs(f"{self.directory}/impostor", exist_ok=True)
        impostor = Server(f"{self.directory}/impostor")
        self.servers.append(impostor)
        try:
            self.ask(0, "init", PETS, "--scheme", "bytes/1", server=impostor,
                     home="impostor/home")
            self.add(PETS, STRANGER, server=impostor, home="impostor/home")
            self.ask(0, "tag", PETS, "v1", server=impostor, home="impostor/home")
            self.sign("--data", f"{PETS}@v1", server=impostor, home="impostor/home")
        finally:
            impostor.stop()
            self.servers.remove(impostor)
        report = self.verify(expect=3)
        self.assertEqual(report["verdict"], "UNVERIFIED")
        self.assertEqual(self.is_in(STRANGER, expect=3), ["UNVERIFIED"])
        self.audit(expect=3)
        # By itself it is in order: it is only not this log.
        self.assertEqual(self.verify(home="stranger")["data"][0]["verdict"], "CLAIMED")

    # ---- what is not what was signed -------------------------------------------------

    def test_a_model_that_was_changed_has_nothing_to_say_of_its_data(self):
        self.sign("--data", f"{PETS}@v1")
        good = self.read(DATA_FILE)
        self.sign("--data", f"{PETS}@v2")
        other = self.read(DATA_FILE)
        self.sign("--data", f"{PETS}@v1")
        changes = {DATA_FILE: (other, good[:-2] + b" }", b"", good + b"\n"),
                   "weights.bin": (b"Weights",), "sub/labels.txt": (b"dog\ncat\n",)}
        for name, contents in changes.items():
            was = self.read(name)
            for content in contents:
                self.write(name, content)
                report = self.verify(expect=1)
                self.assertEqual(report["verdict"], "REFUSED")
                self.assertEqual([p["name"] for p in report["problems"]], [name])
                self.assertEqual(self.is_in(MEMBER, expect=3), ["REFUSED"])
                self.assertEqual(self.is_in(LATER, "--expect", "absent", expect=3),
                                 ["REFUSED"])
                self.audit(expect=3)
            self.write(name, was)
        os.remove(f"{self.model}/{DATA_FILE}")
        self.verify(expect=1)
        self.is_in(MEMBER, expect=3)
        self.write(DATA_FILE, good)
        self.verify()
        for command, code in (("in", 3), ("audit", 3)):
            hashes = ["--hash", MEMBER] if command == "in" else []
            self.ask(code, "model", command, self.model, *hashes, "--signature",
                     self.signature, "--public-key", "x.pub")

    def test_data_that_was_not_signed_is_not_read(self):
        self.sign("--data", f"{PETS}@v1")
        data = self.read(DATA_FILE)
        os.remove(f"{self.model}/{DATA_FILE}")
        self.sign()
        self.assertEqual(self.verify()["data"], [])
        lines, _ = self.question("in", "--hash", MEMBER, expect=3)
        self.assertIn("named no data", lines[0]["error"])
        self.verify("--key", self.keys[PETS], expect=3)
        self.write(DATA_FILE, data)
        self.assertEqual(self.verify(expect=1)["problems"][0]["kind"], "added")
        more = ["--ignore-unsigned-files"]
        self.assertEqual(self.verify(*more)["data"], [])
        self.assertEqual(self.is_in(MEMBER, *more, expect=3), ["UNVERIFIED"])
        os.remove(f"{self.model}/{DATA_FILE}")
        os.mkfifo(f"{self.model}/{DATA_FILE}")
        self.assertEqual(self.verify("--ignore-paths", f"{self.model}/{DATA_FILE}")["data"],
                         [])

    def sign_by_hand(self, names):
        """What another program may have signed."""
        resources = [{"name": name, "digest": sha(self.read(name)).hex(),
                      "algorithm": "sha256"} for name in sorted(names)]
        root = sha(*(bytes.fromhex(r["digest"]) for r in resources)).hex()
        payload = json.dumps({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "m", "digest": {"sha256": root}}],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": {
                "resources": resources,
                "serialization": {"method": "files", "hash_type": "sha256",
                                  "allow_symlinks": False, "ignore_paths": []}},
        }).encode()
        kind = "application/vnd.in-toto+json"
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", f"{self.directory}/ml.key"],
            input=b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload),
                                           payload),
            check=True, capture_output=True).stdout
        bundle = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": base64.b64encode(payload).decode(), "payloadType": kind,
                "signatures": [{"sig": base64.b64encode(signature).decode()}]}}
        with open(f"{self.directory}/ml.pub", "rb") as file:
            bundle["verificationMaterial"]["publicKey"]["hint"] = sha(file.read()).hex()
        with open(self.signature, "w", encoding="utf-8") as file:
            json.dump(bundle, file)

    def test_a_signed_file_that_names_no_data_is_never_passed_over(self):
        self.sign("--data", f"{PETS}@v1")
        good = self.read(DATA_FILE)
        names = ["weights.bin", "sub/labels.txt", DATA_FILE]
        self.sign_by_hand(names)
        self.assertEqual(self.verify()["data"][0]["verdict"], "VERIFIED")
        for bad in (b"", b"{}", good.replace(b"@v1", b"@v2"), good[:-1], good * 2,
                    good.replace(b'"setlog_count":1', b'"setlog_count":2')):
            self.assertNotEqual(bad, good)
            self.write(DATA_FILE, bad)
            self.sign("--keep-data", expect=2 if bad in (b"", b"{}", good[:-1], good * 2)
                      else 3)
            self.sign_by_hand(names)
            for home in ("owner", "stranger"):
                report = self.verify(home=home, expect=3)
                self.assertEqual(report["verdict"], "UNVERIFIED")
                self.assertIn(DATA_FILE, report["error"])
            self.assertEqual(self.is_in(MEMBER, expect=3), ["UNVERIFIED"])
            self.audit(expect=3)

    def test_data_is_named_at_the_root_of_a_model_only(self):
        self.write("sub/" + DATA_FILE, b"{}")
        self.sign()
        self.assertEqual(self.verify()["data"], [])

    # ---- signing ---------------------------------------------------------------------

    def test_what_nobody_named_is_not_signed_by_the_way(self):
        self.sign("--data", f"{PETS}@v1")
        _, why = self.sign(expect=2)
        self.assertIn("--keep-data", why)
        self.write("weights.bin", b"trained longer")
        signed, _ = self.sign("--keep-data")
        self.assertEqual(signed[0]["data"][0]["name"], f"{PETS}@v1")
        self.assertEqual(self.verify()["data"][0]["name"], f"{PETS}@v1")

    def test_data_that_cannot_be_named_is_refused(self):
        for arguments, code in (
                (["--data", PETS], 2), (["--data", f"{PETS}@7"], 2),
                (["--data", f"{PETS}@nothing"], 2),
                (["--data", "example.org/unheard@v1"], 2),
                (["--data", f"{PETS}@v1", "--data", f"{PETS}@v1"], 2),
                (["--data", f"{PETS}@v1", "--keep-data"], 2),
                (["--keep-data"], 2),
                (["--data", f"{PETS}@v1", "--key", self.keys[BIRDS]], 2),
                (["--data", f"{PETS}@v1", "--ignore-paths",
                  f"{self.model}/{DATA_FILE}"], 2),
                (["--data", f"{PETS}@v1", "--server", "127.0.0.1:1", "--retry-for",
                  "10ms"], 3)):
            self.sign(*arguments, expect=code)
            self.assertFalse(os.path.exists(f"{self.model}/{DATA_FILE}"), arguments)
            self.assertFalse(os.path.exists(self.signature), arguments)
        elsewhere = self.model + ".elsewhere"
        with open(elsewhere, "w", encoding="utf-8"):
            pass
        os.symlink(elsewhere, f"{self.model}/{DATA_FILE}")
        self.sign("--data", f"{PETS}@v1", expect=2)
        self.assertEqual(os.path.getsize(elsewhere), 0)
        self.model += "/weights.bin"
        self.sign("--data", f"{PETS}@v1", expect=2)

    # ---- logs that do not stand by their heads ---------------------------------------

    def copied_server(self, name):
        """Another program on a copy of the data, as of now."""
        self.server.stop()
        os.makedirs(f"{self.directory}/{name}")
        shutil.copytree(f"{self.server.directory}/data", f"{self.directory}/{name}/data")
        self.server.start()
        copy = Server(f"{self.directory}/{name}")
        self.servers.append(copy)
        return copy

    def test_an_audit_asks_whether_the_log_stands_by_it(self):
        log = "example.org/audited"
        key = json.loads(self.setlog("init", log, "--scheme", "bytes/1").stdout)["vkey"]
        old = self.copied_server("old")
        fork = self.copied_server("fork")
        self.add(log, MEMBER)
        self.ask(0, "tag", log, "v1")
        self.sign("--data", f"{log}@v1")
        lines, _ = self.audit(expect=0)
        self.assertEqual((lines[0]["verdict"], lines[0]["log_size"]),
                         ("VERIFIED", lines[0]["size"]))
        self.add(log, LATER)
        lines, _ = self.audit(expect=0)
        self.assertGreater(lines[0]["log_size"], lines[0]["size"])
        self.ask(0, "export", log, "files")
        self.audit("--from", "files", expect=0)

        known = ["--key", key]
        # Older than the model: an old copy, or a log that was cut off.
        lines, _ = self.audit(*known, server=old, home="auditor1", expect=3)
        self.assertIn("went back", lines[0]["error"])
        notes = glob.glob(f"{self.directory}/auditor1/evidence/*.rollback.note")
        self.assertEqual(len(notes), 2)
        # The same entries otherwise, as many and then more.
        self.add(log, STRANGER, server=fork, home="forker")
        self.ask(0, "tag", log, "v1", server=fork, home="forker")
        for home, grow in (("auditor2", False), ("auditor3", True)):
            if grow:
                self.add(log, LATER, server=fork, home="forker")
            lines, _ = self.audit(*known, server=fork, home=home, expect=4)
            self.assertEqual(lines[0]["verdict"], "MISBEHAVIOUR")
            (evidence,) = glob.glob(f"{self.directory}/{home}/evidence/*.evidence")
            self.ask(4, "verify", evidence, *known, home="judge")
            # It stays convicted, whoever answers.
            self.audit(*known, home=home, expect=4)
        # Whoever takes the fork for the log, and then meets the model.
        self.ask(0, "head", log, *known, server=fork, home="fooled")
        self.audit(*known, server=fork, home="fooled", expect=4)
        # Its set is not the one that the model names, so it cannot answer for that.
        self.assertEqual(self.is_in(STRANGER, *known, server=fork, home="asker",
                                    expect=3), ["UNVERIFIED"])

    def test_a_head_that_contradicts_the_readers_memory_convicts_the_log(self):
        log = "example.org/forgetful"
        key = json.loads(self.setlog("init", log, "--scheme", "bytes/1").stdout)["vkey"]
        fork = self.copied_server("fork2")
        self.add(log, MEMBER)
        self.ask(0, "tag", log, "v1")
        self.add(log, STRANGER, server=fork, home="forker2")
        self.ask(0, "tag", log, "v1", server=fork, home="forker2")
        self.sign("--data", f"{log}@v1", server=fork, home="forker2")
        # Of the same size, another root: no server is needed to see it.
        self.ask(0, "head", log, "--key", key, home="witness")
        report = self.verify(home="witness", expect=4)
        self.assertEqual(report["verdict"], "MISBEHAVIOUR")
        self.is_in(STRANGER, home="witness", expect=4)


if __name__ == "__main__":
    unittest.main(argv=["model_data_test.py"])
