"""The documentation runs, its links lead somewhere, and nothing public is left out of it."""

import doctest
import importlib
import re
import runpy
from pathlib import Path

import pytest

import skmeta

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for folder in (DOCS, DOCS / "guide", DOCS / "benchmarks") for path in folder.glob("*.md"))
EXAMPLES = sorted((ROOT / "examples").rglob("plot_*.py"))


def name_of(path):
    return str(path.relative_to(ROOT))


def without_fences(page):
    """Markdown as doctest can read it: a closing fence right below an output would be taken for part of it."""
    return re.sub(r"^ *```.*$", "", page, flags=re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_code_block_gives_the_output_shown(path):
    test = doctest.DocTestParser().get_doctest(without_fences(path.read_text()), {}, path.name, str(path), 0)
    report = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=options).run(test, out=report.append)
    assert not report, "".join(report)


def test_the_page_reader_finds_a_wrong_output():
    test = doctest.DocTestParser().get_doctest(without_fences("```pycon\n>>> 1 + 1\n3\n```\n"), {}, "page", "page", 0)
    report = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert "Expected:\n    3\nGot:\n    2" in "".join(report)


def test_code_of_pages_is_no_wider_than_their_column():
    wide = []
    for path in PAGES:
        blocks = re.findall(r"^```(?:python|pycon)$(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
        wide += [f"{path.name}: {line}" for block in blocks for line in block.splitlines() if len(line) > 84]
    assert wide == []


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")) and "auto_examples/" not in target:
            assert (path.parent / target).exists() or target.startswith("../reference/"), f"{path} links to {target}"


def test_pictures_and_links_of_pages_name_examples_that_exist():
    """Pictures of the guide are those of the gallery: sphx_glr_plot_NAME_001.png belongs to plot_NAME.py."""
    known = {path.stem for path in EXAMPLES}
    for path in PAGES:
        named = re.findall(r"sphx_glr_(plot_\w+?)_\d{3}\.png", path.read_text())
        named += re.findall(r"auto_examples/\w+/(plot_\w+)", path.read_text())
        assert set(named) <= known, f"{path} shows {sorted(set(named) - known)}"


@pytest.mark.parametrize("folder", [DOCS / "guide", DOCS / "benchmarks"], ids=name_of)
def test_every_page_can_be_reached_from_the_index_of_its_folder(folder):
    toctrees = re.findall(r"^```\{toctree\}\n(.*?)^```", (folder / "index.md").read_text(), flags=re.S | re.M)
    assert {path.stem for path in folder.glob("*.md")} - {"index"} <= set(" ".join(toctrees).split())


def test_the_page_on_choosing_names_every_estimator():
    page = (DOCS / "guide" / "choosing.md").read_text()
    classes = {name: getattr(skmeta, name) for name in skmeta.__all__ if isinstance(getattr(skmeta, name), type)}
    estimators = [name for name, cls in classes.items() if hasattr(cls, "fit")]
    assert len(estimators) > 30
    assert [name for name in estimators if name not in page] == []


def test_every_example_tells_where_its_data_come_from_and_shows_a_picture():
    assert len(EXAMPLES) >= 22
    for path in EXAMPLES:
        text = path.read_text()
        assert "\nData: " in text and "plt.show()" in text, path


def test_the_reference_has_every_public_name_once():
    written = runpy.run_path(str(DOCS / "_ext" / "reference_pages.py"))
    listed = [(module, name) for module, _, names in written["tables"]() for name in names]
    assert len(listed) == len(set(listed))
    things = {id(getattr(importlib.import_module(module), name)) for module, name in listed}
    for module in ("skmeta", *written["MODULES"]):
        module = importlib.import_module(module)
        assert [name for name in module.__all__ if id(getattr(module, name)) not in things] == []
    assert {name for module, name in listed if module == "skmeta"} == set(skmeta.__all__)
