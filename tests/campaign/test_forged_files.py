"""Forged files with right checksums, damaged ones, and ones cut short: an estimator or a ValueError, soon."""

import copy
import itertools
import json
import random
import warnings

import pytest

import skmeta
from tests.campaign.patience import at_most, in_memory_of
from tests.campaign.subjects import ESTIMATORS, fitted, surroundings
from tests.saving.files import forge, parts_of

SECONDS, MEMORY = 10, 2**29  # the files have some ten thousand bytes
SHORT, WHOLE = 30, 20_000
#: what an attacker would put in the place of any value
BOMBS = [
    None, True, -1, 0, 1, 2**31, 2**63, 10**18, 10**400, 1e308, -0.5, "", "x", "../../etc/passwd", "/dev/zero", "cpu",
    "cuda", "meta", [], {}, [[]], {"tuple": []}, {"dict": [[1]]}, {"dict": [[[], 1]]}, {"float": "nan"},
    {"float": "1e999"}, {"class": "os.system"}, {"class": "skmeta.MLP"}, {"class": "torch.nn.Linear"},
    {"class": "torch.nn.Transformer"}, {"class": "torch.optim.LBFGS"}, {"class": "numpy.float64"},
    {"class": "sklearn.preprocessing.StandardScaler"}, {"object": ["skmeta.MAMLClassifier", {}]},
    {"object": ["skmeta.TaskSet", {}]}, {"object": ["MetaNet", {}]}, {"object": ["sklearn.pipeline.Pipeline", {}]},
    {"object": ["BSpline", {}]}, {"object": ["HistGradientBoostingRegressor", {}]}, {"again": 0}, {"again": 10**9},
    {"array": 0}, {"array": 1}, {"array": 10**9}, {"tensor": 0}, {"tensor": 2}, {"scalar": {"array": 0}},
    {"text": [["a"], "<U500000000", {"array": 0}]}, {"text": [[], "<U1", {"array": 0}]}, {"letters": [10**9, [1], 0]},
    {"objects": [[1, 2], [10**18]]}, {"objects": [[], [0, 10**18]]}, {"ragged": [{"array": 0}, {"array": 1}]},
    {"alike": ["skmeta.Support", 10**9, {}]}, {"fields": [[["a", "<f8"]], [1], {"array": 0}]},
    {"sparse": ["csr_matrix", [10**9, 10**9], {"array": 0}, {"array": 0}, {"array": 0}]},
    {"generator": ["RandomState", {"dict": []}]}, {"frame": [[], 10**12, []]}, {"path": "/etc/passwd"},
    {"slice": [0, 10**18, 1]}, {"table": [[1], []]}, {"torch dtype": "Tensor"}, {"dtype": "V9999999999"},
    {"the user's own": "os.system"}, {"times": ["<M8[Y]", {"array": 0}]}, {"by columns": {"array": 0}},
]  # fmt: skip
LARGE = [10**4, 10**5, 10**6, 10**7, 10**9, 10**12, -1, -(10**9)]


def places_in(value, path=()):
    """The paths to all values of a nest."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places_in(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from places_in(inner, (*path, key))


def change(content, arrays, draw):
    """One to three changes that an attacker could make."""
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        places = list(places_in(content))
        numbers = [path for path in places if type(value_at(content, path)) is int]
        if draw.random() < 0.4 and numbers:
            put(content, draw.choice(numbers), draw.choice(LARGE))
            continue
        path = draw.choice(places[1:])
        kind = draw.randrange(6)
        if kind == 0:
            remove(content, path)
        elif kind == 1:
            put(content, path, copy.deepcopy(value_at(content, draw.choice(places))))
        elif kind == 5:
            exchange(content, path, draw.choice(places[1:]))
        elif kind == 2 and arrays:
            place = draw.randrange(len(arrays))
            dtype, array = arrays[place]
            arrays[place] = dtype, array[: len(array) // 2] if array.ndim and len(array) > 1 else array
        elif kind == 3 and arrays:
            dtype, array = arrays[draw.randrange(len(arrays))]
            if array.size:
                array.flat[draw.randrange(array.size)] = draw.choice([0, 1, 127])
        else:
            put(content, path, copy.deepcopy(draw.choice(BOMBS)))


def value_at(content, path):
    for key in path:
        content = content[key]
    return content


def put(content, path, value):
    if path:
        value_at(content, path[:-1])[path[-1]] = value


def exchange(content, path, other):
    """Two values in each other's place, where neither is within the other."""
    shorter = min(len(path), len(other))
    if path[:shorter] != other[:shorter]:
        value = value_at(content, path)
        put(content, path, value_at(content, other))
        put(content, other, value)


