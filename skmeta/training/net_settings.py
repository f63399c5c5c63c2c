"""Which attributes of a net are settings that outlive the process, in a file or a pickle."""

_SETTINGS = (
    "batch_size",
    "criterion",
    "device",
    "learner",
    "lr",
    "max_epochs",
    "module",
    "optimizer",
    "seed",
    "verbose",
)
_SETTINGS += ("iterator_train", "iterator_valid", "compile")
_LEFT_TO_THE_FILE = ("learner__weights",)  # a path to weights, which are in the file itself


def is_setting(name):
    """Whether an attribute of a net is a setting that is kept, and not what was made of it."""
    prefix, is_routed, _ = name.partition("__")
    return prefix in _SETTINGS and not name.endswith("_") and not (is_routed and name in _LEFT_TO_THE_FILE)
