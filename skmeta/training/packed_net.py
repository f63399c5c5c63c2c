"""A net in a pickle: settings, numbers and history, and nothing that only a training that runs has need of.

skorch pickles its nets with callbacks, printers and a nested pickle of all tensors, which nobody who reads the file can
look into. What an estimator goes on with is less, and plain.
"""

import copy
from types import SimpleNamespace

import numpy as np
import torch
from skorch.history import History
from skorch.utils import get_map_location

_SETTINGS = (
    "batch_size", "compile", "criterion", "device", "iterator_train", "iterator_valid", "learner", "lr", "max_epochs",
    "module", "optimizer", "seed", "verbose",
)  # fmt: skip
_LEFT_TO_THE_FILE = ("learner__weights",)  # a path to weights, which are in the file itself


def is_setting(name):
    """Whether an attribute of a net is a setting that outlives the process, and not what was made of it."""
    prefix, is_routed, _ = name.partition("__")
    return prefix in _SETTINGS and not name.endswith("_") and not (is_routed and name in _LEFT_TO_THE_FILE)


def packed(net):
    """What makes the net again, as classes, settings, arrays and history."""
    settings = {name: value for name, value in vars(net).items() if is_setting(name)}
    state = {"module": settings.pop("module"), "settings": settings, "is_initialized": net.initialized_}
    if net.initialized_:
        is_plain = all(_is_known(type(module)) for module in net.module_.modules())
        # modules of the user's own may keep what they have learned in attributes that are no tensors
        state["learner"] = _as_arrays(net.module_.state_dict()) if is_plain else copy.deepcopy(net.module_).cpu()
        state["criterion"] = _as_arrays(net.criterion_.state_dict())
        state["optimizer"] = _as_arrays(net.optimizer_.state_dict())
        state["history"] = [dict(epoch) for epoch in net.history]
    return state


def unpack(net, state):
    """Make a net of what :func:`packed` gave. It has no callbacks: those of an estimator are parameters of it."""
    settings, module, learner = dict(state["settings"]), state["module"], state.get("learner")
    settings["device"] = str(get_map_location(settings["device"]))
    if isinstance(module, torch.nn.Module):  # it is made already
        settings = {name: value for name, value in settings.items() if not name.startswith("module__")}
    net.__init__(module, train_split=None, callbacks=None, **settings)
    if not state["is_initialized"]:
        return
    if isinstance(learner, torch.nn.Module):
        net.initialize_from(SimpleNamespace(module_=learner))
    else:
        net.initialize()
        net.module_.load_state_dict(_as_tensors(learner))
    net.criterion_.load_state_dict(_as_tensors(state["criterion"]))
    net.optimizer_.load_state_dict(_as_tensors(state["optimizer"]))
    net.history_ = History(dict(epoch) for epoch in state["history"])


def _is_known(cls):
    return cls.__module__.partition(".")[0] in ("skmeta", "torch")


def _as_arrays(nest):
    return _mapped(nest, torch.Tensor, _as_array)


def _as_array(tensor):
    # numpy has no word for bfloat16; what is loaded into a tensor takes its type
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().cpu().numpy()


def _as_tensors(nest):
    """Tensors in memory of their own: that of a file may be mapped, and read-only."""
    return _mapped(nest, np.ndarray, lambda array: torch.as_tensor(array.copy()))


def _mapped(nest, kind, function):
    if isinstance(nest, kind):
        return function(nest)
    if isinstance(nest, dict):
        return {name: _mapped(part, kind, function) for name, part in nest.items()}
    return [_mapped(part, kind, function) for part in nest] if isinstance(nest, (list, tuple)) else nest
