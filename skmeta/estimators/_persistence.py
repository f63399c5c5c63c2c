"""One file per estimator that is safe to load from strangers: numbers in safetensors, everything else in JSON.

Nothing in such a file is executed. It can only name classes of this library and of ``torch.nn`` and ``torch.optim``;
a module class of the user's own has to be handed to :func:`load`.
"""

import hashlib
import json
import os
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from skorch.history import History

from skmeta.estimators._encoded import UNSAVABLE, Decoder, Encoder, NotSavable
from skmeta.training import resolve_device

FORMAT = "skmeta"
FORMAT_VERSION = 1
_USERS_OWN = "the user's own"
#: what only further training needs; where it cannot be written down, the file says so and does without
_FOR_TRAINING = ("callbacks", "criterion", "iterator_train", "iterator_valid", "optimizer", "random_state", "compile")


def save(estimator, path):
    """Write an estimator to one file; see :meth:`MetaEstimator.save`."""
    import skmeta

    encoder = Encoder()
    state = estimator.__getstate__()
    state.pop("_sklearn_version", None)
    net = state.pop("net_", None)
    state["_routed"] = dict(state["_routed"])
    left_out = _leave_out(encoder, state, estimator)
    content = {
        "estimator": type(estimator).__name__,
        "skmeta_version": skmeta.__version__,
        "left_out": left_out,
        "state": {name: _encoded(encoder, name, value, estimator) for name, value in state.items()},
    }
    if net is not None:
        for name, part in net.module_.state_dict().items():
            encoder.tensors[f"weights.{name}"] = part.detach().cpu().clone().contiguous()
        content["net"] = {
            "seed": net.seed,
            "batch_size": net.batch_size,
            "history": [_numbers_of_epoch(encoder, row) for row in net.history],
        }
    content = json.dumps(content)
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "content": content,
        "sha256": _digest(content, encoder.tensors),
    }
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        save_file(encoder.tensors, unfinished, metadata)
        os.replace(unfinished, path)  # a crash half-way leaves no half a file under the name
    finally:
        unfinished.unlink(missing_ok=True)


def load(path, *, module=None, device=None):
    """Read an estimator that was written by its ``save`` method. No code from the file is executed.

    Parameters
    ----------
    path : str or path
    module : torch module class or instance, default=None
        The body, where it was a class of your own when the estimator was saved.
    device : str, default=None
        Where the estimator is to live; None is where it was, or the CPU if that device is not there.

    Returns
    -------
    estimator : estimator
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
    content, tensors = _read(path)
    try:
        estimator = _rebuild(content, tensors, module, device, path)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        fits = "" if module is None else f", or {module!r} cannot be made with the parameters in it"
        raise ValueError(f"{path} does not hold what an estimator of skmeta needs{fits}: {error!r}.") from error
    if content["left_out"]:
        listed = ", ".join(f"{name}={was}" for name, was in content["left_out"].items())
        warnings.warn(
            f"The file leaves out {listed}, which only training needs. Set it anew before training goes on.",
            stacklevel=2,
        )
    return estimator


# ---------------------------------------------------------------------- writing


def _leave_out(encoder, state, estimator):
    """Take what cannot be written but only training needs out of the state; say what it was."""
    left_out, defaults = {}, type(estimator)().get_params()
    for values in (state, state["_routed"]):
        for name in [name for name in values if name.partition("__")[0] in _FOR_TRAINING]:
            if encoder.can_encode(values[name]):
                continue
            left_out[name] = repr(values[name])
            if values is state:
                values[name] = defaults[name]
            else:
                del values[name]
    return left_out


def _numbers_of_epoch(encoder, row):
    """What was recorded of an epoch, without its batches."""
    plain = {k: float(v) if isinstance(v, float) else v for k, v in row.items()}
    return {k: encoder.encode(v) for k, v in plain.items() if isinstance(v, (int, float, str))}


def _encoded(encoder, name, value, estimator):
    if name == "module" and not encoder.can_encode(value):
        cls = value if isinstance(value, type) else type(value)
        return {_USERS_OWN: f"{cls.__module__}.{cls.__qualname__}"}
    try:
        return encoder.encode(value)
    except NotSavable as error:
        raise TypeError(f"{name} of this {type(estimator).__name__} cannot be saved: {error} {UNSAVABLE}") from None


def _digest(content, tensors):
    digest = hashlib.sha256(content.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


# ---------------------------------------------------------------------- reading


def _read(path):
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"{path} is a safetensors file, but not one that an estimator of skmeta was saved in.")
            _check_version(path, metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is not a file saved by skmeta, or it is truncated or damaged: {error}.") from error
    if metadata.get("sha256") != _digest(metadata.get("content", ""), tensors):
        raise ValueError(f"{path} has been changed since it was saved: its checksum does not match.")
    return json.loads(metadata["content"]), tensors


def _check_version(path, metadata):
    version = metadata.get("format_version", "")
    if not version.isdigit() or not 1 <= int(version) <= FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {version!r}, and this version of skmeta reads versions 1 to {FORMAT_VERSION}. "
            "Update skmeta to read newer files."
        )


def _rebuild(content, tensors, module, device, path):
    from skmeta.estimators import all_estimators

    known = {cls.__name__: cls for cls in all_estimators() if hasattr(cls, "save")}
    if content["estimator"] not in known:
        raise ValueError(f"{path} holds an estimator {content['estimator']!r}, which this version of skmeta lacks.")
    cls = known[content["estimator"]]
    weights = {name[len("weights.") :]: part for name, part in tensors.items() if name.startswith("weights.")}
    decoder = Decoder(tensors)
    state = {
        name: module if _is_users_own(value) else decoder.decode(value) for name, value in content["state"].items()
    }
    for name in state:
        if not name.isidentifier() or callable(getattr(cls, name, None)):
            raise ValueError(f"{path} has been tampered with: it sets {name!r}.")
    _check_module(content, module, path)
    estimator = cls()  # so that a parameter younger than the file has its default
    was_adapted = state.pop("_was_adapted", False)
    vars(estimator).update(state)
    estimator.device = _device_there(estimator.device) if device is None else device
    if "net" in content:
        estimator._serve(_net(estimator, content["net"], weights, decoder, path))
    if was_adapted:
        estimator._adapt_again()
    return estimator


def _is_users_own(value):
    return isinstance(value, dict) and _USERS_OWN in value


def _check_module(content, module, path):
    body = content["state"]["module"]
    if _is_users_own(body) and module is None:
        raise ValueError(
            f"The module of this {content['estimator']} was {body[_USERS_OWN]!r}, which is not part of skmeta. Loading "
            f"executes no code from a file, so hand the class in: skmeta.load({str(path)!r}, module=...)."
        )
    if module is not None and not _is_users_own(body):
        raise ValueError(f"The module of this {content['estimator']} is in the file: leave module= out.")


def _device_there(device):
    try:
        resolve_device(device)
    except ValueError:
        warnings.warn(f"The estimator was saved on device {device!r}, which is not there: using 'cpu'.", stacklevel=4)
        return "cpu"
    return device


def _net(estimator, about, weights, decoder, path):
    net = estimator._make_net(estimator.n_features_in_, None, about["seed"], False).initialize()
    net.batch_size = about["batch_size"]
    try:
        net.module_.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"The weights in {path} do not fit the module: {error}") from error
    rows = [{name: decoder.decode(value) for name, value in row.items()} for row in about["history"]]
    net.history_ = History({"batches": []} | row for row in rows)
    return net
