"""Write the documents by which data catalogs find and check the package.

Each document describes a list of files. A file is a dict: `path` relative to the document, `bytes`
(its size) and `sha256`. The files of a table are those named after it, in any folder; Croissant
reads its CSV.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from benefits.export import panel
from benefits.package import Package, Table

CROISSANT_TYPES = {"string": "sc:Text", "integer": "sc:Integer", "date": "sc:Date"}

# A fixed list, since that of the machine differs. A file without a suffix is a text: LICENSE.
MEDIATYPES = {
    "": "text/plain",
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".db": "application/vnd.sqlite3",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".sql": "application/sql",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}

# The context of Croissant 1.1: mlcroissant warns of every key that is missing.
CROISSANT_TERMS = """
arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty
fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references
regex repeated replace samplingRate separator source subField transform"""
CROISSANT_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
} | {term: f"cr:{term}" for term in CROISSANT_TERMS.split()}


def render_documents(package: Package, files: list[dict], date: str) -> dict[str, bytes]:
    """Return the documents by file name; `date` is the day of the release.

    The same package, files and date give the same bytes.
    """
    documents = {
        "croissant.json": croissant(package, files, date),
        "data.json": dcat_us(package, files, date),
        ".zenodo.json": zenodo(package, date),
        "ro-crate-metadata.json": ro_crate(package, files, date),
    }
    return {
        name: (json.dumps(without_nulls(document), indent=2, ensure_ascii=False) + "\n").encode()
        for name, document in documents.items()
    }


def without_nulls(value):
    """Return a value without properties that are None: `homepage` and `email` may be missing."""
    if isinstance(value, dict):
        return {key: without_nulls(v) for key, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def croissant(package: Package, files: list[dict], date: str) -> dict:
    """Return schema.org Dataset and Croissant 1.1 in one JSON-LD document.

    File addresses are relative, so that the folder can be moved.
    """
    d = package.descriptor
    names = [c["title"] for c in d["contributors"]]
    csv = {
        path.stem: f["path"] for f in files if (path := PurePosixPath(f["path"])).suffix == ".csv"
    }
    return {
        "@context": CROISSANT_CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": d["title"],
        "alternateName": d["name"],
        "description": d["description"],
        "url": d.get("homepage"),
        "version": d["version"],
        "datePublished": date,
        "license": d["licenses"][0]["path"],
        "keywords": d["keywords"],
        "inLanguage": "en",
        "isAccessibleForFree": True,
        "temporalCoverage": f"{d['complete_from']}/{d['data_through']}",
        "creator": [{"@type": "sc:Organization", "name": name} for name in names],
        "publisher": [{"@type": "sc:Organization", "name": name} for name in names],
        "citeAs": (
            f"@misc{{{d['name']}, title = {{{d['title']}}}, author ="
            f" {{{{{'}} and {{'.join(names)}}}}}, year = {{{date[:4]}}}, version ="
            f" {{{d['version']}}}, note = {{Data through {d['data_through']}}}}}"
        ),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": f["path"],
                "name": PurePosixPath(f["path"]).name,
                "description": title_of(package, f),
                "contentUrl": f["path"],
                "contentSize": f"{f['bytes']} B",
                "encodingFormat": mediatype(f),
                "sha256": f["sha256"],
            }
            for f in files
        ],
        "recordSet": [
            *(record_set(table, csv[table.name]) for table in package.tables.values()),
            *([panel_record_set(csv["panel"])] if "panel" in csv else []),
        ],
    }


def record_set(table: Table, path: str) -> dict:
    """Return the columns of a table as Croissant describes them; `path` is that of its CSV."""
    references = {
        column: f"{key['reference']['resource']}/{target}"
        for key in table.resource["schema"].get("foreignKeys", [])
        for column, target in zip(key["fields"], key["reference"]["fields"])
    }
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.resource["description"],
        "key": [{"@id": f"{table.name}/{column}"} for column in table.primary_key],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{f['name']}",
                "name": f["name"],
                "description": f["description"],
                "dataType": CROISSANT_TYPES[f["type"]],
                "source": {"fileObject": {"@id": path}, "extract": {"column": f["name"]}},
                "references": (
                    {"field": {"@id": references[f["name"]]}} if f["name"] in references else None
                ),
            }
            for f in table.fields
        ],
    }


def panel_record_set(path: str) -> dict:
    """Return the columns of the panel as Croissant describes them."""
    return {
        "@type": "cr:RecordSet",
        "@id": "panel",
        "name": "panel",
        "description": panel.TITLE,
        "key": [{"@id": f"panel/{column}"} for column in panel.KEY],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"panel/{name}",
                "name": name,
                "description": description,
                "dataType": CROISSANT_TYPES[panel.COLUMNS[name]],
                "source": {"fileObject": {"@id": path}, "extract": {"column": name}},
            }
            for name, description in panel.describe_columns().items()
        ],
    }


def dcat_us(package: Package, files: list[dict], date: str) -> dict:
    """Return a DCAT-US 3.0 catalog of one dataset.

    Addresses are absolute only if the package has a `homepage`. The e-mail address that the
    standard requires is that of the first contributor; without one it is left out, not invented.
    """
    d = package.descriptor
    license, page = d["licenses"][0]["path"], dcat_page(d)
    return {
        "@type": "Catalog",
        "conformsTo": {"@type": "Standard", "title": "DCAT-US 3.0"},
        "title": d["title"],
        "description": d["description"],
        "publisher": {"@type": "Agent", "name": d["contributors"][0]["title"]},
        "license": license,
        "language": "en",
        "issued": date,
        "modified": date,
        "homepage": page,
        "dataset": [dcat_dataset(package, files, date)],
    }


def dcat_page(descriptor: dict) -> dict | None:
    """Return the page of the dataset as DCAT-US describes it; None without a `homepage`."""
    if "homepage" not in descriptor:
        return None
    title, address = descriptor["title"], descriptor["homepage"]
    return {"@type": "Document", "title": title, "accessURL": address}


def dcat_dataset(package: Package, files: list[dict], date: str) -> dict:
    """Return the dataset of the catalog."""
    d = package.descriptor
    first = d["contributors"][0]
    base = f"{d['homepage'].rstrip('/')}/" if "homepage" in d else ""
    distributions = {f["path"]: dcat_distribution(package, f, base, date) for f in files}
    described_by = [
        distribution
        for path, distribution in distributions.items()
        if PurePosixPath(path).name == "datapackage.json"
    ]
    return {
        "@type": "Dataset",
        "identifier": {"@type": "Identifier", "notation": d["name"]},
        "title": d["title"],
        "description": d["description"],
        "version": d["version"],
        "issued": date,
        "modified": date,
        "publisher": {"@type": "Organization", "name": first["title"]},
        "contactPoint": {
            "@type": "Kind",
            "fn": first["title"],
            "hasEmail": f"mailto:{first['email']}" if "email" in first else None,
        },
        "license": d["licenses"][0]["path"],
        "accessRights": "public",
        "keyword": d["keywords"],
        "language": "en",
        "temporal": [
            {"@type": "PeriodOfTime", "startDate": d["complete_from"], "endDate": d["data_through"]}
        ],
        "landingPage": dcat_page(d),
        "describedBy": described_by[0] if described_by else None,
        "distribution": list(distributions.values()),
    }


def dcat_distribution(package: Package, file: dict, base: str, date: str) -> dict:
    """Return a file as DCAT-US describes it; `base` is the address of its folder."""
    return {
        "@type": "Distribution",
        "title": title_of(package, file),
        "downloadURL": base + file["path"],
        "mediaType": mediatype(file),
        "format": PurePosixPath(file["path"]).suffix.lstrip(".").upper() or None,
        "byteSize": str(file["bytes"]),
        "checksum": {"@type": "Checksum", "algorithm": "SHA-256", "checksumValue": file["sha256"]},
        "license": package.descriptor["licenses"][0]["path"],
        "issued": date,
    }


def zenodo(package: Package, date: str) -> dict:
    """Return the metadata of a deposition at Zenodo, whose licence codes are in lower case."""
    d = package.descriptor
    return {
        "title": d["title"],
        "upload_type": "dataset",
        "description": d["description"],
        "creators": [{"name": c["title"]} for c in d["contributors"]],
        "access_right": "open",
        "license": d["licenses"][0]["name"].lower(),
        "version": d["version"],
        "publication_date": date,
        "language": "eng",
        "keywords": d["keywords"],
        "related_identifiers": (
            [{"identifier": d["homepage"], "relation": "isDescribedBy"}]
            if "homepage" in d
            else None
        ),
    }


def ro_crate(package: Package, files: list[dict], date: str) -> dict:
    """Return an RO-Crate 1.1, whose context has every term but sha256."""
    d = package.descriptor
    license = d["licenses"][0]
    authors = {f"#contributor-{i}": c["title"] for i, c in enumerate(d["contributors"], 1)}
    context = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
    return {
        "@context": context,
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            crate_root(d, list(authors), files, date),
            *(crate_file(package, f) for f in files),
            {
                "@id": license["path"],
                "@type": "CreativeWork",
                "name": license["title"],
                "identifier": license["name"],
            },
            *({"@id": id_, "@type": "Organization", "name": name} for id_, name in authors.items()),
        ],
    }


def crate_root(d: dict, authors: list[str], files: list[dict], date: str) -> dict:
    """Return the dataset of an RO-Crate; `authors` are the identifiers of the contributors."""
    references = [{"@id": author} for author in authors]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": d["title"],
        "description": d["description"],
        "version": d["version"],
        "datePublished": date,
        "license": {"@id": d["licenses"][0]["path"]},
        "author": references if len(references) > 1 else references[0],
        "publisher": references[0],
        "keywords": d["keywords"],
        "temporalCoverage": f"{d['complete_from']}/{d['data_through']}",
        "url": d.get("homepage"),
        "hasPart": [{"@id": f["path"]} for f in files],
    }


def crate_file(package: Package, file: dict) -> dict:
    """Return a file as RO-Crate describes it."""
    return {
        "@id": file["path"],
        "@type": "File",
        "name": title_of(package, file),
        "encodingFormat": mediatype(file),
        "contentSize": str(file["bytes"]),
        "sha256": file["sha256"],
    }


def mediatype(file: dict) -> str:
    """Return the media type of a file."""
    return MEDIATYPES.get(PurePosixPath(file["path"]).suffix, "application/octet-stream")


def title_of(package: Package, file: dict) -> str:
    """Return the title of a file: that of its table, or else its name."""
    path = PurePosixPath(file["path"])
    if file["path"] in panel.FILES.values():
        return panel.TITLE
    return package.tables[path.stem].resource["title"] if path.stem in package.tables else path.name


def working_files(package: Package) -> list[dict]:
    """Return the files of the package in its folder."""
    return [
        {"path": path, "bytes": (package.root / path).stat().st_size, "sha256": sha256}
        for path, sha256 in package.digests().items()
    ]
