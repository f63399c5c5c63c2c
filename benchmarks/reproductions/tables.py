"""The tables of ``docs/benchmarks/reproductions.md``, out of the records of the scripts that it names.

python -m benchmarks.reproductions.tables
"""

import pandas as pd

from benchmarks.few_tasks.source_selection import summary
from benchmarks.intervals import mean_of_seeds
from benchmarks.records import RESULTS


def read(name):
    return pd.read_csv(RESULTS / f"{name}.csv")


def with_interval(row, value, interval="interval_95", digits=2):
    return f"{row[value]:.{digits}f} ± {row[interval]:.{digits}f}"


def over_seeds(group, value, interval="interval_95", digits=2):
    """Mean and interval over seeds; of a single one, the interval over its tasks."""
    if len(group) == 1:
        return with_interval(group.iloc[0], value, interval, digits) + " (1 seed)"
    mean, half = mean_of_seeds(group[value])
    return f"{mean:.{digits}f} ± {half:.{digits}f} ({len(group)} seeds)"


def table(records, rows, columns, value, digits=2):
    cells = records.groupby([*rows, *columns], sort=False).apply(over_seeds, value, digits=digits)
    return cells.unstack(columns).to_string()


def main():
    sinusoids = read("sinusoid_maml")
    print(table(sinusoids, ["method", "iterations"], ["steps"], "mse", 3), "\n")
    print(table(read("sinusoid_meta_sgd"), ["method", "training_tasks", "train_shots"], ["test_shots"], "mse"), "\n")
    without = ["method", "iterations", "batch_size", "adapt_steps", "side"]
    print(table(read("omniglot_no_conv"), without, ["shots"], "accuracy", 3), "\n")
    convolution = ["method", "episodes", "adapt_steps", "downsampling"]
    print(table(read("omniglot_conv4"), convolution, ["ways", "shots"], "accuracy", 3), "\n")
    print(read("omniglot_oneshot").to_string(index=False), "\n")
    optimizers = read("learned_optimizer_quadratics")
    at = optimizers[optimizers.step.isin([20, 50, 100])]
    print(table(at, ["optimizer"], ["step"], "value", 3), "\n")
    print(at[at.step == 100].to_string(index=False), "\n")
    print(summary(read("source_selection")).to_string())


if __name__ == "__main__":
    main()
