"""Register the hooks of the site with Datasette: `--plugins-dir plugins` is all that it needs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datasette.plugins import pm

from benefits.web import adapter, answers, feeds, guard, maps, openapi, pages, table_pages

for module in (adapter, answers, feeds, guard, maps, openapi, pages, table_pages):
    if not pm.is_registered(module):  # a second site in the same process
        pm.register(module)
