"""The settings that reach a page are part of the key of its record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from galley.config import Project
from galley.profile import Profile
from galley.record.settings import reaching
from galley.record.status import State
from galley.toml import settings_of
from guide_folder import ANSWERS, GuideFolder

SETTINGS = """\
[tool.galley]
imports = ["json"]
links = ["data"]
plugins = ["mine:Plain"]
output_limit = 5000
timeout = 20.0

[tool.galley.environment]
GREETING = "hello"

[tool.galley.hooks]
setup = "helper:setup"

[tool.galley.profiles.laptop]
required = true
memory_mb = 100000
parameters = { size = 2, other = 3 }
"""
PLUGIN = """\
from galley.kinds import Kind

class Plain(Kind):
    name = "plain"
"""

# What stands in the settings, what it is changed to, the setting that the reason names, and its line.
CHANGES = [
    ('"hello"', '"goodbye"', "environment.GREETING", 9),
    ('GREETING = "hello"', 'GREETING = "hello"\nNAME = "x"', "environment.NAME", 10),
    ('GREETING = "hello"', "", "environment.GREETING", 8),
    ('imports = ["json"]', 'imports = ["json", "csv"]', "imports", 2),
    ('imports = ["json"]', "", "imports", 1),
    ('links = ["data"]', 'links = ["data", "more"]', "links", 3),
    ('plugins = ["mine:Plain"]', "plugins = []", "plugins", 4),
    ("output_limit = 5000", 'output_limit = 5000\nsandbox = "off"', "sandbox", 6),
    ("output_limit = 5000", "output_limit = 3", "output_limit", 5),
    ("helper:setup", "helper:begin", "hooks.setup", 12),
    ("memory_mb = 100000", "memory_mb = 200000", "memory_mb", 16),
    ("memory_mb = 100000", "", "memory_mb", 14),
    ("memory_mb = 100000", 'memory_mb = 100000\ndevices = ["/dev/nvidia*"]', "devices", 17),
    ('links = ["data"]', 'links = ["data"]\nreads = ["/usr/share"]', "reads", 4),
    ("other = 3", "other = 4", "parameters.other", 17),
]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page that has been recorded; a hook of its guide is told a parameter that no cell of the page has."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.write("snippets/data/a.txt", "1")
    folder.write("snippets/more/a.txt", "1")
    folder.write("snippets/mine.py", PLUGIN)
    folder.write("snippets/helper.py", "def setup(context): pass\n\ndef begin(context): pass\n")
    folder.snippet("page", "# %% parameters\nsize = 1\n# %% one\nimport os\nprint(os.environ.get('GREETING'))\n")
    folder.snippet("another", "# %% parameters\nother = 1\n# %% one\nprint(other)\n")
    assert not folder.run().failures
    return folder


@pytest.mark.parametrize("kind", [Project, Profile])
def test_every_setting_says_whether_it_can_influence_an_output(kind: type[Project | Profile]) -> None:
    for each in settings_of(kind):
        assert bool(each.reaches) != bool(each.cannot), f"{each.name} must say one of: how it reaches a page, why not"
        assert (each.reaches or each.cannot).endswith(".")


def test_every_setting_that_reaches_a_page_is_changed_in_these_tests() -> None:
    tried = {name.partition(".")[0] for _, _, name, _ in CHANGES}
    assert tried == {each.name for kind in (Project, Profile) for each in settings_of(kind) if each.reaches} - {
        "snippets"  # the records move with it, and a test of its own has it
    }


@pytest.mark.parametrize(("old", "new", "name", "line"), CHANGES)
def test_a_setting_that_changed_makes_the_record_stale_at_its_line(
    guide: GuideFolder, old: str, new: str, name: str, line: int
) -> None:
    assert SETTINGS.count(old) == 1
    guide.write("pyproject.toml", SETTINGS.replace(old, new))
    found = guide.status("page")
    assert found.state is State.STALE
    assert [(each.what, str(each.place)) for each in found.reasons] == [
        (f"the setting {name} changed", f"pyproject.toml:{line}")
    ]
    assert found.mend == "galley run page"
    assert not guide.run("page").failures
    assert guide.status("page").state is State.FRESH, "the command that is named mends it"
    guide.write("pyproject.toml", SETTINGS)
    assert guide.status("page").state is State.STALE, "and the record is of the new settings"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("timeout = 20.0", "timeout = 30.0\npage_timeout = 100.0"),
        ("required = true", "required = true\npatience = 2.5\nneeds_mb = 3000"),
        ("timeout = 20.0", 'install = "make"\nline = ["Python"]\npackages = ["rich"]'),
        ("required = true", 'required = true\ntitle = "A laptop"\npins = { other = "pyproject.toml" }'),
        ("timeout = 20.0", 'files = { "a.txt" = "snippets/data/a.txt" }'),
        ("timeout = 20.0", 'csp = true\ncsp_sources = { img-src = ["https:"] }'),
        ("timeout = 20.0", "markdown = true"),
        ("timeout = 20.0", 'mutations = "results.json"\nmutate = "make mutations"'),
        ("timeout = 20.0", 'machine = ["capability"]\nlock = "lock.txt"\nsigners = "allowed_signers"'),
        ('links = ["data"]', 'links = [\n  "data",  # the same\n]'),
    ],
)
def test_a_setting_that_cannot_influence_an_output_leaves_the_record_true(
    guide: GuideFolder, old: str, new: str
) -> None:
    guide.write("pyproject.toml", SETTINGS.replace(old, new))
    assert guide.status("page").state is State.FRESH


def test_the_folder_of_the_snippets_counts(guide: GuideFolder) -> None:
    settings = SETTINGS.replace(
        "[tool.galley]\n", '[tool.galley]\nsnippets = "code"\noutputs = "snippets/outputs"\n', 1
    )
    (guide.root / "code").mkdir()
    for each in ("mine.py", "helper.py", "page.py", "another.py", "data", "more"):
        (guide.root / "snippets" / each).rename(guide.root / "code" / each)
    guide.write("pyproject.toml", settings)
    assert "the setting snippets changed" in [each.what for each in guide.status("page").reasons]


def test_a_list_among_the_plug_ins_leaves_the_record_true(guide: GuideFolder) -> None:
    guide.write("snippets/listed.py", ANSWERS)
    guide.write("pyproject.toml", SETTINGS.replace('"mine:Plain"', '"mine:Plain", "listed:Answers"'))
    assert guide.status("page").state is State.FRESH


def test_check_names_the_setting_its_line_and_the_command(guide: GuideFolder) -> None:
    guide.write("pyproject.toml", SETTINGS.replace('"hello"', '"goodbye"'))
    done = guide.galley("check")
    assert "pyproject.toml:9: stale: page (laptop): the setting environment.GREETING changed\n    galley run page" in (
        done.stdout
    )
    assert done.returncode != 0


def test_a_record_from_before_settings_were_noted_is_not_held_against_it(guide: GuideFolder) -> None:
    path = guide.project.outputs / "page/laptop/record.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data.pop("settings") == reaching(guide.project, guide.project.profile("laptop"))
    path.write_text(json.dumps(data), encoding="utf-8")
    guide.write("pyproject.toml", SETTINGS.replace('"hello"', '"goodbye"'))
    assert guide.status("page").state is State.FRESH


def test_a_long_value_stands_as_its_digest_and_no_value_depends_on_the_machine(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, SETTINGS.replace('"hello"', f'"{"x" * 500}"'))
    folder.write("snippets/data/a.txt", "1")
    folder.write("snippets/mine.py", PLUGIN)
    found = reaching(folder.project, folder.project.profile("laptop"))
    assert len(found["environment.GREETING"]) == 64
    assert not any(str(tmp_path) in value for value in found.values())
    assert found["snippets"] == '"snippets"'


def test_parameters_count_by_the_cells_alone_where_no_hook_is_told_of_them(tmp_path: Path) -> None:
    settings = SETTINGS.replace('[tool.galley.hooks]\nsetup = "helper:setup"\n', "").replace("plugins", "# plugins")
    folder = GuideFolder.make(tmp_path, settings)
    folder.write("snippets/data/a.txt", "1")
    folder.snippet("page", "# %% parameters\nsize = 1\n# %% one\nprint(size)\n")
    folder.snippet("another", "# %% parameters\nother = 1\n# %% one\nprint(other)\n")
    assert not folder.run().failures
    folder.write("pyproject.toml", settings.replace("other = 3", "other = 4"))
    assert (folder.status("page").state, folder.status("another").state) == (State.FRESH, State.STALE)
