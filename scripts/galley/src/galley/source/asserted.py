"""In every process: whether a cell that is tagged as a claim has a sentence, and something that tests it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from galley.errors import GalleyError

if TYPE_CHECKING:
    from galley.source.cells import Cell


def asserts_something(cell: Cell, statements: Sequence[ast.stmt]) -> None:
    """Raises GalleyError for a claim that says nothing, or that nothing tests."""
    if not cell.caption:
        raise GalleyError("a claim without a sentence", cell.place, 'begin its code with """The sentence."""')
    within = (node for statement in statements for node in ast.walk(statement))
    if not cell.raises and not any(
        isinstance(node, ast.Assert) or _called(node).startswith("assert") for node in within
    ):
        raise GalleyError("the claim asserts nothing", cell.place, "add an assert, or take the tag away")


def _called(node: ast.AST) -> str:
    """The name of the function that a call calls; empty for other nodes."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
