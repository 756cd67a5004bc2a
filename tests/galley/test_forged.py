"""Records that somebody wrote by hand, with right digests: what check, build and export make of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from galley.source.digest import digest
from guide_folder import SETTINGS, GuideFolder

PLUGIN = """\
from galley import Form, Kind

class Plain(Kind):
    name = tag = "plain"

    def of_value(self, value, asked):
        return (Form("text/plain", "txt", str(int(value)).encode()),)

    def html(self, shown, at):
        return f"<b>{int(shown.forms[0].text)}</b>"
"""
PAGE = """\
# %% text
print(1)
# %% value
2
# %% traced [trace]
a = 3
# %% own [plain]
4
"""
Forge = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a true record."""
    settings = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nplugins = ["mine:Plain"]\n')
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), settings)
    folder.write("snippets/mine.py", PLUGIN)
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    return folder


def forge(folder: GuideFolder, cell: str, kind: str, forms: dict[str, tuple[str, str]]) -> None:
    """Give a cell one output with these forms, each a MIME type and a text by the ending of its file."""
    place = folder.project.outputs / "page/laptop"
    record = json.loads((place / "record.json").read_text(encoding="utf-8"))
    (found,) = [each for each in record["cells"] if each["name"] == cell]
    for file in (file for output in found["outputs"] for file in output["files"]):
        (place / file["file"]).unlink()
    files = []
    for ending, (mime, text) in forms.items():
        (place / f"{cell}.{kind}.{ending}").write_text(text, encoding="utf-8")
        files.append({"mime": mime, "file": f"{cell}.{kind}.{ending}", "sha256": digest(text), "cut": 0})
    found["outputs"] = [{"kind": kind, "files": files}]
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")


JSON, TEXT = "application/json", "text/plain"
STEP = '[{"statement": 9, "names": [{"name": "a", "how": "bound", "type": "int", "value": "3"}]}]'
NO_OUTPUTS: dict[str, tuple[str, str, str, str, str]] = {
    "a trace without its tag": ("text", "trace", "json", JSON, "[]"),
    "a trace that is none": ("traced", "trace", "txt", TEXT, "1\n"),
    "a trace of another cell": ("traced", "trace", "json", JSON, STEP),
    "a trace of another type": ("traced", "trace", "json", JSON, '[{"statement": "1", "names": 2}]'),
    "a table without its tag": ("text", "table", "txt", TEXT, "a\n1\n"),
    "a kind of the guide's own": ("own", "plain", "txt", TEXT, "four"),
    "the guide's own without its tag": ("value", "plain", "txt", TEXT, "4"),
}


@pytest.mark.parametrize("case", NO_OUTPUTS)
def test_an_output_that_the_site_cannot_show_is_told_by_the_check(guide: GuideFolder, case: str) -> None:
    cell, kind, ending, mime, text = NO_OUTPUTS[case]
    forge(guide, cell, kind, {ending: (mime, text)})
    done = guide.galley("check")
    assert done.returncode == 1, done.stdout
    told = f"page/laptop/record.json: tampered: cell {cell} has an output of the kind '{kind}' that is none: "
    assert told in done.stdout
    assert "\n    galley run page --all\n" in done.stdout
    assert guide.galley("run", "page", "--all").returncode == 0
    assert guide.galley("check").returncode == 0, "the command that is named mends it"


def test_an_output_without_a_file_is_told(guide: GuideFolder) -> None:
    forge(guide, "text", "stdout", {})
    assert "names an output without a file" in guide.galley("check").stdout


ATTACKS = ("<script>", "onerror", "onload", "http://evil.example", "javascript:")
HARMFUL = '<b id="a">kept</b><script>alert(1)</script><img src="http://evil.example/a.png" onerror="alert(1)">'
HARMLESS = '<svg xmlns="http://www.w3.org/2000/svg"><metadata><a xmlns="urn:x"/></metadata><path d="M0 0"/></svg>'
DRAWINGS = [
    HARMLESS.replace("<path", '<script xmlns="http://www.w3.org/2000/svg">alert(1)</script><path'),
    HARMLESS.replace('<a xmlns="urn:x"/>', "<script>alert(1)</script>"),
    HARMLESS.replace('<a xmlns="urn:x"/>', '<img xmlns="http://www.w3.org/1999/xhtml" onerror="alert(1)" src="x"/>'),
    HARMLESS.replace("<path", '<path onload="alert(1)"'),
    HARMLESS.replace("<path", '<image href="http://evil.example/a.png"/><path'),
]


