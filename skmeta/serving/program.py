"""An adapted estimator as one torch module: from rows as users have them to probabilities or targets."""

import copy

import torch
from torch import nn


class Program(nn.Module):
    """What an adapted estimator does to rows, with all that its task has shown as constants.

    Rows come in double precision, for a column that lies far from zero (an identifier, a timestamp) has its digits
    there; what the learner makes of them is worked out in the precision in which the estimator itself answers.

    Parameters
    ----------
    estimator : estimator with a current task
        It is copied, to the CPU.

    Shapes
    ------
    X : (n, d) double
    answers : (n, C) probabilities in the order of ``classes_``, or targets (n,) or (n, k) in the user's units; double
    """

    def __init__(self, estimator):
        super().__init__()
        task, codec = estimator.task_, estimator.codec_
        learner, state = estimator.served_.as_answered(task.state)
        self.learner = copy.deepcopy(learner).cpu()
        self.state = on_cpu(state)
        self.dtype = torch.float32 if estimator.served_.is_quick else estimator.served_.dtype
        self.shift = _constant(estimator.rows_.shift)
        self.columns = None if task.classes is None else torch.as_tensor(task.classes.columns)
        if task.classes is None:
            # names of their own: a program calls its constants by them
            self.target_mean, self.target_scale = map(_constant, codec.of_outputs)
            self.is_flat = codec.is_flat

    def forward(self, X):
        rows = (X - self.shift).to(self.dtype)
        outputs = self.learner.predict(self.state, rows[None])[0].double()
        if self.columns is not None:
            return outputs[:, self.columns].softmax(1)
        targets = outputs * self.target_scale + self.target_mean
        return targets[:, 0] if self.is_flat else targets


def on_cpu(state):
    """A nest of tensors on the CPU."""
    if isinstance(state, torch.Tensor):
        return state.detach().cpu()
    if isinstance(state, dict):
        return {name: on_cpu(part) for name, part in state.items()}
    if not isinstance(state, (list, tuple)):
        return state
    make = getattr(type(state), "_make", type(state))  # of a named tuple's parts one by one
    return make(on_cpu(part) for part in state)


def _constant(array):
    return torch.as_tensor(array, dtype=torch.float64).clone()
