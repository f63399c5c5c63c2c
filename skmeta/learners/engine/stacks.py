"""What the compiled kernel is told of layers, and the functions of rows that it makes of them."""

from skmeta import native
from skmeta.learners.engine.activations import ELU, LeakyReLU, ReLU, Sigmoid, Tanh
from skmeta.learners.engine.convolution import Conv2d, PatchConv2d
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.mappings import AveragePool, Flatten, MaxPool
from skmeta.learners.engine.normalisation import BatchNorm, GroupNorm, LayerNorm
from skmeta.nets.scaling import Standardize


def as_stack(layers):
    """What the kernel is told of layers, or None if there are some, or more of them, than the kernel knows."""
    if not 0 < len(layers) <= native.MAX_LAYERS:
        return None
    found = [KNOWN.get(type(layer), lambda layer: None)(layer) for layer in layers]
    return None if None in found or found[0].kind != "Linear" else native.Stack(found)


def row_function(prefix, stack, params, past=None):
    """The function (n, d) -> (C, n) of rows that a stack is with parameters in torch's layout, or None.

    ``past``, if there is one, is a linear map (C, d) of the rows behind the prefix, which is added.
    """
    standard, rest = None, list(prefix)
    if rest and _is_plain(rest[-1], Standardize):
        last = rest.pop()
        standard = last.mean, last.scale, last.limit
    if stack is None or not native.known([*params, past, *(standard or ())[:2]]):
        return None
    try:
        answer = native.RowFunction(stack, params, standard, past)
    except native.Misfit:
        return None
    return answer if not rest else lambda X: answer(_through(rest, X))


def _is_plain(module, cls):
    """Whether a module does what its class does: no hooks, no method of its own."""
    hooks = module._forward_hooks or module._forward_pre_hooks
    return type(module) is cls and not hooks and "forward" not in vars(module)


def _through(modules, X):
    for module in modules:
        X = module(X)
    return X


def _linear(layer):
    return native.Layer("Linear", has_weight=True, has_bias=layer.n_params == 2)


def _convolution(layer):
    if layer.geometry is None:
        return None
    return native.Layer("Linear", *layer.geometry, has_weight=True, has_bias=layer.n_params == 2)


def _normalisation(by_image, groups):
    def describe(layer):
        if layer.eps <= 0:
            return None
        has = {"has_weight": layer.n_params > 0, "has_bias": layer.n_params == 2}
        return native.Layer("Normalisation", by_image=by_image, groups=groups(layer), argument=layer.eps, **has)

    return describe


def _activation(name, argument=lambda layer: 0.0, takes=lambda layer: True):
    return lambda layer: native.Layer(name, argument=argument(layer)) if takes(layer) else None


def _pool(name):
    return lambda layer: native.Layer(name, *layer.geometry) if layer.geometry else None


#: what the kernel calls a layer; functions that say None for what it does not do
KNOWN = {
    Linear: _linear,
    Head: _linear,
    PatchConv2d: _convolution,
    Conv2d: _convolution,
    BatchNorm: _normalisation(False, lambda layer: 0),
    GroupNorm: _normalisation(True, lambda layer: layer.n_groups),
    LayerNorm: _normalisation(True, lambda layer: 1),
    ReLU: _activation("ReLU"),
    LeakyReLU: _activation("LeakyReLU", lambda layer: layer.negative_slope, lambda layer: layer.negative_slope > 0),
    Tanh: _activation("Tanh"),
    Sigmoid: _activation("Sigmoid"),
    ELU: _activation("ELU", lambda layer: layer.alpha, lambda layer: layer.alpha > 0),
    MaxPool: _pool("MaxPool"),
    AveragePool: _pool("AveragePool"),
    Flatten: lambda layer: native.Layer("Flatten"),
}
