"""Records on disk: whole, torn or tampered with, and never read while they are written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from galley.errors import GalleyError, RefusedError
from galley.record.model import CellRecord, Environment, Output, OutputFile, Record
from galley.record.plain import LIST, OUTPUT, NotPlainError, TooLargeError, bytes_of, fits, is_plain, most_of
from galley.record.store import Store
from galley.record.whole import TamperedError, TornError
from galley.record.written import to_json
from galley.source.digest import digest

OLD = {"one.stdout.txt": b"old\n", "two.value.txt": b"kept\n"}
NEW = {"two.value.txt": b"changed\n", "three.image.svg": b"<svg/>"}
LINKED = ("outputs", "outputs/page", "outputs/page/laptop")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def record(files: Mapping[str, bytes], page: str = "page") -> Record:
    """A record of some files."""
    outputs = tuple(Output("stdout", (OutputFile("text/plain", file, digest(data)),)) for file, data in files.items())
    cells = (CellRecord("one", "d", outputs=outputs),)
    return Record(page, "laptop", "2030-01-02", Environment(python="3.11"), cells, contents=dict(files))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that holds the old record."""
    made = Store(tmp_path / "outputs", Path("outputs"))
    made.write(record(OLD))
    return made


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_written_record_reads_back(store: Store) -> None:
    assert store.read("page", "laptop") == record(OLD)
    assert store.read("page", "laptop").contents["one.stdout.txt"] == b"old\n"
    assert sorted(files(store.folder)) == [
        f"page/laptop/{name}" for name in (*sorted(OLD)[:1], "record.json", "run.json", *sorted(OLD)[1:])
    ]
    assert list(store.folders()) == [("page", "laptop")]


def test_an_earlier_record_is_put_back_byte_for_byte_in_whatever_format(store: Store) -> None:
    folder = store.folder_of("page", "laptop")
    earlier = json.loads((folder / "record.json").read_bytes())
    cells = [{**cell, "seconds": 1.5} for cell in earlier["cells"]]
    text = json.dumps({**earlier, "date": "2029-12-31", "cells": cells, "format": 2})
    old = {**OLD, "record.json": text.encode()}
    store.write(record(NEW))
    store.put_back("page", "laptop", old)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == old
    found = store.read("page", "laptop")
    assert found is not None
    assert (found.date, found.cells[0].seconds) == ("2029-12-31", 1.5)
    store.write(record(NEW))
    assert {file.name for file in folder.iterdir()} == {*NEW, "record.json", "run.json"}


def test_what_is_no_record_is_not_put_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store.folder_of("page", "laptop")
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    spoilt = ({}, {**whole, "one.stdout.txt": b"x"}, {name: whole[name] for name in whole if name != "run.json"})
    for files_there in spoilt:
        with pytest.raises((TornError, TamperedError)):
            store.put_back("page", "laptop", files_there)
    with pytest.raises(TamperedError, match="is the record of page under laptop"):
        store.put_back("other", "laptop", whole)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(RefusedError, match="CI writes no records"):
        store.put_back("page", "laptop", whole)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == whole


def test_no_record_is_written_in_ci_whoever_asks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(store.folder)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(RefusedError, match="CI writes no records"):
        store.write(record(NEW))
    assert files(store.folder) == before


def test_line_ends_that_git_changed_are_told_as_that(store: Store) -> None:
    output = store.folder_of("page", "laptop") / "one.stdout.txt"
    output.write_bytes(b"old\r\n")
    with pytest.raises(TamperedError, match="its lines end with CRLF now, as git may make them"):
        store.read("page", "laptop")


def test_a_merge_that_was_not_ended_is_told_as_that(store: Store) -> None:
    file = store.folder_of("page", "laptop") / "record.json"
    text = file.read_text()
    file.write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n")
    with pytest.raises(TamperedError, match="two versions stand in it, since a merge in git was not ended"):
        store.read("page", "laptop")


def test_a_new_record_leaves_nothing_of_the_old_one(store: Store) -> None:
    store.write(record(NEW))
    assert store.read("page", "laptop") == record(NEW)
    assert set(files(store.folder)) == {f"page/laptop/{name}" for name in (*NEW, "record.json", "run.json")}


def test_no_folder_and_an_empty_one_hold_no_record(store: Store) -> None:
    assert store.read("other", "laptop") is None
    store.folder_of("other", "laptop").mkdir(parents=True)
    assert store.read("other", "laptop") is None


