"""One step of training: its loss and gradient, in one call or shared by processes, and the update by Adam."""

import torch
from skorch.dataset import get_len
from torch import nn

from skmeta import native
from skmeta.learners.base import Learner, innermost, nested
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.store import TaskStore, is_answered

#: multiplications of a batch on its way through the body, some milliseconds for one thread
SMALL = 10**8
#: what a learner's own loss is, by the criterion
_LOSSES = {nn.CrossEntropyLoss: "cross_entropy", nn.MSELoss: "mse"}
#: a gradient that may explode is as long as so many root mean squares of those before it, at most
LONGEST = 3.0


def is_small(iterator, learner):
    """Whether the batches of a loader are little work for a learner; where that is not known they are not.

    Threads that wait for one another at every call cost more than they save on small batches, and thirty times as much
    where other programs keep the cores busy.
    """
    if not isinstance(iterator, EpisodeLoader):
        return False
    if any(value.dim() > 2 for value in learner.parameters()):
        return False  # weights of convolutions are used once for every pixel
    return iterator.batch_size * _rows_of_a_task(iterator) * sum(v.numel() for v in learner.parameters()) < SMALL


def _rows_of_a_task(loader):
    store = loader.dataset
    if isinstance(store, TaskStore) and store.has_query:
        return len(store.X) / max(len(store), 1)
    ways = loader.n_ways[1]
    if isinstance(store, TaskStore):
        ways = min(ways, max(store.max_classes, 1))
    return ways * (loader.n_shots[1] + loader.n_query[1])


def learned_at_once(net, batch, y, n_answered=None):
    """What skorch's ``train_step_single`` returns, with gradients left in the parameters; None where it is needed.

    ``n_answered`` is over how many labelled rows the loss is a mean, where the batch is a part of a larger one.

    It is where anything stands between batch, learner and loss: a subclass's methods, wrappers, hooks, another
    criterion, batches in parts.
    """
    learner = net.module_
    if not isinstance(learner, Learner) or learner.loss_learned is None or not _is_plain(net, learner):
        return None
    if not isinstance(batch, dict) or not all(value.device.type == "cpu" for value in (y, *batch.values())):
        return None
    net._set_training(True)
    answered = is_answered(y)
    n_own = int(answered.sum())
    if not n_own:
        return None
    done = learner.learn(batch, y, answered.to(batch["query_X"].dtype) / (n_own if n_answered is None else n_answered))
    if done is None:
        return None
    net._has_learned_from_rows = True
    answers, loss = done
    return {"loss": loss, "y_pred": answers}


def _is_plain(net, learner):
    cls, criterion = type(net), net.criterion_
    if any(
        name in vars(step) for step in cls.__mro__[: _place(cls)] for name in ("infer", "get_loss", "train_step_single")
    ):
        return False
    if not all(_is_itself(one) for one in nested(learner) if isinstance(one, Learner)):
        return False
    if _LOSSES.get(type(criterion)) != learner.loss_learned or criterion.reduction != "mean":
        return False
    is_weighted = getattr(criterion, "weight", None) is not None or getattr(criterion, "label_smoothing", 0.0)
    return not is_weighted and getattr(criterion, "ignore_index", -100) < 0


def _is_itself(learner):
    """Whether ``learn`` does what ``forward`` does: nobody has put another in its place, or hooks beside it."""
    makers = [next(c for c in type(learner).__mro__ if name in vars(c)) for name in ("forward", "learn")]
    hooks = (learner._forward_hooks, learner._forward_pre_hooks, learner._backward_hooks, learner._backward_pre_hooks)
    return issubclass(makers[1], makers[0]) and not any(hooks)


def _place(cls):
    """Where in a net's method order :class:`MetaNet` stands: what comes before is somebody's own."""
    return [step.__name__ for step in cls.__mro__].index("MetaNet")


def correct(y_pred, y, may_hide=True):
    """How many labelled query rows are answered rightly, and how many there are."""
    y_pred = y_pred[0] if isinstance(y_pred, tuple) else y_pred
    y = y.to(y_pred.device)
    answers = y_pred.max(1).indices  # argmax, in a tenth of its time
    n_correct = (answers == y).sum()
    if not may_hide:
        return int(n_correct), len(y)
    return torch.stack([n_correct, is_answered(y).sum()]).tolist()


def shared_step(net, processes, batch, **fit_params):
    """The loss of a whole batch, and in the parameters' ``grad`` its gradient, from every process's share of the tasks.

    A loss that is a mean over rows or tasks is added up from the shares' means, each by its number of them. One that
    looks across tasks is worked out from everybody's outputs, and each process differentiates by its own.
    """
    (X, y), place = batch, getattr(net._loader, "place", None)
    share, own_y = X, y
    if place is None:  # the loader has drawn everybody's tasks
        share, own_y, place = processes.share(X, y)
    net._set_training(True)
    net._share = share, own_y
    n_answered = int(is_answered(own_y).sum()) * place.has_tasks
    done = learned_at_once(net, share, own_y, n_answered=1) if n_answered and not fit_params else None
    if done is not None:
        value, y_pred, count = done["loss"], done["y_pred"], n_answered
    else:
        y_pred = _outputs(net, share, place, fit_params)
        if net._bare_learner.loss_in_parts:
            times, count = _counts_for(net, share, n_answered, place.has_tasks, processes.size)
            loss = times * net.get_loss(y_pred, own_y, X=share, training=True)
            loss.backward()
            value = loss.detach()
        else:
            count, value = 1 / processes.size, _loss_across_tasks(net, processes, X, y, y_pred, place.has_tasks)
    counts = correct(y_pred, own_y) if place.has_tasks and not y.is_floating_point() else (0, 0)
    total, n_answered, *net._correct_of_all = processes.add_up(net._learnable, count, float(value), n_answered, *counts)
    net._has_learned_from_rows = net._has_learned_from_rows or n_answered > 0
    return {"loss": value.new_tensor(total), "y_pred": y_pred}


