#!/usr/bin/env python3
"""tests/model_peers_test.py BIN_DIR -- models signed by setlog are verified by the
reference implementation of OpenSSF Model Signing, and the other way round.

That is model_signing from PyPI, of the version and with the hashes in
peers/model/requirements.txt, in a virtual environment beside BIN_DIR. What is tampered
with is refused by both; where the two disagree, this says so: docs/model_signing.md has
the table. Exit code 77 (ctest: skipped) if the package cannot be installed here.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "peers" / "model"))
import environment

if len(sys.argv) != 2:
    sys.exit(__doc__)
environment.enter(sys.argv[1])

import click.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID
import model_signing
from model_signing._cli import main as model_signing_program

SETLOG = str(pathlib.Path(sys.argv[1]) / "setlog")
CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
HASH_OF = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
wrong = 0
asked = 0


def expect(what, got, wanted):
    global wrong, asked
    asked += 1
    if got != wanted:
        wrong += 1
        print(f"WRONG: {what}: {got}, expected {wanted}")


def python_says(*arguments):
    """Exit code of the program `model_signing`, in this process."""
    ran = click.testing.CliRunner().invoke(
        model_signing_program, [str(argument) for argument in arguments])
    return ran.exit_code


def setlog_says(*arguments):
    return subprocess.run([SETLOG, "model", *map(str, arguments)],
                          capture_output=True).returncode


def setlog_report(*arguments):
    ran = subprocess.run([SETLOG, "model", *map(str, arguments), "--json"],
                         capture_output=True, text=True)
    return json.loads(ran.stdout) if ran.stdout else {"error": ran.stderr}


class Keys:
    """Each curve's key, and a chain for one of them, as PEM files."""

    def __init__(self, directory):
        self.private, self.file, self.public = {}, {}, {}
        for name, curve in CURVES.items():
            self.private[name] = ec.generate_private_key(curve)
            self.file[name] = write(directory / f"{name}.pem", pem(self.private[name]))
            self.public[name] = write(directory / f"{name}.pub",
                                      public_pem(self.private[name]))
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        root_key = ec.generate_private_key(ec.SECP384R1())
        middle_key = ec.generate_private_key(ec.SECP256R1())
        root = certificate("root", "root", root_key, root_key, now - 9 * day, now + 9 * day)
        middle = certificate("middle", "root", middle_key, root_key, now - 9 * day,
                             now + 9 * day)
        leaf = certificate("signer", "middle", self.private["p256"], middle_key,
                           now - day, now + day, leaf=True)
        old = certificate("signer", "middle", self.private["p256"], middle_key,
                          now - 3 * day, now - 2 * day, leaf=True)
        new = certificate("signer", "middle", self.private["p256"], middle_key,
                          now + 2 * day, now + 3 * day, leaf=True)
        self.root = write(directory / "root.pem", certificate_pem(root))
        self.middle = write(directory / "middle.pem", certificate_pem(middle))
        self.leaf = write(directory / "leaf.pem", certificate_pem(leaf))
        self.expired = old.public_bytes(serialization.Encoding.DER)
        self.future = new.public_bytes(serialization.Encoding.DER)


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def certificate_pem(of):
    return of.public_bytes(serialization.Encoding.PEM)


def certificate(subject, issuer, key, issuer_key, begin, end, leaf=False):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False)
    return (x509.CertificateBuilder()
            .subject_name(name(subject)).issuer_name(name(issuer))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), True)
            .add_extension(x509.KeyUsage(digital_signature=leaf, key_cert_sign=not leaf,
                                         crl_sign=not leaf, **usage), True)
            .sign(issuer_key, hashes.SHA256()))


def make_model(path):
    write(path / "config.json", b'{"arch":"demo"}\n')
    write(path / "weights.bin", b"weights-0001")
    write(path / "sub" / "a.bin", b"x")
    write(path / "sub-b.bin", b"y")
    write(path / "empty.txt", b"")
    write(path / "\u6a21\u578b (copy).bin", bytes(range(256)))
    write(path / ".git" / "HEAD", b"ref")
    return path


