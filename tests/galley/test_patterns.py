"""Every regular expression of galley is linear: none takes long over any text, and the table of inputs lacks none."""

from __future__ import annotations

import ast
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import pytest

import galley
import worst_inputs

LIMIT = 300  # seconds of wall time for all inputs together, which take four of processor time
TAKE_A_PATTERN = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn", "template"}


def test_no_pattern_takes_long_over_its_worst_input() -> None:
    program = [sys.executable, worst_inputs.__file__]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(program, env=os.environ | paths, capture_output=True, text=True, timeout=LIMIT, check=False)
    fed = done.stdout.splitlines()[-1:]
    assert done.returncode != -signal.SIGPROF, f"this takes too long: {fed}"
    assert done.returncode == 0, f"{fed} {done.stderr}"


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Each module of galley by its name; none is imported."""
    for found in pkgutil.walk_packages(galley.__path__, "galley."):
        spec = find_spec(found.name)
        assert spec is not None
        assert spec.origin is not None
        yield found.name, ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def patterns(module: str, tree: ast.Module) -> Iterator[str]:
    """The regular expressions of a module: by the name that it has at the top, and any other by its text."""
    at_the_top = {
        id(each.value): each.targets[0].id
        for each in tree.body
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (function := function_of_re(node.func)) in TAKE_A_PATTERN:
            name = at_the_top.get(id(node)) if function == "compile" else None
            yield f"{module}.{name}" if name else f"{module}: {text_of(node.args[0])}"


def function_of_re(called: ast.expr) -> str:
    """The name of what is called of the module `re`; empty for anything else."""
    of_re = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re"
    return called.attr if of_re else ""


def text_of(pattern: ast.expr) -> str:
    """A pattern as the code has it, `{}` for what is filled in."""
    if isinstance(pattern, ast.Constant):
        return str(pattern.value)
    if isinstance(pattern, ast.JoinedStr):
        return "".join(text_of(each) if isinstance(each, ast.Constant) else "{}" for each in pattern.values)
    return ast.unparse(pattern)


def test_every_pattern_has_its_worst_inputs() -> None:
    found = sorted(each for module, tree in modules() for each in patterns(module, tree))
    told = sorted(chain.from_iterable(worst.patterns for worst in worst_inputs.TABLE.values()))
    assert len(found) > 20
    assert told == sorted(set(found))
    assert all(worst.inputs for worst in worst_inputs.TABLE.values())


def test_no_pattern_hides_behind_another_name_of_re() -> None:
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("re", "regex"), module
            if isinstance(node, ast.Import):
                names = {each.name: each.asname for each in node.names}
                assert "regex" not in names, module
                assert names.get("re") is None, module


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("A = re.compile(r'a+')", ["m.A"]),
        ("def f(): B = re.compile('b')", ["m: b"]),
        ("class C:\n    D = re.compile('d')", ["m: d"]),
        ("E = [re.compile('e')]", ["m: e"]),
        ("F = re.sub(rf'{a}b{c!r}', '', text)", ["m: {}b{}"]),
        ("print(re.split(rf'{a}b{c!r}', text))", ["m: {}b{}"]),
        ("re.fullmatch(pattern, text)", ["m: pattern"]),
        ("re.escape('x') + A.sub('x', 'y')", []),
    ],
)
def test_a_pattern_is_found_wherever_it_stands(code: str, found: list[str]) -> None:
    assert list(patterns("m", ast.parse(code))) == found
