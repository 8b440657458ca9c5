"""The programs that take part, each its own process, on loopback.

    server = Setlogd(bin_directory, "data", "sock")
    witness = Witness(bin_directory, "witness", {log_vkey: server.address})
    hub = Hub("hub")
    ...
    server.stop()

Each says when it is ready; what it says on standard error is kept in a file beside its
data, and shown if it does not start.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

# The user's server, token and state are nobody's in here.
for variable in [name for name in os.environ if name.startswith("SETLOG_")]:
    del os.environ[variable]

READY_WITHIN = 60  # seconds: sanitizers' builds are slow


class Process:
    def __init__(self, log, arguments):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as errors, open(f"{log}.ready", "wb") as ready:
            self.process = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=ready,
                stderr=errors, env=dict(os.environ, NO_COLOR="1"))
        try:
            self.ready = self._wait_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_ready(self):
        """The fields of the line that begins with `ready`."""
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until:
            printed = pathlib.Path(f"{self.log}.ready").read_text()
            if printed.startswith("ready") and printed.endswith("\n"):
                return dict(re.findall(r"(\w+)=(\S+)", printed))
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"{self.process.args[0]} did not start:\n"
                           + self.log.read_text(errors="replace"))

    def stop(self):
        """As an operator does; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        self.process.kill()
        self.process.wait()


class Setlogd(Process):
    """`policy` is a file of the witnesses that it asks for cosignatures."""

    def __init__(self, bin_directory, data, socket, policy=None):
        asked = ["--policy", policy] if policy else []
        super().__init__(f"{data}.log", [
            f"{bin_directory}/setlogd", "--data", data, "--listen", f"unix:{socket}",
            "--http", "127.0.0.1:0", *asked])
        self.address = f"unix:{socket}"
        self.http = self.ready["http"]
        self.token = f"{data}/admin.token"


class Witness(Process):
    """Replays the logs, vkey: address, and cosigns; makes its key if it has none.

    `light` cosigns heads without having replayed anything.
    """

    NAME = "witness.example.org/w"

    def __init__(self, bin_directory, directory, logs, light=False):
        pathlib.Path(directory).mkdir(exist_ok=True)
        pathlib.Path(f"{directory}/logs").write_text(
            "".join(f"log {vkey} {address}\n" for vkey, address in logs.items()))
        super().__init__(f"{directory}.log", [
            f"{bin_directory}/setlog", "witness", "--logs", f"{directory}/logs",
            "--state", f"{directory}/state", "--name", self.NAME, "--listen",
            "127.0.0.1:0", "--poll", "200ms", *(["--light"] if light else [])])
        self.vkey = self.ready["vkey"]
        self.http = self.ready["http"]


class Hub(Process):
    """Serves the directory as a hub of models and data serves its repositories."""

    def __init__(self, directory):
        program = pathlib.Path(__file__).with_name("hub.py")
        super().__init__(f"{directory}.log", [sys.executable, program, directory])
        self.url = f"http://{self.ready['http']}"
