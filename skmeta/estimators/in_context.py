"""The pretrained in-context model as a drop-in classifier and regressor."""

import numpy as np
from scipy.special import ndtr
from sklearn.utils import check_random_state

from skmeta.estimators._answers import object_array
from skmeta.estimators._attribution import ExplainClassesMixin, ExplainTargetsMixin
from skmeta.estimators._classifier import MetaClassifier
from skmeta.estimators._growing_support import GrowingSupportMixin
from skmeta.estimators._regressor import MetaRegressor
from skmeta.estimators._support import Support
from skmeta.estimators._table_rows import TableRowsMixin
from skmeta.learners.in_context_heads import InContextClassification, InContextRegression
from skmeta.tasks import TaskSet, is_tasks


class InContextClassifier(ExplainClassesMixin, GrowingSupportMixin, TableRowsMixin, MetaClassifier):
    """Answers from the labelled rows in one forward pass of a network trained on synthetic tables.

    ``fit(X, y)`` trains nothing: the support is encoded once, and a prediction costs the queries only. Under the
    network lie closed-form kernel machines; their leave-one-out scores on the support tell it whom to trust. Columns
    may hold numbers, strings, categories and missing values. More than 1,024 rows are dealt out to several parts
    whose answers are averaged.

    ``partial_fit`` appends few further rows to an encoded support: the kernel machines are updated exactly for the
    metric they have learned, keys and values of the new rows are added, and what was measured on all rows together
    (means, ranks, the relevance of columns, trust in each machine) stays. Answers are close to those of a fit on all
    rows, not equal. When the support has grown by more than a quarter since, when it has 64 rows or fewer, or when a
    new class or category comes, it is encoded anew, and answers are those of a fit on all rows.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows before they are read; None reads the columns as they are.
    pretrained : bool or path, default=True
        Start from the weights that ship with the package, from a file that ``tools/pretraining`` (repository) made,
        or (False) from random ones; then ``fit(X, y)`` trains on episodes of the table.
    categorical_features : "from_dtype", None, or array-like, default="from_dtype"
        Columns that hold categories: those of strings, categories and mixed objects, none, or a mask, positions or
        names.
    {meta_parameters}

    Attributes
    ----------
    columns_ : object
        Which columns are categorical, and their categories.
    n_rows_encoded_ : int
        Rows of the current task that the last encoding has seen; ``partial_fit`` appended those after them.
    {meta_attributes}

    References
    ----------
    N. Hollmann, S. Müller, K. Eggensperger, F. Hutter. "TabPFN: A Transformer That Solves Small Tabular Classification
    Problems in a Second". ICLR 2023.
    A. Radhakrishnan, D. Beaglehole, P. Pandit, M. Belkin. "Mechanism for feature learning in neural networks and
    backpropagation-free machine learning models". Science 383, 2024.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_wine
    >>> from skmeta import InContextClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> clf = InContextClassifier().fit(X[::2], y[::2])
    >>> bool(clf.score(X[1::2], y[1::2]) > 0.95)
    True
    """

    _learner_class = InContextClassification

    def __init__(self, module=None, *, pretrained=True, categorical_features="from_dtype", lr=0.0003, **params):
        super().__init__(module, lr=lr, **params)
        self.pretrained = pretrained
        self.categorical_features = categorical_features

    def _fit_one_table(self, X, y):
        if self.pretrained is False or self.module is not None:
            super()._fit_one_table(X, y)
            return
        self._forget_task()
        X, y = self._validate_rows(X, y, reset=True)
        self._set_label_space("task" if self.labels == "task" else "shared", np.unique(y))
        self._train(self._store(TaskSet([(X, y)])), None, check_random_state(self.random_state), epochs=0)
        self._adapt_to(Support.of(X, y, np.ones(len(y))))


