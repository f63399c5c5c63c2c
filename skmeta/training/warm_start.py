"""Training that goes on with other settings than it began with."""

import copy

from skmeta.learners.base import innermost

#: What a learner is told of the data; estimators see themselves to what changes there.
_OF_THE_DATA = ("n_features_in", "n_outputs", "n_source_tasks", "n_source_outputs")


def go_on(net, trained):
    """Make a net stand where a trained one stands; all that concerns training is its own.

    The weights and the history are the trained net's. Callbacks, loaders, the loss, what is held out, the learning rate
    and the other settings of the optimizer are those of ``net``; the optimizer's memory comes along where it is of the
    same class. Settings of the learner that it can change are changed; a module cannot become another.

    Parameters
    ----------
    net : MetaNet
        Not initialised; it is initialised here.
    trained : MetaNet
        Left as it is.
    """
    if not _makes_the_same(net.learner, trained.learner):
        raise ValueError(
            "warm_start goes on with a learner that was made for another target_scaling: set it back, or "
            "warm_start=False to start over."
        )
    _check_same_module(net, trained)
    net.seed = trained.seed  # so that the sixth epoch is the sixth, whoever trains it
    net.initialize_from(trained)
    _change_learner(net, trained)
    if type(net.criterion_) is type(trained.criterion_) and hasattr(net.criterion_, "load_state_dict"):
        net.criterion_.load_state_dict(trained.criterion_.state_dict(), strict=False)
    if net.optimizer is trained.optimizer:
        _take_over_memory(net, trained)
    for group in net.optimizer_.param_groups:
        group.setdefault("initial_lr", group["lr"])  # a schedule that goes on asks for it
    net.history_ = copy.deepcopy(trained.history)


def _makes_the_same(one, other):
    """Whether two constructors of learners are alike: a class, or one around another constructor."""
    if isinstance(one, type) or type(one) is not type(other) or not hasattr(one, "__dict__"):
        return one is other
    ours, theirs = vars(one), vars(other)
    return ours.keys() == theirs.keys() and all(
        ours[name] == theirs[name] or _makes_the_same(ours[name], theirs[name]) for name in ours
    )


def _check_same_module(net, trained):
    if isinstance(net.module, type) and net.module is not trained.module and isinstance(trained.module, type):
        raise ValueError(
            f"warm_start goes on with the module that has been trained, a {trained.module.__name__}, but module is now "
            f"{net.module.__name__}: set it back, or warm_start=False to start over."
        )
    if isinstance(net.module, type):
        _raise_if_other("module__", net.get_params_for("module"), trained.get_params_for("module"))


def _change_learner(net, trained):
    now, then = net.get_params_for("learner"), trained.get_params_for("learner")
    learner = innermost(net._bare_learner)
    for name in _OF_THE_DATA:
        now.pop(name, None), then.pop(name, None)
    for name, value in now.items():
        if name in then and not _same(value, then[name]) and _same(getattr(learner, name, None), then[name]):
            setattr(learner, name, value)
            then[name] = value
    _raise_if_other("", now, then)


def _raise_if_other(prefix, now, then):
    for name in now:
        if not _same(now[name], then.get(name)):
            raise ValueError(
                f"warm_start goes on with the weights that are there, which were made with {prefix}{name}="
                f"{then.get(name)!r}, but it is now {now[name]!r}: set it back, or warm_start=False to start over."
            )


def _same(a, b):
    try:
        return a is b or bool(a == b)
    except (TypeError, ValueError, RuntimeError):  # arrays
        return False


def _take_over_memory(net, trained):
    """The optimizer's memory of the trained net's gradients, and settings that schedules have changed meanwhile."""
    args, kwargs = trained.get_params_for_optimizer("optimizer", trained.get_all_learnable_params())
    began = trained.optimizer(*args, **kwargs).state_dict()["param_groups"]
    theirs, ours = trained.optimizer_.state_dict(), net.optimizer_.state_dict()
    if [group["params"] for group in theirs["param_groups"]] != [group["params"] for group in ours["param_groups"]]:
        return
    for group, stands, begun in zip(ours["param_groups"], theirs["param_groups"], began):
        changed = {name for name in group if name != "params" and not _same(group[name], begun.get(name))}
        if "lr" in changed:
            changed.add("initial_lr")
        group |= {name: value for name, value in stands.items() if name not in changed and name != "params"}
    net.optimizer_.load_state_dict({"state": copy.deepcopy(theirs["state"]), "param_groups": ours["param_groups"]})
