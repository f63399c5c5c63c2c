"""Random functions, many at once: parents (C, K, n) and their importances (C, K) give C new variables (C, n).

C functions of one family are drawn and applied together, whichever tables they belong to. Parents are roughly
standardised; an importance of 0 marks a parent that is none. What comes out has any scale.
"""

import torch

from skmeta.tasks.prior.dice import rows_of, standardise

ACTIVATIONS = (
    torch.tanh,
    torch.sin,
    torch.abs,
    torch.square,
    torch.sign,
    torch.relu,
    lambda x: x,
    lambda x: torch.exp(-x.square()),
    torch.nn.functional.softplus,
    lambda x: (x.abs() < 1).to(x.dtype),
    lambda x: x.abs().sqrt(),
)


def linear(dice, x, scale):
    return ((dice.normal(*scale.shape) * scale)[:, None] @ x)[:, 0]


def network(dice, x, scale, width=16):
    """One or two hidden layers of any activation, at times sparse."""
    C, K, _ = x.shape
    weights = dice.normal(C, width, K) * scale[:, None]
    two = dice.one() < 0.4
    for layer in range(1 + two):
        hidden = standardise(weights @ x) * dice.log_uniform(0.3, 4.0, C, 1, 1)
        hidden = hidden + dice.normal(C, width, 1) * dice.uniform(C, 1, 1, high=1.5)
        pieces = [ACTIVATIONS[dice.integers(len(ACTIVATIONS), 1)](piece) for piece in hidden.chunk(4)]
        x = torch.cat(pieces)
        if two and layer == 0:
            weights = dice.normal(C, width, width) * dice.chance(dice.uniform(C, 1, 1, low=0.2), C, width, width)
    return (dice.normal(C, 1, width) @ x)[:, 0]


def trees(dice, x, scale, n_questions=24):
    """A sum of one to many trees, from stumps to deep ones, that ask the same question at every node of a level."""
    C, _, n = x.shape
    depth = (1, 1, 2, 2, 3, 4, 6)[dice.integers(7, 1)]
    n_trees = n_questions // depth
    column = dice.pick(scale, n_questions)
    row = dice.integers(n, C, n_questions, 1)
    asked = x.gather(1, column[..., None].expand(-1, -1, n))
    yes = (asked > asked.gather(2, row)).view(C, n_trees, depth, n)
    leaf = yes[:, :, 0].long()
    for level in range(1, depth):
        leaf = 2 * leaf + yes[:, :, level]
    used = torch.arange(n_trees, device=x.device) < dice.log_integers(1, n_trees, C, 1)
    values = dice.normal(C, n_trees, 2**depth) * used[..., None]
    return values.gather(2, leaf).sum(1)


def greedy_tree(dice, x, scale):
    """An unbalanced tree: every split cuts the leaf of a random row, so that crowded regions are cut finer."""
    C, _, n = x.shape
    n_splits = dice.one_integer(2, 14)
    column = dice.pick(scale, n_splits)
    row = dice.integers(n, C, n_splits, 1)
    asked = x.gather(1, column[..., None].expand(-1, -1, n))
    above = asked > asked.gather(2, row)
    leaf = x.new_zeros((C, n), dtype=torch.long)
    for new in range(n_splits):
        same = leaf == leaf.gather(1, row[:, new])
        leaf = torch.where(same & above[:, new], new + 1, leaf)
    return dice.normal(C, n_splits + 1).gather(1, leaf)


def smooth(dice, x, scale, n_waves=24):
    """A draw from a Gaussian process by random Fourier features, at times additive or rough."""
    C, K, _ = x.shape
    waves = dice.normal(C, n_waves, K) * scale[:, None] / dice.log_uniform(0.4, 6.0, C, 1, 1)
    single = torch.nn.functional.one_hot(dice.pick(scale, n_waves), K).to(x.dtype)  # each wave along one parent
    waves = torch.where(dice.chance(0.4, C, 1, 1), waves * single * K**0.5, waves)
    rough = dice.uniform(C, n_waves, 1).clamp(min=0.01).rsqrt()
    waves = torch.where(dice.chance(0.3, C, 1, 1), waves * rough, waves)
    angle = torch.baddbmm(dice.uniform(C, n_waves, 1, high=6.2832), waves, x)
    return (dice.normal(C, 1, n_waves) @ angle.cos_())[:, 0]


def neighbours(dice, x, scale):
    """Values of the nearest of a few rows or of many, with hard borders or soft ones."""
    C, K, n = x.shape
    n_centres = min(n, dice.one_integer(2, 40))
    x = x * scale[..., None]
    row = dice.integers(n, C, 1, n_centres).expand(-1, K, -1)
    centres = x.gather(2, row)
    distance = torch.baddbmm(centres.square().sum(1)[..., None], centres.transpose(1, 2), x, alpha=-2)
    distance = distance - distance.amin(1, keepdim=True)
    softness = torch.where(dice.chance(0.5, C, 1, 1), 1e-3, dice.log_uniform(0.05, 1.0, C, 1, 1))
    share = (distance / (-softness * (distance.mean((1, 2), keepdim=True) + 1e-6))).softmax(1)
    return (dice.normal(C, 1, n_centres) @ share)[:, 0]


def interaction(dice, x, scale):
    """Two parents in one formula: a product, a rate, a ratio, the larger, the difference, or a switch between them."""
    C = len(x)
    a = x[:, 0]
    b = torch.where(scale[:, 1:2] > 0, x[:, 1], a) if x.shape[1] > 1 else a
    a, b = a + dice.normal(C, 1), b + dice.normal(C, 1)
    formulas = (a * b, a / (0.3 + b.abs()), torch.maximum(a, b), (a - b).abs(), torch.where(b > 0, a, -a), a * (b > 0))
    return torch.stack(formulas, 1)[torch.arange(C, device=x.device), dice.integers(len(formulas), C)]


def power_law(dice, x, scale):
    """A product of powers of positive quantities, as in the formulas of physics and engineering."""
    exponents = torch.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], device=x.device)
    exponents = exponents[dice.integers(6, *scale.shape)] * (scale > 0) * dice.log_uniform(0.1, 0.7, len(x), 1)
    return (exponents[:, None] @ x)[:, 0].clamp(-6, 6).exp()


FAMILIES = {
    "linear": (linear, 1.4),
    "network": (network, 1.8),
    "trees": (trees, 1.5),
    "greedy_tree": (greedy_tree, 0.8),
    "smooth": (smooth, 1.2),
    "neighbours": (neighbours, 0.8),
    "interaction": (interaction, 0.7),
    "power_law": (power_law, 0.6),
}


def new_variables(dice, values, parents, scale, family):
    """Variables (C, n) of functions of any family.

    Parameters
    ----------
    values : (V, n) all variables there are;  parents : (C, K) positions among them
    scale : (C, K) importances, 0 for none;  family : (C,) positions in :data:`FAMILIES`
    """
    out = values.new_empty(len(parents), values.shape[1])
    for number, (function, _) in enumerate(FAMILIES.values()):
        mine = rows_of(family == number)
        if len(mine):
            out[mine] = function(dice, values[parents[mine]], scale[mine])
    return standardise(out)
