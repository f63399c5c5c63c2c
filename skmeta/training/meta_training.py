"""Training that an estimator can take into use, whether it ends by itself or by Ctrl-C."""

import signal
import threading
from contextlib import contextmanager, suppress

import torch


class TrainingInterrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; the net stands at its last whole epoch."""


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
    are_numbers = [torch.isfinite(value).all() for value in net.module_.parameters()]
    if are_numbers and not torch.stack(are_numbers).all():
        raise ValueError(
            "Training diverged: it has made weights that are infinite or no numbers. Columns may hold extreme values, "
            "which want scaling (QuantileTransformer, say), or lr, or inner_lr where there is one, is too large."
        )


def raise_if_interrupted(net):
    """Raise the KeyboardInterrupt that has ended a net's training, once."""
    if net.interrupted_:
        net.interrupted_ = False
        raise KeyboardInterrupt(f"Training was interrupted; its {len(net.history)} whole epochs are kept.")
