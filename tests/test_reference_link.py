"""An estimator's picture in a notebook leads to its page if the installed package names an address, and only then."""

import re
import runpy
from pathlib import Path

import pytest
from sklearn.preprocessing import StandardScaler

import skmeta
from skmeta import reference_link
from skmeta.registry import REGISTRY

ROOT = Path(__file__).resolve().parents[1]
PAGES = runpy.run_path(str(ROOT / "docs" / "_ext" / "reference_pages.py"))["tables"]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Plays an installation whose metadata have these lines."""

    def install(*lines):
        folder = tmp_path / "skmeta-99.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", "Name: skmeta", "Version: 99", *lines]))
        monkeypatch.syspath_prepend(tmp_path)
        reference_link.address.cache_clear()

    yield install
    reference_link.address.cache_clear()


def links(estimator):
    """Addresses of whole pages that the picture of an estimator leads to, those of scikit-learn's left out."""
    targets = re.findall(r'href="([^"#]+)', estimator._repr_html_())
    return {target for target in targets if not target.startswith("https://scikit-learn.org/")}


def made(name):
    cls = REGISTRY[name].cls
    if name == "PerTask":
        return cls(StandardScaler())
    return cls(skmeta.ProtoNetClassifier()) if name.startswith("FewShot") else cls()


@pytest.mark.parametrize("name", REGISTRY)
def test_an_estimator_leads_to_its_page_in_the_reference(name, installed):
    installed(
        "Project-URL: Source, https://example.org/source",
        "Project-URL: Documentation, https://example.org/skmeta/",
    )
    inside = {"ProtoNetClassifier"} if name.startswith("FewShot") else set()
    expected = {f"https://example.org/skmeta/reference/api/skmeta.{one}.html" for one in {name} | inside}
    assert links(made(name)) == expected
    assert any(module == "skmeta" and name in names for module, _, names in PAGES()), "there is no such page"


@pytest.mark.parametrize("name", ["MAMLClassifier", "TaskMixtureRegressor", "SourceSelector", "TableEncoder"])
def test_without_an_address_there_is_no_link(name, installed):
    installed("Project-URL: Source, https://example.org/source")
    assert links(made(name)) == set()


def test_an_estimator_of_ones_own_is_not_said_to_be_in_the_reference(installed):
    class Mine(skmeta.ProtoNetClassifier):
        pass

    installed("Project-URL: Documentation, https://example.org/skmeta")
    assert links(Mine()) == set()
