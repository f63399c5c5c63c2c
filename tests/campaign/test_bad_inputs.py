"""Bad input: a sensible answer, or an error that says what was wrong; the estimator and all that is global stay."""

import inspect
import random
import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

pytest.importorskip("polars")
pytest.importorskip("pyarrow")

from skmeta import NotAdaptedError, PerTask  # noqa: E402
from skmeta.saving.registry import NotSavable  # noqa: E402
from tests.campaign.bad_inputs import rows  # noqa: E402
from tests.campaign.patience import TookTooLong, at_most  # noqa: E402
from tests.campaign.subjects import (  # noqa: E402
    BY_ROWS,
    ESTIMATORS,
    PUBLIC,
    TRANSFORMERS,
    fitted,
    picture,
    quiet,
    rows_for,
    surroundings,
)

#: how errors speak that nobody meant for a user
RAW = re.compile(
    r"object has no attribute|unsupported operand|out of bounds|is not callable|size mismatch|mat1 and mat2"
    r"|broadcast|list index|unhashable|NoneType|not subscriptable|has no len|not iterable|singular|linalg"
    r"|Expected (tensor|object|input)|expected scalar type|positional argument|must match the size|convert a? ?scalar"
    r"|truth value|unpack|meta tensor|data type .* not understood|ufunc|not supported between|division by zero"
    r"|can't convert|cannot convert|Cannot cast|invalid literal|object is not"
)
OF_USERS = (ValueError, TypeError, FileNotFoundError, NotFittedError, NotAdaptedError)
SLOW = 20.0  # seconds that no call of these sizes takes


class Judge:
    """Makes calls of one estimator, and says what is wrong about each."""

    def __init__(self, name):
        self.name = name
        self.estimator = None

    def __call__(self, call, expected, settings):
        """What is wrong about a call, or None; the next one has the same estimator if this one left it as it was."""
        if self.estimator is None:
            self.estimator = fitted(self.name)
            self.before = picture(self.estimator)
        whole = None if expected is None else getattr(self.estimator, expected)(rows_for(self.name)[2])
        found = judged(self.estimator, call, whole, settings, self.before)
        if found is not None or not self._is_as_before():
            self.estimator = None
        return found

    def _is_as_before(self):
        try:
            return picture(self.estimator) == self.before
        except NotSavable:  # it knows tasks by names that no file can hold
            return False


def judged(estimator, call, whole, settings, before):
    around = surroundings()
    usual = {key: getattr(estimator, key) for key in settings}
    try:
        with quiet(), at_most(SLOW):
            estimator.set_params(**settings)
            answer = call(estimator)
    except OF_USERS as error:
        said = str(error)
        if RAW.search(said) or len(said) < 20:
            return f"cryptic {type(error).__name__}: {said[:150]}"
        if picture(estimator.set_params(**usual)) != before:
            return f"changed by a call that failed with {said[:80]}"
        answer = None
    except TookTooLong:
        return f"took more than {SLOW} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    now = surroundings()
    if now != around:
        return f"changed {[key for key in now if now[key] != around[key]]}"
    is_handed_on = isinstance(estimator, PerTask)  # what its transformer says
    if answer is not None and not is_handed_on and not _is_finite(answer):
        return "an answer that is not finite"
    if whole is not None and answer is not None and not _is_close(answer, whole):
        return "another answer than to the plain rows"
    return None


def _is_finite(answer):
    if hasattr(answer, "predict"):
        return True
    answer = np.asarray(answer)
    if answer.dtype == object:
        return all(_is_finite(one) for one in answer.ravel().tolist() if isinstance(one, np.ndarray))
    return answer.dtype.kind not in "fc" or bool(np.isfinite(answer).all())


def _is_close(answer, whole):
    if whole.dtype.kind == "f":
        return np.allclose(np.asarray(answer, float), whole, atol=1e-6 * np.abs(whole).max())
    return np.array_equal(answer, whole)


def has_what_it_takes(name, row):
    method, _, what = row.partition(": ")
    if not hasattr(PUBLIC[name], method):
        return False
    parameters = inspect.signature(getattr(PUBLIC[name], method)).parameters
    if what.startswith("task is"):
        return "task" in parameters
    if what.startswith("classes are"):
        return "classes" in inspect.signature(PUBLIC[name].partial_fit).parameters
    if what.startswith("sample_weight is"):
        return "sample_weight" in parameters
    return not (name in BY_ROWS and ("tasks are" in what or row.startswith("fit: ") and " is " not in row))


def table_of(name):
    parameters = [one for one in inspect.signature(PUBLIC[name].__init__).parameters if "__" not in one]
    parameters = [one for one in parameters if one not in ("self", "kwargs", "params")]
    return {row: cell for row, cell in rows(name, parameters).items() if has_what_it_takes(name, row)}


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS + TRANSFORMERS)
def test_bad_input_is_answered_or_named(name, tally):
    table, judge = table_of(name), Judge(name)
    assert len(table) >= 300
    wrong = {row: found for row, cell in table.items() if (found := judge(*cell)) is not None}
    tally["calls with bad input"] += len(table)
    for found in wrong.values():
        tally[f"calls with bad input: {kind_of(found)}"] += 1
    assert not wrong, report(name, table, wrong)


@pytest.mark.parametrize("seed", range(8))
def test_some_bad_input_is_answered_or_named(seed):
    draw = random.Random(seed)
    for name in draw.sample(ESTIMATORS + TRANSFORMERS, 2):
        table, judge = table_of(name), Judge(name)
        wrong = {row: judge(*table[row]) for row in draw.sample(sorted(table), 5)}
        wrong = {row: found for row, found in wrong.items() if found is not None}
        assert not wrong, report(name, table, wrong)


def kind_of(found):
    """Which of the kinds that are counted a finding is."""
    kinds = {"an answer": "silent", "another answer": "silent", "changed": "changed", "took": "hanging"}
    return next((kind for words, kind in kinds.items() if found.startswith(words)), "cryptic")


def report(name, table, wrong):
    return f"{name}: {len(wrong)} of {len(table)}\n" + "\n".join(f"  {row}: {found}" for row, found in wrong.items())
