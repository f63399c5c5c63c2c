"""Files of format 1, which held the attributes that estimators had then."""

import inspect

from skmeta.saving.decoded import Decoded
from skmeta.saving.registry import thing_named

_READERS = {}


def reader(base):
    """Let a function make estimators of a base class from files of format 1.

    It is called with the class, the attributes of then, None or what the net was (``seed``, ``batch_size``,
    ``weights``, ``history``), and what the caller of ``load`` said.
    """

    def registered(function):
        _READERS[base] = function
        return function

    return registered


def read(content, arrays, n_bytes, given):
    """The estimator of a file of format 1."""
    name = content["estimator"]
    cls = thing_named(f"skmeta.{name}")
    makers = [make for base, make in _READERS.items() if isinstance(cls, type) and issubclass(cls, base)]
    if not makers:
        raise ValueError(f"It holds an estimator {name!r}, which no file of format 1 can.")
    decoder = _Values(arrays, n_bytes, given)
    state = {attribute: decoder.decode(value) for attribute, value in content["state"].items()}
    parameters = inspect.signature(cls.__init__).parameters  # these may have a class for a default
    for attribute in state:
        is_method = callable(getattr(cls, attribute, None)) and attribute not in parameters
        if not attribute.isidentifier() or attribute.startswith("__") or is_method:
            raise ValueError(f"It has been tampered with: it sets {attribute[:50]!r}.")
    if "device" in state:
        state["device"] = given.device_for(state["device"])
    if "net" not in content:
        return makers[0](cls, state, None, given)
    net = {name: content["net"][name] for name in ("seed", "batch_size")}
    net["history"] = [{name: decoder.decode(value) for name, value in row.items()} for row in content["net"]["history"]]
    net["weights"] = {
        name[len("weights.") :]: decoder.decode({"tensor": name}) for name in arrays if name.startswith("weights.")
    }
    return makers[0](cls, state, net, given)


class _Values(Decoded):
    """The values of format 1: those of format 2, and three helpers of then as what they held."""

    def __init__(self, arrays, n_bytes, given):
        super().__init__(arrays, n_bytes)
        self.given = given

    def _reader(self, kind):
        own = {
            "record": self._record,
            "support": self._tuple,
            "supports": self._supports,
            "the user's own": lambda name: self.given.module_for(name),
        }
        return own.get(kind) or super()._reader(kind)

    def _record(self, inside):
        """The name and the attributes of a small helper."""
        name, attributes = inside
        return str(name), self.decode(attributes)

    def _supports(self, inside):
        """The rows of many tasks, by name, each as ``(X, y, weight)``."""
        names, sizes, parts = self.decode(inside)
        if len(names) != len(sizes) or (sizes < 0).any() or any(len(part) != sizes.sum() for part in parts):
            raise ValueError("Its known tasks have other rows than are there.")
        ends = sizes.cumsum()
        return {
            name: tuple(part[end - size : end] for part in parts)
            for name, size, end in zip(names, sizes.tolist(), ends.tolist())
        }
