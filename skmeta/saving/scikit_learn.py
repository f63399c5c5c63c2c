"""Fitted objects of scikit-learn and scipy that hold more than numbers: boosted trees, splines, neighbours.

Compiled code trusts what such an object holds, so all of it is checked before an object is made of it. Classes that
are no public names are taken from a freshly fitted estimator, never imported.
"""

from functools import cache

import numpy as np
from scipy.interpolate import BSpline
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import OrdinalEncoder

from skmeta.saving.objects import register

# ---------------------------------------------------------------------- boosted trees

_OF_A_TREE = ("nodes", "binned_left_cat_bitsets", "raw_left_cat_bitsets")
_ONLY_FITTING = ("_loss", "_scorer", "_feature_subsample_rng")


def boosting_to_state(model):
    """Settings and attributes; the nodes of all trees as one array."""
    state = {name: value for name, value in model.__getstate__().items() if name not in _ONLY_FITTING}
    if "_predictors" in state:
        state["_bin_mapper"] = vars(state["_bin_mapper"])
        if state["_preprocessor"] is not None:  # codes of categories; what is beside them is the same in all
            state["_preprocessor"] = state["_preprocessor"].named_transformers_["encoder"]
        trees = [tree for iteration in state["_predictors"] for tree in iteration]
        state["_predictors"] = {
            "per iteration": np.array([len(iteration) for iteration in state["_predictors"]]),
            **{part: _pooled([getattr(tree, part) for tree in trees]) for part in _OF_A_TREE},
        }
    return state


def _pooled(arrays):
    return np.array([len(array) for array in arrays]), np.concatenate(arrays)


def boosting_from_state(cls, state, given):
    state = dict(state)
    model = cls.__new__(cls)
    if "_predictors" in state:
        n_classes = len(state["classes_"]) if "classes_" in state else 0
        pattern = _pattern(cls, state["loss"], state.get("quantile"), n_classes)
        mapper, pooled = state["_bin_mapper"], state["_predictors"]
        trees = [_tree(pattern, parts, mapper) for parts in zip(*(_apart(*pooled[part]) for part in _OF_A_TREE))]
        iterations = _apart(pooled["per iteration"], trees)
        _check_mapper(mapper, state["n_features_in_"])
        per_iteration = state["n_trees_per_iteration_"]
        if any(len(iteration) != per_iteration for iteration in iterations):
            raise ValueError("Boosted trees are not those that their settings say.")
        if state["_preprocessor"] is not None:
            state["_preprocessor"] = _preprocessor(cls, state["is_categorical_"], state["_preprocessor"])
        state["_predictors"] = iterations
        state["_bin_mapper"] = type(pattern._bin_mapper).__new__(type(pattern._bin_mapper))
        vars(state["_bin_mapper"]).update(mapper)
        state["_loss"], state["_scorer"] = pattern._loss, None
        state["_feature_subsample_rng"] = np.random.default_rng(0)  # only fitting draws from it
    model.__setstate__(state)
    return model


@cache
def _pattern(cls, loss, quantile, n_classes):
    """A model of the same kind, fitted to a handful of rows, whose parts show what theirs are made of."""
    settings = {} if n_classes else {"quantile": quantile}
    model = cls(loss=loss, max_iter=1, min_samples_leaf=1, early_stopping=False, random_state=0, **settings)
    n_rows = 2 * max(n_classes, 2)
    y = np.arange(n_rows) % n_classes if n_classes else 1.0 + np.arange(n_rows)
    return model.fit(np.arange(n_rows, dtype=np.float64)[:, None], y)


def _preprocessor(cls, is_categorical, encoder):
    """What codes categories and leaves numbers as they are, with the given categories."""
    if not isinstance(encoder, OrdinalEncoder) or len(encoder.categories_) != np.sum(is_categorical):
        raise ValueError("Boosted trees have categories of other columns than theirs.")
    X = np.zeros((4, len(is_categorical)))
    model = cls(max_iter=1, early_stopping=False, random_state=0, categorical_features=np.array(is_categorical))
    made = model.fit(X, np.arange(4) % 2)._preprocessor
    made.transformers_ = [(name, encoder if name == "encoder" else part, at) for name, part, at in made.transformers_]
    return made


