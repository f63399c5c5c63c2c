"""Transfer by averaging: the weights of a new task as a mixture of its source tasks' fine-tuned weights."""

import torch

from skmeta.learners.base import hide_absent_classes, shares, with_bias_column
from skmeta.learners.convex.logistic import logistic_heads
from skmeta.learners.convex.ridge import ridge_heads
from skmeta.learners.descent import DescentSettings, fine_tune
from skmeta.learners.engine import choose_engine
from skmeta.learners.fine_tune import FineTune

_LEARNING_STEPS, _LEARNING_RATE = 20, 0.5


def shares_of_sources(state):
    """(T, S) shares of the sources in a task's average; None where there are no sources."""
    state = state if isinstance(state, dict) else state[0]  # beside it, what undoes the scaling of targets
    return state["alpha"]


class WeightAverage(FineTune):
    """``W = sum_i alpha_i W_i`` over the weights ``W_i`` that fine-tuning on source task i alone has led to.

    All ``W_i`` come from one pretrained start, so that they lie close enough to each other for averages to make sense.
    The trunk of a new task is the average; its head is fitted on that trunk, pulled towards the average of the heads
    where outputs mean the same in all tasks.

    ``alpha`` lies on the simplex; ``weighting`` says where it comes from:

    * "similarity": a softmax of minus the loss of each ``W_i`` on the support, standardised over the sources - or,
      where classes are each task's own, of how far the rows lie from the source's in the pretrained trunk's space;
    * "learn": from there, mirror descent on the support's loss of the averaged weights;
    * "uniform".

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, n_source_tasks, n_source_outputs, l2_sp, engine
        See :class:`~skmeta.learners.fine_tune.FineTune`.
    weighting : {"similarity", "learn", "uniform"}
    temperature : float
        Of the softmax: small values trust the most similar sources alone.
    source_steps, source_lr
        Adam steps, and their rate, that lead from the pretrained weights to each ``W_i``.

    References
    ----------
    M. Wortsman et al. "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". ICML 2022.
    """

    def __init__(
        self, body, n_features_in, n_outputs=None, *, weighting="similarity", temperature=0.5, source_steps=20,
        source_lr=0.003, **of_fine_tuning,
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs, **of_fine_tuning)
        self.weighting, self.temperature = weighting, temperature
        self.source_steps, self.source_lr = source_steps, source_lr
        loss = "cross_entropy" if self.task_type == "classification" else "mse"
        self.trunk_engine = choose_engine(body, loss=loss, has_head=False)
        self.n_collected = 0

    # ------------------------------------------------------------------ the sources

    @torch.no_grad()
    def source_weights(self, X, y, weight=None, class_mask=None):
        """What fine-tuning on each source leads to: parameters (S, *shape), and where their rows lie (S, 2 e)."""
        n_outputs = self.n_outputs if class_mask is None else class_mask.shape[1]
        start = self.engine.start(*self.start_of_head(n_outputs))
        settings = DescentSettings(steps=self.source_steps, lr=self.source_lr, pull=self.l2_sp)
        tuned = fine_tune(self.engine, start, X, y, weight, class_mask, settings)
        if self.n_outputs is None:
            tuned = tuned[:-2]  # heads for classes that no other task has
        return tuned, self._place(X, weight)

    def keep_sources(self, tuned, places):
        """Take what :meth:`source_weights` returned, of all sources together, into use."""
        self.n_collected = len(tuned)
        for i, values in enumerate(tuned):
            self.register_buffer(f"source_{i}", values.to(self.head_weight.dtype))
        self.register_buffer("source_places", places.to(self.head_weight.dtype))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        """A learner that has no sources yet takes those of the saved one."""
        saved = [name.removeprefix(prefix) for name in state_dict if name.startswith(f"{prefix}source_")]
        for name in saved:
            self.register_buffer(name, torch.empty_like(state_dict[prefix + name], device=self.head_weight.device))
        self.n_collected = max(len(saved) - 1, 0)  # places are no weights
        super()._load_from_state_dict(state_dict, prefix, *args)

    @property
    def sources(self):
        return [getattr(self, f"source_{i}") for i in range(self.n_collected)]

    def _place(self, X, weight):
        """Mean and spread of a task's rows in the space of the pretrained trunk."""
        embedded = self.embed(X)
        share, _ = shares(weight, embedded)
        mean = (share[..., None] * embedded).sum(1)
        spread = (share[..., None] * (embedded - mean[:, None]).square()).sum(1).sqrt()
        return torch.cat([mean, spread], 1)

    # ------------------------------------------------------------------ a new task

    @torch.no_grad()
    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The averaged trunk, each parameter (T, *shape); the heads (T, C, e + 1); alpha (T, S); the class mask."""
        alpha = None
        if self.n_collected:
            alpha = self._first_alpha(support_X, support_y, support_weight, class_mask)
            if self.weighting == "learn":
                alpha = self._learned_alpha(alpha, support_X, support_y, support_weight, class_mask)
        return self._averaged(alpha, support_X, support_y, support_weight, class_mask)

    def _averaged(self, alpha, X, y, weight, class_mask):
        n_outputs = self.n_outputs if class_mask is None else class_mask.shape[1]
        trunk, head_start = self._mixture(alpha, len(X), n_outputs)
        features = with_bias_column(self.trunk_engine.predict(trunk, X))
        if self.task_type == "classification":
            heads = logistic_heads(features, y, weight, class_mask, head_start, self.l2_sp)
        else:
            heads = ridge_heads(features, y, weight, head_start, self.l2_sp / 2)
        return {"trunk": trunk, "heads": heads, "alpha": alpha, "class_mask": class_mask}

    def _mixture(self, alpha, n_tasks, n_outputs):
        """Averaged trunks, and the heads (T, C, e + 1) that fitting starts from."""
        weight, bias = self.start_of_head(n_outputs)
        head = torch.cat([weight, bias[:, None]], 1).expand(n_tasks, -1, -1)
        if alpha is None:
            return [value.detach().expand(n_tasks, *value.shape) for value in self.parameters_of_body.now()], head
        mixed = [torch.tensordot(alpha, values, 1) for values in self.sources]
        if self.n_outputs is None:
            return mixed, head
        *trunk, weight, bias = mixed
        known = torch.cat([weight, bias[..., None]], -1)
        # a class that no source has shown starts as it does without averaging
        return trunk, torch.cat([known, head[:, known.shape[1] :]], 1)

    def predict(self, state, query_X):
        features = with_bias_column(self.trunk_engine.predict(state["trunk"], query_X))
        return hide_absent_classes(features @ state["heads"].transpose(1, 2), state["class_mask"])

    # ------------------------------------------------------------------ alpha

    def _first_alpha(self, X, y, weight, class_mask):
        n_tasks, n_sources = len(X), len(self.source_places)
        if self.weighting == "uniform":
            return X.new_full((n_tasks, n_sources), 1 / n_sources)
        if self.n_outputs is None:
            distance = torch.cdist(self._place(X, weight), self.source_places)
        else:
            distance = self._losses_of_sources(X, y, weight, class_mask)
        spread = distance.std(1, keepdim=True, correction=0).clamp(min=1e-12)
        seen = shares(weight, X)[1] > 0
        distance = torch.where(seen, (distance - distance.mean(1, keepdim=True)) / spread, 0.0)
        return torch.softmax(-distance / self.temperature, 1)

    def _losses_of_sources(self, X, y, weight, class_mask):
        """(T, S) mean losses of every source's weights on every support."""
        share, _ = shares(weight, X)
        losses = []
        for source in range(len(self.source_places)):
            own = [values[source].expand(len(X), *values[source].shape) for values in self.sources]
            outputs = self.engine.predict(own, X)
            if class_mask is None:
                loss = (outputs - y).square().mean(-1)
            else:  # of classes that sources have shown
                known = y < outputs.shape[-1]
                log_p = torch.log_softmax(outputs, -1)
                loss = -torch.where(known, log_p.gather(-1, torch.where(known, y, 0)[..., None])[..., 0], 0.0)
            losses.append((torch.where(share > 0, loss, 0.0) * share).sum(1))
        return torch.stack(losses, 1)

    def _learned_alpha(self, alpha, X, y, weight, class_mask):
        """Mirror descent: alpha is multiplied with exp(-rate * slope), the slope scaled to at most 1."""
        log_alpha = alpha.clamp(min=1e-12).log()
        for _ in range(_LEARNING_STEPS):
            state = self._averaged(log_alpha.softmax(1), X, y, weight, class_mask)
            theta = [*state["trunk"], state["heads"][..., :-1], state["heads"][..., -1]]
            stepped = self.engine.adapt(
                theta, X, y, support_weight=weight, class_mask=class_mask, steps=1, lr=1.0, adapted="all"
            )
            # at the fitted heads the loss is flat in the heads: what alpha does to the trunk is all that counts
            gradient = [before - after for before, after in zip(theta[:-2], stepped[:-2])]
            slope = sum(g.flatten(1) @ values.flatten(1).T for g, values in zip(gradient, self.sources))
            slope = slope - slope.mean(1, keepdim=True)
            log_alpha = log_alpha - _LEARNING_RATE * slope / slope.abs().amax(1, keepdim=True).clamp(min=1e-12)
        return log_alpha.softmax(1)
