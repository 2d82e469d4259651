"""The rules that no column type can say: one small function each, over rows.

Each rule has a name, a sentence on what to do, and an example in `tests/examples/rules/` that must fail. A rule yields
what it found as (table, line, row, column, message); everything else is added by `check`. Rules see only tables whose
rows could be read.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter

import history
from package import MAX_CELL, SEMVER, WRITTEN_BY_THE_RELEASE, Fault, Package, Table

RULES = []  # (name, what to do, function), in the order of this file
OF_ONE_CELL: set[str] = set()  # names of the rules that look at each cell by itself
FOREVER = "9999-12-31"  # stands for "no known end" when periods are compared
MAX_MESSAGE = 400  # characters of a sentence
EARLIEST, LATEST = "1965-07-30", "2060-01-01"  # Medicaid's own beginning, and further than any rule is scheduled


def rule(name: str, todo: str, of_one_cell: bool = False):
    def register(function):
        RULES.append((name, todo, function))
        if of_one_cell:
            OF_ONE_CELL.add(name)
        return function

    return register


def check(package: Package) -> list[Fault]:
    """Every fault that the rules find in the readable tables of `package`."""
    faults = []
    for name, todo, function in RULES:
        for table, line, row, column, message in function(package):
            if line in table.mistyped and name not in OF_ONE_CELL:
                continue  # a cell of this row counts as empty because it could not be read, which is told already
            value = "" if row is None or not column or row.get(column) is None else str(row[column])
            key = "" if row is None else table.key_of(row)
            told = message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "..."  # a cell may hold a pasted document
            faults.append(Fault(table.path, line, key, column, name, told, todo, value[:200]))
    return faults


def readable(package: Package, *names: str) -> bool:
    """Whether the rows of all these tables could be read: a rule across tables is silent where one of them is missing,
    since the missing table is itself a fault and every dangling key after it would be noise."""
    return all(n in package.tables and package.tables[n].readable for n in names)


def located(package: Package, *names: str):
    for name in names:
        if readable(package, name):
            table = package.tables[name]
            for line, row in table.located():
                yield table, line, row


def every_table(package: Package):
    return [t for t in package.tables.values() if t.readable]


def facts(package: Package) -> list[Table]:
    return [t for t in every_table(package) if t.resource.get("fact")]


def record_keys(package: Package) -> dict[str, set[str]]:
    """The keys of each readable table, those of lines that are faulty themselves included."""
    return {t.name: {t.key_of(r) for r in t.rows} | t.unread for t in every_table(package)}


def cells(package: Package, suspicious):
    """Every text cell as (table, line, row, column, text), of the columns that are worth a look: those where `suspicious` says yes to all
    cells at once, each between two NULs, which no cell can hold. A column is scanned in a tenth of the time that a call for each cell takes."""
    for table in every_table(package):
        for column, text in texts(table).items():
            if suspicious(text):
                for line, row in table.located():
                    if row[column] is not None:
                        yield table, line, row, column, row[column]


@lru_cache(maxsize=64)
def texts(table: Table) -> dict[str, str]:
    """The cells of each text column as one text. Codes are left out: they are held against their list."""
    columns = [f["name"] for f in table.fields if f["type"] == "string" and "enum" not in f.get("constraints", {})]
    return {column: "\0" + "\0".join(filter(None, map(itemgetter(column), table.rows))) + "\0" for column in columns}


# ---- text -----------------------------------------------------------------------------------------------------------

# Control, format, surrogate, private and unassigned characters, line and paragraph separators; of blanks only the plain one is seen as such.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# What draws nothing and has another category: joiners, fillers, variation selectors, the blank Braille pattern, and marks of lost text.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\ufffd"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
CONTROL = re.compile("[\x01-\x1f\x7f]")
FORMULA = re.compile("\0[=+@\t\r-]")
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
NULL_WORDS = {"na", "n/a", "null", "none found", "nan", "nil", "tbd", "todo", "unknown", "-", "?", "xxx"}
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I)
# Legal citations such as WAC 182-505-0115 look like telephone numbers; only forms that no citation has are matched.
TELEPHONE = re.compile(
    r"\(\d{3}\) ?\d{3}[ .-]\d{4}|\b\d{3}\.\d{3}\.\d{4}\b|\b1-8\d\d-\d{3}-\d{4}\b|\b(?:tel|phone|call|fax)\W{1,3}\d{3}\W\d{3}\W\d{4}", re.I
)
SOCIAL_SECURITY = re.compile(r"(?<![\w/-])\d{3}-\d{2}-\d{4}(?![\w-])")
NUMBERED = re.compile(r"\d{3}[^\w\0]{1,2}\d{2,3}[^\w\0]\d{4}")  # what every telephone and Social Security number has in it
LOADED = re.compile(
    r"\billegals?\b(?=\s+(?:alien|immigrant|migrant|people|person|resident|worker))|\billegals\b|\billegal aliens?\b"
    r"|\bsanctuary\b|\byou qualify\b|\byou are eligible\b|\byou are safe\b|\bis safe\b|\baliens\b",
    re.I,
)
IN_LOADED = ("illegal", "sanctuary", "you qualify", "you are eligible", "you are safe", "is safe", "aliens")
PROPER = {("sources", "title"), ("sources", "publisher"), ("sources", "url"), ("programs", "name"), ("programs", "authority"), ("programs", "url"), ("cases", "caption"), ("cases", "url")}


def has_blanks(text: str) -> bool:
    return "  " in text or "\0 " in text or " \0" in text or not text.isascii() or "\t" in text


def has_null_word(text: str) -> bool:
    lower = text.lower()
    return any(f"\0{word}\0" in lower for word in NULL_WORDS)


def has_loaded_word(text: str) -> bool:
    lower = text.lower()
    return any(LOADED.search(text[max(0, m.start() - 1) : m.end() + 20]) for word in IN_LOADED if word in lower for m in re.finditer(word, lower))


def has_personal_data(text: str) -> bool:
    return "@" in text or any(holds_number(text[max(0, m.start() - 12) : m.end() + 1]) for m in NUMBERED.finditer(text))


def holds_number(text: str) -> bool:
    return bool(TELEPHONE.search(text) or SOCIAL_SECURITY.search(text))


@rule("blank-edges", "remove the blanks", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, has_blanks):
        if text != text.strip() or "  " in text:
            yield table, line, row, column, f"{text[:60]!r} begins or ends with a blank, or holds two in a row"


def odd_character(text: str) -> str:
    """Say which character of a text cannot be seen or misleads, and where; empty where there is none."""
    for place, c in enumerate(text, 1):
        if c != " " and (unicodedata.category(c) in INVISIBLE or BLANK.match(c)):
            name = unicodedata.name(c, "a character without a name").lower()
            return f"U+{ord(c):04X} ({name}) as character {place}"
    return ""


def may_be_odd(text: str) -> bool:
    """Whether the cells of a column, each between two NULs, could hold an odd character."""
    return not text.isascii() or CONTROL.search(text) is not None


@rule("odd-characters", "retype the cell as plain text on one line, without characters that cannot be seen", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, may_be_odd):
        odd = not text.isprintable() or not text.isascii()
        if odd and (told := odd_character(text)):
            yield table, line, row, column, f"holds {told}, which is not plain text on one line"


@rule("row-too-long", "shorten its cells: the whole row must fit in one cell of data/changes.csv")
def _(package):
    for table in every_table(package):
        if table.name in WRITTEN_BY_THE_RELEASE:
            continue
        names = sum(map(len, table.columns)) + 6 * len(table.columns)
        for line, row in table.located():
            # Quoting at most doubles a text; only a row that could be too long is written out.
            if names + 2 * sum(len(cell) if isinstance(cell, str) else 20 for cell in row.values()) > MAX_CELL:
                length = len(history.dump(row))
                if length > MAX_CELL:
                    yield table, line, row, "", f"has {length:,} characters as JSON, at most {MAX_CELL:,} are expected"


@rule("normal-form", "save the text in Unicode normal form C", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, lambda text: not unicodedata.is_normalized("NFC", text)):
        if not unicodedata.is_normalized("NFC", text):
            yield table, line, row, column, f"{text[:60]!r} is not in Unicode normal form C"


@rule("formula-cell", "begin the cell with a letter or a digit: a spreadsheet would run it", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, FORMULA.search):
        if text[0] in "=+-@\t\r" and not NUMBER.fullmatch(text):
            yield table, line, row, column, f"{text[:60]!r} begins as a spreadsheet formula does"


@rule("null-word", "leave the cell empty: empty means not established", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, has_null_word):
        if text.lower() in NULL_WORDS:
            yield table, line, row, column, f"{text!r} stands for a missing value"


@rule("personal-data", "remove it: the dataset holds nothing about any person", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, has_personal_data):
        if column == "url":
            continue
        if "@" in text and EMAIL.search(text) or holds_number(text):
            yield table, line, row, column, "holds what looks like an e-mail address, a telephone or a Social Security number"


@rule("words", "use the words of docs/protocol.md, section Words", of_one_cell=True)
def _(package):
    for table, line, row, column, text in cells(package, has_loaded_word):
        found = (table.name, column) not in PROPER and LOADED.search(text)
        if found:
            yield table, line, row, column, f"says {found[0]!r}"


# ---- tables ---------------------------------------------------------------------------------------------------------


@rule("empty-table", "restore the rows")
def _(package):
    for table in every_table(package):
        if not table.rows and table.name not in WRITTEN_BY_THE_RELEASE:
            yield table, 0, None, "", "has a header and no rows"


@rule("sorted", "run make sort, which sorts every file by its primary key")
def _(package):
    for table in every_table(package):
        before = None
        for line, row in table.located():
            key = tuple(row[c] or "" for c in table.primary_key)
            if before is not None and key < before:
                yield table, line, row, "", f"comes after {'/'.join(before)}, which sorts later"
            before = key


@rule("unique-key", "make each combination of these columns occur once")
def _(package):
    for table in every_table(package):
        for columns in table.resource["schema"].get("uniqueKeys", []):
            if not isinstance(columns, list) or not columns or not all(c in table.columns for c in columns):
                continue  # named as a fault of the descriptor
            seen = {}
            for line, row in table.located():
                value = tuple(row[c] for c in columns)
                if value in seen:
                    yield table, line, row, columns[0], f"repeats {', '.join(columns)} of line {seen[value]}"
                else:
                    seen[value] = line


KEY_PREFIX = {"programs": lambda r: r["jurisdiction"], "coverage": lambda r: r["program"], "absences": lambda r: f"{r['jurisdiction']}-no"}


@rule("key-prefix", "keep the key, which never changes, and correct the column it is built on")
def _(package):
    for name, prefix in KEY_PREFIX.items():
        for table, line, row in located(package, name):
            key, base = row[table.primary_key[0]], prefix(row)
            if key and base and not key.startswith(f"{base.lower()}-"):
                yield table, line, row, table.primary_key[0], f"{key!r} does not begin with {base.lower()!r}, the row it belongs to"


# ---- dates and periods ----------------------------------------------------------------------------------------------


def span(row) -> tuple[str, str]:
    """The half-open period of a row, as ISO dates."""
    return row["valid_from"] or EARLIEST, row["valid_to"] or FOREVER


def meet(a, b) -> bool:
    """Whether two half-open periods share a day."""
    return a[0] < b[1] and b[0] < a[1]


def starts_by(start: str, precision: str | None) -> str:
    """The latest day on which something may have begun of which only the month or year is known."""
    day = date.fromisoformat(start)
    if precision == "year":
        return f"{day.year}-12-31"
    if precision == "month":
        return ((day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)).isoformat()
    return start


@rule("period-order", "write the first day on which the row no longer holds, or clear valid_to")
def _(package):
    for table in every_table(package):
        if {"valid_from", "valid_to"} <= set(table.columns):
            for line, row in table.located():
                if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
                    yield table, line, row, "valid_to", f"{row['valid_to']} is not after valid_from {row['valid_from']}"


@rule("date-precision", "write the first day of the month or year, or set the precision to what is known; no date, no precision")
def _(package):
    for table in every_table(package):
        for column in table.columns:
            dated = column.removesuffix("_precision")
            if dated == column or dated not in table.columns:
                continue
            for line, row in table.located():
                day, precision = row[dated], row[column]
                if day is None and precision is not None:
                    yield table, line, row, column, f"{precision!r} is given without a {dated}"
                elif day is not None and precision is None:
                    yield table, line, row, column, f"is missing although {dated} is {day}"
                elif day is not None and ((precision == "month" and day[8:] != "01") or (precision == "year" and day[5:] != "01-01")):
                    yield table, line, row, dated, f"{day} is not the first day of its {precision}"


@rule("date-range", "check the year; what was read cannot lie after data_through")
def _(package):
    through = str(package.descriptor.get("data_through", LATEST))
    past_only = {"retrieved", "checked_on", "published", "as_of", "tested_as_of", "filed"}
    for table in every_table(package):
        for column in [f["name"] for f in table.fields if f["type"] == "date"]:
            latest = through if column in past_only else LATEST
            for line, row in table.located():
                day = row[column]
                if day is not None and not EARLIEST <= day <= latest:
                    yield table, line, row, column, f"{day} is not between {EARLIEST} and {latest}"


@rule("read-after-published", "a document is read after it is published: correct one of the two dates")
def _(package):
    for table, line, row in located(package, "sources"):
        if row["published"] and row["retrieved"] and row["published"] > row["retrieved"]:
            yield table, line, row, "published", f"{row['published']} is after retrieved {row['retrieved']}"


@rule("release-order", "correct the date: a later version is never released on an earlier day")
def _(package):
    if not readable(package, "releases"):
        return
    table, before = package.tables["releases"], None
    numbered = [(line, row) for line, row in table.located() if SEMVER.fullmatch(row["version"] or "") and row["date"]]
    for line, row in sorted(numbered, key=lambda lr: history.order(lr[1]["version"])):
        if before and row["date"] < before["date"]:
            yield table, line, row, "date", f"{row['date']} is before {before['date']}, the day of {before['version']}"
        before = row


@rule("change-date", "write the version and the day of a row of data/releases.csv, as release.py prepare does")
def _(package):
    if not readable(package, "releases", "changes"):
        return
    table, days = package.tables["changes"], {r["version"]: r["date"] for r in package.rows("releases")}
    for line, row in table.located():
        if row["version"] not in days:
            yield table, line, row, "version", f"{row['version']!r} is no version of data/releases.csv"
        elif row["date"] != days[row["version"]]:
            yield table, line, row, "date", f"{row['date']} is not {days[row['version']]}, the day of {row['version']}"


@rule("released-through", "correct the date of the release, or data_through in datapackage.json")
def _(package):
    through, version = package.descriptor.get("data_through"), package.descriptor.get("version")
    for table, line, row in located(package, "releases"):
        if row["version"] == version and row["date"] and isinstance(through, str) and row["date"] < through:
            yield table, line, row, "date", f"{row['date']} is before data_through {through}"


# ---- coverage -------------------------------------------------------------------------------------------------------


def ages(row) -> tuple[int, int]:
    return row["age_min"] or 0, 999 if row["age_max"] is None else row["age_max"]


def same_people(a, b) -> bool:
    """Whether two coverage rows of one program and population could both speak of one person."""
    (a0, a1), (b0, b1) = ages(a), ages(b)
    return a0 <= b1 and b0 <= a1 and (a["applies_to"] == b["applies_to"] or "everyone" in (a["applies_to"], b["applies_to"]))


def chains(package):
    """Coverage rows by program and population, by valid_from."""
    table, groups = package.tables["coverage"], defaultdict(list)
    for line, row in table.located():
        if row["valid_from"]:
            groups[row["program"], row["population"]].append((line, row))
    for rows in groups.values():
        yield sorted(rows, key=lambda lr: (span(lr[1]), lr[0]))


@rule("period-overlap", "end the earlier row on the day the later one begins, or part their ages or applies_to")
def _(package):
    if not readable(package, "coverage"):
        return
    table = package.tables["coverage"]
    for chain in chains(package):
        live = []
        for line, row in chain:
            live = [o for o in live if span(o)[1] > row["valid_from"]]
            for other in live:
                if same_people(other, row):
                    yield table, line, row, "valid_from", f"{row['valid_from']} lies inside {other['coverage']}, which holds until {other['valid_to'] or 'further notice'} for the same people"
            live.append(row)


@rule("period-gap", "close the gap, or explain it in the note of the later row by naming the first day of the gap")
def _(package):
    if not readable(package, "coverage"):
        return
    table = package.tables["coverage"]
    for chain in chains(package):
        for i, (line, row) in enumerate(chain):
            before = [o for _, o in chain[:i] if ages(o)[0] <= ages(row)[1] and ages(row)[0] <= ages(o)[1]]
            end = max((span(o)[1] for o in before), default=None)
            if end and end < row["valid_from"] and end not in (row["note"] or ""):
                yield table, line, row, "valid_from", f"{row['valid_from']} leaves a gap from {end}, when the row before it ends"


@rule("age-bounds", "correct the ages, or the bounds of the population in data/populations.csv")
def _(package):
    if not readable(package, "coverage", "populations"):
        return
    bounds = {p["population"]: p for p in package.rows("populations")}
    for table, line, row in located(package, "coverage"):
        low, high = row["age_min"], row["age_max"]
        if low is not None and high is not None and low > high:
            yield table, line, row, "age_max", f"{high} is below age_min {low}"
        p = bounds.get(row["population"])
        if p is None:
            continue
        floor, ceiling = p["age_floor"], p["age_ceiling"]
        if floor is not None and (low is None or low < floor):
            yield table, line, row, "age_min", f"{'empty' if low is None else low} is outside {row['population']}, which begins at {floor}"
        if ceiling is not None and (high is None or high > ceiling):
            yield table, line, row, "age_max", f"{'empty' if high is None else high} is outside {row['population']}, which ends at {ceiling}"


@rule("closed-to-new", "say current_enrollees: rules that admit nobody new bind only people already in")
def _(package):
    for table, line, row in located(package, "coverage"):
        if row["enrollment"] == "closed_to_new" and row["applies_to"] != "current_enrollees":
            yield table, line, row, "applies_to", f"{row['applies_to']} although enrollment is closed_to_new"


@rule("cap-without-cap", "say capped, or clear enrollment_cap")
def _(package):
    for table, line, row in located(package, "coverage"):
        if row["enrollment"] == "open" and row["enrollment_cap"] is not None:
            yield table, line, row, "enrollment_cap", f"{row['enrollment_cap']} is given although enrollment is open"


@rule("benefits-named", "name the care that is in (partial) or left out (reduced) in `benefits`")
def _(package):
    for table, line, row in located(package, "coverage"):
        scope, benefits = row["benefit_scope"], row["benefits"]
        if scope in ("partial", "reduced") and benefits is None:
            yield table, line, row, "benefits", f"is empty although benefit_scope is {scope}"
        if scope not in ("partial", "reduced") and benefits is not None:
            yield table, line, row, "benefits", f"is given although benefit_scope is {scope or 'empty'}"


@rule("disregard", "give the limit with the disregard added, and the disregard in points")
def _(package):
    for table, line, row in located(package, "coverage"):
        limit, points = row["income_limit_pct_fpl"], row["income_disregard_pct"]
        if points is not None and (limit is None or points >= limit):
            yield table, line, row, "income_disregard_pct", f"{points} points do not fit a limit of {limit}"


# ---- completeness ---------------------------------------------------------------------------------------------------


def covered_spans(package):
    """(any-status coverage, absences): periods by (jurisdiction, population), each with its line and row."""
    scope = {p["program"]: p for p in package.rows("programs")}
    coverage, absent = defaultdict(list), defaultdict(list)
    for _, line, row in located(package, "coverage"):
        program = scope.get(row["program"])
        if program and program["status_scope"] == "any_status":
            coverage[program["jurisdiction"], row["population"]].append((span(row), line, row))
    for _, line, row in located(package, "absences"):
        absent[row["jurisdiction"], row["population"]].append((span(row), line, row))
    return coverage, absent


ANSWER_TABLES = ("jurisdictions", "populations", "programs", "coverage", "absences")


@rule("every-day-answered", "add a coverage row or an absences row that begins on the first day of the gap")
def _(package):
    if not readable(package, *ANSWER_TABLES):
        return
    start, table = str(package.descriptor.get("complete_from", "2024-01-01")), package.tables["absences"]
    coverage, absent = covered_spans(package)
    for j in package.rows("jurisdictions"):
        for p in package.rows("populations"):
            pair, day = (j["jurisdiction"], p["population"]), start
            for (begin, end), _, _ in sorted(coverage[pair] + absent[pair], key=lambda s: s[0]):
                if begin > day:
                    yield table, 0, None, "", f"{pair[0]}, {pair[1]}: neither coverage nor absence from {day} to {begin}"
                day = max(day, end)
            if day < FOREVER:
                yield table, 0, None, "", f"{pair[0]}, {pair[1]}: neither coverage nor absence from {day} on"


@rule("absence-against-coverage", "end the absence when the coverage begins, or begin it when the coverage ends")
def _(package):
    if not readable(package, *ANSWER_TABLES):
        return
    table = package.tables["absences"]
    coverage, absent = covered_spans(package)
    for pair, rows in absent.items():
        for period, line, row in rows:
            for other, _, covering in coverage.get(pair, []):
                if meet(period, other):
                    yield table, line, row, "valid_from", f"the absence overlaps {covering['coverage']}, which covers {pair[1]} from {other[0]}"
                    break


@rule("absence-overlap", "leave one absence a day")
def _(package):
    if not readable(package, "absences"):
        return
    table = package.tables["absences"]
    _, absent = covered_spans(package)
    for rows in absent.values():
        rows = sorted(rows, key=lambda r: r[0])
        for (a, _, first), (b, line, row) in zip(rows, rows[1:]):
            if meet(a, b):
                yield table, line, row, "valid_from", f"{row['valid_from']} lies inside {first['absence']}"


# ---- citations ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def cited(package):
    """Citations by (table, record), each with its line."""
    by = defaultdict(list)
    for _, line, row in located(package, "citations"):
        by[row["table"], row["record"]].append((line, row))
    return by


@rule("citation-target", "name a table of the package, a primary key of it, and one of its columns or none")
def _(package):
    keys = record_keys(package)
    for table, line, row in located(package, "citations"):
        target = package.tables.get(row["table"])
        if target is None or not target.readable:
            continue
        if row["record"] not in keys[target.name]:
            yield table, line, row, "record", f"{row['record']!r} is not in {target.path}"
        if row["field"] is not None and row["field"] not in target.columns:
            yield table, line, row, "field", f"{row['field']!r} is not a column of {target.path}"


@rule("citation-missing", "add a row to data/citations.csv with the source that was read and its locator")
def _(package):
    if not readable(package, "citations"):
        return
    by = cited(package)
    for table in facts(package):
        wanted = [f["name"] for f in table.fields if f.get("cited")]
        for line, row in table.located():
            if row.get("basis") == "searched":
                continue
            support = {c["field"] for _, c in by.get((table.name, table.key_of(row)), []) if c["relation"] == "supports"}
            if not support:
                yield table, line, row, "", "has no citation that supports it"
            for column in wanted:
                if row[column] is not None and column not in support:
                    yield table, line, row, column, f"{row[column]!r} has no citation of its own"


@rule("conflict-pair", "cite both sides of the same cell, one supports and one contradicts, with a note on what the other side says")
def _(package):
    for record in cited(package).values():
        supported = {c["field"] for _, c in record if c["relation"] == "supports"}
        for line, c in record:
            if c["relation"] == "contradicts":
                table = package.tables["citations"]
                if c["field"] not in supported:
                    yield table, line, c, "relation", f"contradicts {c['field'] or 'the record'} of {c['record']}, which no citation supports"
                if not c["note"]:
                    yield table, line, c, "note", "is empty although the source contradicts the value"


# What a survey or an article says is a fact about the survey or the article, however weak it is.
SPEAKS_FOR_ITSELF = {"survey_answers", "claims"}


@rule("third-hand", "say reported instead of established, clear the cell, or cite a primary or secondary source")
def _(package):
    if not readable(package, "citations", "sources"):
        return
    reliability = {s["source"]: s["reliability"] for s in package.rows("sources")}
    by = cited(package)
    # An established row may end on a reported day: the row that takes over on that day says so by its own standing.
    weaker = {(r["program"], r["population"], r["valid_from"]) for r in package.rows("coverage") if r["standing"] != "established"}
    for table in facts(package):
        if table.name in SPEAKS_FOR_ITSELF:
            continue
        for line, row in table.located():
            firm = row.get("finding") == "none" if table.name == "absences" else row.get("standing", "established") == "established"
            if not firm:
                continue
            support = defaultdict(set)
            for _, c in by.get((table.name, table.key_of(row)), []):
                if c["relation"] == "supports":
                    support[c["field"]].add(reliability.get(c["source"]))
            if support and set().union(*support.values()) == {"third_hand"}:
                yield table, line, row, "", "rests on third-hand sources alone and is shown as established"
                continue
            for column in (f["name"] for f in table.fields if f.get("cited")):
                found = support.get(column)
                if column == "valid_to" and (row.get("program"), row.get("population"), row["valid_to"]) in weaker:
                    continue
                if found == {"third_hand"}:
                    yield table, line, row, column, f"{row.get(column)!r} rests on third-hand sources alone and is shown as established"


@rule("absence-basis", "cite what says so, or say not_established or searched")
def _(package):
    for table, line, row in located(package, "absences"):
        if row["finding"] == "none" and row["basis"] == "searched":
            yield table, line, row, "basis", "a search without result does not establish that there is none"
        if row["basis"] == "searched" and not row["note"]:
            yield table, line, row, "note", "is empty: say what was searched"


@rule("source-unused", "cite the source or remove it")
def _(package):
    if not readable(package, "sources", "citations"):
        return
    used = {c["source"] for c in package.rows("citations")}
    for table, line, row in located(package, "sources"):
        if row["source"] not in used:
            yield table, line, row, "source", "is cited by no record"


# ---- cases ----------------------------------------------------------------------------------------------------------


@rule("order-term-event", "name an event of kind order that belongs to a case, and let the term begin on or after its day")
def _(package):
    if not readable(package, "events", "order_terms"):
        return
    events = {e["event"]: e for e in package.rows("events")}
    for table, line, row in located(package, "order_terms"):
        event = events.get(row["event"])
        if event is None:
            continue  # a dangling foreign key, named as such
        if event["kind"] != "order":
            yield table, line, row, "event", f"{row['event']} is of kind {event['kind']}, expected order"
        if event["court_case"] is None:
            yield table, line, row, "event", f"{row['event']} belongs to no case"
        if row["valid_from"] and event["date"] and row["valid_from"] < event["date"]:
            yield table, line, row, "valid_from", f"{row['valid_from']} is before the order of {event['date']}"


def phrases(text: str) -> set[str]:
    """Every run of up to six words."""
    words = text.replace(",", " ").split()
    return {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + 7, len(words) + 1))}


@rule("role-party", "let party name the jurisdiction, or correct the jurisdiction")
def _(package):
    if not readable(package, "jurisdictions", "roles"):
        return
    names = {j["jurisdiction"]: j["name"] for j in package.rows("jurisdictions") if j["name"]}
    every_name = set(names.values())
    for table, line, row in located(package, "roles"):
        name = names.get(row["jurisdiction"])
        if name and row["party"] and (name not in row["party"] or any(len(n) > len(name) for n in phrases(row["party"]) & every_name)):
            yield table, line, row, "party", f"{row['party']!r} does not name {name}"
        if row["role"] == "none_found" and not row["jurisdiction"]:
            yield table, line, row, "jurisdiction", "is empty although no role was found: of whom?"
        if row["role"] == "unidentified_plaintiff" and row["jurisdiction"]:
            yield table, line, row, "jurisdiction", f"{row['jurisdiction']} is named, so the plaintiff is identified"


@rule("role-period", "let one role follow another, from the filing of the case on")
def _(package):
    if not readable(package, "roles", "cases", "jurisdictions"):
        return
    table = package.tables["roles"]
    filed = {c["court_case"]: c["filed"] for c in package.rows("cases")}
    groups, closed_lists = defaultdict(list), set()
    for line, row in table.located():
        if row["valid_from"]:
            if filed.get(row["court_case"]) and row["valid_from"] < filed[row["court_case"]]:
                yield table, line, row, "valid_from", f"{row['valid_from']} is before the case was filed on {filed[row['court_case']]}"
            if row["jurisdiction"]:
                groups[row["court_case"], row["jurisdiction"]].append((span(row), line, row))
        if row["role"] == "none_found":
            closed_lists.add(row["court_case"])
    for rows in groups.values():
        rows.sort(key=lambda r: r[0])
        for (a, _, first), (b, line, row) in zip(rows, rows[1:]):
            if meet(a, b):
                yield table, line, row, "valid_from", f"{row['valid_from']} lies inside {first['role_id']}"
    # A case in which "none found" is said of somebody says it of everybody: its list is complete.
    for case in sorted(c for c in closed_lists if filed.get(c)):
        for j in package.rows("jurisdictions"):
            day = filed[case]
            for (begin, end), _, _ in groups.get((case, j["jurisdiction"]), []):
                if begin > day:
                    yield table, 0, None, "", f"{case}: {j['jurisdiction']} has no role row from {day} to {begin}"
                day = max(day, end)
            if day < FOREVER:
                yield table, 0, None, "", f"{case}: {j['jurisdiction']} has no role row from {day} on"


@rule("decided-by", "name rows as table/record, separated by one blank")
def _(package):
    keys = record_keys(package)
    for table, line, row in located(package, "claims"):
        for name in (row["decided_by"] or "").split():
            target, _, record = name.partition("/")
            if target not in package.tables or (target in keys and record not in keys[target]):
                yield table, line, row, "decided_by", f"{name!r} is no record of the package"
