"""Records at random: what check, export and the site make of one that anybody may have written."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis")
from hypothesis import strategies as st

import hard
from builders import builds, plain
from fuzzing import fuzz
from galley.errors import GalleyError
from galley.export.command import export
from galley.record.written import from_json, to_json, to_run, with_run
from galley.review.base import base_of
from galley.review.decide import Desk
from galley.review.found import review
from galley.review.page import MADE, page_html
from galley.source.digest import digest
from guide_folder import GuideFolder
from hard import Counts
from test_fuzz_svg import Found

PAGE = "# %% text\nprint(1)\n# %% value\n2\n# %% traced [trace]\na = 3\n"
HOSTILE = (
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</code></pre></div><script>alert(1)</script>"),
    *(
        "javascript:alert(1)",
        "\x00",
        "\ud800",
        "\x1b[31m",
        "\x02wzxhzdk:0\x03",
        "x" * 70_000,
        "../../../pyproject.toml",
    ),
    *("{{ config }}", "<!--", "]]>", "&lt;script&gt;", "`" * 99, "\u202e", "é\u0301", "{: onclick=alert(1) }"),
)
OTHERS = (None, True, -1, 0, 1e308, 2**70, "", [], {}, [[]], {"a": {}}, *HOSTILE)
OWN = re.compile(r'<script src="[./]*galley/copy\.js" defer></script>')  # galley's only script, a file of the site
LIVE = re.compile(r"script|iframe|object|embed|form|base|meta|link|animate")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a true record of one page, in a theme of one line."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded")))
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    shutil.copytree(folder.root, folder.root.parent / "kept")
    shutil.move(folder.root.parent / "kept", folder.root / "kept")
    return folder


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in some JSON."""
    yield above
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*above, key))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """Some JSON whose value at a path is another."""
    if not path:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


FREE = {"cpu", "system", "python", "date", "title", "name", "profile", "page", "galley", "path"}


@st.composite
def records(draw: st.DrawFn, true: Any, least: int = 1) -> str:
    """The true record with a few values changed, every other one into a text where any text may stand."""
    found = true
    for _ in range(draw(st.integers(least, 2))):
        free = draw(st.booleans())
        known = [each for each in list(places(found))[1:] if not free or each[-1] in FREE]
        other = draw(st.sampled_from(HOSTILE if free else OTHERS))
        found = changed(found, draw(st.sampled_from(known)), lambda _, other=other: other)
    return json.dumps(found, indent=1)


def near(text: str) -> Iterator[str]:
    """A record, it with another text in the place of each of its texts, and it without each of its parts."""
    yield text
    value = json.loads(text)
    for number, path in enumerate(list(places(value))[1:]):
        other = HOSTILE[(len(text) + number) % len(HOSTILE)]
        yield json.dumps(changed(value, path, lambda old, other=other: other if isinstance(old, str) else old))
        yield json.dumps(changed(value, path[:-1], lambda old, key=path[-1]: without(old, key)))


