"""Cells that break the rules on text."""

from __future__ import annotations

import unicodedata

from benefits.validation import text
from stress.kinds import kind
from stress.mutants.mutant import free_text, one_cell


@kind
def leading_blank(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: r.choice([" ", "\u00a0", "  "]) + row[f["name"]],
    )


@kind
def trailing_blank(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: row[f["name"]] + r.choice([" ", "\u00a0", "\u2003"]),
    )


@kind
def odd_character(package, root, r):
    def value(t, f, row):
        text = row[f["name"]]
        at = len(text) // 2
        return (
            text[:at]
            + r.choice(
                ["\u200b", "\t", "\n", "\u202e", "\ufeff", "\x07", "\u2028", "\ufffd", "\x85"]
            )
            + text[at:]
        )

    return one_cell(package, root, r, free_text, value)


@kind
def decomposed_text(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: row[f["name"]] + unicodedata.normalize("NFD", r.choice(["é", "ñ", "ü"])),
    )


@kind
def formula(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: r.choice(
            ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", '=HYPERLINK("x")']
        ),
    )


@kind
def word_for_null(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: r.choice(["N/A", "null", "NaN", "tbd", "-", "?", "Unknown", "NA"]),
    )


@kind
def personal_data(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: free_text(t, f, row) and f["name"] != "url",
        lambda t, f, row: (
            row[f["name"]]
            + r.choice(
                [" a.b@example.org", " (217) 555-0100", " 078-05-1120", " tel. 217-555-0100"]
            )
        ),
    )


@kind
def loaded_word(package, root, r):
    def fits(t, f, row):
        return free_text(t, f, row) and (t.name, f["name"]) not in text.PROPER

    return one_cell(
        package,
        root,
        r,
        fits,
        lambda t, f, row: (
            row[f["name"]]
            + r.choice(
                [
                    " for illegal aliens",
                    " in a sanctuary place",
                    " so you qualify",
                    " and it is safe",
                ]
            )
        ),
    )
