"""Fine-tuning of many tasks at once: Adam from a common start, with rates, pulls and pauses for each layer and task."""

from dataclasses import dataclass

import torch

#: a task with fewer rows keeps them all for fitting
ROWS_TO_HOLD_OUT_FROM = 40
#: every so many rows of a class one is held out
HELD_OUT_EVERY = 5
#: tasks whose parameters together have about so many floats descend together
FLOATS_AT_ONCE = 2**23


@dataclass(frozen=True)
class DescentSettings:
    """How to descend.

    Parameters
    ----------
    steps : int
        At most so many full-batch Adam steps.
    lr : float
        Rate of the head.
    layer_decay : float
        Each layer's rate, relative to that of the layer above it.
    pull : float
        ``pull / (total weight of the support) * |theta - start|^2 / 2`` is added to the loss.
    gradual : bool
        Whether the lower layers wait.
    early_stopping : bool
        Whether a task with enough rows holds some of them out to find its number of steps, and then descends for so
        many steps on all of them.
    """

    steps: int
    lr: float
    layer_decay: float = 1.0
    pull: float = 0.0
    gradual: bool = False
    early_stopping: bool = False


def fine_tune(engine, start, support_X, support_y, support_weight, class_mask, settings):
    """Parameters of every task after the descent, each (T, *shape).

    Parameters
    ----------
    engine : Engine
        Gives gradients and answers.
    start : list of tensors
        As ``engine.start`` returns it.
    support_X, support_y, support_weight, class_mask
        As a learner's ``adapt`` takes them.
    settings : DescentSettings
    """
    n_tasks = len(support_X)
    weight = torch.ones_like(support_X[..., 0]) if support_weight is None else support_weight
    size = max(1, FLOATS_AT_ONCE // max(sum(value.numel() for value in start), 1))
    tuned = []
    for first in range(0, n_tasks, size):
        tasks = slice(first, first + size)
        mask = None if class_mask is None else class_mask[tasks]
        descent = _Descent(engine, start, support_X[tasks], support_y[tasks], weight[tasks], mask, settings)
        tuned.append(descent.run())
    return tuned[0] if len(tuned) == 1 else [torch.cat(values) for values in zip(*tuned)]


class _Descent:
    def __init__(self, engine, start, X, y, weight, class_mask, settings):
        self.engine, self.settings = engine, settings
        self.X, self.y, self.weight, self.class_mask = X, y, weight, class_mask
        self.start = [value.detach().expand(len(X), *value.shape) for value in start]
        depth = layer_depths(engine)
        self.depth, self.n_layers = depth, max(depth) + 1
        self.rates = [settings.lr * settings.layer_decay**d for d in depth]

    def run(self):
        steps = torch.full((len(self.X),), self.settings.steps, device=self.X.device)
        if self.settings.early_stopping:
            held_out = hold_out(self.X, self.y, self.weight, self.class_mask is not None)
            holds = held_out.any(1)
            if bool(holds.any()):
                best = self._best_steps(self.weight * ~held_out, self.weight * held_out)
                steps = torch.where(holds, best, steps)
        theta = self.start
        for theta in self._path(self.weight, steps):  # noqa: B007 - the last one is the answer
            pass
        return [value.clone() for value in theta]

    def _best_steps(self, weight, held_out_weight):
        best_loss, best = None, None
        everything = torch.full((len(self.X),), self.settings.steps, device=self.X.device)
        for step, theta in enumerate(self._path(weight, everything)):
            loss = self._losses(theta, held_out_weight)
            if best is None:
                best_loss, best = loss, torch.zeros_like(everything)
            better = loss < best_loss
            best_loss, best = torch.where(better, loss, best_loss), torch.where(better, step, best)
        return best

    def _losses(self, theta, weight):
        """(T,) weighted losses of the rows."""
        outputs = self.engine.predict(theta, self.X, self.class_mask)
        if self.class_mask is None:
            losses = (outputs - self.y).square().mean(-1)
        else:
            log_p = torch.log_softmax(outputs, -1)
            losses = -log_p.gather(-1, self.y[..., None])[..., 0]
        return torch.where(weight > 0, losses * weight, 0.0).sum(1)

    def _path(self, weight, steps):
        """Yield the parameters after 0, 1, ... steps of Adam; a task past its own number of steps rests."""
        settings = self.settings
        total = weight.sum(1)
        # a task that has shown no row stays where it is
        steps = torch.where(total > 0, steps, 0)
        pull = settings.pull / total.clamp(min=1e-12)
        theta = self.start
        mean, square = [[torch.zeros_like(value) for value in theta] for _ in range(2)]
        age = [0] * len(theta)
        yield theta
        for step in range(int(steps.max())):
            moves = self._moves(step)
            gradient = self._gradient(theta, weight, moves)
            moving = step < steps
            theta = list(theta)
            for i, g in enumerate(gradient):
                if not moves[i]:
                    continue
                g = g + _like(pull, g) * (theta[i] - self.start[i])
                age[i] += 1
                mean[i] = mean[i].lerp(g, 0.1)
                square[i] = square[i].lerp(g.square(), 0.001)
                direction = (mean[i] / (1 - 0.9 ** age[i])) / ((square[i] / (1 - 0.999 ** age[i])).sqrt() + 1e-8)
                theta[i] = torch.where(_like(moving, g), theta[i] - self.rates[i] * direction, theta[i])
            yield theta

    def _moves(self, step):
        """Which parameters change in this step: all, or the head first and one layer more after every part."""
        if not self.settings.gradual:
            return [True] * len(self.depth)
        awake = 1 + step * self.n_layers // max(self.settings.steps, 1)
        return [depth < awake for depth in self.depth]

    def _gradient(self, theta, weight, moves):
        """The gradient of each task's mean loss, as the difference that an engine's step of rate 1 makes."""
        stepped = self.engine.adapt(
            theta, self.X, self.y, support_weight=weight, class_mask=self.class_mask, steps=1, lr=1.0, adapted=moves
        )
        return [before - after for before, after in zip(theta, stepped)]


def layer_depths(engine):
    """How far below the head each parameter's layer lies; parameters of one module form a layer."""
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in engine.body_names))
    n_heads = 1 if engine.has_head else 0
    depth = {layer: len(layers) - 1 - place + n_heads for place, layer in enumerate(layers)}
    return [depth[name.rpartition(".")[0]] for name in engine.body_names] + [0, 0] * n_heads


