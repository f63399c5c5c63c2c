"""The competitors of ``related_tables.py``: fit on a long table, answer new tasks from K rows, or known tasks."""

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler, TargetEncoder

import skmeta
from skmeta.estimators.base.current_task import answers_without_rows
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.preprocessing import TableEncoder


@dataclass(frozen=True)
class Table:
    X: pd.DataFrame
    y: np.ndarray
    task: np.ndarray

    def __add__(self, other):
        X = pd.concat([self.X, other.X], ignore_index=True)
        return Table(X, np.concatenate([self.y, other.y]), np.concatenate([self.task, other.task]))


class Method:
    classifies = regresses = True

    def __init__(self, kind):
        self.kind = kind

    def fit(self, table):
        self.table = table
        self.classes = None if self.kind == "regression" else np.unique(table.y)
        self.encoder = make_pipeline(TableEncoder(), StandardScaler()).fit(table.X)
        self.fit_rows(self.encoder.transform(table.X), table.y, table.task)
        return self

    def answers(self, model, X):
        """Predictions, or probabilities in the order of all classes."""
        if self.classes is None:
            return model.predict(X)
        p = np.zeros((len(X), len(self.classes)))
        p[:, np.searchsorted(self.classes, model.classes_)] = model.predict_proba(X)
        return p

    def answer_known(self, asked):
        return self.answer_new(None, asked)


class PooledLinear(Method):
    def fit_rows(self, X, y, task):
        linear = Ridge() if self.classes is None else LogisticRegression(max_iter=500)
        self.model = linear.fit(X, y)

    def answer_new(self, shown, asked):
        return self.answers(self.model, self.encoder.transform(asked.X))


class PooledTrees(Method):
    def fit_rows(self, X, y, task):
        trees = HistGradientBoostingRegressor if self.classes is None else HistGradientBoostingClassifier
        self.model = trees(random_state=0).fit(X, y)

    answer_new = PooledLinear.answer_new


class TreesWithTask(Method):
    """The task is a category; above 255 tasks, a cross-fitted target encoding.

    The rows that new tasks show join the training rows.
    """

    def fit_rows(self, X, y, task):
        many = len(set(task)) > 255
        trees = HistGradientBoostingRegressor if self.classes is None else HistGradientBoostingClassifier
        if many:
            kind = "continuous" if self.classes is None else "binary" if len(self.classes) == 2 else "multiclass"
            self.of_task = TargetEncoder(target_type=kind, random_state=0)
            column = self.of_task.fit_transform(task[:, None], y)
            self.model = trees(random_state=0)
        else:
            self.of_task = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
            column = self.of_task.fit_transform(task[:, None])
            self.model = trees(random_state=0, categorical_features=[0])
        self.model.fit(np.hstack([column, X]), y)

    def answer_known(self, asked):
        column = self.of_task.transform(asked.task[:, None])
        return self.answers(self.model, np.hstack([column, self.encoder.transform(asked.X)]))

    def answer_new(self, shown, asked):
        if not len(shown.y):
            return self.answer_known(asked)
        return TreesWithTask(self.kind).fit(self.table + shown).answer_known(asked)


class PerGroup(Method):
    """One model for each group; the pooled linear model where a group has not rows (classes) enough."""

    def fit_rows(self, X, y, task):
        self.pooled = PooledLinear(self.kind).fit(self.table)

    def answer_known(self, asked):
        return self.answer_new(self.table, asked)

    def answer_new(self, shown, asked):
        out = self.pooled.answer_new(None, asked)
        X, X_asked = self.encoder.transform(shown.X) if len(shown.y) else None, self.encoder.transform(asked.X)
        for name in np.unique(shown.task):
            mine, wanted = shown.task == name, asked.task == name
            if wanted.any() and mine.sum() >= 2 and (self.classes is None or len(set(shown.y[mine])) > 1):
                model = self.new_model(int(mine.sum())).fit(X[mine], shown.y[mine])
                out[wanted] = self.answers(model, X_asked[wanted])
        return out


class PerGroupLinear(PerGroup):
    def new_model(self, n_rows):
        return Ridge() if self.classes is None else LogisticRegression(max_iter=200)


class PerGroupNeighbors(PerGroup):
    def new_model(self, n_rows):
        k = min(5, n_rows)
        return KNeighborsRegressor(k) if self.classes is None else KNeighborsClassifier(k)


