"""The tests themselves: no private name of galley, nothing about how long something took, and which are slow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from slow import left_out, measured, slow

FILES = sorted(Path(__file__).parent.glob("*.py"))
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "time", "time_ns"}


def names_of_others(tree: ast.AST) -> Iterator[str]:
    """The names that a module imports, takes from an object that is not its own, or has monkeypatch replace."""
    own = {"self", "cls", "os", "sys"}  # os._exit and sys._getframe have no public name
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in own):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
            texts = (each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str))
            yield from (part for text in texts for part in text.split("."))


def private(tree: ast.AST) -> set[str]:
    """The private ones of these names."""
    return {name for name in names_of_others(tree) if name.startswith("_") and not name.startswith("__")}


def reads_a_clock(node: ast.AST) -> bool:
    """Whether an expression calls one of the module time's clocks."""
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in CLOCKS for call in calls)


def timed(tree: ast.AST) -> list[int]:
    """The lines of the assertions about a clock, or about a name that has a clock's value."""
    clocked = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and reads_a_clock(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    named = {node: {each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)} for node in asserts}
    return [node.lineno for node in asserts if reads_a_clock(node.test) or named[node] & clocked]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_test_uses_no_private_name(file: Path) -> None:
    assert private(ast.parse(file.read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_test_asserts_no_wall_time(file: Path) -> None:
    assert timed(ast.parse(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    ["from galley.a import _b", "import galley._b", "galley.a._b()", 'm.setattr(a, "_b", 1)', 'm.setattr("a._b", 1)'],
)
def test_a_private_name_is_seen(code: str) -> None:
    assert private(ast.parse(code)) == {"_b"}


@pytest.mark.parametrize("code", ["import os\nos._exit(1)", "self._b", "a.__dict__", "def _b(): pass", "b_ = 1"])
def test_what_is_no_private_name_of_another_is_left_alone(code: str) -> None:
    assert private(ast.parse(code)) == set()


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("assert time.monotonic() - start < 5", [1]),
        ("took = time.perf_counter() - start\n\nassert took < 5", [3]),
        ("end = time.monotonic() + 5\nassert done\n", []),
    ],
)
def test_an_assertion_about_time_is_seen(code: str, lines: list[int]) -> None:
    assert timed(ast.parse(code)) == lines


def test_each_slow_test_is_there() -> None:
    """A test that got another name would be quick."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in FILES}
    named = [each.partition("::") for each in slow()]
    assert [(module, name) for module, _, name in named if f"\ndef {name}(" not in texts.get(module, "")] == []
    assert len(named) > 100


CASE = '<testcase classname="tests.galley.test_a" name="test_b[{}]" time="{}"/>'


@pytest.mark.parametrize(("seconds", "is_slow"), [((0.05, 0.3), True), ((0.0, 0.15), False)])
def test_a_test_is_slow_by_what_its_parameters_take_on_average(
    tmp_path: Path, seconds: tuple[float, float], is_slow: bool
) -> None:
    cases = "".join(CASE.format(number, took) for number, took in enumerate(seconds))
    (tmp_path / "times.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert measured(tmp_path / "times.xml") == ["test_a::test_b"] * is_slow


@pytest.mark.parametrize(
    ("asked", "variables", "left"),
    [
        (["."], {}, True),
        ([".", "sub"], {"CI": ""}, True),
        (["."], {"CI": "true"}, False),
        (["."], {"GALLEY_HARD": "0.1"}, False),
        (["sub/test_a.py"], {}, False),
        ([".", "sub/test_a.py::test_b"], {}, False),
    ],
)
def test_slow_tests_are_left_out_of_whole_folders_alone(
    tmp_path: Path, asked: list[str], variables: dict[str, str], left: bool
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/test_a.py").touch()
    assert left_out(asked, tmp_path, variables) is left
