"""What the in-context classifier takes, from the records of ``benchmarks.in_context.speed``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

NAMES = {"ours": "InContextClassifier", "forest": "forest of 300 trees", "knn": "nearest neighbours"}
records = pd.read_csv("benchmarks/results/in_context_speed.csv").query("d == 20 and kind == 'classification'")
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for ax, column, title in (
    (axes[0], "fit_predict_ms", "fit, and 500 rows answered"),
    (axes[1], "second_predict_ms", "500 more rows answered"),
):
    sizes = sorted(records[records.model == "ours"].n.unique())
    for k, (model, name) in enumerate(NAMES.items()):
        of_model = records[records.model == model].set_index("n")[column].reindex(sizes)
        ax.bar(np.arange(len(sizes)) + 0.27 * (k - 1), of_model, width=0.25, label=name)
    ax.set_xticks(range(len(sizes)), [f"{n}" for n in sizes])
    ax.set(title=title, xlabel="Rows of the table (20 columns)", ylabel="Milliseconds, one thread", yscale="log")
axes[0].legend(fontsize="small")
plt.show()
