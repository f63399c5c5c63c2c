"""What a run of the campaign counted is said at its end: calls, files, kills and faults, and what was found."""

from collections import Counter

import pytest

_COUNTED = Counter()


@pytest.fixture
def tally(record_property):
    """Counts of one test, by name; they are added to those of the others."""
    counts = Counter()
    yield counts
    for name, value in counts.items():
        record_property(f"tally: {name}", value)


def pytest_runtest_logreport(report):
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name.startswith("tally: "):
                _COUNTED[name.removeprefix("tally: ")] += value


def pytest_terminal_summary(terminalreporter):
    if _COUNTED:
        terminalreporter.section("the campaign")
        for name, value in sorted(_COUNTED.items()):
            terminalreporter.write_line(f"{value:>8,}  {name}")
