"""What a plug-in's kind of output does wrong: each mistake is one sentence, which names it."""

from __future__ import annotations

import pytest

from galley.errors import Exit
from guide_folder import SETTINGS, GuideFolder

KIND = """\
from galley import Kind
from galley.record.model import Form

class Mine(Kind):
    name = "mine"
    css = ".mine { color: red }"

    def of_value(self, value, asked):
        return (Form("text/plain", "txt", f"mine: {value}".encode()),) if isinstance(value, list) else None

    def html(self, shown, at):
        return f'<p class="mine">{shown.forms[0].text}</p>'

    def notebook(self, shown, number):
        return {"output_type": "stream", "name": "stdout", "text": [shown.forms[0].text]}
"""


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """A guide with a kind of its own, for lists."""
    folder.write("pyproject.toml", SETTINGS.replace("timeout", 'plugins = ["brought:Mine"]\ntimeout'))
    folder.write("snippets/brought.py", KIND)
    folder.snippet("page", "# %% one\n[1]\n# %% two\n2\n")
    return folder


def test_a_kind_without_a_tag_is_asked_for_every_value(guide: GuideFolder) -> None:
    assert not guide.run().failures
    assert guide.output("page", "one.mine.txt") == "mine: [1]"
    assert guide.output("page", "two.value.txt") == "2"
    assert guide.mkdocs().returncode == 0
    assert '<p class="mine">mine: [1]</p>' in (guide.root / "site/page.html").read_text()
    assert "mine: [1]" in guide.galley("export", "page", "-f", "ipynb", "-o", "-").stdout


def test_a_record_depends_on_such_a_kind(guide: GuideFolder) -> None:
    assert not guide.run().failures
    guide.write("snippets/brought.py", KIND.replace("mine:", "ours:"))
    (reason,) = guide.status("page").reasons
    assert reason.what == "snippets/brought.py changed since the page used it"


NO_KIND = {
    "no name": ('    name = "mine"\n', "", "its name is None, and must be small letters, digits and hyphens"),
    "a number": ('"mine"\n', "5\n", "its name is 5, and must be small letters"),
    "a way out": ('"mine"\n', '"../x"\n', "its name is '../x', and must be small letters"),
    "galley's own": ('"mine"\n', '"stdout"\n', "two kinds of output are called 'stdout'"),
    "a css that ends the style": ('".mine { color: red }"', '"</style>"', "its css has </ in it"),
    "a css that is none": ('".mine { color: red }"', "5", "its tag and its css must be texts"),
}


@pytest.mark.parametrize(("old", "new", "said"), NO_KIND.values(), ids=NO_KIND)
def test_what_is_no_kind_is_told_at_its_setting_by_every_command(
    guide: GuideFolder, old: str, new: str, said: str
) -> None:
    guide.write("snippets/brought.py", KIND.replace(old, new, 1))
    for words in (["check"], ["run"], ["build"]):
        done = guide.galley(*words)
        assert done.returncode == Exit.BAD_INPUT
        assert done.stdout.startswith("pyproject.toml:2: plugins under [tool.galley] has 'brought:Mine'")
        assert said in done.stdout


FORM = '(Form("text/plain", "txt", f"mine: {value}".encode()),)'
WHILE_RUNNING = {
    "no forms": (FORM, "5", "of_value() of the kind 'mine' (brought:Mine) answered with 5, and must with a tuple"),
    "a text for bytes": (FORM, '(Form("text/plain", "txt", "x"),)', "answered with a form that cannot be"),
    "a way out": (FORM, '(Form("text/plain", "/../../x", b"x"),)', "answered with a form that cannot be"),
    "less than nothing cut": (FORM, '(Form("text/plain", "txt", b"x", -5),)', "answered with a form that cannot be"),
    "one file for two": (FORM, '(Form("text/plain", "txt", b"x"),) * 2', "answered with two forms of one suffix"),
    "an exit": (FORM, "exit(3)", "of_value() of the kind 'mine' (brought:Mine) raised SystemExit: 3"),
    "a beginning that fails": ("    css", "    def begin(self): 1 / 0\n    css", "begin() of the kind 'mine'"),
    "nothing that is left open": ("    css", "    def left_open(self, asked): return 5\n    css", "left_open() of the"),
    "left open, and fails": ("    css", "    def left_open(self, asked): 1 / 0\n    css", "left_open() of the kind"),
    "another signature": ("    css", "    def left_open(self): return ()\n    css", "left_open() of the kind 'mine'"),
    "no watcher": (
        "    css",
        '    tag = "mine"\n    def watcher(self, names, asked): return 5\n    css',
        "watcher() of the kind 'mine' (brought:Mine) answered with something that does not say its seconds",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), WHILE_RUNNING.values(), ids=WHILE_RUNNING)
def test_what_a_kind_does_wrong_while_a_page_runs_fails_that_page(
    guide: GuideFolder, old: str, new: str, said: str
) -> None:
    guide.write("snippets/brought.py", KIND.replace(old, new, 1))
    if "tag" in new:
        guide.snippet("page", "# %% one [mine]\n[1]\n")
    done = guide.galley("run")
    assert done.returncode == Exit.PAGE_FAILED
    assert said in done.stdout
    assert "snippets/page.py:" in done.stdout
    assert "snippets/brought.py:" in done.stdout
    assert "mend the plug-in" in done.stdout
    assert "galley/kinds" not in done.stdout, "no frame of galley's own"


HTML = "return f'<p class=\"mine\">{shown.forms[0].text}</p>'"
WHILE_SHOWN = {
    "raises": ("1 / 0", "html() of the kind 'mine' (brought:Mine) raised ZeroDivisionError: division by zero"),
    "exits": ("raise SystemExit(0)", "html() of the kind 'mine' (brought:Mine) raised SystemExit: 0"),
    "no text": ("return 5", "html() of the kind 'mine' (brought:Mine) answered with a int, and must with a text"),
}


@pytest.mark.parametrize(("new", "said"), WHILE_SHOWN.values(), ids=WHILE_SHOWN)
def test_a_kind_that_cannot_show_stops_the_build_with_its_name(guide: GuideFolder, new: str, said: str) -> None:
    guide.write("snippets/brought.py", KIND.replace(HTML, new))
    for done in (guide.galley("build"), guide.mkdocs()):
        assert done.returncode == 1
        assert "snippets/brought.py:" in done.stdout
        assert said in done.stdout
        assert "Traceback" not in done.stdout


@pytest.mark.parametrize("new", ["1 / 0", "return object()", "return 5"])
def test_a_kind_that_cannot_be_exported_is_named(guide: GuideFolder, new: str) -> None:
    guide.write("snippets/brought.py", KIND.replace('return {"output_type"', f'{new}\n        {{"output_type"'))
    assert not guide.run().failures
    done = guide.galley("export", "page", "-f", "ipynb", "-o", "-")
    assert done.returncode == Exit.BAD_INPUT
    assert "snippets/brought.py:" in done.stdout
    assert "notebook() of the kind 'mine' (brought:Mine) " in done.stdout


def test_a_kind_that_cannot_compare_leaves_the_old_record(guide: GuideFolder) -> None:
    assert not guide.run().failures
    guide.write("snippets/brought.py", f"{KIND}\n    def compared(self, form):\n        1 / 0\n")
    before = guide.recorded()
    ended = guide.run("page", everything=True)
    assert "compared() of the kind 'mine' (brought:Mine) raised ZeroDivisionError" in ended.failures["page"]
    assert guide.recorded() == before
