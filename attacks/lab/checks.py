"""The checks, each a command that a victim runs; exit code 0: nothing was found.

They run in the victim's directory: what was fetched is in `model`, `model.sig` and
`data`; what came another way than from the hub is in `../pinned`: the publisher's key,
the witnesses' policy. The logs' keys are in the victim's SETLOG_HOME.

P and N verify the model's signature as well: where S fires, they do. Attacks that S is
there for are shown with S alone.
"""

LETTERS = {
    "S": "model signature, pinned identity",
    "P": "signed link from the model to its data",
    "I": "every local record is in the set, and it is all of it",
    "N": "a record is not in the data of the model",
    "C": "witnesses: everybody sees this history",
    "D": "difference between two versions",
    "U": "every record is in a declared source",
    "X": "no record is in an exclusion log",
    "T": "I, of what arrives at the tensors",
    "R": "training again gives the same weights",
}

LOG = "example.org/digits"
SOURCES = ("example.org/scans-1", "example.org/scans-2")
OPT_OUTS = "example.org/opt-outs"

_SIGNED = "--signature model.sig --public-key ../pinned/publisher.pub"


def signature():
    return f"setlog model verify key model {_SIGNED}"


def link(version="v1"):
    return f"setlog model audit model {_SIGNED} --data {LOG}@{version}"


def local_records(version="v1"):
    return f"setlog check-data data --header no --at {LOG}@{version}"


def not_in(records):
    return f"setlog model in model {records} --header no {_SIGNED} --expect absent"


def witnessed():
    return f"setlog head {LOG} --policy ../pinned/witnesses.policy --require-replay"


def unchanged(older, newer):
    return f"setlog diff {LOG} {older} {newer}"


def covered(version="v1"):
    return f"setlog coverage {LOG}@{version} " + " ".join(f"{s}@v1" for s in SOURCES)


def disjoint(version="v1"):
    return f"setlog disjoint {LOG}@{version} {OPT_OUTS}@v1"


def tensors(version="v1"):
    return (f"python3 -m train data --tensors | "
            f"setlog check-data - --header no --at {LOG}@{version}")


def retrained():
    return "python3 -m retrain data model"
