"""What each member of a task mixture brings is measured by what members answered to held-out rows."""

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from benchmarks.related_tables import ablation
from skmeta import TaskMixtureRegressor
from tests.task_mixture.small import SITE, X, Y


@pytest.mark.parametrize("question", ["new", "known"])
def test_every_member_that_has_a_name_has_answered_rows_that_were_held_out(monkeypatch, question):
    monkeypatch.setattr(TaskMixtureRegressor, "_default_members", lambda self, y: ([LinearRegression()], []))
    names, sizes, answers, y, n_shown, task = ablation.held_out(pd.DataFrame(X), Y, SITE, "regression", question)
    assert answers.shape == (len(y), len(names), 1) and len(n_shown) == len(task) == len(y)
    assert "LinearRegression" in names and set(task) == set(SITE)
    assert n_shown.min() == 0 if question == "new" else n_shown.min() > 0
