"""The static copy behind nginx."""

from __future__ import annotations

import itertools
import re
import ssl
import subprocess

import httpx
import pytest
from servers import DAY, DEPLOY, PAGE, Readers, client, get, lasting, proxy, raw

from benefits.answers import read_kinds
from benefits.package import ROOT
from benefits.web import guard

pytestmark = pytest.mark.nginx


def test_every_file_of_the_copy_is_answered_as_the_site_answers(static, site):
    files = [
        f.relative_to(static.site).as_posix()
        for f in static.site.rglob("*")
        if f.is_file() and f.suffix != ".gz" and f.name not in ("404.html", "README.txt")
    ]
    assert len(files) > 40
    compared = {*guard.HEADERS, "content-type", "cache-control", "dataset-version", "data-through"}
    with client(static) as c:
        for name in files:
            address = "/" + name.removesuffix("index.html")
            for address in (
                {address, address.rstrip("/") or "/"}
                if not name.startswith(f"on/{DAY}/index")
                else {address}
            ):
                for encoding in ("gzip", "identity"):
                    live, copy = (
                        s.get(address, headers={"accept-encoding": encoding}) for s in (site, c)
                    )
                    if live.is_redirect or live.status_code == 404 and address.endswith("/"):
                        continue  # an address with a slash too many
                    assert (address, copy.status_code, copy.headers.get("content-encoding")) == (
                        address,
                        200,
                        "gzip" if encoding == "gzip" else None,
                    )
                    assert {n: copy.headers.get(n) for n in compared} == {
                        n: live.headers.get(n) for n in compared
                    }
                    assert copy.content == (static.site / name).read_bytes()
            assert (
                c.get(
                    address,
                    headers={"if-none-match": copy.headers["etag"], "accept-encoding": "identity"},
                ).status_code
                == 304
            )
            assert c.head(address).content == b""


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/nothing.json",
        "/nothing.csv",
        f"/on/{DAY}/nothing",
        "/static/",
        "/answers",
        "/on",
        "/-/plugins",
    ],
)
def test_what_the_copy_lacks_is_refused_as_the_site_refuses(static, site, address):
    with client(static) as c:
        live, copy = site.get(address), c.get(address)
    assert copy.status_code == live.status_code == 404
    assert {n: copy.headers.get(n) for n in [*guard.HEADERS, "content-type", "cache-control"]} == {
        n: live.headers.get(n) for n in [*guard.HEADERS, "content-type", "cache-control"]
    }
    assert "There is nothing at this address." in copy.text and "location" not in copy.headers


def test_the_copy_gives_no_answer_to_a_question_it_cannot_read(static):
    with client(static) as c:
        for address in (
            "/coverage?as_of=2020-01-01",
            "/search?q=health",
            "/eligibility?age=50",
            f"{PAGE}?compare=2025-01-01",
            "/ask?as_of=2025-01-01",
        ):
            answer = c.get(address)
            assert (
                answer.status_code == 404
                and "This is a copy of the site as plain files." in answer.text
                and "answers and tables" not in answer.text
            )
        assert c.get("/coverage?").status_code == 200
        for added in ("fbclid=x", "utm_source=a&gclid=b", "fbclid"):
            assert (
                c.get(f"/coverage?{added}").text == c.get("/coverage").text
                and c.get(f"/coverage?{added}").status_code == 200
            )
        assert c.get("/coverage?fbclid=x&as_of=2020-01-01").status_code == 404


@pytest.mark.parametrize(
    "added",
    [
        "utm_source=mail",
        "fbclid=IwAR0",
        "UTM_Source=a&gad_source=b&__hstc=c",
        "mc_cid=1&",
        "_x_tr_sl=es&_x_tr_tl=en",
    ],
)
def test_the_copy_ignores_what_other_sites_add_to_links(static, added):
    with client(static) as c:
        for address in (
            "/coverage",
            "/changes.atom",
            "/static/site.css",
            f"/answers/coverage_on/as_of={DAY}.json",
        ):
            assert c.get(f"{address}?{added}").status_code == 200, address
            assert c.get(f"{address}?{added}").content == c.get(address).content
            assert c.get(f"{address}?{added}&as_of=2020-01-01").status_code == 404
        assert c.get(f"/coverage?as_of=2020-01-01&{added}").status_code == 404


