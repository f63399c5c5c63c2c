"""scikit-learn's tools around an estimator, with rows as the samples: it is a classifier like any other."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skmeta import MAMLClassifier, MAMLRegressor, ProtoNetClassifier
from skmeta.registry import REGISTRY
from tests.campaign.subjects import ESTIMATORS, classifies, quiet, rows_for, unfitted

ITERATIVE = {"max_epochs": 2, "steps_per_epoch": 4, "random_state": 0}
X, Y = load_iris(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(Y))
X, Y = X[ORDER], Y[ORDER]
NAMES = np.array(["setosa", "versicolor", "virginica"])


def proto(**params):
    return ProtoNetClassifier(**ITERATIVE | params)


def maml(**params):
    return MAMLClassifier(**ITERATIVE | {"inner_steps": 2} | params)


def regression_table():
    return make_regression(80, 4, n_informative=3, noise=1.0, random_state=0)


# ---------------------------------------------------------------------- search


@pytest.mark.parametrize("make", [proto, maml])
def test_grid_search_over_own_and_routed_parameters(make):
    grid = {"lr": [0.001, 0.01], "module__n_hidden": [4, 16]}
    search = GridSearchCV(make(), grid, cv=2, error_score="raise").fit(X, Y)
    assert len(search.cv_results_["params"]) == 4
    hidden = search.best_params_["module__n_hidden"]
    assert search.best_estimator_.net_.get_params_for("module")["n_hidden"] == hidden
    assert search.score(X, Y) > 0.6


def test_randomized_and_halving_search():
    space = {"lr": [0.001, 0.003, 0.01], "scale": ["learn", 1.0]}
    random = RandomizedSearchCV(proto(), space, n_iter=2, cv=2, random_state=0, error_score="raise").fit(X, Y)
    assert random.best_score_ > 0.7
    halving = HalvingGridSearchCV(proto(), {"lr": [0.001, 0.003, 0.01]}, cv=2, random_state=0, error_score="raise").fit(
        X, Y
    )
    assert halving.n_iterations_ == 2


def test_halving_over_epochs_as_the_resource():
    search = HalvingGridSearchCV(
        proto(), {"lr": [0.001, 0.003, 0.01]}, resource="max_epochs", max_resources=6, min_resources=2, cv=2
    )
    assert search.fit(X, Y).n_resources_ == [2, 6]


def test_nested_cross_validation():
    inner = GridSearchCV(proto(), {"lr": [0.001, 0.01]}, cv=2)
    assert cross_val_score(inner, X, Y, cv=2, error_score="raise").min() > 0.7


def test_two_workers_give_what_one_gives():
    one, two = (
        cross_val_score(proto(), X, Y, cv=3, n_jobs=n_jobs, error_score="raise") for n_jobs in (1, 2)
    )  # fmt: skip
    np.testing.assert_array_equal(one, two)


# ---------------------------------------------------------------------- validation


def test_cross_validation_in_all_its_forms():
    result = cross_validate(
        proto(),
        X,
        NAMES[Y],
        cv=StratifiedKFold(2),
        scoring=["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"],
        return_estimator=True,
        return_train_score=True,
        return_indices=True,
        error_score="raise",
    )
    assert result["test_accuracy"].min() > 0.7
    assert result["test_roc_auc_ovr"].min() > 0.8
    assert len({id(fitted.net_) for fitted in result["estimator"]}) == 2


@pytest.mark.parametrize("method, shape", [("predict", ()), ("predict_proba", (3,)), ("decision_function", (3,))])
def test_cross_val_predict(method, shape):
    assert cross_val_predict(proto(), X, Y, cv=2, method=method).shape == (150, *shape)


def test_curves():
    sizes, train, test = learning_curve(proto(), X, Y, train_sizes=[20, 60], cv=2, error_score="raise")
    assert test.shape == (2, 2)
    sizes, train, test = learning_curve(
        proto(), X, Y, train_sizes=[20, 60], cv=2, exploit_incremental_learning=True, error_score="raise"
    )
    assert np.isfinite(test).all()
    train, test = validation_curve(proto(), X, Y, param_name="lr", param_range=[0.001, 0.01], cv=2)
    assert np.isfinite(test).all()


def test_permutation_test():
    score, permuted, p = permutation_test_score(proto(max_epochs=0), X, Y, cv=2, n_permutations=9, random_state=0)
    assert score > permuted.max()
    assert p == pytest.approx(0.1)


# ---------------------------------------------------------------------- ensembles and wrappers


@pytest.mark.parametrize(
    "wrap",
    [
        lambda est: CalibratedClassifierCV(est, cv=2),
        lambda est: CalibratedClassifierCV(est, cv=2, ensemble=False, method="isotonic"),
        lambda est: VotingClassifier([("a", est), ("b", LogisticRegression())], voting="soft"),
        lambda est: VotingClassifier([("a", est), ("b", LogisticRegression())]),
        lambda est: StackingClassifier([("a", est), ("b", LogisticRegression())], cv=2),
        lambda est: BaggingClassifier(est, n_estimators=3, max_features=3, random_state=0),
        lambda est: OneVsRestClassifier(est),
        lambda est: OneVsOneClassifier(est),
        lambda est: OutputCodeClassifier(est, random_state=0),
        lambda est: make_pipeline(SequentialFeatureSelector(est, n_features_to_select=2, cv=2), clone(est)),
        lambda est: make_pipeline(StandardScaler(), est),
    ],
    ids=[
        "calibrated",
        "calibrated without ensemble",
        "soft voting",
        "hard voting",
        "stacking",
        "bagging",
        "one vs rest",
        "one vs one",
        "output codes",
        "feature selection",
        "pipeline",
    ],
)
def test_wrapped_it_still_classifies(wrap):
    fitted = wrap(proto(max_epochs=8, lr=0.01)).fit(X[:100], NAMES[Y[:100]])
    assert fitted.score(X[100:], NAMES[Y[100:]]) > 0.75


def test_boosting_refuses_it_with_the_reason():
    # fit takes no row weights, as KNeighborsClassifier's does not
    with pytest.raises(ValueError, match="ProtoNetClassifier doesn't support sample_weight"):
        AdaBoostClassifier(proto(), n_estimators=2).fit(X, Y)


def test_one_vs_rest_adapts_piece_by_piece():
    wrapped = OneVsRestClassifier(proto()).partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    assert wrapped.partial_fit(X[50:], Y[50:]).score(X, Y) > 0.5


def test_self_training_fills_in_labels():
    partly = np.where(np.arange(150) < 60, Y, -1)
    wrapped = SelfTrainingClassifier(proto(max_epochs=10, lr=0.01), threshold=0.8).fit(X, partly)
    assert (wrapped.transduction_[60:] >= 0).any()
    assert wrapped.score(X, Y) > 0.7


def test_several_targets_one_classifier_each():
    targets = np.c_[Y, (X[:, 0] > 5.8).astype(int)]
    assert MultiOutputClassifier(proto()).fit(X, targets).predict(X).shape == (150, 2)
    assert ClassifierChain(proto(), random_state=0).fit(X, targets > 0).predict(X).shape == (150, 2)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda est: BaggingRegressor(est, n_estimators=3, random_state=0),
        lambda est: VotingRegressor([("a", est), ("b", clone(est))]),
        lambda est: TransformedTargetRegressor(est, func=np.tanh, inverse_func=np.arctanh, check_inverse=False),
        lambda est: GridSearchCV(est, {"inner_steps": [1, 3]}, cv=2, error_score="raise"),
        lambda est: make_pipeline(StandardScaler(), est),
    ],
    ids=["bagging", "voting", "transformed target", "grid search", "pipeline"],
)
def test_a_regressor_can_be_wrapped_too(wrap):
    A, b = regression_table()
    fitted = wrap(MAMLRegressor(**ITERATIVE)).fit(A, b / np.abs(b).max() / 2)
    assert fitted.predict(A).shape == (80,)


def test_multioutput_regression():
    A, b = regression_table()
    B = np.c_[b, -100 * b + 7]
    meta = MAMLRegressor(**ITERATIVE).fit(A, B)
    assert meta.predict(A).shape == (80, 2)
    assert np.corrcoef(meta.predict(A)[:, 0], meta.predict(A)[:, 1])[0, 1] < 0


# ---------------------------------------------------------------------- inspection


def test_importance_and_dependence():
    meta = proto().fit(X, Y)
    importances = permutation_importance(meta, X, Y, n_repeats=2, random_state=0).importances_mean
    assert importances.shape == (4,)
    assert importances[2:].max() > importances[:2].max()  # petals tell irises apart, sepals hardly
    assert partial_dependence(meta, X, [2], grid_resolution=4)["average"].shape == (3, 4)


# ---------------------------------------------------------------------- frames and names


def frame_and_target():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=60), "colour": rng.choice(["red", "green"], 60)})
    return frame, np.where(frame["size"] + (frame["colour"] == "red") > 0.5, "yes", "no")


def test_feature_names_are_kept_and_checked():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    meta = proto().fit(frame, Y)
    assert meta.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        meta.predict(frame[["b", "a", "c", "d"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        meta.predict(X)


def test_mixed_columns_through_a_column_transformer():
    frame, target = frame_and_target()
    columns = ColumnTransformer([("n", StandardScaler(), ["size"]), ("c", OneHotEncoder(), ["colour"])])
    pipe = make_pipeline(columns, proto(max_epochs=10))
    assert cross_val_score(pipe, frame, target, cv=2, error_score="raise").mean() > 0.7
    search = GridSearchCV(pipe, {"columntransformer__n__with_mean": [True, False], "protonetclassifier__lr": [0.01]})
    assert search.fit(frame, target).best_estimator_.n_features_in_ == 2


def test_set_output_reaches_it_as_named_columns():
    frame, target = frame_and_target()
    encoder = OneHotEncoder(sparse_output=False)
    pipe = make_pipeline(ColumnTransformer([("c", encoder, ["colour"])], remainder="passthrough"), proto())
    pipe.set_output(transform="pandas").fit(frame, target)
    assert pipe[-1].feature_names_in_.tolist() == ["c__colour_green", "c__colour_red", "remainder__size"]
    with config_context(transform_output="pandas"):
        make_pipeline(StandardScaler(), proto()).fit(X, Y).predict(X)


# ---------------------------------------------------------------------- copies and looks


def test_parameters_survive_clone_pickle_and_joblib(tmp_path):
    meta = make_pipeline(StandardScaler(), proto(module__n_hidden=8)).fit(X, Y)
    assert clone(meta).get_params()["protonetclassifier__module__n_hidden"] == 8
    expected = meta.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(meta)).predict_proba(X), expected)
    joblib.dump(meta, tmp_path / "pipe.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "pipe.joblib").predict_proba(X), expected)


def test_repr_shows_what_was_set():
    assert repr(ProtoNetClassifier(lr=0.5, module__n_hidden=8)) == "ProtoNetClassifier(lr=0.5, module__n_hidden=8)"
    html = make_pipeline(StandardScaler(), ProtoNetClassifier(lr=0.5))._repr_html_()
    assert "ProtoNetClassifier" in html
    assert "ProtoNetClassifier" in proto().fit(X, Y)._repr_html_()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_number_types_do_not_matter(dtype):
    table = np.round(X).astype(dtype)
    np.testing.assert_allclose(
        proto().fit(table, Y).predict_proba(table), proto().fit(np.round(X), Y).predict_proba(np.round(X)), atol=1e-6
    )


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if classifies(name) and REGISTRY[name].has("fit(X, y)")])
def test_labels_of_a_column_that_might_have_gaps_stay_what_they_are(name):
    pd = pytest.importorskip("pandas")
    rows, codes, asked = rows_for(name)
    for labels in (2**60 + codes, codes > 0):
        with quiet():
            given = unfitted(name).fit(rows, pd.Series(labels).convert_dtypes())
            plain = unfitted(name).fit(rows, labels)
        assert given.classes_.dtype == labels.dtype
        np.testing.assert_array_equal(given.classes_, np.unique(labels))
        np.testing.assert_array_equal(given.predict(asked), plain.predict(asked))


def test_torch_tensors_are_rows_too():
    import torch

    assert proto().fit(torch.as_tensor(X), torch.as_tensor(Y)).score(torch.as_tensor(X), Y) > 0.7
