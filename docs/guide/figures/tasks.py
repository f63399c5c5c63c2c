"""Tasks in five pictures."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
colours = np.array(["#0072B2", "#D55E00", "#009E73"])
fig, axes = plt.subplots(1, 5, figsize=(12, 2.9))


def rows(ax, n, top, left=0.0, colour="#56B4E9", query=0, width=0.8):
    for i in range(n):
        face = "white" if i >= n - query else colour
        ax.add_patch(plt.Rectangle((left, top - 0.09 * i), width, 0.07, facecolor=face, edgecolor=colour, linewidth=1))


rows(axes[0], 8, 0.9, colour="#0072B2", query=3)
axes[0].set_title("1  one task: rows to learn\nfrom, rows to answer")
for k, (n, c) in enumerate([(3, "#0072B2"), (7, "#D55E00"), (5, "#009E73"), (2, "#CC79A7")]):
    rows(axes[1], n, 0.9, left=0.27 * k, colour=c, width=0.22)
axes[1].set_title("2  a set of tasks:\nsizes may differ")
task = np.sort(rng.integers(4, size=10))
for i, k in enumerate(task):
    axes[2].add_patch(plt.Rectangle((0, 0.9 - 0.09 * i), 0.55, 0.07, facecolor="#e0e0e0"))
    axes[2].add_patch(
        plt.Rectangle((0.6, 0.9 - 0.09 * i), 0.35, 0.07, facecolor=["#0072B2", "#D55E00", "#009E73", "#CC79A7"][k])
    )
axes[2].set_title("3  one long table with\na task column")
X, y = rng.normal(size=(60, 2)) * 0.35, rng.integers(3, size=60)
X = X + np.array([[0, 0], [1.6, 0.2], [0.7, 1.4]])[y]
drawn = np.concatenate([np.flatnonzero(y == k)[:3] for k in range(3)])
axes[3].scatter(*X.T, c=colours[y], s=12, alpha=0.25)
axes[3].scatter(*X[drawn].T, c=colours[y[drawn]], s=45, edgecolors="black")
axes[3].set_title("4  an episode: a small task\ndrawn from a large one")
x = np.linspace(-3, 3, 60)
for amplitude, phase in zip(rng.uniform(0.4, 1.6, 7), rng.uniform(0, np.pi, 7)):
    axes[4].plot(x, amplitude * np.sin(x + phase), linewidth=1.2)
axes[4].set_title("5  a distribution: tasks\nwithout end")
for ax in axes[:3]:
    ax.set(xlim=(-0.05, 1.1), ylim=(0, 1.02))
for ax in axes:
    ax.title.set_fontsize(10)
    ax.set(xticks=(), yticks=())
    ax.spines[:].set_visible(False)
plt.show()
