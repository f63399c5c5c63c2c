import numpy as np
import pytest


@pytest.fixture
def global_rng_untouched():
    """Fails the test if it read from, or reseeded, numpy's global generator."""
    before = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    key, position = before["key"].copy(), before["pos"]
    yield
    after = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    assert after["pos"] == position
    np.testing.assert_array_equal(after["key"], key)
