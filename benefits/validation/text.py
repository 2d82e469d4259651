"""Rules on text: characters, forms and words."""

from __future__ import annotations

import re
import unicodedata

from benefits import history
from benefits.package import MAX_CELL, WRITTEN_BY_THE_RELEASE
from benefits.validation.registry import cells, every_table, rule

# Unicode categories of invisible characters: control, format, surrogate, private and unassigned
# characters, separators of lines and paragraphs, and blanks other than the plain one.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# Invisible characters of other categories: joiners, fillers, variation selectors, the blank Braille
# pattern, and marks of lost text.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\ufffd"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
CONTROL = re.compile("[\x01-\x1f\x7f]")
FORMULA = re.compile("\0[=+@\t\r-]")
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# pandas reads this as a missing value; "none" in small letters, a code, is left as it is.
PANDAS_NULL = "None"
NULL_WORDS = {
    "na",
    "n/a",
    "null",
    "none found",
    "nan",
    "nil",
    "tbd",
    "todo",
    "unknown",
    "-",
    "?",
    "xxx",
}
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I)
# Legal citations such as WAC 182-505-0115 look like telephone numbers, so only forms that no
# citation has are matched.
TELEPHONE = re.compile(
    r"\(\d{3}\) ?\d{3}[ .-]\d{4}|\b\d{3}\.\d{3}\.\d{4}\b|\b1-8\d\d-\d{3}-\d{4}\b"
    r"|\b(?:tel|phone|call|fax)\W{1,3}\d{3}\W\d{3}\W\d{4}",
    re.I,
)
SOCIAL_SECURITY = re.compile(r"(?<![\w/-])\d{3}-\d{2}-\d{4}(?![\w-])")
# What every telephone and Social Security number has in it.
NUMBERED = re.compile(r"\d{3}[^\w\0]{1,2}\d{2,3}[^\w\0]\d{4}")
LOADED = re.compile(
    r"\billegals?\b(?=\s+(?:alien|immigrant|migrant|people|person|resident|worker))"
    r"|\billegals\b|\billegal aliens?\b"
    r"|\bsanctuary\b|\byou qualify\b|\byou are eligible\b|\byou are safe\b|\bis safe\b|\baliens\b",
    re.I,
)
# At least one of these is in every text that LOADED finds.
IN_LOADED = (
    "illegal",
    "sanctuary",
    "you qualify",
    "you are eligible",
    "you are safe",
    "is safe",
    "aliens",
)
# Columns of names and titles, which others have worded.
PROPER = {
    ("sources", "title"),
    ("sources", "publisher"),
    ("sources", "url"),
    ("programs", "name"),
    ("programs", "authority"),
    ("programs", "url"),
    ("cases", "caption"),
    ("cases", "url"),
    # What a cell said in a release: the cell itself is checked in its own table.
    ("changes", "old"),
    ("changes", "new"),
}


# ---- which columns a rule must look at ---------------------------------------------------------


def has_blanks(text: str) -> bool:
    """Return whether the cells of a column could have blanks at an edge or two in a row."""
    return "  " in text or "\0 " in text or " \0" in text or not text.isascii() or "\t" in text


def has_null_word(text: str) -> bool:
    """Return whether a cell of a column stands for a missing value."""
    lower = text.lower()
    return f"\0{PANDAS_NULL}\0" in text or any(f"\0{word}\0" in lower for word in NULL_WORDS)


def has_loaded_word(text: str) -> bool:
    """Return whether a cell of a column has a loaded word."""
    lower = text.lower()
    return any(
        LOADED.search(text[max(0, m.start() - 1) : m.end() + 20])
        for word in IN_LOADED
        if word in lower
        for m in re.finditer(word, lower)
    )


def has_personal_data(text: str) -> bool:
    """Return whether a cell of a column could have personal data."""
    return "@" in text or any(
        holds_number(text[max(0, m.start() - 12) : m.end() + 1]) for m in NUMBERED.finditer(text)
    )


