"""Linear heads as solutions of convex problems, differentiable in the features they are fitted to.

Each function fits one linear map per task, all tasks at once, and minimises

    1/2 |W|^2 + sum_i w_i loss(W' z_i + o_i, y_i)

over W (T, e, C), with features z (T, n, e), row weights w (T, n) and given offsets o (T, n, C). A regularisation other
than 1 is the same problem with features divided by its root. Rows of weight 0 change nothing.
"""

from skmeta.learners.convex.logistic import fit_logistic
from skmeta.learners.convex.ridge import answer_ridge, fit_ridge
from skmeta.learners.convex.svm import fit_svm

__all__ = ["answer_ridge", "fit_logistic", "fit_ridge", "fit_svm"]