def remove(content, path):
    if path:
        del value_at(content, path[:-1])[path[-1]]


def loaded(path):
    """What is wrong about loading a file, or None."""
    around = surroundings()
    try:
        with warnings.catch_warnings(), in_memory_of(MEMORY), at_most(SECONDS):
            warnings.simplefilter("ignore")
            skmeta.load(path)
    except ValueError as error:
        cause = error.__cause__
        is_greedy = isinstance(cause, MemoryError) or "allocate" in str(cause)
        if is_greedy:
            return f"ran out of memory: {cause}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    now = surroundings()
    return f"changed {changed}" if (changed := [key for key in now if now[key] != around[key]]) else None


def forge_many(name, n_files, seed, folder):
    path = folder / "file"
    skmeta.save(fitted(name), path)
    content, arrays = parts_of(path)
    text = json.dumps(content)
    wrong = []
    for place in range(n_files):
        draw = random.Random(f"{name} {seed} {place}")
        content, some = json.loads(text), [(dtype, array.copy()) for dtype, array in arrays]
        change(content, some, draw)
        forge(path, content, some)
        found = loaded(path)
        if found is not None:
            wrong.append((name, seed, place, found))
    return wrong


def blow_up(name, numbers, folder, share=1):
    """What is wrong about files of which one number is another: each in turn, or every ``share``-th."""
    path = folder / "file"
    skmeta.save(fitted(name), path)
    content, arrays = parts_of(path)
    text = json.dumps(content)
    places = [place for place in places_in(content) if type(value_at(content, place)) is int][::share]
    wrong = []
    for place, number in itertools.product(places, numbers):
        one = json.loads(text)
        put(one, place, number)
        forge(path, one, arrays)
        found = loaded(path)
        if found is not None:
            wrong.append((name, place, number, found))
    return len(places) * len(numbers), wrong


@pytest.mark.parametrize("name", ["RecurrentClassifier", "MAMLRegressor"])
def test_some_numbers_of_a_file_may_be_any(name, tmp_path):
    assert blow_up(name, [10**6], tmp_path, share=5)[1] == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_number_of_a_file_may_be_any(name, tmp_path, tally):
    n_files, wrong = blow_up(name, [10**4, 10**6, 10**9], tmp_path)
    tally["files with another number"] += n_files
    tally["files with another number: hanging or a raw exception"] += len(wrong)
    assert wrong == []


@pytest.mark.parametrize("name", ["ProtoNetClassifier", "MAMLRegressor", "TaskMixtureRegressor"])
def test_some_forged_files_are_refused_or_read(name, tmp_path):
    assert forge_many(name, SHORT, 0, tmp_path) == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_forged_files_are_refused_or_read(name, tmp_path, tally):
    n_files = WHOLE // len(ESTIMATORS) + 1
    wrong = forge_many(name, n_files, 1, tmp_path)
    tally["forged files"] += n_files
    tally["forged files: hanging or a raw exception"] += len(wrong)
    assert wrong == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_damaged_files_are_refused(name, tmp_path, tally):
    path = tmp_path / "file"
    skmeta.save(fitted(name), path)
    data = path.read_bytes()
    for place in range(100):
        draw = random.Random(f"{name} {place}")
        damaged = bytearray(data)
        if draw.random() < 0.5:
            damaged = damaged[: draw.randrange(len(data))]
        else:
            damaged[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=str(path)):
            skmeta.load(path)
        tally["damaged files"] += 1
