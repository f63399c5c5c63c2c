"""Why the in-context estimators answer as they do: the columns and the support rows behind an answer."""

import numpy as np
import torch
from scipy.special import log_softmax
from sklearn.utils import Bunch


class ExplainMixin:
    """``explain(X)`` for estimators that read missing cells."""

    def explain(self, X):
        """Which columns and which rows of the current task carried the answers.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        explanation : Bunch
            ``columns`` : ndarray of shape (n_rows, n_features) - by how much the log-probability of the predicted
            class (or the prediction of a regressor) falls when the cell is hidden, so that only the others speak.

            ``support`` : ndarray of shape (n_rows, n_support) - what each labelled row of the task adds to the score
            of the predicted class (to the prediction) of the kernel machines under the network. With the support's
            mean these sum to the machines' score. Regressors with several targets have one more axis at the end.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmeta import InContextClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> why = InContextClassifier().fit(X, y).explain(X[:2])
        >>> why.columns.shape, why.support.shape
        ((2, 4), (2, 150))
        """
        state = self._adapted()
        rows = self._validate_X(X, reset=False)
        columns, support = self._explained(rows, state)
        return Bunch(columns=columns, support=support)

    def _hidden_one_by_one(self, rows, ask):
        """``ask`` with every column missing in turn, stacked along axis 1."""
        answers = []
        for j in range(rows.shape[1]):
            hidden = rows.copy()
            hidden[:, j] = np.nan
            answers.append(ask(hidden))
        return np.stack(answers, 1)

    def _raw(self, rows, state):
        with torch.no_grad():
            return self._learner.predict(state, self._tensor(rows)[None])[0].double().cpu().numpy()

    def _row_contributions(self, rows, state):
        return self._learner.explain_rows(state, self._tensor(rows)[None]).double().cpu().numpy()


class ExplainClassesMixin(ExplainMixin):
    def _explained(self, rows, state):
        def ask(X):
            return log_softmax(self._raw(X, state), axis=1)

        whole = ask(rows)
        chosen = whole.argmax(1)
        each = np.arange(len(rows))
        hidden = self._hidden_one_by_one(rows, lambda X: ask(X)[each, chosen])
        return whole[each, chosen][:, None] - hidden, self._row_contributions(rows, state)[0][each, :, chosen]


class ExplainTargetsMixin(ExplainMixin):
    def _explained(self, rows, state):
        def ask(X):
            return self._unscaled(self._raw(X, state))

        columns = ask(rows)[:, None] - self._hidden_one_by_one(rows, ask)
        # one task for each target; contributions are in units of the support's own scale
        support = np.moveaxis(self._row_contributions(rows, state)[..., 0], 0, -1)
        scale = np.stack([part["scale"].double().cpu().numpy()[:, 0, 0] for part in state["parts"]]).mean(0)
        support = support * (scale * self.target_scale_)
        return columns, support[..., 0] if self._targets_1d else support
