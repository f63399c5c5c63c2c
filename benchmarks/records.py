"""Where the measurements go, and what has been measured already."""

from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"


def save(records, name):
    """Write a data frame of records to ``results/<name>.csv``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.csv"
    records.to_csv(path, index=False, float_format="%.10g")  # an error may be of any size
    print(f"{len(records)} records in {path.relative_to(RESULTS.parent.parent)}")


class Records:
    """The records in ``results/<name>.csv``, of which a run that was broken off keeps those it had made.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name):
        self.name = name
        path = RESULTS / f"{name}.csv"
        self.table = pd.read_csv(path) if path.exists() else pd.DataFrame()

    def has(self, **setting):
        """Whether there are records of this setting."""
        if not set(setting) <= set(self.table.columns):
            return False
        return bool(np.logical_and.reduce([self.table[column] == value for column, value in setting.items()]).any())

    def add(self, records):
        """Append records, write all, and print the last new ones."""
        new = pd.DataFrame(list(records))
        if new.empty:
            return
        self.table = pd.concat([self.table, new], ignore_index=True)
        save(self.table, self.name)
        print(new.tail(20).to_string(index=False, header=False), flush=True)
