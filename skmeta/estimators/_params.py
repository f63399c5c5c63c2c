"""Constructor parameters: explicit ones, inherited ones, and those routed to skorch by their prefix."""

import inspect

ROUTED_PREFIXES = ("module", "optimizer", "criterion", "iterator_train", "iterator_valid", "callbacks", "compile")


class RoutedParamsMixin:
    """``module__n_hidden=8`` and its like reach skorch; every other unknown name is refused at once.

    A subclass, or a family of them, writes only what is its own, ``def __init__(self, module=None, *, inner_lr=0.1,
    **params)``, and passes ``params`` on; the signature that scikit-learn and ``help`` see is completed here with the
    inherited parameters. The last var-keyword is called ``**module__kwargs`` because scikit-learn's checks also try
    that name as a parameter, and it is a legal routed one.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" not in vars(cls):
            return
        parameters = {}
        for base in cls.__mro__:
            known = inspect.signature(vars(base)["__init__"]).parameters if "__init__" in vars(base) else ["params"]
            parameters |= {name: known[name] for name in known if name not in parameters and name != "params"}
            if "params" not in known:
                break
        signature = inspect.signature(cls.__init__)
        cls.__init__.__signature__ = signature.replace(parameters=sorted(parameters.values(), key=lambda p: p.kind))

    def _accept_routed(self, routed):
        for name in routed:
            if not _is_routed(name):
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument {name!r}")
        # one private dict: scikit-learn's checks forbid setting public attributes that are no parameters
        self._routed = dict(routed)

    def get_params(self, deep=True):
        return super().get_params(deep=deep) | getattr(self, "_routed", {})

    def set_params(self, **params):
        explicit = set(self._get_param_names())
        routed = {name: value for name, value in params.items() if name not in explicit and _is_routed(name)}
        super().set_params(**{name: value for name, value in params.items() if name not in routed})
        self._routed = getattr(self, "_routed", {}) | routed
        return self


def _is_routed(name):
    prefix, found, _ = name.partition("__")
    return bool(found) and prefix in ROUTED_PREFIXES
