"""Families that source tasks seem to come from, and how probably another task comes from each."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from skmeta.source_selection.functions import MOST_OUTPUTS, SourceFunctions, evenly, standard_outputs
from skmeta.source_selection.inputs import SourceInputs

#: sources whose functions make families (evenly spread where there are more), and families that are made of them
MOST_MEMBERS, MOST_FAMILIES = 250, 60
#: rows of a source, and of a target, that are compared with families
_ROWS_OF_SOURCE, _ROWS_OF_TARGET = 24, 100
_ROUNDS = 4
#: log evidence counts for so much less: two families of one kind, known from some twenty members each, differ in it too
_CAUTION = 3.0
#: candidates for how far a family's tasks may leave it (as a share of the kernel), and for the noise (of the kernel's)
_SLACKS, _NOISES = (0.1, 0.01, 0.001), (0.3, 1.0, 3.0)


class SourceFamilies:
    """Neighbourhoods of source tasks as priors: a task comes from the family that makes its labels most probable.

    A family is one source with those most like it. What its members' functions are at a task's rows, in the mean and
    in their covariance, is the prior of a Gaussian process, under which the task's labels have a probability; so
    families may differ in a mean, in the directions in which functions vary, or in a form that comes with any factor,
    and a few rows are judged by what the family leaves open, not by what is known of one source. Classes that are a
    task's own are functions (indicators) drawn from one prior of mean zero.

    Families start from pairs of sources of which each explains the other up to a factor and a constant; then members
    are those most probably of the family, several times.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        The pooled rows of the tasks, embedded.
    tasks : TaskSet
    classes : ndarray or None
        The classes that all tasks share.

    Attributes
    ----------
    log_memberships : ndarray of shape (n_tasks, n_families)
        Logarithms of the probabilities of families, for each source.
    """

    def __init__(self, Z, tasks, classes):
        self._classes = classes
        y, labelled = tasks.pooled[1], tasks.is_labelled_row
        self._own_classes = classes is None and y.dtype.kind != "f"
        self._mean, scale = Z[labelled].mean(0), Z[labelled].std(0)
        self._scale = np.where(scale > 1e-14 * np.abs(Z[labelled]).max(0), scale, 1.0)
        Z = self._standard(Z)
        ends = np.cumsum(tasks.n_rows)
        rows_of = [np.arange(a, b)[labelled[a:b]] for a, b in zip(ends - tasks.n_rows, ends)]
        sources = [(Z[rows], y[rows]) for rows in rows_of]
        chosen = evenly(len(sources), MOST_MEMBERS)
        self._find([sources[i] for i in chosen])
        self.log_memberships = np.empty((len(sources), len(self._members)))
        self.log_memberships[chosen] = self._of_members
        for i in np.setdiff1d(np.arange(len(sources)), chosen):
            self.log_memberships[i] = self._log_membership(*sources[i])

    def distances(self, Z, y):
        """Minus the logarithm of the probability that a target and each source come from the same family."""
        of_target = self._log_membership(self._standard(Z), y)
        return -logsumexp(of_target + self.log_memberships, axis=1)

    def _standard(self, Z):
        """A wild cell costs one cell, not the row."""
        return np.clip((Z - self._mean) / self._scale, -10, 10)

    def _log_membership(self, X, y):
        rows = evenly(len(y), _ROWS_OF_TARGET)
        seen = _Seen(X[rows], y[rows], self, self._inputs.of(X, y), len(y))
        return _normalised(self._log_probability(seen, self._members))

    # ------------------------------------------------------------------ finding families

    def _find(self, sources):
        n = len(sources)
        rng = np.random.default_rng(0)
        self._functions = SourceFunctions([(X, standard_outputs(y, self._classes)) for X, y in sources])
        self._inputs = SourceInputs(sources, self._classes)
        seen = []
        for (X, y), figures in zip(sources, self._inputs.of_tasks):
            rows = np.sort(rng.permutation(len(y))[:_ROWS_OF_SOURCE])
            seen.append(_Seen(X[rows], y[rows], self, figures, len(y)))
        self._centres = evenly(n, MOST_FAMILIES)
        self._n_members = min(round(1.5 * n**0.5), n - 1)
        of_centres = [seen[i] for i in self._centres]

        self._slack, self._noise = self._most_probable_width(of_centres, self._by_the_best_sources)
        explained = _normalised(np.stack([self._by_single_sources(one, i) for i, one in enumerate(seen)]))
        self._members = self._nearest(explained[self._centres] + explained[:, self._centres].T)
        for round_ in range(_ROUNDS):
            if round_ < 2:
                self._slack, self._noise = self._most_probable_width(of_centres, self._by_own_family)
            probable = [self._log_probability(one, self._members, without=i) for i, one in enumerate(seen)]
            self._of_members = _normalised(np.stack(probable))
            if round_ < _ROUNDS - 1:
                self._members = self._nearest(self._of_members.T)

    def _nearest(self, likeness):
        """Members (F, k) of the families: its centre, and the sources most like it."""
        likeness = likeness.copy()
        likeness[np.arange(len(likeness)), self._centres] = np.inf
        return np.argsort(-likeness, axis=1, kind="stable")[:, : self._n_members]

    def _most_probable_width(self, seen, log_probability):
        """Slack and noise of the families under which the tasks at their centres are most probable."""

        def total(slack, noise):
            self._slack, self._noise = slack, noise
            return sum(log_probability(one, i) for i, one in zip(self._centres, seen))

        pairs = [(slack, noise * self._functions.noise) for slack in _SLACKS for noise in _NOISES]
        return max(pairs, key=lambda pair: total(*pair))

    def _by_single_sources(self, seen, i):
        """How probable each source alone makes task i, up to a factor; not itself."""
        alone = np.arange(len(seen.functions))[:, None]
        probable = self._log_probability(seen, alone, centred=False)
        probable[i] = -np.inf
        return probable

    def _by_the_best_sources(self, seen, i):
        return np.sort(self._by_single_sources(seen, i))[-self._n_members :].mean()

    def _by_own_family(self, seen, i):
        family = np.flatnonzero(self._centres == i)
        return self._log_evidence(seen, self._members[family], without=i)[0]

    # ------------------------------------------------------------------ evidence

    def _log_probability(self, seen, members, without=None, centred=True):
        """Of a task in families of (F, k) members, up to a constant: (F,)."""
        inputs = self._inputs.log_density(seen.figures, seen.n_rows, members, _shares(members, without))
        return inputs + self._log_evidence(seen, members, without, centred)

    def _log_evidence(self, seen, members, without=None, centred=True):
        """Of a task's labels, given its rows, in families of (F, k) members."""
        n_outputs = seen.outputs.shape[1]
        share = np.sqrt(_shares(members, without))[..., None]
        root = np.linalg.cholesky(self._slack * seen.prior + self._noise * np.eye(seen.n) + 1 / seen.n)
        labels = solve_triangular(root, seen.outputs, lower=True)
        functions = solve_triangular(root, seen.functions.reshape(-1, seen.n).T, lower=True).T
        functions = functions.reshape(seen.functions.shape)
        if self._own_classes:
            among = functions[members] * share[..., None] / functions.shape[1] ** 0.5
            evidence = _gaussian(labels, among.reshape(len(members), -1, seen.n))
        else:
            evidence = 0.0
            for column in range(n_outputs):
                among, mean = functions[members, column], 0.0
                if centred:
                    mean = (np.square(share) * among).sum(1)
                    among, mean = among - mean[:, None], mean[:, :, None]
                evidence = evidence + _gaussian(labels[:, [column]] - mean, among * share)
        evidence = evidence - n_outputs * np.log(np.diag(root)).sum()
        return evidence * (n_outputs - 1) / n_outputs if self._own_classes else evidence  # indicators add up to 1


