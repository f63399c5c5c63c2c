"""What a saved file holds: settings as JSON, arrays as safetensors, nothing that runs."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch


def box(ax, x, y, width, height, title, below="", face="#e8eef4", edge="#0072B2"):
    style = "round,pad=0.03,rounding_size=0.15"
    ax.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=face, edgecolor=edge))
    middle = y + height / 2
    ax.text(x + width / 2, middle + (0.2 if below else 0), title, ha="center", va="center", fontweight="bold",
            color="#0072B2", fontsize=11)  # fmt: skip
    ax.text(x + width / 2, middle - 0.22, below, ha="center", va="center", fontsize=9, color="#1a1a1a")


fig, ax = plt.subplots(figsize=(9, 2.7))
box(ax, 0, 0.55, 1.9, 1.2, "an estimator", "or a pipeline, fitted")
box(ax, 3.1, -0.05, 3.2, 2.4, "", face="white", edge="#555555")
ax.text(4.7, 2.5, "one file", ha="center", fontsize=10, color="#555555")
box(ax, 3.3, 1.3, 2.8, 0.85, "JSON", "classes by name, settings, labels")
box(ax, 3.3, 0.15, 2.8, 0.85, "safetensors", "weights, rows a task has shown")
box(ax, 7.5, 0.55, 1.9, 1.2, "the estimator", "elsewhere, as it was")
for start, end, text in ((2.0, 3.0, "save"), (6.4, 7.4, "load")):
    ax.annotate("", (end, 1.15), (start, 1.15), arrowprops={"arrowstyle": "-|>", "color": "#D55E00", "linewidth": 1.8})
    ax.text((start + end) / 2, 1.32, text, ha="center", fontsize=10, color="#D55E00", family="monospace")
ax.text(4.7, -0.4, "no code, no pickle: nothing in it runs", ha="center", fontsize=9, color="#D55E00")
ax.set(xlim=(-0.2, 9.6), ylim=(-0.55, 2.75))
ax.axis("off")
plt.show()
