"""Omniglot: 1,623 handwritten characters, each drawn by 20 people."""

import io
import zipfile

import numpy as np
from sklearn.utils import Bunch

from skmeta.datasets.cache import fetch_file, get_data_home
from skmeta.datasets.local_data import find_local_data

_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
_MD5 = {
    "images_background.zip": "68d2efa1b9178cc56df9314c21c6e718",
    "images_evaluation.zip": "6b91aef0f799c5bb55b94e3f2daec811",
}
_SIDE = 28

# Vinyals' split in the order of this module (background before evaluation, then by alphabet and character): the first
# 1,200 characters are for training, less five alphabets for validation, and the last 423 for the test.
_N_VINYALS_TRAIN = 1200
_VINYALS_VALIDATION = ("Armenian", "Bengali", "Early_Aramaic", "Hebrew", "Mkhedruli_(Georgian)")


def fetch_omniglot(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load Omniglot [1]_, all characters, as 28 x 28 images.

    The images come from the public repository ``brendenlake/omniglot`` the first time and from a cache afterwards.
    Where the environment variable ``SKMETA_DATA`` names a folder with ``images/omniglot.npz``, they come from there and
    nothing is downloaded.

    Parameters
    ----------
    data_home : path-like, default=None
        Where the cache is. None: the environment variable ``SKMETA_DATA_HOME`` or ``~/.skmeta_data``.
    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    omniglot : Bunch
        images : ndarray of uint8 of shape (32460, 28, 28)
            Ink is 255, paper 0.
        data : ndarray of uint8 of shape (32460, 784)
            The same, one row an image.
        target : ndarray of int of shape (32460,)
            Character, 0 to 1622.
        alphabet, drawer : ndarray of int of shape (32460,)
            Alphabet (an index into ``alphabet_names``) and drawer (1 to 20) of each image.
        is_evaluation : ndarray of bool of shape (32460,)
            Whether the image belongs to the evaluation alphabets of Lake et al.
        vinyals_split : ndarray of str of shape (32460,)
            ``"train"``, ``"validation"`` or ``"test"``: the split of characters of Vinyals et al. [2]_ that most
            few-shot results are reported on.
        target_names, alphabet_names : ndarray of str
            What characters and alphabets are called.

    Notes
    -----
    The original images have 105 x 105 pixels; they are made smaller by bilinear interpolation. Reading the downloaded
    images needs Pillow.

    References
    ----------
    .. [1] B. Lake, R. Salakhutdinov, J. Tenenbaum. Human-level Concept Learning through Probabilistic Program
       Induction. Science 350, 2015.
    .. [2] O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu, D. Wierstra. Matching Networks for One Shot Learning.
       NeurIPS 2016.

    Examples
    --------
    >>> from skmeta.datasets import fetch_omniglot
    >>> omniglot = fetch_omniglot()  # doctest: +SKIP
    >>> omniglot.images.shape  # doctest: +SKIP
    (32460, 28, 28)
    """
    arrays = _read_local()
    if arrays is None:
        arrays = _read_cached(get_data_home(data_home), download_if_missing)
    images, target = arrays["images"], arrays["character"].astype(np.int64)
    data = images.reshape(len(images), -1)
    if return_X_y:
        return data, target
    names = arrays["character_names"]
    return Bunch(
        images=images,
        data=data,
        target=target,
        alphabet=arrays["alphabet"].astype(np.int64),
        drawer=arrays["drawer"].astype(np.int64),
        is_evaluation=arrays["is_evaluation"],
        vinyals_split=vinyals_split(names)[target],
        target_names=names,
        alphabet_names=arrays["alphabet_names"],
    )


def vinyals_split(character_names):
    """``"train"``, ``"validation"`` or ``"test"`` for all characters, named ``alphabet/character`` and in order."""
    split = np.full(len(character_names), "train", dtype="<U10")
    split[_N_VINYALS_TRAIN:] = "test"
    in_validation = np.array([name.split("/")[0] in _VINYALS_VALIDATION for name in character_names])
    split[in_validation] = "validation"
    return split


def rotated_classes(images, y):
    """Four times as many classes: each quarter turn of a character counts as another character.

    Parameters
    ----------
    images : ndarray of shape (n_images, side, side)
    y : ndarray of int of shape (n_images,)
        Classes, 0 to n_classes - 1.

    Returns
    -------
    images : ndarray of shape (4 * n_images, side, side)
    y : ndarray of int of shape (4 * n_images,)
        Turn r of class c is class ``c + r * n_classes``.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.datasets import rotated_classes
    >>> images, y = rotated_classes(np.array([[[1, 2], [3, 4]]]), np.array([0]))
    >>> images[1].tolist(), y.tolist()
    ([[2, 4], [1, 3]], [0, 1, 2, 3])
    """
    images, y = np.asarray(images), np.asarray(y)
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"images must be square and of shape (n_images, side, side), got {images.shape}.")
    n_classes = int(y.max()) + 1
    turned = [np.rot90(images, turns, axes=(1, 2)) for turns in range(4)]
    return np.concatenate(turned), np.concatenate([y + turns * n_classes for turns in range(4)])


def _read_local():
    folder = find_local_data(required=False)
    if folder is None or not (folder / "images" / "omniglot.npz").exists():
        return None
    return _read_archive(folder / "images" / "omniglot.npz")


def _read_cached(home, download_if_missing):
    archive = home / f"omniglot_{_SIDE}.npz"
    if not archive.exists():
        if not download_if_missing:
            raise OSError(f"Omniglot is not in {home}, and download_if_missing is False.")
        zips = [fetch_file(_URL + name, home / name, md5) for name, md5 in _MD5.items()]
        arrays = _arrays_from_zips(zips)
        partial = archive.with_suffix(".part.npz")
        np.savez_compressed(partial, **arrays)
        partial.replace(archive)
        for path in zips:
            path.unlink()
    return _read_archive(archive)


def _read_archive(path):
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _arrays_from_zips(paths):
    """The images of the zips, in order: zip after zip, then by alphabet, character and drawer.

    An image lies at ``<zip's name>/<alphabet>/<character>/<file>_<drawer>.png``.
    """
    images, drawer, is_evaluation, characters = [], [], [], []
    for part, path in enumerate(paths):
        with zipfile.ZipFile(path) as archive:
            pngs = sorted(
                name.split("/")[1:] for name in archive.namelist() if name.endswith(".png") and name.count("/") == 3
            )
            root = path.stem
            for alphabet, character, file in pngs:
                images.append(_small_image(archive.read("/".join([root, alphabet, character, file]))))
                drawer.append(int(file.removesuffix(".png").split("_")[1]))
                is_evaluation.append(part == 1)
                characters.append(f"{alphabet}/{character}")
    character_names = list(dict.fromkeys(characters))
    alphabet_names = list(dict.fromkeys(name.split("/")[0] for name in character_names))
    number = {name: i for i, name in enumerate(character_names)}
    alphabet_number = {name: i for i, name in enumerate(alphabet_names)}
    return {
        "images": np.stack(images),
        "character": np.array([number[name] for name in characters]),
        "alphabet": np.array([alphabet_number[name.split("/")[0]] for name in characters]),
        "drawer": np.array(drawer),
        "is_evaluation": np.array(is_evaluation),
        "character_names": np.array(character_names),
        "alphabet_names": np.array(alphabet_names),
    }


def _small_image(png):
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("Reading Omniglot's images needs Pillow: pip install pillow.") from error
    image = Image.open(io.BytesIO(png)).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    return 255 - np.asarray(image, dtype=np.uint8)
