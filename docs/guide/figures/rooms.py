"""The way of data: rows to tasks to a batch to a learner, and back as predictions."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

STATIONS = [
    ("rows", "DataFrames,\narrays"), ("tasks", "small labelled\ntables"), ("a batch", "tensors,\npadded"),
    ("a learner", "adapts to\nevery task"), ("a loss", "skorch\ntrains"),
]  # fmt: skip
fig, ax = plt.subplots(figsize=(9, 2.5))
for i, (title, below) in enumerate(STATIONS):
    patch = FancyBboxPatch(
        (2 * i, 0), 1.5, 1.2, boxstyle="round,pad=0.03,rounding_size=0.15", facecolor="#e8eef4", edgecolor="#0072B2"
    )
    ax.add_patch(patch)
    ax.text(2 * i + 0.75, 0.85, title, ha="center", va="center", fontweight="bold", color="#0072B2", fontsize=11)
    ax.text(2 * i + 0.75, 0.38, below, ha="center", va="center", fontsize=9)
    if i:
        ax.annotate("", (2 * i - 0.05, 0.6), (2 * i - 0.42, 0.6), arrowprops={"arrowstyle": "-|>", "color": "#555555"})
ax.annotate(
    "", (0.75, -0.1), (6.75, -0.1),
    arrowprops={"arrowstyle": "-|>", "color": "#D55E00", "connectionstyle": "bar,fraction=-0.07"},
)  # fmt: skip
ax.text(3.75, -0.78, "predictions, in the user's labels and units", ha="center", color="#D55E00", fontsize=9)
ax.set(xlim=(-0.2, 9.8), ylim=(-1, 1.4))
ax.axis("off")
plt.show()
