"""Columns and targets that lie far from zero for their spread, as seconds since 1970 do, lose no digits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.task_mixture.small import KINDS, SITE, X, Y, mixture, targets

PLACE = 2.0**30  # to which numbers of ten binary digits are added without rounding
NEAR, TARGETS = np.round(1024 * X) / 1024, np.round(1024 * Y) / 1024
NEW = np.full(5, 99)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_far_from_zero_is_answered_as_near_ones_and_as_surely(kind):
    asked = {"quantiles": [0.1, 0.9]} if kind == "regressor" else {}

    def answered(columns, away):
        rows, y = NEAR + columns, targets(kind, TARGETS)
        y = y + away if asked else y
        model = mixture(kind).fit(rows, y, task=SITE).partial_fit(rows[:5], y[:5], task=NEW)
        ask = model.predict if asked else model.predict_proba
        answers = np.concatenate([ask(rows[:40], task=SITE[:40], **asked), ask(rows[40:45], task=NEW, **asked)])
        return answers - away if asked else answers

    near = answered(0.0, 0.0)
    assert_allclose(answered(PLACE, PLACE), near, atol=0.02)
    assert np.ptp(near) > 0.5
