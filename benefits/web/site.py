"""What stays the same as long as the site runs."""

from __future__ import annotations

import hashlib
import json
import os
from io import BufferedReader

from datasette.version import __version__

from benefits.package import ROOT
from benefits.web.adapter import answers_of, tables_of
from benefits.web.requests import INTERNAL

# What a page is made of beside the database.
MADE_OF = (
    "plugins/*.py",
    "benefits/**/*.py",
    "templates/**/*",
    "static/**/*",
    "docs/**/*",
    "build/test-results.json",
)


class Site:
    """The tables, answers and forms that the site serves, and the tag of an answer.

    `tables` is {name: (columns, key columns)} of tables and views, without those that the site
    needs for itself.
    """

    def __init__(self, datasette):
        database = datasette.get_database("benefits")
        self.connection = database.connect()
        sql = "SELECT version, data_through FROM dataset"
        self.version, self.through = self.connection.execute(sql).fetchone()
        self.tables = self.read_tables()
        self.answers = answers_of(datasette)
        self.forms = ({None, "csv"} | set(datasette.renderers)) - {"blob", "jsono"}
        self.file = open(database.path, "rb")  # for as long as the site runs
        self.edition = self.digest(self.file, datasette.metadata())
        self.size = os.fstat(self.file.fileno()).st_size
        tables = tables_of(datasette).items()
        sorts = {name: about.get("sort") or about.get("sort_desc") for name, about in tables}
        self.sorted = {name: column for name, column in sorts.items() if column}

    def read_tables(self) -> dict[str, tuple[list[str], list[str]]]:
        tables = {}
        sql = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
        for name, kind in self.connection.execute(sql).fetchall():
            if INTERNAL.fullmatch(name):
                continue
            sql = "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid"
            fields = self.connection.execute(sql, [name]).fetchall()
            columns, keys = [c for c, _ in fields], [c for c, position in fields if position]
            if not keys and kind == "table":
                columns, keys = [*columns, "rowid"], ["rowid"]
            tables[name] = columns, keys
        return tables

    @staticmethod
    def digest(database: BufferedReader, metadata: dict) -> bytes:
        """Return what stands for all that the site is made of: data, pages and code."""
        made = hashlib.file_digest(database, "sha256")
        made.update((__version__ + json.dumps(metadata, default=str)).encode())
        for pattern in MADE_OF:
            for file in sorted(f for f in ROOT.glob(pattern) if f.is_file()):
                made.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
        return made.digest()

    def tag(self, path: bytes, query: bytes) -> str:
        """Return the entity tag of an address, in quotation marks."""
        digest = hashlib.sha256(self.edition + path + b"?" + query).hexdigest()[:20]
        return f'"{self.version}-{digest}"'
