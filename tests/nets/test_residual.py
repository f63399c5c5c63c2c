"""The body that begins as the rows themselves."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler, normalize

from skmeta import ProtoNetClassifier
from skmeta.nets import ResidualMLP
from skmeta.tasks import GaussianClusters


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(50, 4)) * [1, 10, 0.1, 3] + [5, 0, 0, 1]


def fitted(rows, **settings):
    body = ResidualMLP(4, **settings)
    for part in body.modules():
        if hasattr(part, "fit_rows"):
            part.fit_rows(torch.as_tensor(rows))
    return body.double()


def test_untrained_it_standardises_columns_or_the_whole_table_or_nothing(rows):
    X = torch.as_tensor(rows)
    with torch.no_grad():
        np.testing.assert_allclose(fitted(rows)(X), StandardScaler().fit_transform(rows), atol=1e-5)
        np.testing.assert_allclose(fitted(rows, scaling="table")(X), rows / rows.var(0).mean() ** 0.5, rtol=1e-5)
        np.testing.assert_array_equal(fitted(rows, scaling=None)(X), rows)


def test_rows_of_unit_length_keep_their_angles(rows):
    points = fitted(rows, scaling=None, unit_length=True)(torch.as_tensor(rows)).detach().numpy()
    np.testing.assert_allclose(normalize(points), normalize(rows))
    np.testing.assert_allclose((points**2).sum(1), 40)  # ten times the size of a row


def test_a_smaller_embedding_starts_as_a_projection(rows):
    X = torch.as_tensor(rows)
    body = fitted(rows, n_out=2)
    with torch.no_grad():
        np.testing.assert_allclose(body(X), body.scale(X) @ body.last.weight.T)
        np.testing.assert_allclose(body.last.weight @ body.last.weight.T, np.eye(2), atol=1e-6)


def test_untrained_a_prototypical_network_is_a_nearest_centroid(rows):
    y = np.arange(50) % 3
    scaler = StandardScaler().fit(rows)
    reference = NearestCentroid().fit(scaler.transform(rows), y)
    new = rows[:20] + 0.1
    net = ProtoNetClassifier(max_epochs=0, labels="task").fit(rows, y)
    np.testing.assert_array_equal(net.predict(new), reference.predict(scaler.transform(new)))


def test_training_departs_from_the_rows_where_that_helps():
    """Most columns are noise: the rows' own distances say little, and the correction learns to leave it out."""
    family = GaussianClusters(n_ways=5, n_shots=1, n_latent=3, n_irrelevant=14)
    train, test = family.sample(200, random_state=0), family.sample(50, random_state=1)
    start, end = (ProtoNetClassifier(max_epochs=n, random_state=0).fit(train).score(test) for n in (0, 20))
    assert end > start + 0.05


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match="'rows'"):
        ResidualMLP(3, scaling="rows")
