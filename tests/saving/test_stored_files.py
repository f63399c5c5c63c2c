"""Files and pickles of every version that ever was are read, and answer as they did."""

import gzip
import json
import pickle
from importlib.util import find_spec
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
    ("format_2", "InContextClassifier"): "an expert alone is heard as eight rows say",
    ("format_2", "a_pipeline"): "the classes' shares of one table take part as two rows would",
    ("format_2", "InContextRegressor"): "the process has a rougher bump too, and is tuned to bent targets",
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


@pytest.mark.skipif(find_spec("numpy._core") is None, reason="pickles of numpy 2 are not for older ones")
@pytest.mark.parametrize("folder, name", [key for key in RECORDS if (DATA / key[0] / f"{key[1]}.pickle.gz").exists()])
@pytest.mark.filterwarnings("ignore:Trying to unpickle")  # with another version of scikit-learn, which is the point
def test_a_stored_pickle_answers_as_it_did(folder, name):
    record = RECORDS[folder, name]
    estimator = pickle.loads(gzip.decompress((DATA / folder / f"{name}.pickle.gz").read_bytes()))
    answers_as_it_did(estimator, record, is_the_same=(folder, name) not in ANSWER_ANEW)


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
    dtype, std = answers.pop("dtype", None), answers.pop("std", None)
    for ask, told in answers.items():
        now = getattr(estimator, ask)(np.asarray(X) if isinstance(X, list) else X, **asked)
        assert np.isfinite(now).all() and now.shape == np.shape(told)
        if is_the_same:
            assert_allclose(now, told, atol=1e-6)
    if std is not None:
        assert_allclose(estimator.predict(X, return_std=True, **asked)[1], std, atol=1e-6)
    if dtype is not None:
        assert str(estimator.predict(X, **asked).dtype) == dtype
