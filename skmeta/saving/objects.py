"""Objects as their attributes, and back; classes are looked up by name, and nothing of theirs is called but
``__setstate__``."""

import dataclasses
import inspect
import warnings

import torch
from sklearn.base import BaseEstimator

from skmeta.saving.decoded import Decoded
from skmeta.saving.registry import NotSavable, is_object_class, name_of, thing_named
from skmeta.saving.values import FEW, Values

UNSAVABLE = "pickle or joblib can keep it, for those who trust the file."
_USERS_OWN = "the user's own"
#: what only further training needs; where it cannot be written down, the file says so and does without
_FOR_TRAINING = ("callbacks", "criterion", "iterator_train", "iterator_valid", "optimizer", "random_state", "compile")
#: loading adapts to the current task, and no file may make it go on for ever or need all memory: how a setting's name
#: ends, what it counts, and the most that a file may ask for
_MOST = {
    "steps": ("steps", 5_000),
    "n_iter": ("steps", 5_000),
    "n_permutations": ("orders", 256),
    "n_slots": ("slots", 1024),
}
#: classes that are written and read in a way of their own, by name: ``(cls, to_state, from_state)``
_SPECIAL = {}


def register(cls, to_state, from_state):
    """Save instances of a class by functions of its own.

    Parameters
    ----------
    cls : class
    to_state : callable
        ``to_state(instance)`` gives a dict of what can be saved.
    from_state : callable
        ``from_state(cls, state, given)`` makes the instance again; ``given`` is what the caller of ``load`` said.
    """
    _SPECIAL[cls.__name__] = cls, to_state, from_state


def too_many_steps(settings):
    """The first setting, by name, with which an adaptation would take more than files may ask for, or None."""
    for name, value in settings.items():
        for end, (what, most) in _MOST.items():
            if name.endswith(end) and isinstance(value, int) and value > most:
                return f"{name}={value} is more than the {most} {what} that a file may ask for;"
    return None


class Encoder(Values):
    """:class:`~skmeta.saving.values.Values`, and objects of the classes that a file may name.

    An object that is met twice is written once. ``left_out`` says what had to be left out, and was only for training.
    """

    def __init__(self):
        super().__init__()
        self.left_out = {}
        self._places, self._kept, self._inside = {}, [], []

    def encode(self, value):
        special = _special(type(value))
        if special is None and not _is_object(value):
            return super().encode(value)
        if id(value) in self._places:
            return {"again": self._places[id(value)]}
        if any(value is outer for outer in self._inside):
            raise NotSavable(f"a {type(value).__name__} that holds itself is not among what the format holds;")
        self._inside.append(value)
        try:
            name = type(value).__name__ if special else name_of(type(value))
            state = special[1](value) if special else _state_of(value)
            written = {"object": [name, self._attributes(value, state)]}
        finally:
            self._inside.pop()
        self._remember(value)
        return written

    def _list(self, values):
        """Many objects of one class as one table of their attributes."""
        if len(values) > FEW and _is_object(values[0]) and _special(type(values[0])) is None:
            states = [_state_of(value) if type(value) is type(values[0]) else {} for value in values]
            names = list(states[0])
            if names and all(list(state) == names for state in states) and self._are_new(values):
                name = name_of(type(values[0]))
                columns = {one: self._list([state[one] for state in states]) for one in names}
                for value in values:
                    self._remember(value)
                return {"alike": [name, len(values), columns]}
        return super()._list(values)

    def _are_new(self, values):
        ids = {id(value) for value in values}
        return len(ids) == len(values) and not ids & set(self._places)

    def _remember(self, value):
        self._places[id(value)] = len(self._places)
        self._kept.append(value)  # or its id could be another's

    def _attributes(self, owner, state):
        of_library = not type(owner).__module__.startswith("sklearn.")
        if of_library and (too_many := too_many_steps(_settings_in(state))):
            raise NotSavable(f"{too_many} {UNSAVABLE}")
        written = {}
        for name, value in state.items():
            if name == "module" and of_library and isinstance(owner, BaseEstimator):
                written[name] = self._module(value)
                continue
            before = len(self.arrays), dict(self._places), len(self._kept)
            try:
                written[name] = self.encode(value)
            except NotSavable as error:
                if not of_library or name.partition("__")[0] not in _FOR_TRAINING:
                    raise _said_where(error, name, owner) from None
                self.left_out[name] = repr(value)
                del self.arrays[before[0] :], self._kept[before[2] :]
                self._places = before[1]
        return written

    def _dict(self, values):
        """Settings that are routed to training may be what cannot be written; then they are left out."""
        routed = {key for key in values if isinstance(key, str) and key.partition("__")[0] in _FOR_TRAINING}
        for key in routed:
            try:
                Encoder().encode(values[key])
            except NotSavable:
                self.left_out[key] = repr(values[key])
                values = {other: value for other, value in values.items() if other != key}
        return super()._dict(values)

    def _module(self, value):
        try:
            return Encoder().encode(value) and self.encode(value)
        except NotSavable:
            cls = value if isinstance(value, type) else type(value)
            return {_USERS_OWN: f"{cls.__module__}.{cls.__qualname__}"}


def _said_where(error, name, owner):
    """The error with the attribute in it, once."""
    text = str(error)
    if " cannot be saved: " in text:
        return NotSavable(text)
    return NotSavable(f"{name} of this {type(owner).__name__} cannot be saved: {text} {UNSAVABLE}")


