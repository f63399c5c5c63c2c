"""``save`` and ``load``: an estimator, a transformer or a pipeline in one file."""

import json
import os
import warnings

import sklearn
from sklearn.base import BaseEstimator

from skmeta.saving import container, format_1, scikit_learn  # noqa: F401 - registers itself
from skmeta.saving.objects import Decoder, Encoder, Given, ModuleNeeded


def save(estimator, path):
    """Write an estimator, a transformer or a pipeline to one file, from which :func:`load` makes it again.

    The file holds numbers (safetensors) and JSON, no code: parameters, weights, the history of training, the current
    task and known tasks. Callbacks, and a criterion or loader of one's own, are left out with a warning on loading; a
    module class of one's own has to be handed to ``load``. Pipelines may hold those transformers of scikit-learn that
    are numbers and text; what is not is refused by name.

    The file is written under another name first, and takes its own when all of it is on disk: whoever reads finds the
    old one or the new one.

    Parameters
    ----------
    estimator : estimator, transformer or Pipeline
        Of this library, or of scikit-learn's.
    path : str or path

    Examples
    --------
    >>> import os, tempfile
    >>> import skmeta
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), skmeta.ProtoNetClassifier(max_epochs=1)).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.skmeta")
    ...     skmeta.save(pipeline, path)
    ...     again = skmeta.load(path)
    >>> bool((again.predict_proba(X) == pipeline.predict_proba(X)).all())
    True
    """
    import skmeta

    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"save takes an estimator, a transformer or a pipeline, got a {type(estimator).__name__}.")
    encoder = Encoder()
    written = encoder.encode(estimator)
    content = {
        "object": written,
        "skmeta_version": skmeta.__version__,
        "sklearn_version": sklearn.__version__,
        "left_out": {name: was[:500] for name, was in encoder.left_out.items()},
    }
    container.write(path, json.dumps(content, separators=(",", ":")), encoder.arrays)


def load(path, *, module=None, device=None):
    """Read what :func:`save` has written. No code from the file is executed, and nothing else is opened.

    Whatever a file holds, the answer is an estimator or a ``ValueError`` that says why not.

    Parameters
    ----------
    path : str or path
    module : torch module class or instance, default=None
        The body, where it was a class of your own when the estimator was saved.
    device : str, default=None
        Where the estimator is to live; None is where it was, or the CPU if that device is not there.

    Returns
    -------
    estimator : estimator, transformer or Pipeline
        As it was saved, current task and known tasks included. Training can go on from it (``warm_start=True``), with
        a new state of the optimizer.

    Examples
    --------
    >>> import os, tempfile
    >>> import skmeta
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = skmeta.ProtoNetClassifier(max_epochs=1).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.skmeta")
    ...     clf.save(path)
    ...     again = skmeta.load(path)
    >>> bool((again.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    path = os.fspath(path)
    version, content, arrays, n_bytes = container.read(path)
    given = Given(path, module, device)
    try:
        content = json.loads(content)
        estimator = _FORMATS[version](content, arrays, n_bytes, given)
        given.check_module_was_used()
        left_out = content["left_out"]
        listed = ", ".join(f"{name}={was}" for name, was in left_out.items())
    except ModuleNeeded:
        raise
    except Exception as error:
        fits = "" if module is None else f", or {module!r} cannot be made with the parameters in it"
        said = error if isinstance(error, ValueError) else repr(error)[:500]
        raise ValueError(f"{path} does not hold what an estimator of skmeta needs{fits}: {said}") from error
    if left_out:
        warnings.warn(
            f"The file leaves out {listed}, which only training needs. Set it anew before training goes on.",
            stacklevel=2,
        )
    return estimator


def _read_format_2(content, arrays, n_bytes, given):
    estimator = Decoder(arrays, n_bytes, given).decode(content["object"])
    if not isinstance(estimator, BaseEstimator):
        raise ValueError(f"It holds a {type(estimator).__name__}.")
    return estimator


_FORMATS = {1: format_1.read, 2: _read_format_2}
