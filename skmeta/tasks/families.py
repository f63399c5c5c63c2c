"""Synthetic regression families: every task one function, all functions made the same way."""

import numbers
from dataclasses import dataclass

import numpy as np

from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.randomness import check_size_range, draw_sizes, structure_generator
from skmeta.tasks.taskset import TaskSet


class RegressionFamily(BaseTaskDistribution):
    """Base class: subclasses say how a function, and its inputs, are drawn and what the function's value is."""

    task_type = "regression"

    def _check_common(self):
        check_size_range(self.n_shots, "n_shots", minimum=1)
        check_size_range(self.n_query, "n_query", minimum=0)
        if not isinstance(self.noise, numbers.Real) or not self.noise >= 0:
            raise ValueError(f"noise must be a non-negative standard deviation, got {self.noise!r}.")

    def _draw(self, n_tasks, rng):
        n_support = draw_sizes(self.n_shots, n_tasks, rng)
        n_query = draw_sizes(self.n_query, n_tasks, rng, minimum=0)
        parameters = self._draw_parameters(n_tasks, rng)
        task_of_row = np.repeat(np.arange(n_tasks), n_support + n_query)
        X = self._draw_inputs(len(task_of_row), rng)
        y = self.target(X, {name: values[task_of_row] for name, values in parameters.items()})
        if self.noise:
            y = y + self.noise * rng.standard_normal(y.shape)
        # -1 is how a TaskSet says that a task has no query rows at all
        return TaskSet.from_pool(X, y, n_support, np.where(n_query == 0, -1, n_query)), parameters

    def target(self, X, parameters):
        """The noiseless function of each row's task.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        parameters : dict of ndarray
            As ``sample_with_parameters`` returns it, with one entry for each row of ``X``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        return self._value(X, parameters)

    def _value(self, X, parameters):
        raise NotImplementedError

    def _draw_parameters(self, n_tasks, rng):
        raise NotImplementedError

    def _draw_inputs(self, n_rows, rng):
        return rng.standard_normal((n_rows, self.n_features))


_SINUSOID_RANGES = {
    "maml": {"amplitude": (0.1, 5.0), "frequency": (1.0, 1.0), "phase": (0.0, np.pi)},
    "meta-sgd": {"amplitude": (0.1, 5.0), "frequency": (0.8, 1.2), "phase": (0.0, np.pi)},
}


@dataclass(frozen=True)
class Sinusoids(RegressionFamily):
    """Sine waves of varying amplitude and phase: the standard few-shot regression problem.

    ``protocol="maml"`` is y = A sin(x - p) with A in U[0.1, 5] and p in U[0, pi], as in [1]_;
    ``protocol="meta-sgd"`` is y = A sin(w x + p) with the frequency w in U[0.8, 1.2] too, as in [2]_. In both, x
    is drawn from U[-5, 5].

    Parameters
    ----------
    protocol : {"maml", "meta-sgd"}, default="maml"
    n_shots, n_query : int or (low, high), default=10
        Support and query rows of a task; a pair is drawn from uniformly, both ends included.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the targets.

    References
    ----------
    .. [1] C. Finn, P. Abbeel, S. Levine. Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks.
       ICML 2017.
    .. [2] Z. Li, F. Zhou, F. Chen, H. Li. Meta-SGD: Learning to Learn Quickly for Few-Shot Learning. 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.families import Sinusoids
    >>> tasks, made_of = Sinusoids(n_shots=5, n_query=20).sample_with_parameters(100, random_state=0)
    >>> tasks
    TaskSet(100 tasks, 1 feature, 5 support and 20 query rows each)
    >>> first = {name: value[0] for name, value in made_of.items()}
    >>> wave = first["amplitude"] * np.sin(tasks[0].X[:, 0] - first["phase"])
    >>> bool(np.allclose(tasks[0].y, wave))
    True
    """

    protocol: str = "maml"
    n_shots: int | tuple = 10
    n_query: int | tuple = 10
    noise: float = 0.0

    n_features = 1

    def __post_init__(self):
        if self.protocol not in _SINUSOID_RANGES:
            raise ValueError(f"protocol must be one of {sorted(_SINUSOID_RANGES)}, got {self.protocol!r}.")
        self._check_common()

    def _draw_parameters(self, n_tasks, rng):
        ranges = _SINUSOID_RANGES[self.protocol]
        return {name: rng.uniform(low, high, size=n_tasks) for name, (low, high) in ranges.items()}

    def _draw_inputs(self, n_rows, rng):
        return rng.uniform(-5.0, 5.0, size=(n_rows, 1))

    def _value(self, X, parameters):
        shift = -parameters["phase"] if self.protocol == "maml" else parameters["phase"]
        return parameters["amplitude"] * np.sin(parameters["frequency"] * X[:, 0] + shift)


@dataclass(frozen=True)
class LinearFamily(RegressionFamily):
    """Linear functions whose weights share a mean and vary in a few directions only.

    Task t is y = x (w0 + B z_t) + b_t with x and z_t standard normal. The mean weights w0 and the orthonormal
    directions B (n_features, n_latent) are the same in all tasks: who has learned them needs ``n_latent`` rows
    where others need ``n_features``.

    Parameters
    ----------
    n_features : int, default=10
    n_latent : int, default=2
        Directions in which the weights differ from task to task.
    n_shots, n_query : int or (low, high), default=10
        Support and query rows of a task.
    mean_scale : float, default=1.0
        Length of the shared weights w0.
    spread : float, default=1.0
        Standard deviation of a task's weights along each direction.
    intercept_scale : float, default=0.5
        Standard deviation of the intercepts b_t.
    noise : float, default=0.1
        Standard deviation of Gaussian noise on the targets.
    structure_seed : int, default=0
        Decides what the tasks share. Two families with the same seed are the same family.

    Examples
    --------
    >>> from skmeta.tasks.families import LinearFamily
    >>> family = LinearFamily(n_features=8, n_shots=(3, 6))
    >>> family.sample(20, random_state=0)
    TaskSet(20 tasks, 8 features, 3-6 support and 10 query rows each)
    >>> family.directions_.shape
    (8, 2)
    """

    n_features: int = 10
    n_latent: int = 2
    n_shots: int | tuple = 10
    n_query: int | tuple = 10
    mean_scale: float = 1.0
    spread: float = 1.0
    intercept_scale: float = 0.5
    noise: float = 0.1
    structure_seed: int = 0

    def __post_init__(self):
        self._check_common()
        if not 1 <= self.n_latent <= self.n_features:
            raise ValueError(f"n_latent must lie between 1 and n_features={self.n_features}, got {self.n_latent!r}.")

    @property
    def mean_weights_(self):
        """Weights (n_features,) that all tasks vary around."""
        direction = structure_generator(self.structure_seed, 0).standard_normal(self.n_features)
        return self.mean_scale * direction / np.linalg.norm(direction)

    @property
    def directions_(self):
        """Orthonormal directions (n_features, n_latent) in which the tasks' weights differ."""
        rng = structure_generator(self.structure_seed, 1)
        return np.linalg.qr(rng.standard_normal((self.n_features, self.n_latent)))[0]

    def _draw_parameters(self, n_tasks, rng):
        latent = self.spread * rng.standard_normal((n_tasks, self.n_latent))
        return {
            "weights": self.mean_weights_ + latent @ self.directions_.T,
            "intercept": self.intercept_scale * rng.standard_normal(n_tasks),
        }

    def _value(self, X, parameters):
        return np.einsum("nd,nd->n", X, parameters["weights"]) + parameters["intercept"]


