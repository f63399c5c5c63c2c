"""Threads: fits, answers and files are those of one thread."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import skmeta
from tests.campaign.subjects import (
    BY_ROWS,
    ESTIMATORS,
    fitted,
    picture,
    quiet,
    rows_for,
    surroundings,
    tasks_for,
    unfitted,
)


@pytest.fixture(autouse=True)
def threads_take_turns_often():
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def one_fit(name, seed):
    estimator = unfitted(name)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    X, y, asked = rows_for(name)
    if name in BY_ROWS or name.startswith("TaskMixture"):
        return estimator.fit(X, y).predict(asked)
    return estimator.fit(tasks_for(name)).adapt(X, y).predict(asked)


def check_fits(name, n_fits):
    around = surroundings()
    with quiet():
        in_turn = [one_fit(name, seed) for seed in range(n_fits)]
        with ThreadPoolExecutor(4) as pool:
            in_threads = list(pool.map(lambda seed: one_fit(name, seed), range(n_fits)))
    for one, other in zip(in_turn, in_threads):
        np.testing.assert_array_equal(one, other)
    assert surroundings() == around


def check_answers_and_files(name, folder):
    estimator = fitted(name)
    before, asked = picture(estimator), rows_for(name)[2]

    def ask_save_load(place):
        path = folder / f"file {place % 3}"
        skmeta.save(estimator, path)
        return estimator.predict(asked), skmeta.load(path).predict(asked)

    with quiet():
        whole = estimator.predict(asked)
        with ThreadPoolExecutor(8) as pool:
            for answer, from_file in pool.map(ask_save_load, range(24)):
                np.testing.assert_array_equal(answer, whole)
                np.testing.assert_array_equal(from_file, whole)
    assert picture(estimator) == before
    assert len(list(folder.iterdir())) == 3


def test_some_answers_and_files_of_threads_are_those_of_one(tmp_path):
    check_answers_and_files("ProtoNetClassifier", tmp_path)


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_fits_in_threads_equal_fits_in_turn(name, tally):
    check_fits(name, 4)
    tally["fits in threads"] += 4


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_answers_and_files_of_threads_are_those_of_one(name, tmp_path, tally):
    check_answers_and_files(name, tmp_path)
    tally["answers and files in threads"] += 24