class InContextRegressor(ExplainTargetsMixin, GrowingSupportMixin, TableRowsMixin, MetaRegressor):
    """Answers with a predictive distribution in one forward pass of a network trained on synthetic tables.

    As :class:`InContextClassifier`; the answer is a mixture of Gaussians around the mean of closed-form kernel
    machines. Several targets are answered one by one.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows before they are read; None reads the columns as they are.
    pretrained : bool or path, default=True
        Start from the weights that ship with the package, from a file that ``tools/pretraining`` (repository) made,
        or (False) from random ones; then ``fit(X, y)`` trains on episodes of the table.
    categorical_features : "from_dtype", None, or array-like, default="from_dtype"
        Columns that hold categories: those of strings, categories and mixed objects, none, or a mask, positions or
        names.
    {meta_parameters}

    Attributes
    ----------
    columns_ : object
        Which columns are categorical, and their categories.
    n_rows_encoded_ : int
        Rows of the current task that the last encoding has seen; ``partial_fit`` appended those after them.
    {meta_attributes}

    References
    ----------
    S. Müller, N. Hollmann, S. Pineda Arango, J. Grabocka, F. Hutter. "Transformers Can Do Bayesian Inference".
    ICLR 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skmeta import InContextRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = InContextRegressor().fit(X[:200], y[:200])
    >>> low, high = reg.predict(X[200:], quantiles=[0.1, 0.9]).T
    >>> bool(0.7 < ((low < y[200:]) & (y[200:] < high)).mean() < 0.9)
    True
    """

    _learner_class = InContextRegression

    def __init__(self, module=None, *, pretrained=True, categorical_features="from_dtype", lr=0.0003, **params):
        super().__init__(module, lr=lr, **params)
        self.pretrained = pretrained
        self.categorical_features = categorical_features

    def _learner_settings(self):
        # a criterion of the user's own judges the means; without one the likelihood judges the distribution
        return super()._learner_settings() | {"likelihood": self.criterion is None}

    def _fit_one_table(self, X, y):
        if self.pretrained is False or self.module is not None:
            super()._fit_one_table(X, y)
            return
        self._forget_task()
        X, y = self._validate_rows(X, y, reset=True)
        self._learn_target_scale(y)
        self._train(self._store(TaskSet([(X, y)])), None, check_random_state(self.random_state), epochs=0)
        self._adapt_to(Support.of(X, y, np.ones(len(y))))

    def predict(self, X, return_std=False, quantiles=None, *, task=None):
        """Targets of rows of the current task, or of the query rows of many tasks, and how sure they are.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        return_std : bool, default=False
            Whether to return standard deviations too; the noise of the targets is part of them.
        quantiles : array-like of floats in (0, 1), default=None
            Return these quantiles instead of the means.
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
            With ``quantiles``, one more axis at the end.
        std : like y
            Only with ``return_std``.
        """
        if not return_std and quantiles is None:
            return super().predict(X, task=task)
        if return_std and quantiles is not None:
            raise ValueError("return_std and quantiles cannot be asked for together.")
        if is_tasks(X):
            mixtures = self._outputs_of_tasks(self._validated_tasks(X), ask="predict_mixture")
            answers = [self._from_mixture(m, quantiles) for m in mixtures]
            return tuple(map(object_array, zip(*answers))) if return_std else object_array(answers)
        if task is not None:
            return self._from_mixture(self._outputs_long(X, task, ask="predict_mixture"), quantiles)
        return self._from_mixture(self._outputs(X, ask="predict_mixture"), quantiles)

    def _from_mixture(self, flat, quantiles):
        """Means and standard deviations, or quantiles, in the user's units."""
        mixture = flat.reshape(len(flat), 3, len(self.target_mean_), -1).astype(np.float64)
        share, means, scales = np.exp(mixture[:, 0]), mixture[:, 1], np.exp(mixture[:, 2])
        share /= share.sum(-1, keepdims=True)
        means = means * self.target_scale_[:, None] + self.target_mean_[:, None]
        scales = scales * self.target_scale_[:, None]
        if quantiles is not None:
            answer = mixture_quantiles(share, means, scales, quantiles)
            return answer[:, 0] if self._targets_1d else answer
        mean = (share * means).sum(-1)
        std = np.sqrt((share * (scales**2 + (means - mean[..., None]) ** 2)).sum(-1))
        return (mean[:, 0], std[:, 0]) if self._targets_1d else (mean, std)


def mixture_quantiles(share, means, scales, quantiles, steps=60):
    """Quantiles (..., q) of mixtures of Gaussians (..., n_components), by bisection."""
    quantiles = np.asarray(quantiles, dtype=np.float64)
    if quantiles.ndim != 1 or not ((quantiles > 0) & (quantiles < 1)).all():
        raise ValueError(f"quantiles must be numbers strictly between 0 and 1, got {quantiles.tolist()}.")
    shape = (*share.shape[:-1], len(quantiles))
    low = np.broadcast_to((means - 10 * scales).min(-1)[..., None], shape).copy()
    high = np.broadcast_to((means + 10 * scales).max(-1)[..., None], shape).copy()
    for _ in range(steps):
        middle = (low + high) / 2
        below = (share[..., None, :] * ndtr((middle[..., None] - means[..., None, :]) / scales[..., None, :])).sum(-1)
        is_low = below < quantiles
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return (low + high) / 2
