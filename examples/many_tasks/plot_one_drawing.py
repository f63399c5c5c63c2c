"""
One drawing is enough
=====================

A child who has seen one giraffe knows the next. A network trained on drawings of the digits 0 to 5, turned and mirrored
so that they are 48 signs, and lying here or there on the sheet, has learned what makes two drawings the same sign. It
tells apart signs that it has never seen - made of 6, 7, 8 and 9 - from one drawing of each.

Data: the handwritten digits that come with scikit-learn, laid on larger sheets. They stand in for Omniglot, which
:func:`~skmeta.datasets.fetch_omniglot` fetches into :func:`~skmeta.datasets.get_data_home` and
:func:`~skmeta.datasets.rotated_classes` turns into four times as many signs; a folder of images of your own is read by
:func:`~skmeta.datasets.load_local_images`, and :func:`~skmeta.datasets.split_classes` keeps whole classes aside.
:doc:`Results on Omniglot </benchmarks/reproductions>`.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from skmeta import PerTaskBaseline, ProtoNetClassifier
from skmeta.inspection import ShotCurveDisplay
from skmeta.nets import Conv4
from skmeta.tasks import NWayTasks, TaskSet

images, digit = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8) / 16


def signs(digits, random_state):
    """Drawings of these digits, turned and mirrored in eight ways that each make another sign, somewhere on a sheet."""
    rng = np.random.default_rng(random_state)
    X, y = [], []
    for drawing, label in zip(images[np.isin(digit, digits)], digit[np.isin(digit, digits)]):
        which = rng.integers(8)
        sign = np.rot90(drawing[:, ::-1] if which >= 4 else drawing, which % 4)
        sheet, (top, left) = np.zeros((16, 16)), rng.integers(3, 6, size=2)
        sheet[top : top + 8, left : left + 8] = sign
        X.append(sheet.ravel())
        y.append(8 * label + which)
    return np.array(X), np.array(y)


# %%
# ``TaskSet([(X, y)])`` is one large task from which episodes of ten signs are drawn. Three blocks of convolution read
# the sheets; parameters of the network are the estimator's own, as ``module__...``.

train = TaskSet([signs(range(6), 0)])
meta = ProtoNetClassifier(
    Conv4, module__n_blocks=3, module__n_filters=32, n_ways=10, n_shots=1, n_query=4, batch_size=2, max_epochs=6,
    steps_per_epoch=40, lr=0.003, random_state=0,
).fit(train)  # fmt: skip

# %%
# Five new signs, one, two or five drawings of each. :class:`~skmeta.inspection.ShotCurveDisplay` draws what
# :func:`~skmeta.few_shot_curve` measures, a :class:`~skmeta.model_selection.FewShotCurve`:

X_new, y_new = signs(range(6, 10), 1)
new = NWayTasks(X_new, y_new, n_ways=5, n_shots=8, n_query=1).sample(100, random_state=0)
fig, ax = plt.subplots(figsize=(6, 4))
pixels = PerTaskBaseline(KNeighborsClassifier(1)).fit(train)
for name, learner, marker in (("ProtoNetClassifier", meta, "o"), ("nearest drawing, by pixels", pixels, "s")):
    display = ShotCurveDisplay.from_estimator(
        learner, new, [1, 2, 5], n_repeats=2, random_state=0, ax=ax, name=name, marker=marker
    )
    print(name, display.curve)
plt.show()

# %%
# One such task: the drawing that was shown stands left, drawings to be answered right; frames are mistakes.

task = NWayTasks(X_new, y_new, n_ways=5, n_shots=1, n_query=8).sample(1, random_state=3)[0]
answers = meta.adapt(task.X, task.y).predict(task.X_query)
fig, axes = plt.subplots(5, 9, figsize=(8, 4.8))
for row, label in zip(axes, np.unique(task.y)):
    row[0].imshow(task.X[task.y == label][0].reshape(16, 16), cmap="Blues")
    row[0].spines[:].set_visible(False)
    for ax, i in zip(row[1:], np.flatnonzero(task.y_query == label)):
        ax.imshow(task.X_query[i].reshape(16, 16), cmap="gray_r")
        ax.spines[:].set(visible=answers[i] != label, color="#D55E00", linewidth=3)
    for ax in row:
        ax.set(xticks=(), yticks=())
fig.suptitle(f"{np.mean(answers == task.y_query):.0%} right from one drawing each", fontsize=11)
plt.show()