STEPS: tuple[tuple[Any, str], ...] = (
    (Path, "mkdir"), (Path, "write_bytes"), (Path, "unlink"), (Path, "replace"), (os, "rmdir"),
)  # fmt: skip


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Let the process die in place of its `at`-th change to the disk; the answer lists those before."""
    done: list[str] = []

    def dying(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if len(done) == at:
                raise Killed(name)
            done.append(name)
            return function(*arguments, **options)

        return step

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, dying(name, getattr(owner, name)))
    return done


def test_a_write_interrupted_at_any_step_is_seen_and_mended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(store.folder_of("page", "laptop"))
    seen = []
    for at in range(100):
        with monkeypatch.context() as patched:
            interrupt(patched, at)
            try:
                store.write(record(NEW))
                break
            except Killed as killed:
                step = str(killed)
        torn = not (store.folder_of("page", "laptop") / "record.json").exists()
        found = store.read("page", "laptop")
        state = "new" if found == record(NEW) else "old"
        left = files(store.folder_of("page", "laptop"))
        left.pop("replacing.json", None)  # says what may be removed, and is no part of the record
        assert left == before or state == "new"
        assert state == "new" or not torn, "a move that began is ended"
        seen.append((step, f"{state}, torn before" if torn else state))
        store.write(record(NEW))
        assert store.read("page", "laptop") == record(NEW)
        assert not list(store.folder.glob(".staging*"))
        store.write(record(OLD))
    states = [state for _, state in seen]
    order = ["old", "new, torn before", "new"]
    assert set(states) == set(order)
    assert states == sorted(states, key=order.index), "the order of the steps"
    assert at > 10


def torn(store: Store, monkeypatch: pytest.MonkeyPatch, page: str = "page") -> Path:
    """Interrupt a write where some of the new outputs have moved; the folder of the record."""
    folder = store.folder_of(page, "laptop")
    for at in range(100):
        with monkeypatch.context() as patched:
            interrupt(patched, at)
            with pytest.raises(Killed):
                store.write(record(NEW, page))
        if not (folder / "record.json").exists() and (folder / "three.image.svg").exists():
            return folder
    raise AssertionError("a write moves its outputs one after the other")


def test_who_writes_another_page_ends_the_move_that_was_interrupted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn(store, monkeypatch)
    store.write(record(OLD, "other"))
    assert not (store.folder / ".staging").exists()
    assert (store.read("page", "laptop"), store.read("other", "laptop")) == (record(NEW), record(OLD, "other"))


SPOILT: dict[str, Callable[[Path, Path], object]] = {
    "the staged record is cut": lambda staged, folder: (staged / "record.json").write_text("{"),
    "an output that had moved is changed": lambda staged, folder: (folder / "three.image.svg").write_bytes(b"other"),
    "an output that had not moved is gone": lambda staged, folder: [
        each.unlink() for at in (staged, folder) for each in at.glob("two.value.txt")
    ],
    "a file lies there that no record names": lambda staged, folder: (folder / "notes.txt").write_text("mine"),
    "the run had not moved and is gone": lambda staged, folder: [
        each.unlink() for at in (staged, folder) for each in at.glob("run.json")
    ],
    "the staged record is a link": lambda staged, folder: (
        (staged / "record.json").rename(staged.parent.parent / "record.json"),
        (staged / "record.json").symlink_to(staged.parent.parent / "record.json"),
    ),
    "somebody's file is staged": lambda staged, folder: (staged / "notes.txt").write_text("mine"),
    "the record names a folder elsewhere": lambda staged, folder: (
        edit(staged, '"page": "page"', '"page": "../mine"'),
        shutil.copytree(folder, staged.parent.parent / "mine/laptop"),
    ),
    "the record names the folder above": lambda staged, folder: (
        edit(staged, '"page": "page"', '"page": ".."'),
        shutil.copytree(folder, staged.parent.parent / "laptop"),
    ),
    "the record names a profile elsewhere": lambda staged, folder: (
        edit(staged, '"profile": "laptop"', '"profile": "../../mine"'),
        shutil.copytree(folder, staged.parent.parent / "mine"),
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_move_is_ended_with_nothing_but_what_it_began_with(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = torn(store, monkeypatch)
    SPOILT[how](store.folder / ".staging", folder)
    before = files(store.folder)
    with pytest.raises(TornError, match=r"outputs/page/laptop: torn"):
        store.read("page", "laptop")
    assert files(store.folder) == before


@pytest.mark.parametrize("page", ["../mine", "../../mine", "/mine", "a/../../mine"])
def test_a_record_of_a_page_with_slashes_lies_in_one_folder_of_the_store(
    store: Store, tmp_path: Path, page: str
) -> None:
    above = sorted(tmp_path.iterdir())
    store.write(record(OLD, page))
    assert store.read(page, "laptop") == record(OLD, page)
    assert store.folder_of(page, "laptop").parent.parent == store.folder
    store.write(record(NEW, page))
    store.remove(page, "laptop")
    assert sorted(tmp_path.iterdir()) == above


def test_an_interrupted_move_of_a_page_in_a_folder_is_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(record(OLD, "a/b"))
    torn(store, monkeypatch, "a/b")
    assert store.read("a/b", "laptop") == record(NEW, "a/b")
    assert list(store.folders()) == [("a/b", "laptop"), ("page", "laptop")]


def test_ci_ends_no_move(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    torn(store, monkeypatch)
    before = files(store.folder)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(TornError):
        store.read("page", "laptop")
    assert files(store.folder) == before


@pytest.mark.parametrize("file", ["one.stdout.txt", "two.value.txt"])
def test_a_changed_output_is_tampering(store: Store, file: str) -> None:
    (store.folder_of("page", "laptop") / file).write_bytes(OLD[file] + b" ")
    with pytest.raises(TamperedError, match=rf"outputs/page/laptop/{file}: is not what was recorded"):
        store.read("page", "laptop")


def tampering() -> dict[str, tuple[Callable[[Path], object], str]]:
    """Ways to change a record by hand, with what is said of each."""
    return {
        "output taken away": (lambda at: (at / "one.stdout.txt").unlink(), "one.stdout.txt: is in the record and not"),
        "record cut": (lambda at: (at / "record.json").write_text("{"), "record.json: cannot be read"),
        "record no text": (lambda at: (at / "record.json").write_bytes(b"\xff"), "record.json: cannot be read"),
        "output made a folder": (lambda at: swap(at, lambda file: file.mkdir()), "one.stdout.txt: is no plain file"),
        "output made a pipe": (lambda at: swap(at, os.mkfifo), "one.stdout.txt: is no plain file"),
        "no format": (lambda at: edit(at, '"format": 3', '"format": "2"'), "record.json: cannot be read: not a"),
        "other page": (lambda at: edit(at, '"page": "page"', '"page": "x"'), "record.json: is the record of x under"),
        "run taken away": (lambda at: (at / "run.json").unlink(), "run.json: is in the record and not in the folder"),
        "run cut": (lambda at: (at / "run.json").write_text("{"), "run.json: cannot be read: says no run"),
        "run of others": (lambda at: run_of_others(at / "run.json"), "run.json: cannot be read: says the run of other"),
        "run of endless seconds": (
            lambda at: (at / "run.json").write_text(re.sub(r'"seconds": [0-9.]+', '"seconds": 1e300', text_of(at))),
            "run.json: cannot be read: says no run: Expected `float` <= 1000000000.0",
        ),
        "run without a record that has one": (
            lambda at: edit(at, '"format": 3', '"format": 2, "date": "x"'),
            "run.json: is in",
        ),
        "other digest": (lambda at: edit(at, digest(b"old\n"), digest(b"x")), "one.stdout.txt: is not what was"),
    }


def text_of(folder: Path) -> str:
    """What the record's run.json says."""
    return (folder / "run.json").read_text(encoding="utf-8")


