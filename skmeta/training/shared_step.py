"""One step of training that several processes take together."""

import torch

from skmeta.tasks.episodes import Parts
from skmeta.tasks.store import is_answered
from skmeta.training.at_once import learned_at_once


def shared_step(net, processes, batch, **fit_params):
    """The loss of a whole batch, and in the parameters' ``grad`` its gradient, from every process's share of the tasks.

    A loss that is a mean over rows or tasks is added up from the shares' means, each by its number of them. One that
    looks across tasks is worked out from everybody's outputs, and each process differentiates by its own.
    """
    X, y = batch
    share, own_y, place, has_tasks = processes.share(X, y)
    learner = net._bare_learner
    net._set_training(True)
    net._share = share, own_y
    n_answered = int(is_answered(y).sum())
    net._has_learned_from_rows = net._has_learned_from_rows or n_answered > 0
    done = learned_at_once(net, share, own_y, n_answered) if has_tasks and not fit_params else None
    if done is not None:
        value, y_pred = done["loss"], done["y_pred"]
    else:
        y_pred = _outputs(net, share, place, fit_params)
        if learner.loss_in_parts:
            part = _part_of_loss(net, X, share, own_y, n_answered) * has_tasks
            loss = part * net.get_loss(y_pred, own_y, X=share, training=True)
            loss.backward()
            value = loss.detach()
        else:
            value = _loss_across_tasks(net, processes, X, y, y_pred, has_tasks)
    counts = correct(y_pred, own_y) if has_tasks and not y.is_floating_point() else (0, 0)
    parameters = [parameter for _, parameter in net.get_all_learnable_params()]
    total, *net._correct_of_all = processes.add_up(parameters, float(value), *counts)
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


def correct(y_pred, y, may_hide=True):
    """How many labelled query rows are answered rightly, and how many there are."""
    y_pred = y_pred[0] if isinstance(y_pred, tuple) else y_pred
    y = y.to(y_pred.device)
    answers = y_pred.max(1).indices  # argmax, in a tenth of its time
    n_correct = (answers == y).sum()
    if not may_hide:
        return int(n_correct), len(y)
    return torch.stack([n_correct, is_answered(y).sum()]).tolist()


def _outputs(net, share, place, fit_params):
    learner = getattr(net._bare_learner, "learner", net._bare_learner)
    learner.place_in_batch = place
    try:
        return net.infer(share, **fit_params)
    finally:
        learner.place_in_batch = None


def _part_of_loss(net, X, share, own_y, n_answered):
    """What a share's loss counts for in the batch's."""
    if getattr(net.criterion_, "reduction", "mean") == "sum":
        return 1.0
    if net._bare_learner.loss_by_tasks:
        return _n_tasks(share) / _n_tasks(X)
    return int(is_answered(own_y).sum()) / max(n_answered, 1)


def _n_tasks(batch):
    return len(batch) if isinstance(batch, Parts) else len(batch["query_X"])
