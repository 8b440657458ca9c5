"""Trains again on what is said to be a model's data, and compares.

    python3 -m retrain DATA MODEL

Exit code 1 if other weights come out. Possible only where training is deterministic
and the data, the program and their order are known.
"""

import pathlib
import sys
import tempfile

from digits_loader import load as load_data
from train import save, train


def main(data, model):
    with tempfile.TemporaryDirectory() as again:
        save(train(load_data(data)), again)
        same = [(pathlib.Path(directory) / "weights.bin").read_bytes()
                for directory in (again, model)]
    if same[0] == same[1]:
        print("SAME weights came out")
        return 0
    print("OTHER weights came out: the model was not trained like this on this data")
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
