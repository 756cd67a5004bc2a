"""What galley imports and what its distribution declares are the same; what it brings is small."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from galley.record.facts import canonical

DISTRIBUTION = Path(__file__).parents[2] / "scripts" / "galley"
PROJECT = tomllib.loads((DISTRIBUTION / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GUIDE = tomllib.loads((DISTRIBUTION.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported(file: Path) -> Iterator[str]:
    """The top-level packages that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module
            yield node.module.partition(".")[0]


def holds(marker: Marker | None, extras: Iterable[str]) -> bool:
    """Whether a requirement counts on this machine, with these extras asked for or without any."""
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def brought(*wanted: str) -> set[str]:
    """The names of what pip installs for these requirements, as the installed metadata tell."""
    found: set[str] = set()
    todo = list(map(Requirement, wanted))
    while todo:
        each = todo.pop()
        with suppress(PackageNotFoundError):
            needs = map(Requirement, requires(each.name) or ())
            kept = [need for need in needs if holds(need.marker, each.extras)]
            todo += [need for need in kept if canonical(need.name) not in found]
            found |= {canonical(each.name), *(canonical(need.name) for need in kept)}
    return found


def test_every_import_is_declared_and_every_declaration_imported() -> None:
    files = (file for file in (DISTRIBUTION / "src").rglob("*.py") if "templates" not in file.parts)
    modules = {name for file in files for name in imported(file)}
    others = modules - sys.stdlib_module_names - {"galley", "pytest"}  # which alone loads what imports it
    known = packages_distributions()
    names = {canonical(known.get(module, [module])[0]) for module in others}
    declared = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    assert sorted(names) == sorted(canonical(Requirement(each).name) for each in declared)


def test_each_dependency_has_a_lower_bound() -> None:
    extras = [each for listed in PROJECT["optional-dependencies"].values() for each in listed]
    assert [each for each in (*PROJECT["dependencies"], *extras) if ">=" not in each] == []


def test_galley_brings_nothing_heavy() -> None:
    found = brought(*PROJECT["dependencies"])
    assert {"mkdocs", "pyyaml", "pygments-ansi-color"} <= found
    assert found.isdisjoint({"torch", "numpy", "matplotlib", "mkdocs-material", "ipython", "nbformat"})


def test_the_guide_without_extras_brings_all_for_prose_and_no_torch() -> None:
    for package in ("material", "torch"):
        pytest.importorskip(package, reason="the guide's own packages are not installed")
    galley, material = GUIDE["dependencies"]
    assert galley == "galley-docs @ {root:uri}/scripts/galley"
    found = brought(material, *PROJECT["dependencies"])
    assert {"mkdocs", "mkdocs-material", "markdown-exec", "click"} <= found
    assert found.isdisjoint({"torch", "transformers", "peft", "numpy", "matplotlib"})
    assert "torch" in brought(*GUIDE["optional-dependencies"]["run"])
