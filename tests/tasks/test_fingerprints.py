"""Fingerprints: the same figures for the same task, however it is written down."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmeta.tasks.fingerprints import fingerprint, kernel_scores


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(30, 3))


def test_the_order_of_rows_does_not_matter(rows):
    order = np.random.default_rng(1).permutation(30)
    y = rows[:, 0] - rows[:, 1] ** 2
    assert_allclose(fingerprint(rows[order], y[order]), fingerprint(rows, y), atol=1e-12)


def test_names_of_own_classes_do_not_matter(rows):
    y = np.digitize(rows[:, 0], [-0.5, 0.5])
    renamed = np.array(["c", "a", "b"])[y]
    assert_allclose(fingerprint(rows, renamed), fingerprint(rows, y), atol=1e-12)


def test_names_of_shared_classes_do(rows):
    y = np.digitize(rows[:, 0], [0.0])
    assert np.abs(fingerprint(rows, 1 - y, classes=[0, 1]) - fingerprint(rows, y, classes=[0, 1])).max() > 0.5


def test_units_of_the_target_do_not_matter(rows):
    y = rows @ [1.0, 2.0, 0.0]
    assert_allclose(fingerprint(rows, 100 * y + 7), fingerprint(rows, y), atol=1e-9)


def test_every_number_of_classes_gives_as_many_figures(rows):
    two, five = np.digitize(rows[:, 0], [0.0]), np.digitize(rows[:, 0], [-1, -0.3, 0.3, 1])
    assert fingerprint(rows, two).shape == fingerprint(rows, five).shape
    assert fingerprint(rows, two, classes=range(5)).shape == fingerprint(rows, five, classes=range(5)).shape


def test_a_line_is_straight_a_parabola_is_quadratic_a_wave_is_smooth():
    x = np.linspace(-2, 2, 60).reshape(-1, 1)
    straight, quadratic, smooth = kernel_scores(x, x[:, 0])
    assert min(straight, quadratic, smooth) > 0.9
    straight, quadratic, smooth = kernel_scores(x, x[:, 0] ** 2)
    assert straight < 0.2
    assert min(quadratic, smooth) > 0.9
    straight, quadratic, smooth = kernel_scores(x, np.sin(4 * x[:, 0]))
    assert max(straight, quadratic) < 0.5
    assert smooth > 0.9


def test_nothing_can_be_said_about_a_constant_target_or_two_rows(rows):
    assert kernel_scores(rows, np.ones(30)).tolist() == [0, 0, 0]
    assert kernel_scores(rows[:2], rows[:2, 0]).tolist() == [0, 0, 0]
    assert np.isfinite(fingerprint(rows[:1], np.array([1.0]))).all()
    assert np.isfinite(fingerprint(rows[:1], np.array(["a"]))).all()
