"""Answers for many tasks in DataFrames, on the engines that run them: always those of ``predict(tasks)``."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from skmeta import MAMLRegressor, ProtoNetClassifier, Task, TaskMixtureRegressor
from skmeta.scale import task_answerer
from skmeta.tasks import GaussianClusters, Sinusoids
from tests.scale.killed_once import KilledOnce

N_TASKS = 30


@pytest.fixture(scope="module")
def clusters():
    return GaussianClusters(n_ways=3, n_shots=2, n_query=3, n_features=4).sample(N_TASKS, random_state=0)


@pytest.fixture(scope="module")
def meta(clusters):
    return ProtoNetClassifier(max_epochs=1, steps_per_epoch=3, random_state=0).fit(clusters[:20])


def as_table(tasks, seed=0):
    """The tasks' rows as one table in random order, query rows without labels; ``row`` says where each came from."""
    parts = []
    for number, task in enumerate(tasks):
        X = np.r_[task.X, task.X_query]
        part = pd.DataFrame(X, columns=list("abcd")[: X.shape[1]])
        part["y"] = np.r_[np.asarray(task.y, float), np.full(len(task.X_query), np.nan)]
        part["customer"] = 1000 + number
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table["row"] = np.arange(len(table))
    return table.sample(frac=1, random_state=seed)


def frame_of(X):
    return pd.DataFrame(X, columns=list("abcd")[: X.shape[1]])


@pytest.fixture(scope="module")
def table(clusters):
    return as_table(clusters)


@pytest.fixture(scope="module")
def expected(meta, clusters, table):
    unlabelled = [Task(task.X, np.asarray(task.y), task.X_query) for task in clusters]
    rows = table[table["y"].isna()].sort_values("row")["row"].to_numpy()
    return pd.Series(np.concatenate(meta.predict(unlabelled)), index=rows)


@pytest.fixture(scope="module")
def answer(meta):
    return task_answerer(meta, task="customer", target="y", features=list("abcd"))


def check(answers, expected):
    answers = answers.set_index("row")["y"].sort_index()
    assert answers.index.tolist() == expected.index.tolist()
    np.testing.assert_array_equal(answers.to_numpy().astype(int), expected.to_numpy())


def test_unlabelled_rows_are_answered_as_predict_answers_their_tasks(answer, table, expected):
    before = table.copy()
    answers = answer(table)
    check(answers, expected)
    assert_frame_equal(table, before)
    assert answers.index.tolist() == table.index[table["y"].isna()].tolist()
    assert_frame_equal(answers.drop(columns="y"), table[table["y"].isna()].drop(columns="y"))


