"""Real servers and clients for the crash tests: started, killed, asked.

  rig = Rig(bin_directory)             # a work directory of its own, removed at the end
  server = rig.server("data")          # ready; server.address, server.http
  server.kill(); server.stop()         # SIGKILL; SIGTERM, how long it took
  done = rig.setlog("head", origin, "--json", server=server)   # done.code, .out, .err
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from model import Wrong

START_SECONDS = 60


class Done:
    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def reported(self):
        """Killed, but it had said what --json says already: then it was done."""
        return self.code == -9 and self.out.endswith("\n")

    def expect(self, *codes):
        if self.code not in codes:
            raise Wrong(
                f"exit code {self.code}, expected {codes}\n  {' '.join(self.command)}\n"
                f"  out: {self.out[-2000:]}\n  err: {self.err[-2000:]}"
            )
        return self


class Server:
    """One setlogd process, ready."""

    def __init__(self, rig, data, port="0", environment=None, options=(), wrap=()):
        self.rig = rig
        self.data = data
        self.ready = os.path.join(rig.work, f"ready.{rig.number()}")
        command = [*wrap, rig.program("setlogd"), "--data", data]
        command += ["--listen", f"127.0.0.1:{port}", "--http", "127.0.0.1:0", *options]
        with open(self.ready, "wb") as out, open(rig.log, "ab") as err:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**rig.environment, **(environment or {})},
            )
        rig.processes.append(self.process)
        self.address = self.http = None

    def wait_ready(self):
        """False if it ended before it was ready."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with open(self.ready, encoding="utf-8") as file:
                line = file.read()
            if line.endswith("\n"):
                break
            if self.process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise Wrong("setlogd is not ready after a minute")
            time.sleep(0.003)
        fields = dict(word.split("=", 1) for word in line.split()[1:])
        self.address, self.http = fields["grpc"], fields["http"]
        self.port = self.address.rsplit(":", 1)[1]
        return True

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, limit=10.0):
        """Seconds from SIGTERM to the end; Wrong if they are more than `limit`."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            raise Wrong("setlogd still runs a minute after SIGTERM") from None
        took = time.monotonic() - started
        if code != 0 or took > limit:
            raise Wrong(f"after SIGTERM: exit code {code} after {took:.1f} s")
        return took

    def health(self):
        """Status and text of /healthz."""
        try:
            with urllib.request.urlopen(f"http://{self.http}/healthz", timeout=10) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


class Rig:
    def __init__(self, programs):
        self.programs = os.path.abspath(programs)
        self.work = tempfile.mkdtemp(prefix="setlog-crash-")
        self.log = os.path.join(self.work, "setlogd.log")
        self.processes = []
        self.numbers = 0
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("SETLOG_") and key != "LD_PRELOAD"
        }
        self.environment["NO_COLOR"] = "1"

    def number(self):
        self.numbers += 1
        return self.numbers

    def program(self, name):
        return os.path.join(self.programs, name)

    def path(self, *names):
        return os.path.join(self.work, *names)

    def server(self, data, port="0", **more):
        server = Server(self, self.path(data), port, **more)
        if not server.wait_ready():
            raise Wrong(
                f"setlogd ended at its start with {server.process.returncode}\n"
                + self.server_log()
            )
        return server

    def server_log(self, lines=15):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def client_environment(self, server_data, home="home"):
        return {
            **self.environment,
            "SETLOG_HOME": self.path(home),
            "SETLOG_TOKEN_FILE": os.path.join(server_data, "admin.token"),
        }

    def start(self, command, environment=None, stdin=None):
        """A process whose output is kept; ended by finish()."""
        files = [tempfile.TemporaryFile(dir=self.work) for _ in range(2)]
        process = subprocess.Popen(
            command,
            stdin=stdin or subprocess.DEVNULL,
            stdout=files[0],
            stderr=files[1],
            env=environment or self.environment,
        )
        process.files, process.command = files, command
        self.processes.append(process)
        return process

    def finish(self, process, timeout=300):
        try:
            code = process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Wrong(f"still runs after {timeout} s: {process.command}") from None
        self.processes.remove(process)
        texts = []
        for file in process.files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Done(process.command, code, *texts)

    def setlog(self, *arguments, server, home="home", environment=None, timeout=300):
        command = [self.program("setlog"), "--server", server.address, *arguments]
        variables = {**self.client_environment(server.data, home), **(environment or {})}
        return self.finish(self.start(command, variables), timeout)

    def clean_up(self, keep=False):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if keep:
            print(f"kept: {self.work}", file=sys.stderr)
        else:
            shutil.rmtree(self.work, ignore_errors=True)


def run(name, rig, test):
    """Runs test(); prints what went wrong; the process's exit code."""
    started = time.monotonic()
    # So that what was started and mounted is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        summary = test()
    except Wrong as wrong:
        print(f"{name}: WRONG: {wrong}")
        print(rig.server_log())
        rig.clean_up(keep=bool(os.environ.get("SETLOG_KEEP")))
        return 1
    except BaseException:
        rig.clean_up()
        raise
    rig.clean_up()
    print(f"{name}: {summary}, {time.monotonic() - started:.0f} s")
    return 0
