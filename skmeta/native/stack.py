"""What the kernel is told of a network: its layers, in the words and structures of kernel.c."""

import ctypes
from dataclasses import dataclass

MAX_LAYERS = 64
ACTIVATIONS = ["Identity", "ReLU", "LeakyReLU", "Tanh", "Sigmoid", "ELU"]
KINDS = {
    name: i for i, name in enumerate(["Linear", "Normalisation", *ACTIVATIONS, "MaxPool", "AveragePool", "Flatten"])
}
LOSSES = {"cross_entropy": 0, "mse": 1}


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


class Problem(ctypes.Structure):
    _fields_ = [
        ("n_layers", ctypes.c_int64),
        ("n_support", ctypes.c_int64),
        ("n_query", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("loss", ctypes.c_int64),
        ("keep", ctypes.c_int64),
        ("image", ctypes.c_int64 * 3),
        ("layers", ctypes.POINTER(_Description)),
        ("rates", ctypes.POINTER(ctypes.c_double)),
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
    """Layers and the inner loss. The first layer is "Linear", and so is the last."""

    def __init__(self, layers, loss):
        self.layers, self.loss = layers, LOSSES[loss]
        has = [flag for layer in layers for flag in (layer.has_weight, layer.has_bias)]
        #: where among parameters in torch's order a layer's weight and bias are, layer after layer; None: nowhere
        self.places = [sum(has[:i]) if flag else None for i, flag in enumerate(has)]
        self._last = None, None

    def arranged(self, params):
        """Each layer's weight and bias, layer after layer, None where there is none."""
        return [None if place is None else params[place] for place in self.places]

    def described(self, params):
        """An array for the kernel, or None where parameters have other shapes than their layers ask for."""
        shapes = [value.shape for value in params]
        if self._last[0] != shapes:
            values = self.arranged(params)
            found = [layer.describe(*pair) for layer, pair in zip(self.layers, zip(values[::2], values[1::2]))]
            self._last = shapes, None if None in found else (_Description * len(found))(*found)
        return self._last[1]
