"""The builders' own commands on the same mkdocs.yml: they stop with the place and the mend, or agree."""

from __future__ import annotations

import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from builders import article, text_of
from galley.errors import Exit, RunnerError
from galley.site.builders import builder_named
from guide_folder import GuideFolder, command, fence, python

SOURCE = '# %% first\n"""Says `one`."""\nprint("printed one")\n# %% second\nprint("printed two")\n'
COMMANDS = {
    "mkdocs": [sys.executable, "-m", "mkdocs", "build", "--strict"],
    "properdocs": [command("properdocs"), "build", "--strict", "-f", "mkdocs.yml"],
    "zensical": [command("zensical"), "build", "--clean"],
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page with a true record, under Material's theme where that is installed."""
    theme = "material" if find_spec("material") else "mkdocs"
    folder = GuideFolder.make(tmp_path_factory.mktemp("recorded"), theme=theme)
    folder.snippet("a_page", SOURCE)
    assert not folder.run().failures
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it that a test may spoil."""
    return recorded.copied(tmp_path)


def test_the_same_settings_give_the_same_article_under_every_builder(guide: GuideFolder) -> None:
    for package in ("material", *COMMANDS):
        pytest.importorskip(package)
    texts = {}
    for name, arguments in COMMANDS.items():
        shutil.rmtree(guide.root / "site", ignore_errors=True)
        done = guide.call(arguments)
        assert done.returncode == 0, done.stdout
        texts[name] = text_of(article(guide.root / "site", "a-page"))
    assert "printed one" in texts["mkdocs"]
    assert texts["mkdocs"] == texts["properdocs"] == texts["zensical"]


@pytest.mark.parametrize("builder", COMMANDS)
def test_a_guide_names_its_builder(guide: GuideFolder, builder: str) -> None:
    for package in ("material", builder):
        pytest.importorskip(package)
    name_builder(guide, builder)
    for word in ("", " Later prose."):
        guide.page("a-page", f"Prose.{word}\n\n{fence('a_page', 'first')}\n{fence('a_page', 'second')}")
        done = guide.galley("build")
        assert done.returncode == Exit.OK, done.stdout
        text = text_of(article(guide.root / "site", "a-page"))
        assert f"Prose.{word}" in text
        assert "printed one" in text
        assert (guide.root / "site/a_page.py").is_file(), "what the page offers lies beside it"
    assert sorted(path.name for path in (guide.root / ".cache").iterdir()) == ["galley"], "nothing is left"
    guide.page("a-page", f"To [nowhere](nowhere.md).\n\n{fence('a_page', 'first')}\n{fence('a_page', 'second')}")
    done = guide.galley("build")
    assert done.returncode == Exit.NOT_TRUE, done.stdout
    assert "nowhere.md" in re.sub(r"\x1b\[[0-9;]*m", "", done.stdout), "Zensical colours each letter"
    assert "Traceback" not in done.stdout
    assert "Prose. Later prose." in text_of(article(guide.root / "site", "a-page")), "the old site stays"


def test_a_record_that_is_made_anew_is_in_the_next_site_of_zensical(guide: GuideFolder) -> None:
    pytest.importorskip("zensical")
    name_builder(guide, "zensical")
    for printed in ("two", "three"):
        guide.write("snippets/a_page.py", SOURCE.replace("printed two", f"printed {printed}"))
        done = guide.galley("build")
        assert done.returncode == Exit.OK, done.stdout
        assert f"printed {printed}" in text_of(article(guide.root / "site", "a-page"))


def test_a_builder_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("galley.site.builders.find_spec", lambda name: None)
    with pytest.raises(RunnerError) as told:
        builder_named("zensical")
    assert "names Zensical" in str(told.value)
    assert "pip install zensical" in str(told.value)


def name_builder(guide: GuideFolder, builder: str) -> None:
    """Write the setting `builder`."""
    settings = (guide.root / "pyproject.toml").read_text(encoding="utf-8")
    guide.write("pyproject.toml", settings.replace("[tool.galley]\n", f'[tool.galley]\nbuilder = "{builder}"\n', 1))


@pytest.mark.parametrize("builder", COMMANDS)
def test_one_changed_character_stops_the_build_with_place_and_mend(guide: GuideFolder, builder: str) -> None:
    guide.write("snippets/a_page.py", SOURCE.replace("two", "twp"))
    done = guide.call(COMMANDS[builder])
    assert done.returncode != 0
    assert "docs/a-page.md:3: a_page/first: the laptop record is stale: snippets/a_page.py:4" in done.stdout
    assert "cell a_page/second changed" in done.stdout
    assert "galley run a-page" in done.stdout


def test_mkdocs_tells_it_without_a_traceback(guide: GuideFolder) -> None:
    guide.page("a-page", fence("a_page", "third"))
    done = guide.mkdocs()
    assert done.returncode == 1
    assert "docs/a-page.md:3: no cell is named 'a_page/third'\n    a_page.py has: first, second" in done.stdout
    assert "Traceback" not in done.stdout


def test_prose_and_comments_leave_the_build_green(guide: GuideFolder) -> None:
    changed = SOURCE.replace("Says", "Tells").replace('print("printed two")', "print(  # why\n    'printed two'\n)")
    guide.write("snippets/a_page.py", changed)
    guide.page("a-page", f"Prose.\n\n{fence('a_page', 'second')}\nAnd.\n\n{fence('a_page', 'first')}")
    assert guide.mkdocs().returncode == 0
    assert guide.galley("check").returncode == 0


AUDITED = """
    import sys
    STARTS = ("subprocess.", "os.fork", "os.exec", "os.spawn", "os.posix_spawn", "os.system", "pty.spawn")
    def hear(event, arguments):
        if event.startswith(STARTS):
            print("STARTED", event, arguments, flush=True)
        if event == "import" and arguments[0].split(".")[0] in ("torch", "transformers", "peft", "a_page"):
            print("IMPORTED", arguments[0], flush=True)
    sys.addaudithook(hear)
    from mkdocs.__main__ import cli
    try:
        cli(["build", "--strict"], standalone_mode=False)
    finally:
        print("MODULES", [name for name in ("torch", "galley.run.server", "a_page") if name in sys.modules])
"""


def test_a_build_executes_nothing_and_imports_no_torch(guide: GuideFolder) -> None:
    done = guide.call(python(AUDITED))
    assert done.returncode == 0, done.stdout
    assert "STARTED" not in done.stdout
    assert "IMPORTED" not in done.stdout
    assert "MODULES []" in done.stdout


def test_the_audit_would_have_heard_of_it(guide: GuideFolder) -> None:
    done = guide.call(python(AUDITED.replace("try:", "import os, subprocess; subprocess.run(['true'])\n    try:")))
    assert "STARTED subprocess.Popen" in done.stdout
