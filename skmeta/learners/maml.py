"""Model-agnostic meta-learning (Finn, Abbeel & Levine, 2017) and its closest kin."""

import functools

import torch
from torch import nn

from skmeta.learners.backtracking import EXPLODED, squared_errors
from skmeta.learners.base import add_gradients, flat_answers
from skmeta.learners.gradient_based import GradientBased
from skmeta.learners.implicit import ImplicitSolution, proximal_descent

_LEARNED_RATE_START = 0.05
_LEAST_PACE = 2.0**-20


class MAML(GradientBased):
    """A start from which a few gradient steps on a task's support rows suffice.

    ``theta_{k+1} = theta_k - inner_lr * grad loss(theta_k; support)`` for ``inner_steps`` steps; the start
    ``theta_0`` is trained so that the query loss after the last step is small.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, engine
        See :class:`~skmeta.learners.gradient_based.GradientBased`.
    inner_lr : float, "auto", "learn" or "learn-step"
        Step size. "auto" takes what a task's rows allow, see
        :meth:`~skmeta.learners.gradient_based.GradientBased.pace_of_tasks` (classification). "learn" trains one for
        every weight (Meta-SGD), "learn-step" one for every step and layer (MAML++).
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
    gradient : {"unrolled", "first-order", "implicit"}
        How the outer loop differentiates the inner one: through its steps, through them but for second derivatives
        (the same as ``first_order``), or at its last point alone (iMAML), in memory that does not grow with the steps.
    proximal : float
        With ``gradient="implicit"``, strength of the spring that holds the inner loop to its start.
    cg_steps : int
        With ``gradient="implicit"``, conjugate gradient steps of the meta-gradient.
    bend : float or None
        How much ``inner_lr="auto"`` takes the softmax of shared classes to bend; None is 1 / C, as of an even one.

    References
    ----------
    C. Finn, P. Abbeel, S. Levine. "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks". ICML 2017.
    Z. Li, F. Zhou, F. Chen, H. Li. "Meta-SGD: Learning to Learn Quickly for Few-Shot Learning". 2017.
    A. Raghu, M. Raghu, S. Bengio, O. Vinyals. "Rapid Learning or Feature Reuse?" ICLR 2020 (ANIL).
    J. Oh, H. Yoo, C. Kim, S.-Y. Yun. "BOIL: Towards Representation Change for Few-shot Learning". ICLR 2021.
    A. Antoniou, H. Edwards, A. Storkey. "How to train your MAML". ICLR 2019.
    A. Rajeswaran, C. Finn, S. Kakade, S. Levine. "Meta-Learning with Implicit Gradients". NeurIPS 2019.
    """

    _read = None, None, None  # pace, its version, its number

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
        gradient="unrolled",
        proximal=1.0,
        cg_steps=2,
        engine="auto",
        bend=None,
    ):
        super().__init__(body, n_features_in, n_outputs, task_type=task_type, engine=engine)
        if gradient not in ("unrolled", "first-order", "implicit"):
            raise ValueError(f"gradient must be 'unrolled', 'first-order' or 'implicit', got {gradient!r}.")
        self.inner_lr, self.inner_steps, self.adapt_steps = inner_lr, inner_steps, adapt_steps
        self.bend = bend
        self.adapt_params, self.multi_step_loss = adapt_params, multi_step_loss
        self.first_order, self.implicit = first_order or gradient == "first-order", gradient == "implicit"
        self.proximal, self.cg_steps = proximal, cg_steps
        self.training_progress = 0.0  # 0 at the first epoch, towards 1 at the last; the net keeps it up to date
        self.register_buffer("pace", torch.ones(()))  # inner_lr is multiplied by it
        self._check_auto(inner_lr)
        if self.learns_rates:
            self._make_learned_rates()
        if self.implicit:
            self._check_implicit()

    def _check_implicit(self):
        refused = {
            f"inner_lr={self.inner_lr!r}": self.learns_rates,
            f"adapt_params={self.adapt_params!r}": self.adapt_params != "all",
            "multi_step_loss=True": self.multi_step_loss,
            "first_order=True": self.first_order,
        }
        for setting, is_set in refused.items():
            if is_set:
                raise ValueError(
                    f"gradient='implicit' knows the last point of the inner loop alone and cannot go with {setting}: "
                    "use gradient='unrolled'."
                )
        if not self.proximal > 0:
            raise ValueError(f"gradient='implicit' needs a positive proximal, got {self.proximal!r}.")

    @property
    def learns_rates(self):
        """Whether the inner rates are parameters."""
        return isinstance(self.inner_lr, str) and self.inner_lr != "auto"

    def _make_learned_rates(self):
        start = self.engine.start(self.head_weight, self.head_bias)
        if self.inner_lr == "learn":
            self.rates = nn.ParameterList([torch.full_like(part, _LEARNED_RATE_START) for part in start])
        elif self.inner_lr == "learn-step":
            self.rates = nn.Parameter(torch.full((self.inner_steps, len(start)), _LEARNED_RATE_START))
        else:
            raise ValueError(f"inner_lr must be a number, 'auto', 'learn' or 'learn-step', got {self.inner_lr!r}.")

    @property
    def paced_lr(self):
        """The inner rate that is taken, where none is learned."""
        lr = 1.0 if self.inner_lr == "auto" else self.inner_lr
        if self.pace.is_inference():  # made in torch.inference_mode, which counts no versions
            return lr * float(self.pace)
        pace, version, _ = self._read
        if pace is not self.pace or version != pace._version:  # from a GPU it is read once, not in every step
            self._read = self.pace, self.pace._version, float(self.pace)
        return lr * self._read[2]

    @torch.no_grad()
    def find_pace(self, X, y):
        """Halve the inner rates until none of the rows (n, d), targets (n, k), makes the inner loop explode by itself.

        A squared loss is stable under steps of up to 2 over its curvature, and that of several rows is at most that of
        the worst of them. Rates that had to be lowered are quartered besides, since training makes networks steeper.
        Returns by how much the rates are multiplied.
        """
        X, y = X.unsqueeze(1), y.unsqueeze(1)

        def errors(state):
            return (self.predict(state, X) - y).square().sum((1, 2))

        most, found = EXPLODED * (1 + errors((self.start_of_tasks(None, len(X)), None))), 1.0
        steps = self.inner_steps if self.adapt_steps is None else self.adapt_steps
        while found > _LEAST_PACE:
            if (errors((self.descend(X, y, None, None, steps=steps), None)) <= most).all():
                break
            found *= self._slow_down(0.5)
        return found if found == 1 else found * self._slow_down(0.25)

    def _slow_down(self, factor):
        for rate in self.rates if self.learns_rates else [self.pace]:
            rate.mul_(factor)
        return factor

    def head(self, class_mask):
        """As in the base class; with a head that rests (BOIL), classes of a task's own are given rows to differ by."""
        if self.n_outputs is not None or self.adapt_params != "body" or class_mask is None:
            return super().head(class_mask)
        n_classes = class_mask.shape[1]
        codes = class_codes(n_classes, self.n_embedding).to(self.head_weight)
        return self.head_weight + codes, self.head_bias.expand(n_classes)

    def _inner_loop(self, support_X, support_weight, class_mask, steps, pace=1.0):
        """The engine's arguments, shared by training and use."""
        lr = self.inner_lr
        if not self.learns_rates:
            lr = self.paced_lr * pace
        elif not hasattr(self, "rates"):
            raise ValueError(f"inner_lr={lr!r} must be set before fit, which learns the rates.")
        elif pace == 1:
            lr = list(self.rates) if lr == "learn" else self.rates
        else:
            lr = [rate * pace for rate in self.rates] if lr == "learn" else self.rates * pace
        # a head of one row, which all classes start from, is the engine's to grow
        grows = self.n_outputs is None and self.adapt_params != "body"
        head = (self.head_weight, self.head_bias) if grows else self.head(class_mask)
        start = self.engine.start(*head)
        return start, {
            "support_weight": support_weight,
            "class_mask": class_mask,
            "pace": self.pace_of_tasks(support_X, support_weight, class_mask),
            "steps": steps,
            "lr": lr,
            "adapted": self.adapt_params,
        }

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        if self.implicit:
            rows = self._rows_beside(support_X, support_weight, class_mask)
            return flat_answers(self._implicit_answers(support_X, support_y, query_X, rows))
        start, settings = self._inner_loop(support_X, support_weight, class_mask, self.inner_steps)
        every_step = self.multi_step_loss and self.training
        outputs = self.engine.adapt_and_predict(
            start, support_X, support_y, query_X, first_order=self.first_order, every_step=every_step, **settings
        )
        if every_step:
            outputs = outputs.flatten(1, 2)
            return outputs[-1], outputs[1:]
        return flat_answers(outputs)

    @property
    def gradient_may_explode(self):
        """Whether it is a derivative through steps down a squared error, which may lead uphill without end."""
        return self.task_type == "regression" and not self.first_order and not self.implicit

    @property
    def loss_learned(self):
        return self.engine.loss.name

    def learn(self, batch, y, share):
        if self.engine.name != "native" or self.implicit or self.multi_step_loss:
            return None
        weight, mask, query_X = batch.get("support_weight"), batch.get("class_mask"), batch["query_X"]
        start, settings = self._inner_loop(batch["support_X"], weight, mask, self.inner_steps)
        if not all(value.is_leaf for value in start):
            return None
        y, share = (value.unflatten(0, query_X.shape[:2]) for value in (y, share))
        rows = batch["support_X"], batch["support_y"], query_X, y, share
        done = self.engine.learn(start, *rows, first_order=self.first_order, **settings)
        if done is None:
            return None
        answers, loss, gradients = done
        add_gradients(start, gradients)
        return flat_answers(answers), loss

    def training_loss(self, criterion, outputs, outputs_of_steps, y):
        """The criterion after every inner step, weighted: equally at first, in the end the last step alone."""
        n_steps = len(outputs_of_steps)
        share = (1 - self.training_progress) / n_steps
        losses = [criterion(outputs, y) for outputs in outputs_of_steps]
        return sum(share * loss for loss in losses) + self.training_progress * losses[-1]

    def _rows_beside(self, support_X, support_weight, class_mask):
        pace = self.pace_of_tasks(support_X, support_weight, class_mask)
        return {"support_weight": support_weight, "class_mask": class_mask, "pace": pace}

    def _implicit_answers(self, support_X, support_y, query_X, rows):
        start = self.start_of_tasks(rows["class_mask"], len(support_X))
        params = self._descend_near(start, support_X, support_y, self.inner_steps, rows)
        if torch.is_grad_enabled():

            def inner_loss(params):
                return self.autograd_engine.inner_loss(params, support_X, support_y, **rows)

            params = ImplicitSolution.apply(inner_loss, self.proximal, self.cg_steps, params, *start)
        return self.differentiable_answers(list(params), query_X, rows["class_mask"])

    def _descend_near(self, start, support_X, support_y, steps, rows, pace=1.0):
        def errors(params):
            return squared_errors(self.engine.predict(params, support_X), support_y, rows["support_weight"])

        return proximal_descent(
            self.engine, start, support_X, support_y, steps=steps, lr=self.paced_lr * pace, proximal=self.proximal,
            errors=errors if self.task_type == "regression" else None, **rows,
        )  # fmt: skip

    def descend_compared(self, support_X, support_y, support_weight, *, steps, pace):
        done = None
        if not self.implicit:
            start, settings = self._inner_loop(support_X, support_weight, None, steps, pace)
            done = self.engine.adapt_compared(start, support_X, support_y, **settings)
        rows = support_X, support_y, support_weight
        return super().descend_compared(*rows, steps=steps, pace=pace) if done is None else done

    def adapt_and_predict(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """The kernel adapts and answers in one call, where it can and no step of a regression led uphill."""
        steps = self.inner_steps if self.adapt_steps is None else self.adapt_steps
        rows = support_X, support_y, query_X
        if self.engine.name == "native" and steps and not self.implicit:
            start, settings = self._inner_loop(support_X, support_weight, class_mask, steps)
            if self.task_type == "classification":
                return self.engine.adapt_and_predict(start, *rows, **settings)
            done = self.engine.adapt_compared(start, *rows, **settings)
            if done is not None and (done[2] <= done[1]).all():
                return done[0]
        return super().adapt_and_predict(*rows, support_weight, class_mask)

    def descend(self, support_X, support_y, support_weight, class_mask, *, steps, pace=1.0):
        if self.implicit:
            rows = self._rows_beside(support_X, support_weight, class_mask)
            start = self.start_of_tasks(class_mask, len(support_X))
            return self._descend_near(start, support_X, support_y, steps, rows, pace)
        start, settings = self._inner_loop(support_X, support_weight, class_mask, steps, pace)
        return self.engine.adapt(start, support_X, support_y, **settings)


@functools.lru_cache(maxsize=32)
def class_codes(n_classes, size):
    """A fixed random direction (n_classes, size) of about unit length for each class, whatever the number of classes.

    Examples
    --------
    >>> bool((class_codes(2, 5) == class_codes(3, 5)[:2]).all())
    True
    """
    generators = (torch.Generator().manual_seed(code) for code in range(n_classes))
    return torch.stack([torch.randn(size, generator=generator) for generator in generators]) / size**0.5
