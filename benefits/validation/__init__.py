"""Check the data package: the standard first, then the rules, which are sorted by their subject."""

from benefits.validation import (  # noqa: F401  each registers its rules
    answers,
    cases,
    citations,
    coverage,
    dates,
    tables,
    text,
)
