"""The protocol for anything tasks can be drawn from, and mixtures of families."""

import numpy as np
import pandas as pd
import pytest

from skmeta.tasks.clusters import GaussianClusters
from skmeta.tasks.distributions import (
    BaseTaskDistribution,
    TaskDistribution,
    TaskFamilyMixture,
    concatenate_tasksets,
    is_task_distribution,
)
from skmeta.tasks.families import LinearFamily, QuadraticFamily, Sinusoids
from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet


class DuckTyped:
    def sample(self, n_tasks, random_state=None):
        return TaskSet([Task(np.zeros((2, 1)), [0.5, 1.5])] * n_tasks)


@pytest.mark.parametrize("source", [Sinusoids(), GaussianClusters(), DuckTyped(), BaseTaskDistribution()])
def test_anything_with_the_right_sample_is_a_distribution(source):
    assert isinstance(source, TaskDistribution)
    assert is_task_distribution(source)


@pytest.mark.parametrize("source", [pd.DataFrame({"a": [1]}), pd.Series([1.0]), np.zeros(3), [1, 2], Sinusoids, None])
def test_tables_classes_and_plain_objects_are_not(source):
    assert not is_task_distribution(source)


def test_a_subclass_without_draw_is_told_what_to_write():
    with pytest.raises(NotImplementedError, match="write _draw"):
        BaseTaskDistribution().sample(1)


def test_a_mixture_remembers_the_family_of_every_task():
    flat = LinearFamily(1, 1, mean_scale=0.0, spread=0.0, intercept_scale=0.0, noise=0.0)
    mixture = TaskFamilyMixture({"flat": flat, "wave": Sinusoids()})
    tasks, made_of = mixture.sample_with_parameters(40, random_state=0)
    assert set(made_of["family"]) == {"flat", "wave"}
    for position, (task, family) in enumerate(zip(tasks, made_of["family"])):
        assert task.name == f"{family}/{position}"
        # the flat family is zero everywhere, a wave is not: the name tells the truth about the rows
        assert (family == "flat") == bool((task.y == 0).all())


def test_weights_decide_how_often_a_family_is_drawn():
    mixture = TaskFamilyMixture([Sinusoids(), QuadraticFamily(n_features=1)], weights=[3, 1])
    family = mixture.sample_with_parameters(4000, random_state=0)[1]["family"]
    assert np.mean(family == 0) == pytest.approx(0.75, abs=0.03)  # four standard errors of sqrt(.75 * .25 / 4000)


def test_a_family_of_weight_zero_never_appears():
    mixture = TaskFamilyMixture([Sinusoids(), DuckTyped()], weights=[1, 0])
    assert set(mixture.sample_with_parameters(50, random_state=0)[1]["family"]) == {0}


def test_ragged_families_keep_their_own_sizes():
    mixture = TaskFamilyMixture({"a": Sinusoids(n_shots=3, n_query=0), "b": Sinusoids(n_shots=7, n_query=2)})
    tasks, made_of = mixture.sample_with_parameters(20, random_state=1)
    for task, family in zip(tasks, made_of["family"]):
        assert len(task.X) == {"a": 3, "b": 7}[family]
        assert (task.X_query is None) == (family == "a")


def test_a_mixture_of_mixtures_draws_the_same_again():
    mixture = TaskFamilyMixture([TaskFamilyMixture([Sinusoids(), Sinusoids("meta-sgd")]), Sinusoids(noise=1.0)])
    assert mixture.n_features == 1 and mixture.task_type == "regression"
    np.testing.assert_array_equal(mixture.sample(6, 3).pooled[1], mixture.sample(6, 3).pooled[1])


@pytest.mark.parametrize(
    ("families", "weights", "message"),
    [
        ([], None, "non-empty"),
        (Sinusoids(), None, "mapping or sequence"),
        ([Sinusoids(), "wave"], None, "Family 1 is not a task distribution"),
        ([Sinusoids(), LinearFamily(n_features=2)], None, "same n_features"),
        ([Sinusoids(), GaussianClusters(n_features=1)], None, "same task_type"),
        ([Sinusoids()], [1, 2], "each of the 1 families"),
        ([Sinusoids()], [0], "each of the 1 families"),
        ([Sinusoids()], [-1], "each of the 1 families"),
    ],
)
def test_families_that_cannot_be_mixed_are_refused_at_once(families, weights, message):
    with pytest.raises(ValueError, match=message):
        TaskFamilyMixture(families, weights)


def test_concatenating_sets_keeps_order_names_and_query_rows():
    a = TaskSet([Task([[1.0]], [1.0], name="a")])
    b = TaskSet([Task([[2.0]], [2.0], [[3.0]], [3.0], name="b"), Task([[4.0]], [4.0], [[5.0]], name="c")])
    both = concatenate_tasksets([a, b])
    assert list(both.names) == ["a", "b", "c"]
    assert both[0].X_query is None
    assert both[1].y_query.tolist() == [3.0]
    assert both[2].X_query.tolist() == [[5.0]] and both[2].y_query is None
