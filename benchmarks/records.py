"""Where the measurements go."""

from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def save(records, name):
    """Write a data frame of records to ``results/<name>.csv``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.csv"
    records.round(6).to_csv(path, index=False)
    print(f"{len(records)} records in {path.relative_to(RESULTS.parent.parent)}")
