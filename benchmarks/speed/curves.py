"""What a MAML training step costs as its batch grows: tasks, inner steps, shots and width, beside learn2learn.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.speed.curves [--rounds 5]

The tabular network of benchmarks/speed/steps.py (20-64-64-5, second order, 5 ways, 15 queries of a class, 16 tasks, 5
shots, 5 inner steps), one of the four changed at a time. One thread, CPU time, implementations interleaved; medians
over rounds, ratios within a round. Where learn2learn takes long, it is left out. Writes
benchmarks/results/speed_curves.csv and speed_curves.png.
"""

import argparse
import warnings

import pandas as pd

from benchmarks.records import RESULTS, save
from benchmarks.speed.steps import Batch, learn2learn_step, skmeta_step
from benchmarks.speed.timing import interleave, one_thread, records

USUAL = {"tasks": 16, "inner_steps": 5, "shots": 5, "width": 64}
CURVES = {
    "tasks": (1, 4, 16, 64, 256),
    "inner_steps": (1, 2, 5, 10, 20, 50),
    "shots": (1, 5, 20, 50),
    "width": (16, 64, 256),
}
#: learn2learn's time grows with tasks times steps
MOST_ADAPTATIONS = 64 * 5


def batch(tasks, inner_steps, shots, width, ways=5, queries=15):
    sizes = [20, width, width, ways]
    return Batch(sizes, "cross_entropy", tasks, ways * shots, ways * queries, inner_steps, 0.1)


def point(curve, value, rounds):
    how = {**USUAL, curve: value}
    made = {"skmeta": skmeta_step(batch(**how))}
    if how["tasks"] * how["inner_steps"] <= MOST_ADAPTATIONS:
        made["learn2learn"] = learn2learn_step(batch(**how))
    lines = records(curve, interleave(made, rounds, seconds=0.05), "learn2learn")
    return [{"curve": curve, "value": value, **{k: v for k, v in line.items() if k != "case"}} for line in lines]


def plot(table):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(CURVES), figsize=(13, 3.2), sharey=True)
    for axis, (curve, part) in zip(axes, table.groupby("curve", sort=False)):
        for name, line in part.groupby("implementation", sort=False):
            axis.plot(line.value, line.milliseconds, marker="o", label=name)
        axis.set(xscale="log", yscale="log", xlabel=curve.replace("_", " "))
        axis.set_xticks(CURVES[curve], CURVES[curve])
        axis.minorticks_off()
    axes[0].set_ylabel("ms of CPU per training step")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "speed_curves.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    one_thread()
    warnings.filterwarnings("ignore")
    lines = []
    for curve, values in CURVES.items():
        for value in values:
            lines += point(curve, value, options.rounds)
            print(*(f"{k}={v}" for k, v in lines[-1].items()), flush=True)
            save(pd.DataFrame(lines), "speed_curves")
    plot(pd.DataFrame(lines))


if __name__ == "__main__":
    main()
