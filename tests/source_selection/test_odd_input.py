"""A selector of sources is given odd labels, odd tables and odd scales."""

import numpy as np
import pandas as pd
import pytest

from skmeta import FineTuneTransfer, FineTuneTransferRegressor, SourceSelector, Task, TaskSet
from skmeta.tasks import GaussianClusters, LinearFamily

SHORT = {"max_epochs": 1, "steps_per_epoch": 1, "random_state": 0}
LINES = [Task(one.X, one.y) for one in LinearFamily(n_features=3, n_shots=12).sample(8, random_state=0)]
CLUSTERS = GaussianClusters(n_ways=3, n_shots=4, n_features=3, n_irrelevant=1).sample(8, random_state=0)
CLUSTERS = [Task(one.X + 3 * one.y[:, None], one.y) for one in CLUSTERS]
TABLE, TARGETS, IDS = TaskSet(LINES).to_long()


def of_classes(**settings):
    return SourceSelector(FineTuneTransfer(**SHORT, labels="shared"), n_sources=3, **settings)


def of_numbers(**settings):
    return SourceSelector(FineTuneTransferRegressor(**SHORT), n_sources=3, **settings)


def test_the_estimator_says_whether_labels_are_classes_or_numbers():
    decimals = [Task(one.X, one.y.astype(float)) for one in CLUSTERS]
    whole = [Task(one.X, np.round(3 * one.y).astype(int)) for one in LINES]
    rounded = [Task(one.X, one.y.astype(float)) for one in whole]
    for kind, odd, usual in ((of_classes, decimals, CLUSTERS), (of_numbers, whole, rounded)):
        found, expected = (kind(start="scratch").fit(sources) for sources in (odd, usual))
        assert found.labels_ == expected.labels_
        np.testing.assert_allclose(found.distances(odd[0]), expected.distances(usual[0]))


@pytest.mark.parametrize("labels", ["shared", "task"])
def test_the_estimator_says_whether_sources_share_their_classes(labels):
    selector = SourceSelector(FineTuneTransfer(**SHORT, labels=labels), start="scratch").fit(CLUSTERS)
    assert selector.labels_ == labels
    assert SourceSelector(FineTuneTransfer(**SHORT, n_ways=2), start="scratch").fit(CLUSTERS).labels_ == "task"


def test_the_unit_of_a_column_does_not_matter():
    unit = np.array([1e-13, 1.0, 1e13])
    tiny = [Task(one.X * unit, one.y) for one in LINES]
    expected = SourceSelector().fit(LINES).distances(LINES[0])
    np.testing.assert_allclose(SourceSelector().fit(tiny).distances(tiny[0]), expected, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_the_unit_of_targets_does_not_matter(unit):
    scaled = [Task(one.X, one.y * unit) for one in LINES]
    expected = SourceSelector().fit(LINES).distances(LINES[0])
    np.testing.assert_allclose(SourceSelector().fit(scaled).distances(scaled[0]), expected, rtol=1e-6)


def test_sources_that_lack_a_class_go_on_with_the_classes_of_all():
    odd = Task(CLUSTERS[0].X + 100, np.where(np.arange(12) % 2, 0, 7))
    selector = of_classes().fit([*CLUSTERS, odd])
    target = CLUSTERS[1]
    selector.adapt(target.X, target.y)
    assert 8 not in selector.sources_
    assert selector.classes_.tolist() == [0, 1, 2, 7]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_targets_that_are_no_numbers_are_named(wrong):
    y = np.where(np.arange(12) == 3, wrong, LINES[1].y)
    with pytest.raises(ValueError, match="NaN or infinity.* in row 3 of X of task 1"):
        SourceSelector().fit([LINES[0], Task(LINES[1].X, y), LINES[2]])
    with pytest.raises(ValueError, match="NaN or infinity.* in row 3"):
        SourceSelector().fit(LINES).distances((LINES[1].X, y))


def test_a_source_without_a_row_is_called_by_its_place():
    with pytest.raises(ValueError, match="Source task 8 has no labelled row"):
        SourceSelector().fit([*LINES, Task(LINES[0].X[:0], LINES[0].y[:0])])


def test_a_target_of_another_kind_or_number_of_labels_is_refused():
    one = CLUSTERS[0]
    with pytest.raises(ValueError, match="Labels must be all numbers or all text"):
        of_classes().fit(CLUSTERS).adapt(one.X, np.array(list("abc"))[one.y])
    with pytest.raises(ValueError, match="y has 2 targets, but the source tasks have 1"):
        SourceSelector().fit(LINES).distances((LINES[0].X, np.stack([LINES[0].y] * 2, axis=1)))


def test_columns_are_known_by_their_names():
    frame = pd.DataFrame(TABLE, columns=["a", "b", "c"])
    selector = SourceSelector(n_sources=2).fit(frame, TARGETS, task=IDS)
    assert selector.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        selector.select((frame[["b", "a", "c"]], TARGETS))
    with pytest.raises(ValueError, match="X has 2 features, but SourceSelector is expecting 3 features"):
        SourceSelector(n_sources=2).fit(LINES).select((TABLE[:, :2], TARGETS))


def test_rows_of_sources_may_be_lists():
    selector = of_numbers().fit(TABLE.tolist(), TARGETS, task=IDS)
    rows = TABLE[[0, 1, -1]]
    answers = [selector.predict(X, task=IDS[[0, 1, -1]]) for X in (rows, rows.tolist())]
    np.testing.assert_array_equal(*answers)
