"""Saving is whole or not at all, for one writer and for many, and whoever is killed leaves nothing for long."""

import multiprocessing
import os
import signal
import stat

import pytest

import skmeta
from skmeta import ProtoNetClassifier
from skmeta.saving import container


@pytest.fixture
def path(tmp_path):
    return tmp_path / "estimator.skmeta"


def test_a_failure_while_writing_keeps_the_old_file(path, monkeypatch):
    ProtoNetClassifier(lr=0.5).save(path)
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("skmeta.saving.container.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        ProtoNetClassifier().save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere' to save into"):
        ProtoNetClassifier().save(tmp_path / "nowhere" / "file")
    with pytest.raises(IsADirectoryError, match="is a folder: name a file"):
        ProtoNetClassifier().save(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs permissions of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_umask_decides_who_may_read(path, umask):
    old = os.umask(umask)
    try:
        ProtoNetClassifier().save(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_an_orphan_is_cleaned_up_and_a_living_writers_file_is_not(path):
    orphan, file = container._new_file_beside(path)
    living, kept_open = container._new_file_beside(path)
    other, other_file = container._new_file_beside(path.with_name("another"))
    file.close(), other_file.close()
    ProtoNetClassifier().save(path)
    assert {one.name for one in path.parent.iterdir()} == {path.name, living.name, other.name}
    kept_open.close()


def test_a_name_with_marks_of_patterns_is_a_name(tmp_path):
    path = tmp_path / "a[1]*?.skmeta"
    ProtoNetClassifier(lr=0.5).save(path)
    assert skmeta.load(path).lr == 0.5


def _save_often(path, lr):
    for _ in range(30):
        ProtoNetClassifier(lr=lr).save(path)


def test_many_processes_may_save_to_one_path(path):
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    rates = [0.25, 0.5, 0.75, 1.0]
    ProtoNetClassifier(lr=rates[0]).save(path)
    writers = [context.Process(target=_save_often, args=(path, lr)) for lr in rates]
    for writer in writers:
        writer.start()
    for _ in range(50):
        assert skmeta.load(path).lr in rates
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_writer_killed_at_any_step_leaves_the_old_file_or_the_new(path, call):
    ProtoNetClassifier(lr=0.25).save(path)
    pid = os.fork()
    if pid == 0:  # the writer, killed as it makes the call

        def die(*args, **kwargs):
            os.kill(os.getpid(), signal.SIGKILL)

        if call == "write":
            container._new_file_beside = lambda p, make=container._new_file_beside: (make(p), die())[0]
        else:
            setattr(os, call, die)
        ProtoNetClassifier(lr=0.5).save(path)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert skmeta.load(path).lr == 0.25
    ProtoNetClassifier(lr=0.5).save(path)
    assert skmeta.load(path).lr == 0.5
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupt_before_the_first_byte_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(file):
        raise KeyboardInterrupt

    monkeypatch.setattr(container, "_locked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ProtoNetClassifier().save(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
