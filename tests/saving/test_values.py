"""Values come out of JSON as they went in, with their types."""

import json
from collections import UserList

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from scipy import sparse

from skmeta.saving.objects import Decoder, Encoder
from skmeta.saving.registry import NotSavable
from skmeta.tasks import Task, TaskSet


def there_and_back(value):
    encoder = Encoder()
    text = json.dumps(encoder.encode(value))
    arrays = {str(place): array for place, array in enumerate(encoder.arrays)}
    n_bytes = len(text) + sum(array.nbytes for _, array in encoder.arrays)
    return Decoder(arrays, n_bytes).decode(json.loads(text))


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.booleans(), inner, max_size=12)
    ),
    max_leaves=20,
)


def test_a_list_in_disguise_comes_back_as_a_list():
    class Columns(UserList):
        """As the one in which some versions of scikit-learn keep the columns that remain."""

    assert there_and_back(("rest", Columns([0, 2]))) == ("rest", [0, 2])


@given(values)
def test_values_survive_with_their_types(value):
    assert repr(there_and_back(value)) == repr(value)


@given(
    hnp.arrays(
        st.sampled_from(["f8", "f4", "f2", "i8", "i4", "i1", "u1", "u4", "?", ">f8", ">i4", "U3", "M8[ns]", "m8[D]"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays_survive_with_their_shapes(array):
    again = there_and_back(array)
    assert_array_equal(again, array)
    assert again.shape == array.shape
    assert again.dtype == array.dtype.newbyteorder("=")


def test_the_order_in_memory_survives():
    array = np.arange(6.0).reshape(2, 3)
    assert there_and_back(array.T).flags.f_contiguous and not there_and_back(array.T).flags.c_contiguous
    assert_array_equal(there_and_back(array.T), array.T)


@given(st.lists(hnp.arrays("f8", st.tuples(st.integers(0, 3), st.just(2))), min_size=9, max_size=12))
def test_many_arrays_alike_survive_as_one(arrays):
    again = there_and_back(dict(enumerate(arrays)))
    for place, array in enumerate(arrays):
        assert_array_equal(again[place], array)


@pytest.mark.parametrize(
    "value",
    [
        np.float32(3), np.str_("a"), np.bool_(True), np.datetime64("2020-01-01"), slice(1, None, 2), np.float64,
        torch.float16, torch.nn.Tanh, {1.5}, frozenset({"a"}), [np.int64(3)] * 20, np.dtype("<f4"), float("-inf"),
    ],
    ids=repr,
)  # fmt: skip
def test_small_things_survive(value):
    again = there_and_back(value)
    assert type(again) is type(value) and repr(again) == repr(value)


def test_records_of_numbers_survive():
    array = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "u1"), ("b", "f4")])
    again = there_and_back(array)
    assert again.dtype == array.dtype and again.tolist() == array.tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.bool])
def test_tensors_survive(dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    again = there_and_back(tensor)
    assert again.dtype == dtype and torch.equal(again, tensor)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.coo_array])
def test_sparse_tables_survive(kind):
    matrix = kind(np.array([[0, 1.5, 0], [2.5, 0, 0]]))
    again = there_and_back(matrix)
    assert type(again) is kind
    assert_array_equal(again.toarray(), matrix.toarray())


@pytest.mark.parametrize("long", [False, True])
def test_text_with_one_very_long_word_takes_no_more_than_it_holds(long):
    array = np.array(["a", "b", "x" * 10_000 if long else "c"] * 50)
    assert_array_equal(there_and_back(array), array)


def test_tables_keep_their_columns():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan, 3.0],
            "word": ["a", None, "c"],
            "kind": pd.Categorical(["x", "y", None], categories=["y", "x", "z"], ordered=True),
            "when": pd.to_datetime(["2020-01-01", None, "2021-06-01"]),
            "where": pd.to_datetime(["2020-01-01", "2020-01-02", "2021-06-01"]).tz_localize("Europe/Rome"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "flag": [True, False, True],
        }
    )
    pd.testing.assert_frame_equal(there_and_back(frame), frame)
    assert there_and_back(frame[[]]).shape == (3, 0)


@pytest.mark.parametrize("generator", [np.random.RandomState(3), np.random.default_rng(3)])
def test_random_generators_go_on_where_they_were(generator):
    again = there_and_back(generator)
    assert_array_equal(again.normal(size=5), generator.normal(size=5))


def test_an_object_met_twice_is_one_object_again():
    task = Task(np.ones((3, 2)), [0, 1, 1], name="one")
    again = there_and_back([task, {"it": task}])
    assert again[0] is again[1]["it"]
    assert_array_equal(again[0].X, task.X)


def test_sets_of_tasks_survive():
    tasks = TaskSet([(np.ones((3, 2)) * i, [0, 1, 1]) for i in range(20)])
    again = there_and_back(tasks)
    assert_array_equal(again[7].X, tasks[7].X)


@pytest.mark.parametrize("value", [object(), lambda: 0, open, b"bytes", 1j, "\ud800", np.array([1j]), print])
def test_what_has_no_place_in_a_file_is_refused(value):
    with pytest.raises(NotSavable, match="not among"):
        Encoder().encode(value)


def test_a_list_that_holds_itself_is_refused():
    task = Task(np.ones((3, 2)), [0, 1, 1])
    object.__setattr__(task, "name", (task,))
    with pytest.raises(NotSavable, match="holds itself"):
        Encoder().encode(task)
