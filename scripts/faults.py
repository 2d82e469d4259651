"""Verb: kill, starve and disturb every verb that writes, and is anything lost or half-written?

    python scripts/faults.py [--kills 200] [--whole 10] [--seed 1] [--only WORD]

Works on copies and clones in a temporary folder. Verbs are killed at random moments and before each single step that writes, run on a full
and on a read-only disk and on one whose plug is pulled (all mounted in a namespace of this process alone), twice at once, while their data
is edited, and with Ctrl-C; and the database is replaced under the running site. Each time the old files must be there with their bytes or the new ones complete, what
failed must say so in one sentence, and the next run must succeed and leave nothing behind. Exit code 1 and every loss otherwise.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import diff
import history
import hostile
import serve
import verify
import version
from package import ROOT, csv_text, load, run

JOBS = 2
KINDS: dict[str, object] = {}
# A release with a static site of a few pages takes a quarter of the time: every step is there, the longest is short.
SMALL = """
import re, sys; sys.path.insert(0, "scripts"); import release, site_export
site_export.days_of = lambda database: []
site_export.LEFT_OUT = re.compile(site_export.LEFT_OUT.pattern + "|/on/|/records/|/answers/|/evidence/|/jurisdictions/")
release.run(lambda: release.main(["make"]))
"""
# Runs a verb that kills itself at its Nth step that writes under a folder, a file just opened being empty: N, folder, script, arguments.
STEPPED = """
import os, runpy, signal, sys
left, root = int(sys.argv[1]), sys.argv[2]
def step(event, args):
    global left
    if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR) or event not in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect"):
        return
    if str(args[event == "os.rename"]).startswith(root):
        left -= 1
        if not left:
            if event == "open" and args[2] & os.O_TRUNC and os.path.exists(args[0]):
                os.truncate(args[0], 0)
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
sys.argv = sys.argv[3:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def kind(function):
    KINDS[function.__name__.replace("_", " ")] = function
    return function


class Seen:
    """How often a fault was tried, what came of it, and what was lost."""

    def __init__(self):
        self.tries, self.outcomes, self.losses = 0, Counter(), []

    def note(self, outcome: str, *losses: str) -> None:
        self.tries += 1
        self.outcomes[outcome] += 1
        self.losses += [loss for loss in losses if loss]


# ---- folders and verbs ----------------------------------------------------------------------------------------------


def copy_of(folder: Path) -> Path:
    """A package to be worked on; the verbs are those of this repository."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "datapackage.json", folder)
    for part in ("data", "docs", "releases"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "CITATION.cff", folder)
    return folder


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", str(root), "-c", "user.name=Faults", "-c", "user.email=faults@example.org", *args], capture_output=True, text=True, check=True).stdout.strip()


def next_day(root: Path) -> str:
    """The first day on which the package could be released: after its last release, and not before what it holds."""
    package = load(root, only=("releases",))
    days = [package.descriptor["data_through"], *(r["date"] for r in package.rows("releases"))]
    return (date.fromisoformat(max(days)) + timedelta(days=1)).isoformat()


def preparing(root: Path) -> list[str]:
    """The arguments by which the package is prepared for its next release."""
    return ["prepare", "--date", next_day(root), "--today", next_day(root)]


def raise_version(root: Path) -> None:
    """Let the package have a version that is not kept yet: where it is kept, a new description and the version that this needs."""
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    if (root / "releases" / f"{descriptor['version']}.zip").is_file():
        descriptor["version"] = diff.bump(descriptor["version"], "patch")
        descriptor["description"] += " Again."
        path.write_text(json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def clone_of(folder: Path) -> Path:
    """A clone of the last commit, in which the next version is prepared: one that is kept is never made again."""
    git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    raise_version(folder)
    if done := verb("release", "--root", folder, *preparing(folder)):
        if "is prepared already" not in done:
            raise SystemExit(f"error: the last commit cannot be prepared for a release: {done}")
        return folder
    verb("describe", "--root", folder)
    git(folder, "commit", "--quiet", "-am", "Prepare")
    return folder


def command(name: str, *args) -> list[str]:
    return [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *map(str, args)]


def said(done: subprocess.CompletedProcess) -> str:
    """What a verb that failed says; empty if it did not fail."""
    return (done.stdout[-500:] + done.stderr) if done.returncode else ""


def verb(name: str, *args, **options) -> str:
    return said(subprocess.run(command(name, *args), capture_output=True, text=True, **options))


def sentence(done: subprocess.CompletedProcess) -> str:
    """Why the failure of a verb is not told as it should be; empty if it is: exit code 1, a sentence, no traceback."""
    if done.returncode != 1:
        return f"exit code {done.returncode}: {done.stderr[-500:]}"
    if "Traceback" in done.stderr or "Traceback" in done.stdout:
        return f"a traceback: {done.stderr[-800:]}"
    return "" if re.search(r"^(error: )?\S.{15,}", done.stderr + done.stdout) else "no sentence"


def state(root: Path, *parts: str) -> dict[str, str]:
    """SHA-256 by path of every file under the parts (default: the whole folder but for git's own)."""
    files = [p for part in parts or (".",) for p in sorted((root / part).rglob("*")) if p.is_file() and ".git" not in p.parts and "__pycache__" not in p.parts]
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def differing(before: dict, after: dict) -> list[str]:
    return [n for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n)]


def killed(words: list[str], after: float, cwd: Path) -> bool:
    """Start, wait, kill; whether it was still running."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)
    time.sleep(after)
    alive = process.poll() is None
    process.kill()
    process.wait()
    return alive


def length(words: list[str], cwd: Path) -> float:
    started = time.monotonic()
    subprocess.run(words, capture_output=True, cwd=cwd, check=True)
    return time.monotonic() - started


# ---- killed ---------------------------------------------------------------------------------------------------------


@kind
def build_killed(folder: Path, args, r: random.Random) -> Seen:
    """SIGKILL at random moments: the database is the old one or the new one, to the byte."""
    seen, one = Seen(), copy_of(folder / "one")
    verb("validate", "--root", one)
    words = command("build", "--root", one)
    whole = length(words, folder)
    database = one / "build" / "benefits.db"
    new = hashlib.sha256(database.read_bytes()).hexdigest()
    with sqlite3.connect(database) as old:
        old.execute("CREATE TABLE this_is_the_old_one (x)")
    old.close()
    shutil.copy(database, folder / "old.db")
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    for _ in range(args.kills):
        running = killed(words, r.uniform(0, whole), folder)
        now = hashlib.sha256(database.read_bytes()).hexdigest() if database.exists() else "nothing"
        seen.note({before: "old bytes", new: "new bytes"}.get(now, "broken"), "" if now in (before, new) else f"the database is neither the old nor the new one: {now}")
        if now != before:
            shutil.copy(folder / "old.db", database)
    left = len(list((one / "build").iterdir())) - 2
    seen.note("built after that", verb("build", "--root", one), "" if hashlib.sha256(database.read_bytes()).hexdigest() == new else "the next build gives other bytes")
    still = sorted(p.name for p in (one / "build").iterdir() if p.name not in ("benefits.db", "validated.json"))
    seen.note(f"{left} files left by the dead, {len(still)} after the next build", f"left for ever: {', '.join(still[:5])}" if still else "")
    return seen


@kind
def each_step_killed(folder: Path, args, r: random.Random) -> Seen:
    """SIGKILL at each step that writes, of every verb but the release: nothing is half-written, and run again it gives what it would have given."""
    seen = Seen()

    def stepped(job):
        name, start, words, before, after = job
        for n in range(1, 100):
            place = folder / f"{name}-{n}"
            shutil.copytree(start, place)
            ran = subprocess.run([sys.executable, "-B", "-c", STEPPED, str(n), str(place), str(ROOT / "scripts" / f"{name}.py"), "--root", str(place), *words], capture_output=True, text=True)
            if ran.returncode != -signal.SIGKILL:
                shutil.rmtree(place)
                yield "all steps done", f"{name} fails: {said(ran)}" if ran.returncode else ""
                return
            now = state(place)
            losses = [f"{name} killed at step {n}: {f} is half-written" for f in differing(before, now) if f in before.keys() | after.keys() and now.get(f) != after.get(f)]
            if (problem := verb(name, "--root", place, *words)) and "is prepared already" not in problem:
                losses.append(f"{name} killed at step {n} and run again: {problem}")
            differ = differing(after, state(place))
            if differ and differ != ["releases/reasons.csv"]:  # when all is prepared, the reasons that it used may be there still
                losses.append(f"{name} killed at step {n} and run again differs from an undisturbed run: {', '.join(differ)}")
            shutil.rmtree(place)
            yield name, *losses

    with ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(lambda job: list(stepped(job)), undisturbed(folder, seen)):
            for outcome, *losses in found:
                seen.note(outcome, *losses)
    return seen


def undisturbed(folder: Path, seen: Seen) -> list[tuple]:
    """Each verb but the making of a release: its name, a package on which it has work, its arguments, and the state before and after it."""
    jobs = []
    for name, words, ready in (
        ("validate", [], lambda root: None), ("build", [], lambda root: verb("validate", "--root", root)), ("canonical", [], lambda root: mix(root, "programs", "claims")),
        ("describe", [], outdate), ("release", preparing(ROOT), edit),
    ):  # fmt: skip
        start, done = copy_of(folder / f"{name}-start"), folder / f"{name}-done"
        ready(start)
        shutil.copytree(start, done)
        if problem := verb(name, "--root", done, *words):
            seen.note("broken", f"{name} fails without any fault: {problem}")
            continue
        jobs.append((name, start, words, state(start), state(done)))
    return jobs


def mix(root: Path, *tables: str) -> None:
    """Put the rows of tables out of order, so that `make sort` has work."""
    for table in tables:
        path = root / "data" / f"{table}.csv"
        head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(head + "".join(reversed(rows)), encoding="utf-8", newline="")


def outdate(root: Path) -> None:
    """Let `make describe` have work."""
    for name in ("docs/codebook.md", "docs/gaps.md", "CITATION.cff"):
        (root / name).write_text("old\n", encoding="utf-8")


def edit(root: Path) -> None:
    """Change a fact, and give its reason and the version that this needs: ready to be prepared."""
    package = load(root)
    table, path, described = package.tables["programs"], root / "data" / "programs.csv", root / "datapackage.json"
    row = table.rows[0]
    path.write_text(path.read_text(encoding="utf-8").replace(row["name"], row["name"] + " II", 1), encoding="utf-8", newline="")
    why = version.reasons(root)[0] | {("programs", table.key_of(row), "name"): "It has a second name."}
    given = ([*where, reason] for where, reason in why.items())
    (root / "releases" / "reasons.csv").write_text(csv_text(version.REASONS, given), encoding="utf-8", newline="")
    with diff.open_package(str(newest(root))) as before:
        smallest = diff.compare(before, load(root)).smallest_version
    now = package.descriptor["version"]
    if history.order(now) < history.order(smallest):
        text = described.read_text(encoding="utf-8")
        described.write_text(text.replace(f'"version": "{now}"', f'"version": "{smallest}"', 1), encoding="utf-8")


def newest(root: Path) -> Path:
    last = version.last_release(root)
    if last is None:
        raise SystemExit("error: nothing is in releases/ yet, from which a change could be prepared")
    return last


def release_losses(clone: Path, name: str, data: dict) -> tuple[str, list[str]]:
    """The outcome of a release that was stopped, and what it lost."""
    target, losses = clone / "dist" / name, []
    if lost := differing(data, state(clone, "data", "docs", "releases", "sql")):
        losses.append(f"changed by the release: {', '.join(lost)}")
    if dirty := git(clone, "status", "--porcelain"):
        losses.append(f"the tree is dirty: {dirty}")
    if not target.exists():
        return "nothing released", losses
    return "released", losses + (verify.checksum_problems(target) or verify.cell_problems(target))


def kill_releases(folder: Path, words: list[str], kills: int, jobs: int, r: random.Random) -> Seen:
    seen, origin = Seen(), clone_of(folder / "origin")
    name = load(origin).descriptor["version"]
    whole = length(words, origin)
    wanted = state(origin, f"dist/{name}")
    shutil.rmtree(origin / "dist")
    moments = [whole * (n + r.random()) / kills for n in range(kills)]
    r.shuffle(moments)

    def work(mine: tuple[int, list[float]]):
        clone = folder / f"clone-{mine[0]}"
        git(folder, "clone", "--quiet", str(origin), str(clone))
        data = state(clone, "data", "docs", "releases", "sql")
        for moment in mine[1]:
            killed(words, moment, clone)
            yield release_losses(clone, name, data)
            shutil.rmtree(clone / "dist" / name, ignore_errors=True)
        left = len(list((clone / "dist").glob(".*"))) if (clone / "dist").exists() else 0
        problem = said(subprocess.run(words, cwd=clone, capture_output=True, text=True))
        differ = differing(wanted, state(clone, f"dist/{name}"))
        yield "released after that", [problem, f"the next release differs: {', '.join(differ[:5])}" if differ else ""]
        still = sorted(p.name for p in (clone / "dist").iterdir() if p.name != name)
        yield f"{left} folders left by the dead, {len(still)} after the next release", [f"left for ever: {', '.join(still[:3])}"] if still else []

    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(lambda mine: list(work(mine)), enumerate(moments[n::jobs] for n in range(jobs))):
            for outcome, losses in found:
                seen.note(outcome, *losses)
    return seen


@kind
def release_killed(folder: Path, args, r: random.Random) -> Seen:
    """SIGKILL at moments spread over a release with a small site: dist/VERSION is absent or complete, the data untouched."""
    return kill_releases(folder, [sys.executable, "-c", SMALL], args.kills, JOBS, r)


@kind
def whole_release_killed(folder: Path, args, r: random.Random) -> Seen:
    """The same with the whole site, a few times."""
    return kill_releases(folder, [sys.executable, "scripts/release.py", "make"], args.whole, JOBS, r) if args.whole else Seen()


# ---- the disk -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(place: Path, megabytes: int):
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def starve(root: Path, disk: Path, words: list[str], free: int, cwd: Path) -> subprocess.CompletedProcess:
    """Run a verb with `free` bytes left on its disk."""
    ballast = disk / "ballast"
    space = os.statvfs(disk)
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(space.f_bavail * space.f_bsize - free, 1))
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(cwd)})
    ballast.unlink()
    return done


@kind
def disk_full(folder: Path, args, r: random.Random) -> Seen:
    """Each verb on a disk with so little room that each of its steps fails once: a sentence, the old files, nothing half-written."""
    seen = Seen()
    with mounted(folder / "disk", 64) as disk:
        one = copy_of(disk / "one")
        verb("validate", "--root", one)
        verb("build", "--root", one)
        exports = disk / "out"
        verb("export", "--database", one / "build" / "benefits.db", "--out", exports)
        size = (one / "build" / "benefits.db").stat().st_size
        out = sum(p.stat().st_size for p in exports.rglob("*") if p.is_file())
        shutil.rmtree(exports)
        for name, words, rooms in (
            ("validate", command("validate", "--root", one), [0]),
            ("build", command("build", "--root", one), [0, *(int(size * r.uniform(0, 1.9)) for _ in range(10))]),
            ("sort", command("canonical", "--root", one), [0, 4096]),
            ("describe", command("describe", "--root", one), [0, 4096]),
            ("export", command("export", "--database", one / "build" / "benefits.db", "--out", exports), [0, *(int(out * r.random()) for _ in range(8))]),
        ):
            if name == "sort":
                mix(one, "citations")
            if name == "describe":
                mix(one, "citations")  # back again
                outdate(one)
            before = state(one)
            for free in rooms:
                done = starve(one, disk, words, free, folder)
                half = differing(before, state(one))
                shutil.rmtree(exports, ignore_errors=True)
                if done.returncode == 0:
                    seen.note(f"{name} had room")
                    before = state(one)
                    continue
                problem = sentence(done)
                seen.note(f"{name} told", f"{name} with {free:,} bytes free: {problem}" if problem else "", f"{name} with {free:,} bytes free changed or left {', '.join(half)}" if half else "")
    with mounted(folder / "release", 256) as disk:
        clone = clone_of(disk / "clone")
        name, data = load(clone).descriptor["version"], state(clone, "data", "docs", "releases", "sql")
        words = [sys.executable, "-c", SMALL]
        subprocess.run(words, cwd=clone, capture_output=True, check=True)
        size = sum(-(-p.stat().st_size // 4096) * 4096 for p in (clone / "dist").rglob("*") if p.is_file())
        shutil.rmtree(clone / "dist")
        for share in (0, 0.02, 0.2, 0.4, 0.6, 0.8, 0.95):
            done = starve(clone, disk, words, int(size * share), clone)
            outcome, losses = release_losses(clone, name, data)
            left = list((clone / "dist").glob(".*")) if (clone / "dist").exists() else []
            losses += [f"left: {left[0].name}"] if left else []
            shutil.rmtree(clone / "dist", ignore_errors=True)
            problem = sentence(done) if done.returncode else "had room, which it should not have had"
            seen.note("release told" if outcome == "nothing released" else outcome, *(f"release with {share:.0%} of its room: {p}" for p in [problem, *losses] if p))
    return seen


@kind
def read_only(folder: Path, args, r: random.Random) -> Seen:
    """Each verb in a folder that cannot be written."""
    seen = Seen()
    with mounted(folder / "disk", 256) as disk:
        one, mixed, clone = copy_of(disk / "one"), copy_of(disk / "mixed"), clone_of(disk / "clone")
        edit(one)
        verb("validate", "--root", one)
        outdate(one)
        mix(mixed, "citations")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        before = state(disk)
        for name, words in (
            ("validate", command("validate", "--root", one)), ("build", command("build", "--root", one)), ("sort", command("canonical", "--root", mixed)), ("describe", command("describe", "--root", one)),
            ("prepare", command("release", "--root", one, *preparing(one))), ("make", command("release", "--root", clone, "make")), ("export", command("export", "--database", ROOT / "build" / "benefits.db", "--out", disk / "out")),
        ):  # fmt: skip
            problem = sentence(subprocess.run(words, capture_output=True, text=True, cwd=folder))
            seen.note(f"{name} told", f"{name}: {problem}" if problem else "")
        if differing(before, state(disk)):
            seen.note("changed", "a folder that cannot be written was changed")
    return seen


EXT4_SHUTDOWN, AT_ONCE = 0x8004587D, struct.pack("I", 2)  # the request to stop all writing, without writing the log first
COMMIT = 1.5  # seconds after which such a disk has written the names, whether or not it has the bytes


@contextlib.contextmanager
def cuttable(place: Path, megabytes: int):
    """A disk whose plug can be pulled: yields its folder, and what pulls the plug and puts it in again. A file system may write names long before the
    bytes of their files; this one, with these options, is among those that do."""
    image = place.with_name(f"{place.name}.img")
    place.mkdir(parents=True)
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run([tool("mkfs.ext4"), "-q", "-F", str(image)], check=True)
    options = "loop,noauto_da_alloc,commit=1"

    def cut() -> None:
        disk = os.open(place, os.O_RDONLY)
        fcntl.ioctl(disk, EXT4_SHUTDOWN, AT_ONCE)
        os.close(disk)

    def again() -> None:
        for _ in range(100):  # as long as a process that was killed is not quite gone
            if not subprocess.run(["umount", str(place)], capture_output=True).returncode:
                break
            time.sleep(0.05)
        subprocess.run(["mount", "-o", options, str(image), str(place)], check=True)

    subprocess.run(["mount", "-o", options, str(image), str(place)], check=True)
    try:
        yield place, cut, again
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise SystemExit(f"error: {name} is not installed. On Debian and Ubuntu: apt-get install e2fsprogs")
    return found


def cut_short(words: list[str], after: float, cwd: Path, cut) -> int | None:
    """Start a verb and pull the plug after so many seconds; its exit code if it had ended by then."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd, start_new_session=True)
    time.sleep(after)
    ended = process.poll()
    cut()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return ended


@kind
def power_cut(folder: Path, args, r: random.Random) -> Seen:
    """The plug pulled at random moments, and shortly after the end: every file is the old one or the new one, and the new one if its verb had ended."""
    seen = Seen()

    try:
        with cuttable(folder / "first", 16):
            pass
    except (OSError, subprocess.CalledProcessError) as e:
        seen.losses.append(f"nothing was cut, so this shows nothing: a disk image can be mounted by root only ({e})")
        return seen

    def verbs(job):
        name, start, words, before, after = job
        moments = random.Random(f"{args.seed} {name}")
        with cuttable(folder / f"{name}-disk", 96) as (disk, cut, again):
            one = disk / "one"
            shutil.copytree(start, one)
            whole = length(command(name, "--root", one, *words), folder)
            for _ in range(args.kills // 10):
                shutil.rmtree(one)
                shutil.copytree(start, one)
                os.sync()
                ended = cut_short(command(name, "--root", one, *words), moments.uniform(0, whole + COMMIT), folder, cut)
                again()
                now = state(one)
                allowed = (after,) if ended == 0 else (before, after)
                losses = [f"{name}, {'ended and ' if ended == 0 else ''}cut: {f} is neither the old one nor the new one" for f in before.keys() | after.keys() if all(now.get(f) != a.get(f) for a in allowed)]
                problem = verb(name, "--root", one, *words)
                losses += [f"{name} cut and run again: {problem}"] if problem and "is prepared already" not in problem else []
                losses += [f"{name} cut and run again leaves {f}" for f in state(one).keys() - after.keys()]
                yield f"{name} {'had ended' if ended == 0 else 'had changed all' if now == after else 'stopped'}", losses

    def releases():
        origin = clone_of(folder / "origin")
        name, data, words = load(origin).descriptor["version"], state(origin, "data", "docs", "releases", "sql"), [sys.executable, "-c", SMALL]
        whole = length(words, origin)
        for n in range(args.whole):
            with cuttable(folder / f"release-disk-{n}", 256) as (disk, cut, again):
                git(folder, "clone", "--quiet", str(origin), str(disk / "clone"))
                os.sync()
                ended = cut_short(words, r.uniform(whole / 2, whole + COMMIT), disk / "clone", cut)
                again()
                shutil.rmtree(disk / "clone" / ".git")  # git has its own files, which it does not wait for
                shutil.copytree(origin / ".git", disk / "clone" / ".git")
                outcome, losses = release_losses(disk / "clone", name, data)
                losses += ["a release had ended and is not there"] if ended == 0 and outcome != "released" else []
                yield f"release cut: {outcome}", losses

    with ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(lambda job: list(verbs(job)), undisturbed(folder, seen)):
            for outcome, losses in found:
                seen.note(outcome, *losses)
    for outcome, losses in releases():
        seen.note(outcome, *losses)
    return seen


# ---- at once --------------------------------------------------------------------------------------------------------


@kind
def builds_at_once(folder: Path, args, r: random.Random) -> Seen:
    """Two and four builds of one package at the same time, and `make -j4` from nothing."""
    seen, one = Seen(), copy_of(folder / "one")
    verb("validate", "--root", one)
    words, database = command("build", "--root", one), one / "build" / "benefits.db"
    subprocess.run(words, capture_output=True, check=True)
    wanted = hashlib.sha256(database.read_bytes()).hexdigest()
    for count in [2] * 20 + [4] * 5:
        database.unlink()
        running = []
        for _ in range(count):
            running.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
            time.sleep(r.uniform(0, 0.2))
        told = [p.communicate()[1] for p in running]
        now = hashlib.sha256(database.read_bytes()).hexdigest() if database.exists() else "nothing"
        left = sorted(p.name for p in (one / "build").iterdir() if p.name not in ("benefits.db", "validated.json"))
        seen.note(f"{count} at once", *(t for t in told if t), "" if now == wanted else f"the database is {now}", f"left: {', '.join(left)}" if left else "")
    clone = clone_of(folder / "clone")
    for _ in range(3):
        shutil.rmtree(clone / "build", ignore_errors=True)
        done = subprocess.run(["make", "-j4", f"PY={sys.executable}", "build", "check"], cwd=clone, capture_output=True, text=True)
        now = hashlib.sha256((clone / "build" / "benefits.db").read_bytes()).hexdigest()
        seen.note("make -j4", said(done), "" if done.stdout.count("rows, ") >= 1 and now else "nothing was built")
    return seen


@kind
def edited_meanwhile(folder: Path, args, r: random.Random) -> Seen:
    """Data edited at random moments of validate and build: a database never has bytes that were not validated."""
    seen, one = Seen(), copy_of(folder / "one")
    path, database = one / "data" / "programs.csv", one / "build" / "benefits.db"
    good = path.read_bytes()
    name = load(one).rows("programs")[0]["name"].encode()
    whole = length(command("validate", "--root", one), folder) + length(command("build", "--root", one), folder)
    for n in range(args.kills // 2):
        # A fault that validate names, or an honest edit that it does not.
        bad = good.replace(name, b"", 1) if n % 2 else good.replace(name, name + b" %d" % n, 1)
        database.unlink(missing_ok=True)
        (one / "build" / "validated.json").unlink(missing_ok=True)
        path.write_bytes(good)
        writer = threading.Timer(r.uniform(0, whole), lambda: path.write_bytes(bad))  # in place, as an editor may
        writer.start()
        first = subprocess.run(command("validate", "--root", one), capture_output=True, text=True)
        second = subprocess.run(command("build", "--root", one), capture_output=True, text=True)
        writer.join()
        losses = [f"{v} meanwhile edited: {sentence(d)}" for v, d in (("validate", first), ("build", second)) if d.returncode and sentence(d)]
        if database.exists():
            stamp = json.loads((one / "build" / "validated.json").read_text())
            with contextlib.closing(sqlite3.connect(database)) as db:
                held = dict(db.execute('SELECT \'data/\' || "table" || \'.csv\', sha256 FROM dataset_tables').fetchall())
                names = {row[0] for row in db.execute("SELECT name FROM programs")}
            losses += [f"{p} in the database is not what was validated" for p, digest in held.items() if stamp.get(p) != digest]
            losses += ["the database has an invalid name"] if not all(names) else []
            whose = {hashlib.sha256(b).hexdigest(): w for b, w in ((good, "built what was there first"), (bad, "built the edit"))}.get(held["data/programs.csv"], "built something else")
            seen.note(whose, *losses, "the database has neither" if whose.endswith("else") else "", "an invalid edit was built" if n % 2 and whose.endswith("edit") else "")
        else:
            seen.note("refused by validate" if first.returncode else "refused by build", *losses)
    return seen


@kind
def interrupted(folder: Path, args, r: random.Random) -> Seen:
    """Ctrl-C during `make build`: no traceback, no half file, and the next one succeeds."""
    seen, clone = Seen(), clone_of(folder / "clone")
    words = ["make", f"PY={sys.executable}", "build"]
    whole = length(words, clone)
    wanted = hashlib.sha256((clone / "build" / "benefits.db").read_bytes()).hexdigest()
    for _ in range(20):
        shutil.rmtree(clone / "build")
        # Whoever starts this in the background hands down that SIGINT is ignored, and nothing would be interrupted.
        heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
        process = subprocess.Popen(words, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=heed)
        time.sleep(r.uniform(0.1, whole))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        told = process.communicate()[0]
        names = sorted(p.name for p in (clone / "build").iterdir()) if (clone / "build").exists() else []
        losses = [f"a traceback: {told[-600:]}"] if "Traceback" in told else []
        losses += [f"left: {n}" for n in names if n not in ("benefits.db", "validated.json")]
        if "benefits.db" in names and hashlib.sha256((clone / "build" / "benefits.db").read_bytes()).hexdigest() != wanted:
            losses.append("the database is half-written")
        problem = said(subprocess.run(words, cwd=clone, capture_output=True, text=True))
        now = hashlib.sha256((clone / "build" / "benefits.db").read_bytes()).hexdigest()
        seen.note("stopped" if process.returncode else "was done", *losses, problem, "" if now == wanted else "the next build differs")
    if not seen.outcomes["stopped"]:
        seen.losses.append("nothing was interrupted: this shows nothing")
    return seen


# ---- the served database --------------------------------------------------------------------------------------------


@kind
def database_replaced(folder: Path, args, r: random.Random) -> Seen:
    """The database replaced, cut and removed under the running site while it is read: every answer is of one edition, with its tag."""
    seen, one = Seen(), copy_of(folder / "one")
    verb("validate", "--root", one)
    verb("build", "--root", one)
    database = one / "build" / "benefits.db"
    other = folder / "other.db"
    shutil.copy(database, other)
    with contextlib.closing(sqlite3.connect(other)) as db, db:
        db.execute("UPDATE jurisdictions SET name = 'Replaced ' || name")
        db.execute("UPDATE dataset SET version = '99.0.0'")
    kept = folder / "kept.db"
    shutil.copy(database, kept)
    addresses = ["/benefits/jurisdictions.json?_shape=array&_size=max", "/benefits/coverage_on.json?jurisdiction=IL&_shape=array", "/benefits/dataset.json?_shape=array", "/-/health", "/", "/benefits/jurisdictions/IL", "/coverage", "/benefits.db"]

    def ask(port: int, target: str):
        try:
            connection = hostile.Connection(port)
            connection.send(hostile.request(target, b"Connection: close"))
            return connection.answer()
        except (hostile.Odd, OSError) as e:
            return e

    def blank(answer) -> tuple:
        return answer.status, answer.header("etag"), re.sub(rb'"query_ms": [0-9.]+', b"", answer.body)

    def replace() -> None:
        beside = database.with_name("beside")
        shutil.copy(other, beside)
        os.replace(beside, database)

    def cut() -> None:
        os.truncate(database, 100_000)

    for name, disturb in (("replaced", replace), ("removed", database.unlink), ("cut", cut)):
        shutil.copy(kept, database.with_name("again"))
        os.replace(database.with_name("again"), database)
        with open(folder / "log", "w") as log, serve.running(database, log=log) as (port, server):
            first = {a: blank(ask(port, a)) for a in addresses}
            for n in range(120):
                if n == 40:
                    disturb()
                target = addresses[n % len(addresses)]
                answer = ask(port, target)
                if isinstance(answer, Exception) or answer is None:
                    seen.note(f"{name}: no answer", f"{name}: {target} gets no answer: {answer}")
                elif answer.status >= 500:
                    seen.note(f"{name}: {answer.status}", f"{name}: {target} answers {answer.status}")
                elif blank(answer) == first[target]:
                    seen.note(f"{name}: the edition it began with")
                elif answer.status >= 400:
                    seen.note(f"{name}: refused")
                else:
                    seen.note(f"{name}: another edition", f"{name}: {target} gives another edition, ETag {answer.header('etag')}, first {first[target][1]}")
            if server.poll() is not None:
                seen.note(f"{name}: server ended", f"{name}: the server did not live on")
    return seen


# ---- the verb -------------------------------------------------------------------------------------------------------


def apart() -> bool:
    """Whether mounts of this process are its own."""
    try:
        return os.readlink("/proc/self/ns/mnt") != os.readlink(f"/proc/{os.getppid()}/ns/mnt")
    except PermissionError:
        return True


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="how often build and release are killed each (default 200)")
    parser.add_argument("--whole", type=int, default=10, help="how often a release with the whole site is killed, too (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="another seed takes other moments (default 1)")
    parser.add_argument("--only", default="", help="only the kinds whose name has this word")
    args = parser.parse_args(argv)
    if args.kills < 2 or args.whole < 0:
        parser.error("--kills is at least 2, --whole at least 0")
    if not apart():  # mounts for the full and the read-only disk, which end with this process
        alone = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
            print("error: a mount of one's own is not permitted here: run as root, or where unshare --mount --map-root-user works", file=sys.stderr)
            return 1
        return subprocess.run([*alone, sys.executable, __file__, *(sys.argv[1:] if argv is None else argv)]).returncode
    chosen = [name for name in KINDS if args.only in name]
    if not chosen:
        parser.error(f"--only names none of: {', '.join(KINDS)}")
    losses = []
    print("| fault | tries | what was seen | losses | seconds |\n| --- | ---: | --- | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        for name in chosen:
            started = time.monotonic()
            seen = KINDS[name](Path(folder) / name.replace(" ", "-"), args, random.Random(f"{args.seed} {name}"))
            outcomes = ", ".join(f"{what} {n}" if n > 1 else what for what, n in seen.outcomes.items())
            print(f"| {name} | {seen.tries} | {outcomes} | {len(seen.losses)} | {time.monotonic() - started:.0f} |", flush=True)
            losses += [f"{name}: {loss}" for loss in seen.losses]
            shutil.rmtree(Path(folder) / name.replace(" ", "-"), ignore_errors=True)
    for loss in losses:
        print(f"loss: {loss}", file=sys.stderr)
    return 1 if losses else 0


if __name__ == "__main__":
    run(main)
