"""What estimators learn with the training they do unless told otherwise."""

from sklearn.neighbors import KNeighborsRegressor

from skmeta import MAMLRegressor, PerTaskBaseline
from skmeta.tasks import Sinusoids


def test_maml_left_to_its_defaults_answers_new_sinusoids_better_than_their_nearest_rows():
    sinusoids = Sinusoids(n_shots=5, n_query=20)
    train, new = sinusoids.sample(200, random_state=0), sinusoids.sample(100, random_state=1)
    nearest = PerTaskBaseline(KNeighborsRegressor(1)).fit(train).score(new)
    assert MAMLRegressor(random_state=0).fit(train).score(new) > nearest + 0.1