def _apart(sizes, pooled):
    ends = np.cumsum(sizes).tolist()
    if (np.asarray(sizes) < 0).any() or (ends[-1] if ends else 0) != len(pooled):
        raise ValueError("Boosted trees do not add up to the nodes that are there.")
    return [pooled[end - size : end] for size, end in zip(np.asarray(sizes).tolist(), ends)]


def _tree(pattern, parts, mapper):
    """One tree, every path of which ends at a leaf and reads columns that are there."""
    example = pattern._predictors[0][0]
    for part, name in zip(parts, _OF_A_TREE):
        there = getattr(example, name)
        if not isinstance(part, np.ndarray) or part.dtype != there.dtype or part.shape[1:] != there.shape[1:]:
            raise ValueError(f"The {name} of boosted trees are those of another version of scikit-learn.")
    nodes, binned, raw = parts
    place = np.arange(len(nodes))
    inner = nodes["is_leaf"] == 0
    for side in ("left", "right"):
        goes_on = nodes[side][inner] > place[inner]  # so that no path turns back
        if not len(nodes) or not (goes_on & (nodes[side][inner] < len(nodes))).all():
            raise ValueError("A boosted tree has branches that end nowhere.")
    is_categorical = np.asarray(mapper["is_categorical_"])
    column = nodes["feature_idx"][inner]
    if not ((column >= 0) & (column < is_categorical.size)).all():
        raise ValueError("A boosted tree asks for columns that are not there.")
    by_category = nodes["is_categorical"][inner] != 0
    sets = nodes["bitset_idx"][inner][by_category]
    if not (is_categorical[column[by_category]].all() and (sets < min(len(binned), len(raw))).all()):
        raise ValueError("A boosted tree asks for categories that are not there.")
    return type(example)(np.ascontiguousarray(nodes), np.ascontiguousarray(binned), np.ascontiguousarray(raw))


def _check_mapper(mapper, n_features):
    flags, thresholds = mapper["is_categorical_"], mapper["bin_thresholds_"]
    if not isinstance(flags, np.ndarray) or flags.shape != (n_features,) or len(thresholds) != n_features:
        raise ValueError("Boosted trees have bins for other columns than theirs.")
    for is_categorical, values in zip(flags, thresholds):
        values = np.asarray(values)
        if is_categorical and not ((values >= 0) & (values < 256)).all():
            raise ValueError("Boosted trees have categories that they cannot count.")


# ---------------------------------------------------------------------- neighbours and splines


def neighbours_to_state(model):
    """Settings, and the rows to fit again."""
    state = {"settings": model.get_params(deep=False)}
    if hasattr(model, "_fit_X"):
        y = model._y
        if hasattr(model, "classes_"):
            classes = model.classes_
            several = isinstance(classes, list)
            y = np.stack([c[one] for c, one in zip(classes, y.T)], 1) if several else classes[y]
            y = y if several or not model.outputs_2d_ else y[:, None]
        state |= {"X": model._fit_X, "y": y, "names": getattr(model, "feature_names_in_", None)}
    return state


def neighbours_from_state(cls, state, given):
    model = cls(**state["settings"])
    if "X" in state:
        model.fit(state["X"], state["y"])
        if state["names"] is not None:
            model.feature_names_in_ = state["names"]
    return model


def spline_to_state(spline):
    return {"t": spline.t, "c": spline.c, "k": spline.k, "extrapolate": spline.extrapolate}


def spline_from_state(cls, state, given):
    return cls(state["t"], state["c"], state["k"], extrapolate=state["extrapolate"])


for _cls in (HistGradientBoostingClassifier, HistGradientBoostingRegressor):
    register(_cls, boosting_to_state, boosting_from_state)
for _cls in (KNeighborsClassifier, KNeighborsRegressor):
    register(_cls, neighbours_to_state, neighbours_from_state)
register(BSpline, spline_to_state, spline_from_state)
