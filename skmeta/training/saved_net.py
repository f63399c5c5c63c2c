"""A trained net: the classes and settings it is made of, its weights, and the history of its training."""

import copy

import torch
from skorch.history import History
from torch.overrides import TorchFunctionMode

from skmeta.saving.objects import register, too_many_steps
from skmeta.training.meta_net import MetaNet
from skmeta.training.packed_net import is_setting
from skmeta.training.processes import resolve_device

_CALLS_PER_TENSOR = 60  # the learners of this library make at most 16


def to_state(net):
    """What a net is made of, without its callbacks and its validation tasks."""
    settings = {name: value for name, value in vars(net).items() if is_setting(name)}
    body = settings.pop("module")
    return {
        "module": body,
        "task_type": getattr(net.module_, "task_type", None),
        "settings": settings,
        "weights": dict(net.module_.state_dict()),
        "history": [_numbers_of_epoch(row) for row in net.history],
    }


def _numbers_of_epoch(row):
    """What was recorded of an epoch, without its batches."""
    plain = {name: float(value) if isinstance(value, float) else value for name, value in row.items()}
    return {name: value for name, value in plain.items() if type(value) in (int, float, str, bool)}


def from_state(cls, state, given):
    """The net again; its modules are made only after their sizes agree with the weights of the file."""
    settings, weights = state["settings"], state["weights"]
    if not all(is_setting(name) for name in settings):
        raise ValueError("A net in it has settings that no net has.")
    if too_many := too_many_steps({name: value for name, value in settings.items() if name.startswith("learner__")}):
        raise ValueError(too_many)
    is_regression = state.get("task_type") == "regression"
    # a loss or an optimizer of the user's own is not in the file
    settings.setdefault("criterion", torch.nn.MSELoss if is_regression else torch.nn.CrossEntropyLoss)
    settings.setdefault("optimizer", torch.optim.Adam)
    settings["device"] = str(resolve_device(given.device_for(settings["device"])))
    body = state["module"]
    if isinstance(body, torch.nn.Module):  # an instance is made already, and stays the user's own
        body = copy.deepcopy(body)
        settings = {name: value for name, value in settings.items() if not name.startswith("module__")}
    net = cls(body, train_split=None, callbacks=None, **settings)
    return with_weights(net, weights, state["history"], given)


def with_weights(net, weights, history, given):
    """An initialised net with the given weights and history."""
    if not isinstance(weights, dict) or not all(isinstance(one, torch.Tensor) for one in weights.values()):
        raise ValueError("The weights of a net are no tensors.")
    if given.module is None:
        check_sizes(net, weights)
    net.initialize()
    try:
        net.module_.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"The weights do not fit the module: {error}") from error
    net.history_ = History({"batches": []} | row for row in history)
    return net


def check_sizes(net, weights):
    """Refuse settings whose modules would have other tensors than the file, before a tensor of them is made."""
    with _OnMeta(_CALLS_PER_TENSOR * (len(weights) + 10)), torch.device("meta"):
        body = net.initialized_instance(net.module, net.get_params_for("module"))
        made = net.learner(body, **net.get_params_for("learner")).state_dict()
    # a file may have more: a learner takes them where it has collected them in training, and is refused where not
    for name in made:
        declared, there = tuple(made[name].shape), tuple(weights[name].shape) if name in weights else None
        if declared != there:
            raise ValueError(
                f"The weights do not fit the module: by its settings {name[:80]!r} has the shape {declared}, in the "
                f"file {there}."
            )


class _OnMeta(TorchFunctionMode):
    """Every tensor made in the block has a shape and no memory, and only so many are made."""

    def __init__(self, n_calls):
        super().__init__()
        self.left = n_calls

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch._C._set_grad_enabled:
            return func(*args, **(kwargs or {}))  # where a block without gradients ends by an error, they come back
        self.left -= 1
        if self.left < 0:
            raise ValueError("The weights do not fit the module: by its settings it has far more of them.")
        kwargs = dict(kwargs or {})
        if kwargs.get("device") is not None:
            kwargs["device"] = "meta"
        if func is torch.allclose:
            return True  # there are no numbers to compare, and no tensor's shape depends on the answer
        return func(*args, **kwargs)


register(MetaNet, to_state, from_state)
