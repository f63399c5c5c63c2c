"""The convolutional body: shapes, and answers that do not depend on the rows beside them."""

import numpy as np
import pytest
import torch

from skmeta import ProtoNetClassifier
from skmeta.nets import Conv4, conv4


def test_four_halvings_of_an_omniglot_image_leave_one_pixel():
    assert Conv4(28 * 28)(torch.zeros(2, 3, 28 * 28)).shape == (2, 3, 64)
    assert Conv4(3 * 32 * 32, n_channels=3, n_filters=8)(torch.zeros(2, 3 * 32 * 32)).shape == (2, 8 * 2 * 2)


@pytest.mark.parametrize("normalization", ["batch", "group", None])
def test_after_training_a_row_is_embedded_alone(normalization):
    torch.manual_seed(0)
    net = Conv4(8 * 8, n_filters=8, n_blocks=2, normalization=normalization)
    net(torch.randn(10, 64))  # learns statistics
    net.eval()
    X = torch.randn(6, 64)
    torch.testing.assert_close(net(X)[3:4], net(X[3:4]))


@pytest.mark.parametrize("normalization", ["batch", "group", None])
def test_many_images_go_through_a_few_at_a_time_unless_they_share_statistics(normalization, monkeypatch):
    torch.manual_seed(0)
    net, X = Conv4(8 * 8, n_filters=8, n_blocks=2, normalization=normalization).double(), torch.randn(7, 64).double()
    for training in (True, False):
        sizes, whole = [], net.train(training)(X)
        with monkeypatch.context() as patch:
            patch.setattr(conv4, "IMAGES_AT_ONCE", 3)
            hook = net.blocks[0].register_forward_hook(lambda module, args, out, sizes=sizes: sizes.append(len(out)))
            torch.testing.assert_close(net(X), whole)
            hook.remove()
        assert sizes == ([7] if normalization == "batch" and training else [3, 3, 1])


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="no square image"):
        Conv4(27)
    with pytest.raises(ValueError, match="too small"):
        Conv4(64)
    with pytest.raises(ValueError, match="'layer'"):
        Conv4(28 * 28, normalization="layer")


def test_a_prototypical_network_tells_stripes_apart_with_it():
    """Classes are orientations of a stripe, wherever it lies."""
    rng = np.random.default_rng(0)

    def image(label):
        picture = 0.3 * rng.normal(size=(8, 8))
        where = rng.integers(8)
        if label == 0:
            picture[where] += 2
        else:
            picture[:, where] += 2
        return picture.ravel()

    y = np.arange(200) % 2  # enough for some to say how far what is learned is to be trusted
    X = np.stack([image(label) for label in y])
    conv = {"module": Conv4, "module__n_blocks": 2, "module__n_filters": 8}
    net = ProtoNetClassifier(**conv, max_epochs=6, lr=0.01, random_state=0).fit(X, y)
    asked = np.arange(60) % 2
    assert net.score(np.stack([image(label) for label in asked]), asked) > 0.9
