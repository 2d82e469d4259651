"""Write files and folders atomically and durably, and CSV in its canonical form."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
import re
import shutil
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: Path):
    """Yield a temporary path; the file or folder written there then replaces `path`.

    After an error or a crash `path` is unchanged. Raises OSError, which names the file.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        # Root could replace /dev/null, which every other program uses.
        raise OSError(errno.EINVAL, "it is a device or a pipe, expected a file", str(path))
    remove_stale(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        # The bytes must reach the disk before the name does: otherwise a power cut can leave a
        # file with the name and without its content.
        os.sync() if temporary.is_dir() else sync_path(temporary)
        os.replace(temporary, path)
        sync_path(path.parent)
    except OSError as e:
        e.filename = e.filename or str(path)  # a full disk names no file
        raise
    finally:
        remove(*path.parent.glob(f"{temporary.name}*"))


def sync_path(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(path: Path) -> None:
    """Remove the temporary files of `path` whose process has ended."""
    for stale in path.parent.glob(f".{path.name}.*"):
        owner = re.match("[0-9]+", stale.name.removeprefix(f".{path.name}."))
        if owner and (int(owner[0]) == os.getpid() or not process_exists(int(owner[0]))):
            remove(stale)


def process_exists(process: int) -> bool:
    """Return whether a process with this number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it belongs to another user
    return True


def remove(*paths: Path) -> None:
    """Remove files and folders; skip those that do not exist."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def csv_text(columns: list[str], rows) -> str:
    """Return rows as CSV in the canonical form."""
    out = io.StringIO()
    write_csv(out, columns, rows)
    return out.getvalue()


def write_csv(out, columns: list[str], rows) -> None:
    """Write CSV in the canonical form: LF, and quotes only where CSV needs them.

    `rows` are sequences of cells (str, int or None) in the order of `columns`.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