@dataclass(frozen=True)
class QuadraticFamily(RegressionFamily):
    """Quadratic functions built from a few shared quadratic forms.

    Task t is y = sum_r z_tr x' Q_r x + w_t x + b_t with z_t, w_t and b_t standard normal and x standard normal.
    The ``n_latent`` symmetric matrices Q_r, each of Frobenius norm 1, are the same in all tasks.

    Parameters
    ----------
    n_features : int, default=2
    n_latent : int, default=1
        Number of shared quadratic forms.
    n_shots, n_query : int or (low, high), default=10
        Support and query rows of a task.
    linear_scale : float, default=0.5
        Standard deviation of each weight of the linear part.
    noise : float, default=0.1
        Standard deviation of Gaussian noise on the targets.
    structure_seed : int, default=0
        Decides the shared quadratic forms.

    Examples
    --------
    >>> from skmeta.tasks.families import QuadraticFamily
    >>> QuadraticFamily(n_features=3, n_query=0).sample(5, random_state=0)
    TaskSet(5 tasks, 3 features, 10 rows each)
    """

    n_features: int = 2
    n_latent: int = 1
    n_shots: int | tuple = 10
    n_query: int | tuple = 10
    linear_scale: float = 0.5
    noise: float = 0.1
    structure_seed: int = 0

    def __post_init__(self):
        self._check_common()
        if self.n_features < 1 or self.n_latent < 1:
            raise ValueError(
                f"n_features and n_latent must be at least 1, got {self.n_features!r} and {self.n_latent!r}."
            )

    @property
    def forms_(self):
        """The shared symmetric matrices (n_latent, n_features, n_features), of Frobenius norm 1."""
        shape = (self.n_latent, self.n_features, self.n_features)
        square = structure_generator(self.structure_seed, 0).standard_normal(shape)
        symmetric = square + square.transpose(0, 2, 1)
        return symmetric / np.linalg.norm(symmetric, axis=(1, 2), keepdims=True)

    def _draw_parameters(self, n_tasks, rng):
        return {
            "curvature": rng.standard_normal((n_tasks, self.n_latent)),
            "weights": self.linear_scale * rng.standard_normal((n_tasks, self.n_features)),
            "intercept": rng.standard_normal(n_tasks),
        }

    def _value(self, X, parameters):
        bent = np.einsum("nd,rde,ne->nr", X, self.forms_, X, optimize=True)
        return (
            (parameters["curvature"] * bent).sum(axis=1)
            + np.einsum("nd,nd->n", X, parameters["weights"])
            + parameters["intercept"]
        )