class GroupedWithShrinkage(Method):
    """scikit-lego's GroupedPredictor: ridge per group and overall, weighed equally."""

    classifies = False

    def fit_rows(self, X, y, task):
        from sklego.meta import GroupedPredictor

        self.model = GroupedPredictor(Ridge(), groups=["task"], shrinkage="equal", use_global_model=True)
        self.model.fit(self.frame(X, task), y)

    def frame(self, X, task):
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(task=task)

    def answer_known(self, asked):
        return self.model.predict(self.frame(self.encoder.transform(asked.X), asked.task))

    def answer_new(self, shown, asked):
        if not len(shown.y):
            return PooledLinear(self.kind).fit(self.table).answer_new(None, asked)
        model = copy.copy(self)
        table = self.table + shown
        model.fit_rows(self.encoder.transform(table.X), table.y, table.task)
        return model.answer_known(asked)


class MixedModel(Method):
    """statsmodels' MixedLM, random intercepts; new tasks by the best linear unbiased prediction from their K rows.

    Two classes are answered by a linear probability model.
    """

    n_slopes = 0

    def fit_rows(self, X, y, task):
        from statsmodels.regression.mixed_linear_model import MixedLM

        if self.classes is not None and len(self.classes) > 2:
            raise ValueError("MixedLM takes numbers or two classes")
        values = y.astype(float) if self.classes is None else (y == self.classes[1]).astype(float)
        self.center, self.size = values.mean(), values.std()
        # columns that follow from the others make the fixed effects singular
        columns, basis = [], np.ones((len(X), 1)) / len(X) ** 0.5
        for j in range(X.shape[1]):
            rest = X[:, j] - basis @ (basis.T @ X[:, j])
            if np.linalg.norm(rest) > 1e-3 * len(X) ** 0.5:
                columns.append(j)
                basis = np.hstack([basis, rest[:, None] / np.linalg.norm(rest)])
        self.columns = columns
        within = pd.DataFrame(X[:, columns]).groupby(task).transform(lambda v: v - v.mean()).var().to_numpy()
        self.slopes = [columns[i] for i in np.argsort(-within)[: self.n_slopes] if within[i] > 1e-6]
        exog, random = self.designs(X)
        model = MixedLM((values - self.center) / self.size, exog, groups=task, exog_re=random)
        try:
            fit = model.fit(method=["lbfgs"], maxiter=100)
        except np.linalg.LinAlgError:  # the variance of the intercepts went to 0
            fit = model.fit(method=["powell"], maxiter=20)
        self.fixed, self.cov, self.noise = np.asarray(fit.fe_params), np.asarray(fit.cov_re), float(fit.scale)

    def designs(self, X):
        one = np.ones((len(X), 1))
        return np.hstack([one, X[:, self.columns]]), np.hstack([one, X[:, self.slopes]])

    def answer_known(self, asked):
        return self.answer_new(self.table, asked)

    def answer_new(self, shown, asked):
        exog, random = self.designs(self.encoder.transform(asked.X))
        out = exog @ self.fixed
        if len(shown.y):
            values = shown.y.astype(float) if self.classes is None else (shown.y == self.classes[1]).astype(float)
            exog_s, random_s = self.designs(self.encoder.transform(shown.X))
            rest = (values - self.center) / self.size - exog_s @ self.fixed
            for name in np.unique(asked.task):
                Z, r = random_s[shown.task == name], rest[shown.task == name]
                middle = np.linalg.solve(Z @ self.cov @ Z.T + self.noise * np.eye(len(r)), r)
                out[asked.task == name] += random[asked.task == name] @ (self.cov @ Z.T @ middle)
        out = out * self.size + self.center
        if self.classes is None:
            return out
        p = out.clip(0.01, 0.99)
        return np.stack([1 - p, p], axis=1)


class MixedModelSlopes(MixedModel):
    """With random slopes of the three columns that vary most within tasks."""

    n_slopes = 3


