"""Spaces learned from pairs and triplets of rows: Siamese and triplet networks."""

import math

import torch
from torch import nn

from skmeta.learners.soft_neighbours import SoftNeighbours

_NO_KINK = 1e-12  # the square root has no slope at 0


class PairSpace(SoftNeighbours):
    """Base of the learners whose loss looks at pairs of labelled rows, support and query alike.

    New rows are answered by soft neighbours in the space so learned; of that answer's loss only the scale s is
    trained, the points are held still.
    """

    task_type = "classification"
    loss_in_parts = False

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Flat logits, and what the loss needs: all points (T, n + m, e) and the support's labels."""
        points = self.embed(torch.cat([support_X, query_X], 1))
        n = support_X.shape[1]
        held = points.detach()
        state = self.state(held[:, :n], support_y, support_weight, class_mask)
        logits = self.votes(state, self.energy(held[:, n:], held[:, :n]))
        exists = torch.ones_like(support_y, dtype=torch.bool) if support_weight is None else support_weight > 0
        return logits.flatten(0, 1), points, torch.where(exists, support_y, -1)

    def training_loss(self, criterion, logits, points, support_y, y):
        labels = torch.cat([support_y, y.to(support_y.device).view(len(support_y), -1)], 1)
        labelled = labels >= 0
        both = labelled[:, :, None] & labelled[:, None, :]
        same = (labels[:, :, None] == labels[:, None, :]) & both
        itself = torch.eye(labels.shape[1], dtype=torch.bool, device=labels.device)
        loss = self.pair_loss(self.energy(points, points), same & ~itself, both & ~same)
        return loss + criterion(logits, y)

    def pair_loss(self, energy, same, different):
        """The loss of energies (T, r, r), given which pairs are of one class and which of two."""
        raise NotImplementedError


class SiameseNet(PairSpace):
    """Are these two rows of one class?

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    loss : {"binary_cross_entropy", "contrastive"}
        The first has ``sigmoid(b - mean|h_i - h_j|)`` tell the classes of a pair (Koch et al., with the weights of the
        absolute differences, here not negative, part of ``h``); the second pulls rows of a class together and pushes
        others apart, up to a margin (Hadsell et al.). Of the pairs of two classes the hard ones count: a row's nearest
        strangers, as many as it has friends. Nearly all others are far apart soon, and teach nothing.
    margin : float
        Of the contrastive loss, in units of the root of the embedding's size.

    References
    ----------
    G. Koch, R. Zemel, R. Salakhutdinov. "Siamese Neural Networks for One-shot Image Recognition". 2015.
    R. Hadsell, S. Chopra, Y. LeCun. "Dimensionality Reduction by Learning an Invariant Mapping". CVPR 2006.
    """

    def __init__(
        self,
        body,
        n_features_in,
        n_outputs=None,
        *,
        loss="binary_cross_entropy",
        margin=1.0,
    ):
        if loss not in ("binary_cross_entropy", "contrastive"):
            raise ValueError(f"loss must be 'binary_cross_entropy' or 'contrastive', got {loss!r}.")
        metric = "euclidean" if loss == "contrastive" else "manhattan"
        super().__init__(body, n_features_in, n_outputs, metric=metric)
        self.loss, self.margin = loss, margin
        if loss == "binary_cross_entropy":
            self.log_importance = nn.Parameter(torch.zeros(self.n_embedding))
            self.bias = nn.Parameter(torch.tensor(1.0))
            nn.init.constant_(self.log_scale, math.log(self.n_embedding) / 2)

    def embed(self, X):
        points = super().embed(X)
        return points * self.log_importance.exp() if self.loss == "binary_cross_entropy" else points

    def energy(self, a, b):
        """The mean of the absolute differences, so that a pair at random begins at about 1, the threshold."""
        energy = super().energy(a, b)
        return energy / self.n_embedding if self.loss == "binary_cross_entropy" else energy

    def pair_loss(self, energy, same, different):
        hard = nearest_strangers(energy, same, different)
        if self.loss == "contrastive":
            margin = self.margin * self.n_embedding**0.5
            apart = (margin - (energy + _NO_KINK).sqrt()).clamp(min=0) ** 2
            return (_mean(energy, same) + _mean(apart, hard)) / (2 * margin**2)
        logits = self.bias - energy
        alike = nn.functional.softplus(-logits)
        return (_mean(alike, same) + _mean(logits + alike, hard)) / 2


class TripletNet(PairSpace):
    """A row lies nearer to every row of its class than to any of another, by a margin.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    mining : {"semi-hard", "batch-hard"}
        Which triplets count: for each pair of one class the nearest stranger that is farther than the friend, and where
        there is none the farthest (Schroff et al.); or for each row its farthest friend and its nearest stranger
        (Hermans et al.).
    margin : float or "soft"
        By how much, in units of the root of the embedding's size; "soft" takes a softplus in place of the hinge.

    References
    ----------
    F. Schroff, D. Kalenichenko, J. Philbin. "FaceNet: A Unified Embedding for Face Recognition and Clustering".
    CVPR 2015.
    A. Hermans, L. Beyer, B. Leibe. "In Defense of the Triplet Loss for Person Re-Identification". 2017.
    """

    def __init__(self, body, n_features_in, n_outputs=None, *, mining="semi-hard", margin="soft"):
        super().__init__(body, n_features_in, n_outputs)
        if mining not in ("batch-hard", "semi-hard"):
            raise ValueError(f"mining must be 'batch-hard' or 'semi-hard', got {mining!r}.")
        self.mining, self.margin = mining, margin

    def pair_loss(self, energy, same, different):
        distance = (energy + _NO_KINK).sqrt() / self.n_embedding**0.5
        mine = batch_hard if self.mining == "batch-hard" else semi_hard
        friend, stranger, valid = mine(distance, same, different)
        lead = friend - stranger
        hinge = nn.functional.softplus(lead) if self.margin == "soft" else (self.margin + lead).clamp(min=0)
        return _mean(hinge, valid)


def nearest_strangers(distance, same, different):
    """Which pairs (T, r, r) are of a row and one of its nearest strangers, as many as it has friends, but at least one.

    At equal distances there may be more.
    """
    distance = distance.detach().masked_fill(~different, torch.inf)
    last = same.sum(-1, keepdim=True).sub(1).clamp(min=0)
    return different & (distance <= distance.sort(-1).values.gather(-1, last))


def batch_hard(distance, same, different):
    """Each row's farthest friend and nearest stranger, and which rows have both: (T, r) each."""
    friend = distance.masked_fill(~same, -torch.inf).amax(-1)
    stranger = distance.masked_fill(~different, torch.inf).amin(-1)
    valid = same.any(-1) & different.any(-1)
    return torch.where(valid, friend, 0), torch.where(valid, stranger, 0), valid


def semi_hard(distance, same, different):
    """For each pair of friends the nearest stranger beyond the friend, else the farthest stranger: (T, r, r) each."""
    strangers, order = distance.detach().masked_fill(~different, torch.inf).sort(-1)
    count = different.sum(-1, keepdim=True)
    place = torch.searchsorted(strangers, distance.detach().contiguous(), right=True)
    place = torch.minimum(place, (count - 1).clamp(min=0).expand_as(place))
    valid = same & (count > 0)
    return distance, distance.gather(-1, order.gather(-1, place)), valid


def _mean(values, mask):
    """The mean of the values that count, 0 where none does."""
    return torch.where(mask, values, 0).sum() / mask.sum().clamp(min=1)
