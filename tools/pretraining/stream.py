"""Batches of synthetic tables of every size, and the loss of a learner on them."""

import numpy as np
import torch
import torch.nn.functional as F

from skmeta.learners.in_context.heads import mixture_nll
from skmeta.tasks.prior import TablePrior
from skmeta.tasks.prior.dice import Dice


class TableStream:
    """Draws one batch at a time; all tables of a batch have the same size, and larger tables come in smaller batches.

    ``cells_per_step`` keeps the cost of a step about constant; ``without`` names mechanisms of the prior to leave out.
    Tables are drawn on the ``device`` on which they are learned from.
    """

    def __init__(self, task_type, max_rows, max_columns, cells_per_step, max_tasks=48, without=(), device="cpu"):
        self.prior = TablePrior(task_type, without=tuple(without))
        self.device = device
        self.max_rows, self.max_columns = max_rows, max_columns
        self.cells_per_step, self.max_tasks = cells_per_step, max_tasks

    def draw(self, rng, n_tasks=None):
        rows = int(log_uniform(rng, 24, self.max_rows + 1))
        d = int(log_uniform(rng, 1, self.max_columns + 1))
        n_support = int(rows * rng.uniform(0.4, 0.85))
        if n_tasks is None:
            cost = rows * (d + 6) * (1 + rows / 600)
            n_tasks = int(np.clip(self.cells_per_step / cost, 2, self.max_tasks)) // 2 * 2
        dice = Dice(rng.integers(2**62), self.device)
        return {"n_support": n_support, **self.prior.draw_batch(n_tasks, dice, n_support, rows - n_support, d)}


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def batch_loss(learner, batch, device="cpu"):
    """Mean loss over the query rows whose class the support has shown; also what it was averaged over."""
    n = batch["n_support"]
    X, y, categorical = (batch[key].to(device) for key in ("X", "y", "categorical"))
    if not bool(categorical.any()):
        categorical = None
    if learner.task_type == "classification":
        C = int(y[:, :n].max()) + 1
        shown = F.one_hot(y[:, :n], C).amax(1).bool()
        state = learner.adapt(X[:, :n], y[:, :n], None, shown, categorical)
        log_chance = learner.predict(state, X[:, n:]).float().log_softmax(-1)
        target = y[:, n:]
        known = (target < C) & shown.gather(1, target.clamp(max=C - 1))
        loss = -log_chance.gather(-1, target.clamp(max=C - 1)[..., None])[..., 0]
        loss = torch.where(known, loss, torch.zeros_like(loss))
        return loss.sum() / known.sum().clamp(min=1)
    mean, std = y[:, :n].mean(1, keepdim=True), y[:, :n].std(1, keepdim=True).clamp(min=1e-6)
    y = ((y - mean) / std).clamp(-8, 8).float()[..., None]
    state = learner.adapt(X[:, :n], y[:, :n], None, None, categorical)
    return mixture_nll(*(part.float() for part in learner.mixture(state, X[:, n:])), y[:, n:]).clamp(max=12).mean()


class ValidationTables:
    """A fixed set of synthetic tables, the same for every run."""

    def __init__(self, stream, n_tables, seed=12345):
        rng = np.random.default_rng(seed)
        self.batches = [stream.draw(rng, n_tasks=1) for _ in range(n_tables)]

    @torch.no_grad()
    def score(self, learner, device="cpu"):
        return float(np.mean([float(batch_loss(learner, batch, device)) for batch in self.batches]))
