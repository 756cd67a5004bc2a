"""Each call to the operating system fails in its turn while something is written: what was there stays whole.

The failing calls are Python's own functions, replaced in this process: what the system answers is up to the test.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hard
from builders import plain
from galley.errors import GalleyError
from galley.record.store import Store
from galley.site.build import build_site, site_folder
from guide_folder import GuideFolder
from hard import Counts
from test_store import NEW, OLD, files, record

ANSWERS = (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT)
CALLS = (
    "open",
    "mkdir",
    "unlink",
    "rename",
    "replace",
    "rmdir",
    "listdir",
    "scandir",
    "lstat",
    "stat",
    "readlink",
    "read",
)
MOST = 5000  # calls, which no write needs


class Failing:
    """Makes the call with one number fail below a folder; counts the calls and knows which one failed."""

    def __init__(self, patch: pytest.MonkeyPatch, below: Path, at: int, answer: int) -> None:
        self.below, self.at, self.answer = str(below), at, answer
        self.made, self.failed, self.path = 0, "", ""
        for name in CALLS:
            patch.setattr(os, name, self.instead(name, getattr(os, name)))
        opened = self.writing(self.instead("open", io.open))
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)

    def instead(self, name: str, true: Callable[..., Any]) -> Callable[..., Any]:
        """What stands in the place of a call."""

        def call(*arguments: Any, **options: Any) -> Any:
            path = str(arguments[0]) if arguments else ""
            if path.startswith(self.below) or name == "read":
                self.made += 1
                if self.made == self.at:
                    self.failed, self.path = name, path
                    raise OSError(self.answer, os.strerror(self.answer), path if name != "read" else None)
            return true(*arguments, **options)

        return call

    def writing(self, true: Callable[..., Any]) -> Callable[..., Any]:
        """What stands in the place of `open`: a file below the folder fails, in its turn, in the middle of a write."""

        def opened(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            file = true(path, mode, *rest, **options)
            if "w" in mode and str(path).startswith(self.below):
                return Halved(file, self)
            return file

        return opened


class Halved:
    """A file, one write to which may end in the middle."""

    def __init__(self, file: Any, failing: Failing) -> None:
        self.file, self.failing = file, failing

    def __enter__(self) -> Halved:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, data: bytes) -> int:
        """Write, unless this is the call that fails: then half of it is written."""
        self.failing.made += 1
        if self.failing.made == self.failing.at:
            self.failing.failed, self.failing.path = "write", self.file.name
            self.file.write(data[: len(data) // 2])
            raise OSError(self.failing.answer, os.strerror(self.failing.answer))
        return self.file.write(data)


def told(error: Exception) -> str:
    """Whether an error says what the system answered, or where; the answer is for the counts."""
    assert isinstance(error, GalleyError | OSError), error
    assert str(error)
    return "told"


def test_a_call_that_fails_while_a_record_is_written_costs_no_record(tmp_path: Path, counts: Counts) -> None:
    for answer in ANSWERS[: hard.size(2, len(ANSWERS))]:
        for at in range(1, MOST):
            store = Store(tmp_path / f"{answer}-{at}" / "outputs", Path("outputs"))
            store.write(record(OLD))
            store.write(record(OLD, "other"))
            with pytest.MonkeyPatch.context() as patch:
                failing = Failing(patch, store.folder, at, answer)
                try:
                    store.write(record(NEW))
                    came = "written all the same"
                except (GalleyError, OSError) as error:
                    came = told(error)
            if not failing.failed:
                break
            counts.add(f"{failing.failed} {came}")
            assert store.read("page", "laptop") in (record(OLD), record(NEW)), (failing.failed, failing.path)
            assert store.read("other", "laptop") == record(OLD, "other")
            store.write(record(NEW))
            assert store.read("page", "laptop") == record(NEW)
            assert not list(store.folder.glob(".staging*"))
        assert at > 20


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a record and a site."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("built")))
    folder.page("index", "Hello.")
    folder.page("old", "Old.")
    folder.snippet("page", "# %% one\nprint('first')\n")
    assert not folder.run().failures
    assert build_site(folder.project, site_folder(folder.project)) == 0
    return folder


def test_a_call_that_fails_while_a_site_takes_its_place_costs_no_foreign_file(
    built: GuideFolder, tmp_path: Path, counts: Counts
) -> None:
    step = 1 if hard.ASKED else 9
    for answer in ANSWERS[: hard.size(1, len(ANSWERS))]:
        for at in range(1, MOST, step):
            folder = built.copied(tmp_path / f"{answer}-{at}")
            folder.page("new", "New.")
            (folder.root / "docs/old.md").unlink()
            (folder.root / "site/.nojekyll").write_text("mine")
            with pytest.MonkeyPatch.context() as patch:
                failing = Failing(patch, folder.root / "site", at, answer)
                try:
                    code = build_site(folder.project, site_folder(folder.project))
                    came = "built all the same" if code == 0 else "told"
                except (GalleyError, OSError) as error:
                    came = told(error)
            if not failing.failed:
                break
            counts.add(f"{failing.failed} {came}")
            assert (folder.root / "site/.nojekyll").read_text() == "mine"
            assert all(data for data in files(folder.root / "site").values()), "no file is half a file"
            assert build_site(folder.project, site_folder(folder.project)) == 0
            now = files(folder.root / "site")
            assert "new.html" in now
            assert "old.html" not in now
            assert not list((folder.root / ".cache/galley").glob("site-*"))
