"""Source selection: the right families, and transfer from them beats transfer from all."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from skmeta import (
    FineTuneTransfer,
    FineTuneTransferRegressor,
    InContextRegressor,
    MAMLRegressor,
    MultiTaskRegressor,
    NotAdaptedError,
    PooledBaseline,
    ProtoNetClassifier,
    SourceSelector,
    Task,
    load,
    split_tasks,
)
from skmeta.model_selection import task_scorer
from skmeta.tasks import GaussianClusters, LinearFamily, QuadraticFamily, Sinusoids, TaskFamilyMixture

LINES = TaskFamilyMixture({f"plane {i}": LinearFamily(n_shots=20, noise=0.1, structure_seed=i) for i in range(4)})
CLUSTERS = TaskFamilyMixture({f"clusters {i}": GaussianClusters(n_latent=3, structure_seed=i) for i in range(4)})
CURVES = TaskFamilyMixture({"wave": Sinusoids(n_shots=20), "line": LinearFamily(n_features=1, n_latent=1, n_shots=20)})


def family(name):
    return str(name).partition("/")[0]


def share_of_right_family(selector, targets):
    return np.mean([[family(n) == family(target.name) for n in selector.select(target).names] for target in targets])


@pytest.mark.parametrize("mixture", [LINES, CLUSTERS, CURVES], ids=["planes", "clusters", "curves"])
def test_more_than_nine_in_ten_selected_sources_are_of_the_targets_family(mixture):
    sources, targets = mixture.sample(120, random_state=0), mixture.sample(30, random_state=1)
    assert share_of_right_family(SourceSelector(n_sources=5).fit(sources), targets) > 0.9


def test_sources_of_one_row_tell_nothing_and_break_nothing():
    sources = [Task(np.full((1, 2), float(i)), [float(i)]) for i in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selector = SourceSelector(n_sources=2).fit(sources)
        assert len(selector.select(sources[0])) == 2


def test_families_that_share_a_form_are_told_apart_whatever_factor_a_task_gives_it():
    families = [QuadraticFamily(n_features=3, n_shots=16, structure_seed=i) for i in range(4)]
    forms = TaskFamilyMixture(families)
    sources, targets = forms.sample(200, random_state=0), forms.sample(50, random_state=1)
    assert share_of_right_family(SourceSelector(n_sources=5).fit(sources), targets) > 0.82


def test_waves_of_different_frequencies_are_told_apart_by_ten_rows():
    waves = TaskFamilyMixture({"of one": Sinusoids(n_shots=10), "of many": Sinusoids("meta-sgd", n_shots=10)})
    sources, targets = waves.sample(150, random_state=0), waves.sample(50, random_state=1)
    assert share_of_right_family(SourceSelector(n_sources=5).fit(sources), targets) > 0.9


def test_in_the_space_of_a_meta_trained_body_families_come_apart_too():
    sources, targets = CLUSTERS.sample(60, random_state=0), CLUSTERS.sample(20, random_state=1)
    meta = ProtoNetClassifier(max_epochs=3, random_state=0).fit(sources)
    assert (
        share_of_right_family(SourceSelector(n_sources=5, embedding=meta).fit(sources), targets) > 0.5
    )  # by chance 0.25


def test_transfer_from_selected_sources_beats_transfer_from_all():
    sources, targets = LINES.sample(160, random_state=0), LINES.sample(5, random_state=10)
    few_rows = [(t.X[:12], t.y[:12], t.X_query, t.y_query) for t in targets]
    from_all = FineTuneTransferRegressor(max_epochs=20, random_state=0).fit(sources).score(few_rows)
    from_selected = SourceSelector(FineTuneTransferRegressor(random_state=0), n_sources=15).fit(sources).score(few_rows)
    assert from_selected > from_all


@pytest.fixture(scope="module")
def sources():
    return LINES.sample(24, random_state=0)


@pytest.fixture(scope="module")
def selector(sources):
    return SourceSelector(MultiTaskRegressor(max_epochs=1, random_state=0), n_sources=3, start="scratch").fit(sources)


def test_sources_come_nearest_first(selector, sources):
    target = LINES.sample(1, random_state=5)[0]
    distances = selector.distances(target)
    order = np.argsort(distances)
    assert list(selector.select(target, 4).names) == list(sources.names[order[:4]])
    assert distances.shape == (24,)
    assert selector.distances([target, target]).shape == (2, 24)


@pytest.mark.parametrize("mixture", [LINES, CLUSTERS], ids=["planes", "clusters"])
def test_probabilities_of_families_add_up_and_distances_are_not_negative(mixture):
    selector = SourceSelector().fit(mixture.sample(40, random_state=0))
    np.testing.assert_allclose(selector.memberships_.sum(1), 1)
    assert (selector.distances(mixture.sample(3, random_state=1)) >= 0).all()


def test_units_of_targets_and_the_order_of_rows_do_not_matter(selector, sources):
    X, y = sources[3].X, sources[3].y
    distances = selector.distances((X, y))
    np.testing.assert_allclose(selector.distances((X, 100 * y + 7)), distances, atol=1e-6)
    np.testing.assert_allclose(selector.distances((X[::-1], y[::-1])), distances, atol=1e-6)


def test_names_of_own_classes_do_not_matter_but_those_of_shared_ones_do():
    rng = np.random.default_rng(0)
    own = SourceSelector().fit(CLUSTERS.sample(30, random_state=0))
    target = CLUSTERS.sample(1, random_state=1)[0]
    renamed = np.array(["c", "a", "e", "b", "d"])[target.y]
    np.testing.assert_allclose(own.distances((target.X, renamed)), own.distances((target.X, target.y)), atol=1e-6)
    rows = rng.normal(size=(30, 40, 2))
    tasks = [(X, np.where((X[:, 0] > 0) == (i % 4 == 0), "no", "yes")) for i, X in enumerate(rows)]
    shared = SourceSelector(n_sources=5).fit(tasks)
    assert shared.labels_ == "shared"  # though a quarter of the sources say the opposite
    target = rng.normal(size=(12, 2))
    for is_opposite in (True, False):
        labels = np.where((target[:, 0] > 0) == is_opposite, "no", "yes")
        nearest = shared.distances((target, labels)).argsort()[:5]
        assert ((nearest % 4 == 0) == is_opposite).all()


@pytest.mark.parametrize("n_tasks", [2, 3, 7])
def test_few_sources_single_rows_and_constant_targets_have_distances(n_tasks):
    rng = np.random.default_rng(0)
    tasks = [
        (rng.normal(size=(n, 2)), np.full(n, 1.0) if n == 3 else rng.normal(size=n)) for n in range(1, n_tasks + 1)
    ]
    selector = SourceSelector().fit(tasks)
    for n in (1, 5):
        assert np.isfinite(selector.distances((rng.normal(size=(n, 2)), np.zeros(n)))).all()
    labels = [(X, rng.integers(0, 3, len(X)).astype(str)) for X, _ in tasks]
    assert np.isfinite(SourceSelector().fit(labels).distances(labels[-1])).all()


def test_of_many_sources_those_beyond_the_families_members_are_judged_like_targets():
    sources = LINES.sample(400, random_state=0)
    selector, targets = SourceSelector(n_sources=60).fit(sources), LINES.sample(20, random_state=1)
    assert share_of_right_family(selector, targets) > 0.9  # a family has about 100, of which 62 shape the families


def test_a_feature_that_says_nothing_twice_counts_for_nothing():
    rng = np.random.default_rng(0)
    tasks = []
    for i in range(40):
        X = rng.normal(size=(40, 2))
        X[:, 0] += 10 * (i % 2)
        tasks.append((X, rng.normal(size=40)))
    selector = SourceSelector(n_sources=10).fit(tasks)
    assert (selector.distances(tasks[0]).argsort()[:10] % 2 == 0).all()


def test_in_front_of_an_estimator_it_adapts_predicts_and_scores(selector):
    targets = LINES.sample(2, random_state=5)
    target = targets[0]
    adapted = selector.adapt(target.X, target.y)
    answer = adapted.predict(target.X_query)
    assert answer.shape == target.y_query.shape
    assert adapted.sources_.shape == (3,)
    np.testing.assert_allclose(adapted.predict(targets)[0], answer, rtol=1e-3, atol=1e-3)
    assert isinstance(adapted.score(targets), float)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(adapted)).predict(target.X_query), answer)


def test_the_task_column_is_named_once(sources):
    X, y, ids = sources[:8].to_long()
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(plane=ids)
    estimator = MultiTaskRegressor(max_epochs=1, random_state=0)
    beside = SourceSelector(estimator, n_sources=2).fit(X, y, task=ids)
    one, other = (i for i in sorted(set(ids))[2:4])
    asked = np.isin(ids, [one, other])
    for model in (
        SourceSelector(estimator, n_sources=2, task="plane").fit(table, y),
        SourceSelector(estimator, n_sources=2).fit(table, y, task="plane"),
    ):
        assert model.task_names_in_ == ["plane"]
        answers = model.predict(table[asked])
        np.testing.assert_array_equal(answers, beside.predict(X[asked], task=ids[asked]))
        mine = ids == other
        alone = beside.predict([Task(X[mine], y[mine], X[mine])])[0]
        np.testing.assert_allclose(answers[ids[asked] == other], alone, rtol=1e-3, atol=1e-3)
        target = table[mine].assign(plane="new")
        model.adapt(target, y[mine])
        np.testing.assert_array_equal(model.predict(X[:3]), beside.adapt(X[mine], y[mine]).predict(X[:3]))
        with pytest.raises(ValueError, match="'other' is none of the source tasks"):
            model.predict(target.assign(plane="other"))


def test_the_target_is_answered_where_the_table_still_names_it(sources, tmp_path):
    X, y, ids = sources[:8].to_long()
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(plane=ids)
    estimator = MultiTaskRegressor(max_epochs=1, random_state=0)
    model = SourceSelector(estimator, n_sources=2, task="plane").fit(table, y)
    first, second = (np.flatnonzero(ids == name) for name in sorted(set(ids))[:2])
    of_sources = model.predict(table)
    target = table.iloc[first].assign(plane="new")
    answer = model.adapt(target[:6], y[first[:6]]).predict(X[first])
    np.testing.assert_array_equal(model.predict(target), answer)
    model.save(tmp_path / "file")
    np.testing.assert_array_equal(load(tmp_path / "file").predict(target), answer)
    together = model.predict(pd.concat([table.iloc[second], target]))  # rows of a source, and the target's
    np.testing.assert_allclose(together[: len(second)], of_sources[second], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(together[len(second) :], answer)

    model.partial_fit(target[6:].assign(plane="renamed"), y[first[6:]])
    np.testing.assert_array_equal(model.predict(target.assign(plane="renamed")), model.predict(X[first]))
    np.testing.assert_array_equal(model.predict(target), model.predict(X[first]))
    model.adapt(X[second], y[second], task=["other"] * len(second))
    np.testing.assert_array_equal(model.predict(X[:3], task=["other"] * 3), model.predict(X[:3]))
    with pytest.raises(ValueError, match="'new' is none of the source tasks"):
        model.predict(target)


@pytest.mark.parametrize("start", ["all", "scratch"])
def test_after_a_file_new_targets_are_answered_as_before(sources, start, tmp_path):
    selector = SourceSelector(
        MAMLRegressor(max_epochs=2, steps_per_epoch=3, random_state=0), n_sources=3, start=start
    ).fit(sources)
    targets = LINES.sample(2, random_state=5)
    selector.save(tmp_path / "file")
    for mine, theirs in zip(selector.predict(targets), load(tmp_path / "file").predict(targets)):
        np.testing.assert_array_equal(mine, theirs)


def test_training_can_go_on_from_what_all_sources_have_taught(sources):
    selector = SourceSelector(MultiTaskRegressor(max_epochs=1, random_state=0), n_sources=3).fit(sources)
    before = selector.base_estimator_.net_.module_.learner.body.layers[1].weight.detach().clone()
    target = LINES.sample(1, random_state=5)[0]
    selector.adapt(target.X, target.y)
    assert len(selector.estimator_.net_.history) == 2
    assert (selector.base_estimator_.net_.module_.learner.body.layers[1].weight == before).all()
    assert selector.estimator_.net_.module_.learner.head_weight.shape[0] == 3


@pytest.mark.parametrize("start", ["all", "scratch"])
def test_whether_classes_are_shared_is_decided_by_all_sources_not_by_those_selected(start):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 8)
    fixed = 4 * rng.normal(size=(3, 5))
    centres = [fixed if i < 4 else 4 * rng.normal(size=(3, 5)) for i in range(24)]
    tasks = [(of_class[y] + rng.normal(size=(24, 5)), y) for of_class in centres]
    assert FineTuneTransfer(max_epochs=1).fit(tasks[:4]).labels_ == "shared"
    selector = SourceSelector(FineTuneTransfer(max_epochs=1, random_state=0), start=start).fit(tasks)
    assert selector._trained_for(np.arange(4)).labels_ == "task"


def test_it_works_without_an_estimator_and_says_what_needs_one(sources):
    selector = SourceSelector(n_sources=2).fit(sources)
    assert len(selector.select(sources[0])) == 2
    with pytest.raises(ValueError, match="no estimator"):
        selector.adapt(sources[0].X, sources[0].y)


def test_bad_input_is_refused(selector, sources):
    with pytest.raises(NotFittedError):
        SourceSelector().select(sources[0])
    with pytest.raises(NotAdaptedError):
        SourceSelector(MultiTaskRegressor()).fit(sources).predict(sources[0].X)
    with pytest.raises(ValueError, match="between 1 and the 24"):
        selector.select(sources[0], 25)
    with pytest.raises(ValueError, match="at least 2 source tasks"):
        SourceSelector().fit(sources[:1])
    with pytest.raises(ValueError, match="3 features"):
        selector.distances((np.zeros((4, 3)), np.zeros(4)))
    with pytest.raises(ValueError, match="'b' has no labelled row"):
        SourceSelector().fit([Task(np.ones((2, 3)), [0.0, 1.0]), Task(np.ones((0, 3)), [], np.ones((2, 3)), name="b")])
    with pytest.raises(ValueError, match="start of SourceSelector must be"):
        SourceSelector(start="half").fit(sources)


def test_a_constant_target_that_is_met_or_missed_has_a_finite_score():
    rng = np.random.default_rng(0)
    flat = [Task(rng.normal(size=(8, 2)), np.full(8, 2.0), rng.normal(size=(3, 2)), np.full(3, 2.0)) for _ in range(6)]
    selector = SourceSelector(MultiTaskRegressor(max_epochs=1, random_state=0), n_sources=3, start="scratch").fit(flat)
    assert selector.score(flat) in (0.0, 1.0)
    wavy = LINES.sample(3, random_state=5)
    errors = sum(np.sum((one.y_query - answer) ** 2) for one, answer in zip(wavy, selector_of_lines().predict(wavy)))
    apart = sum(np.sum((one.y_query - one.y_query.mean()) ** 2) for one in wavy)
    assert selector_of_lines().score(wavy) == pytest.approx(1 - errors / apart)


def selector_of_lines():
    estimator = MultiTaskRegressor(max_epochs=1, random_state=0)
    return SourceSelector(estimator, n_sources=3, start="scratch").fit(LINES.sample(12, random_state=0))


def test_tasks_without_query_rows_are_split_to_be_scored_and_half_labelled_ones_are_refused():
    selector, targets = selector_of_lines(), LINES.sample(2, random_state=5)
    whole = [(one.X, one.y) for one in targets]
    assert selector.score(whole) == selector.score(split_tasks(whole, 5, random_state=0, per_class=False))
    with pytest.raises(ValueError, match="no y_query"):
        selector.score([Task(one.X, one.y, one.X_query) for one in targets])


@pytest.mark.parametrize("call", ["fit", "adapt"])
def test_a_call_that_fails_leaves_sources_and_target_as_they_were(call, monkeypatch):
    selector, target = selector_of_lines(), LINES.sample(1, random_state=5)[0]
    selector = selector.set_params(start="all").fit(selector.tasks_).adapt(target.X, target.y)
    before = set(vars(selector)), selector.sources_.tolist(), selector.predict(target.X_query)

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(MultiTaskRegressor, "fit", fail)
    with pytest.raises(KeyboardInterrupt):
        selector.fit(LINES.sample(5, random_state=9)) if call == "fit" else selector.adapt(-target.X, target.y)
    assert (set(vars(selector)), selector.sources_.tolist()) == before[:2] and len(selector.tasks_) == 12
    np.testing.assert_array_equal(selector.predict(target.X_query), before[2])


def test_a_loaded_selector_selects_and_answers_alike(tmp_path):
    selector, target = selector_of_lines(), LINES.sample(1, random_state=5)[0]
    selector.adapt(target.X, target.y).save(tmp_path / "selector.skmeta")
    loaded = load(tmp_path / "selector.skmeta")
    np.testing.assert_array_equal(loaded.distances(target), selector.distances(target))
    np.testing.assert_allclose(loaded.predict(target.X_query), selector.predict(target.X_query))


def test_any_scorer_asks_it_about_tasks():
    tasks = CLUSTERS.sample(8, random_state=0)
    selector = SourceSelector(ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0), n_sources=3)
    selector.fit(tasks[:6])
    classes, chances = selector.task_classes(tasks[6:]), selector.predict_proba(tasks[6:])
    assert [len(names) for names in classes] == [p.shape[1] for p in chances]
    assert np.isfinite(task_scorer("neg_log_loss")(selector, tasks[6:]))


def test_pretrained_learners_go_on_from_all_sources_and_what_cannot_go_on_is_refused_in_fit(sources):
    settings = {"max_epochs": 1, "steps_per_epoch": 1, "random_state": 0}
    selector = SourceSelector(InContextRegressor(**settings), n_sources=3).fit(sources[:6])
    target = sources[6]
    assert np.isfinite(selector.adapt(target.X, target.y).predict(target.X)).all()
    with pytest.raises(ValueError, match="PooledBaseline has no warm_start.*start='scratch'"):
        SourceSelector(PooledBaseline(Ridge())).fit(sources)
    scratch = SourceSelector(PooledBaseline(Ridge()), n_sources=3, start="scratch").fit(sources)
    assert np.isfinite(scratch.adapt(target.X, target.y).predict(target.X)).all()