def test_the_copy_takes_a_link_as_the_site_does(static):
    """A page ignores what is not its own; data refuses it, or it would pass for an answer."""
    with client(static) as c:
        for address in ("/coverage", "/changes.ics", "/static/site.css"):
            assert c.get(f"{address}?newtracker=1&_new=2").status_code == 200, address
        assert c.get(f"/answers/coverage_on/as_of={DAY}.json?juristiction=IL").status_code == 404
    own = {name for taken in read_kinds().values() for takes in taken.values() for name in takes}
    (listed,) = re.findall(
        r"\^html:\(\?:\.\*&\)\?\(\?:([a-z_|]+)\)",
        re.sub(r"\s", "", (DEPLOY / "static.conf").read_text(encoding="utf-8")),
    )
    assert set(listed.split("|")) == own


def test_preflight_is_answered_by_both(static, front):
    with client(static) as s, client(front) as f:
        copy, live = (
            c.options(
                "/openapi.json",
                headers={"origin": "https://x.example", "access-control-request-method": "GET"},
            )
            for c in (s, f)
        )
    assert copy.status_code == live.status_code == 204 and lasting(copy.headers) == {
        n: v for n, v in lasting(live.headers).items() if n != "vary"
    }


@pytest.mark.openssl
@pytest.mark.curl
def test_over_tls(running, tmp_path):
    """The listen.conf of docs/guides/serving.md, with a certificate made here; and plain HTTP on
    its port is refused without a word of nginx's."""
    (tmp_path / "tls").mkdir()
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(
        [
            *openssl,
            "-keyout",
            str(tmp_path / "tls" / "key.pem"),
            "-out",
            str(tmp_path / "tls" / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (sample,) = re.findall(
        r"```nginx\n(listen 443.*?)```",
        (ROOT / "docs" / "guides" / "serving.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    with proxy(
        tmp_path / "site",
        running,
        listen=lambda port: (
            sample.replace("listen 443", f"listen 127.0.0.1:{port}")
            .replace("listen [::]:443 ssl http2;\n", "")
            .replace("/etc/benefits", str(tmp_path))
        ),
    ) as it:
        with httpx.Client(
            base_url=it.base.replace("http:", "https:"),
            verify=ssl.create_default_context(cafile=tmp_path / "tls" / "fullchain.pem"),
        ) as c:
            answer = c.get(PAGE)
        assert (
            answer.status_code == 200
            and {n: answer.headers[n] for n in guard.HEADERS} == guard.HEADERS
        )
        asked = [
            "curl",
            "-sS",
            "--http2",
            "--cacert",
            str(tmp_path / "tls" / "fullchain.pem"),
            "-o",
            "/dev/null",
            "-w",
            "%{http_version} %{http_code}",
        ]
        assert (
            subprocess.run(
                [*asked, it.base.replace("http:", "https:") + PAGE],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            == "2 200"
        )
        ((status, headers, body),) = raw(it.port, get(b"/"))
        assert (
            (status, headers["cache-control"]) == (400, "no-store")
            and b"nginx" not in body
            and {n: headers[n] for n in guard.HEADERS} == guard.HEADERS
        )


def test_another_copy_is_served_at_once_and_so_is_the_one_before(static, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("Another release")
    static.release(
        "0.9.0",
        **{
            "/srv/benefits/dist/1.0.0/site": str(other),
            "dataset-version 1.0.0": "dataset-version 0.9.0",
        },
    )
    with Readers(static.base, lambda: itertools.repeat("/")) as readers, client(static) as c:
        readers.more(30)
        first, version = c.get("/").text, c.get("/").headers["dataset-version"]
        static.switch("0.9.0")
        answer = c.get("/")
        assert (answer.text, answer.headers["dataset-version"]) == ("Another release", "0.9.0")
        readers.more(30)
        static.switch("1.0.0")
        assert c.get("/").text == first
    assert (
        not readers.failed
        and not readers.broken
        and {v for _, v in readers.seen} == {version, "0.9.0"}
    )
