"""Register the hooks of the site with Datasette: `--plugins-dir plugins` is all that it needs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datasette.plugins import pm

from benefits.web import answers, feeds, guard, maps, openapi, pages, paging, table_pages

for module in (answers, feeds, guard, maps, openapi, pages, paging, table_pages):
    if not pm.is_registered(module):  # a second site in the same process
        pm.register(module)
