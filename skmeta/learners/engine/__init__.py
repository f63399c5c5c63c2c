"""The engine room: gradient-based adaptation of a whole batch of tasks at once.

MAML, Meta-SGD, ANIL, BOIL, Reptile and fine-tuning share one piece of arithmetic: from a start ``theta_0``, take a few
gradient steps on every task's support rows,

    theta_{k+1} = theta_k - rate_k * d loss(theta_k; support) / d theta_k,

answer the task's query rows with the result, and (for the second-order methods) differentiate the answers with respect
to ``theta_0`` and the rates. An engine does that for T tasks together. There are four, with one interface and equal
results; :func:`choose_engine` picks the fastest that understands the body.

================  =================================================  ==================================================
``engine.name``   bodies                                             how
================  =================================================  ==================================================
``native``        stacks of Linear and simple activations            the same in C, where skmeta was built with it; see
                                                                     :mod:`skmeta.native`
``closed_form``   stacks of Linear, Conv2d, activation, pooling,     gradient and Hessian-vector products by hand
                  normalisation
``any_module``    any module whose parameters can be passed to it    vmap over the forward pass, autograd outside of it
``naive``         any module                                         a loop over tasks; the reference in the tests
================  =================================================  ==================================================

How a learner uses it
---------------------
::

    engine = choose_engine(body, loss="cross_entropy")           # once, e.g. at the first forward pass
    start = engine.start(head_weight, head_bias)                  # [*body.parameters(), head_weight, head_bias]

    logits = engine.adapt_and_predict(                            # (T, m, C), differentiable: any outer criterion works
        start, support_X, support_y, query_X,
        support_weight=None, class_mask=None,
        steps=5, lr=0.1, first_order=False, adapted="all", every_step=False,
    )
    state = engine.adapt(start, support_X, support_y, steps=5, lr=0.1)    # list of tensors, each (T, *its own shape)
    logits = engine.predict(state, query_X, class_mask)                   # (T, m, C); no graph is built by either
    gradients = engine.inner_gradient(state, support_X, support_y)        # each task's own, for other optimizers

Answers are views of (T, C, m) tensors, classes before rows. A criterion that takes them so, as
``cross_entropy(logits.transpose(1, 2), y)`` does, is two to three times as fast as one on flat (T m, C) rows.

The body maps rows to embeddings; the engine puts a linear head on them. ``head_weight`` is (C, e) and ``head_bias``
(C,), or (1, e) and (1,) for a start shared by all classes, which any number of classes can grow from: the number of
classes is then that of ``class_mask``. With ``choose_engine(..., has_head=False)`` the body's own outputs are the
answers and ``engine.start()`` takes nothing.

Arguments
---------
support_X : (T, n, d)
    Or (T, n, channels, height, width), if that is what the body takes.
support_y : (T, n) int64 for ``loss="cross_entropy"``, (T, n, k) float for ``"mse"`` and ``"gaussian"``
support_weight : (T, n) or None
    Row weights; the inner loss is the weighted mean over rows. Rows of weight 0 never change anything. A task whose
    weights are all 0 stays at the start.
class_mask : (T, C) bool or None
    Classes a task does not have get no probability while adapting, and ``-inf`` in the answers.
query_X : (T, m, d)
pace : (T,) or None
    What each task's rates are multiplied with: a constant, through which no gradient flows.
steps : int, at least 0
lr : the inner learning rate, learnable wherever it is a tensor that requires a gradient
    - a float or 0-d tensor: one rate;
    - a 2-d tensor of shape (K or 1, P or 1): a rate for each step and each of the P entries of ``start``; steps
      beyond K repeat the last row;
    - a sequence of P tensors, each broadcastable to its entry of ``start``: one rate for each weight (Meta-SGD). An
      entry may also be a float.
first_order : bool
    Treat the inner gradients as constants when differentiating.
adapted : "all", "head", "body", or a sequence of P bools
    Which entries of ``start`` the inner loop changes. The others still receive their outer gradient. With "head" the
    closed form runs the body once.
every_step : bool
    Answer the queries after 0, 1, ..., ``steps`` inner steps: (steps + 1, T, m, C).
loss : "cross_entropy", "mse" or "gaussian"
    The inner loss, mean over rows (and targets). For ``"gaussian"`` the head has 2k rows, k means first and then k
    raw variances; see :mod:`skmeta.learners.engine.losses`.

Batch normalisation without running statistics goes by the rows at hand, of one task: the support's while adapting, the
query's when answering, padded rows included. Nothing else lets a row's answer depend on the rows beside it.

Gradients flow to the start, to the rates and to ``support_X`` and ``query_X``; not through a second differentiation of
the answers, nor to the weights and targets of the support rows.
"""

from skmeta.learners.engine.base import Engine
from skmeta.learners.engine.choose import choose_engine

__all__ = ["Engine", "choose_engine"]
