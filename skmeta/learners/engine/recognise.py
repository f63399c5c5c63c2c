"""Recognise bodies that the closed form understands: stacks of linear, convolutional and normalising layers."""

import math

import torch
from torch import nn

from skmeta.learners.engine import activations, mappings
from skmeta.learners.engine.convolution import as_convolution
from skmeta.learners.engine.feed_forward import Embedding, FeedForward, ResidualEmbedding
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.normalisation import BatchNorm, GroupNorm, LayerNorm
from skmeta.nets import ResidualMLP

#: pixels on a side of made-up images; what comes out of four halvings and a flattening then fits the usual images
TRIAL_SIDE = 28

#: modules whose outcome depends on the batch, on chance or on the mode: never part of a row-wise prefix
NOT_ROW_WISE = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)


def as_feed_forward(body, has_head=True):
    """A :class:`FeedForward` that computes what ``body`` does, or None if there is no such thing.

    A linear head is added if ``has_head``; otherwise the body must end in a Linear, which is then the head.

    Examples
    --------
    >>> body = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4))
    >>> [type(layer).__name__ for layer in as_feed_forward(body).layers]
    ['Linear', 'Tanh', 'Linear', 'Head']
    >>> as_feed_forward(nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5))) is None
    True
    """
    modules = list(_unnested(body))
    plan = FeedForward(of_images=any(type(module) is nn.Conv2d for module in modules))
    while modules and _is_prefix(modules[0]):
        plan.prefix.append(modules.pop(0))
    if plan.of_images:
        plan.prefix.append(mappings.ChannelsLast())
    for i, module in enumerate(modules):
        last = i == len(modules) - 1
        layer = _as_layer(module, is_head=last and not has_head)
        if layer is None:
            return None
        if isinstance(layer, activations.Activation) and plan.layers:
            layer.may_overwrite = plan.layers[-1].n_params > 0  # and so the layer below made a copy
        plan.layers.append(layer)
        _pool_before_relu(plan.layers)
    if has_head:
        plan.layers.append(Head())
    elif not plan.layers or not isinstance(plan.layers[-1], Head):
        return None
    in_plan = [value for module in modules for value in module.parameters()]
    in_body = list(body.parameters())
    same = len(in_plan) == len(in_body) and all(a is b for a, b in zip(in_plan, in_body))
    widths = _widths_of_the_same(plan, body, has_head) if same else None
    plan.width = sum(widths or ())
    return None if widths is None else plan


def find_embedding(body, of_images=False):
    """The :class:`Embedding` that computes what ``body`` does, or None; bodies with convolutions if so asked.

    Examples
    --------
    >>> from torch import nn
    >>> body = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    >>> weight, bias = torch.ones(1, 4), torch.zeros(1, 1)
    >>> answer = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)
    >>> torch.allclose(answer(torch.ones(3, 2)), weight @ body(torch.ones(3, 2)).t())
    True
    """
    if type(body) is ResidualMLP:
        return _find_residual(body)
    plan = as_feed_forward(body)
    return None if plan is None or plan.of_images and not of_images or not plan.row_wise else Embedding(plan)


def _unnested(module):
    """The modules of nested Sequentials, and of a module that only wraps a Sequential called ``layers``.

    A module with a list of modules called ``stack`` says itself which modules, one after the other, do what it does.
    """
    inner = getattr(module, "layers", None)
    stack = getattr(module, "stack", None)
    if isinstance(stack, list) and all(isinstance(child, nn.Module) for child in stack):
        for child in stack:
            yield from _unnested(child)
    elif type(module).forward is nn.Sequential.forward:
        for child in module:
            yield from _unnested(child)
    elif isinstance(inner, nn.Sequential) and list(module.children()) == [inner]:
        yield from _unnested(inner)
    elif type(module) is not nn.Identity:
        yield module


def _is_prefix(module):
    """No parameters, and each row by itself; `_widths_of_the_same` sees whether that is true."""
    return (
        next(module.parameters(), None) is None
        and type(module) not in activations.FROM_MODULE
        and not any(isinstance(part, NOT_ROW_WISE) for part in module.modules())
        and type(module) is not nn.LayerNorm
    )


