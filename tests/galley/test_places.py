"""Where pages run other than here: how a place is named, and what of the project goes there."""

from __future__ import annotations

import os
import threading
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from galley.errors import GalleyError, Place, RunnerError, UsageError
from galley.run import parcel, there
from galley.run.client import PageRun
from galley.run.failure import Failure
from galley.run.places import place
from galley.run.protocol import Job
from galley.run.there import moved, told_at_home
from guide_folder import GuideFolder


def test_a_place_that_nobody_knows_is_refused(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\n1\n")
    done = folder.galley("run", "--on", "moon://base")
    assert done.returncode == 2
    assert "there is no place 'moon://base' to run pages\n    write ray://HOST:PORT" in done.stdout
    with pytest.raises(UsageError, match="no place 'rays'"):
        place(folder.project, "rays")


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_command_says_what_to_install(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\n1\n")
    done = folder.galley("run", "--on", "ray://head:10001")
    assert done.returncode == 2
    assert "Ray is not installed: No module named 'ray'\n    pip install \"galley-docs[ray]\", here and" in done.stdout
    assert folder.recorded() == {}


def packed(folder: GuideFolder, name: str = "project.zip") -> dict[str, bytes | None]:
    """The archive of a guide: the bytes of each file, None for a folder."""
    archive = folder.root.parent / name
    parcel.pack(folder.project, archive)
    with zipfile.ZipFile(archive) as made:
        return {each.filename: None if each.is_dir() else made.read(each) for each in made.infolist()}


def test_every_file_that_a_page_may_read_goes_out_and_nothing_else(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path / "guide")
    folder.snippet("page", "# %% one\n1\n")
    assert not folder.run().failures
    kept = ("pyproject.toml", "mkdocs.yml", "docs/page.md", "snippets/page.py", "data/a.txt", ".hidden", "data/.git/b")
    left = (".git/c", ".cache/c", "env/pyvenv.cfg", "env/c", "node_modules/c", "snippets/__pycache__/c.pyc")
    left += ("env/node_modules/c",)
    for name in (*kept[4:], *left):
        folder.write(name, "text")
    folder.write("site/.galley-site.json", "{}")
    (folder.root / "empty").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "linked.txt").write_text("linked", encoding="utf-8")
    (outside / "again").symlink_to(outside)
    (outside / "nothing").symlink_to("nowhere")
    (folder.root / "link").symlink_to(outside)
    os.mkfifo(folder.root / "pipe")
    found = packed(folder)
    files = {name for name, data in found.items() if data is not None}
    assert files == {*kept, "link/linked.txt"}
    folders = {"empty/", ".git/", ".cache/", "env/", "node_modules/", "snippets/outputs/", "site/"}
    assert {name for name, data in found.items() if data is None} == folders, "their names are there for who lists them"
    assert found["data/a.txt"] == b"text"
    assert list(found)[-1] == "pyproject.toml", "where it is, everything is"


def test_a_project_that_lies_in_an_environment_goes_out(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path / "guide")
    folder.write("pyvenv.cfg", "")
    assert {"pyvenv.cfg", "pyproject.toml"} <= packed(folder).keys()


def test_a_project_that_cannot_be_packed_is_told(folder: GuideFolder) -> None:
    with pytest.raises(RunnerError, match="cannot be packed for other machines: "):
        parcel.pack(folder.project, folder.root / "nowhere/project.zip")


def test_a_machine_waits_for_the_project_to_be_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    unpacks = threading.Timer(0.2, GuideFolder.make, [tmp_path])
    unpacks.start()
    assert there.sent_project().root == tmp_path
    unpacks.join()
    (tmp_path / "pyproject.toml").unlink()
    monkeypatch.setattr(there, "UNPACKED", 0.2)
    with pytest.raises(GalleyError):
        there.sent_project()


def test_equal_projects_give_equal_bytes(tmp_path: Path) -> None:
    archives = []
    for name in ("one", "other"):
        folder = GuideFolder.make(tmp_path / name / "guide")
        folder.snippet("page", "# %% one\n1\n")
        script = folder.write("run.sh", "true\n")
        script.chmod(0o755)
        packed(folder)
        archives.append((folder.root.parent / "project.zip").read_bytes())
    assert archives[0] == archives[1]
    with zipfile.ZipFile(tmp_path / "one/project.zip") as made:
        assert made.getinfo("run.sh").external_attr >> 16 & 0o111
        assert not made.getinfo("pyproject.toml").external_attr >> 16 & 0o111


def test_a_project_that_is_too_large_is_told_with_what_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = GuideFolder.make(tmp_path / "guide")
    (folder.root / "weights").mkdir()
    (folder.root / "weights/model.bin").write_bytes(bytes(range(256)) * 4)
    monkeypatch.setattr(parcel, "LARGEST", 500)
    with pytest.raises(RunnerError, match="most are in weights 0 MB") as caught:
        packed(folder)
    assert "hook prepare" in caught.value.mend


def test_a_job_has_the_paths_of_the_machine_and_a_failure_those_of_home(folder: GuideFolder) -> None:
    home = "/home/somebody/guide"
    uses = [f"{home}/data/a.txt"]
    job = Job(
        page="page", profile="laptop", path=f"{home}/snippets/page.py", relative="snippets/page.py", source="",
        cells=["one"], root=home, snippets=f"{home}/snippets", uses=uses,
    )  # fmt: skip
    sent = moved(job, folder.project)
    assert (sent.root, sent.path) == (str(folder.root), str(folder.root / "snippets/page.py"))
    assert sent.snippets == str(folder.root / "snippets")
    assert sent.uses == [str(folder.root / "data/a.txt")]
    detail = f'File "{folder.root}/snippets/page.py", line 3'
    failure = Failure("page", "laptop", "one", Place(Path("snippets/page.py"), 3), "it failed", detail, (sent.path,))
    run = told_at_home(PageRun("page", "laptop", failure=failure, also=(failure,)), folder.root, home)
    assert run.failure
    for each in (run.failure, *run.also):
        assert each.detail == f'File "{home}/snippets/page.py", line 3'
        assert each.wrote == (job.path,)
