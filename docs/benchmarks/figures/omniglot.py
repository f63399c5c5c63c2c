"""Accuracy on Omniglot beside what is published, from the records of ``benchmarks.reproductions.omniglot_conv4``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

#: (5 ways 1 shot, 20 ways 1 shot), as the papers have them; the Siamese network's as Vinyals et al. report it
PUBLISHED = {
    "ProtoNet": (98.8, 96.0), "MatchingNet": (98.1, 93.8), "RelationNet": (99.6, 97.6), "SiameseNet": (97.3, 88.2),
    "MAML": (98.7, None), "Meta-SGD": (99.5, None), "Reptile": (95.4, None),
}  # fmt: skip
records = pd.read_csv("benchmarks/results/omniglot_conv4.csv").query("shots == 1")
methods = [*PUBLISHED, "TripletNet"]
fig, axes = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True, layout="constrained")
for ax, ways, place in ((axes[0], 5, 0), (axes[1], 20, 1)):
    for y, method in enumerate(methods):
        ours = records[(records.method == method) & (records.ways == ways)]
        if len(ours):
            best = ours.loc[ours.accuracy.idxmax()]
            ax.errorbar(100 * best.accuracy, y, xerr=100 * best.interval_95, fmt="o", color="C0", capsize=3)
        published = PUBLISHED.get(method, (None, None))[place]
        if published is not None:
            ax.plot(published, y, "D", color="C1", mfc="none", markersize=7)
    ax.plot([], [], "o", color="C0", label="here, minutes of one core")
    ax.plot([], [], "D", color="C1", mfc="none", label="published")
    ax.set(title=f"{ways} ways, one shot", xlabel="Accuracy in percent")
    ax.grid(axis="x", alpha=0.3)
axes[0].set_yticks(np.arange(len(methods)), methods)
axes[0].legend(fontsize="small", loc="lower left")
plt.show()
