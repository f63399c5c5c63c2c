"""Files of every format that ever was are read, and answer as they did."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import skmeta

DATA = Path(__file__).parent / "data"
RECORDS = {
    (folder.name, name): record
    for folder in sorted(DATA.iterdir())
    for name, record in json.loads((folder / "answers.json").read_text()).items()
}
#: estimators whose answers are meant to be others since, and why
ANSWER_ANEW = {
    ("format_1", "InContextClassifier"): "experts tuned to each table take part",
    ("format_1", "InContextRegressor"): "experts tuned to each table take part",
    ("format_1", "HyperNetRegressor"): "generated networks are drawn to the mean where they answer their support worse",
    (
        "format_1",
        "two_targets_scaled_by_task",
    ): "targets scaled by each task are free of units",
}


#: parameters that estimators had then and another one says now
GONE = ("first_order",)


@pytest.mark.parametrize("folder, name", RECORDS)
def test_a_stored_file_answers_as_it_did(folder, name, tmp_path):
    record = RECORDS[folder, name]
    path = tmp_path / "file"
    path.write_bytes(gzip.decompress((DATA / folder / f"{name}.skmeta.gz").read_bytes()))
    estimator = skmeta.load(path)
    estimator_again = rewritten(estimator, path)
    for one in (estimator, estimator_again):
        answers_as_it_did(one, record, is_the_same=(folder, name) not in ANSWER_ANEW)


def rewritten(estimator, path):
    """What was read is written in the present format and read again."""
    skmeta.save(estimator, path)
    return skmeta.load(path)


def answers_as_it_did(estimator, record, is_the_same):
    answers, X = dict(record["answers"]), record["X"]
    if X is None:
        now = {name: repr(value) for name, value in estimator.get_params().items()}
        assert now == now | {name: value for name, value in answers["params"].items() if name not in GONE}
        return
    if isinstance(X, dict):
        X = pytest.importorskip("pandas").DataFrame(X)
    asked = {} if record["task"] is None else {"task": record["task"]}
    dtype = answers.pop("dtype", None)
    for ask, told in answers.items():
        now = getattr(estimator, ask)(np.asarray(X) if isinstance(X, list) else X, **asked)
        assert np.isfinite(now).all() and now.shape == np.shape(told)
        if is_the_same:
            assert_allclose(now, told, atol=1e-6)
    if dtype is not None:
        assert str(estimator.predict(X, **asked).dtype) == dtype