def edit(folder: Path, old: str, new: str) -> None:
    """Replace a text in the record."""
    path = folder / "record.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run_of_others(file: Path) -> None:
    """Say the run of another cell."""
    file.write_text(file.read_text().replace('"one"', '"two"'))


@pytest.mark.parametrize("way", tampering())
def test_whatever_was_changed_by_hand_is_told_and_can_be_written_over(store: Store, way: str) -> None:
    change, what = tampering()[way]
    change(store.folder_of("page", "laptop"))
    with pytest.raises(TamperedError, match=re.escape(f"outputs/page/laptop/{what}")):
        store.read("page", "laptop")
    if "made a" in way:  # nothing that a record names: it stays until the user takes it away
        with pytest.raises(TamperedError, match=re.escape("one.stdout.txt: is no plain file")):
            store.write(record(OLD))
    else:
        store.write(record(OLD))
        assert store.read("page", "laptop") == record(OLD)


def swap(folder: Path, make: Callable[[Path], object]) -> None:
    """Put something else in the place of the first output."""
    (folder / "one.stdout.txt").unlink()
    make(folder / "one.stdout.txt")


def add(path: Path, make: Callable[[Path], object]) -> Path:
    """Something that galley did not make."""
    make(path)
    return path


FOREIGN: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_text("mine"),
    "a folder": lambda path: (path.mkdir(), (path / "deep.txt").write_text("mine")),
    "a link": lambda path: path.symlink_to(".."),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_no_record_names_is_told_and_never_removed(store: Store, kind: str) -> None:
    at = store.folder_of("page", "laptop")
    FOREIGN[kind](at / "mine")
    before = sorted(at.rglob("*"))
    with pytest.raises(TamperedError, match="laptop/mine: is in the folder and not in the record"):
        store.read("page", "laptop")
    with pytest.raises(TamperedError, match="laptop/mine: is "):
        store.write(record(NEW))
    assert sorted(at.rglob("*")) == before
    assert files(at)["one.stdout.txt"] == OLD["one.stdout.txt"]


