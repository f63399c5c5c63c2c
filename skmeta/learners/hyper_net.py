"""A hypernetwork: one network reads a task and writes the parameters of another (Ha, Dai & Le, 2017)."""

from itertools import chain, pairwise, repeat

import torch
from torch import nn

from skmeta.learners.backtracking import squared_errors
from skmeta.learners.base import Learner, hide_absent_classes, one_hot_support, shares
from skmeta.nets import Standardize

_FIRST_SCALE = 0.3  # of what is generated, beside the parameters all tasks share
_FIRST_CORRECTION = 0.03  # of what starts beside class means
_LARGEST = 3.0  # root mean square, in units of the training tasks', of the targets that a code is made of
_OF_CODES = 0.1  # how much of what a class's code writes is added to class means: codes learn training classes by heart


class HyperNet(Learner):
    """The support, seen as a set, generates a small multi-layer perceptron that answers alone.

    Rows are embedded by the body and averaged, with their weights, class by class (with their targets, for
    regression); the averages become a code of every class and, averaged again, one of the task. The task's code
    generates the hidden layers, each as the layer common to all tasks plus one of low rank; a class's code, with the
    task's, generates that class's row of the output layer. So answers do not depend on the order of rows, follow the
    classes when they are permuted, and any number of ways works. Having adapted, only the small network is kept.

    *Classes* begin as nearest class means: the output layer sees the rows beside the hidden layers, and its weights are
    at first those of prototypes, the class means of ``x + A h(x)`` with the generated hidden layers h and a small A.
    What codes generate, small at first as well, is added. A network that had to learn from random weights what to
    compare rows by learned little from few classes. Where all tasks share their classes, prototypes are drawn towards
    ones common to all tasks, as in :class:`~skmeta.learners.prototypes.Prototypes`.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    target_hidden, target_layers : int
        Width and number of the hidden layers of the generated network.
    n_code : int
        Size of the codes of classes and tasks.
    rank : int
        Of what is added to a hidden layer.

    References
    ----------
    D. Ha, A. Dai, Q. V. Le. "HyperNetworks". ICLR 2017.
    A. Mueller, C. Curino, R. Ramakrishnan. "MotherNet: Fast Training and Inference via Hyper-Network Transformers".
    ICLR 2025.
    """

    cold_start = True

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification", target_hidden=32, target_layers=2,
        n_code=64, rank=8,
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs)
        self.task_type = task_type
        self.is_classification = task_type == "classification"
        rows = 1 if n_outputs is None else n_outputs
        self.standardize = Standardize(n_features_in)
        self.encode_group = _mlp(self.n_embedding + 1, n_code)
        self.encode_task = _mlp(n_code + 1, n_code)
        if not self.is_classification:
            self.encode_row = _mlp(self.n_embedding + n_outputs, self.n_embedding)
        widths = pairwise(chain([n_features_in], repeat(target_hidden, target_layers)))
        last = target_hidden if target_layers else n_features_in
        self.hidden = nn.ModuleList(GeneratedLayer(n_code, a, b, rank) for a, b in widths)
        self.shared_rows = nn.Parameter(torch.randn(rows, last + 1) / last**0.5)
        n_generated = (1 if self.is_classification else rows) * (last + 1)
        self.write_rows = _mlp(2 * n_code, n_generated)
        with torch.no_grad():
            self.write_rows[-1].weight.mul_(_FIRST_SCALE)
        if self.is_classification:
            self._begin_as_class_means(last, n_features_in)

    @torch.no_grad()
    def _begin_as_class_means(self, n_hidden, n_features_in):
        self.correct = nn.Linear(n_hidden, n_features_in)
        self.log_scale = nn.Parameter(-torch.tensor(float(n_features_in)).log())
        for parameter in (*self.correct.parameters(), self.shared_rows):
            parameter.mul_(_FIRST_CORRECTION)
        if self.n_outputs is not None:
            self.common_means = nn.Parameter(0.1 * torch.randn(self.n_outputs, n_features_in))
            self.log_strength = nn.Parameter(torch.zeros(()))

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The generated network: weights (T, out, in) and biases (T, out) layer by layer, and the class mask.

        Targets far larger than those of the training are made smaller to be read, and what is answered then larger
        again: a network may answer anything to a code that it has never seen.
        """
        size = None
        if not self.is_classification:
            size = (squared_errors(torch.zeros_like(support_y), support_y, support_weight).sqrt() / _LARGEST).clamp(
                min=1
            )
            support_y = support_y / size[:, None, None]
        groups, task = self._codes(support_X, support_y, support_weight, class_mask)
        layers = [layer(task) for layer in self.hidden]
        rows = self.write_rows(torch.cat([groups, task[:, None].expand_as(groups)], dim=-1))
        rows = rows.flatten(1).view(len(rows), -1, self.shared_rows.shape[1])
        rows = (_OF_CODES if self.is_classification else 1) * rows + self._shared_rows_of(rows.shape[1])
        weight, bias = rows[..., :-1], rows[..., -1]
        if self.is_classification:
            of_hidden, of_row, constant = self._class_means(layers, support_X, support_y, support_weight, class_mask)
            weight, bias = torch.cat([weight + of_hidden, of_row], dim=-1), bias + constant
        else:
            if not self.training:
                hidden = _through(layers, self.standardize(support_X))
                weight, bias = drawn_to_mean(hidden, support_y, support_weight, weight, bias)
            weight, bias = weight * size[:, None, None], bias * size[:, None]
        return [*layers, (weight, bias)], class_mask

    def predict(self, state, query_X):
        (*layers, last), class_mask = state
        X = self.standardize(query_X)
        hidden = _through(layers, X)
        inputs = torch.cat([hidden, X], dim=-1) if self.is_classification else hidden
        return hide_absent_classes(_linear(inputs, *last), class_mask)

    def _class_means(self, layers, X, y, weight, class_mask):
        """The output layer that compares ``x + A h(x)`` with the class means: weights of h and of x, and biases."""
        n_classes = class_mask.shape[1]
        X = self.standardize(X)
        members = one_hot_support(y, n_classes, weight, X.dtype)
        X = torch.where(members.sum(1)[..., None] > 0, X, 0)
        total, count = members @ (X + self.correct(_through(layers, X))), members.sum(-1, keepdim=True)
        if self.n_outputs is not None:
            new = n_classes - self.n_outputs
            strength = nn.functional.pad(self.log_strength.exp().expand(self.n_outputs), (0, new))[:, None]
            common = nn.functional.pad(self.common_means, (0, 0, 0, new))
            total, count = total + strength * common, count + strength
        means, scale = total / count.clamp(min=1e-12), self.log_scale.exp()
        of_row = 2 * scale * means
        return of_row @ self.correct.weight, of_row, of_row @ self.correct.bias - scale * means.square().sum(-1)

    def _codes(self, X, y, weight, class_mask):
        """Codes of each task's classes (T, C, c), for regression of all its rows (T, 1, c); of the task (T, c)."""
        embedded = self.embed(X)
        if self.is_classification:
            members = one_hot_support(y, class_mask.shape[1], weight, embedded.dtype)
            exists = class_mask.to(embedded.dtype)
        else:
            embedded = self.encode_row(torch.cat([embedded, y], dim=-1))
            members = (embedded.new_ones(X.shape[:2]) if weight is None else weight)[:, None]
            exists = embedded.new_ones(len(X), 1)
        # what a padded row holds is no number of ours: it must not even be multiplied with 0
        embedded = torch.where(members.sum(1)[..., None] > 0, embedded, 0)
        count = members.sum(-1, keepdim=True)
        mean = members @ embedded / count.clamp(min=1e-12)
        groups = self.encode_group(torch.cat([mean, scarcity(count)], dim=-1))
        n_groups = exists.sum(1, keepdim=True).clamp(min=1)
        task = (groups * exists[..., None]).sum(1) / n_groups
        return groups, self.encode_task(torch.cat([task, scarcity(count.sum(1) / n_groups)], dim=-1))

    def _shared_rows_of(self, n_rows):
        """The output rows common to all tasks; a class without one of its own has the mean of the others."""
        rows = self.shared_rows
        new = n_rows - len(rows)
        return rows if new <= 0 else torch.cat([rows, rows.mean(0, keepdim=True).expand(new, -1)])


