"""ONNX: an adapted estimator as a program that needs neither skmeta nor torch nor Python."""

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from skmeta.estimators import FewShotClassifier, FewShotRegressor
from skmeta.estimators.base.current_task import task_of
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.neighbours_in_space import NeighboursInSpace
from skmeta.estimators.base.served_in_context import ServedInContext
from skmeta.estimators.base.served_learner import ServedLearner
from skmeta.saving.container import write_atomically
from skmeta.serving.program import Program

_TOLERANCE = 1e-5
_N_CHECKED = 1000
_N_TRIAL_ROWS = 7  # neither 0 nor 1, which a trace would take for something special
_TRAINED_ALREADY = "adapt one of the learners that it chooses from, and export that"
#: what to do instead, where an estimator is no torch program
_INSTEAD = {
    "InContextClassifier": "of a table of more than 1,024 rows, trees of scikit-learn take part in its answers; show "
    "it fewer, or serve it in Python, saved by skmeta.save",
    "InContextRegressor": "of a table of more than 64 rows it answers in single precision, whose last digits another "
    "runtime rounds otherwise; show it fewer, or serve it in Python, saved by skmeta.save",
    "MetaKNeighborsClassifier": "its neighbours are scikit-learn's; those of n_neighbors='auto' are in torch",
    "MetaKNeighborsRegressor": "its neighbours are scikit-learn's; those of n_neighbors='auto' are in torch",
    "TaskMixtureClassifier": "it blends models of scikit-learn; serve it in Python, saved by skmeta.save",
    "TaskMixtureRegressor": "it blends models of scikit-learn; serve it in Python, saved by skmeta.save",
    "SourceSelector": _TRAINED_ALREADY,
    "PooledBaseline": "its estimator_ is scikit-learn's: export that by skl2onnx",
    "PerTaskBaseline": "its estimator_ is scikit-learn's: export that by skl2onnx",
}


def export_onnx(estimator: Any, path: "str | os.PathLike[str]") -> None:
    """Write an adapted estimator to a file that ONNX runtimes answer rows by, without skmeta, torch or Python.

    The file holds all that happens to a row: what the task has shown is frozen as constants, and scaling, calibration
    and the order of the classes are part of the program. It answers any number of rows as ``predict_proba`` and
    ``predict`` do, up to 1e-5 (of a regression's spread of targets); before it is written, onnxruntime is asked about
    the task's own rows. Only the checks of rows are left out: a missing cell makes a missing answer. Another task takes
    another file.

    ``X``, the program's input, is (n_rows, n_features) in double precision. A classifier puts out ``label`` and
    ``probabilities`` (n_rows, n_classes) in the order of ``classes_``, as programs of skl2onnx do; a regressor
    ``variable``, in the user's units.

    It takes ``pip install "skmeta[onnx]"``.

    Parameters
    ----------
    estimator : estimator with a current task
        After ``adapt``, ``partial_fit`` or ``fit(X, y)``; or a :class:`~skmeta.FewShotClassifier` or
        :class:`~skmeta.FewShotRegressor` after ``fit``. Of the gradient-based, metric, convex-head, model-based and
        transfer families, and in-context estimators of numbers; an error says what to do about the others.
    path : str or path

    See Also
    --------
    skmeta.save : Writes an estimator that can still learn.

    Examples
    --------
    >>> import skmeta, tempfile, pathlib
    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MetaOptNetClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=False)
    >>> model = MetaOptNetClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "iris.onnx"
    >>> skmeta.export_onnx(model, path)  # doctest: +SKIP
    >>> import onnxruntime  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession(path)  # doctest: +SKIP
    >>> label, probabilities = session.run(None, {"X": X[:1]})  # doctest: +SKIP
    """
    estimator = _adapted(estimator)
    _check_installed()
    program = Program(estimator).eval()
    model = _traced(program, estimator)
    if is_classifier(estimator):
        _add_labels(model, estimator.classes_)
    _check_same(model, estimator)
    write_atomically(Path(path), [model.SerializeToString()])


def _adapted(estimator):
    """The estimator that answers; others are refused, with what to do instead."""
    name = type(estimator).__name__
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")]
        if steps:
            raise TypeError(
                f"A pipeline cannot be exported, since {type(steps[0]).__name__} is no torch program: export its last "
                "step, pipeline[-1], and give the program the rows that the steps before it make."
            )
        return _adapted(estimator[-1])
    if isinstance(estimator, (FewShotClassifier, FewShotRegressor)):
        if getattr(estimator, "transformers_", ()):
            first = type(estimator.transformers_[0]).__name__
            raise TypeError(
                f"A {name} around a pipeline cannot be exported, since {first} is no torch program: export its "
                "learner_, and give the program the rows that its transformers_ make."
            )
        if not hasattr(estimator, "learner_"):
            raise ValueError(f"This {name} has no task yet: fit it to some rows.")
        return _adapted(estimator.learner_)
    if not isinstance(estimator, MetaEstimator) or not _is_of_torch(estimator):
        raise _refused(estimator)
    current = task_of(estimator)
    if any(getattr(getattr(estimator.rows_, "columns", None), "is_categorical", ())):
        raise TypeError(
            f"A {name} of columns of categories cannot be exported: programs take numbers. Encode them yourself, by "
            "TableEncoder say, and give the program the rows that it makes."
        )
    if estimator.served_.as_answered(current.state) is None:
        raise _refused(estimator)
    return estimator


