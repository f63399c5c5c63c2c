"""The kernel as it was built in this checkout; where it was not, these tests are skipped."""

import pytest

from skmeta import native
from skmeta.native import loading


@pytest.fixture(scope="module", autouse=True)
def kernel():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SKMETA_KERNEL", raising=False)
        loading.library.cache_clear()
        if not native.available():
            pytest.skip(f"the kernel is {native.state()}; `python hatch_build.py` compiles it in a checkout")
        yield
    loading.library.cache_clear()


@pytest.fixture
def no_kernel(monkeypatch):
    monkeypatch.setenv("SKMETA_KERNEL", "0")
    loading.library.cache_clear()
    yield
    monkeypatch.undo()
    loading.library.cache_clear()


@pytest.fixture
def take(monkeypatch):
    """A function that loads the kernel of another instruction set."""

    def take(level):
        monkeypatch.setattr(loading, "_level", lambda: level)
        loading.library.cache_clear()
        assert native.available() and native.state() == level

    yield take
    monkeypatch.undo()
    loading.library.cache_clear()
