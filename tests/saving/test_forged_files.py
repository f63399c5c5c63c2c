"""Whatever is in a file: an estimator or a ValueError, within seconds, and nothing else is touched."""

import builtins
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors.torch import save_file

import skmeta
from skmeta import InContextClassifier, ProtoNetClassifier
from skmeta.nets import MLP, ResidualMLP
from tests.campaign.patience import in_memory_of
from tests.saving.files import forge, net_of, parts_of, rewritten, small_estimator, state_of, with_header


@pytest.fixture
def path(tmp_path):
    return tmp_path / "estimator.skmeta"


@pytest.fixture
def small(path):
    """An adapted estimator, saved."""
    meta, _ = small_estimator()
    meta.save(path)
    return meta


# ---------------------------------------------------------------------- damage


@pytest.mark.parametrize("position", [0.3, 0.7, 0.99])
def test_one_changed_byte_is_noticed(small, path, position):
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="checksum does not match|truncated or damaged"):
        skmeta.load(path)


@given(position=st.floats(0, 0.9999), bit=st.integers(0, 7))
def test_wherever_a_file_is_changed_loading_fails_cleanly(position, bit, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "file"
    ProtoNetClassifier(lr=0.25).save(path)
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(ValueError, match=str(path)):
        skmeta.load(path)


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_noticed(small, path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match="truncated or damaged"):
        skmeta.load(path)


def test_other_files_are_refused(path, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        skmeta.load(path)
    with pytest.raises(ValueError, match="folder"):
        skmeta.load(tmp_path)
    path.write_text("hello, this is a text")
    with pytest.raises(ValueError, match="not a file saved by skmeta"):
        skmeta.load(path)
    path.write_bytes(pickle.dumps(ProtoNetClassifier()))
    with pytest.raises(ValueError, match="not a file saved by skmeta"):
        skmeta.load(path)
    save_file({"a": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="is a safetensors file, but not one"):
        skmeta.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(ValueError, match="pipe"):
        skmeta.load(path)


# ---------------------------------------------------------------------- nothing but the file


def test_no_code_is_executed(small, path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("loading must not get here")

    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr("builtins.eval", refuse)
    monkeypatch.setattr("builtins.exec", refuse)
    skmeta.load(path)


def test_nothing_but_the_file_is_opened(path, tmp_path, monkeypatch, cancer_rows):
    """Not the weights that the estimator once started from either: they are in the file."""
    X, y = cancer_rows
    shipped = Path(skmeta.pretrained.weights_file("classification")[0])
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(shipped.read_bytes())
    clf = InContextClassifier(pretrained=weights).fit(X, y)
    clf.save(path)
    weights.unlink()
    opened, open_, os_open = [], builtins.open, os.open

    def noted(file, *args, **kwargs):
        opened.append(str(file))
        return open_(file, *args, **kwargs)

    def noted_by_os(file, *args, **kwargs):
        opened.append(str(file))
        return os_open(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", noted)
    monkeypatch.setattr(os, "open", noted_by_os)
    monkeypatch.setattr("skmeta.pretrained.weights_file", None)
    again = skmeta.load(path)
    monkeypatch.undo()
    assert opened == [str(path)]
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


@pytest.fixture(scope="module")
def cancer_rows():
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    return X[:30], y[:30]


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"\1" * p.stat().st_size)])
def test_what_happens_to_the_file_afterwards_does_not_matter(small, path, spoil):
    again = skmeta.load(path)
    spoil(path)
    X = np.zeros((3, small.n_features_in_))
    assert_array_equal(again.predict_proba(X), small.predict_proba(X))
    assert_array_equal(again.predict_proba(X, task=["a", "b", "a"]), small.predict_proba(X, task=["a", "b", "a"]))


# ---------------------------------------------------------------------- forged with right checksums


@pytest.mark.parametrize("version", ["3", "99", "0", "x", "", "²", "1" * 5000, 2, None])
def test_another_format_version_is_refused(small, path, version):
    with_header(path, lambda header: header["__metadata__"].update(format_version=version))
    with pytest.raises(ValueError, match="format version .*Update skmeta"):
        skmeta.load(path)


def set_state(**values):
    return lambda content: state_of(content).update(values)


def set_net(**values):
    return lambda content: net_of(content)["settings"]["table"].__setitem__(
        slice(None), _with(net_of(content)["settings"]["table"], values)
    )


def set_task(**values):
    """Other settings that the current task was adapted with."""
    settings = {"table": [list(values), list(values.values())]}
    return lambda content: state_of(content)["task_"]["object"][1].update(settings=settings)


def _with(table, values):
    settings = dict(zip(*table)) | values
    return [list(settings), list(settings.values())]


LONG = {"text": [["a"], "<U500000000", {"array": 0}]}
FORGERIES = {
    "no estimator": (lambda c: c.update(object={"object": ["Evil", {}]}), "may not name the class"),
    "no class": (lambda c: c.update(object={"object": ["skmeta.Evil", {}]}), "may not name the class 'skmeta.Evil'"),
    "dunder": (lambda c: c.update(object={"object": ["skmeta.__import__", {}]}), "may not name the class"),
    "a number": (lambda c: c.update(object=3), "holds a int"),
    "a task": (lambda c: c.update(object={"object": ["skmeta.ColumnCodes", {}]}), "holds a ColumnCodes"),
    "os.system": (set_state(optimizer={"class": "os.system"}), "may not name the class 'os.system'"),
    "torch.nn.os": (set_state(optimizer={"class": "torch.nn.os"}), "may not name the class"),
    "a function": (set_state(optimizer={"class": "torch.nn.functional.relu"}), "may not name the class"),
    "no optimizer": (set_state(optimizer={"class": "torch.optim.lr_scheduler"}), "may not name the class"),
    "load": (set_state(module={"class": "skmeta.load"}), "may not name the class"),
    "private of sklearn": (set_state(lr={"object": ["sklearn.utils._testing.X", {}]}), "may not name the class"),
    "forest": (set_state(lr={"object": ["sklearn.ensemble.RandomForestClassifier", {}]}), "may not name the class"),
    "kind": (set_state(lr={"_init__": []}), "kind '_init__'"),
    "two kinds": (set_state(lr={"tuple": [], "float": "nan"}), "may have one"),
    "method": (set_state(predict=1), "tampered with: it sets 'predict'"),
    "class of itself": (set_state(__class__=1), "tampered with: it sets '__class__'"),
    "array": (set_state(lr={"array": "nowhere"}), "does not hold what an estimator"),
    "width": (set_net(module__n_hidden=30000), "do not fit the module"),
    "depth": (set_net(module__n_layers=10**7), "far more"),
    "columns": (set_net(learner__n_features_in=10**9), "cannot take rows of 1000000000 features"),
    "negative": (set_net(module__n_hidden=-1), "does not hold"),
    "no weights": (lambda c: net_of(c).update(weights={"dict": []}), "do not fit the module"),
    "a setting of no net": (set_net(evil__path="x"), "settings that no net has"),
    "callbacks": (set_net(callbacks=3), "settings that no net has"),
    "no state": (lambda c: c["object"]["object"].pop(), "does not hold what an estimator"),
    "nothing": (lambda c: c.clear(), "does not hold what an estimator"),
    "long text": (set_state(labels_=LONG), "far more memory|does not hold"),
    "huge shape": (set_state(labels_={"objects": [[1], [10**18]]}), "does not hold"),
    "deep": (set_state(lr=None), None),
    "one array in many lists": (
        set_state(lr=[{"scalars": {"array": 0}} for _ in range(10**4)]), "array '0' is not there, or was named before"
    ),
    "again": (set_state(lr={"again": 10**9}), "does not hold"),
    "collisions": (set_state(lr={"dict": [[k * (2**61 - 1), 0] for k in range(20000)]}), "collide"),
    "long number": (set_state(lr={"float": "1" * 10**6}), "no number that needs words"),
    "sparse": (
        set_state(lr={"sparse": ["csr_matrix", [1, 10**9], {"array": 0}, {"array": 0}, {"array": 0}]}), "does not hold"
    ),
    "steps": (set_state(inner_steps=10**12), "more than the 5000 steps"),
    "steps of a task": (set_task(inner_steps=10**12), "more than the 5000 steps"),
    "steps of a learner": (set_net(learner__inner_steps=10**12), "more than the 5000 steps"),
    "orders of a task": (set_task(n_permutations=10**7), "more than the 256 orders"),
    "slots of a learner": (set_net(learner__n_slots=10**7), "more than the 1024 slots"),
    "orders of a learner": (set_net(learner__n_permutations=10**7), "more than the 256 orders"),
    "no history": (lambda c: net_of(c).update(history=3), "does not hold"),
}  # fmt: skip


@pytest.mark.parametrize("n_layers", [10**9, 2**63])
@pytest.mark.parametrize(
    "estimator",
    [
        skmeta.LearnedOptimizerRegressor(max_epochs=0),
        skmeta.MAMLRegressor(MLP, module__n_layers=2, max_epochs=0),
        skmeta.MAMLRegressor(ResidualMLP, module__n_layers=2, max_epochs=0),
    ],
)
def test_layers_are_not_counted_out_before_they_are_looked_for_in_the_file(estimator, n_layers, path):
    estimator.fit([(np.eye(3), np.arange(3.0))] * 2).save(path)
    setting = "learner__n_layers" if "n_layers" in estimator.get_params() else "module__n_layers"
    rewritten(path, set_net(**{setting: n_layers}))
    with in_memory_of(2**28), pytest.raises(ValueError, match="far more of them|too large|OverflowError"):
        skmeta.load(path)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_file_can_name_nothing_but_what_is_allowed(small, path, forgery):
    change, words = FORGERIES[forgery]
    rewritten(path, change)
    if words is None:
        assert isinstance(skmeta.load(path), ProtoNetClassifier)
        return
    with pytest.raises(ValueError, match=words):
        skmeta.load(path)


def test_what_loading_would_refuse_is_refused_when_it_is_saved(path):
    with pytest.raises(TypeError, match="inner_steps=20000 is more than the 5000 steps"):
        skmeta.MAMLClassifier(inner_steps=20_000).save(path)


def test_a_parameter_that_the_file_does_not_know_has_its_default(small, path):
    rewritten(path, lambda content: state_of(content).pop("lr"))
    assert skmeta.load(path).lr == ProtoNetClassifier().lr


def test_values_nested_without_end_are_refused(small, path):
    content, arrays = parts_of(path)
    text = json.dumps(content)
    assert '"lr":' in text
    start = text.index('"lr": ')
    end = text.index(",", start)
    for opening, closing in (("[", "]"), ('{"tuple":[', "]}")):
        forge(path, text[:start] + '"lr": ' + opening * 50_000 + closing * 50_000 + text[end:], arrays)
        with pytest.raises(ValueError, match="does not hold"):
            skmeta.load(path)


def test_a_device_that_holds_no_numbers_is_not_taken_from_a_file(small, path):
    def on_meta(content):
        state_of(content)["device"] = "meta"

    rewritten(path, on_meta)
    with pytest.warns(UserWarning, match="'meta', which is not there"):
        assert skmeta.load(path).device == "cpu"


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h["0"].update(shape=[2**40]),
        lambda h: h["0"].update(shape=[-1]),
        lambda h: h["0"].update(shape="x"),
        lambda h: h["0"].update(shape=[0, 2**61]),
        lambda h: h["0"].update(dtype="F4"),
        lambda h: h["0"].update(dtype=["F32"]),
        lambda h: h["0"].update(data_offsets=[8, 16]),
        lambda h: h["0"].update(data_offsets=None),
        lambda h: h.update({"0": 3}),
        lambda h: h["__metadata__"].pop("content"),
        lambda h: h["__metadata__"].update(content=3),
        lambda h: h["__metadata__"].update(content="\ud800"),
        lambda h: h.update(__metadata__=3),
        lambda h: h.clear(),
    ],
)
def test_a_forged_header_is_refused(small, path, change):
    try:
        with_header(path, change)
    except (AttributeError, UnicodeEncodeError):  # then without a checksum
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    with pytest.raises(ValueError, match=str(path)):
        skmeta.load(path)
