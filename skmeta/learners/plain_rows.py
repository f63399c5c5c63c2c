"""What the rows of a task say without anything learned before: multinomial logistic regression, held to be modest."""

import torch

from skmeta.learners.base import Learner, hide_absent_classes
from skmeta.learners.linear_heads import counts, logistic_heads, with_bias_column
from skmeta.nets import Standardize

#: pulls to zero that are tried, in rows
PULLS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class PlainRows(Learner):
    """A linear classifier on standardised rows, pulled to equal chances as strongly as rows held out ask for.

    Parameters
    ----------
    n_features_in : int
    n_outputs : int
        Classes that all tasks share.
    """

    task_type = "classification"
    cold_start = True

    def __init__(self, n_features_in, n_outputs):
        super().__init__(Standardize(n_features_in), n_features_in, n_outputs)
        self.register_buffer("pull", torch.ones(()))

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Heads (T, C, d + 1), biases last, and the class mask."""
        return self._heads(support_X, support_y, counts(support_weight), class_mask, float(self.pull)), class_mask

    def _heads(self, X, y, weight, class_mask, pull):
        features = with_bias_column(self.embed(X))
        start = features.new_zeros(class_mask.shape[1], features.shape[-1])
        return logistic_heads(features, y, weight, class_mask, start, pull)

    def predict(self, state, query_X):
        heads, class_mask = state
        return hide_absent_classes(with_bias_column(self.embed(query_X)) @ heads.transpose(1, 2), class_mask)

    @torch.no_grad()
    def find_pull(self, X, y, folds, n_classes):
        """Choose the pull by what heads say of rows that they were fitted without.

        Parameters
        ----------
        X : (n, d) tensor
        y : (n,) int64 tensor
        folds : (n,) int64 tensor
            The fold of each row; -1 for a row that is never held out.
        n_classes : int

        Returns
        -------
        log_chances : (n_held_out, C) tensor
            Of the rows held out, in their order, by heads of the chosen pull.
        """
        n_folds, held_out = int(folds.max()) + 1, folds >= 0
        without = (folds != torch.arange(n_folds, device=X.device)[:, None]).to(X.dtype)
        many = [part.expand(n_folds, *part.shape) for part in (X, y)]
        class_mask = torch.ones(n_folds, n_classes, dtype=torch.bool, device=X.device)
        own = folds[held_out]
        best, chosen = torch.inf, None
        for pull in PULLS:
            heads = self._heads(*many, without, class_mask, pull)
            rows = with_bias_column(self.embed(X[held_out][None]))[0]
            said = torch.einsum("nd,ncd->nc", rows, heads[own]).log_softmax(-1)
            loss = -said.gather(1, y[held_out, None]).mean()
            if loss < best:
                best, chosen = loss, said
                self.pull.fill_(pull)
        return chosen
