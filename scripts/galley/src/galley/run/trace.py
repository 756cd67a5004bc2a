"""What each statement of a cell did to the page's names: which it bound, which it changed, which it deleted."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from galley.run.describe import Brief, describe
from galley.run.show import Shown, fitting

SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NAMES = 40  # of one statement; `from x import *` binds hundreds
KEPT = 1024  # bytes that the brackets and the note of what is left out may take


class Trace:
    """Watches a namespace while a cell runs; names that begin with `_` are nobody's business."""

    def __init__(self, namespace: Mapping[str, Any], brief: Brief) -> None:
        self._namespace, self._brief = namespace, brief
        self._steps: list[dict[str, Any]] = []
        self.seconds = 0.0  # that the watching took
        self._before = self._look()

    def after(self, number: int, statement: ast.stmt) -> None:
        """Note what the statement did, which is the cell's `number`-th, from 1."""
        now, before = self._look(), self._before
        bound = set(_bound(statement))
        names: list[dict[str, Any]] = []
        for name, (identity, said) in now.items():
            if name in bound or name not in before or before[name][0] != identity:
                names.append({"name": name, "how": "bound", **said})
            elif before[name][1] != said:
                names.append({"name": name, "how": "changed", **said, "before": before[name][1]})
        names.sort(key=lambda each: each["how"])  # what it bound, then what it changed, both as they came up
        names += [{"name": name, "how": "deleted"} for name in before if name not in now]
        if names:
            left_out = len(names) - NAMES
            more = {"left_out": left_out} if left_out > 0 else {}
            self._steps.append({"statement": number, "names": names[:NAMES], **more})
        self._before = now

    def shown(self, limit: int) -> list[Shown]:
        """The trace as a JSON text with a line for each name; nothing where no statement did anything.

        What does not fit into `limit` bytes is left out, whole statements from the end.
        """
        if not self._steps:
            return []
        texts = [_written(step) for step in self._steps]
        sizes = [len(text.encode("utf-8", "backslashreplace")) for text in texts]
        kept = fitting(sizes, limit - KEPT)
        text = "[\n" + ",\n".join(texts[:kept]) + "\n]\n"
        return [Shown("trace", "json", text.encode("utf-8", "backslashreplace"), sum(sizes[kept:]))]

    def _look(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Identity and description of each name; no value is kept, so each lives and dies as in plain Python."""
        started = time.perf_counter()
        names = [name for name in self._namespace if isinstance(name, str) and not name.startswith("_")]
        seen = {name: (id(self._namespace[name]), describe(self._namespace[name], self._brief)) for name in names}
        self.seconds += time.perf_counter() - started
        return seen


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds whatever happens; of a branch or a loop only what it left can tell."""
    match node:
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.Try() | ast.TryStar() | ast.Match():
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
            return
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case ast.Name(ctx=ast.Store()):
            yield node.id
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _written(step: Mapping[str, Any]) -> str:
    lines = ",\n".join("  " + json.dumps(name, ensure_ascii=False) for name in step["names"])
    more = f', "left_out": {step["left_out"]}' if "left_out" in step else ""
    return f' {{"statement": {step["statement"]}{more}, "names": [\n{lines}\n ]}}'
