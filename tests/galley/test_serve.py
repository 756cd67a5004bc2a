"""The author's loop: what was saved runs, a failure shows in the preview alone, prose needs no runner."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

import hard
from builders import STYLE, plain
from galley.errors import Exit
from galley.site.preview import VARIABLE, FailedPage, preview_file, read_failures, write_failures
from galley.system.saves import Saves
from guide_folder import GuideFolder, command, quiet_environment
from processes import wait_until_gone

PATIENCE = 30  # seconds


class Served:
    """A guide under `galley serve`."""

    def __init__(self, folder: GuideFolder, address: str, said: Path) -> None:
        self.folder, self.address, self.said = folder, address, said

    def page(self, name: str) -> str:
        """The HTML of a page as the browser has it now, without the styles at its top."""
        with suppress(OSError), urllib.request.urlopen(f"http://{self.address}/{name}.html", timeout=5) as answer:
            return STYLE.sub("", answer.read().decode())
        return ""

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fail with what the command said."""
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                pytest.fail(self.said.read_text(encoding="utf-8")[-3000:])
            time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=lambda how: how.name)
def test_mkdocs_and_the_runner_end_with_a_command_that_was_killed(tmp_path: Path, how: signal.Signals) -> None:
    with serving(tmp_path) as (process, served):
        served.until(lambda: "first words" in served.page("page"))
        process.send_signal(how)
        assert process.wait(PATIENCE) == (Exit.INTERRUPTED if how is signal.SIGHUP else -how)
        assert wait_until_gone(str(tmp_path)) == [], "its TMPDIR is in their environment"
    assert not list(tmp_path.glob("mkdocs_*")), "MkDocs ended in order"
    with socket.create_server(("127.0.0.1", int(served.address.partition(":")[2]))):
        pass
    assert served.folder.galley("build", TMPDIR=str(tmp_path)).returncode == 0
    left = [*tmp_path.glob("galley-*/r*"), *tmp_path.glob("galley-*/*.made"), *tmp_path.glob("galley-page-*")]
    assert left == [], "the next command removes what this one could not"


SLOW = """\
import pathlib, time

def on_post_build(config):
    begun = pathlib.Path(".cache/begun")
    if not begun.exists():
        begun.touch()
        time.sleep(2)
"""


@pytest.mark.parametrize("saved", ["docs/index.md", "mkdocs.yml"])
def test_what_is_saved_while_the_first_site_is_built_is_shown(tmp_path: Path, saved: str) -> None:
    def slow(folder: GuideFolder) -> None:
        folder.write("slow.py", SLOW)
        with (folder.root / "mkdocs.yml").open("a", encoding="utf-8") as settings:
            settings.write("hooks: [slow.py]\n")
        assert not folder.run().failures

    with serving(tmp_path, slow) as (_, served):
        served.until(lambda: (served.folder.root / ".cache/begun").exists())
        file = served.folder.root / saved
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace("Hello.", "Good morning.").replace("site_name: A guide", "site_name: Good morning."),
            encoding="utf-8",
        )
        served.until(lambda: "Good morning." in served.page("index"))