@pytest.mark.parametrize("part", LINKED)
@pytest.mark.parametrize("whole", [True, False], ids=["with a record", "with the user's files"])
def test_no_link_is_followed_to_a_record(tmp_path: Path, part: str, whole: bool) -> None:
    store = Store(tmp_path / "outputs", Path("outputs"))
    store.write(record(OLD))
    mine = tmp_path / "mine"
    if whole:
        (tmp_path / part).rename(mine)
    else:
        shutil.rmtree(tmp_path / part)
        (mine / "deep").mkdir(parents=True)
        (mine / "deep" / "notes.txt").write_text("mine")
    (tmp_path / part).symlink_to(mine)
    before = files(mine)
    for ask in (lambda: store.read("page", "laptop"), lambda: store.write(record(NEW))):
        with pytest.raises(TamperedError, match=f"{part}: is a link, and galley follows none") as found:
            ask()
        assert "remove the link" in str(found.value)
    assert files(mine) == before
    assert list(store.folders()) == [("page", "laptop")] * (part == "outputs/page/laptop")


@pytest.mark.parametrize("name", ["../../../mine.txt", "/etc/mine.txt", "..", "", "a/b"])
def test_a_forged_record_names_nothing_that_is_removed(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    at = store.folder_of("page", "laptop")
    edit(at, '"file": "one.stdout.txt"', f'"file": "{name}"')
    (at / "one.stdout.txt").unlink()
    with pytest.raises(TamperedError):
        store.read("page", "laptop")
    store.write(record(NEW))
    assert store.read("page", "laptop") == record(NEW)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("list_of", ["record.json", "replacing.json"])
@pytest.mark.parametrize("name", ["notes.txt", "my notes.v1.txt", "record.json", "README.md", "Makefile"])
def test_a_forged_list_costs_no_file_that_has_no_outputs_name(store: Store, list_of: str, name: str) -> None:
    at = store.folder_of("page", "laptop")
    if list_of == "record.json":
        edit(at, '"file": "one.stdout.txt"', f'"file": "{name}"')
        (at / "one.stdout.txt").unlink()
    else:
        (at / list_of).write_text(json.dumps({"files": [name, "one.stdout.txt", "one.value.txt"]}))
    if name != "record.json":
        (at / name).write_text("mine")
        with pytest.raises(TamperedError, match="no record names it"):
            store.write(record(NEW))
        assert (at / name).read_text() == "mine"
        (at / name).unlink()
    store.write(record(NEW))
    assert store.read("page", "laptop") == record(NEW)


NO_FILE: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to("/dev/null"),
    "a FIFO": os.mkfifo,
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("make", NO_FILE.values(), ids=NO_FILE)
@pytest.mark.parametrize("name", ["record.json", "replacing.json", "one.stdout.txt"])
def test_what_is_no_plain_file_is_told_the_same_by_who_reads_and_who_writes(
    store: Store, name: str, make: Callable[[Path], object]
) -> None:
    at = store.folder_of("page", "laptop")
    (at / name).unlink(missing_ok=True)
    make(at / name)
    for ask in (lambda: store.read("page", "laptop"), lambda: store.write(record(NEW))):
        with pytest.raises(TamperedError, match=f"laptop/{name}: is no plain file") as found:
            ask()
        assert found.value.mend.startswith("remove the link" if (at / name).is_symlink() else "move it away")


@pytest.mark.parametrize("make", [os.mkfifo, Path.touch], ids=["a FIFO", "a file"])
@pytest.mark.parametrize("part", LINKED)
def test_what_is_no_folder_is_told_the_same_by_who_reads_and_who_writes(
    tmp_path: Path, part: str, make: Callable[[Path], object]
) -> None:
    store = Store(tmp_path / "outputs", Path("outputs"))
    (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
    make(tmp_path / part)
    for ask in (lambda: store.read("page", "laptop"), lambda: store.write(record(NEW))):
        with pytest.raises(TamperedError, match=f"{part}: is no folder"):
            ask()


def test_somebodys_files_in_the_folder_for_staging_stay(store: Store) -> None:
    staging = store.folder / ".staging"
    mine = {"notes.txt": "mine", "deep/notes.txt": "mine", "one.stdout.txt": "galley's"}
    for name, text in mine.items():
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_text(text)
    with pytest.raises(TamperedError, match=r"notes\.txt: is in the folder where galley stages"):
        store.write(record(NEW))
    assert {name: (staging / name).read_text() for name in mine} == mine
    (staging / "notes.txt").unlink()
    (staging / "deep/notes.txt").unlink()
    (staging / "elsewhere").symlink_to("..")
    with pytest.raises(TamperedError, match="elsewhere: is in the folder where galley stages"):
        store.write(record(NEW))
    assert store.read("page", "laptop") == record(OLD)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
@pytest.mark.parametrize("part", LINKED)
def test_what_this_user_may_not_read_is_told_with_the_command_that_mends_it(tmp_path: Path, part: str) -> None:
    store = Store(tmp_path / "outputs", Path("outputs"))
    store.write(record(OLD))
    (tmp_path / part).chmod(0)
    try:
        with pytest.raises(TamperedError, match="cannot be read or written by this user") as found:
            store.read("page", "laptop")
        assert found.value.mend.endswith("chmod -R u+rwX outputs")
    finally:
        (tmp_path / part).chmod(0o755)


@pytest.mark.parametrize("kind", ["a file", "a link"])
def test_records_are_staged_in_no_place_of_somebody_else(store: Store, tmp_path: Path, kind: str) -> None:
    mine = add(tmp_path / "mine", lambda path: (path.mkdir(), (path / "x").write_text("mine")))
    (store.folder / ".staging").write_text("mine") if kind == "a file" else (store.folder / ".staging").symlink_to(mine)
    with pytest.raises(TamperedError, match=r"outputs/\.staging: is no folder"):
        store.write(record(NEW))
    assert (mine / "x").read_text() == "mine"
    assert store.read("page", "laptop") == record(OLD)


def test_a_record_taken_away_is_torn(store: Store) -> None:
    (store.folder_of("page", "laptop") / "record.json").unlink()
    with pytest.raises(TornError, match=r"outputs/page/laptop: torn"):
        store.read("page", "laptop")


def holding(store: Store, how: str) -> subprocess.Popen[bytes]:
    """Another process that holds the store's lock as a reader (`LOCK_SH`) or a writer (`LOCK_EX`) does."""
    program = (
        "import fcntl, os, sys\n"
        f"fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.{how})\n"
        "print('in', flush=True); sys.stdin.read()"
    )
    asked = [sys.executable, "-c", program, str(store.folder)]
    process = subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize(("how", "waits"), [("LOCK_EX", True), ("LOCK_SH", False)])
def test_a_reader_waits_for_a_writer_and_for_no_reader(store: Store, how: str, waits: bool) -> None:
    with holding(store, how) as other, ThreadPoolExecutor() as pool:
        reading = pool.submit(store.read, "page", "laptop")
        done, _ = wait([reading], timeout=0.2 if waits else 10)
        assert bool(done) is not waits
        other.kill()
        assert reading.result(10) == record(OLD), "the lock of a dead process is nobody's"


def test_a_writer_waits_for_a_reader(store: Store) -> None:
    with holding(store, "LOCK_SH") as other, ThreadPoolExecutor() as pool:
        writing = pool.submit(store.write, record(NEW))
        assert not wait([writing], timeout=0.2).done
        assert store.read("page", "laptop") == record(OLD)
        other.kill()
        writing.result(10)
    assert store.read("page", "laptop") == record(NEW)


def test_what_a_dead_writer_left_staged_is_no_record_and_is_cleared(store: Store) -> None:
    left = store.folder / ".staging" / "page"
    left.mkdir(parents=True)
    (left / "record.json").write_text("{}")
    assert list(store.folders()) == [("page", "laptop")]
    store.write(record(NEW))
    assert not left.parent.exists()


def grow(path: Path, size: int) -> None:
    """Let a file have many bytes, none of which takes room on the disk."""
    path.touch()
    os.truncate(path, size)


@pytest.mark.parametrize("size", [1 << 40, (1 << 26) + 1], ids=["a terabyte", "a byte too many"])
@pytest.mark.parametrize("name", ["record.json", "run.json", "replacing.json", "one.stdout.txt"])
def test_no_file_of_a_record_fills_the_memory(store: Store, name: str, size: int) -> None:
    at = store.folder_of("page", "laptop")
    grow(at / name, size)
    if name == "replacing.json":
        (at / "record.json").unlink()  # otherwise nobody reads it
        with pytest.raises(TornError):
            store.read("page", "laptop")
    else:
        with pytest.raises(TamperedError, match=f"outputs/page/laptop/{name}: is not read: it has more than"):
            store.read("page", "laptop")
    store.write(record({**OLD, **NEW}))  # the mend that `galley check` names for it is to record the page
    assert store.read("page", "laptop") == record({**OLD, **NEW})


def test_all_files_of_a_record_are_bounded_together(store: Store) -> None:
    empty = bytes(60 << 20)
    many = {f"c{number}.stdout.txt": empty for number in range(5)}
    with pytest.raises(GalleyError, match="outputs/page/laptop: is not recorded: it has more than 256 MiB") as caught:
        store.write(record(many))
    assert "output_limit" in caught.value.mend
    assert store.read("page", "laptop") == record(OLD)
    at = store.folder_of("page", "laptop")
    for name in many:
        grow(at / name, len(empty))
    said = to_json(record(many))
    (at / "record.json").write_text(said, encoding="utf-8")
    with pytest.raises(TamperedError, match="outputs/page/laptop: is not read: it has more than 256 MiB"):
        store.read("page", "laptop")


@pytest.mark.parametrize("name", ["record.json", "one.stdout.txt"])
def test_a_staged_file_that_would_fill_the_memory_is_no_part_of_a_move(store: Store, name: str) -> None:
    at, staged = store.folder_of("page", "laptop"), store.folder / ".staging"
    staged.mkdir()
    shutil.copy(at / "record.json", staged)
    (at / "record.json").unlink()
    (at / "one.stdout.txt").unlink()
    (at / "replacing.json").write_text("{}", encoding="utf-8")
    grow(staged / name, 1 << 40)
    with pytest.raises(TornError):
        store.read("page", "laptop")


@pytest.mark.parametrize(
    ("name", "most"),
    [("record.json", LIST), ("run.json", LIST), ("one.value.json", OUTPUT), ("one.stdout.txt", OUTPUT)],
)
def test_a_file_that_galley_writes_is_one_that_it_reads(name: str, most: int) -> None:
    assert most_of(name) == most
    assert fits({name: bytes(most)}) == ""
    assert (
        fits({name: bytes(most + 1)})
        == f"{name}: it has more than {most >> 20} MiB, which is the most that galley reads"
    )


def test_a_link_is_read_by_nobody_and_no_descriptor_stays_open(tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    file.write_bytes(b"1234")
    link.symlink_to(file)
    os.mkfifo(pipe)
    free = os.dup(0)
    os.close(free)
    assert bytes_of(file, 4) == b"1234"
    for path, most, error in ((file, 3, TooLargeError), (link, 4, OSError), (pipe, 4, NotPlainError)):
        with pytest.raises(error):
            bytes_of(path, most)
    again = os.dup(0)
    os.close(again)
    assert again == free
    assert [is_plain(path) for path in (file, link, pipe, tmp_path)] == [True, False, False, False]


@pytest.mark.skipif(not Path("/proc/self/smaps").is_file(), reason="no file here has more bytes than its size")
def test_a_file_that_grows_while_it_is_read_is_bounded_too() -> None:
    """The kernel's files say that they have no bytes, as does a file to which somebody adds meanwhile."""
    assert len(bytes_of("/proc/self/smaps", 1 << 26)) > 1 << 12
    with pytest.raises(TooLargeError):
        bytes_of("/proc/self/smaps", 1 << 10)