def exported(folder: GuideFolder) -> str:
    """The page as a notebook."""
    done = folder.galley("export", "page", "-f", "ipynb", "-o", "-")
    assert done.returncode == 0, done.stdout
    return done.stdout


def data_of(text: str, cell: str) -> dict[str, Any]:
    """What a notebook shows of the value of a cell."""
    (found,) = [each for each in json.loads(text)["cells"] if each["metadata"].get("name") == cell]
    data: dict[str, Any] = found["outputs"][0]["data"]
    return data


def test_what_could_run_or_load_something_is_in_no_notebook(guide: GuideFolder) -> None:
    more = {
        "js": ("text/javascript", "alert(1)"),
        "md": ("text/markdown", "![](http://evil.example/a.png)"),
        "tex": ("text/latex", r"$\href{javascript:alert(1)}{x}$"),
        "note": ("text/x-galley-note", "<script>alert(1)</script>"),
        "json": (JSON, "<script>alert(1)</script>"),
    }
    forge(guide, "value", "rich", {"txt": (TEXT, "2\n"), "html": ("text/html", HARMFUL), **more})
    text = exported(guide)
    assert not [each for each in ATTACKS if each in text]
    data = data_of(text, "value")
    assert data.keys() == {"text/plain", "text/html"}
    assert "kept</b>" in "".join(data["text/html"])


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_drawing_that_is_more_is_an_image_in_a_notebook(guide: GuideFolder, drawing: str) -> None:
    forge(guide, "value", "image", {"svg": ("image/svg+xml", drawing)})
    text = exported(guide)
    assert not [each for each in ATTACKS if each in text]
    assert data_of(text, "value")["text/html"].startswith('<img class="galley-image" alt="what this cell drew" src="')


def test_a_drawing_is_in_the_notebook_as_it_is(guide: GuideFolder) -> None:
    forge(guide, "value", "image", {"svg": ("image/svg+xml", HARMLESS)})
    assert data_of(exported(guide), "value") == {"image/svg+xml": [HARMLESS]}


def test_what_is_told_of_line_ends_that_git_changed_mends_them(guide: GuideFolder, tmp_path: Path) -> None:
    """A clone where git writes CRLF, as on Windows."""
    if not shutil.which("git"):
        pytest.skip("git checks the records out")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        assert guide.call(["git", *words]).returncode == 0
    clone = GuideFolder(tmp_path / "clone")
    guide.call(["git", "clone", "-q", "-c", "core.autocrlf=true", ".", str(clone.root)])
    done = clone.galley("check")
    assert "its lines end with CRLF now" in done.stdout
    line, mend = done.stdout.split("\n")[1:3]
    (clone.root / ".gitattributes").write_text(f"{line.partition(': ')[2]}\n", encoding="utf-8")
    assert clone.call(["sh", "-c", mend.partition(": ")[2]]).returncode == 0
    assert clone.galley("check").returncode == 0


def test_a_byte_order_mark_in_a_snippet_file_changes_nothing(guide: GuideFolder) -> None:
    path = guide.root / "snippets/page.py"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert guide.galley("check").returncode == 0
    done = guide.galley("run", "--all")
    assert "unchanged" in done.stdout, done.stdout
    assert guide.mkdocs().returncode == 0
    assert "\ufeff" not in exported(guide)


LOADED = """\
[tool.galley]
imports = ["brought", "json"]
hooks = { setup = "parts.hooks:setup", prepare = "prepared:prepare" }

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.big]
parameters = { model = "org/big" }
pins = { model = "snippets/list.toml", other = "snippets/list.toml" }
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LISTED = f'["org/big"]\nrevision = "{COMMIT}"\n["org/none"]\nrevision = "unpinned"\n["local"]\nsize = 3\n'
SETUP = """\
def setup(context):
    if context.page == "page" and "model" in context.parameters:
        context.note_table(context.root / "snippets/list.toml", context.parameters["model"])