def drawn_to_mean(hidden, y, support_weight, weight, bias):
    """Output layers (T, k, h), (T, k) that, where they answer their own support worse than its mean, are drawn to it.

    The answers are then those of least squares between the mean and what was generated: a network generated from rows
    unlike all those of the training may be wrong by any amount.
    """
    outputs = _linear(hidden, weight, bias)
    share = shares(support_weight, hidden)[0][..., None]
    y = torch.where(share > 0, y, 0.0)
    mean_y, mean = (share * y).sum(1), (share * outputs).sum(1)
    apart, apart_y = outputs - mean[:, None], y - mean_y[:, None]
    worse = (share * (outputs - y).square()).sum(1) > (share * apart_y.square()).sum(1)
    worse = worse & ((share > 0).sum(1) > 1)
    slope = (share * apart * apart_y).sum(1) / (share * apart.square()).sum(1).clamp(min=1e-12)
    slope = torch.where(worse, slope.clamp(0, 1), 1.0)
    offset = torch.where(worse, mean_y - slope * mean, 0.0)
    return weight * slope[..., None], bias * slope + offset


def _through(layers, X):
    for weight, bias in layers:
        X = _linear(X, weight, bias).relu()
    return X


def _linear(X, weight, bias):
    return torch.baddbmm(bias[:, None], X, weight.transpose(1, 2))


class GeneratedLayer(nn.Module):
    """A code (T, c) to a linear layer: weight (T, out, in), bias (T, out)."""

    def __init__(self, n_code, n_in, n_out, rank):
        super().__init__()
        self.common = nn.Linear(n_in, n_out)
        self.directions = nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)
        self.write = nn.Linear(n_code, n_out * (rank + 1))
        self.n_out, self.rank = n_out, rank
        with torch.no_grad():
            self.write.weight.mul_(_FIRST_SCALE)

    def forward(self, code):
        written = self.write(code).view(-1, self.n_out, self.rank + 1)
        return self.common.weight + written[..., :-1] @ self.directions, self.common.bias + written[..., -1]


def scarcity(count):
    """How few rows there are, 1 / (1 + count): bounded, for a task may be far larger than those of the training."""
    return 1 / (1 + count)


def _mlp(n_in, n_out, n_hidden=64):
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out))