def test_targets_are_answered_in_the_users_units_and_names_of_columns_are_those_of_fit():
    tasks = Sinusoids(n_shots=6, n_query=4).sample(12, random_state=0)
    named = [
        Task(pd.DataFrame(task.X, columns=["a"]), task.y, pd.DataFrame(task.X_query, columns=["a"])) for task in tasks
    ]
    meta = MAMLRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(
        [Task(task.X, task.y, task.X_query, y.y_query) for task, y in zip(named, tasks)]
    )
    answers = task_answerer(meta, task="customer", target="y")(as_table(tasks)).sort_values("row")["y"]
    # the rows of a task come in another order, and are added up in single precision
    np.testing.assert_allclose(answers, np.concatenate(meta.predict(named)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [object, "boolean"])
def test_labels_beside_missing_ones_may_be_truth_values(answer, table, dtype):
    table = table[table["y"] != 2]
    numbers = answer(table).set_index("row")["y"]
    flags = table["y"].astype(object).where(table["y"].isna(), table["y"] == 1)
    flags = flags.where(flags.notna(), None).astype(dtype)
    found = answer(table.assign(y=flags)).set_index("row")["y"]
    assert_array_equal(found.astype(bool), numbers == 1)


def test_tasks_that_ask_nothing_and_tables_that_are_empty(answer, table, expected):
    silent = table[table["y"].notna()].assign(customer=5)
    check(answer(pd.concat([silent, table])), expected)
    for nothing in (table[:0], silent):
        assert list(answer(nothing).columns) == list(table.columns)
        assert len(answer(nothing)) == 0


def test_a_column_that_is_not_there_is_named(answer, table):
    with pytest.raises(ValueError, match="There is no column 'customer' in this table; it has"):
        answer(table.drop(columns="customer"))


def test_a_worker_loads_the_estimator_once_and_from_a_file_where_it_is_one(
    meta, table, expected, tmp_path, monkeypatch
):
    import skmeta
    from skmeta.scale import task_answerer as module

    meta.save(tmp_path / "meta")
    answer = pickle.loads(
        pickle.dumps(task_answerer(tmp_path / "meta", task="customer", target="y", features=list("abcd")))
    )
    assert len(pickle.dumps(answer)) < 2000
    loaded = []
    monkeypatch.setattr(skmeta, "load", lambda path, load=skmeta.load: loaded.append(path) or load(path))
    monkeypatch.setattr(sys.modules[module.__module__], "_LOADED", {})
    for _ in range(3):
        check(answer(table), expected)
    assert len(loaded) == 1


# ---------------------------------------------------------------------- engines


@pytest.mark.full
def test_dask_in_two_processes(answer, table, expected):
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed: pip install 'skmeta[dask]'")
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        parts = dd.from_pandas(table.reset_index(drop=True), npartitions=4).shuffle("customer")
        answers = parts.map_partitions(answer, meta=parts._meta).compute()
    check(answers, expected)


def stores(first, n_stores, n_rows=12):
    """Rows of stores that share a slope and have levels of their own."""
    store = np.repeat(np.arange(first, first + n_stores), n_rows)
    rng = np.random.default_rng(first)
    X = pd.DataFrame(rng.normal(size=(len(store), 2)), columns=["price", "rain"])
    level = rng.normal(size=n_stores)[store - first]
    return X.assign(store=store, sold=X["price"] + level + 0.1 * rng.normal(size=len(store)))


@pytest.fixture(scope="module")
def mixture():
    sample = stores(0, 20)
    mixture = TaskMixtureRegressor(meta=[], task="store", random_state=0)
    return mixture.fit(sample.drop(columns="sold"), sample["sold"])


@pytest.fixture(scope="module")
def further():
    """Stores whose last four rows are asked; and what a mixture in memory says of these."""
    table = stores(100, 9)
    is_asked = table.groupby("store").cumcount() >= 8
    return table.assign(sold=table["sold"].where(~is_asked)), is_asked


def in_memory(mixture, table, is_asked):
    mixture, X = copy.deepcopy(mixture), table.drop(columns="sold")
    return mixture.partial_fit(X[~is_asked], table["sold"][~is_asked]).predict(X[is_asked])


def test_a_mixture_learned_on_a_sample_answers_chunks_of_tasks_as_it_does_in_memory(mixture, further):
    table, is_asked = further
    answer = task_answerer(mixture, task="store", target="sold")
    chunks = [answer(table[table["store"] % 3 == place]) for place in range(3)]
    found = pd.concat(chunks)["sold"].sort_index()
    np.testing.assert_allclose(found, in_memory(mixture, table, is_asked), rtol=1e-9)


@pytest.mark.full
def test_a_mixture_learned_on_a_sample_answers_partitions_of_dask(mixture, further):
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed: pip install 'skmeta[dask]'")
    table, is_asked = further
    parts = dd.from_pandas(table, npartitions=3).shuffle("store")
    answer = task_answerer(mixture, task="store", target="sold")
    found = parts.map_partitions(answer, meta=parts._meta).compute(scheduler="sync")["sold"].sort_index()
    np.testing.assert_allclose(found, in_memory(mixture, table, is_asked), rtol=1e-9)


@pytest.mark.full
def test_a_worker_of_dask_that_is_killed_loses_and_doubles_nothing(answer, table, expected, tmp_path):
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed: pip install 'skmeta[dask]'")
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        parts = dd.from_pandas(table.reset_index(drop=True), npartitions=4).shuffle("customer")
        answers = parts.map_partitions(KilledOnce(answer, str(tmp_path / "killed")), meta=parts._meta).compute()
    assert (tmp_path / "killed").exists()
    check(answers, expected)


@pytest.mark.full
def test_ray(answer, table, expected):
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'skmeta[ray]'")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        data = ray.data.from_pandas(table.reset_index(drop=True)).repartition(2, keys=["customer"])
        answers = data.map_batches(answer, batch_format="pandas", batch_size=None).to_pandas()
    finally:
        ray.shutdown()
    check(answers, expected)


@pytest.mark.full
def test_spark(answer, table, expected, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)  # of the workers; else it is the first python3 of the path
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'skmeta[spark]'")
    if subprocess.run(["which", "java"], capture_output=True).returncode:
        pytest.skip("Spark needs Java")
    spark = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.createDataFrame(table.reset_index(drop=True))
        buckets = frame.groupBy(sql.functions.expr("pmod(hash(customer), 4)"))
        answers = buckets.applyInPandas(lambda rows: answer(rows), schema=frame.schema).toPandas()
    finally:
        spark.stop()
    check(answers, expected)
