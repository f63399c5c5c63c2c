"""Every estimator comes out of its file as it went in."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from skorch.callbacks import EarlyStopping

import skmeta
from skmeta import MAMLClassifier, MAMLRegressor, NotAdaptedError, ProtoNetClassifier
from tests.conftest import make_shared_tasks
from tests.estimators.contract import (
    CLASSES,
    CLASSIFIERS,
    answers,
    cheap,
    every_estimator,
    one_task,
    tasks_for,
    trained,
    trained_on_a_table,
    trained_on_shared_labels,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "estimator.skmeta"


@pytest.fixture
def small(path):
    """An adapted estimator, saved."""
    task = one_task(ProtoNetClassifier)
    meta = trained(ProtoNetClassifier).partial_fit(task.X, task.y)
    meta.save(path)
    return meta


def reload(estimator, path, **settings):
    estimator.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return skmeta.load(path, **settings)


@every_estimator
def test_an_adapted_estimator_answers_and_goes_on_as_before(cls, path):
    task = one_task(cls)
    meta = trained(cls).partial_fit(task.X[:-2], task.y[:-2])
    again = reload(meta, path)
    assert type(again) is cls
    assert {name: repr(value) for name, value in again.get_params().items()} == {
        name: repr(value) for name, value in meta.get_params().items()
    }
    assert_array_equal(answers(again, task.X_query), answers(meta, task.X_query))
    assert again.predict(task.X_query).dtype == meta.predict(task.X_query).dtype
    rest = (task.X[-2:], task.y[-2:])
    assert_array_equal(
        answers(again.partial_fit(*rest), task.X_query), answers(meta.partial_fit(*rest), task.X_query)
    )  # fmt: skip


@every_estimator
def test_a_meta_trained_estimator_still_wants_a_task(cls, path):
    meta, tasks = trained(cls), tasks_for(cls)[:4]
    again = reload(meta, path)
    with pytest.raises(NotAdaptedError):
        again.predict(tasks[0].X)
    assert again.score(tasks) == meta.score(tasks)
    for a, b in zip(again.predict(tasks), meta.predict(tasks)):
        assert_array_equal(a, b)


@every_estimator
def test_an_estimator_fitted_on_one_table_survives(cls, path):
    task, meta = one_task(cls), trained_on_a_table(cls)
    assert_array_equal(answers(reload(meta, path), task.X_query), answers(meta, task.X_query))


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_shared_classes_and_text_labels_survive(cls, path):
    meta, task = trained_on_shared_labels(cls), make_shared_tasks(seed=1)[0]
    again = reload(meta.partial_fit(task.X, task.y), path)
    assert again.labels_ == "shared"
    assert again.meta_classes_.tolist() == again.classes_.tolist() == ["leave", "stay"]
    assert_array_equal(again.predict_proba(task.X), meta.predict_proba(task.X))
    assert_array_equal(again.predict(task.X), meta.predict(task.X))


@every_estimator
def test_known_tasks_survive(cls, path):
    X, y, task = tasks_for(cls)[:4].to_long()
    ids = np.array([f"id{i}" for i in task])
    meta = trained(cls).partial_fit(X, y, task=ids)
    again = reload(meta, path)
    assert_array_equal(again.adapted_tasks_, meta.adapted_tasks_)
    assert_array_equal(again.predict(X, task=ids), meta.predict(X, task=ids))


@pytest.mark.parametrize("ids", [[3, 7], ["a", "b"], [2.5, 3.5]])
def test_ids_keep_their_type(ids, path):
    task = one_task(ProtoNetClassifier)
    meta = trained(ProtoNetClassifier).partial_fit(
        np.r_[task.X, task.X], np.r_[task.y, task.y], task=np.repeat(ids, len(task.y))
    )
    assert reload(meta, path).adapted_tasks_.tolist() == ids


def test_an_unfitted_estimator_keeps_its_parameters(path):
    meta = ProtoNetClassifier(
        lr=0.5, n_shots=(1, 5), module__n_hidden=8, module__activation=torch.nn.Tanh, optimizer=torch.optim.SGD
    )
    again = reload(meta, path)
    assert again.get_params() == meta.get_params()
    with pytest.raises(NotFittedError):
        again.predict([[1.0]])


def test_feature_names_declared_classes_and_history_survive(path):
    pd = pytest.importorskip("pandas")
    frame, y = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd")), np.arange(60) % 3
    meta = ProtoNetClassifier(max_epochs=2, steps_per_epoch=2, validation_fraction=0.3, random_state=0)
    meta.fit(frame, y).adapt(frame, y, classes=[0, 1, 2, 9])
    again = reload(meta, path)
    assert again.feature_names_in_.tolist() == list("abcd")
    assert again.predict_proba(frame)[:, 3].tolist() == [0.0] * len(frame)
    with pytest.raises(ValueError, match="not among the declared classes"):
        again.partial_fit(frame[:1], [5])
    for column in ("epoch", "train_loss", "valid_loss", "valid_acc"):
        assert again.net_.history[:, column] == meta.net_.history[:, column]


def test_training_can_go_on_from_a_file(path):
    tasks = tasks_for(ProtoNetClassifier)
    again = reload(trained(ProtoNetClassifier), path).set_params(warm_start=True)
    epochs = len(again.net_.history)
    assert len(again.fit(tasks).net_.history) == epochs + 1


def test_a_scale_for_every_target_survives(path):
    task = one_task(MAMLRegressor)
    meta = cheap(MAMLRegressor, target_scaling="task").fit(task.X, np.c_[task.y, 100 + task.y])
    assert_array_equal(reload(meta, path).predict(task.X), meta.predict(task.X))


def test_a_saved_estimator_can_be_saved_pickled_and_cloned(small, path, tmp_path):
    again = skmeta.load(path)
    X = one_task(ProtoNetClassifier).X_query
    third = reload(pickle.loads(pickle.dumps(again)), tmp_path / "third")
    assert_array_equal(third.predict_proba(X), small.predict_proba(X))


@every_estimator
def test_a_file_is_hardly_larger_than_the_weights(cls, path):
    meta = trained(cls)
    meta.save(path)
    parts = meta.net_.module_.state_dict().values()
    weights = sum(part.numel() * part.element_size() for part in parts)
    assert path.stat().st_size < weights + 8000 + 100 * len(parts)  # the header names every part


def test_a_thousand_known_tasks_take_little_more_than_their_rows(path):
    rng = np.random.default_rng(0)
    X, y, ids = rng.normal(size=(5000, 4)), np.arange(5000) % 2, np.repeat(np.arange(1000), 5)
    meta = trained(ProtoNetClassifier)
    meta.save(path)
    before = path.stat().st_size
    meta.partial_fit(X, y, task=ids).save(path)
    rows = X.nbytes + y.nbytes + 5000 * 8  # and the weights
    assert path.stat().st_size - before < 1.1 * rows


# ---------------------------------------------------------------------- modules of one's own


class Body(torch.nn.Module):
    def __init__(self, n_features_in, width=6):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(n_features_in, width), torch.nn.Tanh())

    def forward(self, X):
        return self.layers(X)


@pytest.mark.parametrize("make", [lambda: Body, lambda: Body(4)], ids=["class", "instance"])
def test_a_module_of_ones_own_has_to_be_handed_in(make, path):
    task = one_task(ProtoNetClassifier)
    meta = cheap(ProtoNetClassifier, module=make()).fit(tasks_for(ProtoNetClassifier)).adapt(task.X, task.y)
    meta.save(path)
    with pytest.raises(ValueError, match=r"Body', which is not part of skmeta.*module=\.\.\.\)"):
        skmeta.load(path)
    again = skmeta.load(path, module=make())
    assert_array_equal(again.predict_proba(task.X_query), meta.predict_proba(task.X_query))


def test_the_wrong_module_is_noticed(path):
    cheap(ProtoNetClassifier, module=Body).fit(tasks_for(ProtoNetClassifier)).save(path)
    with pytest.raises(ValueError, match="(?s)do not fit the module"):
        skmeta.load(path, module=Body(4, width=7))


def test_a_module_that_is_not_needed_is_refused(small, path):
    with pytest.raises(ValueError, match="leave module= out"):
        skmeta.load(path, module=Body)


def test_what_only_training_needs_is_left_out_and_said(path):
    class OwnLoss(torch.nn.CrossEntropyLoss):
        pass

    task = one_task(ProtoNetClassifier)
    meta = cheap(
        ProtoNetClassifier,
        criterion=OwnLoss,
        callbacks=[EarlyStopping(monitor="train_loss")],
        random_state=np.random.RandomState(0),
    )
    meta.fit(tasks_for(ProtoNetClassifier)).adapt(task.X, task.y).save(path)
    with pytest.warns(UserWarning, match=r"leaves out .*callbacks=.*EarlyStopping") as caught:
        again = skmeta.load(path)
    assert "criterion=" in str(caught[0].message)
    assert again.callbacks is None
    assert_array_equal(again.predict_proba(task.X_query), meta.predict_proba(task.X_query))


def test_what_cannot_be_written_is_named(path):
    class Odd:
        pass

    with pytest.raises(TypeError, match=r"n_ways of this ProtoNetClassifier cannot be saved.*Odd.*pickle"):
        ProtoNetClassifier(n_ways=Odd()).save(path)
    assert not path.exists()


# ---------------------------------------------------------------------- devices


def test_a_device_that_is_not_there_gives_way_to_the_cpu(small, path):
    task = one_task(ProtoNetClassifier)
    small.device = "cuda:99"  # as if it came from a larger machine
    small.save(path)
    with pytest.warns(UserWarning, match="'cuda:99', which is not there: using 'cpu'"):
        again = skmeta.load(path)
    assert again.device == "cpu"
    assert_array_equal(again.predict_proba(task.X_query), small.predict_proba(task.X_query))
    assert skmeta.load(path, device="cpu").device == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_files_travel_between_cpu_and_gpu(path):
    task = one_task(ProtoNetClassifier)
    meta = cheap(ProtoNetClassifier, device="cuda").fit(tasks_for(ProtoNetClassifier)).adapt(task.X, task.y)
    meta.save(path)
    for device in ("cpu", "cuda"):
        again = skmeta.load(path, device=device)
        assert next(again.net_.module_.parameters()).device.type == device
        np.testing.assert_allclose(again.predict_proba(task.X_query), meta.predict_proba(task.X_query), atol=1e-9)


def test_every_saved_class_is_found_again():
    names = {cls.__name__ for cls in CLASSES}
    assert len(names) == len(CLASSES)  # files name estimators by class name alone


def test_files_are_read_in_inference_mode_too(path):
    X = np.random.default_rng(0).normal(size=(20, 3))
    clf = MAMLClassifier(max_epochs=1, random_state=0).fit(X, np.arange(20) % 2)
    clf.save(path)
    with torch.inference_mode():
        assert_array_equal(skmeta.load(path).predict_proba(X), clf.predict_proba(X))