def without(value: Any, key: Any) -> Any:
    """A table or a list without one of its parts."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if name != key}
    return [*value[:key], *value[key + 1 :]]


def said(error: Exception) -> str:
    """Whether an error is one that a user can act on; the answer is for the counts."""
    assert isinstance(error, GalleyError) or type(error).__name__ in ("BuildError", "Abort"), error
    assert str(error)
    return "told"


def test_any_text_is_a_record_or_none(recorded: GuideFolder, counts: Counts) -> None:
    true = json.loads((recorded.project.outputs / "page/laptop/record.json").read_text(encoding="utf-8"))

    def read(text: str) -> str:
        try:
            found = from_json(text)
        except ValueError:
            return "none"
        assert all("/" not in name for name in found.files)
        again = from_json(to_json(found))
        assert to_json(again) == to_json(found)
        assert to_json(with_run(again, to_run(found))) == to_json(found)
        return "record"

    fuzz(records(true, 0), read, hard.size(200, 100_000), counts, near)
    assert min(counts.of["record"], counts.of["none"]) * 20 > counts.of.total(), "both are reached"


def judged(folder: GuideFolder, build: Callable[[GuideFolder], str]) -> str:
    """What check, both exports, review and site make of a guide's records; each answers, or tells what is wrong.

    The review is of them and of the true ones, in the folder `kept`, in both directions.
    """
    guide = folder.guide
    for forged in (folder, GuideFolder(folder.root / "kept")):
        try:
            base = base_of(forged.project, str((folder.root / "kept") if forged is folder else folder.root))
            inert(page_html(forged.guide, Desk(forged.project, base, review(forged.guide, base))))
        except GalleyError as error:
            said(error)
    for found in folder.findings():
        assert str(found)
    for form in ("py", "ipynb"):
        try:
            text = export(guide, "page", "laptop", form)
            assert form == "py" or json.loads(text)["cells"]
        except GalleyError as error:
            said(error)
    try:
        html = build(folder)
    except Exception as error:
        return said(error)
    inert(OWN.sub("", html))
    return "shown"


def inert(html: str) -> None:
    """Nothing in some HTML runs or loads anything; only a page's own policy and viewport are told in its head."""
    page = Found()
    page.feed(html)
    live = [each for each in page.elements if LIVE.match(each)]
    live += [name for name, value in page.attributes if name.startswith("on") or "script:" in value]
    assert set(live) <= ({"meta"} if html.startswith(MADE) else set()), (live, html)


def test_check_export_and_site_answer_for_any_record(recorded: GuideFolder, counts: Counts, tmp_path: Path) -> None:
    folder = recorded.copied(tmp_path)
    file = folder.project.outputs / "page/laptop/record.json"
    true = json.loads(file.read_text(encoding="utf-8"))
    build = builds("mkdocs", "page")

    def judge(text: str) -> str:
        file.write_text(text, encoding="utf-8")
        return judged(folder, build)

    fuzz(records(true), judge, hard.size(12, 10_000), counts, lambda text: iter([text]))
    file.write_text(json.dumps(true), encoding="utf-8")
    file = file.with_name("run.json")
    fuzz(records(json.loads(file.read_bytes())), judge, hard.size(12, 10_000), counts, lambda text: iter([text]))


@st.composite
def outputs(draw: st.DrawFn) -> str:
    """Texts of the outputs of the page's cells, as JSON: the printed one, the value and the trace."""
    words = st.lists(st.sampled_from([*HOSTILE[:5], *HOSTILE[6:], "words", "\n", "1 < 2"]), max_size=3).map("".join)
    name = {"name": draw(words), "how": "bound", "type": draw(words), "value": draw(words)}
    trace = json.dumps([{"statement": draw(st.sampled_from([1, 0, 99, "1"])), "names": [name]}])
    return json.dumps([draw(words), draw(words), draw(st.sampled_from([trace, trace, "[]", "{", '[{"names": 1}]']))])


def test_no_text_of_an_output_becomes_an_element(recorded: GuideFolder, counts: Counts, tmp_path: Path) -> None:
    folder = recorded.copied(tmp_path)
    place = folder.project.outputs / "page/laptop"
    true = json.loads((place / "record.json").read_text(encoding="utf-8"))
    files = [output["files"][0] for cell in true["cells"] for output in cell["outputs"]]
    build = builds("mkdocs", "page")

    def judge(texts: str) -> str:
        for file, text in zip(files, json.loads(texts), strict=True):
            data = text.encode("utf-8", "surrogatepass")
            (place / file["file"]).write_bytes(data)
            file["sha256"] = digest(data)
        (place / "record.json").write_text(json.dumps(true), encoding="utf-8")
        return judged(folder, build)

    fuzz(outputs(), judge, hard.size(12, 10_000), counts, lambda text: iter([text]))
    assert counts.of["shown"] * 4 > counts.of.total(), "most of them are shown"
