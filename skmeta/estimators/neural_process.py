"""Neural processes as a scikit-learn regressor."""

from skmeta.estimators.base.regressor import ProbabilisticRegressor
from skmeta.learners.neural_process import NeuralProcess


class NeuralProcessRegressor(ProbabilisticRegressor):
    """A network that has learned to condition: rows in, predictive mean and standard deviation out.

    What a Gaussian process does by a kernel, learned from tasks: adapting is one forward pass, and ``predict`` takes
    ``return_std=True``. It answers before a task's first row (``adapt()``).

    Parameters
    ----------
    attention : bool, default=True
        Whether each query row attends to the support rows (attentive neural process) or all see their mean
        (conditional neural process).
    n_hidden : int, default=64
        Size of the codes of rows.
    n_heads : int, default=4
        Heads of the attention.
    n_shots : int or (low, high), default=(0, 10)
        Support rows of a training episode. Over a range, the answers after few rows and after many are trained.

    References
    ----------
    M. Garnelo et al. "Conditional Neural Processes". ICML 2018.
    H. Kim et al. "Attentive Neural Processes". ICLR 2019.

    Examples
    --------
    >>> from skmeta import NeuralProcessRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = NeuralProcessRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> mean, std = meta.adapt(task.X, task.y).predict(task.X_query, return_std=True)
    >>> mean.shape == std.shape == task.y_query.shape
    True
    """

    attention: bool = True
    n_hidden: int = 64
    n_heads: int = 4
    n_shots = (0, 10)

    _learner_class = NeuralProcess
