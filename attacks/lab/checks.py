"""The checks, each a command that a victim runs; exit code 0: nothing was found.

They run in the victim's directory: what was fetched is in `model`, `model.sig` and
`data`; what came another way than from the hub is in `../pinned`: the publisher's key,
the witnesses' policy. The logs' keys are in the victim's SETLOG_HOME.

P and N verify the model's signature as well: where S fires, they do. Attacks that S is
there for are shown with S alone. T is I in a later place, and finds what I finds:
attacks that I is there for are shown without T.
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

# What each says when it finds something: one that broke down has noticed nothing.
FOUND = {
    "S": "REFUSED ", "P": "REFUSED ", "I": "REFUSED ", "N": "PRESENT ",
    "C": "quorum is not met", "D": " added, ", "U": "REFUSED ", "X": "REFUSED ",
    "T": "REFUSED ", "R": "OTHER weights",
}

LOG = "example.org/digits"
NEW = "example.org/new-digits"  # nothing is in it yet
SOURCES = ("example.org/scans-1", "example.org/scans-2")
OPT_OUTS = "example.org/opt-outs"

_SIGNED = "--signature model.sig --public-key ../pinned/publisher.pub"


def signature():
    return f"setlog model verify key model {_SIGNED}"


def link(version="v1", log=LOG):
    return f"setlog model audit model {_SIGNED} --data {log}@{version}"


def local_records(version="v1", log=LOG):
    return f"setlog check-data data --header no --at {log}@{version}"


def not_in(records):
    return f"setlog model in model {records} --header no {_SIGNED} --expect absent"


def witnessed(log=LOG):
    return f"setlog head {log} --policy ../pinned/witnesses.policy --require-replay"


def unchanged(older="v1", newer="@head", log=LOG):
    return f"setlog diff {log} {older} {newer} --out changes"


def covered(version="v1", sources="v1", log=LOG):
    named = " ".join(f"{source}@{sources}" for source in SOURCES)
    return f"setlog coverage {log}@{version} {named}"


def disjoint(version="v1", opt_outs="v1", log=LOG):
    return f"setlog disjoint {log}@{version} {OPT_OUTS}@{opt_outs}"


def tensors(version="v1", log=LOG):
    return (f"python3 -m train data --tensors | "
            f"setlog check-data - --header no --at {log}@{version}")


def retrained():
    return "python3 -m retrain data model"


def of_data(version="v1", sources="v1", log=LOG):
    """What can be asked of a version and the published records, whatever the model."""
    return {"I": local_records(version, log), "C": witnessed(log),
            "U": covered(version, sources, log), "X": disjoint(version, log=log)}
