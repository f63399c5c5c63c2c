"""The documentation runs, its links lead somewhere, and its reference is complete."""

import doctest
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def without_fences(page):
    """Markdown as doctest can read it: a closing fence right below an output would be taken for part of it."""
    return re.sub(r"^```.*$", "", page, flags=re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
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


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_page_can_be_reached_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    assert [path.name for path in PAGES if path.name != "index.md" and f"({path.name})" not in index] == []


def test_the_reference_lists_every_public_name():
    page = runpy.run_path(str(ROOT / "docs" / "make_api.py"))["page"]
    assert (ROOT / "docs" / "api.md").read_text() == page(), "run: python docs/make_api.py"
