"""Comparing weights: pairs by table, intervals over tables."""

import pandas as pd
import pytest

from tools.pretraining.compare import interval, report


def test_intervals_are_those_of_students_t():
    mean, half = interval(pd.Series([1.0, 2.0, 3.0]))
    assert mean == 2 and half == pytest.approx(4.3027 / 3**0.5, rel=1e-4)


def test_each_table_counts_once_however_many_sizes_it_has():
    lines = [("a", n, w, {"A": 1.0, "B": 0.5}[w]) for n in (20, 50, 100) for w in "AB"]
    lines += [("b", 20, w, {"A": 1.0, "B": 1.25}[w]) for w in "AB"]
    summary = report(pd.DataFrame(lines, columns=["table", "n", "weights", "log_loss"]), ["log_loss"]).splitlines()
    assert len(summary) == 4 and " all " in summary[-1]
    assert "-0.1250" in summary[-1] and "lower 50%" in summary[-1]  # (-.5 + .25) / 2
    assert "-0.5000" in summary[1]
