"""Where a training stands, and how it ends: by itself, or by Ctrl-C where its last whole epoch has left it."""

import hashlib
import io
import json
import math
import signal
import threading
from contextlib import contextmanager, suppress

import torch
from skorch.history import History

#: what a callback has counted in
_PLAIN = (bool, int, float, str, type(None))


class TrainingInterrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; the net stands at its last whole epoch."""


class NothingLearned(ValueError):
    """Training ran as it should and came to nothing: it diverged, or its rows left nothing to ask."""


@contextmanager
def noticing_ctrl_c():
    """Within the block the list that is yielded holds a signal as soon as one has come.

    skorch's callbacks raise KeyboardInterrupt to stop a training, and Python raises it when a user wants it all to
    stop. They look alike; only the second comes with a signal, and only in the main thread.
    """
    came = []
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield came
        return

    def note(number, frame):
        came.append(number)
        return handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, handler)


def train(net, tasks, epochs, watcher=None):
    """Train an initialised net and check what has become of it.

    Ctrl-C is not raised here but noted in ``net.interrupted_``, if there is a whole epoch to keep: whoever called takes
    the net into use first and then raises it, by :func:`raise_if_interrupted`.

    Parameters
    ----------
    net : MetaNet
    tasks : TaskStore or object with ``draw(n_tasks) -> TaskStore``
    epochs : int
        0 leaves the net as it is.
    watcher : object with ``on_epoch_begin(net)`` and ``on_epoch_end(net)``, default=None
        Told of every epoch, after all callbacks; training stops where the second says so.
    """
    if epochs < 1:
        return
    net._watcher = watcher
    with suppress(TrainingInterrupted):
        net.partial_fit(tasks, epochs=epochs)
    if _has_diverged(net):
        raise NothingLearned(
            "Training diverged: its weights, or its last losses, are infinite or no numbers. Columns may hold extreme "
            "values, which want scaling (QuantileTransformer, say); targets may be large, which "
            "target_scaling='pooled' or 'task' sees to; or lr, or inner_lr where there is one, is too large."
        )


def _has_diverged(net):
    """Whether a weight is no number, or no loss of the last epoch is one: those of single steps may be infinite."""
    are_numbers = [torch.isfinite(value).all() for value in net.module_.parameters()]
    if are_numbers and not torch.stack(are_numbers).all():
        return True
    batches = net.history[-1]["batches"] if net.history else []
    losses = [batch["train_loss"] for batch in batches if "train_loss" in batch]
    return bool(losses) and not any(map(math.isfinite, losses))


def raise_if_interrupted(net):
    """Raise the KeyboardInterrupt that has ended a net's training, once."""
    if net.interrupted_:
        net.interrupted_ = False
        raise KeyboardInterrupt(f"Training was interrupted; its {len(net.history)} whole epochs are kept.")


def snapshot(net):
    """What has been trained so far: weights, the optimizer's memory, the history, what callbacks have counted.

    Returns
    -------
    standing : dict
        Of tensors, numbers and strings only, copied. Random numbers are none of it: each epoch is seeded by its number.
    """
    return {
        "module": _copied(net.module_.state_dict()),
        "criterion": _copied(net.criterion_.state_dict()) if hasattr(net.criterion_, "state_dict") else {},
        "optimizer": _copied(net.optimizer_.state_dict()),
        "history": list(net.history),
        "callbacks": {name: _counted_by(callback) for name, callback in net.callbacks_},
    }


def put_back(net, standing):
    """Make an initialised net stand where another one stood."""
    net.module_.load_state_dict(standing["module"])
    if standing["criterion"]:
        net.criterion_.load_state_dict(standing["criterion"])
    net.optimizer_.load_state_dict(standing["optimizer"])
    net.history_ = History(standing["history"])
    for name, callback in net.callbacks_:
        for attribute, value in standing["callbacks"].get(name, {}).items():
            theirs = getattr(callback, attribute, None)
            if hasattr(theirs, "load_state_dict"):
                theirs.load_state_dict(value)
            else:
                setattr(callback, attribute, _copied(value))


def fingerprint(standing):
    """A number by which a snapshot is told from others; of the history, which holds times, its length counts alone.

    Examples
    --------
    >>> import torch
    >>> one, other = ({"module": {"weight": torch.tensor([value])}, "history": []} for value in (1.0, 2.0))
    >>> fingerprint(one) == fingerprint(one), fingerprint(one) == fingerprint(other)
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=7)  # of any processes' integers

    def take(nest):
        if isinstance(nest, torch.Tensor):
            digest.update(nest.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        elif isinstance(nest, dict):
            for name, part in nest.items():
                digest.update(repr(name).encode())
                take(part)
        elif isinstance(nest, (list, tuple)):
            for part in nest:
                take(part)
        else:
            digest.update(repr(nest).encode())

    take(standing | {"history": len(standing["history"])})
    return int.from_bytes(digest.digest(), "big")


def _counted_by(callback):
    """The fitted attributes of a callback that are plain numbers, weights, or have a ``state_dict`` themselves."""
    counted = {}
    for name, value in vars(callback).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if hasattr(value, "state_dict") and not isinstance(value, type):
            counted[name] = _copied(value.state_dict())
        elif isinstance(value, _PLAIN):
            counted[name] = value if value is None or isinstance(value, (bool, str)) else _builtin(value)
        elif isinstance(value, dict) and all(isinstance(part, torch.Tensor) for part in value.values()):
            counted[name] = _copied(value)
    return counted


def _builtin(number):
    """A Python number for one of numpy's that is a subclass of it."""
    return int(number) if isinstance(number, int) else float(number)


def _copied(nest):
    """A nest of dicts, lists and tensors whose tensors may be changed without changing the first."""
    if isinstance(nest, torch.Tensor):
        return nest.detach().clone()
    if isinstance(nest, dict):
        return {name: _copied(part) for name, part in nest.items()}
    if type(nest) in (list, tuple):
        return type(nest)(_copied(part) for part in nest)
    return nest


def to_bytes(standing):
    """A snapshot, or another nest of tensors, numbers and strings, to be written down or sent."""
    if isinstance(standing, dict) and "history" in standing:
        standing = standing | {"history": json.dumps(standing["history"], default=float)}
    in_memory = io.BytesIO()
    torch.save(standing, in_memory)
    return in_memory.getvalue()


def from_bytes(written, device="cpu"):
    """What :func:`to_bytes` has written; nothing but numbers, strings and tensors is read: it brings no code along."""
    standing = torch.load(io.BytesIO(written), map_location=device, weights_only=True)
    if isinstance(standing, dict) and "history" in standing:
        standing["history"] = json.loads(standing["history"])
    return standing


def identity(net, tasks):
    """What has to be the same for two trainings to be one."""
    learner = net._bare_learner
    return {
        "learner": type(learner).__name__,
        "weights": {name: list(value.shape) for name, value in learner.state_dict().items()},
        "optimizer": type(net.optimizer_).__name__,
        "seed": net.seed,
        "tasks": len(tasks),
        "rows": list(getattr(tasks, "X", torch.empty(0)).shape),
    }
