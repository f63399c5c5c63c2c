"""One training step (meta-gradient and Adam) of MAML, on ready tensors, in several implementations."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.speed import peers
from skmeta.learners.engine import choose_engine
from skmeta.training.step import Adam


class Batch:
    """Random tasks, and the network that everyone starts from."""

    def __init__(self, sizes, loss, n_tasks, n_support, n_query, steps, lr, first_order=False):
        self.sizes, self.loss, self.steps, self.lr, self.first_order = sizes, loss, steps, lr, first_order
        self.n_tasks = n_tasks
        g = torch.Generator().manual_seed(0)
        self.X = torch.randn(n_tasks, n_support, sizes[0], generator=g)
        self.Q = torch.randn(n_tasks, n_query, sizes[0], generator=g)
        if loss == "mse":
            self.y, self.z = torch.sin(2 * self.X[..., :1] + 1), torch.sin(2 * self.Q[..., :1] + 1)
        else:
            self.y = (torch.arange(n_support) % sizes[-1]).repeat(n_tasks, 1)
            self.z = (torch.arange(n_query) % sizes[-1]).repeat(n_tasks, 1)
        torch.manual_seed(0)
        layers = [m for a, b in zip(sizes[:-1], sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
        self.start = nn.Sequential(*layers[:-1])

    def net(self):
        return copy.deepcopy(self.start)

    def criterion(self, outputs, y):
        return F.mse_loss(outputs, y) if self.loss == "mse" else F.cross_entropy(outputs, y)


def skmeta_step(batch, engine="closed_form"):
    """As in a fit: in one call, and with the kernel's Adam, where there is a kernel."""
    if engine == "native":
        return step_at_once(batch)
    net = batch.net()
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    engine = choose_engine(net, batch.loss, has_head=False, engine=engine)

    def step():
        optimizer.zero_grad()
        outputs = engine.adapt_and_predict(
            engine.start(), batch.X, batch.y, batch.Q, steps=batch.steps, lr=batch.lr, first_order=batch.first_order
        )
        if batch.loss == "cross_entropy":  # the engine's answers lie classes before rows
            outputs = outputs.transpose(1, 2)
        batch.criterion(outputs, batch.z).backward()
        optimizer.step()

    step.net = net
    return step


def step_at_once(batch):
    net = batch.net()
    optimizer = Adam(net.parameters(), 1e-3, fused=True)
    engine = choose_engine(net, batch.loss, has_head=False, engine="native")
    share = torch.full(batch.Q.shape[:2], 1 / batch.Q.shape[:2].numel())
    rows = batch.X, batch.y, batch.Q, batch.z, share

    def step():
        optimizer.zero_grad()
        start = engine.start()
        _, _, gradients = engine.learn(start, *rows, steps=batch.steps, lr=batch.lr, first_order=batch.first_order)
        for value, gradient in zip(start, gradients):
            value.grad = gradient
        optimizer.step()

    step.net = net
    return step


def learn2learn_step(batch):
    l2l = peers.learn2learn()
    from learn2learn.algorithms.maml import MAML

    assert l2l is not None
    net = batch.net()
    maml = MAML(net, lr=batch.lr, first_order=batch.first_order)
    optimizer = torch.optim.Adam(maml.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        for X, y, Q, z in zip(batch.X, batch.y, batch.Q, batch.z):
            learner = maml.clone()
            for _ in range(batch.steps):
                learner.adapt(batch.criterion(learner(X), y))
            batch.criterion(learner(Q), z).backward()
        for p in maml.parameters():
            p.grad.data.mul_(1.0 / batch.n_tasks)
        optimizer.step()

    step.net = net
    return step


def higher_step(batch):
    higher = peers.higher()
    net = batch.net()
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    inner = torch.optim.SGD(net.parameters(), lr=batch.lr)

    def step():
        optimizer.zero_grad()
        for X, y, Q, z in zip(batch.X, batch.y, batch.Q, batch.z):
            with higher.innerloop_ctx(net, inner, copy_initial_weights=False) as (fnet, descent):
                for _ in range(batch.steps):
                    descent.step(batch.criterion(fnet(X), y))
                (batch.criterion(fnet(Q), z) / batch.n_tasks).backward()
        optimizer.step()

    step.net = net
    return step


def jax_step(batch):
    """``jit(value_and_grad(mean(vmap(task))))`` with the inner steps unrolled, optax's Adam."""
    jax, optax = peers.jax()
    jnp = jax.numpy
    start = [
        (jnp.array(m.weight.detach().numpy().T), jnp.array(m.bias.detach().numpy()))
        for m in batch.start
        if isinstance(m, nn.Linear)
    ]
    rows = [jnp.array(value.numpy()) for value in (batch.X, batch.y, batch.Q, batch.z)]

    def loss(params, x, y):
        for i, (weight, bias) in enumerate(params):
            x = x @ weight + bias
            if i < len(params) - 1:
                x = jax.nn.relu(x)
        if batch.loss == "mse":
            return ((x - y) ** 2).mean()
        return optax.softmax_cross_entropy_with_integer_labels(x, y).mean()

    def task(params, X, y, Q, z):
        for _ in range(batch.steps):
            gradient = jax.grad(loss)(params, X, y)
            if batch.first_order:
                gradient = jax.lax.stop_gradient(gradient)
            params = jax.tree.map(lambda p, g: p - batch.lr * g, params, gradient)
        return loss(params, Q, z)

    def total(params, *rows):
        return jax.vmap(task, (None, 0, 0, 0, 0))(params, *rows).mean()

    adam = optax.adam(1e-3)

    @jax.jit
    def update(params, state, *rows):
        value, gradient = jax.value_and_grad(total)(params, *rows)
        change, state = adam.update(gradient, state, params)
        return optax.apply_updates(params, change), state, value

    now = [start, adam.init(start)]

    def step():
        now[0], now[1], value = update(*now, *rows)
        value.block_until_ready()

    return step


def training_step(batch, peers=("learn2learn", "higher", "jax")):
    makers = {
        "skmeta": lambda: skmeta_step(batch),
        "skmeta, native kernel": lambda: skmeta_step(batch, peers.native_engine()),
        "skmeta any_module": lambda: skmeta_step(batch, "any_module"),
        "learn2learn": lambda: learn2learn_step(batch),
        "higher": lambda: higher_step(batch),
        "jax": lambda: jax_step(batch),
    }
    if batch.first_order:  # higher has no first-order mode of its own
        makers.pop("higher")
    return {name: make for name, make in makers.items() if name.startswith("skmeta") or name in peers}


def check_gradients(steps, reference="learn2learn"):
    """Largest relative difference of the first meta-gradients; every step has been called once."""
    if reference not in steps:
        return {}
    wanted = [p.grad for p in steps[reference].net.parameters()]
    largest = max(float(g.abs().max()) for g in wanted)
    errors = {}
    for name, step in steps.items():
        if hasattr(step, "net") and name != reference:
            pairs = zip([p.grad for p in step.net.parameters()], wanted)
            errors[name] = max(float((a - b).abs().max()) for a, b in pairs) / largest
    return errors


def sinusoid(steps, first_order=False):
    return Batch([1, 40, 40, 1], "mse", 25, 10, 10, steps, 0.01, first_order)


def tabular(n_tasks, first_order=False):
    return Batch([20, 64, 64, 5], "cross_entropy", n_tasks, 25, 75, 5, 0.1, first_order)
