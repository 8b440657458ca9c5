"""Who asks: a person is a SETLOG_HOME, and knows what that remembers.

    alice = Person(stage, "alice")
    alice.asks("in", ORIGIN, "mine", key=log.vkey, server=log).verdict   # "PRESENT"
"""

import json
import os
import pathlib
import subprocess
import time
from dataclasses import dataclass, field

PATIENCE = 60  # seconds, for what takes a few milliseconds


@dataclass
class Answer:
    """What a program said to whom."""

    who: str
    command: str
    exit: int
    verdict: str = None  # the word, if it printed one
    sees: str = ""  # the reason, or the verdict
    json: dict = field(default_factory=dict)

    def row(self):
        return {"who": self.who, "command": self.command, "verdict": self.verdict,
                "exit": self.exit, "sees": self.sees}

    @property
    def evidence(self):
        """Its file, or None."""
        return (self.json.get("evidence") or [None])[0]


def environment(home):
    variables = dict(os.environ, NO_COLOR="1", SETLOG_HOME=str(home))
    for name in ("SETLOG_SERVER", "SETLOG_TOKEN_FILE", "SETLOG_VRF_PASSPHRASE_FILE"):
        variables.pop(name, None)
    return variables


def run(arguments, home, directory):
    return subprocess.run(
        [str(a) for a in arguments], cwd=directory, env=environment(home), text=True,
        errors="replace", capture_output=True, stdin=subprocess.DEVNULL,
        timeout=2 * PATIENCE)


class Person:
    def __init__(self, stage, name):
        self.stage = stage
        self.name = name
        self.home = stage.path(f"home-{name}")

    def asks(self, *words, key=None, server=None, token=None, policy=None, flags=()):
        """Runs `setlog` with files of the stage's directory."""
        shown = ["setlog", *words]
        hidden = ["--json", *flags]
        if server is not None:
            hidden += ["--server", server.address, "--retry-for", "5s"]
        if token is not None:
            hidden += ["--token-file", token]
        if key is not None:
            shown += ["--key", "VKEY"]
            hidden += ["--key", key]
        if policy is not None:
            shown += ["--policy", pathlib.Path(policy).name]
            hidden += ["--policy", policy]
        done = run([self.stage.bin / "setlog", *words, *hidden], self.home,
                   self.stage.directory)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        last = lines[-1] if lines else {}
        said = last.get("error") or done.stderr.strip() or last.get("verdict") or ""
        return Answer(self.name, " ".join(shown), done.returncode, last.get("verdict"),
                      said.split("\n")[0].replace(f"{self.stage.directory}/", ""), last)

    def does(self, *words, **how):
        """The same, of what must succeed."""
        answer = self.asks(*words, **how)
        if answer.exit != 0:
            raise RuntimeError(f"{self.name}: {answer.command} ended with "
                               f"{answer.exit}: {answer.sees}")
        return answer

    def asks_until(self, exit_code, *words, **how):
        """Asks again until that is the exit code, as long as patience lasts."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.asks(*words, **how)
            if answer.exit == exit_code or time.monotonic() > until:
                return answer
            time.sleep(0.1)
