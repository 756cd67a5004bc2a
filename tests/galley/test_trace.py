"""What a traced cell says of each of its statements, whatever the values do."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from builders import BUILDERS, article, plain, text_of
from galley.kinds.describe import SHORT, describe
from galley.kinds.kind import Asked
from galley.kinds.markup import escape
from galley.kinds.trace import FRAME_BYTES, NAMES, Trace, read
from guide_folder import SETTINGS, GuideFolder


def nothing(value: object) -> str | None:
    """A hook that has nothing to say."""
    return None


def traced(source: str, limit: int = 65536, **namespace: Any) -> list[dict[str, Any]]:
    """The steps of some statements."""
    trace = Trace(namespace, Asked(limit))
    for number, statement in enumerate(ast.parse(source).body, start=1):
        exec(compile(ast.Module([statement], []), "cell", "exec"), namespace)
        trace.after(number, statement)
    shown = trace.forms()
    return json.loads(shown[0].data) if shown else []


def names(steps: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Statement, name and how, of all steps."""
    return [(step["statement"], each["name"], each["how"]) for step in steps for each in step["names"]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b = 1", [(1, "a", "bound"), (1, "b", "bound")]),
        ("a = 1\nprint('')\na = 1", [(1, "a", "bound"), (3, "a", "bound")]),
        ("x = []\nx.append(1)\nx[0] = 2", [(1, "x", "bound"), (2, "x", "changed"), (3, "x", "changed")]),
        ("x = {}\nfor i in 'ab':\n    x[i] = 1", [(1, "x", "bound"), (2, "i", "bound"), (2, "x", "changed")]),
        ("x = 1\n[x for x in 'ab']\nlambda: (x := 3)", [(1, "x", "bound")]),
        ("if (n := 3):\n    _hidden = n", [(1, "n", "bound")]),
        ("x = 1\ndel x", [(1, "x", "bound"), (2, "x", "deleted")]),
        ("import os.path\nfrom json import dumps as d", [(1, "os", "bound"), (2, "d", "bound")]),
        ("def f():\n    inner = 1\nclass C:\n    inside = 1", [(1, "f", "bound"), (2, "C", "bound")]),
        ("match [1, 2]:\n    case [a, *rest]:\n        pass", [(1, "a", "bound"), (1, "rest", "bound")]),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    pass", []),
        ("globals()['made'] = 1", [(1, "made", "bound")]),
    ],
)
def test_what_a_statement_bound_changed_or_deleted(source: str, expected: list[tuple[int, str, str]]) -> None:
    assert names(traced(source)) == expected


def test_a_change_says_what_was_before() -> None:
    (step,) = traced("x.append(2)", x=[1])
    assert step["names"][0]["before"] == {"type": "list", "length": 1, "value": "[1]"}
    assert step["names"][0]["value"] == "[1, 2]"


def test_a_value_lives_no_longer_than_without_a_trace() -> None:
    source = "import weakref\nclass C: pass\nc = C()\nr = weakref.ref(c)\nc = 1\nalive = r() is not None"
    assert traced(source)[-1]["names"][0]["value"] == "False"


def test_what_does_not_fit_is_left_out_and_counted() -> None:
    source = "\n".join(f"x{number} = 'y' * 100" for number in range(100))
    trace = Trace(namespace := {}, Asked(FRAME_BYTES + 4096))
    for number, statement in enumerate(ast.parse(source).body, start=1):
        exec(compile(ast.Module([statement], []), "cell", "exec"), namespace)
        trace.after(number, statement)
    (shown,) = trace.forms()
    kept = json.loads(shown.data)
    assert 0 < len(kept) < 100
    assert len(shown.data) < FRAME_BYTES + 4096
    assert shown.cut > 100 * (100 - len(kept))
    (many,) = traced(f"globals().update({{f'x{{n}}': n for n in range({NAMES + 3})}})")
    assert len(many["names"]) == NAMES
    assert many["left_out"] == 3


class Array:
    """Has what an array has."""

    class dtype:  # noqa: N801
        def __str__(self) -> str:
            return "library.float32"

    shape, dtype, device = (2, 3), dtype(), "cpu"

    def __repr__(self) -> str:
        return "Array([1,\n       2])"


class Hostile:
    """Raises whatever it is asked."""

    @property
    def shape(self) -> object:
        raise RuntimeError("no shape")

    def __repr__(self) -> str:
        raise SystemExit(3)


class Worse:
    """Raises an error that raises."""

    def __repr__(self) -> str:
        class OwnError(Exception):
            def __str__(self) -> str:
                raise ValueError

        raise OwnError


class Liar:
    """Says that it is a module, and has a device that must not be asked for."""

    __class__ = type(ast)  # type: ignore[assignment]

    @property
    def device(self) -> str:
        raise AssertionError("asked")

    def __repr__(self) -> str:
        return "x" * 10_000_000


