"""Blended probabilities are as sure as they are right."""

import numpy as np
from scipy.special import expit, logit

from skmeta.task_mixture.held_out_rows import trusted


def test_a_blend_of_classifiers_that_know_different_things_is_made_surer():
    rng = np.random.default_rng(0)
    common, own = 2 * rng.normal(size=(4000, 1)), 0.9 * rng.normal(size=(4000, 2))
    truth = (common + own.sum(1, keepdims=True))[:, 0]  # log odds, of which each of two models knows a part
    y = (rng.random(4000) < expit(truth)).astype(int)
    shrunk = (common + own) / np.sqrt(1 + np.pi * 0.81 / 8)  # what it does not know leaves its chances right
    answers = np.stack([1 - expit(shrunk), expit(shrunk)], axis=2)
    about = y, np.zeros(4000), np.repeat(np.arange(100), 40), np.ones(4000)
    weights, _ = trusted("classification", [0], answers, *about)
    assert weights.temperature < 0.9
    p = weights.blend(weights(np.zeros(4000)), answers)
    plain = answers.mean(1)
    sureness = [q.max(1).mean() - (q.argmax(1) == y).mean() for q in (plain, p)]
    assert sureness[0] < -0.025 and abs(sureness[1]) < 0.6 * abs(sureness[0])
    far = [np.mean((logit(q[:, 1]) - truth) ** 2) for q in (plain, p)]
    assert far[1] < 0.9 * far[0]
