"""Regression tasks on another scale than in training, from the records of ``benchmarks.defaults.other_scales``."""

import matplotlib.pyplot as plt
import pandas as pd

SHOWN = [
    f"{name}Regressor" for name in ("FineTuneTransfer", "InContext", "MAML", "MetaKNeighbors", "MetaOptNet", "Reptile")
]
records = pd.read_csv("benchmarks/results/other_scales.csv").query("seed == 0 and estimator in @SHOWN")
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained", sharey=True)
for ax, scaled in zip(axes, ("column", "target")):
    for marker, (estimator, of_estimator) in zip("osD^vP", records[records.scaled == scaled].groupby("estimator")):
        for regime, line, face in (("pooled", "-", None), ("task", ":", "none")):
            curve = of_estimator[of_estimator.target_scaling == regime].sort_values("scale").set_index("scale").rmse
            color = f"C{'osD^vP'.index(marker)}"
            label = estimator if regime == "pooled" else None
            ax.plot(curve.index, curve / curve[1.0], line, marker=marker, color=color, mfc=face, label=label)
    ax.axhline(1, color="gray", linewidth=1)
    ax.set(xscale="log", yscale="log", xlabel=f"The first {scaled} is multiplied by" if scaled == "column" else
           "Targets are multiplied by")  # fmt: skip
axes[0].set_ylabel("Error over that at scale 1\n(dotted: scaled by task)")
axes[0].legend(fontsize="small")
plt.show()