def test_values_are_described_by_what_they_have() -> None:
    assert describe(Array(), nothing) == {
        "type": "Array", "shape": [2, 3], "dtype": "float32", "device": "cpu", "value": "Array([1, 2])"
    }  # fmt: skip
    assert describe(ast, nothing) == {"type": "module", "value": "ast"}
    assert describe(ast.Name, nothing) == {"type": "class", "value": "from ast"}
    assert describe(names, nothing)["type"] == "function"
    assert describe(names, nothing)["value"].startswith("names(steps: ")
    assert describe({"b": "é  é", "a": {1, 3, 2}}, nothing)["value"] == "{'b': 'é  é', 'a': {1, 2, 3}}"
    assert describe(7, lambda value: "seven")["value"] == "seven"


def test_hostile_values_are_described_all_the_same() -> None:
    said = describe(Hostile(), nothing)
    assert said == {
        "type": "Hostile", "value": "", "error": "shape raised RuntimeError: no shape; repr raised SystemExit: 3"
    }  # fmt: skip
    assert describe(Worse(), nothing)["error"] == "repr raised OwnError"
    liar = describe(Liar(), nothing)
    assert liar["type"] == "Liar"
    assert len(liar["value"]) == SHORT
    assert "Hostile, whose repr raised SystemExit" in describe([Hostile()], nothing)["value"]
    assert describe(3, lambda value: 1 // 0 * "")["error"].startswith("the hook brief raised ZeroDivisionError")
    itself: list[Any] = []
    itself.append(itself)
    assert len(describe(itself, nothing)["value"]) < SHORT
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(describe(deep, nothing)["value"]) < SHORT
    assert describe(10**6000, nothing)["type"] == "int"


SOURCE = """\
# %% shown [trace]
import json
# a comment
values = [
    1,
    2,
]
class Thing:
    pass
thing = Thing()
_hidden = "<hidden>"
values.append("<b>&</b>")
values

# %% failing [trace] raises="KeyError"
found = {}
found["a"]
# %% bare [trace]
print("nothing is bound")
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    profiles = f'{SETTINGS}\n[tool.galley.profiles.other]\ntitle = "Other"\n'
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("traced"), profiles))
    folder.snippet("one", SOURCE)
    assert not folder.run().failures
    return folder


def test_a_trace_is_recorded_as_text_and_is_the_same_at_every_run(recorded: GuideFolder) -> None:
    text = recorded.output("one", "shown.trace.json")
    assert [step["statement"] for step in json.loads(text)] == [1, 2, 3, 4, 6]
    assert "hidden" not in text
    assert "Thing object at 0x…>" in text
    assert [each.kind for each in recorded.record("one").cells[0].outputs] == ["trace", "value"]
    assert json.loads(recorded.output("one", "failing.trace.json"))[0]["names"][0]["name"] == "found"
    assert [each.kind for each in recorded.record("one").cells[2].outputs] == ["stdout"]
    before = recorded.recorded()
    assert not recorded.run(everything=True).failures
    assert {name: data for name, (data, _) in recorded.recorded().items()} == {
        name: data for name, (data, _) in before.items()
    }  # fmt: skip


@pytest.mark.parametrize("builder", BUILDERS)
def test_numbers_lead_to_rows_and_back(recorded: GuideFolder, builder: str) -> None:
    BUILDERS[builder](recorded)
    html = article(recorded.root / "site", "one")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    links = re.findall(r'href="#(cell-one-[^"]+)"', html)
    assert len(links) == 2 * (5 + 1)
    assert set(links) <= set(ids)
    assert 'style="grid-row:3/7"' in html, "the list's lines in the code as it stands now"
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in html
    assert "<b>&" not in html
    assert "list 3 items was 2 items" in text_of(html)


def test_each_profile_has_its_own_numbers(recorded: GuideFolder, tmp_path: Path) -> None:
    shutil.copytree(recorded.root, tmp_path, dirs_exist_ok=True)
    folder = GuideFolder(tmp_path)
    assert not folder.run("one", profiles=("other",)).failures
    BUILDERS["mkdocs"](folder)
    html = article(folder.root / "site", "one")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert "cell-one-shown-laptop-trace-1" in ids
    assert "cell-one-shown-other-trace-code-1" in ids
    assert html.count("galley-traced") == 4


BRANCHES = "# %% one [trace]\nx = 0\nif x:\n    x = 1\nfor x in []:\n    pass\nfor x in [2]:\n    pass\n"


def test_a_branch_that_is_not_taken_binds_nothing(folder: GuideFolder) -> None:
    folder.snippet("page", BRANCHES)
    assert not folder.run().failures
    steps = json.loads(folder.output("page", "one.trace.json"))
    assert [step["statement"] for step in steps] == [1, 4]


def test_half_a_character_in_a_trace_is_shown_as_the_sign_for_one() -> None:
    (step,) = read(rb'[{"statement": 1, "names": [{"value": "a \ud800 \ud83d\ude00"}]}]')
    assert escape(step["names"][0]["value"]).encode() == "a \ufffd \U0001f600".encode()
