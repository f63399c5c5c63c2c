"""What cannot be used is named, with the value and what to do instead."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from skmeta import (
    FewShotRegressor,
    HyperNetRegressor,
    InContextClassifier,
    InContextRegressor,
    LearnedOptimizerRegressor,
    MAMLClassifier,
    MAMLRegressor,
    MANNClassifier,
    MetaKNeighborsClassifier,
    PerTask,
    PerTaskBaseline,
    PooledBaseline,
    ProtoNetClassifier,
    RecurrentClassifier,
    SourceSelector,
    TableEncoder,
    TaskMixtureClassifier,
    TaskMixtureRegressor,
    TaskSet,
    WeightAverageTransferRegressor,
)
from skmeta.estimators.base.classes import Classes

X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3
RECORDS = np.zeros(12, dtype=[("age", "f8"), ("height", "f8")])
MIXED = np.array(["one", 2, 3] * 4, dtype=object)
MIXTURE = TaskMixtureClassifier(pooled=LogisticRegression(), per_task=None)
SOURCES = [(X + i, Y) for i in range(4)]
UNTRAINED = InContextClassifier(pretrained=False)
TWINS = pd.DataFrame(X, columns=["a", "a", "b"])


class Lazy:
    """A frame as polars has them before their rows are read."""

    columns = ["a", "b"]
    select = collect = collect_schema = None


CASES = {
    "a callback that is none": (lambda: ProtoNetClassifier(callbacks=[3]).fit(X, Y), r"callbacks .* got \[3\]"),
    "a device that computes nothing": (lambda: ProtoNetClassifier(device="meta").fit(X, Y), "'meta' computes nothing"),
    "a layer that wants sizes": (lambda: ProtoNetClassifier(nn.Linear).fit(X, Y), r"such as torch.nn.Linear\(4, 16\)"),
    "another paper's name": (lambda: MAMLClassifier(adapt_params="anil").fit(X, Y), r"'head' \(ANIL\).* got 'anil'"),
    "a loader that is none": (lambda: ProtoNetClassifier(iterator_train=3).fit(X, Y), "iterator_train .* got 3"),
    "no neighbours": (lambda: MetaKNeighborsClassifier(n_neighbors=0).fit(X, Y), "n_neighbors .* got 0"),
    "no feature": (lambda: MAMLRegressor().fit(pd.DataFrame({"s": Y}), X[:, 0], task="s"), "no column left"),
    "twin columns": (lambda: ProtoNetClassifier().fit(TWINS, Y), "two columns that are called 'a'"),
    "twin columns of tasks": (lambda: ProtoNetClassifier().fit([(TWINS, Y)] * 3), "two columns that are called 'a'"),
    "dates": (
        lambda: ProtoNetClassifier().fit(pd.DataFrame({"day": pd.date_range("2020", periods=12)}), Y),
        "Column 'day' of X holds dates.*TableEncoder",
    ),
    "dates of a source": (
        lambda: SourceSelector().fit([(pd.DataFrame({"day": pd.date_range("2020", periods=12)}), Y)] * 2),
        "Column 'day' of X holds dates.*TableEncoder",
    ),
    "dates as targets": (
        lambda: TaskMixtureRegressor().fit(X, np.arange(12).astype("datetime64[D]")),
        "needs numeric targets",
    ),
    "durations as targets": (
        lambda: TaskMixtureRegressor().fit(X, np.arange(12).astype("timedelta64[D]")),
        "needs numeric targets",
    ),
    "a missing label": (lambda: ProtoNetClassifier().fit(X, [0, 1, None] * 4), "A label is missing: None in row 2"),
    "an array as a word": (
        lambda: MAMLClassifier(gradient=np.arange(3)).fit(X, Y),
        r"gradient .* got array\(\[0, 1, 2",
    ),
    "a list as an engine": (lambda: MAMLClassifier(engine=[3]).fit(X, Y), r"engine .* got \[3\]"),
    "a loss that wants sizes": (lambda: MAMLClassifier(criterion=nn.Linear).fit(X, Y), "criterion .*Linear"),
    "no units": (lambda: HyperNetRegressor(target_hidden=0).fit(X, X[:, 0]), "target_hidden .* got 0"),
    "no estimator": (lambda: PooledBaseline({}).fit(X, Y), r"estimator of PooledBaseline must be None or .* got \{\}"),
    "records": (lambda: ProtoNetClassifier().fit(RECORDS, Y), "records with the fields 'age', 'height'.*DataFrame"),
    "a tensor without numbers": (
        lambda: ProtoNetClassifier().fit(torch.empty(12, 3, device="meta"), Y),
        "'meta', which holds no numbers",
    ),
    "an array of dates": (lambda: PooledBaseline().fit(X.astype("M8[D]"), Y), "dates or durations .*TableEncoder"),
    "sparse targets": (lambda: MAMLRegressor().fit(X, sparse.csr_matrix(X[:, :1])), r"sparse matrix: give y.toarray"),
    "labels of two kinds": (
        lambda: PooledBaseline().fit(X, MIXED),
        "all numbers or all text, got 'one' in row 0 and 2",
    ),
    "missing targets of tasks": (
        lambda: PerTaskBaseline(MAMLRegressor()).fit([(X, X[:, 0])]).predict([(X, X[:, 0] * np.nan, X)]),
        "y contains NaN or infinity: nan in row 0 of X",
    ),
    "rows that are none": (lambda: FewShotRegressor(MAMLRegressor().partial_fit(X, X[:, 0])).fit(3.5, [1]), "array"),
    "weights of text": (
        lambda: ProtoNetClassifier().partial_fit(X, Y).score(X, Y, sample_weight=["a"] * 12),
        "sample_weight must be 12 non-negative numbers: .*'a'",
    ),
    "a number of classes": (
        lambda: ProtoNetClassifier().partial_fit(X, Y, classes=3),
        "classes must be a list of all classes.*got 3",
    ),
    "labels of another kind": (
        lambda: MIXTURE.fit(X, Y).adapt(X, np.where(Y, "a", "b")),
        "all numbers or all text, got 'b' beside 0",
    ),
    "nothing to learn from": (
        lambda: InContextRegressor(pretrained=False).fit([(X, X[:, 0], X[:0], Y[:0])] * 4),
        "X_query of every task is without rows.* leave X_query out",
    ),
    "meta-learners that are none": (
        lambda: TaskMixtureClassifier(meta=None).fit(X, Y),
        "meta of TaskMixtureClassifier must be a list of meta-learning estimators",
    ),
    "a column that is a number": (
        lambda: InContextClassifier(categorical_features=3).fit(X, Y),
        "categorical_features must be .* got 3",
    ),
    "a transformer that is none": (lambda: PerTask({}).fit(X), r"transformer must be .* got \{\}"),
    "an array as a place to fit on": (
        lambda: PerTask(StandardScaler(), fit_on=np.arange(2)).fit(X),
        "fit_on must be 'pooled' or 'support', got array",
    ),
    "records for a transformer": (lambda: PerTask(StandardScaler()).fit(RECORDS), "records with the fields 'age'"),
    "records for an encoder": (lambda: TableEncoder().fit(RECORDS), "records with the fields 'age'"),
    "a learner that is none": (lambda: FewShotRegressor([3]).fit(X, X[:, 0]), r"learner .* must be .* got \[3\]"),
    "an adaptation that is none": (
        lambda: FewShotRegressor(MAMLRegressor(max_epochs=0).fit([(X, X[:, 0])]), adaptation=3).fit(X, X[:, 0]),
        "adaptation .* None or a dict .* got 3",
    ),
    "a table without tasks": (lambda: SourceSelector().fit(sparse.csr_matrix(X), Y), "collection of tasks, got"),
    "tasks that are a number": (lambda: SourceSelector().fit(3.5), "collection of tasks, got '3.5'"),
    "a task that is none": (lambda: SourceSelector().fit([None]), "Item 0 of the tasks is None: give Task"),
    "an embedding that is none": (lambda: SourceSelector(embedding=3).fit(SOURCES), "embedding .* got 3"),
    "an embedding that gives no rows": (lambda: SourceSelector(embedding=len).fit(SOURCES), r"48 rows, got .*\(\)"),
    "a source that is not there": (
        lambda: SourceSelector().fit([(X, Y), (X * np.nan, Y)]),
        "first such cell is in row 0 of X of task 1, column 0",
    ),
    "sources of text and numbers": (
        lambda: SourceSelector().fit([(X, Y), (X, MIXED)]),
        "all numbers or all text",
    ),
    "more labels than rows of a target": (
        lambda: SourceSelector().fit(SOURCES).select((X, np.r_[Y, 1])),
        r"inconsistent numbers of samples: \[12, 13\]",
    ),
    "a target of text and numbers": (
        lambda: SourceSelector().fit(SOURCES).select((X, MIXED)),
        "all numbers or all text, got 'one' in row 0 and 2 in row 1",
    ),
    "a rate without a logarithm": (lambda: LearnedOptimizerRegressor(inner_lr=0).fit(X, X[:, 0]), "inner_lr .* got 0"),
    "a rate that is a word": (
        lambda: LearnedOptimizerRegressor(inner_lr="learn").fit(X, X[:, 0]),
        "inner_lr .* got 'learn'",
    ),
    "a generator of tasks": (
        lambda: ProtoNetClassifier().fit(task for task in SOURCES),
        "If X, a generator, holds tasks, give them as a list or a TaskSet",
    ),
    "tasks by name for a mixture": (lambda: MIXTURE.fit(dict(enumerate(SOURCES))), "If X, a dict, holds tasks"),
    "rows still to be read": (lambda: ProtoNetClassifier().fit(Lazy(), Y), r"X is a Lazy, .* give X.collect\(\)"),
    "rows still to be read by another": (lambda: PerTaskBaseline().fit(Lazy(), Y), r"give X.collect\(\)"),
    "rows still to be read with a task": (lambda: MIXTURE.fit(Lazy(), Y, task="a"), r"give X.collect\(\)"),
    "a missing class": (
        lambda: ProtoNetClassifier(max_epochs=0).fit(X, Y).adapt(X, Y, classes=[0, 1, 2, np.nan]),
        "holds a missing label",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_says_what_was_wrong_and_what_to_do(case):
    call, words = CASES[case]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@pytest.mark.parametrize(
    "estimator", [ProtoNetClassifier(), PerTaskBaseline(), InContextClassifier(pretrained=False), MIXTURE]
)
def test_tensors_of_torch_are_rows_whatever_they_are_part_of(estimator):
    estimator.partial_fit(torch.as_tensor(X).requires_grad_(), Y)
    expected = estimator.predict_proba(X)
    for rows in (torch.as_tensor(X).requires_grad_(), torch.as_tensor(X).to_sparse()):
        np.testing.assert_array_equal(estimator.predict_proba(rows), expected)
    halves = torch.as_tensor(X).bfloat16()
    np.testing.assert_array_equal(estimator.predict_proba(halves), estimator.predict_proba(halves.double().numpy()))


@pytest.mark.parametrize("kind", [HyperNetRegressor, InContextRegressor, WeightAverageTransferRegressor, MAMLRegressor])
def test_targets_beyond_all_that_was_trained_for_are_refused_where_answers_would_be_infinite(kind):
    tasks = [(X + i, X[:, 0] - i) for i in range(4)]
    settings = {"pretrained": False} if kind is InContextRegressor else {}
    estimator = kind(max_epochs=0, random_state=0, **settings).fit(tasks)
    before = estimator.adapt(*tasks[0]).predict(X)
    for ask in (
        lambda: estimator.adapt(X, X[:, 0] * 1e200),
        lambda: estimator.partial_fit(X, X[:, 0] * 1e200),
        lambda: estimator.predict([(X, X[:, 0] * 1e200, X)]),
    ):
        with pytest.raises(ValueError, match=r"y holds 1\.26e\+199, more than 1e\+30 times the scale of the targets"):
            ask()
    np.testing.assert_array_equal(estimator.predict(X), before)


def test_cells_beyond_single_precision_are_refused_by_meta_training_on_mixed_tables():
    tasks = [(X * 1e300, X[:, 0])] * 4
    with pytest.raises(ValueError, match="Input X holds .*e\\+300, a value too large"):
        InContextRegressor(pretrained=False, max_epochs=1).fit(tasks)


def test_a_task_without_query_rows_is_answered_by_none():
    tasks = [(X, Y, X[:0])] * 3
    for kind in (MANNClassifier, RecurrentClassifier, ProtoNetClassifier, InContextClassifier):
        settings = {"pretrained": False} if kind is InContextClassifier else {}
        estimator = kind(max_epochs=0, **settings).fit([(X, Y)] * 4)
        assert [len(answer) for answer in estimator.predict(tasks)] == [0, 0, 0]


def test_a_layer_of_torch_is_a_module_where_its_sizes_are_given():
    sizes = {"module__in_features": 3, "module__out_features": 5}
    estimator = ProtoNetClassifier(nn.Linear, max_epochs=0, **sizes).fit(X, Y)
    assert estimator.predict(X).shape == (12,)
    with pytest.raises(ValueError, match=r"such as torch.nn.Linear\(4, 16\)"):
        ProtoNetClassifier(nn.Linear, module__in_features=3).fit(X, Y)


def test_hundreds_of_classes_of_a_table_or_of_all_tasks_are_told_to_take_long():
    y = np.repeat(np.arange(301), 2)
    rows = np.zeros((len(y), 1))
    tasks = TaskSet([(rows, y), (rows, y)])

    def of_tasks(estimator, tasks=tasks):
        return Classes.of_tasks(estimator, tasks, *tasks.pooled, from_long=True)

    with pytest.warns(UserWarning, match=r"The table has 301 classes, and ProtoNetClassifier .* KNeighborsClassifier"):
        assert Classes.of_table(ProtoNetClassifier(), y).n_outputs == 301
    with pytest.warns(UserWarning, match=r"All tasks share 301 classes, and InContextClassifier"):
        assert of_tasks(InContextClassifier(labels="shared")).n_outputs == 301
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Classes.of_table(ProtoNetClassifier(), y[y < 300])
        Classes.of_table(ProtoNetClassifier(labels="task"), y)
        of_tasks(ProtoNetClassifier(labels="task"))
        of_tasks(ProtoNetClassifier(labels="shared"), TaskSet([(rows[y < 300], y[y < 300])]))


@pytest.mark.parametrize(
    "estimator", [TaskMixtureRegressor(), SourceSelector(), PooledBaseline(), PerTask(StandardScaler())]
)
def test_a_set_without_a_task_is_called_so(estimator):
    with pytest.raises(ValueError, match="There are no tasks: give at least one"):
        estimator.fit(TaskSet([(X, Y)])[:0])
