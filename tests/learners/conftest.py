"""What tests of learners share."""

import pytest
import torch


@pytest.fixture
def doubles():
    """Double precision, in which numbers worked out by hand are met to the last digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
