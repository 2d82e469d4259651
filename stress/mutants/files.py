"""Files that are missing, cut, in another encoding, or with other columns."""

from __future__ import annotations

from stress.kinds import kind
from stress.mutants.mutant import (
    Mutant,
    some_lines,
    some_table,
    text_of,
    write_rows,
    write_text,
)


@kind
def lost_file(package, root, r):
    t = r.choice(list(package.tables.values()))
    (root / t.path).unlink()
    return Mutant(f"{t.path} is gone", t.path)


@kind
def cut_file(package, root, r):
    t, lines = some_lines(package, r)
    raw = b"".join(lines)
    cut = raw[: r.randrange(len(lines[0]) + 1, len(raw))]
    (root / t.path).write_bytes(cut[:-1] if cut.endswith(b"\n") else cut)
    return Mutant(f"{t.path} is cut after {len(cut)} of {len(raw)} bytes", t.path)


@kind
def emptied_file(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(r.choice([b"", b"\n", b" \n\n"]))
    return Mutant(f"{t.path} is empty", t.path)


@kind
def header_alone(package, root, r):
    t = some_table(package, r, but=("releases", "changes"))
    write_rows(root, t, [])
    return Mutant(f"{t.path} has no rows", t.path)


@kind
def wrong_encoding(package, root, r):
    t, lines = some_lines(package, r)
    raw = b"".join(lines)
    bad = r.choice(
        [
            raw.decode().encode("utf-16"),
            raw.replace(b"a", b"\xe9", 1),
            b"\xef\xbb\xbf" + raw,
            raw + b"\xff\n",
            raw.replace(b"e", b"\x00", 1),
            raw.replace(b"i", b"\xed\xa0\x80", 1),
        ]
    )
    (root / t.path).write_bytes(bad)
    return Mutant(f"{t.path} in another encoding", t.path)


@kind
def wrong_line_ends(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(b"".join(lines).replace(b"\n", r.choice([b"\r\n", b"\r"])))
    return Mutant(f"{t.path} with other line ends", t.path)


@kind
def wrong_delimiter(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(b"".join(lines).replace(b",", r.choice([b";", b"\t", b"|"])))
    return Mutant(f"{t.path} with another delimiter", t.path)


@kind
def stray_quote(package, root, r):
    t, lines = some_lines(package, r)
    i = r.randrange(1, len(lines))
    lines[i] = b'"' + lines[i]
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"a stray quote in line {i + 1} of {t.path}", t.path)


@kind
def reordered_header(package, root, r):
    t = some_table(package, r)
    columns = list(t.columns)
    i = r.randrange(len(columns) - 1)
    columns[i], columns[i + 1] = columns[i + 1], columns[i]
    write_text(root, t, text_of(t, t.rows, columns))
    return Mutant(f"columns {columns[i]} and {columns[i + 1]} of {t.name} change places", t.path)


@kind
def lost_column(package, root, r):
    t = some_table(package, r)
    column = r.choice(t.columns)
    write_text(root, t, text_of(t, t.rows, [c for c in t.columns if c != column]))
    return Mutant(f"{t.name} lacks {column}", t.path, None, column)


@kind
def extra_column(package, root, r):
    t, lines = some_lines(package, r)
    head, *rows = (line.rstrip(b"\n") for line in lines)
    wider = [head + b",extra\n", *(row + b",\n" for row in rows)]
    (root / t.path).write_bytes(b"".join(wider))
    return Mutant(f"{t.name} has a column too many", t.path, None, "extra")


@kind
def renamed_column(package, root, r):
    t, lines = some_lines(package, r)
    column = r.choice(t.columns)
    new = r.choice([column.upper(), column + " ", " " + column, column + "s"])
    lines[0] = (",".join(new if c == column else c for c in t.columns) + "\n").encode()
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"{column} of {t.name} is headed {new!r}", t.path, None, new)


@kind
def unlisted_file(package, root, r):
    name = r.choice(["extra.csv", "coverage.csv.bak", "~coverage.csv", ".hidden"])
    (root / "data" / name).write_text("a\n1\n")
    return Mutant(f"data/{name} is in no resource", f"data/{name}")
