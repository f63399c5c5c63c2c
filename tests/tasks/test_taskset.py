"""Many tasks as one sequence over one pooled table."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import indexable, resample, shuffle

from skmeta import Task, TaskSet
from skmeta.tasks import as_taskset, is_tasks
from tests.tasks.strategies import ragged_tasks


def same_task(a, b):
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.y, b.y)
    assert a.name == b.name
    for one, other in [(a.X_query, b.X_query), (a.y_query, b.y_query)]:
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def two_tasks():
    return TaskSet([Task([[1.0], [2.0]], ["a", "b"], name="x"), Task([[3.0]], ["b"], [[4.0], [5.0]], ["b", "a"])])


# ---------------------------------------------------------------------- the sequence


def test_gives_back_the_tasks_it_was_made_of():
    given_tasks = [Task([[1.0], [2.0]], ["a", "b"], name="x"), Task([[3.0]], ["b"], [[4.0]], ["a"])]
    for before, after in zip(given_tasks, TaskSet(given_tasks)):
        same_task(before, after)


def test_pairs_and_quadruples_are_tasks_too():
    tasks = TaskSet([([[1.0]], [0]), ([[1.0]], [0], [[2.0]], [1])])
    assert tasks[0].X_query is None
    np.testing.assert_array_equal(tasks[1].y_query, [1])


def test_is_an_array_of_one_dimension_to_scikit_learn():
    tasks = two_tasks()
    assert tasks.shape == (2,)
    assert tasks.ndim == 1
    assert len(tasks[np.array([0, 1, 1]), ...]) == 3
    with pytest.raises(IndexError, match="one dimension"):
        tasks[0, 1]


@given(ragged_tasks(), st.data())
def test_any_index_selects_what_a_list_would(tasks, data):
    listed = list(tasks)
    n = len(listed)
    chosen = data.draw(st.lists(st.integers(-n, n - 1), min_size=1))
    for key in (chosen, np.array(chosen), (np.array(chosen), Ellipsis)):
        for task, i in zip(tasks[key], chosen, strict=True):
            same_task(task, listed[i])
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    picked = [task for task, wanted in zip(listed, mask) if wanted]
    assert len(tasks[mask]) == len(picked)
    start, step = data.draw(st.integers(-n, n)), data.draw(st.sampled_from([1, 2, -1]))
    for task, expected in zip(tasks[start::step], listed[start::step], strict=True):
        same_task(task, expected)
    same_task(tasks[-1], listed[-1])


def test_a_position_that_is_not_there_is_an_index_error():
    with pytest.raises(IndexError):
        two_tasks()[2]


@pytest.mark.parametrize("container", [list, tuple, TaskSet, lambda t: np.array(list(t), dtype=object)])
def test_scikit_learn_can_cut_and_shuffle_any_container(container, cluster_tasks):
    tasks = container(cluster_tasks)
    assert is_tasks(tasks)
    train, test = train_test_split(tasks, test_size=4, random_state=0)
    assert (len(train), len(test)) == (12, 4)
    assert len(shuffle(tasks, random_state=0)) == 16
    assert len(resample(tasks, n_samples=5, random_state=0)) == 5
    assert len(indexable(tasks)[0]) == 16
    assert sum(len(test) for _, test in KFold(4).split(tasks)) == 16
    assert len(as_taskset(train)) == 12


def test_cutting_a_taskset_gives_tasksets(cluster_tasks):
    train, test = train_test_split(cluster_tasks, random_state=0)
    assert isinstance(train, TaskSet)
    assert isinstance(test, TaskSet)


@pytest.mark.parametrize(
    "rows", [np.zeros((3, 2)), [[0.0, 1.0]], [1, 2], [], "text", None, [("a", "b")], np.array([1, 2], dtype=object)]
)
def test_a_table_is_not_taken_for_tasks(rows):
    assert not is_tasks(rows)


# ---------------------------------------------------------------------- the pooled store


def test_rows_lie_task_after_task_support_before_query():
    tasks = two_tasks()
    X, y = tasks.pooled
    np.testing.assert_array_equal(X.ravel(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(y, ["a", "b", "b", "b", "a"])
    np.testing.assert_array_equal(tasks.n_support, [2, 1])
    np.testing.assert_array_equal(tasks.n_query, [-1, 2])
    np.testing.assert_array_equal(tasks.n_rows, [2, 3])
    np.testing.assert_array_equal(tasks.task_of_row, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(tasks.is_support_row, [True, True, True, False, False])
    np.testing.assert_array_equal(tasks.is_labelled_row, [True] * 5)


def test_unlabelled_query_rows_are_marked():
    tasks = TaskSet([Task([[1.0]], [7], [[2.0]]), Task([[3.0]], [8], [[4.0]], [9])])
    np.testing.assert_array_equal(tasks.is_labelled_row, [True, False, True, True])
    assert tasks[0].y_query is None
    assert tasks[1].y_query == [9]


def test_a_thousand_tasks_pickle_like_one_array():
    tasks = TaskSet.from_pool(np.zeros((10_000, 8)), np.zeros(10_000), n_support=np.full(1000, 10))
    n_bytes = 10_000 * 9 * 8
    assert len(pickle.dumps(tasks, protocol=5)) < 1.1 * n_bytes
    buffers = []
    pickle.dumps(tasks, protocol=5, buffer_callback=buffers.append)
    assert max(len(buffer.raw()) for buffer in buffers) == 10_000 * 8 * 8  # one big block that workers can share


@given(ragged_tasks())
def test_pickling_changes_nothing(tasks):
    for before, after in zip(tasks, pickle.loads(pickle.dumps(tasks)), strict=True):
        same_task(before, after)


def test_with_rows_replaces_columns_and_nothing_else():
    tasks = two_tasks().with_rows(np.arange(10.0).reshape(5, 2))
    np.testing.assert_array_equal(tasks[1].X_query, [[6, 7], [8, 9]])
    assert tasks[0].name == "x"
    with pytest.raises(ValueError, match="add up to 5 rows, but X has 4"):
        two_tasks().with_rows(np.zeros((4, 1)))


# ---------------------------------------------------------------------- the long form


def test_long_rows_are_sorted_by_id_and_keep_their_order_within():
    tasks = TaskSet.from_long([[1.0], [2.0], [3.0], [4.0]], [10, 20, 30, 40], task=["b", "a", "b", "a"])
    assert list(tasks.names) == ["a", "b"]
    np.testing.assert_array_equal(tasks[0].X.ravel(), [2, 4])
    np.testing.assert_array_equal(tasks[1].y, [10, 30])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=30))
def test_long_form_there_and_back(rows):
    ids, y = np.array(rows).T
    X = np.arange(float(len(rows)))[:, None]
    X_back, y_back, ids_back = TaskSet.from_long(X, y, ids).to_long()
    order = np.argsort(ids, kind="stable")
    np.testing.assert_array_equal(X_back, X[order])
    np.testing.assert_array_equal(y_back, y[order])
    np.testing.assert_array_equal(ids_back, ids[order])


def test_long_form_of_unlabelled_queries_does_not_exist():
    with pytest.raises(ValueError, match="no labels"):
        TaskSet([Task([[1.0]], [0], [[2.0]])]).to_long()


def test_long_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="got 2, 1 and an array of shape"):
        TaskSet.from_long([[1.0], [2.0]], [0], [1, 2])


def test_long_form_keeps_tasks_of_one_name_apart():
    X, y, task = TaskSet([Task([[1.0]], [0], name="a"), Task([[2.0], [3.0]], [0, 1], name="a")]).to_long()
    assert task.tolist() == [0, 1, 1]


def test_long_form_keeps_ids_that_are_tuples():
    tasks = TaskSet.from_long([[1.0], [2.0], [3.0]], [0, 1, 0], task=[["A", "x"], ["B", "x"], ["A", "x"]])
    assert list(tasks.names) == [("A", "x"), ("B", "x")]
    assert tasks.to_long()[2].tolist() == [("A", "x"), ("A", "x"), ("B", "x")]


def test_long_rows_without_an_id_are_refused():
    with pytest.raises(ValueError, match="2 missing ids"):
        TaskSet.from_long([[1.0], [2.0], [3.0]], [0, 1, 0], task=[1.0, np.nan, np.nan])


# ---------------------------------------------------------------------- kinds of rows


def test_frames_keep_dtypes_categories_and_missing_values(frame_tasks):
    task = frame_tasks[2:4][1]
    assert list(task.X.columns) == ["size", "colour", "maker"]
    assert task.X["size"].dtype == float
    assert list(task.X["colour"].cat.categories) == ["red", "green", "blue"]
    pooled, _ = frame_tasks.pooled
    assert pooled["size"].isna().sum() == sum(task.X["size"].isna().sum() for task in frame_tasks) > 0


def test_categories_that_only_some_tasks_know_are_united():
    pd = pytest.importorskip("pandas")
    frames = [pd.DataFrame({"c": pd.Categorical(values)}) for values in (["red"], ["green", "blue"])]
    tasks = TaskSet([(frame, range(len(frame))) for frame in frames])
    assert set(tasks[0].X["c"].cat.categories) == {"red", "green", "blue"}
    assert list(tasks[1].X["c"]) == ["green", "blue"]


def test_frames_with_other_columns_are_refused():
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"different columns: 'b' and 'a'"):
        TaskSet([(pd.DataFrame({"a": [1]}), [0]), (pd.DataFrame({"b": [1]}), [0])])
    with pytest.raises(ValueError, match="Some tasks are DataFrames"):
        TaskSet([(pd.DataFrame({"a": [1]}), [0]), ([[1.0]], [0])])


def test_sparse_rows_stay_sparse():
    tasks = TaskSet([(sparse.csr_matrix([[0.0, 1.0]]), [0]), (sparse.csr_matrix([[2.0, 0.0], [0.0, 3.0]]), [1, 0])])
    assert sparse.issparse(tasks[1].X)
    np.testing.assert_array_equal(tasks[1].X.toarray(), [[2, 0], [0, 3]])


@pytest.mark.parametrize("kind", ["coo", "csc", "dia", "csr"])
def test_sparse_rows_of_any_format_can_be_cut(kind):
    X = sparse.random(4, 3, density=0.5, random_state=0).asformat(kind)
    np.testing.assert_array_equal(TaskSet([(X, [0, 1, 0, 1])])[0].X.toarray(), X.toarray())


def test_labels_of_different_kinds_do_not_turn_into_text():
    tasks = TaskSet([([[1.0]], [3]), ([[1.0]], ["a"])])
    assert tasks[0].y[0] == 3
    assert tasks[1].y[0] == "a"


def test_labels_as_long_as_any_are_kept_whole():
    assert TaskSet([([[1.0]], ["a"]), ([[1.0]], ["a long one"])])[1].y[0] == "a long one"


def test_different_numbers_of_features_are_named():
    with pytest.raises(ValueError, match="task 'b' has 2 features, task 'a' has 1"):
        TaskSet([Task([[1.0]], [0], name="a"), Task([[1.0, 2.0]], [0], name="b")])


def test_no_tasks_are_refused():
    with pytest.raises(ValueError, match="at least one task"):
        TaskSet([])


# ---------------------------------------------------------------------- how it looks


def test_repr_says_how_many_and_how_large():
    assert repr(two_tasks()) == "TaskSet(2 tasks, 1 feature, 1-2 support and 2 query rows each)"
    assert repr(two_tasks()[:1]) == "TaskSet(1 task, 1 feature, 2 rows each)"
    assert repr(two_tasks()[:0]) == "TaskSet(0 tasks)"


def test_html_lists_tasks_and_escapes_names():
    html = TaskSet([Task([[1.0], [2.0]], ["a", "b"], name="<x>")])._repr_html_()
    assert "<td>&lt;x&gt;</td><td>2</td><td></td><td>a, b</td>" in html
    assert "<x>" not in html


def test_html_of_many_tasks_shows_ten():
    html = TaskSet([([[1.0]], [0])] * 12)._repr_html_()
    assert html.count("<tr>") == 12  # the head, ten tasks and how many more there are
    assert "... 2 more" in html
