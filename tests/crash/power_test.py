#!/usr/bin/env python3
"""Power cuts: the data directory is on an ext4 of its own, in a file, which is shut down
in the midst of writing (EXT4_IOC_SHUTDOWN without flushing its journal), so that all that
was not synced is gone. Then it is mounted again, and the log compared with what was
acknowledged.

  power_test.py BIN_DIR [--cuts N] [--seed S]

Needs root, a loop device and mkfs.ext4; else exit code 77, and why. For nightly runs.
"""

import argparse
import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from fault_test import FaultTest, feed  # noqa: E402
from model import ADD, Log, sha256  # noqa: E402
from rig import Rig, run  # noqa: E402

SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
ORIGIN = "example.org/power"
RECORDS = 40000
SKIPPED = 77


class PowerTest:
    def __init__(self, rig, options):
        self.rig, self.options = rig, options
        self.random = random.Random(options.seed)
        self.image, self.disk = rig.path("image"), rig.path("disk")
        self.log = Log(ORIGIN)
        self.mounted = False

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.disk], check=True)
        self.mounted = True

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", self.disk], check=True)
            self.mounted = False

    def make(self):
        with open(self.image, "wb") as file:
            file.truncate(1 << 30)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        os.mkdir(self.disk)
        self.mount()

    def cut(self):
        disk = os.open(self.disk, os.O_RDONLY)
        fcntl.ioctl(disk, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(disk)

    def one(self, number):
        server = self.rig.server("disk/data")
        if number == 0:
            self.rig.setlog("init", ORIGIN, "--scheme", "bytes/1", server=server).expect(0)
            # The token's own file may be younger than the last sync.
            shutil.copy(os.path.join(server.data, "admin.token"), self.rig.path("token"))
        name = os.urandom(16).hex()
        records = [sha256(f"{name} {i}".encode()) for i in range(RECORDS)]
        path, ledger = self.rig.path(f"records.{number}"), self.rig.path("ledger")
        with open(path, "wb") as file:
            file.write(b"".join(records))
        session = self.log.expect(ADD, name, records)
        command = [self.rig.program("crash_client"), "append", server.address]
        command += [self.rig.path("token"), ORIGIN, name, "add", path, ledger, "300"]
        client = self.rig.start(command)
        time.sleep(self.random.random() * 0.4)
        self.cut()
        time.sleep(0.05)
        server.kill()
        client.kill()
        self.rig.finish(client)
        self.unmount()
        self.mount()
        session.acknowledged = FaultTest.acknowledged(ledger, name)
        server = self.rig.server("disk/data")
        feed(self.rig, server, self.log, "home")
        self.log.check_acknowledged()
        server.kill()
        return session.acknowledged

    def run(self):
        try:
            self.make()
            counts = [self.one(number) for number in range(self.options.cuts)]
        finally:
            for process in self.rig.processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            self.unmount()
        return f"{len(counts)} cuts, {sum(counts)} records acknowledged before them"


def why_not():
    if os.geteuid() != 0:
        return "not root"
    if not os.path.exists("/dev/loop-control") or shutil.which("mkfs.ext4") is None:
        return "no loop device, or no mkfs.ext4"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options = parser.parse_args()
    if why_not():
        print(f"power_test: skipped: {why_not()}")
        return SKIPPED
    print(f"power_test: --cuts {options.cuts} --seed {options.seed}", flush=True)
    rig = Rig(options.programs)
    return run("power_test", rig, PowerTest(rig, options).run)


if __name__ == "__main__":
    sys.exit(main())
