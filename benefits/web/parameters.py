"""The parameters of answers and pages: what each takes, why a value is refused, and its schema.

Which parameter an address has, and of which kind, is in metadata.yml under plugins.
"""

from __future__ import annotations

import re
from datetime import date

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Those that the answer `panel` makes.
MONTH = re.compile(r"(?:199[0-9]|20[0-3][0-9])-[0-9]{2}(?:-[0-9]{2})?", re.ASCII)
PAGE = re.compile(r"/(?:coverage|gaps|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+)?", re.ASCII)
MOST_LISTED = 60  # codes that are listed one by one
MOST_CHARACTERS = 100  # of text


class Parameter:
    """One parameter. An empty value is never refused: it stands for all, or for the usual."""

    description = ""

    def __init__(self, name: str):
        self.name = name

    @staticmethod
    def of_kind(name: str, kind: str) -> Parameter:
        """Return the parameter of a kind as metadata.yml writes it."""
        if kind in KINDS:
            return KINDS[kind](name)
        if "|" in kind:
            return Choice(name, kind.split("|"))
        if numbers := re.fullmatch("([0-9]+)-([0-9]+)", kind):
            return Number(name, int(numbers[1]), int(numbers[2]))
        table, _, column = kind.partition(".")
        return Key(name, table, column)

    async def refuse(self, database, value: str) -> str:
        """Return why a value is not taken, as a sentence; empty if it is."""
        raise NotImplementedError

    async def schema(self, database) -> dict:
        """Return the JSON schema of the values."""
        raise NotImplementedError

    def shown(self, value: str) -> str:
        return f"{self.name} is {value[:60]!r}"


class Day(Parameter):
    """A day of the calendar."""

    description = "A day of the calendar, as YYYY-MM-DD."

    async def refuse(self, database, value):
        try:
            if DATE.fullmatch(value) and date.fromisoformat(value):
                return ""
        except ValueError:
            pass
        return (
            f"{self.shown(value)}, which is not a date. Accepted: a day of the calendar as "
            "YYYY-MM-DD, such as 2025-07-01, or nothing for the day through which the data goes."
        )

    async def schema(self, database):
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


class Month(Parameter):
    """A month from 1990 to 2039, or a day of one."""

    description = "A month from 1990-01 to 2039-12, as YYYY-MM, or a day of it as YYYY-MM-DD."

    async def refuse(self, database, value):
        try:
            if MONTH.fullmatch(value) and date.fromisoformat((value + "-01")[:10]):
                return ""
        except ValueError:
            pass
        return (
            f"{self.shown(value)}, which is no month. Accepted: a month from 1990-01 to 2039-12 as "
            "YYYY-MM, such as 2025-07, a day of it as YYYY-MM-DD, or nothing for the first or "
            "last month that the dataset covers."
        )

    async def schema(self, database):
        pattern = "^(199[0-9]|20[0-3][0-9])-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?$"
        return {"type": "string", "pattern": pattern, "examples": ["2025-07"]}


class Page(Parameter):
    """The path of a page that can be asked for on a day."""

    description = "The path of a page."

    async def refuse(self, database, value):
        return "" if PAGE.fullmatch(value) else f"{self.shown(value)}, which is no page."

    async def schema(self, database):
        return {"type": "string"}


class Text(Parameter):
    """Words to search for."""

    description = "Words, or how they begin."

    async def refuse(self, database, value):
        if "\0" in value:
            return f"{self.name} has a NUL character, which no text of the dataset has."
        if len(value) > MOST_CHARACTERS:
            length = f"{self.name} has {len(value)} characters"
            return f"{length}. Accepted: at most {MOST_CHARACTERS}."
        return ""

    async def schema(self, database):
        return {"type": "string", "maxLength": MOST_CHARACTERS}


class Choice(Parameter):
    """One of several words."""

    description = "One of these words."

    def __init__(self, name: str, choices: list[str]):
        super().__init__(name)
        self.choices = choices

    async def refuse(self, database, value):
        if value in self.choices:
            return ""
        return f"{self.shown(value)}. Accepted: {', '.join(self.choices)}, or nothing."

    async def schema(self, database):
        return {"type": "string", "enum": self.choices}


class Number(Parameter):
    """A whole number in a range."""

    description = "A whole number."

    def __init__(self, name: str, low: int, high: int):
        super().__init__(name)
        self.low, self.high = low, high

    async def refuse(self, database, value):
        if re.fullmatch("[0-9]{1,9}", value, re.ASCII) and self.low <= int(value) <= self.high:
            return ""
        return (
            f"{self.shown(value)}. Accepted: a whole number from {self.low} to {self.high}, "
            "or nothing."
        )

    async def schema(self, database):
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Key(Parameter):
    """A value of a column, such as the key of a table."""

    description = "A key of the dataset."

    def __init__(self, name: str, table: str, column: str):
        super().__init__(name)
        self.table, self.column = table, column

    async def codes(self, database) -> list[str]:
        """Return the values in order: one more than are listed if there are more."""
        sql = f'SELECT DISTINCT "{self.column}" FROM "{self.table}" ORDER BY 1'
        rows = (await database.execute(f"{sql} LIMIT {MOST_LISTED + 1}")).rows
        return [row[0] for row in rows]

    async def refuse(self, database, value):
        sql = f'SELECT 1 FROM "{self.table}" WHERE "{self.column}" = ? LIMIT 1'
        if (await database.execute(sql, [value])).rows:
            return ""
        codes = await self.codes(database)
        if len(codes) <= MOST_LISTED:
            accepted = "one of " + ", ".join(codes)
        else:
            accepted = f"a key of the dataset, such as {codes[0]}"
        alike = value.strip().lower().replace("-", "_")
        near = next((code for code in codes if code.lower() == alike), None)
        hint = f" Did you mean {near}?" if near else ""
        return (
            f"{self.shown(value)}, which is not known.{hint} "
            f"Accepted: {accepted}, or nothing for all."
        )

    async def schema(self, database):
        codes = await self.codes(database)
        if len(codes) <= MOST_LISTED:
            return {"type": "string", "enum": codes}
        return {"type": "string", "examples": codes[:1]}


KINDS = {"date": Day, "month": Month, "path": Page, "text": Text}


def read_parameters(config: dict | None) -> dict[str, dict[str, Parameter]]:
    """Return the parameters by address and name, from a part of metadata.yml."""
    return {
        address: {name: Parameter.of_kind(name, kind) for name, kind in kinds.items()}
        for address, kinds in (config or {}).items()
    }


async def find_problems(
    database, parameters: dict[str, Parameter], pairs: list[tuple[str, str]], is_page: bool
) -> list[str]:
    """Return a sentence for each name and value of a query string that is not taken.

    Of a page an unknown name is ignored: other sites add theirs to links.
    """
    problems, seen = [], set()
    for name, value in pairs:
        if name.startswith("_") or (is_page and name not in parameters):
            continue
        if name not in parameters:
            accepted = ", ".join(parameters)
            problems.append(f"There is no parameter {name[:40]!r}. Accepted: {accepted}.")
        elif name in seen:
            sentence = f"The parameter {name} is given more than once."
            problems.append(f"{sentence} Give it once, or leave it empty.")
        elif value and (problem := await parameters[name].refuse(database, value)):
            problems.append(problem)
        seen.add(name)
    return problems
