"""What the engines share: the order of the parameters, the head's growth to C classes, and the arguments' meaning."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch

from skmeta.learners.base import ParametersOf, are_all_there, without_graph
from skmeta.learners.engine.losses import find_loss
from skmeta.learners.engine.rates import Rates


@dataclass
class InnerLoop:
    """One adaptation, as the engines see it: everything but the parameters and the query rows.

    support_X (T, n, d) and support_y; row_weight (T, 1, n), rows summing to 1, or to the task's pace
    where it has one, or None for equal weights; hidden (T, C, 1) bool, True where a class is absent, or None; adapted
    one bool for each parameter.
    """

    support_X: torch.Tensor
    support_y: torch.Tensor
    loss: object
    n_outputs: int | None
    row_weight: torch.Tensor | None
    hidden: torch.Tensor | None
    steps: int
    rates: Rates
    adapted: tuple
    first_order: bool = False
    every_step: bool = False
    differentiable: bool = False

    @cached_property
    def targets(self):
        """The support's targets as the loss wants them."""
        return self.loss.targets(self.support_y, self.n_outputs, self.support_X.dtype)

    @property
    def share(self):
        """What each row counts for in the inner loss: a (T, 1, n) tensor, or one number for all."""
        return 1.0 / max(self.support_X.shape[1], 1) if self.row_weight is None else self.row_weight

    def part(self, tasks):
        """The same loop for a slice of the tasks."""
        return replace(
            self,
            support_X=self.support_X[tasks],
            support_y=self.support_y[tasks],
            row_weight=None if self.row_weight is None else self.row_weight[tasks],
            hidden=None if self.hidden is None else self.hidden[tasks],
        )


