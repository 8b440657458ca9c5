#!/usr/bin/env python3
"""Signs small models with Python's model-signing, into files beside this one.

    python3 -m venv venv && venv/bin/pip install model-signing==1.1.1 pyOpenSSL
    venv/bin/python3 tests/data/oms/make.py

Keys are made anew and thrown away, so each run writes other files.

    key.sig     the model `demo`, with a key on P-256: public.pem
    chain.sig   the same, with a certificate on P-384 below an intermediate: root.pem
    single.sig  the file weights.bin as a model, with the key
    shards.sig  the model `shards` in pieces of 100 bytes, with the key
"""
import datetime
import pathlib
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from model_signing import hashing, signing

HERE = pathlib.Path(__file__).parent
PEM = serialization.Encoding.PEM
FROM = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def write_private(path, key):
    path.write_bytes(
        key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def certificate(subject, key, issuer, issuer_key, days, extensions):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(FROM + datetime.timedelta(days=days))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def write_models(work):
    demo = work / "demo"
    (demo / "sub").mkdir(parents=True)
    (demo / "config.json").write_bytes(b'{"arch":"demo"}\n')
    (demo / "weights.bin").write_bytes(b"weights-0001")
    (demo / "sub" / "a.bin").write_bytes(b"x")
    (demo / "sub-b.bin").write_bytes(b"y")
    shards = work / "shards"
    shards.mkdir()
    (shards / "w").write_bytes(bytes(i % 251 for i in range(1050)))
    (shards / "empty").write_bytes(b"")


def main():
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        write_models(work)

        key = ec.generate_private_key(ec.SECP256R1())
        write_private(work / "key.pem", key)
        (HERE / "public.pem").write_bytes(
            key.public_key().public_bytes(
                PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        by_key = signing.Config().use_elliptic_key_signer(private_key=work / "key.pem")
        by_key.sign(work / "demo", HERE / "key.sig")
        by_key.sign(work / "demo" / "weights.bin", HERE / "single.sig")
        by_key.set_hashing_config(
            hashing.Config().use_shard_serialization(shard_size=100)
        )
        by_key.sign(work / "shards", HERE / "shards.sig")

        root_key = ec.generate_private_key(ec.SECP256R1())
        middle_key = ec.generate_private_key(ec.SECP256R1())
        leaf_key = ec.generate_private_key(ec.SECP384R1())
        authority = (x509.BasicConstraints(ca=True, path_length=None), True)
        root = certificate("root", root_key, "root", root_key, 3650, [authority])
        middle = certificate("middle", middle_key, "root", root_key, 1000, [authority])
        leaf = certificate(
            "signer",
            leaf_key,
            "middle",
            middle_key,
            90,
            [
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
                (
                    x509.SubjectAlternativeName([x509.RFC822Name("ml@example.org")]),
                    False,
                ),
            ],
        )
        write_private(work / "leaf.key", leaf_key)
        (work / "leaf.pem").write_bytes(leaf.public_bytes(PEM))
        (work / "middle.pem").write_bytes(middle.public_bytes(PEM))
        (HERE / "root.pem").write_bytes(root.public_bytes(PEM))
        signing.Config().use_certificate_signer(
            private_key=work / "leaf.key",
            signing_certificate=work / "leaf.pem",
            certificate_chain=[work / "middle.pem"],
        ).sign(work / "demo", HERE / "chain.sig")


main()
