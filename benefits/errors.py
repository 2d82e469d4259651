"""The error that ends a verb: its message is a sentence for a person."""

from __future__ import annotations


class BenefitsError(Exception):
    """A verb cannot do its work. The message says why and what to do.

    `benefits.command` prints it and ends the program with exit code 1.
    """
