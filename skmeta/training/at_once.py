"""Training steps that a learner takes in one call: answers, loss and gradient without a graph."""

from torch import nn

from skmeta.learners.base import Learner
from skmeta.tasks.store import is_answered

#: what a learner's own loss is, by the criterion
_LOSSES = {nn.CrossEntropyLoss: "cross_entropy", nn.MSELoss: "mse"}


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
    if not all(_is_itself(one) for one in (learner, getattr(learner, "learner", None)) if isinstance(one, Learner)):
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
