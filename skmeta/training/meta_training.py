"""Training that an estimator can take into use, whether it ends by itself or by Ctrl-C."""

from contextlib import suppress

import torch

from skmeta.training.interruption import TrainingInterrupted


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
