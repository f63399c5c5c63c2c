"""What the kernel is told of a network: its layers, in the words and structures of kernel.c."""

import ctypes
from dataclasses import dataclass

import torch

from skmeta.native.calling import Misfit, call

MAX_LAYERS = 64
#: of problems whose layout a network remembers
MOST_SIZES = 1024
ACTIVATIONS = ["Identity", "ReLU", "LeakyReLU", "Tanh", "Sigmoid", "ELU"]
KINDS = {
    name: i for i, name in enumerate(["Linear", "Normalisation", *ACTIVATIONS, "MaxPool", "AveragePool", "Flatten"])
}
MISFIT = "Rows and parameters do not fit one another or the network."


class _Description(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int64),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("window", ctypes.c_int64 * 2),
        ("stride", ctypes.c_int64 * 2),
        ("padding", ctypes.c_int64 * 2),
        ("by_image", ctypes.c_int64),
        ("groups", ctypes.c_int64),
        ("has_weight", ctypes.c_int64),
        ("has_bias", ctypes.c_int64),
        ("argument", ctypes.c_double),
    ]


class Layers(ctypes.Structure):
    _fields_ = [
        ("n_layers", ctypes.c_int64),
        ("image", ctypes.c_int64 * 3),
        ("layers", ctypes.POINTER(_Description)),
    ]


@dataclass(frozen=True)
class Layer:
    """One of ``KINDS``.

    window, stride, padding : of "Linear", which is a convolution too, "MaxPool" and, without padding, "AveragePool";
        a window of (0, 0) is the whole image.
    by_image, groups : whether "Normalisation" is by each image's statistics, and of how many groups of channels; 0 for
        every channel by itself.
    has_weight, has_bias : whether there are such parameters, in this order.
    argument : an activation's own number, or what a normalisation adds to a variance.
    """

    kind: str
    window: tuple = (1, 1)
    stride: tuple = (1, 1)
    padding: tuple = (0, 0)
    by_image: bool = False
    groups: int = 0
    has_weight: bool = False
    has_bias: bool = False
    argument: float = 0.0

    def describe(self, weight, bias):
        """For the kernel, or None where the parameters have other shapes than the layer asks for."""
        windows = (self.window, ()) if self.window == (1, 1) else (self.window,)
        if self.kind == "Linear" and weight.shape[2:] not in windows:
            return None
        values = [value for value in (weight, bias) if value is not None]
        if any(len(value) != len(values[0]) for value in values):
            return None
        outputs = len(values[0]) if values else 0
        inputs = weight.shape[1] if self.kind == "Linear" else outputs
        places = [(ctypes.c_int64 * 2)(*pair) for pair in (self.window, self.stride, self.padding)]
        how = self.by_image, self.groups, self.has_weight, self.has_bias, self.argument
        return _Description(KINDS[self.kind], inputs, outputs, *places, *how)


class Stack:
    """Layers, the first of which is "Linear"."""

    def __init__(self, layers):
        self.layers = layers
        self.is_of_rows = all(layer.kind in ["Linear", *ACTIVATIONS] and layer.window == (1, 1) for layer in layers)
        has = [flag for layer in layers for flag in (layer.has_weight, layer.has_bias)]
        #: where among parameters in torch's order a layer's weight and bias are, layer after layer; None: nowhere
        self.places = [sum(has[:i]) if flag else None for i, flag in enumerate(has)]
        self._last = None, None

    def __reduce__(self):
        return Stack, (self.layers,)  # addresses are those of one process

    def arranged(self, params):
        """Each layer's weight and bias, layer after layer, None where there is none."""
        return [None if place is None else params[place] for place in self.places]

    def network(self, params, image):
        """What the kernel makes of parameters, and rows, of the shapes and the precision of these.

        Raises
        ------
        Misfit
            Where those have other shapes than the layers ask for.
        """
        key = *[value.shape for value in params], image, params[0].dtype
        last, network = self._last  # read once: another thread may be here too
        if last != key:
            network = Network(self, params, image)
            self._last = key, network
        return network


class Network:
    """A stack whose parameters and rows have certain shapes.

    ``theta`` is the kernel's word for all parameters, one behind the other, in its own layout. What callers have laid
    out for a size of problem they may leave in ``laid_out``.
    """

    def __init__(self, stack, params, image):
        self.stack, self.dtype, self.shapes = stack, params[0].dtype, [value.shape for value in params]
        self.laid_out = {}
        values = stack.arranged(params)
        found = [layer.describe(*pair) for layer, pair in zip(stack.layers, zip(values[::2], values[1::2]))]
        if None in found or len(image) not in (1, 3):
            raise Misfit(MISFIT)
        self._described = (_Description * len(found))(*found)
        image = (ctypes.c_int64 * 3)(*([1] * (3 - len(image)) + list(image)))
        self.layers, sizes = Layers(len(found), image, self._described), (ctypes.c_int64 * 3)()
        if not call("stack_sizes", self.dtype, self.layers, sizes):
            raise Misfit(MISFIT)
        self.n_theta, self.n_turned, self.work = sizes

    def packed(self, params):
        """A theta and, behind it, the weights that are needed transposed."""
        theta, params = torch.empty(self.n_theta + self.n_turned, dtype=self.dtype), [p.contiguous() for p in params]
        call("pack_params", self.dtype, self.layers, self.pointers(params), theta)
        return theta

    def unpacked(self, theta):
        """The parameters of a theta, in torch's order."""
        params = [torch.empty(shape, dtype=self.dtype) for shape in self.shapes]
        call("unpack_params", self.dtype, self.layers, theta, self.pointers(params))
        return params

    def pointers(self, params):
        """For the kernel; the parameters, which must lie gapless in memory, must outlive it."""
        values = self.stack.arranged(params)
        return (ctypes.c_void_p * len(values))(*[None if value is None else value.data_ptr() for value in values])
