"""The closed form through ``torch.compile``: for long trainings on batches of one shape, as compilation takes minutes.

The functions are those of `unrolled.py`. Where they cannot be compiled, as without a C++ compiler, a warning says so
and they run as they are.
"""

import functools
import warnings

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.engine.closed_form import ClosedFormEngine
from skmeta.learners.engine.unrolled import AdaptAndAnswer

_backward = AdaptAndAnswer.backward.__wrapped__  # without autograd's guard against a second differentiation

#: what torch.compile is called with
OPTIONS = {"dynamic": False}


class CompilationWarning(UserWarning):
    """Something runs uncompiled that was asked to be compiled."""


class _Context:
    """What the functions need of autograd's."""

    def __init__(self, needs_input_grad, work=None):
        self.needs_input_grad, self.work = needs_input_grad, work


def adapt_and_answer(needs_input_grad, *arguments):
    """Answers, and what their derivatives need."""
    context = _Context(needs_input_grad)
    return AdaptAndAnswer.forward(context, *arguments), context.work


def derivatives(needs_input_grad, work, d_answers):
    return _backward(_Context(needs_input_grad, work), d_answers)


class Compiled:
    """A function, compiled at its first call; as it is, with a warning, if that fails."""

    def __init__(self, function):
        self.function, self.failed = function, False

    @functools.cached_property
    def _compiled(self):
        return torch.compile(self.function, **OPTIONS)

    def __call__(self, *arguments):
        if self.failed:
            return self.function(*arguments)
        try:
            return self._compiled(*arguments)
        except Exception as error:  # compilers fail in many ways
            result = self.function(*arguments)  # raises where the arguments are at fault
            self.failed = True
            reason = str(error).strip().split("\n")[0]
            warnings.warn(f"engine='compiled' runs uncompiled, as 'closed_form': {reason}", CompilationWarning, 2)
            return result


#: shared by all engines, so that equal networks are compiled once
FUNCTIONS = {function: Compiled(function) for function in (adapt_and_answer, derivatives)}


class CompiledAdaptAndAnswer(torch.autograd.Function):
    """:class:`AdaptAndAnswer` by compiled functions."""

    @staticmethod
    def forward(ctx, *arguments):
        answers, ctx.work = FUNCTIONS[adapt_and_answer](ctx.needs_input_grad, *arguments)
        return answers

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        return FUNCTIONS[derivatives](ctx.needs_input_grad, ctx.work, d_answers)


class CompiledEngine(ClosedFormEngine):
    """The closed form, its training steps compiled."""

    function = CompiledAdaptAndAnswer

    @property
    def name(self):
        return "closed_form" if FUNCTIONS[adapt_and_answer].failed else "compiled"
