"""An adapted estimator is a program for onnxruntime, which answers rows as the estimator does."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import skmeta
from skmeta import (
    FewShotClassifier,
    InContextClassifier,
    InContextRegressor,
    MAMLClassifier,
    MAMLRegressor,
    MetaKNeighborsClassifier,
    MetaOptNetClassifier,
    MetaOptNetRegressor,
    NotAdaptedError,
    PerTaskBaseline,
    ProtoNetClassifier,
)
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.registry import all_estimators
from skmeta.serving.onnx_export import _INSTEAD, _is_of_torch
from tests.estimators.contract import CLUSTERS, cheap

EXPORTED = [cls for cls in all_estimators() if issubclass(cls, MetaEstimator) and _is_of_torch(cls())]
#: one export takes seconds, nearly all of them torch's
IN_EVERY_RUN = ("ProtoNetClassifier", "MAMLRegressor", "MetaKNeighborsClassifier")
CHEAP = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
X[:, 3] += 1e8  # a column that has no digits left in single precision
CLASSES = np.where(X[:, 0] > 0, "yes", "no").astype(object)
CLASSES[:6] = "perhaps"
TARGETS = 100 * X[:, 0] + 5
ASKED = np.concatenate([X[:10] + 0.1, 3 * rng.normal(size=(10, 4)) + [0, 0, 0, 1e8]])


def with_gaps(rows, column):
    """Rows of which some lack a cell."""
    rows = rows.copy()
    rows[::8, column] = np.nan
    return rows


MANY_WITH_GAPS = with_gaps(np.resize(ASKED, (700, 4)), 2)


@pytest.fixture(scope="module", autouse=True)
def engine():
    """What takes a second to import is imported where it is used."""
    for name in ("onnxruntime", "onnxscript"):
        pytest.importorskip(name)


def program(path):
    import onnxruntime

    return onnxruntime.InferenceSession(path)


def answers(estimator, path, rows):
    skmeta.export_onnx(estimator, path)
    return program(path).run(None, {"X": rows})


@pytest.mark.parametrize(
    "cls", [pytest.param(c, marks=[] if c.__name__ in IN_EVERY_RUN else pytest.mark.full) for c in EXPORTED]
)
def test_the_program_answers_any_number_of_rows_as_the_estimator_does(cls, tmp_path):
    classifies = is_classifier(cls())
    in_torch = {"n_neighbors": "auto"} if "n_neighbors" in cls().get_params() else {}
    reads_gaps = cls is InContextClassifier
    shown, many = (with_gaps(X, 1), [MANY_WITH_GAPS]) if reads_gaps else (X, [])
    model = cheap(cls, **in_torch).fit(shown, CLASSES if classifies else TARGETS)
    skmeta.export_onnx(model, tmp_path / "model.onnx")
    session = program(tmp_path / "model.onnx")
    for rows in (ASKED[:1], ASKED[:2], ASKED, *many):
        *label, found = session.run(None, {"X": rows})
        if classifies:
            assert_allclose(found, model.predict_proba(rows), atol=1e-5)
            assert_array_equal(label[0], model.predict(rows))
        else:
            assert_allclose(found / TARGETS.std(), model.predict(rows) / TARGETS.std(), atol=1e-5)


@pytest.mark.full
def test_the_in_context_program_of_more_rows_reads_them_in_single_precision_as_the_estimator_does(tmp_path):
    rows = with_gaps(np.concatenate([X, rng.normal(size=(60, 4)) + [0, 0, 0, 1e8]]), 1)
    model = InContextClassifier().fit(rows, np.where(rows[:, 0] > 0, "yes", "no"))
    label, chances = answers(model, tmp_path / "model.onnx", MANY_WITH_GAPS)
    assert_allclose(chances, model.predict_proba(MANY_WITH_GAPS), atol=1e-5)
    assert_array_equal(label, model.predict(MANY_WITH_GAPS))


def test_categories_and_large_tables_of_numbers_have_no_program(tmp_path):
    table = pd.DataFrame({"size": X[:, 0], "maker": np.where(X[:, 1] > 0, "north", "south")})
    with pytest.raises(TypeError, match="of columns of categories cannot be exported"):
        skmeta.export_onnx(InContextClassifier().fit(table, CLASSES), tmp_path / "model.onnx")
    many = rng.normal(size=(70, 2))
    with pytest.raises(TypeError, match="InContextRegressor cannot be exported: .*more than 64 rows"):
        skmeta.export_onnx(InContextRegressor().fit(many, many[:, 0]), tmp_path / "model.onnx")


def test_every_estimator_is_exported_or_says_what_to_do_instead():
    others = {cls.__name__ for cls in all_estimators()} - {cls.__name__ for cls in EXPORTED}
    assert others - set(_INSTEAD) == {"FewShotClassifier", "FewShotRegressor", "PerTask", "TableEncoder"}


@pytest.mark.full
def test_a_task_of_its_own_classes_has_its_own_program(tmp_path):
    train, (one, other) = CLUSTERS.sample(12, random_state=0), CLUSTERS.sample(2, random_state=1)
    few_shot = FewShotClassifier(MAMLClassifier(**CHEAP).fit(train))
    for task, labels in ((one, [7, 9, 8]), (other, [2.0, 0.0, 1.0])):
        y = np.array(labels)[np.unique(task.y, return_inverse=True)[1]]
        few_shot.fit(task.X, y)
        label, chances = answers(few_shot, tmp_path / "task.onnx", task.X_query)
        assert_allclose(chances, few_shot.predict_proba(task.X_query), atol=1e-5)
        assert_array_equal(label, few_shot.predict(task.X_query))


@pytest.mark.full
def test_a_declared_class_without_rows_has_no_chance_in_the_program_either(tmp_path):
    model = MetaOptNetClassifier(**CHEAP).partial_fit(X, CLASSES, classes=["maybe", "no", "perhaps", "yes"])
    _, chances = answers(model, tmp_path / "model.onnx", ASKED)
    assert_array_equal(chances[:, 0], 0)
    assert_allclose(chances, model.predict_proba(ASKED), atol=1e-5)


@pytest.mark.full
def test_several_targets_come_out_side_by_side_and_missing_cells_as_missing(tmp_path):
    model = MetaOptNetRegressor(**CHEAP).fit(X, np.column_stack([TARGETS, -(TARGETS**2)]))
    rows = ASKED.copy()
    rows[0, 0] = np.nan
    (found,) = answers(model, tmp_path / "model.onnx", rows)
    assert np.isnan(found[0]).all()
    assert_allclose(found[1:], model.predict(ASKED[1:]), rtol=1e-9)


def test_what_cannot_be_exported_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "model.onnx"
    tasks = CLUSTERS.sample(12, random_state=0)
    proto = ProtoNetClassifier(**CHEAP).fit(tasks)
    with pytest.raises(NotAdaptedError, match="show it some labelled rows"):
        skmeta.export_onnx(proto, path)
    scaled = make_pipeline(StandardScaler(), ProtoNetClassifier(**CHEAP)).fit(X, CLASSES)
    with pytest.raises(TypeError, match="StandardScaler is no torch program: export its last step"):
        skmeta.export_onnx(scaled, path)
    neighbours = MetaKNeighborsClassifier(n_neighbors=5, **CHEAP).fit(X, CLASSES)
    with pytest.raises(TypeError, match="MetaKNeighborsClassifier cannot be exported: .*n_neighbors='auto'"):
        skmeta.export_onnx(neighbours, path)
    with pytest.raises(TypeError, match="PerTaskBaseline cannot be exported: .*skl2onnx"):
        skmeta.export_onnx(PerTaskBaseline(Ridge()).fit(X, TARGETS), path)
    with pytest.raises(TypeError, match="got LogisticRegression"):
        skmeta.export_onnx(LogisticRegression().fit(X, CLASSES), path)
    assert not path.exists()


class Shy(MAMLRegressor):
    """A subclass that answers half of what was learned."""

    def predict(self, X, **params):
        return super().predict(X, **params) / 2


def test_a_subclass_that_changes_answers_is_refused(tmp_path):
    with pytest.raises(TypeError, match="Shy.predict does more than its learner"):
        skmeta.export_onnx(Shy(**CHEAP).fit(X, TARGETS), tmp_path / "model.onnx")


class Sorted(nn.Module):
    """Rows with their columns in order, which takes data to say what happens."""

    def __init__(self, n_features_in):
        super().__init__()
        self.layer = nn.Linear(n_features_in, 4)

    def forward(self, X):
        return self.layer(X if bool((X.sum() > 0).item()) else -X)


def test_a_module_that_is_no_program_is_named(tmp_path):
    model = ProtoNetClassifier(Sorted, **CHEAP).fit(X, CLASSES)
    with pytest.raises(TypeError, match="torch cannot write this ProtoNetClassifier with the module Sorted"):
        skmeta.export_onnx(model, tmp_path / "model.onnx")
