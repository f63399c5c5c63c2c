"""
Sine waves before and after 1, 5 and 10 steps
=============================================

The best-known picture of meta-learning. Every task is a sine wave of its own amplitude and phase, of which ten points
are shown. A network that was meta-trained by MAML turns into the right wave within a few gradient steps. The same
network, pretrained on all waves together, has learned what they have in common on average - next to nothing - and a
few steps lead it nowhere near.

Data: made up, by the protocol of the paper that introduced MAML (C. Finn, P. Abbeel, S. Levine, ICML 2017).
"""

import matplotlib.pyplot as plt
import numpy as np

from skmeta import MAMLRegressor
from skmeta.tasks import Sinusoids

# %%
# Meta-training
# -------------
# A source of tasks without end is handed to ``fit`` as it is: fresh waves are drawn for every step. Training looks
# through a single inner step; more of them may be taken when a new task comes.

waves = Sinusoids(n_shots=10)
settings = {"inner_lr": 0.01, "inner_steps": 1, "target_scaling": None, "batch_size": 10, "random_state": 0}
maml = MAMLRegressor(max_epochs=25, steps_per_epoch=100, **settings).fit(waves)

# %%
# For comparison, the same network trained to answer all waves without adaptation: no inner step, so nothing to adapt.

pretrained = MAMLRegressor(max_epochs=10, steps_per_epoch=100, **{**settings, "inner_steps": 0}).fit(waves)

# %%
# One new wave
# ------------
# ``adapt_steps`` says how many steps are taken from the learned start, and may be set on a fitted estimator.

task = waves.sample(1, random_state=7)[0]
wave, made_of = waves.sample_with_parameters(1, random_state=7)
x = np.linspace(-5, 5, 200)[:, None]
truth = waves.target(x, {name: np.repeat(value, 200) for name, value in made_of.items()})

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, model, title in zip(axes, (maml, pretrained), ("meta-trained by MAML", "pretrained on all waves")):
    ax.plot(x, truth, color="black", linewidth=1, label="truth")
    for steps, style in ((0, ":"), (1, "--"), (5, "-."), (10, "-")):
        model.set_params(adapt_steps=steps)
        ax.plot(x, model.adapt(task.X, task.y).predict(x), style, label=f"after {steps} step{'s' * (steps != 1)}")
    ax.plot(task.X, task.y, "k^", label="rows shown")
    ax.set(title=title, xlabel="x")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize="small")
plt.show()

# %%
# Many new waves
# --------------
# One wave proves nothing. The error over 200 new waves, with the 95% interval of its mean:

test = waves.sample(200, random_state=1)
steps = np.array([0, 1, 2, 3, 5, 7, 10])
fig, ax = plt.subplots(figsize=(6, 3.6))
for model, label in ((maml, "MAML"), (pretrained, "pretrained")):
    errors = []
    for n in steps:
        answers = model.set_params(adapt_steps=int(n)).predict(test)
        errors.append([np.mean((answer - one.y_query) ** 2) for answer, one in zip(answers, test)])
    mean, half = np.mean(errors, axis=1), 1.96 * np.std(errors, axis=1) / np.sqrt(len(test))
    ax.errorbar(steps, mean, half, marker="o", capsize=3, label=label)
    print(f"{label:12s}", " ".join(f"{n} steps: {m:.2f}" for n, m in zip(steps, mean)))
ax.set(xlabel="Gradient steps on ten rows", ylabel="Squared error, mean over 200 waves", ylim=(0, None))
ax.legend()
plt.show()