def _loss_across_tasks(net, processes, X, y, outputs, has_tasks):
    """This process's part of a loss of everybody's outputs; its gradients by the parameters are added to theirs.

    Every process works out the whole loss, and goes on differentiating from where its own outputs are. Parameters that
    the loss itself depends on have the whole gradient in each.
    """
    parts = list(_leaves(outputs))
    whole, own = zip(*(processes.joined(part, has_tasks) for part in parts))
    for part in whole:
        part.requires_grad_(part.is_floating_point())
    loss = net.get_loss(_with_leaves(outputs, iter(whole)), y, X=X, training=True)
    loss.backward()
    for _, parameter in net.get_all_learnable_params():
        if parameter.grad is not None:
            parameter.grad /= processes.size
    pairs = [
        (part, all_of_it.grad[rows])
        for part, all_of_it, rows in zip(parts, whole, own)
        if part.requires_grad and all_of_it.grad is not None
    ]
    if pairs and has_tasks:
        torch.autograd.backward(*zip(*pairs))
    return loss.detach() / processes.size


def _leaves(nest):
    if isinstance(nest, torch.Tensor):
        yield nest
    for part in nest if isinstance(nest, tuple) else ():
        yield from _leaves(part)


def _with_leaves(nest, leaves):
    """The nest with other tensors, in the order of :func:`_leaves`."""
    if isinstance(nest, tuple):
        return tuple(_with_leaves(part, leaves) for part in nest)
    return next(leaves) if isinstance(nest, torch.Tensor) else nest


def _outputs(net, share, place, fit_params):
    learner = innermost(net._bare_learner)
    learner.place_in_batch = None if place.first is None else (place.first, place.n_all)
    try:
        return net.infer(share, **fit_params)
    finally:
        learner.place_in_batch = None


def _counts_for(net, share, n_answered, has_tasks, n_processes):
    """How often a share's loss is there in the sum of all, and its part of the number that this is divided by."""
    if getattr(net.criterion_, "reduction", "mean") == "sum":
        return int(has_tasks), 1 / n_processes
    n = n_tasks(share) * has_tasks if net._bare_learner.loss_by_tasks else n_answered
    return n, n


def n_tasks(batch):
    """How many tasks a batch has; skorch, which is asked about those of other loaders, looks into all of its parts."""
    is_ours = isinstance(batch, dict) and "query_X" in batch
    return batch["query_X"].shape[0] if is_ours else get_len(batch)


@torch.no_grad()
def shorten_gradient(optimizer):
    """Shorten a gradient far longer than those before it, as Adam and its kin remember them; make an infinite one zero.

    Inner steps that explode on a single task of a batch have a derivative that is longer by orders of magnitude, or
    infinite. Adam would remember it, and hardly move for hundreds of steps, or have no numbers from then on.
    """
    values = [value for group in optimizer.param_groups for value in group["params"] if value.grad is not None]
    if not values:
        return
    gradients, usual = [value.grad for value in values], _usual_length(optimizer, values)
    length = torch.stack(torch._foreach_norm(gradients)).norm()
    share = torch.ones_like(length)
    if usual is not None:
        share = torch.where(usual > 0, (LONGEST * usual / length).clamp(max=1), share)
    share = torch.where(length.isfinite(), share, 0.0)  # nothing waits for its size, which may lie on a GPU
    for gradient in gradients:
        gradient.mul_(share).nan_to_num_(0.0)


def _usual_length(optimizer, values):
    """The root mean square of the lengths that gradients of these had, as Adam remembers them; None if it does not."""
    remembered = [optimizer.state.get(value, {}) for value in values]
    betas = optimizer.param_groups[0].get("betas", ())
    if len(betas) != 2 or not all({"exp_avg_sq", "step"} <= set(state) for state in remembered):
        return None
    squares = torch.stack(torch._foreach_norm([state["exp_avg_sq"] for state in remembered], 1)).sum()
    return (squares / (1 - betas[1] ** remembered[0]["step"])).sqrt()


class Adam(torch.optim.Adam):
    """torch's Adam, with the same state; where the kernel can take a step of it, the kernel does.

    It does on the CPU, for plain settings and where nobody has hooks on the optimizer. Anything else is torch's.
    """

    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = None if self._is_watched() or not native.available() else [self._members(g) for g in self.param_groups]
        if groups is None or None in groups or not native.adam_step(groups):
            super().step()
        return loss

    def zero_grad(self, set_to_none=True):
        if not set_to_none:
            super().zero_grad(set_to_none)
            return
        for group in self.param_groups:  # torch's looks at more, which takes as long as a small network's update
            for value in group["params"]:
                value.grad = None

    def _is_watched(self):
        return bool(self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks)

    def _members(self, group):
        """Settings and tensors of a group as the kernel reads them; None where it does not know what they ask for."""
        asks = ("amsgrad", "maximize", "capturable", "differentiable")
        if any(group[name] for name in asks) or isinstance(group["lr"], torch.Tensor):
            return None
        members = []
        for value in group["params"]:
            if value.grad is None:
                continue
            state = self.state[value]
            if not state:
                return None  # the first step: torch makes the state
            members.append((value, value.grad, state["exp_avg"], state["exp_avg_sq"], state["step"]))
        return (group["lr"], *group["betas"], group["eps"], group["weight_decay"]), members
