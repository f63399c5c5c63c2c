"""SimpleShot (Wang, Chao, Weinberger & van der Maaten, 2019)."""

import torch

from skmeta.learners.base import Learner, hide_absent_classes, sums_of_classes


class SimpleShot(Learner):
    """A class is the mean of its rows, which have been centred and scaled to unit length; a row goes to the nearest.

    ``logit_c(x) = -s * |u(x) - p_c|^2`` with ``u(x) = (f(x) - m) / |f(x) - m|``, ``m`` the mean embedding of the
    meta-training rows and ``p_c`` the weighted mean of the class's ``u``. In training the centre is that of the
    episode's own rows, and its running mean is kept for use.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    scale : float or "learn"
        s; "learn" trains its logarithm, starting from 10.

    References
    ----------
    Y. Wang, W.-L. Chao, K. Q. Weinberger, L. van der Maaten. "SimpleShot: Revisiting Nearest-Neighbor Classification
    for Few-Shot Learning". 2019.
    """

    task_type = "classification"

    def __init__(self, body, n_features_in, n_outputs=None, *, scale="learn"):
        super().__init__(body, n_features_in, n_outputs)
        start = torch.tensor(10.0 if scale == "learn" else float(scale))
        self.log_scale = torch.nn.Parameter(start.log(), requires_grad=scale == "learn")
        self.register_buffer("centre", torch.zeros(self.n_embedding))
        self.register_buffer("n_seen", torch.zeros(()))

    def embed(self, X):
        """Rows (T, n, d) as centred embeddings (T, n, e) of unit length."""
        embedded = super().embed(X)
        centre = self.centre
        if self.training:
            centre = embedded.mean((0, 1))
            self.n_seen += 1
            self.centre += (centre.detach() - self.centre) / self.n_seen
        return torch.nn.functional.normalize(embedded - centre, dim=-1)

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        return sums_of_classes(self.embed(support_X), support_y, class_mask.shape[1], support_weight)

    def adapt_to_sums(self, sums, class_mask=None):
        """Class means (T, C, e) and the classes (T, C) that have rows."""
        count, total = sums
        return total / count[..., None].clamp(min=1e-12), class_mask & (count > 0)

    def predict(self, state, query_X):
        """Logits (T, m, C)."""
        means, seen = state
        distance = torch.cdist(self.embed(query_X), means, compute_mode="donot_use_mm_for_euclid_dist")
        return hide_absent_classes(-self.log_scale.exp() * distance.square(), seen)
