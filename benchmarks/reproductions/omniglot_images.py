"""Omniglot's drawings as rows of one number each, so that tables of tasks stay small and images are embedded once."""

import copy
from functools import cache

import numpy as np
import torch
from torch import nn

from skmeta.datasets import fetch_omniglot

TURNS = 4
_AT_ONCE = 2048


@cache
def omniglot():
    return fetch_omniglot()


@cache
def _images(device):
    return torch.as_tensor(omniglot().images, device=device)


def numbers_of(is_wanted, turned=True):
    """Rows ``[[number], ...]`` of the wanted images and their classes; each quarter turn makes another class."""
    image = np.flatnonzero(is_wanted)
    turns = np.arange(TURNS if turned else 1)
    number = (image[:, None] * TURNS + turns).ravel()
    return number[:, None].astype(float), (omniglot().target[image][:, None] * TURNS + turns).ravel()


class Drawn(nn.Module):
    """Numbers of images to pixels, ink 1 and paper 0."""

    def forward(self, X):
        number = X[..., 0].long()
        image = _images(number.device)[number // TURNS].to(torch.float32) / 255
        turns = (number % TURNS)[..., None, None]
        for turn in range(1, TURNS):
            image = torch.where(turns == turn, image.rot90(turn, (-2, -1)), image)
        return image.flatten(-2).to(X.dtype)


def as_rows(module, numbers):
    """What the network reads: numbers where it draws them itself, and pixels otherwise.

    A network whose weights are adapted reads pixels, since the fast engines have to know all its layers.
    """
    if isinstance(module, EmbeddedOnce):
        return numbers
    with torch.no_grad():
        return Drawn()(torch.as_tensor(numbers, dtype=torch.float32)).numpy()


class EmbeddedOnce(nn.Module):
    """A network over drawings which, in use, embeds each of them once, in single precision, and remembers it.

    Not for learners that change the network's weights from task to task.
    """

    def __init__(self, net):
        super().__init__()
        self.drawn, self.net = Drawn(), net
        self._points = self._is_known = None

    def train(self, mode=True):
        self._points = self._is_known = None
        return super().train(mode)

    def forward(self, X):
        if self.training:
            return self.net(self.drawn(X))
        number = X[..., 0].long()
        self._embed(number.unique())
        return self._points[number].to(X.dtype)

    @torch.no_grad()
    def _embed(self, numbers):
        if self._points is not None:
            numbers = numbers[~self._is_known[numbers]]
        net = copy.deepcopy(self.net).float()
        for some in numbers.split(_AT_ONCE):
            points = net(self.drawn(some[:, None].float()))
            if self._points is None:
                n_images = len(omniglot().images) * TURNS
                self._points = points.new_empty(n_images, points.shape[1])
                self._is_known = torch.zeros(n_images, dtype=torch.bool, device=points.device)
            self._points[some], self._is_known[some] = points, True

    def __getstate__(self):
        return self.__dict__ | {"_points": None, "_is_known": None}
