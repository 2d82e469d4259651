"""Count the outcomes of a kind of disturbance."""

from __future__ import annotations

from collections import Counter


class Tally:
    """The number of tries of a disturbance, their outcomes, and what was lost."""

    def __init__(self):
        self.tries, self.outcomes, self.losses = 0, Counter(), []

    def add(self, outcome: str, *losses: str) -> None:
        """Count one try; an empty loss is none."""
        self.tries += 1
        self.outcomes[outcome] += 1
        self.losses += [loss for loss in losses if loss]
