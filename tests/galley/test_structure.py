"""How galley is built: imports run one way, each module says in which process it runs, and one room knows one thing."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

import galley

ROOT = Path(galley.__file__).parent
# From the ground up. A module imports from rooms below its own, and from its own room without a circle.
ROOMS = (
    "errors",
    "words",
    "system",
    "hooks",
    "toml",
    "folders",
    "profile",
    "config",
    "plugins",
    "source",
    "record",
    "kinds",
    "run",
    "export",
    "convert",
    "site",
    "review",
    "serve",
    "terminal",
    "update",
    "start",
    "commands",
    "cli",
    "pytest_plugin",
)
PROCESSES = (
    "In the command",
    "In the runner",
    "In a page's child",
    "In the builder",
    "In pytest's process",
    "In every process",
)
MODULES = {
    ".".join(["galley", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if not path.is_relative_to(ROOT / "start/templates")  # the files of guides to be
}


def imported(name: str, *, for_types: bool = True) -> set[str]:
    """The modules of galley that a module imports, wherever in it that stands; those `for_types` alone too, or not."""
    found = set()
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    typed = [each for each in ast.walk(tree) if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"]
    left_out = {id(node) for each in typed for node in ast.walk(each)} if not for_types else set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{name} imports from where it stands, not from its name"
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        found |= {each for each in names if each in MODULES}
    return found - {name, "galley"}


def room(name: str) -> str:
    """The room that a module is in."""
    return name.split(".")[1]


INSIDE = [name for name in MODULES if name != "galley"]


@pytest.mark.parametrize("name", INSIDE)
def test_imports_run_one_way(name: str) -> None:
    wrong = {other for other in imported(name) if ROOMS.index(room(other)) > ROOMS.index(room(name))}
    assert not wrong, f"{name} is below {wrong}"


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {name: imported(name, for_types=False) for name in INSIDE}

    def below(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " imports ".join([*way[way.index(name) :], name])
        for other in graph[name] if name not in done else ():
            below(other, (*way, name))
        done.add(name)

    done: set[str] = set()
    for name in INSIDE:
        below(name, ())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_in_which_process_it_runs(name: str) -> None:
    said = ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8"))) or ""
    assert any(process in " ".join(said.split()) for process in PROCESSES), f"{name}: {said[:200]}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_one_subject_and_short_functions(name: str) -> None:
    text = MODULES[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 330
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 45, f"{name}: {node.name}"


def test_galley_knows_nothing_of_one_guides_subject() -> None:
    words = re.compile(r"\b(?:torch|transformers|peft|huggingface|tokenizer|stdlib.coder|astraios)\b", re.IGNORECASE)
    for name, path in MODULES.items():
        assert not words.search(path.read_text(encoding="utf-8")), name


def test_the_rooms_are_in_the_order_in_which_contributing_draws_them() -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = [text.index(f"`{name}`") for name in ROOMS]
    assert all(one < other for one, other in pairwise(places))
