"""Source selection: the right families, and transfer from them beats transfer from all."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skmeta import (
    FineTuneTransferRegressor,
    MultiTaskRegressor,
    NotAdaptedError,
    ProtoNetClassifier,
    SourceSelector,
)
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
    sources, targets = mixture.sample(200, random_state=0), mixture.sample(50, random_state=1)
    assert share_of_right_family(SourceSelector(n_sources=5).fit(sources), targets) > 0.9


def test_families_that_share_a_form_are_told_apart_whatever_factor_a_task_gives_it():
    families = [QuadraticFamily(n_features=3, n_shots=16, structure_seed=i) for i in range(4)]
    forms = TaskFamilyMixture(families)
    sources, targets = forms.sample(200, random_state=0), forms.sample(50, random_state=1)
    assert share_of_right_family(SourceSelector(n_sources=5).fit(sources), targets) > 0.8


def test_in_the_space_of_a_meta_trained_body_families_come_apart_too():
    sources, targets = CLUSTERS.sample(100, random_state=0), CLUSTERS.sample(20, random_state=1)
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


def test_a_source_with_all_its_rows_is_nearest_to_itself(selector, sources):
    X, y = np.vstack([sources[7].X, sources[7].X_query]), np.concatenate([sources[7].y, sources[7].y_query])
    assert selector.distances((X, y)).argmin() == 7
    assert selector.distances((X, y)).min() == pytest.approx(0, abs=1e-9)


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


def test_training_can_go_on_from_what_all_sources_have_taught(sources):
    selector = SourceSelector(MultiTaskRegressor(max_epochs=1, random_state=0), n_sources=3).fit(sources)
    before = selector.base_estimator_.net_.module_.body.layers[1].weight.detach().clone()
    target = LINES.sample(1, random_state=5)[0]
    selector.adapt(target.X, target.y)
    assert len(selector.estimator_.net_.history) == 2
    assert (selector.base_estimator_.net_.module_.body.layers[1].weight == before).all()
    assert selector.estimator_.net_.module_.head_weight.shape[0] == 3


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
    with pytest.raises(ValueError, match="start must be"):
        SourceSelector(start="half").fit(sources)
