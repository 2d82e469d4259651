"""The package and the files of a release -> the documents by which data catalogs find and check it.

Writes them for the working package: its tables and datapackage.json, dated by the day through which
the data goes. A release calls `documents`. Each document describes the files it is given, so that
of the zip is made from the files in the zip.

A file is a dict: `path` relative to where the document lies, `bytes` (its size) and `sha256`.
The files of a table are those named after it, in whatever folder: Croissant reads its CSV."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from benefits.package import Package

CROISSANT_TYPES = {"string": "sc:Text", "integer": "sc:Integer", "date": "sc:Date"}

# By suffix, and not by what the machine knows; a file without one is a text, such as LICENSE.
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

# The context that Croissant 1.1 prescribes: mlcroissant warns of every key that is missing.
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


def documents(package: Package, files: list[dict], date: str) -> dict[str, bytes]:
    """The documents by file name. The same package, files and date (of the release) give the
    same bytes."""
    made = {
        "croissant.json": croissant(package, files, date),
        "data.json": dcat_us(package, files, date),
        ".zenodo.json": zenodo(package, date),
        "ro-crate-metadata.json": ro_crate(package, files, date),
    }
    return {
        name: (json.dumps(said(document), indent=2, ensure_ascii=False) + "\n").encode()
        for name, document in made.items()
    }


def said(value):
    """Without what the package does not say: `homepage` and the e-mail address of a
    contributor may be missing."""
    if isinstance(value, dict):
        return {key: said(v) for key, v in value.items() if v is not None}
    return [said(v) for v in value] if isinstance(value, list) else value


def croissant(package: Package, files: list[dict], date: str) -> dict:
    """schema.org Dataset and Croissant 1.1 in one JSON-LD. File addresses are relative, so
    that it goes with its folder."""
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
        "recordSet": [record_set(table, csv[table.name]) for table in package.tables.values()],
    }


def record_set(table, path: str) -> dict:
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


def dcat_us(package: Package, files: list[dict], date: str) -> dict:
    """A DCAT-US 3.0 catalog of one dataset. Addresses are absolute only when the package has
    a `homepage`; the e-mail address that the standard wants is that of the first contributor,
    and is left out, not made up, when there is none."""
    d = package.descriptor
    first = d["contributors"][0]
    license = d["licenses"][0]["path"]
    homepage = d.get("homepage")
    base = f"{homepage.rstrip('/')}/" if homepage else ""
    distributions = [dcat_distribution(package, f, base, date) for f in files]
    page = {"@type": "Document", "title": d["title"], "accessURL": homepage} if homepage else None

    dataset = {
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
        "license": license,
        "accessRights": "public",
        "keyword": d["keywords"],
        "language": "en",
        "temporal": [
            {"@type": "PeriodOfTime", "startDate": d["complete_from"], "endDate": d["data_through"]}
        ],
        "landingPage": page,
        "describedBy": next(
            (
                d
                for f, d in zip(files, distributions)
                if PurePosixPath(f["path"]).name == "datapackage.json"
            ),
            None,
        ),
        "distribution": distributions,
    }
    return {
        "@type": "Catalog",
        "conformsTo": {"@type": "Standard", "title": "DCAT-US 3.0"},
        "title": d["title"],
        "description": d["description"],
        "publisher": {"@type": "Agent", "name": first["title"]},
        "license": license,
        "language": "en",
        "issued": date,
        "modified": date,
        "homepage": page,
        "dataset": [dataset],
    }


def dcat_distribution(package: Package, file: dict, base: str, date: str) -> dict:
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
    """Zenodo's deposition metadata; it writes licence codes small."""
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
    """RO-Crate 1.1, whose context lacks sha256 alone of what is said here."""
    d = package.descriptor
    license = d["licenses"][0]
    authors = {f"#contributor-{i}": c["title"] for i, c in enumerate(d["contributors"], 1)}
    return {
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            {"sha256": "http://schema.org/sha256"},
        ],
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": d["title"],
                "description": d["description"],
                "version": d["version"],
                "datePublished": date,
                "license": {"@id": license["path"]},
                "author": (
                    [{"@id": id_} for id_ in authors]
                    if len(authors) > 1
                    else {"@id": next(iter(authors))}
                ),
                "publisher": {"@id": next(iter(authors))},
                "keywords": d["keywords"],
                "temporalCoverage": f"{d['complete_from']}/{d['data_through']}",
                "url": d.get("homepage"),
                "hasPart": [{"@id": f["path"]} for f in files],
            },
            *(
                {
                    "@id": f["path"],
                    "@type": "File",
                    "name": title_of(package, f),
                    "encodingFormat": mediatype(f),
                    "contentSize": str(f["bytes"]),
                    "sha256": f["sha256"],
                }
                for f in files
            ),
            {
                "@id": license["path"],
                "@type": "CreativeWork",
                "name": license["title"],
                "identifier": license["name"],
            },
            *({"@id": id_, "@type": "Organization", "name": name} for id_, name in authors.items()),
        ],
    }


def mediatype(file: dict) -> str:
    return MEDIATYPES.get(PurePosixPath(file["path"]).suffix, "application/octet-stream")


def title_of(package: Package, file: dict) -> str:
    """A table in any format has the title of the table; whatever else there is, its file name."""
    path = PurePosixPath(file["path"])
    return package.tables[path.stem].resource["title"] if path.stem in package.tables else path.name


def working_files(package: Package) -> list[dict]:
    """The files of the package as it lies in its folder."""
    return [
        {"path": path, "bytes": (package.root / path).stat().st_size, "sha256": sha256}
        for path, sha256 in package.digests().items()
    ]
