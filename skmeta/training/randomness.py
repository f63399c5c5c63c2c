"""Random numbers that belong to one training: no other thread draws from them, and they leave no trace."""

import threading
from contextlib import contextmanager

import torch
from torch import nn

_TURN = threading.RLock()

#: Layers of torch that draw random numbers when they are trained; others do where their attribute ``dropout`` says so.
_DRAWING = (nn.modules.dropout._DropoutNd, nn.RReLU, nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)
_KNOWN = ("torch.nn.", "skmeta.", "skorch.")


class Randomness:
    """The random numbers of one training.

    What takes a generator draws from :meth:`generator`. What knows torch's global generators only - the making of a
    module, dropout, a loader of the user's own - draws from them within :meth:`as_global`: trainings take turns there,
    find their own numbers in the global generators, and leave those as found. It is one stream of numbers either way.

    Parameters
    ----------
    device : torch device or str
    seed : int, default=0
    """

    def __init__(self, device, seed=0):
        device = torch.device(device)
        self._own = {"cpu": torch.Generator()}
        if device.type != "cpu":
            self._own[device.type] = torch.Generator(device=device)
        self._depth = 0
        self.reseed(seed)

    def reseed(self, seed):
        for own in self._own.values():
            (_global_generator(own.device) if self._depth else own).manual_seed(seed)

    def generator(self, device="cpu"):
        return self._own[torch.device(device).type]

    @contextmanager
    def as_global(self):
        """Within the block torch's global generators are this training's; no other training enters meanwhile."""
        with _TURN:
            if self._depth:  # they are already
                yield
                return
            pairs = [(own, _global_generator(own.device)) for own in self._own.values()]
            found = [theirs.get_state() for _, theirs in pairs]
            for own, theirs in pairs:
                theirs.set_state(own.get_state())
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                for (own, theirs), state in zip(pairs, found):
                    own.set_state(theirs.get_state())
                    theirs.set_state(state)

    def draws_of(self, iterator):
        """The batches of a loader that draws from torch's global generators."""
        with self.as_global():
            batches = iter(iterator)
        while True:
            with self.as_global():
                try:
                    batch = next(batches)
                except StopIteration:
                    return
            yield batch


def may_draw(module):
    """Whether training a module may draw random numbers: one of the user's own may, whatever it looks like."""
    return isinstance(module, nn.Module) and any(_may_draw(layer) for layer in module.modules())


def is_foreign(part):
    """Whether an object is of a class that neither torch nor skorch nor this library has made."""
    return not type(part).__module__.startswith(_KNOWN)


def draws_by_itself(module):
    """Whether layers may draw random numbers whose number nobody knows, besides the learner's own for each task."""
    return any(_layer_may_draw(layer) for layer in module.modules())


def _may_draw(layer):
    return _layer_may_draw(layer) or getattr(layer, "draws_in_training", False)


def _layer_may_draw(layer):
    if is_foreign(layer) or layer._forward_hooks or layer._forward_pre_hooks:
        return True
    return isinstance(layer, _DRAWING) or bool(getattr(layer, "dropout", 0))


def _global_generator(device):
    if device.type == "cuda":
        torch.cuda.init()
        return torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    if device.type == "mps":
        return torch.mps._get_default_mps_generator()
    return torch.default_generator
