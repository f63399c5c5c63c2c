"""What the README says is run, in the order in which a reader would."""

import re
from pathlib import Path

import pytest

from skmeta.registry import FAMILIES, REGISTRY
from skmeta.tasks import EpisodeLoader

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text()


def test_every_python_block_runs(monkeypatch):
    monkeypatch.setattr(EpisodeLoader, "__len__", lambda loader: 2)  # steps of an epoch: what is learned is not asked
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    namespace = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_table_has_the_families_of_the_registry(family):
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| {family} |"))
    named = [name for name in re.findall(r"`(\w+)`", row) if name in REGISTRY]
    assert sorted(named) == sorted(FAMILIES[family])


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!http)[^)#]+)\)", TEXT))
def test_links_lead_somewhere(link):
    assert (README.parent / link).exists()
