"""What the README says is run, in the order in which a reader would."""

import re
from pathlib import Path

import pytest

import skmeta
import skmeta.estimators

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text()


def test_every_python_block_runs():
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    namespace = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)


@pytest.mark.parametrize("name", skmeta.estimators.__all__)
def test_every_estimator_is_in_the_table(name):
    assert f"`{name}`" in TEXT


def test_every_estimator_in_the_table_exists():
    table = TEXT[TEXT.index("## What is inside") : TEXT.index("## Documentation")]
    named = set(re.findall(r"`(\w+(?:Classifier|Regressor))`", table))
    assert named <= set(skmeta.__all__)


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!http)[^)#]+)\)", TEXT))
def test_links_lead_somewhere(link):
    assert (README.parent / link).exists()
