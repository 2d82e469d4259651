"""Paths that lead out of their folder, and bytes and characters that an address cannot have."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

from benefits.package import ROOT
from stress.hostile.case import Case, kind, request

UP = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "..%c0%af",
    "%c0%ae%c0%ae/",
    "..;/",
    ".%00./",
    "..%00/",
    "....//",
    "%uff0e%uff0e/",
    "..%ef%bc%8f",
    "~2E~2E/",
    "../;a/",
    "..%0d/",
    "%2e./",
]


def climbs(r) -> str:
    """Return a path to a parent folder in a disguised form."""
    return r.choice(UP) * r.randint(1, 12)


WHOLE_PATHS = [
    "file:///etc/passwd",
    "/C:/windows/win.ini",
    "/etc/passwd",
    "/proc/self/cwd/metadata.yml",
    f"/static/{ROOT}/metadata.yml",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/.git/HEAD",
    "/.env",
    "/metadata.yml",
]

STARTS = [
    "/",
    "/static/",
    "/-/static/",
    "/benefits/",
    "/benefits/coverage/",
    "/static/site.css/",
    "/-/static/app.css/",
    "/on/2025-07-01/",
    "/cases/",
    "/docs/",
    "/-/static-plugins/guard.py/",
    "//",
    "/.",
    "/static",
]

ENDS = [
    "etc/passwd",
    "etc%2fpasswd",
    "metadata.yml",
    "scripts/serve.py",
    "data/coverage.csv",
    "build/benefits.db",
    ".git/config",
    "proc/self/environ",
    "plugins/guard.py",
    "etc/passwd%00.css",
    "windows/win.ini",
    "",
]


@kind(6)
def traversal(r, site):
    """Ask for files that the site does not serve."""
    while True:
        yield Case(
            request(
                r.choice(WHOLE_PATHS)
                if r.random() < 0.1
                else r.choice(STARTS) + climbs(r) + r.choice(ENDS)
            ),
            kept=False,
        )


@kind(8)
def each_byte(r, site):
    """Put every byte into paths, names, values and headers, as it is and percent-encoded."""
    while True:
        for n in r.sample(range(256), 256):
            b, code = bytes([n]), b"%%%02x" % n
            for one in (b, code) if n not in b"\r\n" else (code,):
                for target in r.sample(
                    [
                        b"/" + one,
                        b"/benefits" + one,
                        b"/benefits/cover" + one + b"age.json",
                        b"/benefits/programs/" + one,
                        b"/on/2025-07-01" + one + b"/coverage",
                        b"/benefits/coverage.json?population=" + one,
                        b"/benefits/coverage.json?" + one + b"=1",
                        b"/benefits/coverage_on.json?as_of=2025-06-30" + one,
                        b"/search?q=a" + one + b"b",
                        b"/benefits/programs?_search=" + one,
                        b"/answers/coverage_on/as_of=2025-07-01," + one + b".json",
                    ],
                    2,
                ):
                    yield Case(request(target), kept=False, answers=(1, 2))
            if n not in b"\r\n":
                yield Case(
                    request(
                        "/benefits/coverage_on.json",
                        b"X-" + r.choice([b, b""]) + b"y: a" + b + b"b",
                    ),
                    kept=False,
                )


# Bytes that are not UTF-8, and characters that can be read as others.
ODD_BYTES = [
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\x80",
    b"\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\xe2\x82",
    b"\xc2\x85",
    b"\xfc\x80\x80\x80\x80\xaf",
]

ODD_WORDS = [
    "٢٠٢٥-٠٦-٣٠",
    "２０２５-06-30",
    "2025‐06‐30",
    "۲۰۲۵",
    "ＩＬ",
    "İL",
    "ıl",
    "ß",
    "ﬁ",
    "A\u030a",
    "\u202eIL",
    "I\u200bL",
    "😀",
    "𝟚𝟘𝟚𝟝-06-30",
    "\u2028",
    "\ufffe",
    "\U0010ffff",
    "Ⅳ",
    "²",
    "½",
    "\u0000",
    "\x1b[31m",
    "e\u0301" * 40,
]


@kind(7)
def unicode(r, site):
    """Put text that is not UTF-8, or can be read as another, in the place of a word."""
    while True:
        raw = r.choice(ODD_BYTES) if r.random() < 0.4 else r.choice(ODD_WORDS).encode()
        word = r.choice([raw, quote_from_bytes(raw).encode()])
        path, name = r.choice(site.parameters)
        yield Case(
            request(
                r.choice(
                    [
                        b"/" + word,
                        b"/benefits/" + word + b".json",
                        path.replace("{key}", "1").encode() + b"?" + name.encode() + b"=" + word,
                        b"/benefits/coverage_on?as_of=" + word,
                        b"/eligibility?age=" + word,
                        b"/benefits/coverage.json?_size=" + word,
                        b"/on/" + word + b"/",
                        b"/jurisdictions/" + word,
                        b"/benefits/jurisdictions/" + word,
                        b"/search?q=" + word,
                        b"/benefits/coverage.json?age_min__gt=" + word,
                    ]
                )
            ),
            kept=False,
        )
