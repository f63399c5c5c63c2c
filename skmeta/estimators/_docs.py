"""The documentation of parameters that all estimators share, written once."""

import re

META_PARAMETERS = """\
    n_ways : int or None, default=None
        Classes in a training episode of tasks that have classes of their own; None takes all (up to 20).
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    verbose : int, default=0
        1 prints a line per epoch.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over."""

LABELS = """\
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``."""

TARGET_SCALING = """\
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units."""

META_ATTRIBUTES = """\
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format."""

CLASSIFIER_ATTRIBUTES = """\
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``."""

REGRESSOR_ATTRIBUTES = """\
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with."""


def complete(doc, is_classifier):
    """A class docstring with the shared parts in place of ``{meta_parameters}`` and ``{meta_attributes}``."""
    parameters = (LABELS if is_classifier else TARGET_SCALING) + "\n" + META_PARAMETERS
    attributes = META_ATTRIBUTES + "\n" + (CLASSIFIER_ATTRIBUTES if is_classifier else REGRESSOR_ATTRIBUTES)
    doc = doc.replace("    {meta_parameters}", _without_known(parameters, doc))
    return doc.replace("    {meta_attributes}", attributes)


def _without_known(entries, doc):
    """Leave out the entries that a class describes itself, because they mean something else there."""
    entries = re.split(r"\n(?=    \S)", entries)
    return "\n".join(entry for entry in entries if "\n" + entry.partition(" :")[0] + " :" not in doc)