class _Seen:
    """A task as families see it: its outputs, what the sources' functions are at its rows, and how these lie."""

    def __init__(self, X, y, families, figures, n_rows):
        self.n = len(X)
        self.outputs = standard_outputs(y, families._classes)[:, :MOST_OUTPUTS]
        self.functions = families._functions(X)
        self.prior = families._functions.kernel(X, X)
        self.figures, self.n_rows = figures, n_rows


def _gaussian(labels, among):
    """Log density of labels (n, c) or (F, n, c) of covariance 1 + among' among, for among (F, k, n): (F,)."""
    k, n = among.shape[1:]
    labels = np.broadcast_to(labels, (len(among), *labels.shape[-2:]))
    squares = np.square(labels).sum((1, 2))
    if k <= n:  # by way of the smaller of the two matrices
        pulled = among @ labels
        root = np.linalg.cholesky(among @ among.transpose(0, 2, 1) + np.eye(k))
        squares = squares - np.square(np.linalg.solve(root, pulled)).sum((1, 2))
    else:
        root = np.linalg.cholesky(among.transpose(0, 2, 1) @ among + np.eye(n))
        squares = np.square(np.linalg.solve(root, labels)).sum((1, 2))
    return -0.5 * squares - labels.shape[2] * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)


def _shares(members, without):
    """Of each member in its family: equal, and none of the one left out."""
    counted = np.ones(members.shape) if without is None else (members != without).astype(float)
    return counted / np.maximum(counted.sum(1, keepdims=True), 1)


def _normalised(log_probabilities):
    """Probabilities of families, from those of a task in each of them."""
    log_probabilities = log_probabilities / _CAUTION
    return log_probabilities - logsumexp(log_probabilities, axis=-1, keepdims=True)