def _refused(estimator):
    """The error says why an estimator is no torch program, and what to do instead."""
    name = type(estimator).__name__
    instead = next((_INSTEAD[cls.__name__] for cls in type(estimator).__mro__ if cls.__name__ in _INSTEAD), None)
    because = f"a {name} cannot be exported: {instead}." if instead else f"got {name}, which is none."
    return TypeError(f"export_onnx takes adapted estimators of skmeta that are torch programs; {because}")


def _is_of_torch(estimator):
    return estimator._serving_class in (ServedLearner, ServedInContext, NeighboursInSpace)


def _check_installed():
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(f'export_onnx needs {error.name}: pip install "skmeta[onnx]".') from error
    if not {"dynamic_shapes", "external_data"} <= set(inspect.signature(torch.onnx.export).parameters):
        raise ImportError(f"export_onnx needs torch 2.13 or newer, got {torch.__version__}.")


def _check_same(model, estimator):
    """Refuse what onnxruntime cannot run, and a subclass that does what its learner does not."""
    from onnxruntime import InferenceSession

    rows = estimator.task_.rows.X[:_N_CHECKED] + estimator.rows_.shift
    X = rows if len(rows) else np.zeros((1, estimator.n_features_in_)) + estimator.rows_.shift
    try:
        found = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})[-1]
    except Exception as error:
        raise _not_onnx(estimator, "onnxruntime cannot run", error) from error
    method = "predict_proba" if is_classifier(estimator) else "predict"
    expected = getattr(estimator, method)(_as_given(estimator, X))
    scale = 1 if is_classifier(estimator) else np.maximum(np.abs(expected), estimator.codec_.scale.max())
    if found.shape != expected.shape or not (np.abs(found - expected) <= _TOLERANCE * scale).all():
        raise TypeError(
            f"{type(estimator).__name__}.{method} does more than its learner, which is all that can be exported: "
            "export an estimator of the class that it was derived from."
        )


def _as_given(estimator, X):
    """Rows with the names that they were shown under."""
    names = vars(estimator).get("feature_names_in_")
    if names is None:
        return X
    import pandas as pd

    return pd.DataFrame(X, columns=names)


def _traced(program, estimator):
    """The program in ONNX, for any number of rows."""
    X = torch.zeros(_N_TRIAL_ROWS, estimator.n_features_in_, dtype=torch.float64)
    output = "probabilities" if is_classifier(estimator) else "variable"
    shapes = ({0: torch.export.Dim("rows", min=1)},)
    try:
        with torch.no_grad():
            traced = torch.export.export(program, (X,), dynamic_shapes=shapes, strict=False)
            traced = traced.run_decompositions(_IN_PLAIN_OPERATORS)
            made = torch.onnx.export(
                traced, input_names=["X"], output_names=[output], dynamo=True, external_data=False, verbose=False
            )
    except Exception as error:
        raise _not_onnx(estimator, "torch cannot write", error) from error
    return made.model_proto


def _not_onnx(estimator, what, error):
    body = type(estimator.served_.bare.body).__name__
    reasons = [str(error).strip()] + ([str(error.__cause__).strip()] if error.__cause__ else [])
    return TypeError(
        f"{what} this {type(estimator).__name__} with the module {body} as ONNX. Linear layers with ReLU, tanh or "
        f"sigmoid between them can be written and run. It says: {'; '.join(reasons)[:400]}"
    )


def _distances(a, b, p=2.0, compute_mode=None):
    """``torch.cdist``, which ONNX does not have."""
    gaps = (a.unsqueeze(-2) - b.unsqueeze(-3)).abs()
    if p == torch.inf:
        return gaps.amax(-1)
    return gaps.sum(-1) if p == 1 else gaps.pow(p).sum(-1).pow(1 / p)


def _softplus(x, beta=1.0, threshold=20.0):
    """``softplus``, which onnxruntime has in single precision only."""
    return x.clamp(min=0) + (1 + (-(beta * x).abs()).exp()).log() / beta


def _places(ordered, values, *, out_int32=False, right=False, side=None, sorter=None):
    """``searchsorted``, which ONNX does not have: how many are smaller, or no larger."""
    ordered, values = ordered.unsqueeze(-2), values.unsqueeze(-1)
    return (ordered <= values if right or side == "right" else ordered < values).sum(-1)


_aten = torch.ops.aten
_IN_PLAIN_OPERATORS = {
    _aten.cdist.default: _distances,
    _aten._cdist_forward.default: _distances,
    _aten.searchsorted.Tensor: _places,
    _aten.softplus.default: _softplus,
}


def _add_labels(model, classes):
    """The name of each row's most probable class, before the probabilities."""
    from onnx import TensorProto, helper

    kind, text = classes.dtype.kind, TensorProto.STRING
    dtype = {"b": TensorProto.BOOL, "i": TensorProto.INT64, "u": TensorProto.INT64, "f": TensorProto.DOUBLE}
    if kind == "O" and not any(isinstance(name, str) for name in classes):
        kind, classes = "f", classes.astype(np.float64)
    values = [str(name).encode() for name in classes] if kind not in dtype else classes.tolist()
    dtype = dtype.get(kind, text)
    graph = model.graph
    graph.initializer.append(helper.make_tensor("classes", dtype, [len(classes)], values))
    graph.node.append(helper.make_node("ArgMax", ["probabilities"], ["place"], axis=1, keepdims=0))
    graph.node.append(helper.make_node("Gather", ["classes", "place"], ["label"]))
    graph.output.insert(0, helper.make_tensor_value_info("label", dtype, ["rows"]))
