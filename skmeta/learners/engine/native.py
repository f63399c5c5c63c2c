"""Stacks of layers through the compiled kernel, where there is one; the same mathematics as the closed form."""

import torch
from torch.autograd.function import once_differentiable

from skmeta import native
from skmeta.learners.engine.activations import ELU, LeakyReLU, ReLU, Sigmoid, Tanh
from skmeta.learners.engine.autograd_loop import hide
from skmeta.learners.engine.base import rows_first
from skmeta.learners.engine.closed_form import ClosedFormEngine
from skmeta.learners.engine.convolution import Conv2d, PatchConv2d
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.mappings import AveragePool, Flatten, MaxPool
from skmeta.learners.engine.normalisation import BatchNorm, GroupNorm, LayerNorm


class NativeEngine(ClosedFormEngine):
    """Learnable rates, parts that stay, answers after every step and gradients by the rows are left to the closed form.

    So is everything else on a machine where the kernel has not been compiled: a learner may be trained on one machine
    and used on another.
    """

    @property
    def name(self):
        return "native" if native.available() else "closed_form"

    def __init__(self, body, loss="cross_entropy", **options):
        super().__init__(body, loss, **options)
        self.stack = as_stack(self.plan, loss)
        if self.stack is None:
            raise ValueError(
                "engine='native' takes stacks of Linear, Conv2d, normalisation, pooling and ReLU, LeakyReLU, Tanh, "
                "Sigmoid or ELU layers without groups or dilation, which begin with Linear or Conv2d, with "
                f"cross-entropy or squared error; {type(body).__name__} with {loss} is none. Use engine='auto'."
            )
        if not native.available():
            raise ValueError(
                "engine='native' needs the kernel; `python -m skmeta.native` compiles it for this machine."
            )

    def _adapt_and_predict(self, params, loop, query_X):
        keep = ("last" if loop.first_order else "all") if loop.differentiable else None
        job = self._job(params, loop, query_X, keep)
        if job is None:
            return super()._adapt_and_predict(params, loop, query_X)
        return rows_first(AdaptAndAnswer.apply(job, loop.hidden, *params))

    def _adapt(self, params, loop):
        job = self._job(params, loop)
        return super()._adapt(params, loop) if job is None else job.adapt(answers=False, adapted=True)[1]

    def _job(self, params, loop, query_X=None, keep=None):
        """What the kernel is to do, or None if it is not for the kernel."""
        rows = [loop.support_X] if query_X is None else [loop.support_X, query_X]
        if not self._knows(params, loop, rows):
            return None
        rates = self._step_rates(self.plan, params, loop).common
        if None in rates:
            return None
        tensors = [self.plan.prepare(loop.support_X), loop.targets, loop.row_weight, loop.hidden]
        tensors.append(None if query_X is None else self.plan.prepare(query_X))
        try:
            return native.Job(self.stack, params, *tensors, rates, keep)
        except native.Misfit:  # the closed form broadcasts, or refuses
            return None

    def _knows(self, params, loop, rows):
        rates, dtype = loop.rates, loop.targets.dtype
        if not native.available() or loop.steps == 0 or loop.every_step or rates.weightwise or rates.learnable:
            return False
        weights = [] if loop.row_weight is None else [loop.row_weight]
        return (
            all(loop.adapted)
            and not self.has_task_axis(params)
            and dtype in (torch.float32, torch.float64)
            and all(value.device.type == "cpu" and value.dtype == dtype for value in (*params, *rows, *weights))
            and not (torch.is_grad_enabled() and any(X.requires_grad for X in rows))
        )


class AdaptAndAnswer(torch.autograd.Function):
    """Answers (T, C, m) as a function of the start."""

    @staticmethod
    def forward(ctx, job, hidden, *params):
        ctx.work = job, hidden
        return hide(job.adapt()[0], hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        job, hidden = ctx.work
        if hidden is not None:
            d_answers = d_answers.masked_fill(hidden, 0.0)
        return None, None, *job.derivative(d_answers)


def as_stack(plan, loss):
    """What the kernel is told of a plan, or None if it has layers, or more of them, than the kernel knows."""
    if plan is None or loss not in native.LOSSES or len(plan.layers) > native.MAX_LAYERS:
        return None
    layers = [KNOWN.get(type(layer), lambda layer: None)(layer) for layer in plan.layers]
    if None in layers or layers[0].kind != "Linear":
        return None
    return native.Stack(layers, loss)


def _linear(layer):
    return native.Layer("Linear", has_weight=True, has_bias=layer.n_params == 2)


def _convolution(layer):
    if layer.geometry is None:
        return None
    return native.Layer("Linear", *layer.geometry, has_weight=True, has_bias=layer.n_params == 2)


def _normalisation(by_image, groups):
    def describe(layer):
        if layer.eps <= 0:
            return None
        has = {"has_weight": layer.n_params > 0, "has_bias": layer.n_params == 2}
        return native.Layer("Normalisation", by_image=by_image, groups=groups(layer), argument=layer.eps, **has)

    return describe


def _activation(name, argument=lambda layer: 0.0, takes=lambda layer: True):
    return lambda layer: native.Layer(name, argument=argument(layer)) if takes(layer) else None


def _pool(name):
    return lambda layer: native.Layer(name, *layer.geometry) if layer.geometry else None


#: what the kernel calls a layer; functions that say None for what it does not do
KNOWN = {
    Linear: _linear,
    Head: _linear,
    PatchConv2d: _convolution,
    Conv2d: _convolution,
    BatchNorm: _normalisation(False, lambda layer: 0),
    GroupNorm: _normalisation(True, lambda layer: layer.n_groups),
    LayerNorm: _normalisation(True, lambda layer: 1),
    ReLU: _activation("ReLU"),
    LeakyReLU: _activation("LeakyReLU", lambda layer: layer.negative_slope, lambda layer: layer.negative_slope > 0),
    Tanh: _activation("Tanh"),
    Sigmoid: _activation("Sigmoid"),
    ELU: _activation("ELU", lambda layer: layer.alpha, lambda layer: layer.alpha > 0),
    MaxPool: _pool("MaxPool"),
    AveragePool: _pool("AveragePool"),
    Flatten: lambda layer: native.Layer("Flatten"),
}
