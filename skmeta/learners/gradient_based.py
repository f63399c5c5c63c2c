"""What the learners that descend on a task's own loss have in common: a body, a linear head on it, an engine."""

import torch
from torch import nn
from torch.func import functional_call

from skmeta.learners.backtracking import backtrack, squared_errors
from skmeta.learners.base import Learner, without_graph
from skmeta.learners.engine import choose_engine
from skmeta.learners.engine.any_module import AnyModuleEngine


class GradientBased(Learner):
    """A start for gradient descent: the body's parameters and those of a linear head.

    The head has one row per shared class or target, or, where every task has classes of its own, a single row that
    all classes start from, so that any number of ways works.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    engine : {"auto", "native", "closed_form", "any_module", "naive"}
        How the arithmetic is done; the results are equal.
    """

    cold_start = True
    bend = None  # how much the softmax of shared classes is taken to bend; None is 1 / C, as if it were even

    def __init__(self, body, n_features_in, n_outputs=None, *, task_type="classification", engine="auto"):
        super().__init__(body, n_features_in, n_outputs)
        self.task_type = task_type
        rows = 1 if n_outputs is None else n_outputs
        self.head_weight = nn.Parameter(torch.randn(rows, self.n_embedding) / self.n_embedding**0.5)
        self.head_bias = nn.Parameter(torch.zeros(rows))
        loss = "cross_entropy" if task_type == "classification" else "mse"
        self.engine = choose_engine(body, loss=loss, engine=engine)
        self.autograd_engine = AnyModuleEngine(body, loss)

    def _check_auto(self, inner_lr):
        if inner_lr == "auto" and self.task_type == "regression":
            raise ValueError(
                "inner_lr='auto' knows how steep the loss of a classifier is, not that of a regression: give a number."
            )

    def head(self, class_mask):
        """The head's start for as many classes as the tasks have.

        A class that no task had in meta-training starts from the mean of those that did.
        """
        weight, bias = self.head_weight, self.head_bias
        new = 0 if class_mask is None else class_mask.shape[1] - len(weight)
        if new <= 0:
            return weight, bias
        return (
            torch.cat([weight, weight.mean(0, keepdim=True).expand(new, -1)]),
            torch.cat([bias, bias.mean(0, keepdim=True).expand(new)]),
        )

    def start_of_tasks(self, class_mask, n_tasks):
        """The start as every task's own parameters, each (T, *its shape); differentiable."""
        start = self.engine.start(*self.head(class_mask))
        return [value.unsqueeze(0).expand(n_tasks, *value.shape) for value in start]

    @without_graph
    def pace_of_tasks(self, support_X, support_weight=None, class_mask=None):
        """Under ``inner_lr="auto"`` each task's inner loss is multiplied with these (T,), at rates of 1; else None.

        One over how much that loss bends in the head's weights: by the largest eigenvalue of the rows' second moments,
        see :func:`steepness`, times how much the softmax does. That is 1 / C where all C classes start from one row and
        are even at first. Where they are shared, their rows have been learned, and it may be up to a half, or ``bend``:
        under rows that are not small the body's weights bend the loss as well. Steps of a rate for all tasks would be
        too long for rows of many columns, and once features grow in training.
        """
        if self.inner_lr != "auto":
            return None
        self._check_auto(self.inner_lr)  # it may have been set after fit
        bend = 1 / class_mask.sum(1) if self.n_outputs is None or self.bend is None else self.bend
        return 1 / (bend * steepness(self._embedded_aside(support_X), support_weight))

    def _embedded_aside(self, X):
        """Embeddings that leave no trace: normalised by the batch, as training has them, nothing is kept or drawn."""
        if not self.engine.body_has_modes:
            return self.embed(X)
        in_training = [layer for layer in self.body.modules() if layer.training]
        normalising = [layer for layer in in_training if getattr(layer, "running_mean", None) is not None]
        buffers = {name: value.clone() for name, value in self.body.named_buffers()} if normalising else {}
        try:
            self.body.eval()
            for layer in normalising:
                layer.training = True
            return functional_call(self.body, buffers, X.flatten(0, 1)).unflatten(0, X.shape[:2])
        finally:
            for layer in in_training:
                layer.training = True

    def inner_gradient(self, params, support_X, support_y, support_weight=None, class_mask=None, pace=None):
        """Gradients (T, *shape) of each task's inner loss at its parameters. No graph."""
        # a step of rate 1 is all the engines have to offer, and it is their fastest path
        stepped = self.engine.adapt(
            params,
            support_X,
            support_y,
            support_weight=support_weight,
            class_mask=class_mask,
            pace=pace,
            steps=1,
            lr=1.0,
        )
        return [before.detach() - after for before, after in zip(params, stepped)]

    def differentiable_answers(self, params, query_X, class_mask=None):
        """Answers (T, m, C) that can be differentiated with respect to the tasks' own parameters."""
        return self.autograd_engine.differentiable_answers(params, query_X, class_mask)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Adapted parameters, each (T, *shape), and the class mask.

        A squared loss can explode in steps that fitted other tasks: those of a regression are guarded.
        """
        steps = self.inner_steps if self.adapt_steps is None else self.adapt_steps
        if self.task_type == "classification" or not steps:
            return self.descend(support_X, support_y, support_weight, class_mask, steps=steps), class_mask
        params = backtrack(
            lambda rows, pace, steps: self.descend_compared(*rows, steps=steps, pace=pace),
            lambda rows: [value.detach() for value in self.start_of_tasks(None, len(rows[0]))],
            (support_X, support_y, support_weight),
            steps,
        )
        return params, class_mask

    def descend_compared(self, support_X, support_y, support_weight, *, steps, pace=1.0, **settings):
        """Descend, and give the squared errors (T,) on the rows before the first step and after the last as well."""
        params = self.descend(support_X, support_y, support_weight, None, steps=steps, pace=pace, **settings)
        start = [value.detach() for value in self.start_of_tasks(None, len(support_X))]
        answers = (self.engine.predict(values, support_X) for values in (start, params))
        return params, *(squared_errors(outputs, support_y, support_weight) for outputs in answers)

    def descend(self, support_X, support_y, support_weight, class_mask, *, steps, pace=1.0):
        """Parameters (T, *shape) after so many inner steps, all rates multiplied by ``pace``."""
        raise NotImplementedError

    def predict(self, state, query_X):
        params, class_mask = state
        return self.engine.predict(params, query_X, class_mask)

    @property
    def single_precision(self):
        return self.engine.by_rows

    def answerer(self, state):
        params, class_mask = state
        return self.engine.answerer([value[0] for value in params], class_mask)


def steepness(features, weight=None):
    """A close upper bound of the largest eigenvalue (T,) of the mean of ``[f, 1] [f, 1]'`` over each task's rows.

    It is the fourth root of the sum of the eigenvalues' fourth powers.

    Examples
    --------
    >>> steepness(torch.tensor([[[3.0], [3.0]]])).round()
    tensor([10.])
    """
    rows = torch.cat([features, torch.ones_like(features[..., :1])], 2)
    if weight is None:
        rows = rows / max(rows.shape[1], 1) ** 0.5
    else:  # what stands in a padded row is no number of ours
        share = weight / weight.sum(1, keepdim=True).clamp(min=1e-30)
        rows = torch.where(weight[..., None] > 0, rows * share[..., None].sqrt(), 0)
    length = torch.linalg.vector_norm(rows, dim=(1, 2), keepdim=True).clamp(min=1e-15)
    rows = rows / length  # of large units the fourth powers are beyond what single precision can hold
    turned = rows.transpose(1, 2)
    moments = turned @ rows if rows.shape[1] > rows.shape[2] else rows @ turned  # the same eigenvalues but for zeros
    return ((moments @ moments).square().sum((1, 2)) ** 0.25 * length.flatten().square()).clamp(min=1e-30)
