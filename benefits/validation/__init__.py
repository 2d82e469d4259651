"""Check the data package: the standard first, then our rules, one module for each subject."""

from benefits.validation import (  # noqa: F401  each module registers its rules
    answers,
    cases,
    citations,
    coverage,
    dates,
    programs,
    tables,
    text,
)
