"""Spark needs Java: without it these tests are left out and counted, as in the other suite."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from needs import (  # noqa: E402, F401  hooks of pytest
    pytest_configure,
    pytest_runtest_setup,
    pytest_terminal_summary,
)


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.java)
