"""Sparse rows are made dense batch by batch: answers are those of dense rows, and memory is not that of a table."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import is_classifier

from skmeta import ProtoNetClassifier, TaskSet
from skmeta.estimators.base import labels, rows
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.labels import infer_label_regime
from skmeta.registry import all_estimators
from skmeta.tasks import store
from skmeta.tasks.store import SparseRows, sample_of
from tests.estimators.contract import CHEAP, CLASSES, cheap, tasks_for, trained


def thinned(tasks):
    """Two thirds of the cells become zero."""
    rng = np.random.default_rng(0)
    X = tasks.pooled[0] * (rng.random(tasks.pooled[0].shape) < 1 / 3)
    X[np.arange(len(X)), np.arange(len(X)) % X.shape[1]] = 1 + tasks.pooled[0][:, 0]
    return tasks.with_rows(X)


def answers(meta, tasks):
    return [np.asarray(one, dtype=float) for one in meta.predict(tasks)]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_rows_are_gathered_as_those_of_a_tensor(kind):
    X = np.arange(12.0).reshape(4, 3) % 5
    many, one = SparseRows(kind(X), torch.float32), torch.as_tensor(X, dtype=torch.float32)
    assert (many.shape, len(many), many.dtype, many.device) == (one.shape, len(one), one.dtype, one.device)
    for asked in (slice(1, 3), torch.tensor([3, 0, 3]), torch.tensor([True, False, True, False]), slice(None)):
        torch.testing.assert_close(many[asked], one[asked])
    mask = torch.tensor([True, False, True, False])
    torch.testing.assert_close(many.part(mask)[:], one[mask])
    torch.testing.assert_close(many.index_select(0, torch.tensor([2])), one[[2]])
    assert many.to(torch.float64)[:].dtype == torch.float64


@pytest.mark.parametrize("cls", CLASSES)
def test_sparse_tasks_are_learned_and_answered_as_dense_ones(cls):
    tasks = thinned(tasks_for(cls)[:4])
    thin = tasks.with_rows(sparse.csr_matrix(tasks.pooled[0]))
    dense, meta = cheap(cls).fit(tasks), cheap(cls).fit(thin)
    for one, two in zip(answers(meta, thin), answers(dense, tasks)):
        assert_allclose(one, two, rtol=1e-3, atol=1e-4)
    task, of_csr = tasks[0], thin[0]
    assert_allclose(
        np.asarray(meta.adapt(of_csr.X, of_csr.y).predict(of_csr.X_query), dtype=float),
        np.asarray(dense.adapt(task.X, task.y).predict(task.X_query), dtype=float),
        rtol=1e-3, atol=1e-4,
    )  # fmt: skip


@pytest.mark.parametrize("cls", CLASSES)
def test_small_blocks_of_sparse_rows_give_the_answers_of_a_large_one(cls, monkeypatch):
    tasks = thinned(tasks_for(cls)[:3])
    thin, X = tasks.with_rows(sparse.csr_matrix(tasks.pooled[0])), sparse.csr_matrix(tasks.pooled[0])
    meta = trained(cls).adapt(tasks[0].X, tasks[0].y)
    ask = meta.predict_proba if is_classifier(meta) else meta.predict
    together, of_tasks = ask(X), answers(meta, thin)
    monkeypatch.setattr(store, "CELLS", 50)
    assert_allclose(ask(X), together, rtol=1e-5, atol=1e-6)
    assert_allclose(ask(X), ask(X.toarray()), rtol=1e-5, atol=1e-6)
    for one, two in zip(answers(meta, thin), of_tasks):
        assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_a_sparse_column_far_from_zero_is_moved_there_as_a_dense_one_is():
    rng = np.random.default_rng(0)
    stamp = 1e9 + rng.normal(size=(120, 1))
    X, y = np.c_[stamp, rng.normal(size=(120, 2)) * (rng.random((120, 2)) < 0.5)], np.arange(120) % 2
    X[:, 0] += 3 * y
    many = [(X[i : i + 20], y[i : i + 20]) for i in range(0, 120, 20)]
    meta = ProtoNetClassifier(labels="shared", **CHEAP).fit([(sparse.csr_matrix(a), b) for a, b in many])
    assert meta.rows_.shift[0] > 9e8
    assert meta.adapt(sparse.csr_matrix(X), y).score(sparse.csr_matrix(X), y) > 0.85


def test_few_rows_speak_for_all_where_these_are_many(monkeypatch):
    X = SparseRows(sparse.random(100, 5, 0.5, format="csr", random_state=0), torch.float32)
    torch.testing.assert_close(sample_of(X), X[:])
    monkeypatch.setattr(store, "CELLS", 50)
    torch.testing.assert_close(sample_of(X), X[np.arange(0, 100, 11)])


@pytest.mark.parametrize("n_cells", [2**25, 60_000])
@pytest.mark.parametrize("meaning", ["shared", "task"])
def test_whether_classes_mean_the_same_is_seen_by_wide_and_sparse_rows(n_cells, meaning, monkeypatch):
    monkeypatch.setattr(labels, "_CELLS", n_cells)
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(20), 12)
    y = np.arange(240) % 3
    means = rng.normal(size=(1 if meaning == "shared" else 20, 3, 40))
    X = means[task % len(means), y] + 0.5 * rng.normal(size=(240, 40))
    X = np.c_[X, 0.1 * rng.normal(size=(240, 360))]  # more columns than rows to fit on
    for one in (X, sparse.csr_matrix(X)):
        assert infer_label_regime(one, y, task, 20, False) == meaning


def test_what_has_to_be_dense_and_cannot_be_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(rows, "_MOST_CELLS", 100)
    X, y = sparse.random(30, 5, 0.5, format="csr", random_state=0), np.arange(30) % 2
    with pytest.raises(ValueError, match=r"sparse with 30 rows and 5 columns.*fit\(TaskSet\(\[\(X, y\)\]\)\)"):
        ProtoNetClassifier(**CHEAP).fit(X, y)
    meta = ProtoNetClassifier(**CHEAP).fit(TaskSet([(X, y)]))  # as the message says
    assert meta.adapt(X[:20], y[:20]).predict(X).shape == (30,)


@pytest.mark.parametrize(
    "name", ["ProtoNet", "MAML", "MetaKNeighbors", "FineTune", "PooledBaseline", "PerTaskBaseline"]
)
def test_no_dense_block_comes_near_to_the_whole_table(name, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 50
    words = np.c_[rng.integers(0, 3000, (3000, 10)), y[:, None] * 3 + rng.integers(0, 3, (3000, 3))]
    X = sparse.csr_matrix((np.ones(words.size), words.ravel(), np.arange(3001) * 13), (3000, 3000))
    X.sum_duplicates()
    largest, make_dense = [0], sparse.csr_matrix.toarray

    def noted(self, *args, **kwargs):
        largest.append(self.shape[0] * self.shape[1])
        return make_dense(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_matrix, "toarray", noted)
    monkeypatch.setattr(store, "CELLS", 2**18)
    found = [cls for cls in all_estimators() if cls.__name__.startswith(name)][0]
    if issubclass(found, MetaEstimator):
        meta = found(**CHEAP | {"batch_size": 1}, n_ways=5).fit(TaskSet([(X, y)]))
    else:
        meta = found().fit([(X[i : i + 500], y[i : i + 500]) for i in range(0, 3000, 500)])
    few, many = np.flatnonzero(y < 5)[:50], np.flatnonzero(y < 5)
    assert meta.adapt(X[few], y[few]).score(X[many], y[many]) > 0.9
    assert meta.score(TaskSet([(X[many], y[many])])) > 0.9
    assert max(largest) < X.shape[0] * X.shape[1] / 8 and (max(largest) > 0) == issubclass(found, MetaEstimator)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_arrays_are_read_as_sparse_matrices_are(kind):
    rows, y = sparse.random(24, 5, 0.3, format="csr", random_state=0), np.arange(24) % 3
    array = getattr(sparse, f"{kind}_array")
    tasks = [[(form(rows[:12]), y[:12], form(rows[12:]), y[12:])] * 4 for form in (sparse.csr_matrix, array)]
    one, other = (ProtoNetClassifier(**CHEAP).fit(some) for some in tasks)
    np.testing.assert_array_equal(one.predict_proba(tasks[0])[0], other.predict_proba(tasks[1])[0])


@pytest.mark.parametrize("cls", CLASSES)
def test_every_learner_reads_sparse_arrays(cls):
    rows, y = sparse.csr_array(sparse.random(24, 5, 0.3, format="csr", random_state=0)), np.arange(24) % 3
    y = y if is_classifier(cls()) else y + 0.5
    cheap(cls).fit([(rows[:12], y[:12], rows[12:], y[12:])] * 2)


@pytest.mark.parametrize("kind", ["coo", "bsr", "dia"])
def test_rows_of_a_long_table_are_taken_from_matrices_of_any_format(kind):
    rows, y = sparse.random(24, 5, 0.3, format="csr", random_state=0), np.arange(24) % 3
    ids = np.repeat([0, 1], 12)
    meta = ProtoNetClassifier(**CHEAP).fit(rows, y, task=ids)
    odd = ProtoNetClassifier(**CHEAP).fit(rows.asformat(kind), y, task=ids)
    np.testing.assert_array_equal(odd.predict(rows.asformat(kind), task=ids), meta.predict(rows, task=ids))
    assert odd.score(rows.asformat(kind), y, task=ids) == meta.score(rows, y, task=ids)
