"""Any transformer, where a sample is a task."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.rows import stack_rows, take_rows, unwrapped
from skmeta.transaction import transaction


class PerTask(Savable, LinkedToReference, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Lift a transformer of rows to a transformer of tasks.

    Parameters
    ----------
    transformer : transformer
        Any transformer of scikit-learn's kind: a scaler, a ``ColumnTransformer``, a pipeline of such.
    fit_on : {"pooled", "support"}, default="pooled"
        "pooled": fitted once, on the rows of all tasks. "support": a fresh clone for every task, fitted on that
        task's support rows; it must then make the same columns out of every support (give a ``OneHotEncoder`` its
        ``categories``).

    Attributes
    ----------
    transformer_ : transformer
        The fitted transformer; only there with ``fit_on="pooled"`` or after a fit on plain rows.
    n_features_in_ : int
        Number of features seen in ``fit``.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmeta import PerTask, ProtoNetClassifier
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters().sample(10, random_state=0)
    >>> meta = make_pipeline(PerTask(StandardScaler()), ProtoNetClassifier(max_epochs=1)).fit(tasks)
    >>> len(meta.predict(tasks))
    10
    """

    def __init__(self, transformer, *, fit_on="pooled"):
        self.transformer = transformer
        self.fit_on = fit_on

    def fit(self, X, y=None):
        """Fit the transformer on pooled rows; with ``fit_on="support"`` on a task set there is nothing to do yet.

        Parameters
        ----------
        X : collection of tasks, or array-like of shape (n_rows, n_features)
            Plain rows make this an ordinary transformer.
        y : array-like, default=None
            Labels of plain rows; ignored where ``X`` holds tasks, whose labels may mean different things.

        Returns
        -------
        self : object
        """
        if not isinstance(self.fit_on, str) or self.fit_on not in ("pooled", "support"):
            raise ValueError(f"fit_on must be 'pooled' or 'support', got {self.fit_on!r}.")
        if not hasattr(self.transformer, "transform") or isinstance(self.transformer, type):
            raise ValueError(
                f"transformer must be a transformer of scikit-learn's kind, such as StandardScaler(), got "
                f"{self.transformer!r}."
            )
        with transaction(self, keep_fitted=False) as draft:
            if not is_tasks(X):
                X = unwrapped(X)
                draft.transformer_ = clone(self.transformer).fit(X, y)
                draft.n_features_in_ = X.shape[1] if hasattr(X, "shape") else len(X[0])
            else:
                tasks = as_taskset(X)
                if self.fit_on == "pooled":
                    draft.transformer_ = clone(self.transformer).fit(tasks.pooled[0])
                draft.n_features_in_ = tasks.n_features
        return self

    def transform(self, X):
        """Transform every task's rows, or plain rows.

        Parameters
        ----------
        X : collection of tasks, or array-like of shape (n_rows, n_features)

        Returns
        -------
        X_new : TaskSet, or whatever the transformer returns for plain rows
        """
        check_is_fitted(self, "n_features_in_")
        if is_tasks(X):
            tasks = as_taskset(X)
            if hasattr(self, "transformer_"):
                return tasks.with_rows(self.transformer_.transform(tasks.pooled[0]))
            return self._transform_each(tasks)
        if not hasattr(self, "transformer_"):
            raise ValueError(
                "PerTask(fit_on='support') has no transformer for rows outside of a task. Put the pipeline into a "
                "FewShotClassifier or FewShotRegressor, whose fit(X, y) says which rows are the support."
            )
        return self.transformer_.transform(unwrapped(X))

    def _transform_each(self, tasks):
        X, _ = tasks.pooled
        ends = np.cumsum(tasks.n_rows)
        blocks = []
        for start, end, n_support in zip(ends - tasks.n_rows, ends, tasks.n_support):
            fitted = self.for_task(take_rows(X, slice(start, start + n_support)))
            blocks.append(fitted.transform(take_rows(X, slice(start, end))))
        widths = {block.shape[1] for block in blocks}
        if len(widths) > 1:
            raise ValueError(
                f"Fitted on each support, {type(self.transformer).__name__} made {sorted(widths)} columns of different "
                "tasks. Use fit_on='pooled', or fix what it learns (the categories of a OneHotEncoder)."
            )
        return tasks.with_rows(stack_rows(blocks))

    def for_task(self, X):
        """The plain transformer for a task with support rows ``X``: the pooled one, or a clone fitted on them.

        Parameters
        ----------
        X : array-like of shape (n_support, n_features)

        Returns
        -------
        transformer : fitted transformer
        """
        return self.transformer_ if hasattr(self, "transformer_") else clone(self.transformer).fit(X)

    def set_output(self, *, transform=None):
        """Set the output container of the transformer.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None

        Returns
        -------
        self : object
        """
        self.transformer.set_output(transform=transform)
        if hasattr(self, "transformer_"):
            self.transformer_.set_output(transform=transform)
        return self

    def get_feature_names_out(self, input_features=None):
        """Names of the transformed columns.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        names : ndarray of str
        """
        check_is_fitted(self, "transformer_")
        return self.transformer_.get_feature_names_out(input_features)
