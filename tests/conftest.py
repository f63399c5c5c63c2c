"""Small tasks that many tests share, and the settings they all run under."""

import gc
import os

os.environ.setdefault("SKMETA_KERNEL", "0")  # what is tested does not depend on a compiler; tests/native has its own
os.environ["SCIPY_ARRAY_API"] = "1"  # read when scikit-learn is imported; without it one of its checks is a skip

import numpy as np
import pytest
import torch
from hypothesis import settings

from skmeta.tasks import GaussianClusters, Sinusoids, Task, TaskSet

torch.set_num_threads(1)
torch.manual_seed(0)  # of layers that are made when tests are collected
# no test depends on the clock, and a run that failed fails again
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")


#: whose checks that all have in common only the full run makes: others of every run are trained by the same code
LATER = (
    "BayesianHead", "FineTuneTransferRegressor", "HyperNet", "InContextRegressor", "LearnedOptimizer", "MANN",
    "MatchingNet", "MetaKNeighbors", "MetaOptNetRegressor", "MultiTask", "NeuralProcess", "Recurrent", "RelationNet",
    "Reptile", "SiameseNet", "SimpleShot", "TaskMixtureRegressor", "TripletNet", "WeightAverage",
)  # fmt: skip
#: tests that take long, which the full run adds; by what their names hold
LONG = (
    "learners/test_model_based.py::test_classifiers_learn_to_learn",
    "learners/test_model_based.py::test_regressors_learn_to_learn",
    "learners/test_model_based.py::test_neural_processes_are_surer",
    "test_default_training.py",
    "test_without_docstrings.py",
    "test_augment.py::test_augmented_tasks_teach",
    "test_memory.py::test_answers_take_the_memory",
    "test_task_column.py::test_searches_curves",
    "test_task_answerer.py::test_a_mixture_learned_on_a_sample",
    "test_simple_shot.py::test_it_learns",
    "test_held_out_classes.py::test_what_acts_on_steps_is_rehearsed",
    "test_held_out_classes.py::test_where_class_means_are_all_there_is_to_know_training_does_no_harm[Proto",
    "test_held_out_classes.py::test_training_on_few_tasks_does_no_harm_where_class_means_are_all_there_is_to_know[Proto",
    "test_pace.py::test_tasks_with_shared_classes",
    "test_held_out_classes.py::test_training_on_few_tasks_does_no_harm_where_class_means_are_all_there_is_to_know[Hyper",
    "test_metric_estimators.py::test_a_space_learned_from_unlabelled_rows",
    "test_learned_optimizer.py::test_meta_training_beats",
    "test_sklearn_furniture.py::test_two_workers_give_what_one_gives",
    "source_selection/test_source_selection.py",
    "task_mixture/test_task_mixture.py",
    "task_mixture/test_ahead.py::test_where_lines_do_not_go_on",
    "task_mixture/test_ahead.py::test_intervals",
    "task_mixture/test_ahead.py::test_tasks_that",
    "task_mixture/test_ahead.py::test_chances_go_on",
    "task_mixture/test_ahead.py::test_rows_of_the_table",
    "task_mixture/test_intervals.py::test_nine_in_ten",
    "task_mixture/test_row_groups.py::test_repeated_measures",
    "task_mixture/test_row_weights.py::test_rows_of_next_to_no_weight",
    "task_mixture/test_row_weights.py::test_only_proportions_count[classifier",
    "task_mixture/test_contract.py::test_the_number_of_threads",
    "mixed_models/test_power_law.py::test_a_mixture_gains",
    "saving/test_everything_survives.py::test_whatever_is_public_survives[mixture",
    "campaign/test_threads.py::test_some_answers",
    "model_selection/test_compare.py::test_two_of_one_class",
    "model_selection/test_compare.py::test_pandas_is_needed",
    "scale/test_processes.py",
    "docs/test_pages.py::test_every_code_block",
    "test_readme.py::test_every_python_block",
    "test_no_network.py",
    "test_sklearn_furniture.py::test_mixed_columns",
    "test_sklearn_furniture.py::test_wrapped_it_still_classifies",
    "test_sklearn_furniture.py::test_nested_cross_validation",
    "test_sklearn_tasks.py::test_grid_search_over",
    "test_many_tasks.py::test_targets_standardised",
    "test_metric_estimators.py::test_it_learns_a_space",
    "test_bayesian_head_regressor.py",
    "test_in_context.py::test_tasks_continue",
    "test_in_context.py::test_a_support_beyond",
    "task_mixture/test_contract.py",
    "task_mixture/test_far_from_zero.py::test_a_table_far_from_zero_is_answered_as_near_ones_and_as_surely[classifier",
    "test_trees_beside.py",
    "test_boil.py::test_separable_tasks",
    "test_held_out_classes.py::test_more_ways_and_shots",
    "test_held_out_classes.py::test_where_class_means",
    "test_held_out_classes.py::test_what_classes_have",
    "test_held_out_classes.py::test_what_few_tasks_have",
    "test_meaning_of_labels.py::test_a_task_with_more",
    "test_meaning_of_labels.py::test_dense_rows_of_many",
    "test_meaning_of_labels.py::test_the_same_clusters",
    "test_meaning_of_labels.py::test_what_chance_makes",
    "test_ahead.py::test_so_is_growth",
    "test_implicit.py::test_meta_training",
    "test_implicit.py::test_the_meta_gradient_equals",
    "test_implicit.py::test_training_stays_finite",
    "test_reptile.py::test_meta_training",
    "test_residual.py::test_training_departs",
    "test_training_run.py",
    "test_resumable.py::test_a_killed",
    "test_onnx_export.py",
    "campaign/test_bad_inputs.py::test_some",
    "test_defaults_from_data.py::test_a_classifier_of_one_small_table",
    "test_meta_neighbours.py::test_regression_neighbours",
    *(f"called_alike_are_the_same[{names}" for names in ("numbers from 1", "floats", "digits", "objects")),
    *(f"test_sklearn_checks.py::test_scikit_learn_check[{name}" for name in LATER),
    *(f"test_precision.py::test_tasks_that_lie_far_from_zero_are_answered_as_near_ones[{name}" for name in LATER),
)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported stays, and takes seconds to be looked through for garbage, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if any(part in item.nodeid for part in LONG):
            item.add_marker(pytest.mark.full)