def holds_number(text: str) -> bool:
    """Return whether a text has a telephone or Social Security number."""
    return bool(TELEPHONE.search(text) or SOCIAL_SECURITY.search(text))


@rule("blank-edges", "remove the blanks", of_one_cell=True)
def blank_edges(package):
    for table, line, row, column, text in cells(package, has_blanks):
        if text != text.strip() or "  " in text:
            yield (
                table,
                line,
                row,
                column,
                f"{text[:60]!r} begins or ends with a blank, or holds two in a row",
            )


def odd_character(text: str) -> str:
    """Return the first invisible or misleading character and its place, as a clause.

    Return an empty text if there is none.
    """
    for place, c in enumerate(text, 1):
        if c != " " and (unicodedata.category(c) in INVISIBLE or BLANK.match(c)):
            name = unicodedata.name(c, "a character without a name").lower()
            return f"U+{ord(c):04X} ({name}) as character {place}"
    return ""


def may_be_odd(text: str) -> bool:
    """Return whether a cell of a column could have an odd character."""
    return not text.isascii() or CONTROL.search(text) is not None


@rule(
    "odd-characters",
    "retype the cell as plain text on one line, without characters that cannot be seen",
    of_one_cell=True,
)
def odd_characters(package):
    for table, line, row, column, text in cells(package, may_be_odd):
        if text.isprintable() and text.isascii():
            continue
        if character := odd_character(text):
            message = f"holds {character}, which is not plain text on one line"
            yield table, line, row, column, message


@rule("row-too-long", "shorten its cells: the whole row must fit in one cell of data/changes.csv")
def row_too_long(package):
    for table in every_table(package):
        if table.name in WRITTEN_BY_THE_RELEASE:
            continue
        names = sum(map(len, table.columns)) + 6 * len(table.columns)
        for line, row in table.located():
            # Quotes at most double a text, so most rows need no JSON.
            size = sum(len(cell) if isinstance(cell, str) else 20 for cell in row.values())
            if names + 2 * size <= MAX_CELL:
                continue
            length = len(history.dump_row(row))
            if length > MAX_CELL:
                message = f"has {length:,} characters as JSON, at most {MAX_CELL:,} are expected"
                yield table, line, row, "", message


@rule("normal-form", "save the text in Unicode normal form C", of_one_cell=True)
def normal_form(package):
    for table, line, row, column, text in cells(
        package, lambda text: not unicodedata.is_normalized("NFC", text)
    ):
        if not unicodedata.is_normalized("NFC", text):
            yield table, line, row, column, f"{text[:60]!r} is not in Unicode normal form C"


@rule(
    "formula-cell",
    "begin the cell with a letter or a digit: a spreadsheet would run it",
    of_one_cell=True,
)
def formula_cell(package):
    for table, line, row, column, text in cells(package, FORMULA.search):
        if text[0] in "=+-@\t\r" and not NUMBER.fullmatch(text):
            yield table, line, row, column, f"{text[:60]!r} begins as a spreadsheet formula does"


@rule("null-word", "leave the cell empty: empty means not established", of_one_cell=True)
def null_word(package):
    for table, line, row, column, text in cells(package, has_null_word):
        if text == PANDAS_NULL or text.lower() in NULL_WORDS:
            yield table, line, row, column, f"{text!r} stands for a missing value"


@rule("personal-data", "remove it: the dataset holds nothing about any person", of_one_cell=True)
def personal_data(package):
    for table, line, row, column, text in cells(package, has_personal_data):
        if column == "url":
            continue
        if "@" in text and EMAIL.search(text) or holds_number(text):
            yield (
                table,
                line,
                row,
                column,
                "holds what looks like an e-mail address, a telephone or a Social Security number",
            )


@rule("words", "use the words of docs/method/protocol.md, section Words", of_one_cell=True)
def words(package):
    for table, line, row, column, text in cells(package, has_loaded_word):
        match = LOADED.search(text)
        if match and (table.name, column) not in PROPER:
            yield table, line, row, column, f"says {match[0]!r}"
