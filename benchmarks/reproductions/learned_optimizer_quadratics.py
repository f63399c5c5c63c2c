"""A learned optimizer on random 10-dimensional quadratics, beside tuned SGD, momentum, RMSprop and Adam.

``f(x) = |W x - y|^2`` with standard normal W (10, 10) and y (10), as in "Learning to learn by gradient descent by
gradient descent": 100 steps from x of standard deviation 0.01, batches of 128 functions, truncated unrolls of 20 steps,
an LSTM of two layers of 20 for every coordinate. The test is on 1,000 functions that were not trained on; every
hand-made optimizer has its rate (and momentum its decay too) chosen from a grid by its final value on these very
functions, which favours it. Values are means of f with 95% intervals over functions, and of the difference function by
function.

    python -m benchmarks.reproductions.learned_optimizer_quadratics --batches 300 --seeds 0 1 2
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from skmeta.learners.learned_optimizers.network import LearnedOptimizer
from skmeta.learners.learned_optimizers.unrolled_training import descend, train_learned_optimizer

N_STEPS, SIZE = 100, 10
FIGURE = Path(__file__).parents[2] / "docs" / "benchmarks" / "figures" / "learned_optimizer_quadratics.png"
RATES = [float(rate) for rate in np.geomspace(1e-3, 3.0, 22)]
GRIDS = {
    "SGD": [(torch.optim.SGD, {"lr": r}) for r in RATES],
    "momentum": [(torch.optim.SGD, {"lr": r, "momentum": m}) for r in RATES for m in (0.8, 0.9, 0.95)],
    "RMSprop": [(torch.optim.RMSprop, {"lr": r}) for r in RATES],
    "Adam": [(torch.optim.Adam, {"lr": r}) for r in RATES],
}


def quadratics(generator, n_functions=128):
    W = torch.randn(n_functions, SIZE, SIZE, generator=generator)
    y = torch.randn(n_functions, SIZE, generator=generator)
    start = 0.01 * torch.randn(n_functions, SIZE, generator=generator)
    return start, lambda x: ((W @ x[..., None])[..., 0] - y).square().sum(1)


def values_by_torch(optimizer_class, params, start, function):
    """(n_steps + 1, n_functions) values: functions do not share anything, so one optimizer serves all."""
    x = torch.nn.Parameter(start.clone())
    optimizer = optimizer_class([x], **params)
    values = []
    for _ in range(N_STEPS):
        value = function(x)
        optimizer.zero_grad()
        value.sum().backward()
        optimizer.step()
        values.append(value.detach())
    return torch.stack([*values, function(x).detach()])


@torch.no_grad()
def values_by_network(network, start, function):
    x, state = start, network.first_state(start.numel(), start)
    values = [function(x)]
    for _ in range(N_STEPS):
        x, state = descend(network, x, state, function)
        values.append(function(x))
    return torch.stack(values)


def tuned(grid, start, function):
    """The settings with the least final value."""

    def final(candidate):
        value = values_by_torch(*candidate, start, function)[-1].mean()
        return float(value.nan_to_num(torch.inf))

    return min(grid, key=final)


def curves(seed, n_batches):
    """Every optimizer's name, chosen settings and (n_steps + 1, n_functions) values on the functions of the test."""
    torch.manual_seed(seed)
    network = LearnedOptimizer()
    train_learned_optimizer(network, quadratics, n_batches=n_batches, n_steps=N_STEPS, unroll=20, lr=0.01, seed=seed)
    test = quadratics(torch.Generator().manual_seed(20_000 + seed), 1000)
    yield "learned", "-", values_by_network(network, *test)
    for name, grid in GRIDS.items():
        optimizer_class, params = tuned(grid, *test)
        chosen = " ".join(f"{key}={value:.4g}" for key, value in params.items())
        yield name, chosen, values_by_torch(optimizer_class, params, *test)


def run(seed, n_batches):
    learned = None
    for optimizer, chosen, values in curves(seed, n_batches):
        values = values.numpy()
        learned = values if learned is None else learned
        for step, at_step in enumerate(values):
            value, interval = mean_and_interval(at_step)
            behind, behind_interval = mean_and_interval(at_step - learned[step])
            yield {
                "optimizer": optimizer, "chosen": chosen, "seed": seed, "training_batches": n_batches, "step": step,
                "value": value, "interval_95": interval, "behind_learned": behind,
                "interval_95_of_behind": behind_interval,
            }  # fmt: skip


def draw(table, steps=(0, N_STEPS)):
    """Mean curves over seeds, with the interval of the mean over functions, into the documentation."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, curve in table.groupby("optimizer", sort=False):
        curve = curve.groupby("step")[["value", "interval_95"]].mean()
        width = 2.5 if name == "learned" else 1.2
        (line,) = axes.plot(curve.index, curve.value, label=name, linewidth=width)
        low, high = curve.value - curve.interval_95, curve.value + curve.interval_95
        axes.fill_between(curve.index, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set(yscale="log", xlim=steps, xlabel="step", ylabel="mean value on held-out quadratics")
    axes.legend()
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    records = Records("learned_optimizer_quadratics")
    for seed in args.seeds:
        if not records.has(seed=seed, training_batches=args.batches):
            records.add(run(seed, args.batches))
    draw(records.table[records.table.training_batches == args.batches])
    last = records.table[records.table.step == N_STEPS]
    print(last.drop(columns="step").to_string(index=False))


if __name__ == "__main__":
    main()
