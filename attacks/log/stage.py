"""Where an attack on a log happens: servers that are honest or not, witnesses, people.

    with Stage(bin_directory, directory) as stage:
        log = stage.log("one")              # a true setlogd with a new log
        log.add("mine")                     # a record is a file that holds its own name
        liar = stage.liar("Fork")           # honest until liar.lie()
        alice = stage.person("alice")

All of it is in the directory, and ends with the stage.
"""

import base64
import pathlib
import shutil
import signal
import time
import urllib.error
import urllib.request

from lab.processes import Process, Setlogd, Witness
from log.people import PATIENCE, Answer, Person, run

ORIGIN = "example.org/a"
# Loopback only, whatever proxies the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A true setlogd; `vkey` and `owner` are of the log ORIGIN, once it was made.

    Its files can be copied while it is stopped.
    """

    def __init__(self, stage, name, vkey=None, policy=None):
        self.stage = stage
        self.name = name
        self.data = stage.path(f"data-{name}")
        self.vkey = vkey
        self.owner = stage.person(f"owner-{name}")
        self.start(policy)

    def start(self, policy=None):
        self.process = self.stage.keep(
            Setlogd(self.stage.bin, self.data, self.stage.path(f"{self.name}.sock"),
                    policy))
        self.address = self.process.address

    def stop(self):
        if (code := self.process.stop()) != 0:
            raise RuntimeError(f"setlogd ended with {code}:\n"
                               f"{self.process.log.read_text(errors='replace')}")

    def owner_does(self, *words):
        return self.owner.does(*words, server=self, token=self.process.token)

    def init(self, origin=ORIGIN, *flags):
        """The new log's key."""
        made = self.owner_does("init", origin, *(flags or ("--scheme", "bytes/1")))
        return made.json["vkey"]

    def add(self, *records, origin=ORIGIN):
        for record in records:
            self.stage.record(record)
        self.owner_does("add", origin, *records)

    def tag(self, name, origin=ORIGIN):
        self.owner_does("tag", origin, name)

    def copy(self, name):
        """Its files, for another server."""
        shutil.copytree(self.data, self.stage.path(f"data-{name}"))


class LyingServer(Process):
    """Tells the truth until told to lie."""

    def __init__(self, stage, lie, *flags):
        socket = stage.path("liar.sock")
        super().__init__(stage.path("liar.log"), [
            f"{stage.bin}/lying_server", "--lie", lie, "--listen", f"unix:{socket}",
            *flags])
        self.address = f"unix:{socket}"
        self.vkey = self.ready["vkey"]

    def lie(self):
        """From now on; the hash of the record that it lies about, if it chose one."""
        self.process.send_signal(signal.SIGUSR1)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            said = pathlib.Path(f"{self.log}.ready").read_text()
            if "\nlying" in said and said.endswith("\n"):
                return said.partition(" about=")[2].strip()
            time.sleep(0.01)
        raise RuntimeError("the lying server does not lie")


class Stage:
    def __init__(self, bin_directory, directory):
        self.bin = pathlib.Path(bin_directory).resolve()
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
        shutil.rmtree(self.directory)

    def path(self, name):
        return self.directory / name

    def keep(self, process):
        """A process that ends with the stage."""
        self.processes.append(process)
        return process

    def record(self, name):
        self.path(name).write_text(name)

    def person(self, name):
        return Person(self, name)

    def log(self, name="one"):
        server = Server(self, name)
        server.vkey = server.init()
        return server

    def serve(self, name, of, policy=None):
        """The files `name`, which are a copy of another server's."""
        return Server(self, name, of.vkey, policy)

    def starts(self, data, *flags):
        """What setlogd says to these files when it ends instead of serving them."""
        words = ["setlogd", "--data", data, *flags]
        done = run([self.bin / words[0], *words[1:], "--listen", "unix:ends.sock",
                    "--http", "127.0.0.1:0"],
                   self.path("home-operator"), self.directory)
        said = [line for line in done.stderr.splitlines()
                if line.startswith("setlogd: ")]
        return Answer("the operator", " ".join(words), done.returncode,
                      sees=said[0] if said else done.stderr)

    def liar(self, lie, *flags):
        """Its log has "one", had "two" and never had "never"."""
        for name in ("one", "two", "never"):
            self.record(name)
        return self.keep(LyingServer(self, lie, *flags))

    def witness(self, server, light=False):
        """Of the server's log; `policy` is the file with which readers ask for it."""
        name = "light" if light else "replay"
        witness = self.keep(Witness(self.bin, self.path(name),
                                    {server.vkey: server.address}, light))
        witness.state = self.path(name) / "state"
        witness.policy = self.path(f"{name}.policy")
        witness.policy.write_text(
            f"log {server.vkey}\nwitness w {witness.vkey} http://{witness.http}\n"
            f"group {name} all w\nquorum {name}\n")
        return witness


def offer_head(server, witness, owner, old=0):
    """Asks it to cosign the newest head, as setlogd does; head, status, what it says.

    `old` is the size that it has cosigned before.
    """
    head = owner.does("head", ORIGIN, "--note", key=server.vkey, server=server).json
    lines = [f"old {old}"]
    if old > 0:
        proof = owner.does("consistency", ORIGIN, str(old), server=server).json
        lines += [base64.b64encode(bytes.fromhex(h)).decode() for h in proof["path"]]
    request = "\n".join(lines) + "\n\n" + head["note"]
    try:
        answer = OPENER.open(f"http://{witness.http}/add-checkpoint", request.encode(),
                             timeout=PATIENCE)
    except urllib.error.HTTPError as refused:
        answer = refused
    return head, answer.status, answer.read().decode()
