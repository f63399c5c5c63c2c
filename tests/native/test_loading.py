"""The best instruction set is loaded that was built and that the processor has; what is not as built never is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import skmeta
from skmeta import native
from skmeta.native import loading

PROGRAM = """
import warnings
warnings.simplefilter("error" if {strict} else "ignore")
from skmeta import ProtoNetClassifier, native
print(native.available(), native.state())
"""


def in_a_new_process(strict=True, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "SKMETA_KERNEL"}
    path = str(Path(skmeta.__file__).parents[1])
    command = [sys.executable, "-c", PROGRAM.format(strict=strict)]
    environment = {**kept, "PYTHONPATH": path, **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The built files in a folder of their own."""
    for path in loading.FOLDER.glob("_kernel*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(loading, "FOLDER", tmp_path)
    clear()
    yield tmp_path
    monkeypatch.undo()
    clear()


def clear():
    loading.library.cache_clear()
    loading._record.cache_clear()
    loading._is_out_of_date.cache_clear()


def best(folder):
    return next(iter(folder.glob(f"_kernel_{loading.levels()[0]}.*")))


def test_the_best_instruction_set_is_taken(monkeypatch):
    assert native.state() == loading.levels()[0]
    assert in_a_new_process() == f"True {native.state()}"
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert "avx512" not in loading.levels()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    assert loading.levels() in (["baseline"], ["neon"])


def test_one_variable_turns_it_off():
    assert in_a_new_process(SKMETA_KERNEL="0") == "False off (SKMETA_KERNEL=0)"
    assert in_a_new_process(SKMETA_KERNEL="1") == f"True {native.state()}"


@pytest.mark.parametrize("damage", ["cut short", "empty", "another byte", "gone", "junk"])
def test_a_library_that_is_not_what_was_built_is_not_loaded(copied, damage):
    path = best(copied)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(content) // 2
        other = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes({"cut short": content[:middle], "empty": b"", "another byte": other, "junk": b"no"}[damage])
    with pytest.warns(RuntimeWarning, match="Reinstall skmeta"):
        assert not native.available()
    assert native.state().endswith("damaged")


@pytest.mark.parametrize("record", [None, "", "[]", '{"suffix": ".so"}', '{"suffix": 1, "digests": 2}', "\x00"])
def test_without_a_record_of_what_was_built_nothing_is_loaded(copied, record):
    (copied / "_kernel.json").unlink()
    if record is not None:
        (copied / "_kernel.json").write_text(record)
    clear()
    assert not native.available() and native.state() == "not built"


def test_in_a_checkout_a_library_of_other_sources_is_out_of_date(copied):
    (copied / "kernel.c").write_text("/* newer */")
    clear()
    assert not native.available() and "hatch_build.py" in native.state()


def test_no_variable_and_no_cache_leads_to_another_library(copied, monkeypatch, tmp_path):
    (copied / "_kernel.json").unlink()
    clear()
    for name in ("SKMETA_NATIVE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(loading.Path(native.__file__).parent))
    assert not native.available()


def test_what_runs_is_shown(capsys):
    skmeta.show_versions()
    shown = capsys.readouterr().out
    assert f"kernel: {native.state()}" in shown and f"skmeta: {skmeta.__version__}" in shown
    assert f"torch: {torch.__version__}" in shown