class Engine:
    """Adapts many tasks at once; see the package's docstring for the arguments.

    Parameters
    ----------
    body : nn.Module
    loss : {"cross_entropy", "mse", "gaussian"}
    has_head : bool
        Whether a linear head stands on the body. If not, the body's outputs are the answers.
    """

    name = None
    #: whether the body may do otherwise in training, such as drop or keep something, for all that is known
    body_has_modes = True
    #: whether ``answerer`` answers each row of columns by itself, in any precision
    by_rows = False

    def __init__(self, body, loss="cross_entropy", *, has_head=True):
        self.body = body
        self.loss = find_loss(loss)
        self.has_head = has_head
        self.parameters_of_body = ParametersOf(body)
        self.body_names = self.parameters_of_body.names
        self.param_dims = [value.dim() for value in body.parameters()] + ([2, 1] if has_head else [])

    # ------------------------------------------------------------------------------------------ the public calls
    def start(self, head_weight=None, head_bias=None):
        """The list of parameters that adaptation starts from: the body's, then the head's."""
        if self.has_head != (head_weight is not None) or self.has_head != (head_bias is not None):
            raise TypeError("start() takes the head's weight and bias exactly if the engine has a head.")
        body = self.parameters_of_body.now()
        return [*body, head_weight, head_bias] if self.has_head else body

    def adapt_and_predict(
        self,
        params,
        support_X,
        support_y,
        query_X,
        *,
        support_weight=None,
        class_mask=None,
        pace=None,
        steps,
        lr,
        first_order=False,
        adapted="all",
        every_step=False,
    ):
        """Answers to the query rows after adaptation, (T, m, C), differentiable in ``params`` and ``lr``."""
        params = self._grow_head(params, class_mask)
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, steps, lr, adapted, pace)
        loop.first_order, loop.every_step, loop.differentiable = first_order, every_step, torch.is_grad_enabled()
        return self._adapt_and_predict(params, loop, query_X)

    @without_graph
    def adapt(
        self, params, support_X, support_y, *, support_weight=None, class_mask=None, pace=None, steps, lr, adapted="all"
    ):
        """The adapted parameters, each with a leading task axis. No graph.

        ``params`` may be a start as above, or adapted parameters to go on from.
        """
        params = self._grow_head(params, class_mask)
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, steps, lr, adapted, pace)
        return [value.detach() if value.requires_grad else value for value in self._adapt(params, loop)]

    @without_graph
    def adapt_compared(
        self, params, support_X, support_y, query_X=None, *, support_weight=None, class_mask=None, pace=None, steps, lr,
        adapted="all",
    ):  # fmt: skip
        """Adapt, and give the squared errors (T,) on the support before the first step and after the last as well.

        With a query there are answers (T, m, C) to it in the place of the parameters. None where an engine has no
        shorter way to all that than to ask ``predict``.
        """
        params = self._grow_head(params, class_mask)
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, steps, lr, adapted, pace)
        return self._adapt_compared(params, loop, query_X)

    @without_graph
    def inner_gradient(self, params, support_X, support_y, *, support_weight=None, class_mask=None):
        """Each task's own gradient of the inner loss, (T, *shape) for each of ``params``, for optimizers of one's own.

        ``params`` may be a start or adapted parameters. No graph.
        """
        params = self._grow_head(params, class_mask)
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, 1, 0.0, "all")
        return self._inner_gradient(params, loop)

    @without_graph
    def predict(self, params, query_X, class_mask=None):
        """Answers (T, m, C) of adapted parameters to the query rows. No graph."""
        return rows_first(self._predict(params, query_X, _hidden(class_mask)))

    # ------------------------------------------------------------------------------------------ what an engine adds
    def _adapt_and_predict(self, params, loop, query_X):
        raise NotImplementedError

    def _adapt(self, params, loop):
        raise NotImplementedError

    def _adapt_compared(self, params, loop, query_X):
        return

    def _inner_gradient(self, params, loop):
        raise NotImplementedError

    def _predict(self, params, query_X, hidden):
        """Outputs with the class axis before the rows: (T, C, m)."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------ arguments
    def has_task_axis(self, params):
        """Whether these are adapted parameters rather than a start."""
        return params[0].dim() > self.param_dims[0]

    def _grow_head(self, params, class_mask):
        """Give every class its own copy of a head that starts from one shared row; autograd sums the copies."""
        if not self.has_head or class_mask is None or params[-1].shape[-1] != 1:
            return list(params)
        *body, weight, bias = params
        n_classes = class_mask.shape[-1]
        return [*body, weight.expand(*weight.shape[:-2], n_classes, -1), bias.expand(*bias.shape[:-1], n_classes)]

    def _loop(self, params, support_X, support_y, support_weight, class_mask, steps, lr, adapted, pace=None):
        share = _share_of_each_row(support_weight)
        if pace is not None:  # an inner loss that counts for more is descended faster, and no engine need know
            alike = support_X.new_full((1, 1, support_X.shape[1]), 1 / max(support_X.shape[1], 1))
            share = (alike if share is None else share) * pace[:, None, None]
        return InnerLoop(
            support_X,
            support_y,
            self.loss,
            self._n_outputs(params),
            share,
            _hidden(class_mask),
            steps,
            Rates(lr, steps, len(params)),
            self._adapted(adapted, len(params)),
        )

    def _n_outputs(self, params):
        """Rows of the head; None where only the body knows."""
        return params[-1].shape[-1] if self.has_head else None

    def _adapted(self, adapted, n_params):
        if adapted == "all":
            return (True,) * n_params
        if isinstance(adapted, str):
            in_head = [False] * (n_params - 2) + [True] * 2 if self.has_head else [False] * n_params
            choices = {
                "head": in_head,
                "body": [not flag for flag in in_head],
            }
            if adapted not in choices:
                raise ValueError(f"adapted must be 'all', 'body', 'head' or a sequence of bools, got {adapted!r}.")
            if adapted == "head" and not self.has_head:
                raise ValueError("adapted='head' needs an engine with a head.")
            return tuple(choices[adapted])
        if len(adapted) != n_params:
            raise ValueError(f"adapted has {len(adapted)} entries for {n_params} parameters.")
        return tuple(bool(flag) for flag in adapted)


def _share_of_each_row(support_weight):
    """(T, n) weights to (T, 1, n) shares that sum to 1; all zeros where a task has no row."""
    if support_weight is None:
        return None
    total = support_weight.sum(1, keepdim=True).clamp(min=torch.finfo(support_weight.dtype).tiny)
    return (support_weight / total).unsqueeze(1)


def _hidden(class_mask):
    """(T, C, 1), True where a class is absent; None where none is, if it costs nothing to know."""
    if are_all_there(class_mask):
        return None
    return ~class_mask.unsqueeze(-1)


def rows_first(outputs):
    """(..., C, m) to (..., m, C)."""
    return outputs.transpose(-1, -2)
