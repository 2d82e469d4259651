"""The answers: each is one SQL file in sql/queries, whose head says in YAML what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from benefits.errors import BenefitsError
from benefits.package import ROOT


@dataclass(frozen=True)
class Answer:
    """One answer. `parameters` is {name: kind}, in the words of benefits/web/parameters.py."""

    name: str
    title: str
    description: str
    position: int
    parameters: dict[str, str]
    sql: str


def read_answers(root: Path = ROOT) -> dict[str, Answer]:
    """Return the answers by name, in the order in which they are listed.

    Raises BenefitsError, which names the file, where a head is not as it should be.
    """
    answers = [read_answer(file) for file in (root / "sql" / "queries").glob("*.sql")]
    return {answer.name: answer for answer in sorted(answers, key=lambda a: a.position)}


def read_answer(file: Path) -> Answer:
    """Return the answer of one file. Its head is the comment above the first empty line."""
    head, _, sql = file.read_text(encoding="utf-8").partition("\n\n")
    lines = head.splitlines()
    try:
        if not all(line.startswith("-- ") for line in lines):
            raise TypeError("its head has a line that does not begin with '-- '")
        about = yaml.safe_load("\n".join(line.removeprefix("-- ") for line in lines))
        return Answer(name=file.stem, sql=sql, **about)
    except (yaml.YAMLError, TypeError) as e:
        expected = "a comment with title, description, position and parameters, then an empty line"
        problem = " ".join(str(e).split())
        raise BenefitsError(f"{file}: {problem}; expected at its start: {expected}") from e


def read_kinds(root: Path = ROOT) -> dict[str, dict[str, dict[str, str]]]:
    """Return {"answers": {name: {parameter: kind}}, "pages": {path: {parameter: kind}}}.

    A page of metadata.yml that names an answer takes the parameters of that answer.
    """
    answers = {name: answer.parameters for name, answer in read_answers(root).items()}
    metadata = yaml.safe_load((root / "metadata.yml").read_text(encoding="utf-8"))
    pages = metadata["plugins"]["pages"].items()
    pages = {path: answers[takes] if isinstance(takes, str) else takes for path, takes in pages}
    return {"answers": answers, "pages": pages}
