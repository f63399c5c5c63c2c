"""The pretrained in-context model as a drop-in classifier and regressor."""

import numpy as np
import torch
from scipy.special import ndtr
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmeta.documentation import documented_like
from skmeta.estimators.base.attribution import attribution
from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.estimators.base.regressor import ProbabilisticRegressor
from skmeta.estimators.base.served_in_context import ServedInContext
from skmeta.estimators.base.table_rows import TableRows
from skmeta.estimators.base.targets import quantile_levels
from skmeta.learners.in_context.heads import InContextClassification, InContextRegression
from skmeta.pretrained import weights_file
from skmeta.tasks import is_tasks


class _WithoutTraining(MetaTraining):
    """Pretrained weights answer one table as they are."""

    def epochs_on_table(self, can_learn):
        estimator = self.estimator
        if estimator.pretrained is False or estimator.module is not None:
            return super().epochs_on_table(can_learn)
        return 0

    def learner_settings(self):
        settings = super().learner_settings()
        if self.before is not None and self.before["net_"].get_params_for("learner").get("weights") is None:
            settings["weights"] = None  # a copy does not remember in which file its training began
        return settings

    def learner(self):
        # the learner standardises by each support itself, whatever target_scaling says
        return self.estimator._learner_class


class _InContext:
    """The in-context classifier and regressor share these parameters and how their weights are found.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows before they are read; None reads the columns as they are.
    pretrained : bool or path, default=True
        Start from the weights that ship with the package, from a file that ``tools/pretraining`` (repository) made,
        or (False) from random ones; then ``fit(X, y)`` trains on episodes of the table.
    categorical_features : "from_dtype", None, or array-like, default="from_dtype"
        Columns that hold categories: those of strings, categories and mixed objects, none, or a mask, positions or
        names. A category that no labelled row has shown is taken as missing, and told of.

    Attributes
    ----------
    columns_ : object
        Which columns are categorical, and their categories.
    n_rows_encoded_ : int
        Rows of the current task that the last encoding has seen; ``partial_fit`` appended those after them.
    """

    pretrained: bool | str = True
    categorical_features: str | list | None = "from_dtype"
    lr = 0.0003

    _feels_scales = False  # columns and targets are measured by every task

    _default_module = torch.nn.Identity
    _is_calibrated = False  # it knows how far it is right
    _reader_class = TableRows
    _training_class = _WithoutTraining
    _serving_class = ServedInContext

    @property
    def columns_(self):
        """Columns that are categorical, and their categories."""
        check_is_fitted(self)
        return self.rows_.columns

    @property
    def n_rows_encoded_(self):
        """Rows of the current task that the last encoding has seen."""
        if "task_" not in vars(self):
            raise AttributeError("n_rows_encoded_ is there once a task is: adapt(X, y) first.")
        return self.task_.n_encoded

    def _learner_settings(self):
        weights, architecture = weights_file(self._codec_class.task_type, self.pretrained)
        categorical = self.rows_.columns.is_categorical.tolist()
        return super()._learner_settings() | {"weights": weights, "categorical": categorical, **architecture}

    @documented_like(MetaEstimator.explain)
    def explain(self, X):
        """Say which columns and which rows of the current task carried the answers.

        Returns
        -------
        explanation : Bunch
            ``columns`` : ndarray of shape (n_rows, n_features) - by how much the prediction, or the log-probability of
            the predicted class, falls when the cell is hidden, so that only the others speak.

            ``support`` : ndarray of shape (n_rows, n_support) - what each labelled row of the task adds to the
            prediction of the kernel machines under the network, or to the score that they give the predicted class.
            With the support's mean these sum to it. Several targets have one more axis at the end.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmeta import InContextClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> why = InContextClassifier().fit(X, y).explain(X[:2])
        >>> why.columns.shape, why.support.shape
        ((2, 4), (2, 150))
        """
        return attribution(self, X)


