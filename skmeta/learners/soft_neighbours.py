"""Soft neighbours: every support row votes for its label, the more the nearer it lies in a learned space."""

import torch
from torch import nn

from skmeta.learners.base import Learner, blocks_of_rows, hide_absent_classes

_CELLS_AT_ONCE = 2**20  # what stays in the caches is quicker too


class SoftNeighbours(Learner):
    """A row's label is its support rows', each with weight ``w_i exp(-s D(x, x_i))``.

    The share of a class among the weights is its probability, and the weighted mean of targets a regression's answer;
    trained by the usual losses this is neighbourhood components analysis over tasks [1]_. Subclasses choose D, and may
    train the space by pairs or triplets instead.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    metric : {"euclidean", "manhattan", "chebyshev", "minkowski", "cosine"}
        D is the distance, except that the Euclidean one is squared.
    p : float
        Exponent of "minkowski".
    scale : float or "learn"
        s.

    References
    ----------
    .. [1] J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov. "Neighbourhood Components Analysis". NeurIPS 2004.
    """

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification", metric="euclidean", p=2, scale="learn"
    ):
        super().__init__(body, n_features_in, n_outputs)
        self.task_type = task_type
        exponents = {"manhattan": 1.0, "chebyshev": torch.inf, "minkowski": float(p)}
        if metric not in {"euclidean", "cosine", *exponents}:
            raise ValueError(f"metric must be 'euclidean', 'cosine' or one of {sorted(exponents)}, got {metric!r}.")
        self.metric, self.p = metric, exponents.get(metric, 2.0)
        if metric == "minkowski" and self.p == 2:
            self.metric = "euclidean"
        # squared distances grow with the size of the embedding, cosines never leave [-1, 1]
        first = {"euclidean": 1 / self.n_embedding, "cosine": 10.0}.get(self.metric, self.n_embedding**-0.5)
        learned = scale == "learn"
        self.log_scale = nn.Parameter(torch.tensor(float(first if learned else scale)).log(), requires_grad=learned)

    # ------------------------------------------------------------------ the space

    def energy(self, a, b):
        """D between points a (T, m, e) and b (T, n, e): (T, m, n)."""
        if self.metric == "cosine":
            a, b = nn.functional.normalize(a, dim=-1), nn.functional.normalize(b, dim=-1)
            return 1 - a @ b.transpose(1, 2)
        if self.metric == "euclidean":
            return squared_distances(a, b)
        return torch.cdist(a, b, p=self.p)

    def distance(self, energy):
        """The distance a user is told, from D."""
        return energy.clamp(min=0).sqrt() if self.metric == "euclidean" else energy.clamp(min=0)

    # ------------------------------------------------------------------ learner

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Points (T, n, e), labels, log weights (T, n), and the classes (T, C) that have rows."""
        return self.state(self.embed(support_X), support_y, support_weight, class_mask)

    def state(self, points, support_y, support_weight=None, class_mask=None):
        """What ``adapt`` returns, from rows that are points already."""
        if support_weight is None:
            log_weight = torch.zeros_like(points[..., 0])
        else:
            log_weight = support_weight.log()  # -inf: the row does not vote
            points = torch.where(support_weight[..., None] > 0, points, 0)
        if class_mask is None:
            return points, support_y, log_weight, class_mask
        rows = torch.zeros(class_mask.shape, dtype=points.dtype, device=points.device)
        rows = rows.scatter_add(1, support_y, log_weight.exp())
        return points, support_y, log_weight, class_mask & (rows > 0)

    def query_points(self, state, query_X):
        """Points of query rows; here they do not depend on the support."""
        return self.embed(query_X)

    def predict(self, state, query_X):
        return self._in_blocks(state, query_X, lambda energy: self.votes(state, energy))

    def neighbour_distances(self, state, query_X):
        """(T, m, n) distances to the support rows; infinite to rows without weight."""
        hidden = (state[2] == -torch.inf)[:, None]
        return self._in_blocks(state, query_X, lambda energy: self.distance(energy).masked_fill(hidden, torch.inf))

    def _in_blocks(self, state, query_X, answer):
        """Answers to energies, a block of query rows at a time: all n x m need not be in memory at once."""
        points = state[0]
        size = max(1, _CELLS_AT_ONCE // max(points.shape[0] * points.shape[1], 1))
        if torch.is_grad_enabled():
            size = max(query_X.shape[1], 1)
        blocks = blocks_of_rows(query_X, size)
        return torch.cat([answer(self.energy(self.query_points(state, rows), points)) for rows in blocks], 1)

    def votes(self, state, energy):
        """Logits or targets of query rows from their energies (T, m, n)."""
        _, labels, log_weight, seen = state
        scores = log_weight[:, None] - self.log_scale.exp() * energy
        if self.task_type == "regression":
            return torch.softmax(scores, -1) @ labels
        return hide_absent_classes(logsumexp_by_class(scores, labels, seen.shape[1]), seen)


def squared_distances(a, b):
    """(T, m, n) of points (T, m, e) and (T, n, e); never below 0."""
    # about the mean of b, so that a far-away origin costs no digits
    centre = b.mean(1, keepdim=True).detach()
    a, b = a - centre, b - centre
    product = a @ b.transpose(1, 2)
    return ((a**2).sum(-1)[..., None] + (b**2).sum(-1)[:, None] - 2 * product).clamp(min=0)


def logsumexp_by_class(scores, labels, n_classes):
    """Log of the sum of ``exp(score)`` over the rows of each class; -inf for a class without.

    Parameters
    ----------
    scores : (T, m, n) tensor
    labels : (T, n) int64 tensor
    n_classes : int

    Returns
    -------
    (T, m, n_classes) tensor

    Examples
    --------
    >>> import torch
    >>> logsumexp_by_class(torch.zeros(1, 1, 3), torch.tensor([[0, 0, 1]]), n_classes=3).exp()
    tensor([[[2., 1., 0.]]])
    """
    labels = labels[:, None].expand_as(scores)
    # each class by its own largest score: a far class is still a number, not the logarithm of an underflow
    shape = (*scores.shape[:2], n_classes)
    top = torch.full(shape, -torch.inf, dtype=scores.dtype, device=scores.device)
    top = top.scatter_reduce(2, labels, scores.detach(), "amax")
    has_rows = top > -torch.inf
    shift = torch.where(has_rows, top, 0)
    total = torch.zeros_like(top).scatter_add(2, labels, (scores - shift.gather(2, labels)).exp())
    return torch.where(has_rows, torch.where(has_rows, total, 1).log() + shift, -torch.inf)