def hold_out(X, y, weight, is_classification):
    """(T, n) bool: the rows a task holds out, every fifth of each class (of all rows, in regression).

    Rows are counted along a fixed random direction, so that their order does not matter. A task with few rows holds
    out none. Rows of weight 0 neither count nor are held out.
    """
    direction = torch.randn(X.shape[-1], generator=torch.Generator().manual_seed(0), dtype=X.dtype).to(X.device)
    counts = weight > 0
    order = (X @ direction).argsort(1)
    counts_sorted = counts.gather(1, order)
    if is_classification:
        classes = torch.arange(int(y.max()) + 1 if y.numel() else 1, device=y.device)
        same = (y.gather(1, order)[:, None] == classes[:, None]) & counts_sorted[:, None]
        rank = (same.cumsum(-1) * same).sum(1)
    else:
        rank = counts_sorted.cumsum(-1) * counts_sorted
    chosen = (rank > 0) & (rank % HELD_OUT_EVERY == 0)
    chosen = torch.zeros_like(counts).scatter(1, order, chosen)
    return chosen & (counts.sum(1, keepdim=True) >= ROWS_TO_HOLD_OUT_FROM)


def _like(per_task, value):
    """(T,) shaped to broadcast over a parameter (T, *shape)."""
    return per_task.view(-1, *[1] * (value.dim() - 1))
