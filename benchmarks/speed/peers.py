"""The libraries that are measured beside skmeta, imported where they are and reported where they are not."""

import functools
import importlib
import importlib.util
import sys
import types

from skmeta import native


class Missing(Exception):
    """A peer that cannot be imported; the message says why."""


def learn2learn(data=False):
    """learn2learn's algorithms, models and, with ``data``, its task sampling.

    Its top-level import needs gym and text packages that no longer install. A bare package stands in for it; the
    modules below it are the library's own.
    """
    if "learn2learn" not in sys.modules:
        spec = importlib.util.find_spec("learn2learn")
        if spec is None:
            raise Missing("learn2learn is not on the path; see benchmarks/speed/requirements.txt")
        sys.modules["learn2learn"] = _bare("learn2learn", list(spec.submodule_search_locations))
    package = sys.modules["learn2learn"]
    wanted = ["utils", "nn", "algorithms.maml", *(["data"] if data else [])]
    for name in wanted:
        parent = name.rpartition(".")[0]
        if parent and f"learn2learn.{parent}" not in sys.modules:
            paths = [f"{path}/{parent}" for path in package.__path__]
            sys.modules[f"learn2learn.{parent}"] = _bare(f"learn2learn.{parent}", paths)
        try:
            module = importlib.import_module(f"learn2learn.{name}")
        except ImportError as error:
            raise Missing(f"learn2learn.{name}: {error}") from error
        if name == "utils":  # the library's modules use these names at the top
            vars(package).update({key: value for key, value in vars(module).items() if not key.startswith("_")})
            package.utils = module
        elif name == "nn":
            package.nn = module
    return package


def _bare(name, paths):
    package = types.ModuleType(name)
    package.__path__ = paths
    return package


def native_engine():
    """The name of the engine that runs skmeta's own optional kernel."""
    if not native.available():
        raise Missing("not built in this checkout; run `python hatch_build.py`")
    return "native"


def with_and_without_kernel(make, name="skmeta"):
    """Two implementations from one that takes the kernel where there is one: on a machine without it, and with it."""

    def without():
        function = make()

        @functools.wraps(function)
        def run():
            kept, native.available = native.available, lambda: False
            try:
                return function()
            finally:
                native.available = kept

        return run

    def with_it():
        native_engine()
        return make()

    return {name: without, f"{name}, native kernel": with_it}


def higher():
    return _import("higher")


def jax():
    return _import("jax"), _import("optax")


def _import(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Missing(f"{name}: {error}") from error


def versions():
    found = {}
    for name in ("torch", "skorch", "sklearn", "numpy", "jax", "higher"):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = getattr(module, "__version__", "?")
    return found