class InContextClassifier(_InContext, MetaClassifier):
    """Answers from the labelled rows in one forward pass of a network trained on synthetic tables.

    ``fit(X, y)`` trains nothing: the support is encoded once, and a prediction costs the queries only. Under the
    network lie closed-form kernel machines; their leave-one-out scores on the support tell it whom to trust. Columns
    may hold numbers, strings, categories and missing values.

    Of more than 1,024 rows, two parts of 512 to 768 are encoded, and trees that grow on all rows take part: each
    is believed as far as its answers about rows that it has not seen are right.

    ``partial_fit`` appends few further rows to an encoded support: the kernel machines are updated exactly for the
    metric they have learned, keys and values of the new rows are added, and what was measured on all rows together
    (means, ranks, the relevance of columns, trust in each machine) stays. Answers are close to those of a fit on all
    rows, not equal. When the support has grown by more than a quarter since, when it has 64 rows or fewer, when trees
    take part, or when a new class or category comes, or a number farther outside the range of its encoded column (or
    of the targets) than that range is wide, it is encoded anew, and answers are those of a fit on all rows.

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


class InContextRegressor(_InContext, ProbabilisticRegressor):
    """Answers with a predictive distribution in one forward pass of a network trained on synthetic tables.

    As :class:`InContextClassifier`; the answer is a mixture of Gaussians around the mean of closed-form kernel
    machines. Several targets are answered one by one. Of more than 1,024 rows one part is encoded, beside the trees.

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
    _ask_distribution = "predict_mixture"

    def sample_y(self, X, n_samples=1, random_state=0):
        """Targets that rows of the current task might have, drawn from the predictive distribution of each.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        y : ndarray of shape (n_rows, n_samples) or (n_rows, n_targets, n_samples)

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skmeta import InContextRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> InContextRegressor().fit(X[:200], y[:200]).sample_y(X[200:203], n_samples=5).shape
        (3, 5)
        """
        if is_tasks(X):
            raise TypeError("sample_y draws for rows of the current task: adapt(X, y), then sample_y(X).")
        rng = check_random_state(random_state)
        flat, _ = self._answers(X, None, ask=self._ask_distribution, decode=lambda out, _: out)
        share, means, scales = self._mixture(flat)
        place = rng.uniform(size=(*share.shape[:2], n_samples, 1))
        chosen = (place > share.cumsum(-1)[:, :, None, :-1]).sum(-1)
        means, scales = (np.take_along_axis(values, chosen, 2) for values in (means, scales))
        drawn = rng.normal(means, scales) * self.codec_.scale[:, None] + self.codec_.mean[:, None]
        return drawn[:, 0] if self.codec_.is_flat else drawn

    def _mixture(self, flat):
        """Shares, means and standard deviations of Gaussians, each (n_rows, n_targets, n_components), standardised."""
        mixture = flat.reshape(len(flat), 3, self.codec_.n_outputs, -1).astype(np.float64)
        share = np.exp(mixture[:, 0])
        return share / share.sum(-1, keepdims=True), mixture[:, 1], np.exp(mixture[:, 2])

    def _of_distribution(self, flat, quantiles):
        share, means, scales = self._mixture(flat)
        unit, origin = self.codec_.scale, self.codec_.mean  # last, for squares of large targets have no number
        if quantiles is not None:
            answer = mixture_quantiles(share, means, scales, quantiles) * unit[:, None] + origin[:, None]
            return answer[:, 0] if self.codec_.is_flat else answer
        mean = (share * means).sum(-1)
        std = np.sqrt((share * (scales**2 + (means - mean[..., None]) ** 2)).sum(-1)) * unit
        mean = mean * unit + origin
        return (mean[:, 0], std[:, 0]) if self.codec_.is_flat else (mean, std)


def mixture_quantiles(share, means, scales, quantiles, steps=60):
    """Quantiles (..., q) of mixtures of Gaussians (..., n_components), by bisection."""
    quantiles = quantile_levels(quantiles)
    shape = (*share.shape[:-1], len(quantiles))
    low = np.broadcast_to((means - 10 * scales).min(-1)[..., None], shape).copy()
    high = np.broadcast_to((means + 10 * scales).max(-1)[..., None], shape).copy()
    for _ in range(steps):
        middle = (low + high) / 2
        below = (share[..., None, :] * ndtr((middle[..., None] - means[..., None, :]) / scales[..., None, :])).sum(-1)
        is_low = below < quantiles
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return (low + high) / 2