@contextmanager
def serving(
    tmp_path: Path, prepare: Callable[[GuideFolder], None] = lambda folder: None
) -> Iterator[tuple[subprocess.Popen[bytes], Served]]:
    """A guide of one page, served from a folder of its own; its command is killed in the end."""
    folder = GuideFolder.make(tmp_path / "guide")
    folder.page("index", "Hello.")
    folder.snippet("page", "# %% one\nprint('first', 'words')\n")
    prepare(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    said = tmp_path / "said.txt"
    with said.open("w") as log:
        process = subprocess.Popen(
            [command("galley"), "serve", "--address", address], cwd=folder.root,
            env=quiet_environment(TMPDIR=str(tmp_path)), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield process, Served(folder, address, said)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A guide of one page, served from a folder of its own."""
    with serving(tmp_path) as (process, served):
        try:
            yield served
        finally:
            process.terminate()
            assert process.wait() == Exit.INTERRUPTED
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail("a stopped `galley serve` left a process behind")
        with socket.socket() as gone, pytest.raises(ConnectionRefusedError):  # MkDocs has a session of its own
            gone.connect(("127.0.0.1", int(served.address.partition(":")[2])))
        assert not list(tmp_path.glob("mkdocs_*"))


def test_a_saved_page_runs_and_a_failure_is_shown_in_the_preview_alone(served: Served):
    served.until(lambda: "first words" in served.page("page"))
    record = served.folder.root / "snippets/outputs/page/laptop/record.json"

    served.folder.snippet("page", "# %% one\nprint('second', 'words')\n")
    served.until(lambda: "second words" in served.page("page"))
    kept = record.read_bytes()

    served.folder.snippet("page", "# %% one\nprint('second', 'words')\nnonsense\n")
    served.until(lambda: "NameError" in served.page("page"))
    html = served.page("page")
    assert "second words" in html, "the recorded output stays"
    assert "the laptop record is stale" in html
    assert record.read_bytes() == kept
    assert "NameError" not in served.folder.mkdocs().stdout, "an ordinary build knows nothing of the failure"

    served.folder.snippet("page", "# %% one\nprint('second', 'words')\n")
    served.until(lambda: "galley-mark" not in served.page("page"))

    served.folder.snippet("page", "# %% one\nimport helper\nprint('third', helper.word)\n")
    served.until(lambda: "ModuleNotFoundError" in served.page("page"))
    served.folder.write("snippets/helper.py", "word = 'words'\n")
    served.until(lambda: "third words" in served.page("page"))

    served.folder.write("docs/page.md", '# New title\n\n```python exec="on" cell="page/one"\n```\n')
    served.until(lambda: "New title" in served.page("page"))


def used(served: Served, process: psutil.Process) -> dict[str, tuple[int, int]]:
    """The memory in MB and the number of open files of the command and of each process below it."""
    found = {}
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            found[f"{each.pid}"] = (each.memory_info().rss >> 20, each.num_fds())
    return found


def test_a_preview_follows_each_save_and_grows_by_nothing(tmp_path: Path, counts: hard.Counts) -> None:
    saves, seen = hard.size(4, 1000), 0
    with serving(tmp_path) as (started, served):
        served.until(lambda: "first words" in served.page("page"))
        process = psutil.Process(started.pid)
        before: dict[str, tuple[int, int]] = {}
        for save in range(1, saves + 1):
            served.folder.write("snippets/page.py", f"# %% one\nprint('save', 'number', {save}, 'end')\n")

            def is_shown(save: int = save) -> bool:
                nonlocal seen
                now = re.findall(r"save number (\d+) end", re.sub(r"<[^>]*>", "", served.page("page")))
                assert int(now[0]) >= seen if now else True, "no older preview than one that was seen"
                seen = int(now[0]) if now else seen
                return seen == save

            served.until(is_shown)
            counts.add("save shown")
            if save == max(2, saves // 10):
                before = used(served, process)
        after = used(served, process)
        assert len(before) == len(after) >= 3, "the command, MkDocs and the runner with its helpers"
        assert before.keys() == after.keys(), "the same processes"
        for pid, (memory, descriptors) in after.items():
            assert memory - before[pid][0] < 30, "MB"
            assert descriptors - before[pid][1] <= 4
        started.terminate()
        assert started.wait(PATIENCE) == Exit.INTERRUPTED
        assert wait_until_gone(str(tmp_path)) == []
    assert not [*tmp_path.glob("galley-*/*.made"), *tmp_path.glob("galley-page-*"), *tmp_path.glob("mkdocs_*")]


def test_a_page_that_writes_beside_itself_runs_once_for_each_save_of_its_author(served: Served):
    served.until(lambda: "first words" in served.page("page"))
    served.folder.without_sandbox()
    source = "from pathlib import Path\nlog = Path(__file__).with_name('log.txt')\nlog.write_text('x' * {})\n"
    served.folder.snippet("page", f"# %% one\n{source.format(3)}print(log.read_text())\n")
    told = "the page itself wrote snippets/log.txt: write into the working folder instead"
    served.until(lambda: told in served.page("page"))
    served.folder.snippet("other", "# %% one\nprint('other', 'words')\n")
    served.until(lambda: "other words" in served.page("other"))
    said = served.said.read_text(encoding="utf-8")
    assert 1 <= said.count(told) <= 6, "a save is a few events, and a loop would have no end"

    served.folder.snippet("page", "# %% one\nprint('third', 'words')\n")
    served.until(lambda: "third words" in served.page("page"))


def test_a_save_of_others_is_waited_for_and_a_pages_own_is_none():
    async def waits() -> list[bool]:
        saves, own, found = Saves(), frozenset({"/guide/snippets/log.txt"}), []
        for path in (*own, "/guide/snippets/page.py"):
            saves.add(path)
            waiting = asyncio.create_task(saves.of_others(own))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            found.append(waiting.done())
            waiting.cancel()
        saves.clear()
        waiting = asyncio.create_task(saves.of_others(own))
        await asyncio.sleep(0)
        saves.add("/guide/snippets/other.py")
        await asyncio.wait_for(waiting, PATIENCE)
        return found

    assert asyncio.run(waits()) == [False, True]


def test_prose_previews_where_nothing_can_run(tmp_path: Path):
    settings = '[tool.galley]\nimports = ["no_such_package"]\n' + REQUIRED
    with serving(tmp_path, lambda folder: folder.write("pyproject.toml", settings)) as (process, served):
        served.until(lambda: "never recorded" in served.page("page"))
        served.until(lambda: "prose still previews" in served.said.read_text(encoding="utf-8"))
        process.terminate()
        process.wait()


def preview_of(folder: GuideFolder) -> dict[str, str]:
    """What a builder needs in its environment to be this process's preview."""
    file = folder.root / ".cache" / "preview.json"
    write_failures(file, [])
    return {VARIABLE: str(file)}


def test_a_variable_left_in_a_shell_shows_nothing_stale(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch):
    variables = preview_of(folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert preview_file() is None, "this process is not the child of the one that wrote it"
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert preview_file() == Path(variables[VARIABLE])
    Path(variables[VARIABLE]).unlink()
    assert preview_file() is None


REQUIRED = "[tool.galley.profiles.laptop]\nrequired = true\n"


def test_a_stale_cell_is_marked_in_a_preview_and_stops_a_build(folder: GuideFolder):
    folder.page("index", "Hello.")
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    folder.snippet("page", "# %% one\nprint(2)\n")
    assert folder.mkdocs().returncode != 0
    built = folder.call([command("mkdocs"), "build", "--strict"], **preview_of(folder))
    assert built.returncode == 0, built.stdout
    html = (folder.root / "site/page.html").read_text(encoding="utf-8")
    assert re.search(r"galley-mark[^<]*>the laptop record is stale", html)
    assert ">1<" in html


def test_a_stale_claim_has_no_tick_in_a_preview(folder: GuideFolder):
    plain(folder).bring_answers()
    lists = "".join(f'```python exec="on" list="{name}"\n```\n\n' for name in ("claims", "answers"))
    folder.page("index", lists)
    folder.snippet("page", '# %% one [claim] asked="none"\n"One."\nassert 1\n')
    folder.snippet("other", '# %% two [claim]\n"Two."\nassert 2\n')
    folder.run()
    folder.snippet("page", '# %% one [claim] asked="none"\n"One."\nassert 11\n')
    built = folder.call([command("mkdocs"), "build", "--strict"], **preview_of(folder))
    assert built.returncode == 0, built.stdout
    html = {
        name: STYLE.sub("", (folder.root / f"site/{name}.html").read_text(encoding="utf-8"))
        for name in ("index", "page", "other")
    }
    assert re.findall(r"<li( [^>]*doubted[^>]*)?><a href=[^>]*#cell-([\w-]+)", html["index"]) == [
        ("", "other-two"), (' class="galley-doubted"', "page-one")
    ]  # fmt: skip
    assert "galley-claim galley-doubted" in html["page"]
    assert '<tr class="galley-doubted"><td>none' in html["index"]
    assert "doubted" not in html["other"]


def test_a_page_that_cannot_be_read_is_marked_in_a_preview(folder: GuideFolder):
    folder.page("index", "Hello.")
    folder.snippet("page", "# %% one\n# %% two\nprint(1\n")
    built = folder.call([command("mkdocs"), "build", "--strict"], **preview_of(folder))
    assert built.returncode == 0, built.stdout
    assert (folder.root / "site/page.html").read_text(encoding="utf-8").count("syntax error") == 1


def test_what_the_preview_knows_is_left_alone_where_nothing_changed(tmp_path: Path):
    file = tmp_path / "cache" / "preview.json"
    failures = [FailedPage("page", "laptop", "one", "it failed", "why")]
    write_failures(file, failures)
    before = file.stat().st_mtime_ns
    write_failures(file, failures)
    assert file.stat().st_mtime_ns == before
    assert read_failures(file) == failures
    assert json.loads(file.read_text(encoding="utf-8"))["failures"][0]["what"] == "it failed"


def test_a_taken_address_is_told(folder: GuideFolder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = folder.galley("serve", "--address", address)
    assert done.returncode == Exit.USAGE
    assert done.stdout.startswith(f"cannot serve at {address}: ")
    assert "--address HOST:PORT" in done.stdout


@pytest.mark.parametrize("address", ["8000", "127.0.0.1:web", "127.0.0.1:99999"])
def test_a_wrong_address_is_told(folder: GuideFolder, address: str):
    done = folder.galley("serve", "--address", address)
    assert (done.returncode, done.stdout.startswith("cannot serve at")) == (Exit.USAGE, True), done.stdout


def test_serving_ends_with_mkdocs(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch):
    from rich.console import Console

    from galley.serve import serve

    monkeypatch.setattr("tempfile.tempdir", str(folder.root))
    (folder.root / "mkdocs.yml").write_text("not: [valid", encoding="utf-8")
    code = asyncio.run(serve(folder.project, "127.0.0.1:0", Console(quiet=True)))
    assert code != 0
