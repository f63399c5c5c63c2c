"""A stream that hands in the states of tasks with each chunk is answered as if all rows had come at once."""

import base64
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal

import skmeta as sk
from skmeta.saving.plain import fingerprint_of, read_plain, write_plain
from skmeta.scale import task_answerer
from skmeta.tasks import GaussianClusters, Sinusoids
from tests.scale.killed_once import KilledOnce

SHORT = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}
SHOWN = {"task": "customer", "target": "y"}


def classes(n_ways=2):
    """Tasks whose classes are their own."""
    return GaussianClusters(n_ways=n_ways, n_shots=3, n_query=3, n_features=3).sample(8, random_state=0)


def waves():
    return Sinusoids(n_shots=6, n_query=4).sample(8, random_state=0)


def of_numbers(seed, n_rows=240, n_columns=3):
    """A long table of six tasks; late ones show a third class, and no task shows both others at first."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n_rows, n_columns)), columns=list("abc")[:n_columns])
    late = np.arange(n_rows) * rng.uniform(size=n_rows) > n_rows / 2
    y = np.where(late, 2.0, (table["a"] > 0) * (np.arange(n_rows) > 20))
    customer = rng.choice(["ann", "bob", "cy", "dee", "eve", "fay"], n_rows)
    return table.assign(customer=customer, y=np.where(rng.uniform(size=n_rows) < 0.3, np.nan, y))


def of_targets(seed):
    table = of_numbers(seed, n_columns=1)
    return table.assign(y=table["y"].where(table["y"].isna(), np.sin(table["a"])))


def of_text(seed):
    """Columns of text, truth values and whole numbers, as a mixture reads them."""
    table, rng = of_targets(seed), np.random.default_rng(seed)
    colour = rng.choice(["red", "blue"], len(table))
    return table.assign(colour=colour, new=table["a"] > 1, size=rng.integers(0, 9, len(table)))


def mixture(table):
    learned = of_text(100).dropna()
    learned = learned.assign(y=learned["y"] + learned["size"] * 0.1)
    return sk.TaskMixtureRegressor(meta=[], task="customer", random_state=0).fit(
        learned.drop(columns="y"), learned["y"]
    )


#: how an estimator is made, a table of the tasks that it is asked about, and by what their states are known at last
KINDS = {
    "prototypes": (lambda t: sk.ProtoNetClassifier(torch.nn.Identity, **SHORT).fit(classes()), of_numbers, "sums"),
    "shared classes": (
        lambda t: sk.ProtoNetClassifier(torch.nn.Identity, labels="shared", **SHORT).fit(classes()),
        of_numbers,
        "sums",
    ),
    "centred": (lambda t: sk.SimpleShotClassifier(torch.nn.Identity, **SHORT).fit(classes()), of_numbers, "sums"),
    "bayesian": (lambda t: sk.BayesianHeadRegressor(torch.nn.Identity, **SHORT).fit(waves()), of_targets, "sums"),
    "large": (lambda t: sk.BayesianHeadRegressor(**SHORT).fit(waves()), of_targets, "rows"),
    "gradients": (lambda t: sk.MAMLRegressor(inner_steps=1, **SHORT).fit(waves()), of_targets, "rows"),
    "mixture": (mixture, of_text, "rows"),
}


@pytest.fixture(scope="module")
def fitted():
    made = {}
    return lambda kind: made.setdefault(kind, KINDS[kind][0](None))


def stream(answer, chunks):
    """The answers to each chunk in turn, and the states after the last."""
    states, found = None, []
    for chunk in chunks:
        out = answer(chunk if states is None else pd.concat([states, chunk]))
        states = out[out["state"].notna()]
        found.append(out[out["state"].isna()].drop(columns="state"))
    return found, states


def inside(state):
    return read_plain(base64.b64decode(state), "This state")


def text_of(data):
    return base64.b64encode(data).decode()


def split(table, seed):
    """A table in up to five chunks, at places of which some may be equal."""
    places = np.sort(np.random.default_rng(seed).integers(0, len(table), 4))
    return [table.iloc[first:last] for first, last in zip([0, *places], [*places, len(table)])]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in (1, 2))])
@pytest.mark.parametrize("kind", KINDS)
def test_chunks_of_any_sizes_are_answered_as_all_rows_so_far(kind, seed, fitted):
    meta, table = fitted(kind), KINDS[kind][1](seed)
    first = table.groupby("customer").head(4).index  # nobody is asked before a row was shown
    table.loc[first, "y"] = table.loc[first, "y"].fillna(0.0)
    chunks = [chunk for chunk in split(table, seed) if len(chunk)]
    found, states = stream(task_answerer(meta, **SHOWN, return_state=True), chunks)
    at_once, labelled = task_answerer(meta, **SHOWN), table[:0]
    for chunk, answers in zip(chunks, found):
        labelled = pd.concat([labelled, chunk[chunk["y"].notna()]])
        expected = at_once(pd.concat([labelled, chunk[chunk["y"].isna()]]))
        assert answers.index.tolist() == expected.index.tolist()
        np.testing.assert_allclose(answers["y"].astype(float), expected["y"].astype(float), rtol=1e-6, atol=1e-6)
    assert sorted(states["customer"]) == sorted(table["customer"].unique())
    assert {KINDS[kind][2]} <= {key for data in states["state"] for key in inside(data)}


def test_a_state_does_not_grow_where_the_learner_can_tell_a_task_by_sums(fitted):
    answer = task_answerer(fitted("prototypes"), **SHOWN, return_state=True)
    chunks = [of_numbers(0).assign(customer="ann") for _ in range(3)]
    _, states = stream(answer, chunks)
    (three,), (once,) = states["state"], stream(answer, chunks[:1])[1]["state"]
    assert len(three) < len(once) + 50
    _, of_rows = stream(task_answerer(fitted("gradients"), **SHOWN, return_state=True), [of_targets(0)] * 3)
    assert of_rows["state"].map(len).sum() > 3 * 8 * 2 * 4 / 3 * of_targets(0)["y"].notna().sum()


def test_states_pass_through_a_chunk_without_their_tasks_and_columns_keep_their_kinds(fitted):
    answer = task_answerer(fitted("mixture"), **SHOWN, return_state=True)
    table = of_text(0)
    states = answer(table[table["y"].notna()])
    assert_frame_equal(answer(states), states)
    out = answer(pd.concat([states, table[table["y"].isna()]]))
    assert out.drop(columns=["state", "y"]).dtypes.tolist() == table.drop(columns="y").dtypes.tolist()
    assert list(out.columns) == [*table.columns, "state"]
    assert answer(table[:0]).columns.tolist() == out.columns.tolist()


def test_a_state_of_another_fit_is_refused_and_one_of_a_copy_is_not(fitted, tmp_path):
    meta, table = fitted("prototypes"), of_numbers(0)
    states = stream(task_answerer(meta, **SHOWN, return_state=True), [table])[1]
    meta.save(tmp_path / "meta")
    for copied in (pickle.loads(pickle.dumps(meta)), tmp_path / "meta"):
        assert len(task_answerer(copied, **SHOWN, return_state=True)(states)) == len(states)
    other = sk.ProtoNetClassifier(torch.nn.Identity, **SHORT | {"max_epochs": 2}).fit(classes())
    with pytest.raises(ValueError, match=r"The state of task 'ann' was made by another ProtoNetClassifier, or by this"):
        task_answerer(other, **SHOWN, return_state=True)(states)


def test_states_that_cannot_be_are_refused_in_words(fitted):
    meta = fitted("gradients")
    answer = task_answerer(meta, **SHOWN, return_state=True)
    states = stream(answer, [of_targets(0)])[1].sort_values("customer")
    with pytest.raises(ValueError, match="The state of task 'ann' is there twice"):
        answer(pd.concat([states, states]))
    good = base64.b64decode(states["state"].iloc[0])
    owner = fingerprint_of(meta)
    for bad, why in {
        text_of(b"no state"): "not a file saved by skmeta",
        text_of(good[:-1]): "truncated or damaged",
        text_of(good[:-1] + bytes([good[-1] ^ 1])): "has been changed since it was saved",
        text_of(pickle.dumps({"model": 1})): "truncated or damaged",
        text_of(write_plain([1])): "something else than what a task has shown",
        text_of(
            write_plain({"model": owner, "rows": np.zeros((2, 1)), "labels": np.zeros(3)})
        ): "other rows than labels",
        text_of(write_plain({"model": owner, "rows": np.zeros((2, 7)), "labels": np.zeros(2)})): "other columns than",
        "text?": "should be text that a state was written as, but is 'text",
        7.5: "should be text that a state was written as, but is .*7.5",
    }.items():
        with pytest.raises(ValueError, match=why):
            answer(states[:1].assign(state=[bad]))
    taken = {"a": "a feature of the estimator", "y": "that of the targets", "customer": "that of the tasks"}
    for name, what in taken.items():
        with pytest.raises(ValueError, match=f"The column '{name}' is {what}: name another one for the states"):
            task_answerer(meta, **SHOWN, features=["a"], return_state=name)


def test_the_column_of_states_may_have_another_name(fitted):
    answer = task_answerer(fitted("gradients"), **SHOWN, return_state="memory")
    out = answer(of_targets(0))
    assert out["memory"].notna().sum() == 6 and len(answer(out[out["memory"].notna()])) == 6


# ---------------------------------------------------------------------- engines


def numbers_of_customers(n_customers=9):
    """A stream in two chunks; the second asks."""
    table = of_numbers(3).assign(customer=lambda rows: np.arange(len(rows)) % n_customers)
    first, second = table[table["y"].notna()][:90], table[150:]
    return first, second, pd.concat([first, second])


def check(found, expected):
    found = found[found["state"].isna()].sort_values(["customer", "a"], ignore_index=True)
    expected = expected.sort_values(["customer", "a"], ignore_index=True)
    np.testing.assert_array_equal(found["y"].astype(float), expected["y"].astype(float))


@pytest.mark.full
def test_a_stream_over_partitions_of_dask_of_which_a_worker_is_killed(fitted, tmp_path):
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed: pip install 'skmeta[dask]'")
    from distributed import Client, LocalCluster

    meta, (first, second, whole) = fitted("prototypes"), numbers_of_customers()
    answer = KilledOnce(task_answerer(meta, **SHOWN, return_state=True), str(tmp_path / "killed"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        parts = dd.from_pandas(first, npartitions=3).shuffle("customer")
        like = parts._meta.assign(state="")
        parts.map_partitions(answer, meta=like).to_parquet(tmp_path / "states")
        assert (tmp_path / "killed").exists()
        states = dd.read_parquet(tmp_path / "states")
        both = dd.concat([states, dd.from_pandas(second, npartitions=2)]).shuffle("customer")
        found = both.map_partitions(answer, meta=like).compute()
    check(found, task_answerer(meta, **SHOWN)(whole))
    assert found["state"].notna().sum() == 9


@pytest.mark.full
def test_a_stream_over_batches_of_ray(fitted):
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'skmeta[ray]'")
    meta, (first, second, whole) = fitted("prototypes"), numbers_of_customers()
    answer = task_answerer(meta, **SHOWN, return_state=True)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)

    def answered(table):
        data = ray.data.from_pandas(table.reset_index(drop=True)).repartition(2, keys=["customer"])
        return data.map_batches(answer, batch_format="pandas", batch_size=None).to_pandas()

    try:
        found = answered(pd.concat([answered(first), second]))
    finally:
        ray.shutdown()
    check(found, task_answerer(meta, **SHOWN)(whole))


@pytest.mark.full
def test_a_stream_over_buckets_of_spark(fitted, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)  # of the workers; else it is the first python3 of the path
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'skmeta[spark]'")
    if subprocess.run(["which", "java"], capture_output=True).returncode:
        pytest.skip("Spark needs Java")
    meta, (first, second, whole) = fitted("prototypes"), numbers_of_customers()
    answer = task_answerer(meta, **SHOWN, return_state=True)
    spark = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()

    def answered(frame):
        buckets = frame.groupBy(sql.functions.expr("pmod(hash(customer), 4)"))
        return buckets.applyInPandas(lambda rows: answer(rows), schema=frame.schema)

    try:
        first, second = (
            spark.createDataFrame(t).withColumn("state", sql.functions.lit(None).cast("string"))
            for t in (first, second)
        )
        states = answered(first).where("state is not null")
        found = answered(states.union(second)).toPandas()
    finally:
        spark.stop()
    check(found, task_answerer(meta, **SHOWN)(whole))
