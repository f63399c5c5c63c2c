"""The weights in the package: that they are found, and hold what the learners need."""

import pytest
import torch
from safetensors.torch import load_file

from skmeta.learners.in_context.heads import InContextClassification, InContextRegression
from skmeta.pretrained import SHIPPED, weights_file

LEARNERS = {"classification": InContextClassification, "regression": InContextRegression}


def test_missing_weights_are_named():
    with pytest.raises(FileNotFoundError, match="nowhere.safetensors"):
        weights_file("regression", "nowhere.safetensors")


@pytest.mark.parametrize("task_type", list(LEARNERS))
def test_shipped_weights_fill_the_learner_they_are_for_and_are_small(task_type):
    path, architecture = weights_file(task_type)
    stored = load_file(path)
    own = dict(LEARNERS[task_type](**architecture).named_parameters())
    assert {name: p.shape for name, p in own.items()} == {name: p.shape for name, p in stored.items()}
    assert all(torch.isfinite(p).all() for p in stored.values())
    assert SHIPPED[task_type].stat().st_size < 6e6
