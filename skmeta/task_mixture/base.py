"""What the two task mixtures share: the table around the mixture, its tasks and their names."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmeta.documentation import documented_like
from skmeta.estimators.base.answers import score
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.parameters import check_settings
from skmeta.estimators.base.rows import refuse_no_rows, require_labels
from skmeta.inspection.task_geometry import TaskGeometry, changes
from skmeta.preprocessing.table_encoder import TableEncoder
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.task_mixture import member_names
from skmeta.task_mixture.first_table import learn_table
from skmeta.task_mixture.further_rows import forget_opened, refuse_other_classes, show_rows
from skmeta.task_mixture.trust import labelled
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.ids import find_task_ids, names_of_columns
from skmeta.transaction import forget, transaction


class TaskMixture(Savable, LinkedToReference, BaseEstimator):
    """The scikit-learn face of a :class:`~.mixture.Mixture`: it encodes tables and names tasks.

    A table of nested groups is a table of its widest groups as well: a second mixture, over those, answers an inner
    group never seen inside one that was. Every target has a mixture of its own.

    Parameters
    ----------
    meta : sequence of estimators, default=()
        Meta-learners of this library that take part.
    cv : int, default=5
        Folds of the two cross-validations, over tasks and over rows. With up to three times as many tasks as folds,
        tasks are held out one by one whatever it is.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    n_jobs : int, default=None
        Threads that fit members; the answers do not depend on it.
    verbose : int, default=0
        Whether progress is shown (a bar where tqdm is installed).
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    members_ : list of str
        The models that new tasks are answered by.
    weights_new_ : DataFrame of shape (n_sizes, n_members)
        The trust in each member for tasks that the table does not have, by the rows they have shown.
    weights_known_ : DataFrame of shape (n_sizes, n_members)
        The same for tasks of the table; after the members come trees with the task as a feature. Of more than 30,000
        rows, these are the tasks that were learned from; others are answered as new ones that have shown their rows.
    weights_ahead_ : DataFrame of shape (n_sizes, n_members)
        The same for rows of these tasks, and of all others of the table of ``fit``, that are later than all that their
        task has shown: where rows lie in the order of a column, such as weeks or ages, or the tasks share its values.
        Where they share them, only rows beyond those of all tasks of that table are later.
        Of numbers, pooled models take part that go on from the task's last row; trees with the task do not.
    adapted_tasks_ : ndarray
        Ids of the tasks whose rows have been seen.
    task_names_in_ : list of str or None
        The columns that name tasks.
    encoder_ : TableEncoder
    shift_ : ndarray of shape (n_encoded,)
        What is taken off the encoded columns: the means of those that lie far from zero for their spread, such as
        seconds since 1970, whose squares would lose the digits that differ, and 0 for the others.
    n_features_in_ : int
        Without the columns that name tasks.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the table came with string column names.
    """

    __metadata_request__fit = {"task": True, "groups": False}  # the groups of a splitter are other ones
    __metadata_request__partial_fit = {"task": True}
    __metadata_request__predict = {"task": True}
    __metadata_request__score = {"task": True}

    def __init__(
        self,
        pooled="default",
        *,
        per_task=None,
        meta=(),
        cv=5,
        task=None,
        n_jobs=None,
        verbose=0,
        random_state=None,
    ):
        self.pooled = pooled
        self.per_task = per_task
        self.meta = meta
        self.cv = cv
        self.task = task
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = TableEncoder().__sklearn_tags__().input_tags
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_")

    # ------------------------------------------------------------------ fitting

    def fit(self, X, y=None, sample_weight=None, *, task=None, groups=None):
        """Fit all members, and learn from held-out tasks and held-out rows how far to trust each.

        A call that fails or is interrupted leaves the estimator as it was.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or collection of tasks
            Mixed tables are encoded by a :class:`~skmeta.preprocessing.TableEncoder`.
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None
            How much rows count beside each other: a row of twice the weight counts twice, one of weight 0 is not there.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, or the name of the DataFrame column (columns) that says so. None is the
            parameter of the same name or, if that is None too, one single task.
        groups : array-like of shape (n_rows,), default=None
            Which rows of a task belong together, such as repeated measures of one visit: they are held out together,
            and members are trusted by what they answer to rows of groups that they have not seen.

        Returns
        -------
        self : object
        """
        check_settings(self)
        from_tasks = is_tasks(X)
        if from_tasks:
            if sample_weight is not None or groups is not None:
                raise ValueError("sample_weight and groups are of rows: give the tasks as one long table, with task=.")
            X, y, task = as_taskset(X).to_long()
        elif task is None:
            task = self.task
        require_labels(self, X, y)
        with transaction(self, keep_fitted=False) as draft:
            draft.from_tasks_, draft.task_names_in_ = from_tasks, names_of_columns(X, task)
            X, ids = find_task_ids(X, task)
            learn_table(draft, X, y, sample_weight, ids, groups)
        return self

    # ------------------------------------------------------------------ more rows

    def partial_fit(self, X, y, classes=None, sample_weight=None, *, task=None):
        """Add rows to known tasks and open new ones; members and weights stay as they are.

        A row costs what its task has shown, not what all have. On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : array-like, default=None
            Labels that rows may have; all tasks share the classes of ``fit``, so others cannot be declared.
        sample_weight : array-like of shape (n_rows,), default=None
            In the unit of those that ``fit`` was given or, of the current task, of those of its first rows.
        task : array-like of shape (n_rows,), str or list of str, default=None
            None looks for the column named in ``fit``; where there is none, rows are added to the current task, which
            has no name, and which ``predict(X)`` answers for.

        Returns
        -------
        self : object
        """
        if classes is not None:
            refuse_other_classes(self, np.asarray(y), np.asarray(classes))
        if not hasattr(self, "encoder_"):
            return self.fit(X, y, sample_weight, task=task)
        with transaction(self) as draft:
            X, ids = find_task_ids(X, task, self.task_names_in_)
            show_rows(draft, X, y, sample_weight, ids)
        return self

    def adapt(self, X=None, y=None, sample_weight=None, *, task=None):
        """Turn to a new current task: the rows of the one before are forgotten, then these are shown.

        Rows that say which task they are of take the place of what those tasks have shown since fitting.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            None is a task of which no row has been seen.
        y : array-like of shape (n_rows,), default=None
        sample_weight : array-like of shape (n_rows,), default=None
            As ``partial_fit`` has it.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; None looks for the column named in ``fit``.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        with transaction(self) as draft:
            forget(draft, "current_weight_unit_")
            draft.places_, before, _ = self.places_.with_new_current_task()
            if before is not None:
                draft.mixtures_ = [mixture.without(before) for mixture in self.mixtures_]
            if X is not None:
                X, ids = find_task_ids(X, task, self.task_names_in_)
                if ids is not None:
                    forget_opened(draft, ids)
                show_rows(draft, X, y, sample_weight, ids)
                if sample_weight is not None:  # which has been looked at
                    refuse_no_rows(sample_weight)
        return self

    @property
    def adapted_tasks_(self):
        """Ids of the tasks whose rows have been seen."""
        check_is_fitted(self)
        return self.places_.ids

    @property
    def members_(self):
        """The models that new tasks are answered by."""
        check_is_fitted(self)
        return member_names.of_new_tasks(self.mixtures_[0])

    @property
    def weights_new_(self):
        """The trust in each member for new tasks, by the rows they have shown."""
        check_is_fitted(self)
        return labelled([(one.weights_new, member_names.of_new_tasks(one)) for one in self.mixtures_])

    @property
    def weights_known_(self):
        """The trust in each member, and in pooled models that see the task, for tasks of the table."""
        check_is_fitted(self)
        return labelled([(one.weights_known, member_names.of_known_tasks(one)) for one in self.mixtures_])

    @property
    def weights_ahead_(self):
        """The trust in each of these for rows that are later than the table."""
        check_is_fitted(self)
        if self.mixtures_[0].ahead is None:
            raise AttributeError(
                "There is no column that tells the time of the tasks' rows, whose end others could lie ahead of: let "
                "rows come in the order of time, and of columns that tell it in different orders keep one."
            )
        return labelled([(one.ahead.weights, member_names.of_rows_ahead(one)) for one in self.mixtures_])

    @available_if(lambda self: hasattr(self, "encoder_"))
    def _sk_visual_block_(self):
        """scikit-learn's picture of a fitted estimator: its members side by side, as those of a vote are drawn."""
        members = self.mixtures_[0].members
        drawn = [("pooled", one) for one in members.pooled]
        drawn += [("with the task", one) for one in members.joint]
        drawn += [] if members.own is None else [("task's own", members.own)]
        drawn += [("meta-learned", one) for one in members.metas]
        return FeatureUnion(drawn)._sk_visual_block_()

    # ------------------------------------------------------------------ where tasks lie

    @property
    def task_embedding_(self):
        """(n_tasks, n_answers): the change that each of ``adapted_tasks_`` makes to the common answers.

        All are asked about the same rows, a hundred spread evenly over the table. The functions of
        :mod:`skmeta.inspection` of the same names ask about rows of the user's choice.
        """
        if vars(self).get("probes_") is None:
            raise AttributeError("How tasks differ is known after fit(X, y, task=ids).")
        return changes(self, self.probes_)

    task_shift_, task_similarity = TaskGeometry.task_shift_, TaskGeometry.task_similarity

    @documented_like(MetaEstimator.score)
    def score(self, X, y=None, sample_weight=None, *, task=None):
        """Accuracy or R2 of the answers to rows, or over many tasks, as the learners count them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or collection of tasks
            Tasks without query rows show five of their rows, always the same, and answer the others.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, as for ``predict``.
        """
        return score(self, self._codec_class, X, y, sample_weight, task, per_class=False)