class BoostedMixedModel(Method):
    """GPBoost: gradient boosting with random intercepts, and with random slopes of the three columns as above.

    New tasks are answered as those of the mixed model: by the best linear unbiased prediction, from K rows, of the
    effects around the trees, with the variances that were fitted. (GPBoost itself would have to be fitted again.)
    """

    classifies = False
    n_slopes, standardise, line_search = 3, True, False

    def fit_rows(self, X, y, task):
        import gpboost

        self.center, self.size = (y.mean(), y.std()) if self.standardise else (0.0, 1.0)
        within = pd.DataFrame(X).groupby(task).transform(lambda v: v - v.mean()).var().to_numpy()
        self.slopes = [j for j in np.argsort(-within)[: self.n_slopes] if within[j] > 1e-6]
        effects = {"group_data": task.astype(str)[:, None], "likelihood": "gaussian"}
        if self.slopes:
            effects["group_rand_coef_data"] = X[:, self.slopes]
            effects["ind_effect_group_rand_coef"] = [1] * len(self.slopes)
        self.effects = gpboost.GPModel(**effects)
        params = {"objective": "regression", "verbose": -1, "seed": 0, "num_threads": 1}
        params["line_search_step_length"] = self.line_search
        data = gpboost.Dataset(X, (y - self.center) / self.size)
        self.trees = gpboost.train(params, data, gp_model=self.effects, num_boost_round=100)
        variances = np.asarray(self.effects.get_cov_pars()).ravel()[: 2 + len(self.slopes)]
        self.noise, self.spread = variances[0], variances[1:]

    def common(self, X):
        some = np.full((len(X), 1), "a task never seen")
        slopes = {"group_rand_coef_data_pred": X[:, self.slopes]} if self.slopes else {}
        return self.trees.predict(data=X, group_data_pred=some, pred_latent=True, **slopes)["fixed_effect"]

    def answer_known(self, asked):
        return self.answer_new(self.table, asked)

    def answer_new(self, shown, asked):
        X = self.encoder.transform(asked.X)
        out = self.common(X)
        if len(shown.y):
            X_shown = self.encoder.transform(shown.X)
            rest = (shown.y - self.center) / self.size - self.common(X_shown)
            Z, Z_asked = (np.hstack([np.ones((len(rows), 1)), rows[:, self.slopes]]) for rows in (X_shown, X))
            for name in np.unique(asked.task):
                mine, wanted = shown.task == name, asked.task == name
                covariance = (Z[mine] * self.spread) @ Z[mine].T + self.noise * np.eye(mine.sum())
                effect = self.spread * (Z[mine].T @ np.linalg.solve(covariance, rest[mine]))
                out[wanted] += Z_asked[wanted] @ effect
        if not np.isfinite(out).all():
            raise FloatingPointError("some answers are not finite")
        return out * self.size + self.center


class BoostedMixedModelIntercept(BoostedMixedModel):
    n_slopes = 0


class BoostedMixedModelRaw(BoostedMixedModel):
    """Targets as they are."""

    standardise = False


class BoostedMixedModelLineSearch(BoostedMixedModel):
    line_search = True


class Ours(Method):
    """An estimator of this library, by its defaults."""

    names = {}
    raw = False

    def fit(self, table):
        self.classes = None if self.kind == "regression" else np.unique(table.y)
        self.encoder = None if self.raw else TableEncoder().fit(table.X)
        self.model = getattr(skmeta, self.names[self.kind])(random_state=0)
        self.model.fit(self.rows(table), table.y, task=table.task)
        return self

    def rows(self, table):
        return table.X if self.raw else self.encoder.transform(table.X)

    def answer_known(self, asked):
        return self.ask(self.model, asked)

    def ask(self, model, asked):
        if self.classes is None:
            return model.predict(self.rows(asked), task=asked.task)
        return model.predict_proba(self.rows(asked), task=asked.task)

    def answer_new(self, shown, asked):
        """None for an estimator that has nothing to say of a task without rows."""
        model = copy.copy(self.model)
        if len(shown.y):
            model.partial_fit(self.rows(shown), shown.y, task=shown.task)
        elif isinstance(model, MetaEstimator) and not answers_without_rows(model):
            return None
        return self.ask(model, asked)


def ours(regressor, classifier, raw=False):
    names = {"regression": regressor, "classification": classifier}
    kinds = {"regresses": regressor is not None, "classifies": classifier is not None}
    return type("Ours", (Ours,), {"names": names, "raw": raw, **kinds})


METHODS = {
    "pooled linear": PooledLinear,
    "pooled trees": PooledTrees,
    "TaskMixture": ours("TaskMixtureRegressor", "TaskMixtureClassifier", raw=True),
    "per-group linear": PerGroupLinear,
    "per-group neighbours": PerGroupNeighbors,
    "trees with task": TreesWithTask,
    "MixedLM intercept": MixedModel,
    "MixedLM slopes": MixedModelSlopes,
    "GPBoost slopes": BoostedMixedModel,
    "GPBoost intercept": BoostedMixedModelIntercept,
    "GPBoost slopes (raw targets)": BoostedMixedModelRaw,
    "GPBoost slopes (line search)": BoostedMixedModelLineSearch,
    "BayesianHead": ours("BayesianHeadRegressor", None),
    "GroupedPredictor": GroupedWithShrinkage,
    "MAML": ours("MAMLRegressor", "MAMLClassifier"),
    "ProtoNet": ours(None, "ProtoNetClassifier"),
    "FineTune": ours("FineTuneTransferRegressor", "FineTuneTransfer"),
    "InContext": ours("InContextRegressor", "InContextClassifier"),
    "NeuralProcess": ours("NeuralProcessRegressor", None),
}
