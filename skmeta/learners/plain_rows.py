"""What the rows of a task say without anything learned before: multinomial logistic regression, held to be modest."""

import torch

from skmeta.learners.base import Learner, hide_absent_classes
from skmeta.learners.linear_heads import counts, logistic_heads, with_bias_column
from skmeta.nets import Standardize

#: pulls to zero that are tried, in rows
PULLS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


# A bias is a weight on a column of this height, so that the pull hardly holds it: what is left are classes' shares
_BIAS = 10.0


class PlainRows(Learner):
    """A linear classifier on standardised rows, pulled to the classes' shares as strongly as rows held out ask for.

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
        rows = self.embed(support_X), support_y, counts(support_weight), class_mask
        return self._heads(*rows, float(self.pull)), class_mask

    def _heads(self, X, y, weight, class_mask, pull):
        features = with_bias_column(X, _BIAS)
        start = features.new_zeros(class_mask.shape[1], features.shape[-1])
        heads = logistic_heads(features, y, weight, class_mask, start, pull)
        heads[..., -1] *= _BIAS
        return heads

    def predict(self, state, query_X):
        heads, class_mask = state
        return hide_absent_classes(with_bias_column(self.embed(query_X)) @ heads.transpose(1, 2), class_mask)

    def answerer(self, state):
        heads, class_mask = (part[0] for part in state)
        bias = heads[:, -1:].masked_fill(~class_mask[:, None], -torch.inf)
        weight = heads[:, :-1]
        return lambda X: torch.addmm(bias, weight, self.body(X).t())

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
        logits : (n_held_out, C) tensor
            Of the rows held out, in their order, by heads of the chosen pull.
        """
        n_folds, held_out = int(folds.max()) + 1, folds >= 0
        rows, own = self.embed(X[None])[0], folds[held_out]
        # every pull without every fold is a task of its own, and all are solved together
        n_tasks = len(PULLS) * n_folds
        without = (folds != torch.arange(n_folds, device=X.device)[:, None]).to(X.dtype).repeat(len(PULLS), 1)
        pulls = torch.tensor(PULLS, dtype=X.dtype, device=X.device)
        many = [part.expand(n_tasks, *part.shape) for part in (rows, y)]
        class_mask = torch.ones(n_tasks, n_classes, dtype=torch.bool, device=X.device)
        heads = self._heads(*many, without, class_mask, pulls.repeat_interleave(n_folds)).unflatten(0, (-1, n_folds))
        logits = torch.einsum("nd,kncd->knc", with_bias_column(rows[held_out]), heads[:, own])
        truth = y[held_out, None].expand(len(PULLS), -1, 1)
        best = logits.log_softmax(-1).gather(2, truth).sum((1, 2)).argmax()
        self.pull.copy_(pulls[best])
        return logits[best]
