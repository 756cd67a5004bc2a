"""Kinds of output that a guide or a distribution brings: from a value in a page's process to the page of the site."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from galley.errors import Exit, GalleyError
from galley.kinds import kinds_of
from galley.record.status import store_of
from guide_folder import SETTINGS, GuideFolder

# A kind with two forms. Its text alone is compared: how the HTML is written may change.
SWATCH = '''
from html import escape

from galley import Form, Kind


class Swatch(Kind):
    """A colour, by name and as a patch."""

    name = "swatch"
    css = ".guide-swatch { width: 2em }"

    def of_value(self, value, asked):
        if type(value).__name__ != "Colour":
            return None
        html = f"<b style='background: {value.name}'>{value.made}</b>"
        return Form("text/plain", "txt", value.name.encode()), Form("text/html", "html", html.encode())

    def html(self, shown, at):
        made = shown.form("text/html").text
        return f'<p class="guide-swatch" id="{at.ids}">{escape(shown.forms[0].text)}: {escape(made)}</p>'

    def notebook(self, shown, number):
        return {"output_type": "display_data", "data": {form.mime: form.text for form in shown.forms}, "metadata": {}}

    def compared(self, form):
        return form.text if form.mime == "text/plain" else ""
'''
COLOUR = """\
# %% colour
class Colour:
    name, made = "{name}", "{made}"

Colour()
"""
# A kind that a tag asks for.
DRAWN = '''
from galley import Form, Kind


class Drawn(Kind):
    """The value, drawn."""

    name = tag = "drawn"
    css = ".guide-drawn { width: 3em }"

    def of_value(self, value, asked):
        return (Form("text/plain", "txt", f"drawn {value}".encode()),)

    def html(self, shown, at):
        return f'<p class="guide-drawn">{shown.forms[0].text}</p>'
'''


# A kind whose form is no text.
SOUND = """
from galley import Form, Kind


class Sound(Kind):
    name = "sound"

    def of_value(self, value, asked):
        return (Form("audio/wav", "wav", value),) if type(value) is bytes else None

    def html(self, shown, at):
        return "<p>a sound</p>"
"""


def bring(folder: GuideFolder, *names: str, more: str = "") -> None:
    """Name plug-ins in the guide's settings."""
    listed = ", ".join(f'"{name}"' for name in names)
    folder.write("pyproject.toml", SETTINGS.replace("timeout", f"plugins = [{listed}]\n{more}timeout"))


@pytest.fixture
def swatches(folder: GuideFolder) -> GuideFolder:
    """A guide with a kind of its own and a page that was recorded with it."""
    folder.write("snippets/mine/kind.py", SWATCH)
    bring(folder, "mine.kind:Swatch")
    folder.snippet("page", COLOUR.format(name="red", made="first"))
    assert not folder.run().failures
    return folder


def test_a_value_is_recorded_in_each_form_as_a_file(swatches: GuideFolder) -> None:
    names = {path.name for path in (swatches.project.outputs / "page/laptop").iterdir()}
    assert names == {"record.json", "run.json", "colour.swatch.txt", "colour.swatch.html"}
    assert swatches.output("page", "colour.swatch.txt") == "red"
    assert swatches.output("page", "colour.swatch.html") == "<b style='background: red'>first</b>"


def test_the_record_is_read_back_with_every_form(swatches: GuideFolder) -> None:
    record = swatches.record("page")
    (shown,) = record.shown(record.cell("colour"))
    assert (shown.kind, [form.mime for form in shown.forms]) == ("swatch", ["text/plain", "text/html"])
    assert shown.form("text/html") is shown.forms[1]
    assert shown.form("image/png") is None
    assert swatches.status("page").state == "fresh"
    assert swatches.findings() == []


def test_another_run_is_compared_as_the_kind_says(swatches: GuideFolder) -> None:
    assert "page (laptop): unchanged" in swatches.run(everything=True).said
    swatches.snippet("page", COLOUR.format(name="red", made="second"))
    said = swatches.run().said
    assert "page (laptop): recorded, same outputs (" in said
    assert "colour.swatch" not in said
    swatches.snippet("page", COLOUR.format(name="blue", made="second"))
    said = swatches.run().said
    assert "colour.swatch.txt differs from line 1 on: 'red' became 'blue'" in said
    assert "colour.swatch.html" not in said


def test_the_page_shows_it_as_the_kind_says(swatches: GuideFolder) -> None:
    assert swatches.mkdocs().returncode == 0
    html = (swatches.root / "site/page.html").read_text(encoding="utf-8")
    shown = (
        '<p class="guide-swatch" id="cell-page-colour-laptop-0">red: &lt;b style=&#x27;background: red&#x27;&gt;first'
    )
    assert shown in html
    assert ".guide-swatch{width: 2em}" in html


