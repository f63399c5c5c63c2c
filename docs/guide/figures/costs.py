"""What estimators reach on new tasks and what adapting to one costs, from ``benchmarks.defaults.choosing``."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.defaults.choosing import measured

fig, axes = plt.subplots(2, 2, figsize=(8, 9), layout="constrained", width_ratios=[2, 1], height_ratios=[21, 16])
for (reached, cost), kind, label, shots in (
    (axes[0], "classification", "Accuracy on classes never seen", ("1 row a class", "5 rows a class")),
    (axes[1], "regression", "Squared error on new sine waves", ("5 rows", "10 rows")),
):
    of_kind = measured(kind)[::-1]  # the best on top
    rows = np.arange(len(of_kind))
    for column, marker, name in (("low", "o", shots[0]), ("high", "D", shots[1])):
        reached.errorbar(
            of_kind[f"{column}_shots"], rows, xerr=of_kind[f"{column}_half"], fmt=marker, markersize=4, label=name
        )
    names = of_kind.estimator.str.replace("Classifier|Regressor|, each task alone", "", regex=True)
    alone = of_kind.estimator.str.contains("each task alone")
    reached.set_yticks(rows, names, fontsize="small")
    cost.barh(rows, 1000 * of_kind.adapt_seconds, color=np.where(alone, "lightgray", "C2"))
    cost.set_yticks([])
    cost.set(xscale="log", xlabel="ms to adapt")
    reached.set(xlabel=label, xscale="log" if kind == "regression" else "linear")
    reached.legend(fontsize="small", loc="lower right" if kind == "classification" else "lower left")
    reached.margins(y=0.02)
    cost.margins(y=0.02)
plt.show()