class Case:
    """A model, its signature, and both programs on them."""

    def __init__(self, directory, keys):
        self.keys = keys
        self.directory = directory
        self.model = make_model(directory / "demo")
        self.signature = directory / "demo.sig"

    def how(self, method, curve, python):
        line = "_" if python else "-"
        if method == "key":
            return (["--private" + line + "key", self.keys.file[curve]],
                    ["--public" + line + "key", self.keys.public[curve]])
        chain = "--certificate" + line + "chain"
        return (["--private" + line + "key", self.keys.file["p256"],
                 "--signing" + line + "certificate", self.keys.leaf,
                 chain, self.keys.middle],
                [chain, self.keys.root])

    def sign(self, says, method="key", curve="p256", model=None, more=()):
        with_key, _ = self.how(method, curve, says is python_says)
        self.signature.unlink(missing_ok=True)
        code = says("sign", method, model or self.model, "--signature", self.signature,
                    *with_key, *more)
        expect(f"{says.__name__} signs", code, 0)

    def verify(self, says, method="key", curve="p256", model=None, more=()):
        _, with_key = self.how(method, curve, says is python_says)
        return says("verify", method, model or self.model, "--signature", self.signature,
                    *with_key, *more)

    def both(self, what, wanted, method="key", curve="p256", model=None):
        """wanted: the exit codes of Python and of setlog."""
        got = (self.verify(python_says, method, curve, model),
               self.verify(setlog_says, method, curve, model))
        expect(what, got, wanted)

    def payload(self):
        bundle = json.loads(self.signature.read_text())
        return base64.b64decode(bundle["dsseEnvelope"]["payload"])

    def sign_payload(self, payload, curve="p256"):
        """What is in the signature file as if the key's owner had signed `payload`."""
        key = self.keys.private[curve]
        kind = "application/vnd.in-toto+json"
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        bundle = json.loads(self.signature.read_text())
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(
            key.sign(signed, ec.ECDSA(HASH_OF[key.key_size]))).decode()
        self.signature.write_text(json.dumps(bundle))


def roundtrips(case):
    for signer in (setlog_says, python_says):
        for method, curve in (("key", "p256"), ("key", "p384"), ("key", "p521"),
                              ("certificate", "p256")):
            what = f"{signer.__name__} {method} {curve}"
            case.sign(signer, method, curve)
            case.both(what, (0, 0), method, curve)
            if method == "key":
                case.both(what + ", another key", (1, 1), "key",
                          "p384" if curve == "p256" else "p256")


def orders(case):
    """Python sorts by path component, the specification by bytes."""
    case.sign(python_says)
    names = [r["name"] for r in json.loads(case.payload())["predicate"]["resources"]]
    expect("Python's order is its own", names != sorted(names), True)
    _, with_key = case.how("key", "p256", False)
    report = setlog_report("verify", "key", case.model, "--signature", case.signature,
                           *with_key)
    expect("setlog says so", len(report.get("warnings", [])), 1)
    case.sign(setlog_says)
    names = [r["name"] for r in json.loads(case.payload())["predicate"]["resources"]]
    expect("setlog's order is the specification's", names, sorted(names))


def single_files(case):
    file = case.model / "weights.bin"
    case.sign(python_says, model=file)
    case.both("a single file of Python", (0, 0), model=file)
    case.sign(setlog_says, model=file, more=["--compat", "python-1.1"])
    case.both("a single file of setlog for Python", (0, 0), model=file)
    case.both("and of another one", (1, 1), model=case.model / "config.json")
    case.sign(setlog_says, model=file)
    case.both("a single file as specified", (1, 0), model=file)


def shards(case):
    """Only Python's API has shards, and it does not read its own."""
    config = (model_signing.hashing.Config()
              .use_shard_serialization(hashing_algorithm="sha256", shard_size=100)
              .set_ignored_paths(paths=[], ignore_git_paths=True))
    (model_signing.signing.Config()
     .use_elliptic_key_signer(private_key=case.keys.file["p256"])
     .set_hashing_config(config).sign(case.model, case.signature))
    expect("setlog verifies Python's shards", case.verify(setlog_says), 0)
    expect("Python's program does not", case.verify(python_says), 1)
    weights = case.model / "\u6a21\u578b (copy).bin"
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + b"\0")
    expect("and their change", case.verify(setlog_says), 1)
    weights.write_bytes(kept)