@pytest.fixture(autouse=True)
def same_numbers_in_every_run():
    """Whatever ran before, and in which of the worker processes."""
    torch.default_generator.manual_seed(0)  # the CPU's alone: devices that are not there would take longer
    np.random.seed(0)  # noqa: NPY002 - what random_state=None draws from


@pytest.fixture(scope="session")
def cluster_tasks():
    """16 tasks of 3 classes that mean something else in each; 3 support and 4 query rows of every class."""
    return GaussianClusters(n_ways=3, n_shots=3, n_query=4, n_features=4, n_irrelevant=2).sample(16, random_state=0)


@pytest.fixture(scope="session")
def unsplit_cluster_tasks():
    """16 tasks of 2 to 4 classes, 8 rows of each, without a query part."""
    return GaussianClusters(n_ways=(2, 4), n_shots=8, n_query=0, n_features=4, n_irrelevant=2).sample(
        16, random_state=1
    )


@pytest.fixture(scope="session")
def sinusoid_tasks():
    """16 sine waves: 6 support and 8 query rows."""
    return Sinusoids(n_shots=6, n_query=8).sample(16, random_state=0)


def make_shared_tasks(n_tasks=12, n_rows=20, seed=0):
    """Tasks that share the labels "stay" and "leave" but differ in where the border lies."""
    rng = np.random.default_rng(seed)
    tasks = []
    for i in range(n_tasks):
        X = rng.normal(size=(n_rows, 3))
        leaves = X[:, 0] + 0.5 * X[:, 1] > rng.normal(scale=0.3)
        leaves[:2] = [True, False]
        tasks.append(Task(X, np.where(leaves, "leave", "stay"), name=f"site {i}"))
    return TaskSet(tasks)


@pytest.fixture(scope="session")
def shared_tasks():
    return make_shared_tasks()


@pytest.fixture(scope="session")
def frame_tasks():
    """6 tasks as DataFrames with a number (some missing), a category and a string column."""
    import pandas as pd

    rng = np.random.default_rng(0)
    tasks = []
    for i in range(6):
        size = rng.normal(size=12)
        frame = pd.DataFrame(
            {
                "size": np.where(rng.random(12) < 0.1, np.nan, size),
                "colour": pd.Categorical(rng.choice(["red", "green"], 12), categories=["red", "green", "blue"]),
                "maker": rng.choice(["north", "south"], 12),
            }
        )
        y = np.where(size + 0.3 * rng.normal(size=12) > 0, "big", "small")
        y[:2] = ["big", "small"]
        tasks.append(Task(frame, y, name=i))
    return TaskSet(tasks)


def rng_states():
    """Everything that numpy's and torch's global random generators hold."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return (name, keys.tobytes(), *rest), torch.random.get_rng_state().numpy().tobytes()


@pytest.fixture
def rng_untouched():
    """Fails the test if the global random generators moved."""
    before = rng_states()
    yield
    assert rng_states() == before
