"""
A network of your own, callbacks, progress
==========================================

Any torch module can be the body: rows in, embeddings out. Its constructor gets ``n_features_in`` from the data, the
rest from parameters that begin with ``module__``; skorch trains it, so skorch's callbacks work: learning rate
schedules, early stopping, checkpoints, and any class of your own.

Data: the handwritten digits that come with scikit-learn; 0 to 5 for training, 6 to 9 are never seen before the test.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from skorch.callbacks import Callback, LRScheduler
from torch import nn

from skmeta import ProtoNetClassifier
from skmeta.tasks import NWayTasks


class Small(nn.Module):
    """Eight by eight pixels, two convolutions, an embedding; ``dropout`` is ours to search over."""

    def __init__(self, n_features_in, n_filters=16, dropout=0.0):
        super().__init__()
        self.side = int(n_features_in**0.5)
        self.body = nn.Sequential(
            nn.Conv2d(1, n_filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(n_filters, 2 * n_filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(dropout),
        )  # fmt: skip

    def forward(self, X):
        rows = X.reshape(-1, 1, self.side, self.side) / 16
        return self.body(rows).reshape(*X.shape[:-1], -1)


class Watch(Callback):
    """Keeps the length of all weights after every epoch; ``net.module_`` is the learner that is being trained."""

    def on_train_begin(self, net, **kwargs):
        self.norms = []

    def on_epoch_end(self, net, **kwargs):
        total = sum(float(weight.detach().square().sum()) for weight in net.module_.parameters())
        self.norms.append(total**0.5)


# %%
# ``validation_fraction`` keeps some tasks aside, and with ``verbose=1`` skorch prints a line for every epoch. Here a
# callback of our own watches the weights grow.

X, y = load_digits(return_X_y=True)
seen = y < 6
train = NWayTasks(X[seen], y[seen], n_ways=4, n_shots=5, n_query=10).sample(50, random_state=0)
meta = ProtoNetClassifier(
    Small, module__n_filters=8, module__dropout=0.1, max_epochs=6, lr=0.01, validation_fraction=0.2,
    callbacks=[("watch", Watch()), ("slower", LRScheduler("CosineAnnealingLR", T_max=6))], random_state=0,
)  # fmt: skip
meta.fit(train)

# %%
# ``net_`` is a net of skorch, :class:`~skmeta.training.MetaNet`, whose samples are tasks; ``net_.history`` is its
# record of the training. A run that may be killed writes where it stands by one more callback,
# :class:`~skmeta.training.Resumable`; ``device="auto"`` takes what :func:`~skmeta.training.resolve_device` finds. The
# same script trains over several processes when ``torchrun`` starts it (:func:`~skmeta.scale.training_processes`).

history = meta.net_.history
watched = dict(meta.net_.callbacks_)["watch"]
print("length of all weights:", np.round(watched.norms, 1))

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
left.plot(history[:, "epoch"], history[:, "train_loss"], "o-", label="training tasks")
left.plot(history[:, "epoch"], history[:, "valid_loss"], "s-", label="tasks kept aside")
left.set(xlabel="Epoch", ylabel="Loss")
left.legend()

new = NWayTasks(X[~seen], y[~seen], n_ways=4, n_shots=1, n_query=15).sample(60, random_state=1)
task = new[0]
chances, digits = meta.adapt(task.X, task.y).predict_proba(task.X_query), np.unique(task.y)
chances = chances[:, np.isin(meta.classes_, digits)]
confusion = np.array([chances[task.y_query == digit].mean(0) for digit in digits])
image = right.imshow(confusion, cmap="Blues", vmin=0, vmax=1)
right.set(xticks=range(4), yticks=range(4), xlabel="mean chance stated", ylabel="digit never trained on")
right.set_xticklabels(digits)
right.set_yticklabels(digits)
right.set_title(f"from one drawing each; over 60 tasks {meta.score(new):.0%} right", fontsize=10)
fig.colorbar(image, ax=right)
plt.show()
