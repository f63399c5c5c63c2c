"""Which of pooled, per-task and meta-learned classifiers to trust, by how much a task has shown."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skmeta.documentation import documented, documented_like
from skmeta.estimators.base.answers import object_array
from skmeta.estimators.base.classes import Classes, refuse_other_kind
from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.rows import place_of_row
from skmeta.task_mixture.answers import answers_to_rows, answers_to_tasks
from skmeta.task_mixture.base import TaskMixture
from skmeta.tasks import as_taskset, is_tasks

_MOST_TREES = 300


@documented
class TaskMixtureClassifier(ClassifierMixin, TaskMixture):
    """Pooled models, per-task models and what tasks add to the common model, trusted by what held-out tasks say.

    For classes that all tasks share. Effects of tasks are on the log odds.

    Parameters
    ----------
    pooled : classifier, list of classifiers or "default", default="default"
        Models of all rows together, with ``predict_proba``; "default" is logistic regression and histogram gradient
        boosting, the latter also with the task as a feature. The class shares are always among them. Around each of
        them, random intercepts, slopes and smooth curves of the tasks are estimated.
    per_task : classifier or None, default=None
        Fitted to each task's rows alone, as one more member.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    N. M. Laird, J. H. Ware. "Random-effects models for longitudinal data". Biometrics 38, 1982.
    D. Boehning. "Multinomial logistic regression algorithm". Ann. Inst. Statist. Math. 44, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmeta import TaskMixtureClassifier
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(20), 20)
    >>> X = rng.normal(size=(400, 2))
    >>> y = np.where(X[:, 0] + 3 * rng.normal(size=20)[site] > 0, "stays", "leaves")
    >>> mixture = TaskMixtureClassifier(LogisticRegression(), random_state=0).fit(X, y, task=site)
    >>> bool(mixture.score(X, y, task=site) > 0.85 > mixture.score(X, y))
    True
    """

    _codec_class = Classes
    score = TaskMixture.score  # scikit-learn's mixin has one too, which knows rows only

    __metadata_request__predict_proba = {"task": True}

    def _shaped_targets(self, y, reset):
        """(n_rows,) labels."""
        y = column_or_1d(y, warn=True)
        Classes.check(y, type(self).__name__, place_of_row)
        return y

    def _learn_targets(self, y):
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs samples of at least 2 classes, but the data has 1 class.")
        return self._coded_targets(y)

    @property
    def _n_outputs(self):
        return len(self.classes_)

    def _coded_targets(self, y):
        """(n_rows, 1) positions of the classes."""
        refuse_other_kind(self.classes_, y, "All tasks of a mixture share the classes that fit saw.")
        place = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[place] != y
        if unknown.any():
            raise ValueError(f"y holds labels that fit never saw: {np.unique(np.asarray(y)[unknown])[:5].tolist()}.")
        return place[:, None]

    def _default_members(self, y):
        # every class has a tree in every round: as many as three classes have learn no less from as few rows
        trees = HistGradientBoostingClassifier(max_iter=int(np.clip(_MOST_TREES // len(self.classes_), 20, 100)))
        pooled = [make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)), trees]
        return pooled, [trees]

    def predict_proba(self, X, *, task=None):
        """Class probabilities in the order of ``classes_``, of rows or of the query rows of many tasks.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or collection of tasks
            Tasks are answered given their support rows; the estimator stays as it is.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; a task never seen gets the answer for tasks without rows. None looks for the
            column named in ``fit``; where there is none, rows belong to the current task, which has no name.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes), or object ndarray of shape (n_tasks,) of such arrays
        """
        if is_tasks(X):
            return object_array([_normalised(p) for (p,) in answers_to_tasks(self, X)])
        return _normalised(answers_to_rows(self, X, task)[0])

    @documented_like(predict_proba)
    def predict(self, X, *, task=None):
        """The likeliest classes of rows, or of the query rows of many tasks.

        Returns
        -------
        y : ndarray of shape (n_rows,), or object ndarray of shape (n_tasks,) of such arrays
        """
        p = self.predict_proba(X, task=task)
        if is_tasks(X):
            return object_array([self.classes_[of_task.argmax(1)] for of_task in p])
        return self.classes_[p.argmax(1)]

    @documented_like(MetaClassifier.task_classes)
    def task_classes(self, tasks):
        """The classes of each task, in the order of the columns of ``predict_proba(tasks)``: those that all share."""
        check_is_fitted(self)
        return object_array([self.classes_ for _ in as_taskset(tasks)])


def _normalised(p):
    return p / p.sum(1, keepdims=True)