class Decoder(Decoded):
    """:class:`~skmeta.saving.decoded.Decoded`, and objects.

    Parameters
    ----------
    arrays, n_bytes
        See there.
    given : Given
        What the caller of ``load`` said.
    """

    def __init__(self, arrays, n_bytes, given=None):
        super().__init__(arrays, n_bytes)
        self.given, self._made = given, []

    def _reader(self, kind):
        own = {"alike": self._alike, "object": self._object, "again": self._again, _USERS_OWN: self._users_own}
        return own.get(kind) or super()._reader(kind)

    def _again(self, place):
        return self._made[self._whole(place)]

    def _users_own(self, name):
        return self.given.module_for(name)

    def _alike(self, inside):
        name, n_objects, columns = inside
        cls = self._object_class(name)
        columns = {attribute: self._many(values) for attribute, values in columns.items()}
        if not columns or any(len(values) != n_objects for values in columns.values()):
            raise ValueError("Objects of one kind have unequal numbers of attributes.")
        made = [_object_of(cls, dict(zip(columns, values)), self.given) for values in zip(*columns.values())]
        self._made += made
        return made

    def _object_class(self, name):
        cls = thing_named(name)
        if not (isinstance(cls, type) and is_object_class(cls)):
            raise ValueError(f"A file may not hold an object of the class {name!r}.")
        return cls

    def _object(self, inside):
        name, attributes = inside
        special = _SPECIAL.get(name) if isinstance(name, str) else None
        cls = special[0] if special else self._object_class(name)
        state = {attribute: self.decode(value) for attribute, value in attributes.items()}
        made = special[2](cls, state, self.given) if special else _object_of(cls, state, self.given)
        self._made.append(made)
        return made


def _special(cls):
    found = _SPECIAL.get(cls.__name__)
    return found if found is not None and found[0] is cls else None


def _is_object(value):
    cls = type(value)
    if cls.__module__.partition(".")[0] not in ("skmeta", "sklearn") or isinstance(value, type):
        return False
    return is_object_class(cls)


# ---------------------------------------------------------------------- state


def _state_of(value):
    """The attributes of an object, as its class wants them kept."""
    if type(value).__getstate__ is not getattr(object, "__getstate__", None):
        state = value.__getstate__()
        if not isinstance(state, dict):
            raise NotSavable(f"a {type(value).__name__} is not among what the format holds;")
        state = dict(state)
    elif hasattr(value, "__dict__"):
        state = dict(vars(value))
    else:
        state = {name: getattr(value, name) for name in value.__slots__ if hasattr(value, name)}
    if not type(value).__module__.startswith("sklearn."):
        state.pop("_sklearn_version", None)
    return state


def _object_of(cls, state, given):
    parameters = _defaults(cls)  # these may have a class for a default
    for name in state:
        is_method = callable(getattr(cls, name, None)) and name not in parameters
        if not name.isidentifier() or name.startswith("__") or is_method:
            raise ValueError(f"A file has been tampered with: it sets {name[:50]!r} of a {cls.__name__}.")
    if cls.__module__.startswith("skmeta.") and (too_many := too_many_steps(_settings_in(state))):
        raise ValueError(too_many)
    if issubclass(cls, BaseEstimator):
        # a parameter younger than the file has its default
        state = parameters | state
        if "device" in state and cls.__module__.startswith("skmeta."):
            state["device"] = given.device_for(state["device"])
    made = cls.__new__(cls)
    if hasattr(cls, "__setstate__"):
        made.__setstate__(state)
    elif dataclasses.is_dataclass(cls) or hasattr(cls, "__slots__"):
        for name, value in state.items():
            object.__setattr__(made, name, value)
    else:
        vars(made).update(state)
    return made


def _settings_in(state):
    """The attributes of an object, and the settings that one of them holds: those that a task was adapted with."""
    settings = state.get("settings")
    return state | settings if isinstance(settings, dict) else state


def _defaults(cls):
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}


class Given:
    """What the caller of ``load`` said: a module class of one's own, and where to live.

    Parameters
    ----------
    path : path
    module : torch module class or instance, or None
    device : str or None
    """

    def __init__(self, path, module=None, device=None):
        self.path, self.module, self.device = path, module, device
        self._module_was_used, self._warned = False, set()

    def module_for(self, name):
        if self.module is None:
            raise ModuleNeeded(
                f"The module of this estimator was {name!r}, which is not part of skmeta. Loading executes no code "
                f"from a file, so hand the class in: skmeta.load({str(self.path)!r}, module=...)."
            )
        self._module_was_used = True
        return self.module

    def check_module_was_used(self):
        if self.module is not None and not self._module_was_used:
            raise ValueError("The module of this estimator is in the file: leave module= out.")

    def device_for(self, saved):
        """Where to live: where the caller said, or where the saved one did, if that device is there."""
        if self.device is not None:
            return self.device
        if saved == "auto" or _is_there(saved):
            return saved
        if str(saved) not in self._warned:
            self._warned.add(str(saved))
            text = f"The estimator was saved on device {str(saved)[:50]!r}, which is not there: using 'cpu'."
            warnings.warn(text, stacklevel=2)
        return "cpu"


def _is_there(device):
    try:
        return torch.device(device).type != "meta" and torch.empty(1, device=device) is not None
    except Exception:
        return False


class ModuleNeeded(ValueError):
    """A file whose module is the user's own, loaded without it."""
