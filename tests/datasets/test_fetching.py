"""Downloads: cached, checked, never half done, and clear without a network. No test touches the network."""

import hashlib
import io
import zipfile
from urllib.error import URLError

import numpy as np
import pytest

from skmeta.datasets import cache, fetch_omniglot, get_data_home, omniglot, rotated_classes


@pytest.fixture(autouse=True)
def no_local_data(monkeypatch):
    monkeypatch.delenv("SKMETA_DATA", raising=False)


@pytest.fixture
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(cache, "urlopen", refuse)


@pytest.fixture
def served(monkeypatch):
    """URLs and what they answer with; also counts the requests."""
    answers, requests = {}, []

    def answer(url, timeout=None):
        requests.append(url)
        return io.BytesIO(answers[url])

    monkeypatch.setattr(cache, "urlopen", answer)
    answers["requests"] = requests
    return answers


def md5(content):
    return hashlib.md5(content).hexdigest()


def test_the_data_home_is_the_argument_then_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMETA_DATA_HOME", str(tmp_path / "from_environment"))
    assert get_data_home() == tmp_path / "from_environment"
    assert get_data_home(tmp_path / "argument") == tmp_path / "argument"
    assert (tmp_path / "argument").is_dir()


def test_without_either_it_lies_in_the_users_home(tmp_path, monkeypatch):
    monkeypatch.delenv("SKMETA_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home() == tmp_path / ".skmeta_data"


def test_a_file_is_downloaded_once(tmp_path, served):
    served["http://x/a"] = b"content"
    for _ in range(2):
        assert cache.fetch_file("http://x/a", tmp_path / "a", md5(b"content")).read_bytes() == b"content"
    assert served["requests"] == ["http://x/a"]


def test_a_wrong_file_is_refused_and_leaves_nothing_behind(tmp_path, served):
    served["http://x/a"] = b"half of the con"
    with pytest.raises(OSError, match=f"its MD5 is {md5(b'half of the con')}"):
        cache.fetch_file("http://x/a", tmp_path / "a", md5(b"content"))
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_says_what_to_do(tmp_path, offline):
    with pytest.raises(OSError, match="no route to host.*put it at .*images_background.zip.*SKMETA_DATA"):
        fetch_omniglot(data_home=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_downloading_can_be_forbidden(tmp_path, offline):
    with pytest.raises(OSError, match="download_if_missing is False"):
        fetch_omniglot(data_home=tmp_path, download_if_missing=False)


# ---------------------------------------------------------------- Omniglot


def png(side_of_ink):
    """A white 105 x 105 drawing with ink all over its left (0) or right (1) half."""
    Image = pytest.importorskip("PIL.Image")
    pixels = np.full((105, 105), 255, dtype=np.uint8)
    half = slice(0, 52) if side_of_ink == 0 else slice(53, 105)
    pixels[:, half] = 0
    file = io.BytesIO()
    Image.fromarray(pixels).convert("1").save(file, "PNG")
    return file.getvalue()


def zipped(root, characters):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{root}/", "")
        for number, character in enumerate(characters):
            for drawer in (2, 1):  # out of order on purpose
                archive.writestr(f"{root}/{character}/{number:04d}_{drawer:02d}.png", png(drawer - 1))
    return file.getvalue()


@pytest.fixture
def published(served, monkeypatch):
    zips = {
        "images_background.zip": zipped("images_background", ["Zulu/character01", "Armenian/character01"]),
        "images_evaluation.zip": zipped("images_evaluation", ["Angelic/character01", "Angelic/character02"]),
    }
    for name, content in zips.items():
        served[omniglot._URL + name] = content
    monkeypatch.setattr(omniglot, "_MD5", {name: md5(content) for name, content in zips.items()})
    return served


def test_omniglot_is_read_in_order_and_made_small_with_ink_bright(tmp_path, published):
    data = fetch_omniglot(data_home=tmp_path)
    # background first, then by alphabet and drawer
    assert data.target_names.tolist() == [
        "Armenian/character01",
        "Zulu/character01",
        "Angelic/character01",
        "Angelic/character02",
    ]
    assert data.target.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert data.alphabet.tolist() == [0, 0, 1, 1, 2, 2, 2, 2]
    assert data.drawer.tolist() == [1, 2] * 4
    assert data.is_evaluation.tolist() == [False] * 4 + [True] * 4
    assert data.vinyals_split.tolist() == ["validation"] * 2 + ["train"] * 6
    assert data.images.shape == (8, 28, 28) and data.data.shape == (8, 784)
    left, right = data.images[0], data.images[1]
    assert (left[:, :13] == 255).all() and (left[:, 15:] == 0).all()
    assert (right[:, :13] == 0).all() and (right[:, 15:] == 255).all()


def test_omniglot_comes_from_the_cache_the_second_time(tmp_path, published):
    first = fetch_omniglot(data_home=tmp_path)
    data, target = fetch_omniglot(data_home=tmp_path, return_X_y=True, download_if_missing=False)
    assert len(published["requests"]) == 2
    np.testing.assert_array_equal(data, first.data)
    np.testing.assert_array_equal(target, first.target)
    assert [path.name for path in tmp_path.iterdir()] == ["omniglot_28.npz"]  # the zips are gone


def test_a_local_copy_is_read_without_any_request(tmp_path, offline, monkeypatch):
    (tmp_path / "MANIFEST.csv").write_text("name,file,kind\n")
    (tmp_path / "images").mkdir()
    np.savez(
        tmp_path / "images" / "omniglot.npz",
        images=np.zeros((2, 28, 28), dtype=np.uint8),
        character=np.array([0, 1], dtype=np.int16),
        alphabet=np.array([0, 0], dtype=np.uint8),
        drawer=np.array([1, 1], dtype=np.uint8),
        is_evaluation=np.array([False, False]),
        character_names=np.array(["Greek/character01", "Greek/character02"]),
        alphabet_names=np.array(["Greek"]),
    )
    monkeypatch.setenv("SKMETA_DATA", str(tmp_path))
    data = fetch_omniglot(data_home=tmp_path / "nowhere")
    assert data.target.tolist() == [0, 1] and data.target.dtype == np.int64
    assert not (tmp_path / "nowhere").exists()


def test_the_vinyals_split_has_its_published_sizes():
    # 964 background characters, 172 of them of the five validation alphabets, then 659 evaluation characters
    sizes = {"Armenian": 41, "Bengali": 46, "Early_Aramaic": 22, "Hebrew": 22, "Mkhedruli_(Georgian)": 41}
    background = [f"{alphabet}/{i}" for alphabet, size in sizes.items() for i in range(size)]
    names = background + [f"other/{i}" for i in range(964 - len(background))] + [f"new/{i}" for i in range(659)]
    split = omniglot.vinyals_split(names)
    assert {part: int((split == part).sum()) for part in np.unique(split)} == {
        "train": 1028,
        "validation": 172,
        "test": 423,
    }


def test_quarter_turns_make_four_classes_of_one():
    images, y = rotated_classes(np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]), np.array([1, 0]))
    assert images.shape == (8, 2, 2)
    assert y.tolist() == [1, 0, 3, 2, 5, 4, 7, 6]
    assert images[4].tolist() == [[4, 3], [2, 1]]  # half a turn of the first image


def test_images_that_are_not_square_cannot_be_turned():
    with pytest.raises(ValueError, match=r"square.*\(1, 2, 3\)"):
        rotated_classes(np.zeros((1, 2, 3)), [0])
