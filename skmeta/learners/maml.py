"""Model-agnostic meta-learning (Finn, Abbeel & Levine, 2017) and its closest kin."""

import torch
from torch import nn

from skmeta.learners.base import Learner
from skmeta.learners.engine import choose_engine

_LEARNED_RATE_START = 0.05


class MAML(Learner):
    """A start from which a few gradient steps on a task's support rows suffice.

    ``theta_{k+1} = theta_k - inner_lr * grad loss(theta_k; support)`` for ``inner_steps`` steps; the start
    ``theta_0`` is trained so that the query loss after the last step is small. A linear head stands on the body: one
    row per shared class or target, or, where every task has classes of its own, a single row that all classes start
    from, so that any number of ways works.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    inner_lr : float, "learn" or "learn-step"
        Step size. "learn" trains one for every weight (Meta-SGD), "learn-step" one for every step and layer (MAML++).
    inner_steps : int
        Inner steps in meta-training.
    adapt_steps : int or None
        Inner steps afterwards; None is ``inner_steps``.
    first_order : bool
        Leave out the second derivatives (FOMAML).
    adapt_params : {"all", "head", "body"}
        What the inner loop changes: everything (MAML), the head (ANIL) or the body (BOIL).
    multi_step_loss : bool
        Let the answers after every inner step count, early in training equally, towards its end only the last
        (MAML++).
    engine : {"auto", "closed_form", "any_module", "naive"}
        How the arithmetic is done; the results are equal.

    References
    ----------
    C. Finn, P. Abbeel, S. Levine. "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks". ICML 2017.
    Z. Li, F. Zhou, F. Chen, H. Li. "Meta-SGD: Learning to Learn Quickly for Few-Shot Learning". 2017.
    A. Raghu, M. Raghu, S. Bengio, O. Vinyals. "Rapid Learning or Feature Reuse?" ICLR 2020 (ANIL).
    J. Oh, H. Yoo, C. Kim, S.-Y. Yun. "BOIL: Towards Representation Change for Few-shot Learning". ICLR 2021.
    A. Antoniou, H. Edwards, A. Storkey. "How to train your MAML". ICLR 2019.
    """

    cold_start = True

    def __init__(
        self,
        body,
        n_features_in,
        n_outputs=None,
        *,
        task_type="classification",
        inner_lr=0.1,
        inner_steps=5,
        adapt_steps=None,
        first_order=False,
        adapt_params="all",
        multi_step_loss=False,
        engine="auto",
    ):
        super().__init__(body, n_features_in, n_outputs)
        self.task_type = task_type
        self.inner_lr, self.inner_steps, self.adapt_steps = inner_lr, inner_steps, adapt_steps
        self.first_order, self.adapt_params, self.multi_step_loss = first_order, adapt_params, multi_step_loss
        self.training_progress = 0.0  # 0 at the first epoch, towards 1 at the last; the net keeps it up to date

        rows = 1 if n_outputs is None else n_outputs
        self.head_weight = nn.Parameter(torch.randn(rows, self.n_embedding) / self.n_embedding**0.5)
        self.head_bias = nn.Parameter(torch.zeros(rows))
        loss = "cross_entropy" if task_type == "classification" else "mse"
        self.engine = choose_engine(body, loss=loss, engine=engine)
        if isinstance(inner_lr, str):
            self._make_learned_rates()

    def _make_learned_rates(self):
        start = self.engine.start(self.head_weight, self.head_bias)
        if self.inner_lr == "learn":
            self.rates = nn.ParameterList([torch.full_like(part, _LEARNED_RATE_START) for part in start])
        elif self.inner_lr == "learn-step":
            self.rates = nn.Parameter(torch.full((self.inner_steps, len(start)), _LEARNED_RATE_START))
        else:
            raise ValueError(f"inner_lr must be a number, 'learn' or 'learn-step', got {self.inner_lr!r}.")

    def _inner_loop(self, support_X, support_weight, class_mask, steps):
        """The engine's arguments, shared by training and use."""
        lr = self.inner_lr
        if isinstance(lr, str):
            lr = list(self.rates) if lr == "learn" else self.rates
        n_classes = None if class_mask is None else class_mask.shape[1]
        start = self.engine.start(*self._head(n_classes))
        return start, {
            "support_weight": support_weight,
            "class_mask": class_mask,
            "steps": steps,
            "lr": lr,
            "adapted": self.adapt_params,
        }

    def _head(self, n_classes):
        """The head's start; a class that no task had in meta-training starts from the mean of those that did."""
        weight, bias = self.head_weight, self.head_bias
        if self.n_outputs is None or n_classes is None or n_classes <= self.n_outputs:
            return weight, bias
        new = n_classes - self.n_outputs
        return (
            torch.cat([weight, weight.mean(0, keepdim=True).expand(new, -1)]),
            torch.cat([bias, bias.mean(0, keepdim=True).expand(new)]),
        )

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        start, settings = self._inner_loop(support_X, support_weight, class_mask, self.inner_steps)
        every_step = self.multi_step_loss and self.training
        outputs = self.engine.adapt_and_predict(
            start, support_X, support_y, query_X, first_order=self.first_order, every_step=every_step, **settings
        )
        if every_step:
            outputs = outputs.flatten(1, 2)
            return outputs[-1], outputs[1:]
        return outputs.flatten(0, 1)

    def training_loss(self, criterion, outputs, outputs_of_steps, y):
        """The criterion after every inner step, weighted: equally at first, in the end the last step alone."""
        n_steps = len(outputs_of_steps)
        share = (1 - self.training_progress) / n_steps
        losses = [criterion(outputs, y) for outputs in outputs_of_steps]
        return sum(share * loss for loss in losses) + self.training_progress * losses[-1]

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Adapted parameters, each (T, *shape), and the class mask."""
        steps = self.inner_steps if self.adapt_steps is None else self.adapt_steps
        start, settings = self._inner_loop(support_X, support_weight, class_mask, steps)
        return self.engine.adapt(start, support_X, support_y, **settings), class_mask

    def predict(self, state, query_X):
        params, class_mask = state
        return self.engine.predict(params, query_X, class_mask)