"""


@pytest.fixture(scope="module")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose optional profile names a pinned thing, with true records under both profiles."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("pinned"), LOADED)
    folder.write("snippets/list.toml", LISTED)
    folder.write("snippets/brought.py", "")
    folder.write("snippets/parts/hooks.py", SETUP)
    folder.write("snippets/prepared.py", "def prepare(context): pass\n")
    folder.snippet("page", '# %% parameters\nmodel = "local"\n# %% one\nprint(len(model))\n')
    folder.snippet("plain", "# %% one\n1\n")
    assert not folder.run("page", "plain", profiles=("laptop", "big")).failures  # `plain` has no parameter to pin
    assert folder.galley("check").returncode == 0
    return folder


def rewrite(folder: GuideFolder, profile: str, change: Callable[[dict[str, Any]], object], page: str = "page") -> None:
    """Change a record by hand."""
    place = folder.project.outputs / page / profile / ("run.json" if change in DAYS else "record.json")
    record = json.loads(place.read_text(encoding="utf-8"))
    change(record)
    place.write_text(json.dumps(record), encoding="utf-8")


def without(path: str) -> Callable[[dict[str, Any]], object]:
    """Leaves the dependencies on a path out."""
    return lambda record: record.update(dependencies=[each for each in record["dependencies"] if each["path"] != path])


def old_without_any(record: dict[str, Any]) -> None:
    """A record that does not say which settings it had, and lists nothing."""
    del record["settings"]
    record["dependencies"] = []


def in_days_to_come(run: dict[str, Any]) -> None:
    """A run whose day has not been yet."""
    run["date"] = "2131-01-01"


def on_no_day(run: dict[str, Any]) -> None:
    """A run whose date is none."""
    run["date"] = "<b>"


DAYS = (in_days_to_come, on_no_day)  # which stand in `run.json`
UNFOUNDED: dict[str, tuple[Forge, str]] = {
    "no dependencies": (lambda record: record.update(dependencies=[]), "it does not list snippets/brought.py"),
    "none, as before galley noted settings": (old_without_any, "it does not list snippets/brought.py"),
    "not the hook": (without("snippets/parts/hooks.py"), "it does not list snippets/parts/hooks.py"),
    "not the pin": (
        without("snippets/list.toml"), 'not depend on the table ["org/big"] of snippets/list.toml, which pins its model'
    ),
    "a day to come": (in_days_to_come, "its date, 2131-01-01, lies in the future"),
    "no day": (on_no_day, "its date, '<b>', is none"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFOUNDED)
def test_an_optional_record_that_lacks_what_all_have_is_refused_by_check_and_build(
    pinned: GuideFolder, tmp_path: Path, case: str
) -> None:
    folder = pinned.copied(tmp_path)
    change, said = UNFOUNDED[case]
    rewrite(folder, "big", change)
    done = folder.galley("check")
    assert done.returncode == 1, done.stdout
    file = "run.json" if change in DAYS else "record.json"
    assert f"snippets/outputs/page/big/{file}: unfounded: page (big): " in done.stdout
    assert said in done.stdout
    assert (
        "galley run page --profile big; or, where nobody can run it: git rm -r snippets/outputs/page/big" in done.stdout
    )
    done = folder.mkdocs()
    assert done.returncode != 0
    assert "the big record is unfounded" in done.stdout
    assert folder.galley("run", "page", "--profile", "big").returncode == 0
    assert folder.galley("check").returncode == 0, "the command that is named mends it"


@pytest.mark.parametrize("name", ["org/none", "nowhere", "local"])
def test_what_is_not_pinned_has_no_record(pinned: GuideFolder, tmp_path: Path, name: str) -> None:
    folder = pinned.copied(tmp_path)
    folder.write("snippets/list.toml", LISTED + "[nowhere-else]\n")
    folder.write("pyproject.toml", LOADED.replace("org/big", name))
    if name != "nowhere":
        assert not folder.run("page", profiles=("big",)).failures
    else:
        folder.write("snippets/list.toml", f"{LISTED}[nowhere]\n")
        assert not folder.run("page", profiles=("big",)).failures
        folder.write("snippets/list.toml", f"{LISTED}[nowhere]\n# {COMMIT}\n")
    done = folder.galley("check")
    assert done.returncode == 1
    told = f"snippets/list.toml: unfounded: page (big): {name}, which the parameter model names, is not pinned there"
    assert told in done.stdout


def test_an_old_record_that_lists_one_of_them_is_held_to_no_more(pinned: GuideFolder, tmp_path: Path) -> None:
    folder = pinned.copied(tmp_path)
    rewrite(folder, "laptop", lambda record: record.pop("settings"))
    rewrite(folder, "laptop", without("snippets/parts/hooks.py"))
    assert folder.galley("check").returncode == 0


def test_an_output_of_an_optional_profile_says_that_nobody_reran_it(pinned: GuideFolder, tmp_path: Path) -> None:
    folder = pinned.copied(tmp_path)
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/page.html").read_text(encoding="utf-8")
    assert html.count(">recorded, not rerun here") == 1
    assert html.count("<summary>Checked ") == 1, "the required profile's records speak in the strip"
    words = "(profile big); recorded, not rerun here"
    assert words in folder.galley("export", "page", "--profile", "big", "-o", "-").stdout
    assert words not in folder.galley("export", "page", "-o", "-").stdout
