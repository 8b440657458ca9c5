"""Bits of the server's files that are others than those that were written."""

from log.attack import Outcome, attack
from log.stage import ORIGIN


def stopped_log(stage):
    log = stage.log()
    log.add("mine", "another")
    log.stop()
    return log


def flip_in_each(files):
    """One bit in the middle of each, of which there is one at least."""
    files = [file for file in files if file.stat().st_size > 0]
    if not files:
        raise RuntimeError("there is no such file")
    for file in files:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)


@attack("rotten-store", "a bit of the stored entries is another",
        who="the operator, at the next start", finds=(None, 3, "store"),
        remains="a damaged store needs a backup; without one the log is over")
def rotten_store(stage):
    log = stopped_log(stage)
    store = log.data / "store"
    flip_in_each([*store.glob("*.sst"), *store.glob("*.log")])
    return Outcome(stage.starts(log.data.name))


@attack("rotten-key", "a bit of the signing key is another",
        who="the operator, at the next start", finds=(None, 3, "key"),
        remains="a key that nobody has kept is lost, and the log with it")
def rotten_key(stage):
    log = stopped_log(stage)
    flip_in_each((log.data / "keys").glob("*.key"))
    return Outcome(stage.starts(log.data.name))


@attack("rotten-index", "a bit of the index of the set is another",
        who="a reader, of the server that has built it again", finds=("PRESENT", 0),
        remains="nothing: it is computed anew from the entries")
def rotten_index(stage):
    log = stopped_log(stage)
    flip_in_each((log.data / "index").glob("*/*.jnl"))
    log.start()
    return Outcome(stage.person("alice").asks("in", ORIGIN, "mine", key=log.vkey,
                                              server=log))


ATTACKS = [rotten_store, rotten_key, rotten_index]
