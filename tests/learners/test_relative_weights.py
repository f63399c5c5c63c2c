"""Weights that only compare rows must not strengthen what the rows are pulled to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import is_classifier

from skmeta import FineTuneTransfer, FineTuneTransferRegressor, MetaOptNetClassifier, MetaOptNetRegressor
from tests.estimators.contract import answers, cheap, one_task, tasks_for

HEADS = [
    (MetaOptNetClassifier, {}),
    (MetaOptNetClassifier, {"head": "svm"}),
    (MetaOptNetClassifier, {"head": "logistic"}),
    (MetaOptNetRegressor, {}),
    (FineTuneTransfer, {}),
    (FineTuneTransfer, {"freeze": "none"}),
    (FineTuneTransferRegressor, {}),
]


@pytest.mark.parametrize("cls, settings", HEADS)
def test_weights_that_sum_to_one_are_read_as_if_they_summed_to_the_number_of_rows(cls, settings):
    task, meta = one_task(cls), cheap(cls, **settings).fit(tasks_for(cls))
    n_rows = len(task.y)
    alike = meta.adapt(task.X, task.y)
    expected = answers(alike, task.X_query)
    assert_allclose(
        answers(meta.adapt(task.X, task.y, sample_weight=np.full(n_rows, 1 / n_rows)), task.X_query), expected
    )

    weight = 1.0 + np.arange(n_rows) % 3
    weight *= n_rows / weight.sum()
    expected = answers(meta.adapt(task.X, task.y, sample_weight=weight), task.X_query)
    assert_allclose(answers(meta.adapt(task.X, task.y, sample_weight=1e-5 * weight), task.X_query), expected, atol=1e-6)
    if is_classifier(meta):
        assert np.isfinite(answers(meta.adapt(task.X, task.y, sample_weight=1e6 * weight), task.X_query)).all()
