"""What every algorithm of the library is: a torch module that adapts to a batch of tasks."""

import torch
from torch import nn


class Learner(nn.Module):
    """A meta-learning algorithm around a ``body`` (rows in, embeddings or outputs out).

    Everything has a leading task axis ``T``. A learner knows tensors only: labels are integers, targets are
    scaled, ragged tasks are padded, and a padded row carries weight 0.

    Shapes
    ------
    support_X : (T, n, d) float
    support_y : (T, n) int64 in ``[0, C)`` for classification, (T, n, k) float for regression
    support_weight : (T, n) float or None
        Row weights; None is all ones. A row of weight 0 must not change any result.
    class_mask : (T, C) bool or None
        The classes that exist in each task; the logits of the others are ``-inf``. None for regression.
    query_X : (T, m, d) float

    The three calls
    ---------------
    ``forward``
        What skorch trains: adapt to the supports, answer the queries, flat over tasks and rows so that any torch
        criterion, and skorch's own scoring, take the result as it is.
    ``adapt``
        Support rows to a *state*: any nest of tuples, lists and dicts of tensors with a leading task axis.
    ``predict``
        State and query rows to (T, m, C) logits or (T, m, k) targets. Row i of the answer depends on row i of the
        query and on the state alone.
    """

    task_type: str

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        state = self.adapt(support_X, support_y, support_weight, class_mask)
        return self.predict(state, query_X).flatten(0, 1)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        raise NotImplementedError

    def predict(self, state, query_X):
        raise NotImplementedError


def one_hot_support(support_y, n_classes, support_weight=None, dtype=torch.float32):
    """(T, n) labels to (T, C, n) membership weights, class axis first: the narrow axis is never the last one."""
    classes = torch.arange(n_classes, device=support_y.device)[:, None]
    members = (support_y[..., None, :] == classes).to(dtype)
    return members if support_weight is None else members * support_weight[..., None, :]


def hide_absent_classes(logits, class_mask):
    """(T, m, C) logits with ``-inf`` for the classes a task does not have."""
    if class_mask is None:
        return logits
    return logits.masked_fill(~class_mask[..., None, :], -torch.inf)
