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


@pytest.fixture
def recorded(first: GuideFolder, tmp_path: Path) -> GuideFolder:
    """The same in a copy that a test may spoil."""
    return first.copied(tmp_path)


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
    "a kind of the guide's own": ("own", "plain", "txt", TEXT, "four"),
    "the guide's own without its tag": ("value", "plain", "txt", TEXT, "4"),
}


@pytest.mark.parametrize("case", NO_OUTPUTS)
def test_an_output_that_the_site_cannot_show_is_told_by_the_check(recorded: GuideFolder, case: str) -> None:
    cell, kind, ending, mime, text = NO_OUTPUTS[case]
    forge(recorded, cell, kind, {ending: (mime, text)})
    done = recorded.galley("check")
    assert done.returncode == 1, done.stdout
    told = f"page/laptop/record.json: tampered: cell {cell} has an output of the kind '{kind}' that is none: "
    assert told in done.stdout
    assert "\n    galley run page --all\n" in done.stdout
    assert recorded.galley("run", "page", "--all").returncode == 0
    assert recorded.galley("check").returncode == 0, "the command that is named mends it"


def test_an_output_without_a_file_is_told(recorded: GuideFolder) -> None:
    forge(recorded, "text", "stdout", {})
    assert "names an output without a file" in recorded.galley("check").stdout


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


def test_what_could_run_or_load_something_is_in_no_notebook(recorded: GuideFolder) -> None:
    more = {"js": ("text/javascript", "alert(1)"), "md": ("text/markdown", "![](http://evil.example/a.png)")}
    forge(recorded, "value", "value", {"txt": (TEXT, "2\n"), "html": ("text/html", HARMFUL), **more})
    text = exported(recorded)
    assert not [each for each in ATTACKS if each in text]
    data = data_of(text, "value")
    assert data.keys() == {"text/plain", "text/html"}
    assert "kept</b>" in "".join(data["text/html"])


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_drawing_that_is_more_is_an_image_in_a_notebook(recorded: GuideFolder, drawing: str) -> None:
    forge(recorded, "value", "image", {"svg": ("image/svg+xml", drawing)})
    text = exported(recorded)
    assert not [each for each in ATTACKS if each in text]
    assert data_of(text, "value")["text/html"].startswith('<img class="galley-image" alt="what this cell drew" src="')


def test_a_drawing_is_in_the_notebook_as_it_is(recorded: GuideFolder) -> None:
    forge(recorded, "value", "image", {"svg": ("image/svg+xml", HARMLESS)})
    assert data_of(exported(recorded), "value") == {"image/svg+xml": [HARMLESS]}


def test_what_is_told_of_line_ends_that_git_changed_mends_them(recorded: GuideFolder, tmp_path: Path) -> None:
    """A clone where git writes CRLF, as on Windows."""
    if not shutil.which("git"):
        pytest.skip("git checks the records out")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        assert recorded.call(["git", *words]).returncode == 0
    clone = GuideFolder(tmp_path / "clone")
    recorded.call(["git", "clone", "-q", "-c", "core.autocrlf=true", ".", str(clone.root)])
    done = clone.galley("check")
    assert "its lines end with CRLF now" in done.stdout
    line, mend = done.stdout.split("\n")[1:3]
    (clone.root / ".gitattributes").write_text(f"{line.partition(': ')[2]}\n", encoding="utf-8")
    assert clone.call(["sh", "-c", mend.partition(": ")[2]]).returncode == 0
    assert clone.galley("check").returncode == 0


def test_a_byte_order_mark_in_a_snippet_file_changes_nothing(recorded: GuideFolder) -> None:
    path = recorded.root / "snippets/page.py"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert recorded.galley("check").returncode == 0
    done = recorded.galley("run", "--all")
    assert "unchanged" in done.stdout, done.stdout
    assert recorded.mkdocs().returncode == 0
    assert "\ufeff" not in exported(recorded)