def test_a_notebook_has_it_as_the_kind_says(swatches: GuideFolder) -> None:
    exported = swatches.galley("export", "page", "--format", "ipynb", "--output", "-")
    (code,) = [cell for cell in json.loads(exported.stdout)["cells"] if cell["cell_type"] == "code"]
    data = {"text/plain": "red", "text/html": "<b style='background: red'>first</b>"}
    assert code["outputs"] == [{"output_type": "display_data", "data": data, "metadata": {}}]
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.reads(exported.stdout, as_version=4))


def test_a_script_has_the_code_alone(swatches: GuideFolder) -> None:
    done = swatches.galley("export", "page")
    assert done.returncode == 0, done.stdout
    assert "background" not in (swatches.root / "page.py").read_text(encoding="utf-8")


def test_a_distribution_brings_a_kind_by_an_entry_point(folder: GuideFolder) -> None:
    installed = folder.root / "installed"
    folder.write("installed/theirs.py", SWATCH)
    folder.write("installed/theirs-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    folder.write("installed/theirs-1.dist-info/entry_points.txt", "[galley.plugins]\nswatch = theirs:Swatch\n")
    # The variable of the setting makes it importable in the runner; that of the call, in the command and the builder.
    bring(folder, more=f'environment = {{ PYTHONPATH = "{installed}" }}\n')
    folder.snippet("page", COLOUR.format(name="red", made="first"))
    for command in ("run", "check", "build"):
        done = folder.galley(command, PYTHONPATH=str(installed))
        assert done.returncode == 0, done.stdout
    assert folder.output("page", "colour.swatch.txt") == "red"
    assert "guide-swatch" in (folder.root / "site/page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("taken", "module"), [("stdout", "mine.kind"), ("swatch", "mine.other")])
def test_two_kinds_of_one_name_are_told_at_the_setting(folder: GuideFolder, taken: str, module: str) -> None:
    folder.write("snippets/mine/kind.py", SWATCH.replace('name = "swatch"', f'name = "{taken}"'))
    folder.write("snippets/mine/other.py", SWATCH)
    bring(folder, "mine.kind:Swatch", "mine.other:Swatch")
    folder.snippet("page", COLOUR.format(name="red", made="first"))
    with pytest.raises(GalleyError, match=f"two kinds of output are called '{taken}'"):
        kinds_of(folder.project)
    for command in ("check", "run"):
        done = folder.galley(command)
        assert done.returncode == Exit.BAD_INPUT
        said = f"has '{module}:Swatch': two kinds of output are called '{taken}'"
        assert f"pyproject.toml:2: plugins under [tool.galley] {said}" in done.stdout
        assert "give the plug-in's kind another name" in done.stdout
    assert folder.status("page").state == "missing"


@pytest.mark.parametrize("name", ["", "A Kind", "../kind", "k" * 41])
def test_a_name_that_no_record_can_have_is_told_before_any_page_runs(folder: GuideFolder, name: str) -> None:
    folder.write("snippets/mine/kind.py", SWATCH.replace('name = "swatch"', f'name = "{name}"' if name else ""))
    bring(folder, "mine.kind:Swatch")
    folder.snippet("page", COLOUR.format(name="red", made="first"))
    done = folder.galley("run")
    assert done.returncode == Exit.BAD_INPUT
    assert "pyproject.toml:2: plugins under [tool.galley] has 'mine.kind:Swatch', which is no kind of" in done.stdout
    assert folder.status("page").state == "missing"


UNKNOWN = "an output of the kind 'swatch', which neither galley nor a plug-in knows"


def without_settings(folder: GuideFolder) -> None:
    """Make the page's record one that does not say which settings reached it, as older ones do not."""
    store = store_of(folder.project)
    record = store.read("page", "laptop")
    assert record is not None
    store.write(replace(record, settings={}))


@pytest.fixture
def forgotten(swatches: GuideFolder) -> GuideFolder:
    """The guide after its settings lost the plug-in whose kind the record has, which is silent about the settings."""
    without_settings(swatches)
    swatches.write("pyproject.toml", SETTINGS)
    return swatches


def test_a_record_that_knows_of_the_plug_in_that_is_gone_is_stale(swatches: GuideFolder) -> None:
    swatches.write("pyproject.toml", SETTINGS)
    assert [(each.kind, each.mend) for each in swatches.findings()] == [("stale", "galley run page")]
    assert swatches.galley("run", "page").returncode == 0
    assert swatches.findings() == []


def test_a_kind_that_nobody_knows_any_more_is_told_with_its_mend(forgotten: GuideFolder) -> None:
    checked = forgotten.galley("check")
    assert checked.returncode == Exit.NOT_TRUE
    assert f"snippets/outputs/page/laptop/record.json: unknown: {UNKNOWN}\n" in checked.stdout
    assert "name the plug-in that brings the kind under [tool.galley] plugins, or record" in checked.stdout
    built = forgotten.galley("build")
    assert built.returncode == Exit.NOT_TRUE
    assert f"docs/page.md:3: {UNKNOWN}\n    name the plug-in" in built.stdout
    assert "Traceback" not in built.stdout
    exported = forgotten.galley("export", "page", "--format", "ipynb", "--output", "-")
    assert exported.returncode == Exit.BAD_INPUT
    assert exported.stdout.startswith(f"snippets/outputs/page/laptop/record.json: {UNKNOWN}\n    name the plug-in")


def test_the_mends_of_an_unknown_kind_mend(forgotten: GuideFolder) -> None:
    (finding,) = forgotten.findings()
    command = re.search(r"galley (run .*)", finding.mend)
    assert command
    bring(forgotten, "mine.kind:Swatch")
    assert forgotten.findings() == []
    forgotten.write("pyproject.toml", SETTINGS)
    done = forgotten.galley(*command[1].split())
    assert done.returncode == 0, done.stdout
    assert "colour.swatch.txt is gone" in done.stdout
    assert forgotten.findings() == []
    assert forgotten.galley("build").returncode == 0


def test_an_unknown_kind_of_a_cell_that_another_page_shows_stops_the_build_with_its_sentence(
    forgotten: GuideFolder,
) -> None:
    """The page offers the whole snippet file as a notebook, also the cells that it does not show."""
    bring(forgotten, "mine.kind:Swatch")
    forgotten.snippet("page", "# %% one\n1\n# %% two\n2\n" + COLOUR.format(name="red", made="first"), shown=False)
    forgotten.page("page", "".join(f'```python exec="on" cell="page/{name}"\n```\n\n' for name in ("one", "two")))
    assert not forgotten.run().failures
    without_settings(forgotten)
    forgotten.write("pyproject.toml", SETTINGS)
    built = forgotten.mkdocs()
    assert built.returncode
    assert f"docs/page.md: {UNKNOWN}" in built.stdout
    assert "Traceback" not in built.stdout


def test_the_css_of_a_kind_is_on_the_pages_that_show_it_and_on_no_other(folder: GuideFolder) -> None:
    folder.write("snippets/mine/kind.py", DRAWN)
    bring(folder, "mine.kind:Drawn")
    folder.snippet("with", "# %% one [drawn]\n40 + 2\n")
    folder.snippet("without", "# %% one\n40 + 2\n")
    folder.page("prose", "Nothing.")
    assert not folder.run().failures
    assert folder.output("with", "one.drawn.txt") == "drawn 42"
    assert folder.output("without", "one.value.txt") == "42"
    assert folder.mkdocs().returncode == 0
    html = {name: (folder.root / f"site/{name}.html").read_text("utf-8") for name in ("with", "without", "prose")}
    assert ".guide-drawn{width: 3em}" in html["with"]
    assert '<p class="guide-drawn">drawn 42</p>' in html["with"]
    assert "guide-drawn" not in html["without"] + html["prose"]
    assert ".galley-cell" in html["without"], "the page has styles, but not these"


def test_a_form_that_is_no_text_is_recorded_byte_for_byte_and_compared_by_its_digest(folder: GuideFolder) -> None:
    folder.write("snippets/mine/kind.py", SOUND)
    bring(folder, "mine.kind:Sound")
    folder.snippet("page", "# %% one\nbytes(range(256)) + b'\\r\\n 0x7f0000001234'\n")
    assert not folder.run().failures
    recorded = folder.project.outputs / "page/laptop/one.sound.wav"
    assert recorded.read_bytes() == bytes(range(256)) + b"\r\n 0x7f0000001234"
    assert "page (laptop): unchanged" in folder.run(everything=True).said
    folder.snippet("page", "# %% one\nbytes(range(255, -1, -1))\n")
    assert re.search(r"one\.sound\.wav has other bytes \(audio/wav\)", folder.run().said)
    assert folder.mkdocs().returncode == 0


def test_a_record_with_a_tags_kind_depends_on_the_code_of_the_kind(folder: GuideFolder) -> None:
    folder.write("snippets/mine/kind.py", DRAWN)
    bring(folder, "mine.kind:Drawn")
    folder.snippet("with", "# %% one [drawn]\n40 + 2\n")
    assert not folder.run().failures
    folder.write("snippets/mine/kind.py", DRAWN.replace('f"drawn', 'f"sketched'))
    assert folder.status("with").state == "stale"
    assert "one.drawn.txt differs" in folder.run().said
