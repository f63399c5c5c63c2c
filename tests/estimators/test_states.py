"""Unfitted, meta-trained, adapted: what every call does, for every estimator of the registry."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skmeta import MAMLClassifier, MAMLRegressor, NotAdaptedError, ProtoNetClassifier
from skmeta.estimators.base.current_task import answers_without_rows
from tests.conftest import make_shared_tasks
from tests.estimators.contract import (
    CLASSES,
    COUNTS_ROWS,
    READS_IN_ORDER,
    answers,
    cheap,
    every_classifier,
    every_estimator,
    every_regressor,
    everything_in,
    one_task,
    ragged_tasks,
    tasks_for,
    trained,
    trained_on_a_table,
    trained_on_shared_labels,
)

every_unordered_estimator = pytest.mark.parametrize("cls", [c for c in CLASSES if c not in READS_IN_ORDER])
every_weighing_estimator = pytest.mark.parametrize("cls", [c for c in CLASSES if c not in COUNTS_ROWS])

# ---------------------------------------------------------------------- the three states


@every_estimator
def test_unfitted_it_answers_nothing(cls):
    with pytest.raises(NotFittedError):
        cls().predict(one_task(cls).X)
    with pytest.raises(NotFittedError):
        cls().predict(tasks_for(cls))


@every_estimator
def test_meta_trained_it_is_fitted_but_wants_a_task(cls):
    meta = trained(cls)
    check_is_fitted(meta)
    assert not hasattr(meta, "classes_")
    assert meta.n_features_in_ == 4
    with pytest.raises(NotAdaptedError, match="partial_fit"):
        meta.predict(one_task(cls).X)


@every_estimator
def test_adapted_it_answers_about_rows(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    assert meta.predict(task.X_query).shape == task.y_query.shape
    if is_classifier(meta):
        assert_array_equal(meta.classes_, np.unique(task.y))
        assert_allclose(meta.predict_proba(task.X_query).sum(1), 1)


@every_estimator
def test_fit_on_tasks_starts_over_and_forgets_the_current_task(cls, rng_untouched):
    task = one_task(cls)
    meta = cheap(cls).partial_fit(task.X, task.y)
    assert len(meta.net_.history) == 0  # weights are still the initial ones
    assert meta.predict(task.X_query).shape == task.y_query.shape
    meta.fit(tasks_for(cls))
    with pytest.raises(NotAdaptedError):
        meta.predict(task.X_query)
    after_training = answers(meta.adapt(task.X, task.y), task.X_query)
    assert_array_equal(after_training, answers(trained(cls).adapt(task.X, task.y), task.X_query))


@every_estimator
def test_fit_on_a_table_starts_over(cls, rng_untouched):
    task = one_task(cls)
    after_training = answers(trained(cls).fit(task.X, task.y), task.X_query)
    assert_array_equal(after_training, answers(trained_on_a_table(cls), task.X_query))


# ---------------------------------------------------------------------- adding rows


@every_estimator
def test_two_halves_equal_the_whole(cls):
    task = one_task(cls)
    half = len(task.y) // 2
    whole = answers(trained(cls).partial_fit(task.X, task.y), task.X_query)
    halves = trained(cls).partial_fit(task.X[:half], task.y[:half]).partial_fit(task.X[half:], task.y[half:])
    assert_allclose(answers(halves, task.X_query), whole, atol=1e-7)


@every_unordered_estimator
def test_order_of_calls_and_of_rows_does_not_matter(cls):
    task = one_task(cls)
    half = len(task.y) // 2
    order = np.random.default_rng(0).permutation(len(task.y))
    whole = answers(trained(cls).partial_fit(task.X, task.y), task.X_query)
    second_first = trained(cls).partial_fit(task.X[half:], task.y[half:]).partial_fit(task.X[:half], task.y[:half])
    shuffled = trained(cls).partial_fit(task.X[order], task.y[order])
    assert_allclose(answers(second_first, task.X_query), whole, atol=1e-7)
    assert_allclose(answers(shuffled, task.X_query), whole, atol=1e-7)


@every_estimator
def test_rows_added_do_change_the_answers(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X[:-2], task.y[:-2])
    before = answers(meta, task.X_query)
    meta.partial_fit(task.X[-2:], task.y[-2:])
    assert np.abs(answers(meta, task.X_query) - before).max() > 1e-6


@every_estimator
def test_adaptation_never_changes_the_meta_learned_weights(cls):
    task = one_task(cls)
    meta = trained(cls)
    before = {name: part.clone() for name, part in meta.net_.module_.state_dict().items()}
    meta.partial_fit(task.X, task.y).adapt(task.X[:5], task.y[:5]).predict(task.X_query)
    for name, part in meta.net_.module_.state_dict().items():
        assert_array_equal(part, before[name])


@every_estimator
def test_adapt_forgets_the_task_before(cls):
    task, other = one_task(cls), one_task(cls, seed=2)
    fresh = answers(trained(cls).partial_fit(task.X, task.y), task.X_query)
    turned = trained(cls).partial_fit(other.X, other.y).adapt(task.X, task.y)
    assert_array_equal(answers(turned, task.X_query), fresh)


@every_weighing_estimator
def test_a_weight_counts_like_repeated_rows(cls):
    task = one_task(cls)
    weight = np.arange(len(task.y)) % 3
    weight[:6] = 1  # no class is left without rows
    weighted = trained(cls).partial_fit(task.X, task.y, sample_weight=weight)
    repeated = trained(cls).partial_fit(np.repeat(task.X, weight, axis=0), np.repeat(task.y, weight))
    assert_allclose(answers(weighted, task.X_query), answers(repeated, task.X_query), atol=1e-7)


@every_estimator
def test_one_row_is_enough(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X[:1], task.y[:1])
    assert np.isfinite(meta.predict(task.X_query).astype(float)).all()
    if is_classifier(meta):
        assert_array_equal(meta.predict_proba(task.X_query), np.ones((len(task.X_query), 1)))


# ---------------------------------------------------------------------- classes


@every_classifier
def test_new_classes_may_come_at_any_call_and_be_more_than_in_training(cls):
    rng = np.random.default_rng(0)
    centres = 6 * rng.normal(size=(7, 4))
    X = np.repeat(centres, 3, axis=0) + 0.1 * rng.normal(size=(21, 4))
    y = np.repeat(list("abcdefg"), 3)
    meta = trained(cls).partial_fit(X[:6], y[:6])
    assert meta.classes_.tolist() == ["a", "b"]
    meta.partial_fit(X[6:], y[6:])
    assert meta.classes_.tolist() == list("abcdefg")
    assert_allclose(
        meta.predict_proba(centres), trained(cls).partial_fit(X, y).predict_proba(centres), atol=1e-7
    )  # fmt: skip


@every_classifier
def test_a_declared_class_without_rows_has_probability_zero(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y, classes=[0, 1, 2, 9])
    assert meta.classes_.tolist() == [0, 1, 2, 9]
    p = meta.predict_proba(task.X_query)
    assert_array_equal(p[:, 3], 0)
    # some answer in single precision, whose last digit depends on the number of classes
    assert_allclose(p[:, :3], trained(cls).partial_fit(task.X, task.y).predict_proba(task.X_query), rtol=1e-5)


@every_classifier
def test_classes_may_be_declared_late_if_they_cover_what_was_seen(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    with pytest.raises(ValueError, match=r"Labels \[2\] are not among the declared classes \[0, 1\]"):
        meta.partial_fit(task.X[:1], task.y[:1], classes=[0, 1])
    meta.partial_fit(task.X[:1], task.y[:1], classes=[0, 1, 2, 3])
    assert meta.classes_.tolist() == [0, 1, 2, 3]


@every_classifier
def test_declared_classes_are_closed_until_adapt(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"\[7\] are not among the declared classes"):
        meta.partial_fit(task.X[:1], [7])
    with pytest.raises(ValueError, match="not the same as on an earlier call"):
        meta.partial_fit(task.X[:1], task.y[:1], classes=[0, 1, 2, 3])
    assert 7 in meta.adapt(task.X[:2], [7, 8]).classes_


@every_classifier
@pytest.mark.parametrize("labels", [["no", "yes", "maybe"], [10, -3, 7], [0.0, 2.0, 1.0]])
def test_labels_come_back_as_they_went_in(cls, labels):
    task = one_task(cls)
    y = np.array(labels)[task.y]
    predicted = trained(cls).partial_fit(task.X, y).predict(task.X_query)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(labels)


@every_classifier
def test_shared_classes_are_known_before_a_row_is_seen(cls):
    meta = trained_on_shared_labels(cls)
    assert meta.labels_ == "shared"
    assert meta.meta_classes_.tolist() == ["leave", "stay"]
    task = make_shared_tasks(seed=1)[0]
    only_stay = task.y == "stay"
    meta.partial_fit(task.X[only_stay], task.y[only_stay])
    assert meta.classes_.tolist() == ["leave", "stay"]


@every_classifier
def test_a_class_that_meta_training_never_saw_may_join_shared_ones(cls):
    meta = trained_on_shared_labels(cls)
    task = make_shared_tasks(seed=1)[0]
    y = np.where(task.X[:, 2] > 1, "dead", task.y)
    meta.partial_fit(task.X, y)
    assert meta.classes_.tolist() == ["dead", "leave", "stay"]
    assert_allclose(meta.predict_proba(task.X).sum(1), 1)


# ---------------------------------------------------------------------- no rows at all


@every_regressor
def test_a_regressor_with_a_cold_start_answers_without_rows(cls):
    meta = trained(cls)
    X = one_task(cls).X_query
    if answers_without_rows(meta):
        assert np.isfinite(meta.adapt().predict(X)).all()
    else:
        with pytest.raises(ValueError, match="cannot answer for a task of which it has seen no row"):
            meta.adapt()


@every_classifier
def test_a_classifier_of_shared_classes_with_a_cold_start_answers_without_rows(cls):
    meta = trained_on_shared_labels(cls)
    X = make_shared_tasks(seed=1)[0].X
    if answers_without_rows(meta):
        meta.adapt()
        assert meta.classes_.tolist() == ["leave", "stay"]
        assert_allclose(meta.predict_proba(X).sum(1), 1)
    else:
        with pytest.raises(ValueError, match="cannot answer for a task of which it has seen no row"):
            meta.adapt()


@every_classifier
def test_a_classifier_of_each_tasks_own_classes_wants_rows(cls):
    with pytest.raises(ValueError, match="has seen no row"):
        trained(cls).adapt()


# ---------------------------------------------------------------------- answers


@every_estimator
def test_a_row_is_answered_the_same_whatever_rows_come_with_it(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    X = np.concatenate([task.X_query, 1e3 * task.X_query[:1], task.X_query[:1]])
    together = answers(meta, X)
    alone = np.concatenate([answers(meta, row[None]) for row in X])
    assert_allclose(together, alone, rtol=1e-9, atol=1e-12)
    assert_allclose(answers(meta, X[::-1]), together[::-1], rtol=1e-9, atol=1e-12)
    assert_allclose(answers(meta, X[3:5]), together[3:5], rtol=1e-9, atol=1e-12)


@every_estimator
def test_asking_changes_nothing(cls, rng_untouched):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    before, answer = everything_in(meta), answers(meta, task.X_query)
    meta.score(task.X_query, task.y_query)
    meta.predict(ragged_tasks(cls))
    meta.score(ragged_tasks(cls))
    assert everything_in(meta) == before
    assert_array_equal(answers(meta, task.X_query), answer)


@every_estimator
def test_a_failed_call_changes_nothing(cls):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    before = everything_in(meta)
    for failing in [
        lambda: meta.partial_fit(task.X[:, :2], task.y),
        lambda: meta.partial_fit(np.where(task.X > 0, np.inf, task.X), task.y),
        lambda: meta.partial_fit(task.X, task.y[:-1]),
        lambda: meta.adapt(task.X, task.y[:-1]),
        lambda: meta.fit(task.X, task.y[:-1]),
        lambda: meta.fit([(task.X, task.y), (task.X[:, :2], task.y)]),
    ]:
        with pytest.raises(ValueError):
            failing()
        assert everything_in(meta) == before


# ---------------------------------------------------------------------- chance


@every_estimator
def test_another_seed_is_another_training_and_leaves_the_global_generators_as_found(cls, rng_untouched):
    task = one_task(cls)
    one, other = trained(cls), cheap(cls, random_state=np.random.RandomState(1)).fit(tasks_for(cls))
    one, other = (answers(meta.partial_fit(task.X, task.y), task.X_query) for meta in (one, other))
    assert np.abs(one - other).max() > 0


# ---------------------------------------------------------------------- copies


@every_estimator
@pytest.mark.parametrize("copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy, copy.copy])
def test_a_copy_keeps_training_and_task_and_goes_its_own_way(cls, copied):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X[:-2], task.y[:-2])
    before = answers(meta, task.X_query)
    other = copied(meta)
    assert_array_equal(answers(other, task.X_query), before)
    other.partial_fit(task.X[-2:], task.y[-2:])
    whole = trained(cls).partial_fit(task.X, task.y)
    assert_allclose(answers(other, task.X_query), answers(whole, task.X_query), atol=1e-7)
    assert_array_equal(answers(meta, task.X_query), before)


@every_estimator
def test_joblib_keeps_everything_too(cls, tmp_path):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X, task.y)
    joblib.dump(meta, tmp_path / "meta.joblib")
    other = joblib.load(tmp_path / "meta.joblib", mmap_mode="r")
    assert_array_equal(answers(other, task.X_query), answers(meta, task.X_query))


@every_estimator
def test_a_clone_forgets_everything_but_the_parameters(cls):
    meta = trained(cls)
    other = clone(meta)
    assert other.get_params() == meta.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(other)


def test_the_task_keeps_its_rows_when_the_arrays_that_brought_them_change():
    buffer, weight = np.random.default_rng(0).normal(size=(12, 3)), np.ones(12)
    rows, y = buffer.copy(), np.arange(12) % 3
    meta = ProtoNetClassifier(max_epochs=0, random_state=0).adapt(buffer, y, sample_weight=weight)
    buffer[:], weight[:] = 0, 0.5
    assert_array_equal(meta.task_.rows.X, rows)
    assert_array_equal(meta.task_.rows.weight, 1)


def test_a_declared_class_nobody_has_shown_has_no_chance_where_classes_are_shared():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 3
    meta = MAMLClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(X, y).adapt(X, y, classes=[0, 1, 2, 7])
    assert_array_equal(meta.predict_proba(X)[:, 3], 0)


def test_without_rows_there_is_none_to_explain_an_answer():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30.0)
    meta = MAMLRegressor(max_epochs=0, random_state=0).fit(X, y).adapt()
    with pytest.raises(ValueError, match="the task has shown 0"):
        meta.explain(X)
