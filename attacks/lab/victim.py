"""Somebody who fetches a model, or data to train on, and uses it.

    victim.py CASE.json [CHECK...]

CASE.json says where things are and what each check is (scenario.py). The checks that
are named run first, in a directory that is empty but for what was fetched; if one of
them finds something, nothing is used. Prints what happened, as JSON.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


# Loopback only, whatever proxies the environment names and whatever the hub says.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects)


def fetch(hub, repository, directory):
    for name in OPENER.open(f"{hub}/{repository}").read().decode().splitlines():
        file = pathlib.Path(directory, name)
        if not file.resolve().is_relative_to(pathlib.Path.cwd().resolve()):
            raise ValueError(f"the hub names a file outside of its repository: {name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(OPENER.open(f"{hub}/{repository}/{name}").read())


def environment(case):
    return dict(
        os.environ, NO_COLOR="1", SETLOG_HOME="home", SETLOG_SERVER=case["server"],
        PATH=os.pathsep.join([*case["programs"], os.environ["PATH"]]),
        PYTHONPATH=os.pathsep.join(case["imports"]))


def check(command, case):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command],
                          capture_output=True, text=True, env=environment(case),
                          stdin=subprocess.DEVNULL)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return {"command": command, "exit": done.returncode,
            "sees": said[0] if said else ""}


def python(case, *arguments):
    return subprocess.run([sys.executable, "-m", *arguments], check=True, text=True,
                          env=environment(case), stdout=subprocess.PIPE).stdout


def use(case):
    """Trains if there is no model, then reads images with it."""
    if not pathlib.Path("model").exists():
        python(case, "train", "data", "model")
    measured = json.loads(python(case, "measure", "model", case["images"]))
    return dict(measured, ran_code=pathlib.Path("MARKER").exists())


def main(case, checks):
    for directory, repository in case["fetch"].items():
        fetch(case["hub"], repository, directory)
    results = {name: check(case["checks"][name], case) for name in checks}
    fired = [name for name, result in results.items() if result["exit"] != 0]
    report = {"checks": results, "fired": fired, "used": not fired}
    if not fired:
        report.update(use(case))
    print(json.dumps(report))


if __name__ == "__main__":
    main(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2:])
