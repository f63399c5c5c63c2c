"""
A learned optimizer against Adam
================================

"Learning to learn by gradient descent by gradient descent" (M. Andrychowicz et al., NeurIPS 2016): a small recurrent
network reads a gradient and says what step to take. Trained on many functions of one kind, it is ahead of optimizers
made by hand in the first steps on other functions of that kind - and on no others, which is the catch.

Inside :class:`~skmeta.LearnedOptimizerClassifier` it learns together with the start that it steps from; here it stands
alone, on functions of our own.

Data: made up, random quadratics of ten coordinates, as in the paper. A few seconds of training; the benchmarks have
:doc:`longer ones </benchmarks/reproductions>`.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from skmeta.learners.learned_optimizers.network import LearnedOptimizer
from skmeta.learners.learned_optimizers.unrolled_training import train_learned_optimizer


def quadratics(generator, n_functions=48):
    W = torch.randn(n_functions, 10, 10, generator=generator)
    y = torch.randn(n_functions, 10, generator=generator)
    return torch.zeros(n_functions, 10), lambda x: ((W @ x[..., None])[..., 0] - y).square().sum(1)


torch.manual_seed(0)
network = LearnedOptimizer()
history = train_learned_optimizer(network, quadratics, n_batches=60, n_steps=60, unroll=20, lr=0.01, seed=0)

# %%
# ``as_optimizer`` makes it an optimizer of torch, to be used like any other. The hand-made ones have their rates chosen
# on the functions of the test themselves, which favours them: momentum catches up in the end.

start, function = quadratics(torch.Generator().manual_seed(1), n_functions=300)


def values(make_optimizer, n_steps=60):
    x = torch.nn.Parameter(start.clone())
    optimizer, values = make_optimizer([x]), []
    for _ in range(n_steps):
        optimizer.zero_grad()
        value = function(x)
        value.sum().backward()
        values.append(value.mean().item())
        optimizer.step()
    return np.array(values)


def best_rate(optimizer_class, **settings):
    runs = [
        values(lambda params, lr=lr: optimizer_class(params, lr=lr, **settings)) for lr in np.geomspace(3e-3, 1, 11)
    ]
    return min(runs, key=lambda run: run[-1] if np.isfinite(run[-1]) else np.inf)


curves = {
    "learned": values(network.as_optimizer),
    "Adam": best_rate(torch.optim.Adam),
    "SGD with momentum": best_rate(torch.optim.SGD, momentum=0.9),
    "RMSprop": best_rate(torch.optim.RMSprop),
}

fig, ax = plt.subplots(figsize=(6.4, 4))
for (name, curve), style in zip(curves.items(), ("-", "--", "-.", ":")):
    ax.plot(curve, style, label=name, linewidth=2)
    print(f"{name:18s} after 20 steps {curve[20]:.2f}, after 59 {curve[-1]:.2f}")
ax.set(yscale="log", xlabel="Step", ylabel="Mean value of 300 new functions")
ax.legend()
plt.show()
