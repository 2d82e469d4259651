"""The error that ends a verb: its message is a sentence for a person."""

from __future__ import annotations


class BenefitsError(Exception):
    """A verb cannot do what it was asked. The message says why and what to do."""
