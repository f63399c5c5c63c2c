"""Layers with parameters for the closed form: each is its forward pass and three sweeps derived from it.

For an inner loss L and a layer ``y = f(x; p)``, with ``dy`` short for dL/dy:

==============  ==================================================================================================
``forward``     ``y``, and a memo of what the other sweeps need
``backward``    ``dx`` from ``dy``
``r_forward``   ``Ry``, the change of y when the parameters move along ``u`` (and x moves along ``Rx``)
``r_backward``  ``Rdx``, the change of ``dx`` under the same move
==============  ==================================================================================================

R is Pearlmutter's operator, d/de at ``theta + e u``: after both R sweeps, the change of each parameter's gradient is
one row of the Hessian times u, exactly and at the price of two more passes.

Parameters are either *shared* (no task axis: the start, or any parameter with a single task) or *per task*. So are
gradients: a shared one is summed over tasks, in one matrix product over all rows. Activations are (T, n, width).

References
----------
B. A. Pearlmutter. Fast Exact Multiplication by the Hessian. Neural Computation, 1994.
"""

import torch


class Layer:
    """Two parameters, ``weight`` and ``bias``, the latter perhaps None.

    Subclasses write ``internal`` and ``external`` (from and to the layout of torch modules), the four sweeps, and how
    gradients of the parameters are formed, accumulated and summed over tasks.
    """

    n_params = 2

    def gradient(self, memo, dy, shared):
        """Parameter gradients: summed over tasks if ``shared``, else one for each task."""
        raise NotImplementedError

    def accumulate(self, v, memo, dy, alpha):
        """Add ``alpha`` times the parameter gradients to ``v``, in place."""
        raise NotImplementedError

    def r_accumulate(self, v, memo, dy, r_memo, Rdy, alpha):
        """Add ``alpha`` times the change of the parameter gradients to ``v``, in place."""
        raise NotImplementedError

    def fold(self, v):
        """Sum per-task gradients over tasks; leave shared ones alone."""
        raise NotImplementedError

    def fold_before(self, v):
        """At the first inner step: fold before the last product, where one product for all tasks is cheaper."""
        return self.fold(v)

    def descend(self, p, memo, dy, rates):
        """Parameters after a step: ``p - rates * gradient``."""
        gradient = self.gradient(memo, dy, shared=dy.size(0) == 1 and self.is_shared(p))
        return tuple(_moved(value, rate, g) for value, rate, g in zip(p, rates, gradient))


def _moved(value, rate, gradient):
    if value is None:
        return None
    if isinstance(rate, float):
        return torch.sub(value, gradient, alpha=rate)
    return torch.addcmul(value, rate, gradient, value=-1)