def tampering(case):
    for signer in (setlog_says, python_says):
        case.sign(signer)
        weights = case.model / "weights.bin"
        for what, do, undo in (
                ("byte", lambda: weights.write_bytes(b"weights-0002"),
                 lambda: weights.write_bytes(b"weights-0001")),
                ("extra", lambda: write(case.model / "evil.py", b""),
                 lambda: (case.model / "evil.py").unlink()),
                ("missing", lambda: (case.model / "config.json").unlink(),
                 lambda: write(case.model / "config.json", b'{"arch":"demo"}\n')),
                ("renamed", lambda: weights.rename(case.model / "w.bin"),
                 lambda: (case.model / "w.bin").rename(weights)),
                ("link", lambda: (case.model / "link").symlink_to("weights.bin"),
                 lambda: (case.model / "link").unlink()),
                ("pipe", lambda: os.mkfifo(case.model / "pipe"),
                 lambda: (case.model / "pipe").unlink()),
        ):
            do()
            case.both(f"{what} after {signer.__name__}", (1, 1))
            undo()
        case.both("as it was", (0, 0))
        whole = case.signature.read_text()
        for cut in (0, 1, len(whole) // 2):
            case.signature.write_text(whole[:cut])
            case.both("a signature cut off", (1, 1))
        case.signature.write_text(whole)
        case.sign_payload(case.payload() + b" ", "p384")
        case.both("another's signature", (1, 1))


def disagreements(case):
    """What Python 1.1.1 takes and setlog refuses, or not: the table in the docs."""
    def statement():
        return json.loads(case.payload())

    def resigned(changed):
        digests = b"".join(bytes.fromhex(r["digest"])
                           for r in changed["predicate"]["resources"])
        changed["subject"][0]["digest"]["sha256"] = hashlib.sha256(digests).hexdigest()
        case.sign_payload(json.dumps(changed).encode())

    unsigned = {python_says: ["--ignore_unsigned_files"],
                setlog_says: ["--ignore-unsigned-files"]}

    case.sign(setlog_says)
    outside = write(case.directory / "outside.bin", b"outside")
    changed = statement()
    changed["predicate"]["resources"].insert(0, {
        "name": "../outside.bin", "algorithm": "sha256",
        "digest": hashlib.sha256(outside.read_bytes()).hexdigest()})
    resigned(changed)
    expect("../ names, unsigned files ignored",
           [case.verify(says, more=unsigned[says]) for says in unsigned], [0, 1])

    case.sign(setlog_says)
    changed = statement()
    changed["predicate"]["resources"].insert(
        0, dict(changed["predicate"]["resources"][0], digest="00" * 32))
    resigned(changed)
    case.both("a name twice, the first time with another digest", (0, 1))

    case.sign(setlog_says)
    changed = statement()
    changed["predicate"]["resources"] = []
    changed["predicate"]["serialization"]["ignore_paths"] = ["."]
    resigned(changed)
    case.both("everything ignored", (0, 1))

    case.sign(setlog_says)
    case.sign_payload(case.payload().replace(b'{"_type"', b'{"_type":"x","_type"'))
    case.both("a key of JSON twice", (0, 1))

    case.sign(setlog_says)
    bundle = json.loads(case.signature.read_text())
    payload = bundle["dsseEnvelope"]["payload"]
    bundle["dsseEnvelope"]["payload"] = payload[:8] + "%" + payload[8:]
    case.signature.write_text(json.dumps(bundle))
    case.both("junk in base64", (0, 1))

    for what, leaf in (("has expired", case.keys.expired),
                       ("is not valid yet", case.keys.future)):
        case.sign(setlog_says, "certificate")
        bundle = json.loads(case.signature.read_text())
        chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
        chain[0]["rawBytes"] = base64.b64encode(leaf).decode()
        case.signature.write_text(json.dumps(bundle))
        case.both(f"a certificate that {what}", (0, 1), "certificate")

    case.sign(setlog_says, more=["--hash", "blake2b"])
    case.both("BLAKE2b", (1, 0))

    case.sign(setlog_says)
    bundle = json.loads(case.signature.read_text())
    bundle["verificationMaterial"]["publicKey"]["hint"] = "00" * 32
    case.signature.write_text(json.dumps(bundle))
    case.both("the name of another key", (1, 1))

    case.sign(setlog_says)
    bundle = json.loads(case.signature.read_text())
    entry = bundle["dsseEnvelope"]["signatures"][0]
    pair = utils.decode_dss_signature(base64.b64decode(entry["sig"]))
    entry["sig"] = base64.b64encode(
        b"".join(number.to_bytes(32, "big") for number in pair)).decode()
    case.signature.write_text(json.dumps(bundle))
    case.both("r and s in the place of DER", (1, 1))


def main():
    with tempfile.TemporaryDirectory() as directory:
        case = Case(pathlib.Path(directory), Keys(pathlib.Path(directory)))
        for part in (roundtrips, orders, single_files, shards, tampering, disagreements):
            part(case)
    print(f"model_peers: model_signing {model_signing.__version__}, {asked} answers, "
          f"{wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
