"""Plug-ins: what a guide adds to galley, in every process, and what is said of one that cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from galley.errors import GalleyError
from galley.plugins import load_plugins, plugins_of
from galley.source.cells import read_snippets
from galley.source.grammar import BUILT_IN, grammar_of
from galley.source.tags import LISTS
from guide_folder import SETTINGS, GuideFolder, fence

MINE = '''
"""Words of this guide's own."""
from galley.errors import GalleyError
from galley.source.tags import Option, Tag
from mine.words import SAYS


class Levels:
    tags = (Tag("hard", SAYS), Tag("loud", "Its outputs are louder.", outputs=True))
    options = (Option("level", "How hard it is.", form='level="3"', wanted="a number", read=int, default=0),)

    def check(self, cell):
        if "hard" in cell.tags and not cell.options["level"]:
            raise GalleyError("a hard cell without a level", mend='write it as: level="3"')
        if cell.name == "zero":
            1 / 0


class Silent:
    pass


levels = Levels()
'''


def with_plugins(folder: GuideFolder, *names: str) -> GuideFolder:
    """The guide with plug-ins in its settings."""
    listed = ", ".join(f'"{name}"' for name in names)
    folder.write("pyproject.toml", SETTINGS.replace("timeout", f"plugins = [{listed}]\ntimeout"))
    return folder


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """A guide with a plug-in in a package of its own."""
    folder.write("snippets/mine/__init__.py", "")
    folder.write("snippets/mine/words.py", 'SAYS = "The cell is hard."\n')
    folder.write("snippets/mine/levels.py", MINE)
    return with_plugins(folder, "mine.levels:Levels")


def test_a_guide_brings_tags_options_and_checks(guide: GuideFolder) -> None:
    guide.snippet("page", '# %% one [hard] level="3"\nprint(1)\n# %% two\nprint(2)\n')
    one, two = guide.guide.snippets["page"].cells
    assert (one.tags, one.options["level"], two.options["level"]) == ({"hard"}, 3, 0)
    guide.snippet("page", "# %% one [hard]\nprint(1)\n")
    (error,) = guide.guide.errors
    assert str(error) == 'snippets/page.py:1: a hard cell without a level\n    write it as: level="3"'


def test_an_object_serves_as_well_as_a_class(guide: GuideFolder) -> None:
    with_plugins(guide, "mine.levels:levels")
    assert plugins_of(guide.project).names == ("mine.levels:levels",)
    assert set(grammar_of(guide.project).tags) - set(BUILT_IN.tags) == {"hard", "loud"}


def test_only_words_that_change_outputs_change_a_digest(guide: GuideFolder) -> None:
    guide.snippet("page", '# %% one\nprint(1)\n# %% two [hard] level="3"\nprint(1)\n# %% three [loud]\nprint(1)\n')
    one, two, three = guide.guide.snippets["page"].cells
    path = guide.root / "snippets/page.py"
    path.write_text("# %% one\nprint(1)\n")
    assert one.digest == two.digest == read_snippets(path, path).cells[0].digest != three.digest


def test_a_page_with_words_of_a_plugin_is_run_shown_and_exported(guide: GuideFolder) -> None:
    guide.snippet("page", '# %% one [hard loud] level="3"\nprint("said")\n')
    assert not guide.run().failures
    assert guide.findings() == []
    assert guide.mkdocs().returncode == 0
    assert "said" in (guide.root / "site/page.html").read_text()
    assert 'print("said")' in guide.galley("export", "page", "--output", "-").stdout


def test_no_record_depends_on_a_plugin(guide: GuideFolder) -> None:
    guide.snippet("page", '# %% one [hard] level="3"\nprint("said")\n')
    assert not guide.run().failures
    assert [used.path for used in guide.record("page").dependencies] == []
    guide.write("snippets/mine/words.py", 'SAYS = "Other words."\n')
    assert guide.status("page").state == "fresh"


def test_nothing_importable_and_no_file_is_left_behind(guide: GuideFolder) -> None:
    path = list(sys.path)
    assert grammar_of(guide.project).tags["hard"].says == "The cell is hard."
    assert sys.path == path
    assert not [name for name in sys.modules if name.partition(".")[0] == "mine"]
    assert not list(guide.root.rglob("__pycache__"))


def test_two_projects_in_one_process_have_each_its_own(guide: GuideFolder, tmp_path: Path) -> None:
    other = with_plugins(guide.copied(tmp_path / "other"), "mine.levels:Levels")
    other.write("snippets/mine/words.py", 'SAYS = "The other guide."\n')
    said = [grammar_of(each.project).tags["hard"].says for each in (guide, other, guide)]
    assert said == ["The cell is hard.", "The other guide.", "The cell is hard."]


def test_a_module_of_that_name_from_elsewhere_stays(guide: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = type(sys)("mine")
    monkeypatch.setitem(sys.modules, "mine", elsewhere)
    assert grammar_of(guide.project).tags["hard"].says == "The cell is hard."
    assert sys.modules["mine"] is elsewhere


def test_a_plugin_is_loaded_again_when_one_of_its_files_is_saved(guide: GuideFolder) -> None:
    before = grammar_of(guide.project)
    assert grammar_of(guide.project) is before
    guide.write("snippets/mine/words.py", 'SAYS = "Other words, and more of them."\n')
    assert grammar_of(guide.project).tags["hard"].says == "Other words, and more of them."


def test_its_files_and_names_are_known(guide: GuideFolder) -> None:
    found = plugins_of(guide.project)
    snippets = guide.project.snippets
    assert set(found.files) == {snippets / f"mine/{name}.py" for name in ("__init__", "words", "levels")}
    assert load_plugins(found.names, snippets) is found


ASK = """
import sys
sys.path.insert(0, "installed")
from pathlib import Path
from galley.config import find_project
from galley.errors import GalleyError
from galley.plugins import plugins_of
from galley.source.grammar import grammar_of
project = find_project(Path.cwd())
try:
    print(list(plugins_of(project).names), grammar_of(project).lists)
except GalleyError as error:
    print(error)
"""


def asked_with(folder: GuideFolder, points: str) -> str:
    """What a process says of the guide's plug-ins that finds a distribution with these entry points."""
    folder.write("installed/theirs-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    folder.write("installed/theirs-1.dist-info/entry_points.txt", f"[galley.plugins]\n{points}")
    folder.write("installed/theirs.py", "class Brought:\n    lists = ('theirs',)\nclass Also:\n    lists = ('also',)\n")
    return folder.call([sys.executable, "-c", ASK]).stdout


def test_installed_plugins_follow_those_of_the_settings_by_name(guide: GuideFolder) -> None:
    said = asked_with(guide, "b = theirs:Brought\na = theirs:Also\nc = mine.levels:Levels\n")
    lists = (*LISTS, "also", "theirs")
    assert said == f"['mine.levels:Levels', 'theirs:Also', 'theirs:Brought'] {lists}\n"


def test_an_installed_plugin_that_fails_is_told_with_its_distribution(guide: GuideFolder) -> None:
    said = asked_with(guide, "b = theirs:Missing\n")
    assert "the entry point 'b' of theirs has 'theirs:Missing', which cannot be loaded: the module has no" in said


WRONG = {
    "no module": ("mine.other:Name", "", "there is no module 'mine.other'", "write ", 2),
    "no package": ("nobody:Name", "", "there is no module 'nobody'", "write ", 2),
    "no object": ("mine.wrong:Name", "", "the module has no 'Name'", "give mine.wrong one", 2),
    "a missing import": (
        "mine.wrong:Name",
        "\nimport not_there_at_all\n",
        "it imports 'not_there_at_all', which is not installed",
        "install it into",
        2,
    ),
    "a syntax error": ("mine.wrong:Name", "x = (\n", "SyntaxError: '(' was never closed", "mend the module", 1),
    "an error": ("mine.wrong:Name", "x = 1\n1 / 0\n", "ZeroDivisionError: division by zero", "mend the module", 2),
    "an exit": ("mine.wrong:Name", "\n\nraise SystemExit(3)\n", "SystemExit: 3", "mend the module", 3),
    "an error of the class": (
        "mine.wrong:Name",
        "class Name:\n    def __init__(self):\n        self.x\n",
        "AttributeError: ",
        "mend the module",
        3,
    ),
    "nothing brought": ("mine.levels:Silent", "", "which is no plug-in: it has none of tags, options", "name the", 2),
    "a tag that is none": (
        "mine.wrong:Name",
        "class Name:\n    tags = ('loud',)\n",
        "which brings 'loud' where a tag is wanted",
        "mend the plug-in",
        2,
    ),
    "a tag of galley's": (
        "mine.wrong:Name",
        "from galley.source.tags import Tag\nclass Name:\n    tags = (Tag('claim', 'x'),)\n",
        "which brings a tag 'claim', and there is one already",
        "give it another name",
        2,
    ),
}


@pytest.mark.parametrize(("name", "source", "what", "mend", "line"), WRONG.values(), ids=WRONG)
def test_a_plugin_that_cannot_be_is_told_with_its_name_and_what_to_do(
    guide: GuideFolder, name: str, source: str, what: str, mend: str, line: int
) -> None:
    guide.write("snippets/mine/wrong.py", source)
    with_plugins(guide, name)
    with pytest.raises(GalleyError) as raised:
        _ = guide.guide
    assert raised.value.what.startswith(f"plugins under [tool.galley] has '{name}', which")
    assert what in raised.value.what
    assert raised.value.mend.startswith(mend)
    assert raised.value.place is not None
    assert raised.value.place.line == line


def test_a_command_ends_with_the_sentence(guide: GuideFolder) -> None:
    with_plugins(guide, "nobody:Name")
    guide.snippet("page", "# %% one\nprint(1)\n")
    for command in ("check", "run", "build"):
        ended = guide.galley(command)
        assert ended.returncode == 3
        assert ended.stdout.startswith("pyproject.toml:2: plugins under [tool.galley] has 'nobody:Name'")
    ended = guide.mkdocs()
    assert ended.returncode
    assert "pyproject.toml:2: plugins under [tool.galley] has 'nobody:Name'" in ended.stdout
    assert "Traceback" not in ended.stdout


def test_a_check_that_fails_itself_is_told_at_the_cell(guide: GuideFolder) -> None:
    guide.snippet("page", "# %% one\nprint(1)\n# %% zero\nprint(0)\n")
    (error,) = guide.guide.errors
    assert str(error).startswith("snippets/page.py:3: mine.levels could not check this cell: ZeroDivisionError")


def test_the_tag_that_a_kind_of_output_asks_for_is_known(guide: GuideFolder) -> None:
    guide.write(
        "snippets/mine/kind.py", 'class Drawn:\n    """A drawing\n    of it.\n\n    More."""\n    tag = "drawn"\n'
    )
    with_plugins(guide, "mine.kind:Drawn")
    row = grammar_of(guide.project).tags["drawn"]
    assert (row.says, row.outputs) == ("A drawing of it.", True)


def test_the_names_of_plugins_change_nothing_in_another_order(guide: GuideFolder) -> None:
    guide.write(
        "snippets/mine/more.py",
        MINE.replace('"hard"', '"early"').replace('"loud"', '"bold"').replace('"level"', '"step"'),
    )
    digests = []
    for names in (("mine.levels:levels", "mine.more:levels"), ("mine.more:levels", "mine.levels:levels")):
        with_plugins(guide, *names)
        guide.snippet("page", "# %% one [loud bold]\nprint(1)\n", shown=False)
        guide.page("page", fence("page", "one"))
        digests.append(guide.guide.snippets["page"].cells[0].digest)
    assert digests[0] == digests[1]
