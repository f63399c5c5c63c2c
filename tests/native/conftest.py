"""A kernel for these tests, compiled once, in a folder of its own; without a compiler they are skipped."""

import pytest

from skmeta import native
from skmeta.native import compilation


@pytest.fixture(scope="session")
def folder_of_the_kernel(tmp_path_factory):
    if not compilation.compilers():
        pytest.skip("no C compiler on this machine")
    folder = tmp_path_factory.mktemp("native")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKMETA_NATIVE", str(folder))
        native.build()
    return folder


@pytest.fixture(scope="module", autouse=True)
def kernel(folder_of_the_kernel):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKMETA_NATIVE", str(folder_of_the_kernel))
        compilation.library.cache_clear()
        yield
    compilation.library.cache_clear()


@pytest.fixture
def no_kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMETA_NATIVE", str(tmp_path))
    compilation.library.cache_clear()
    yield
    monkeypatch.undo()
    compilation.library.cache_clear()
