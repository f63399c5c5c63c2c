"""Self-supervised tasks from unlabelled rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_digits, load_iris

from skmeta.tasks import is_task_distribution
from skmeta.tasks.pseudo import PseudoTasks, pseudo_tasks, ranks_of_columns


def grouped_table(n_rows=300, n_copies=6, seed=0):
    """Every column repeats one hidden grouping: whatever is clustered, the other columns can tell."""
    rng = np.random.default_rng(seed)
    group = rng.integers(3, size=n_rows)
    return 10.0 * group[:, None] + rng.standard_normal((n_rows, n_copies)), group


def test_pseudo_classes_are_the_groups_that_the_columns_hold():
    X, _ = grouped_table()
    source = PseudoTasks(X, n_ways=3, n_shots=5, n_query=5, column_share=(0.5, 0.5))
    tasks, made_of = source.sample_with_parameters(10, random_state=0)
    hits = []
    for task, columns in zip(tasks, made_of["columns"]):
        # rows of one pseudo-class agree in the untouched columns, rows of two classes are 10 apart
        kept = task.X[:, ~columns]
        centres = np.stack([kept[task.y == c].mean(axis=0) for c in range(3)])
        answered = ((task.X_query[:, ~columns][:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)
        hits.append(np.mean(answered == task.y_query))
    assert np.median(hits) == 1.0 and np.mean(hits) > 0.95  # k-means may settle on a poor split now and then


def test_the_columns_that_made_the_label_say_nothing_about_it_any_more():
    X, _ = grouped_table(n_rows=3000)
    tasks, made_of = PseudoTasks(X, n_ways=3, n_shots=50, n_query=50, max_rows=3000).sample_with_parameters(20, 0)
    hits = []
    for task, columns in zip(tasks, made_of["columns"]):
        shuffled = task.X[:, columns]
        centres = np.stack([shuffled[task.y == c].mean(axis=0) for c in range(3)])
        answered = ((task.X_query[:, columns][:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)
        hits.append(np.mean(answered == task.y_query))
    assert np.mean(hits) == pytest.approx(1 / 3, abs=0.03)  # 3,000 answers: standard error 0.009


def test_every_value_handed_out_comes_from_its_own_column():
    X, _ = grouped_table()
    rows = pseudo_tasks(X, n_tasks=5, n_ways=3, n_shots=2, n_query=3, random_state=0).pooled[0]
    for j in range(X.shape[1]):
        assert np.isin(rows[:, j], X[:, j]).all()


def test_untouched_columns_of_a_row_belong_to_one_row_of_the_table():
    X = np.add.outer(1000.0 * np.arange(100), np.arange(8))  # value // 1000 names the row
    tasks, made_of = PseudoTasks(X, n_ways=2, n_shots=3, n_query=3).sample_with_parameters(6, random_state=0)
    for task, columns in zip(tasks, made_of["columns"]):
        origin = np.concatenate([task.X, task.X_query])[:, ~columns] // 1000
        assert (origin == origin[:, :1]).all()
        assert len(np.unique(origin[:, 0])) == 12  # no row twice, so support and query never overlap


@settings(max_examples=25, deadline=None)
@given(
    n_rows=st.integers(24, 60),
    n_features=st.integers(2, 6),
    n_ways=st.integers(2, 4),
    n_shots=st.integers(1, 3),
    n_query=st.integers(0, 3),
    n_values=st.integers(2, 30),
    seed=st.integers(0, 10_000),
)
def test_any_table_with_enough_rows_gives_full_tasks(n_rows, n_features, n_ways, n_shots, n_query, n_values, seed):
    # few distinct values make for heavy ties and clusters too small to fill a class
    X = np.random.default_rng(seed).integers(n_values, size=(n_rows, n_features)).astype(float)
    X[0], X[1] = 0.0, 1.0  # no column is constant
    tasks, made_of = PseudoTasks(X, n_ways, n_shots, n_query).sample_with_parameters(4, seed)
    for task, columns in zip(tasks, made_of["columns"]):
        assert np.bincount(task.y).tolist() == [n_shots] * n_ways
        assert n_query == 0 or np.bincount(task.y_query).tolist() == [n_query] * n_ways
        assert 1 <= columns.sum() <= n_features - 1


def test_the_share_of_columns_stays_within_its_bounds():
    X = load_digits().data[:400]
    source = PseudoTasks(X, n_ways=2, n_query=5, column_share=(0.25, 0.5))
    n_varying = (X.std(axis=0) > 0).sum()
    n_columns = source.sample_with_parameters(100, random_state=0)[1]["columns"].sum(axis=1)
    assert n_columns.min() >= int(0.25 * n_varying) and n_columns.max() <= int(0.5 * n_varying)
    assert len(np.unique(n_columns)) > 5


def test_sizes_may_be_ranges_drawn_for_each_task():
    X, _ = grouped_table()
    tasks = pseudo_tasks(X, 40, n_ways=(2, 4), n_shots=(1, 3), n_query=(0, 2), random_state=0)
    counts = [np.bincount(task.y) for task in tasks]
    assert {len(c) for c in counts} == {2, 3, 4}
    assert {int(c[0]) for c in counts} == {1, 2, 3}
    assert all((c == c[0]).all() for c in counts)


def test_a_dataframe_keeps_its_columns_dtypes_and_missing_values():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": rng.normal(40, 10, 200),
            "visits": rng.integers(0, 9, 200),
            "colour": pd.Categorical(rng.choice(["red", "green", "blue"], 200)),
            "town": rng.choice(["A", "B"], 200),
            "member": rng.random(200) < 0.5,
            "score": pd.array(rng.integers(0, 5, 200), dtype="Int64"),
        }
    )
    X.loc[::7, "age"] = np.nan
    X.loc[::9, "town"] = None
    X.loc[::11, "score"] = pd.NA
    tasks = pseudo_tasks(X, n_tasks=10, n_ways=2, n_shots=4, n_query=4, random_state=0)
    rows = tasks.pooled[0]
    assert rows.dtypes.to_dict() == X.dtypes.to_dict()
    assert list(rows.columns) == list(X.columns)
    assert rows["age"].isna().any() and rows["town"].isna().any() and rows["score"].isna().any()
    assert list(rows["colour"].cat.categories) == ["blue", "green", "red"]


def test_ranks_for_clustering_are_those_worked_out_by_hand():
    X = np.array([[1.0, 7.0, np.nan, 4.0], [3.0, 7.0, 2.0, 4.0], [500.0, 7.0, 4.0, 9.0]])
    # column 0: ranks 1, 2, 3 of 3; column 1: all tied; column 2: ranks 1, 2 of 2; column 3: ranks 1.5, 1.5, 3
    expected = [[-1 / 3, 0, 0, -1 / 6], [0, 0, -1 / 4, -1 / 6], [1 / 3, 0, 1 / 4, 1 / 3]]
    np.testing.assert_allclose(ranks_of_columns(X), expected, atol=1e-6)


def test_categories_are_clustered_by_their_codes_and_missing_ones_sit_in_the_middle():
    frame = pd.DataFrame(
        {
            "level": pd.Categorical(["low", "high", None, "low"], categories=["low", "high"]),
            "town": ["b", "a", "b", None],
        }
    )
    # level: low, low, high are ranks 1.5, 1.5, 3 of 3; town: a, b, b are ranks 1, 2.5, 2.5 of 3
    expected = [[-1 / 6, 1 / 6], [1 / 3, -1 / 3], [0, 1 / 6], [-1 / 6, 0]]
    np.testing.assert_allclose(ranks_of_columns(frame), expected, atol=1e-6)
    same = np.array([[0, "b"], [1, "a"], [np.nan, "b"], [0, None]], dtype=object)
    np.testing.assert_allclose(ranks_of_columns(same), expected, atol=1e-6)


def test_a_seed_decides_everything_and_the_global_generator_is_left_alone(global_rng_untouched):
    X = load_iris().data
    first, again, other = (pseudo_tasks(X, 5, 2, 3, 3, random_state=seed).pooled for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    pseudo_tasks(X, 5, 2, 3, 3)


def test_the_table_handed_in_is_never_changed():
    X = load_iris().data
    before = X.copy()
    pseudo_tasks(X, 5, 2, 3, 3, random_state=0)
    np.testing.assert_array_equal(X, before)


def test_it_is_a_task_distribution():
    source = PseudoTasks(load_iris().data)
    assert is_task_distribution(source)
    assert source.task_type == "classification" and source.n_features == 4


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.eye(10), {"n_ways": 5, "n_shots": 1, "n_query": 15}, "takes 80 rows, but only 10"),
        (np.ones((200, 3)), {}, "not constant.*X has 0"),
        (np.arange(200.0).reshape(-1, 1), {}, "not constant.*X has 1"),
        (sparse.csr_matrix(np.eye(200)), {}, "TruncatedSVD"),
        (np.zeros(200), {}, r"shape \(200,\)"),
        (np.eye(200), {"column_share": (0.5, 0.2)}, "column_share must be"),
        (np.eye(200), {"n_ways": 1}, "n_ways must"),
        (np.eye(200), {"max_rows": 50}, "max_rows is 50"),
    ],
)
def test_what_cannot_work_is_said_with_the_remedy(X, options, message):
    with pytest.raises(ValueError, match=message):
        pseudo_tasks(X, n_tasks=2, **options)