def _as_layer(module, is_head):
    kind, n_params = type(module), len(list(module.parameters()))
    if kind is nn.Linear:
        return (Head if is_head else Linear)(has_bias=module.bias is not None)
    if kind is nn.LayerNorm and len(module.normalized_shape) == 1:
        return LayerNorm(module.eps, n_params)
    if kind in (nn.BatchNorm1d, nn.BatchNorm2d) and not module.track_running_stats:
        return BatchNorm(module.eps, n_params, n_axes=3 if kind is nn.BatchNorm1d else 5)
    if kind is nn.GroupNorm:
        return GroupNorm(module.eps, n_params, module.num_groups)
    if kind is nn.Conv2d:
        return as_convolution(module)
    for made_from in (activations.FROM_MODULE, mappings.FROM_MODULE):
        if kind in made_from:
            return made_from[kind](module)
    return None


def _pool_before_relu(layers):
    """The largest of several rectified values is their largest, rectified: the same, with fewer to rectify."""
    if len(layers) > 1 and isinstance(layers[-1], mappings.MaxPool) and isinstance(layers[-2], activations.ReLU):
        layers[-2:] = layers[:-3:-1]
        layers[-1].may_overwrite = True


@torch.no_grad()
def _widths_of_the_same(plan, body, has_head):
    """How many numbers each layer with parameters puts out for a row; None unless the plan computes what the body does.

    Both run on a few made-up rows with made-up parameters: hooks and unusual ``forward`` methods show. A module without
    parameters that mixes rows shows too: the plan's rows go through the prefix one at a time.
    """
    shapes = [(value.shape[1],) for value in body.parameters() if value.dim() == 2]
    if plan.of_images:
        shapes = [_image_shape(plan, body)]
    if not shapes:
        return [] if not plan.prefix and len(plan.layers) == 1 and has_head else None
    generator = torch.Generator().manual_seed(0)
    example = next(body.parameters())

    def draw(*shape):
        return torch.randn(shape, generator=generator).to(example)

    names = [name for name, _ in body.named_parameters()]
    params = [draw(*value.shape) / _inputs(value) ** 0.5 for value in body.parameters()]
    X = draw(1, 3, *shapes[0])
    was_training = body.training
    try:
        expected = torch.func.functional_call(body, dict(zip(names, params)), (X[0],))
        rows, widths = torch.cat([plan.prepare(X[:, i : i + 1]) for i in range(X.shape[1])], 1), []
        layers = plan.layers[:-1] if has_head else plan.layers
        groups = plan.internal([*params, *([draw(1, 1), draw(1)] if has_head else [])])
        for layer, p in zip(layers, groups):
            rows, _ = layer.forward(p, rows)
            widths += [rows[0].numel() // X.shape[1]] if layer.n_params else []
    except MemoryError:
        raise
    except Exception:  # rows or weights of other shapes than the layers suggest: not for the closed form
        return None
    finally:
        body.train(was_training)
    found = rows[0] if has_head else rows[0].t()
    same = found.shape == expected.shape and torch.allclose(found, expected, rtol=1e-3, atol=1e-4)
    return widths if same else None


def _inputs(value):
    """How many numbers a weight multiplies with for one output."""
    return max(value[0].numel() if value.dim() == 4 else value.shape[-1], 1)


def _image_shape(plan, body):
    """What a row looks like: the columns that the first module makes images of, or an image of some size."""
    first = plan.prefix[0]
    if isinstance(first, nn.Unflatten):
        return (math.prod(TRIAL_SIDE if side == -1 else side for side in first.unflattened_size),)
    channels = next(value.shape[1] for value in body.parameters() if value.dim() == 4)
    return channels, TRIAL_SIDE, TRIAL_SIDE


@torch.no_grad()
def _find_residual(body):
    last = body.last
    is_linear = type(last) is nn.Identity or type(last) is nn.Linear and last.bias is None
    correction = find_embedding(body.correction) if is_linear and not body.unit_length else None
    if correction is None:
        return None
    found = ResidualEmbedding(body, correction)
    params = tuple(body.parameters())
    rows = torch.linspace(-1, 1, 3 * params[0].shape[1]).view(3, -1).to(params[0])
    expected = body(rows).t()  # hooks, and layers that were exchanged, show
    eye = torch.eye(len(expected)).to(params[0])
    answer = found.under_a_head(params, eye, eye[:, :1] * 0)
    return found if torch.allclose(answer(rows), expected, 1e-3, 1e-4) else None
