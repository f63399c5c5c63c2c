"""Bayesian linear regression on learned features as a scikit-learn regressor."""

from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.mixed_start import start_from_mixed_model
from skmeta.estimators.base.regressor import ProbabilisticRegressor
from skmeta.learners.bayesian_head import BayesianHead
from skmeta.tasks.store import TaskStore


class BayesianHeadRegressor(ProbabilisticRegressor):
    """Bayesian linear regression on learned features, with a prior learned over tasks.

    A deep mixed-effects model: features and the prior of their weights are common to all tasks, the posterior is each
    task's own and exact. Training starts from the mixed-effects model of the untrained features, found in closed form;
    by default the inputs themselves are among them, so that it begins as the linear mixed model and what the network
    adds. It says how sure it is (``return_std``), answers before a task's first row (``adapt()``), and
    ``partial_fit`` costs the same however many rows came before.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows to features, to which a constant is added; None is a small :class:`~skmeta.nets.MLP`
        beside the standardised rows themselves.
        ``torch.nn.Identity`` makes it a linear mixed-effects model with correlated random slopes.
    n_shots : int or (low, high), default=(0, 10)
        Support rows of a training episode; with zeros among them, the answer before the first row is trained too.

    Attributes
    ----------
    noise_std_ : ndarray of shape (n_targets,)
        Standard deviation of the targets' noise.

    References
    ----------
    J. Harrison, A. Sharma, M. Pavone. "Meta-Learning Priors for Efficient Online Bayesian Regression". WAFR 2018.

    Examples
    --------
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.tasks.families import LinearFamily
    >>> tasks = LinearFamily(n_features=4).sample(40, random_state=0)
    >>> meta = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(tasks[:39])
    >>> new = tasks[39]
    >>> _, before = meta.adapt().predict(new.X_query, return_std=True)
    >>> _, after = meta.partial_fit(new.X, new.y).predict(new.X_query, return_std=True)
    >>> bool((after < before).all())
    True
    """

    n_shots = (0, 10)

    _learner_class = BayesianHead
    _default_module_parameters = {"activate_output": True, "keep_input": True}

    @property
    def noise_std_(self):
        """Standard deviation of the targets' noise, in the user's units."""
        check_is_fitted(self)
        return self.served_.bare.log_noise.exp().cpu().numpy() * self.target_scale_

    def _start(self, learner, train):
        if isinstance(learner, BayesianHead) and isinstance(train, TaskStore):
            start_from_mixed_model(learner, train)
