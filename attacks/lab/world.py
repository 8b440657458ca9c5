"""The world before an attack: an owner with a log, a publisher with a model, a hub.

    with World(bin_directory) as world:
        world.add(checks.LOG, rows, tag="v2")
        world.sign(world.hub_directory / "digits")

    owner       logs 1,300 images as example.org/digits@v1; they come from two sources,
                each with a log of its own; a fourth log lists images that are opted
                out, a fifth is for a data set that has no version yet
    publisher   trains a model on them, signs it with the name of that version, and puts
                both on the hub: digits-model, digits-data
    witness     replays all of these logs, and cosigns
    pinned/     what a victim got from them another way than from the hub: the
                publisher's key, the logs' keys, the witnesses' policy

All of it is in one temporary directory, and ends with the world.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import checks
import digits
import train
from processes import Hub, Setlogd, Witness

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "build/data/digits.csv"
CLASSIFIER = ROOT / "attacks/classifier"
SCHEME = ("--scheme", "row/1", "--columns", ",".join(digits.COLUMNS))


class World:
    """`template` is a directory that make_template has made: that takes less time."""

    def __init__(self, bin_directory, template=None):
        self.bin = pathlib.Path(bin_directory).resolve()
        self.template = template
        self._temporary = tempfile.TemporaryDirectory(prefix="setlog-attack-")
        self.directory = pathlib.Path(self._temporary.name)
        self.processes = []
        self.training, self.rest = digits.split(IMAGES)

    def __enter__(self):
        try:
            if self.template:
                shutil.copytree(self.template, self.directory, symlinks=True,
                                dirs_exist_ok=True)
            else:
                self._prepare()
            self._serve()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
        self._temporary.cleanup()

    def path(self, name):
        return self.directory / name

    def keep(self, process):
        """A process that ends with the world."""
        self.processes.append(process)
        return process

    # ---- what people do -------------------------------------------------------------

    def run(self, *command, home="owner", server=None, ends_with=(0,)):
        """Runs `setlog` as whom `home` belongs to; what it printed."""
        server = server or self.server
        return self._call([self.bin / "setlog", *command], ends_with,
                          SETLOG_SERVER=server.address,
                          SETLOG_HOME=str(self.path(f"{home}-home")),
                          SETLOG_TOKEN_FILE=server.token)

    def _call(self, command, ends_with=(0,), **environment):
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, cwd=self.directory,
            env=dict(os.environ, NO_COLOR="1", **environment))
        if done.returncode not in ends_with:
            raise RuntimeError(f"{command}: exit code {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, name, rows):
        digits.write(self.path(name), rows)
        return self.path(name)

    def add(self, log, rows, tag=None, **how):
        """Adds rows to the log, as its owner, and names the set that it then has."""
        file = self.write("added.csv", rows)
        self.run("add", log, file, "--header", "no", "--restart", **how)
        if tag:
            self.run("tag", log, tag, **how)

    def remove(self, log, rows, tag=None):
        file = self.write("removed.csv", rows)
        self.run("remove", log, file, "--header", "no", "--restart")
        if tag:
            self.run("tag", log, tag)

    def hashes(self, rows):
        """Of rows, as records."""
        printed = self.run("hash", self.write("hashed.csv", rows), *SCHEME, "--header",
                           "no", "--json")
        return {json.loads(line)["hash"] for line in printed.splitlines()}

    def changes(self, log, older, newer):
        """What `setlog diff` names: the hashes added, and the hashes removed."""
        printed = self.run("diff", log, older, newer, "--json", ends_with=(0, 1))
        lines = [json.loads(line) for line in printed.splitlines()]
        return tuple({line["hash"] for line in lines if line["op"] == op}
                     for op in "+-")

    def sign(self, model, data=None, key="publisher"):
        """Signs the model where it stands, with the versions that it names."""
        named = [word for version in data or [] for word in ("--data", version)]
        self.run("model", "sign", "key", model, "--signature", f"{model}.sig",
                 "--private-key", f"{key}.key", *named)

    def make_key(self, name):
        curve = ["-name", "prime256v1"]
        self._call(["openssl", "ecparam", *curve, "-genkey", "-noout", "-out",
                    f"{name}.key"])
        self._call(["openssl", "ec", "-in", f"{name}.key", "-pubout", "-out",
                    f"{name}.pub"])

    def publish(self, model, repository="digits-model"):
        """Puts a model and its signature, if it has one, on the hub."""
        place = self.path("hub") / repository
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(model, place / "model")
        if pathlib.Path(f"{model}.sig").exists():
            shutil.copy(f"{model}.sig", place / "model.sig")

    def publish_data(self, rows, repository="digits-data"):
        """Puts rows on the hub, in shards of 100."""
        place = self.path("hub") / repository
        shutil.rmtree(place, ignore_errors=True)
        for shard, begin in enumerate(range(0, len(rows), 100)):
            digits.write(place / f"{shard:03}.csv", rows[begin : begin + 100])

    def train(self, name, rows, order=train.shuffled):
        model = self.path(name)
        train.save(train.train(rows, order), model)
        return model

    def wait_cosigned(self, log=checks.LOG):
        """Until the witness has cosigned the newest head."""
        newest = json.loads(self.run("head", log, "--json"))["size"]
        policy = self.path("pinned/witnesses.policy")
        until = time.monotonic() + 60
        while True:  # nothing is printed while no head at all has the quorum
            cosigned = self.run("head", log, "--json", "--policy", policy,
                                ends_with=(0, 3))
            if cosigned and json.loads(cosigned)["size"] == newest:
                return
            if time.monotonic() > until:
                raise RuntimeError(f"no witness cosigned {log} at size {newest}")
            time.sleep(0.1)

    def copy_server(self, name):
        """Another server, with all logs and keys of this one as they are now."""
        self._call([self.bin / "setlogd", "backup", name, "--data", "server",
                    "--with-keys"])
        return self.keep(Setlogd(self.bin, self.path(name), self.path(f"{name}.sock")))

    # ---- before the attack ----------------------------------------------------------

    def _prepare(self):
        """All files, before anything is served."""
        for name in ("pinned", "hub"):
            self.path(name).mkdir()
        self.path("bin").mkdir()
        self.path("bin/python3").symlink_to(sys.executable)  # the one that has numpy
        self.write("images.csv", self.rest)
        self.make_key("publisher")
        shutil.copy(self.path("publisher.pub"), self.path("pinned"))
        self.publish_data(self.training)
        self.server = Setlogd(self.bin, self.path("server"), self.path("sock"))
        try:
            self._log_data()
            model = self.train("model", self.training)
            self.sign(model, [f"{checks.LOG}@v1"])
            self.publish(model)
        finally:
            self.server.stop()

    def _log_data(self):
        """Makes the logs; a witness needs their keys to begin."""
        half = len(self.training) // 2
        contents = {checks.LOG: self.training,
                    checks.SOURCES[0]: self.training[:half],
                    checks.SOURCES[1]: self.training[half:],
                    checks.OPT_OUTS: self.rest[:20],
                    checks.NEW: None}
        vkeys = {}
        for log, rows in contents.items():
            vkeys[log] = json.loads(self.run("init", log, *SCHEME, "--json"))["vkey"]
            self.run("trust", "add", log, "--key", vkeys[log], home="victim")
            if rows is not None:
                self.add(log, rows, tag="v1")
        self.path("vkeys.json").write_text(json.dumps(vkeys))

    def _serve(self):
        """The hub, the witness, and the server that asks it for cosignatures."""
        self.model = self.path("model")
        self.vkeys = json.loads(self.path("vkeys.json").read_text())
        self.hub = self.keep(Hub(self.path("hub")))
        addresses = {key: f"unix:{self.path('sock')}" for key in self.vkeys.values()}
        self.witness = self.keep(Witness(self.bin, self.path("witness"), addresses))
        quorum = (f"witness w {self.witness.vkey} http://{self.witness.http}\n"
                  "group replay all w\nquorum replay\n")
        self.path("server.policy").write_text(quorum)
        logs = "".join(f"log {key}\n" for key in self.vkeys.values())
        self.path("pinned/witnesses.policy").write_text(logs + quorum)
        self.server = self.keep(Setlogd(
            self.bin, self.path("server"), self.path("sock"),
            self.path("server.policy")))
        for log in self.vkeys:
            self.wait_cosigned(log)


def make_template(bin_directory, directory):
    """The files that every world begins with, so that they are made once."""
    world = World(bin_directory)
    try:
        world._prepare()
        shutil.copytree(world.directory, directory, symlinks=True)
    finally:
        world.__exit__()
