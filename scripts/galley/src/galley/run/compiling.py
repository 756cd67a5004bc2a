"""The code of a page's statements, as deep as Python itself takes them.

In a page's child. A statement is parsed with its page and compiled by itself, so that each can be watched. Up to
Python 3.11 a tree may be compiled only as deep as functions may call each other, which is a third of what a text may
have: a sum of 1,500 terms runs in plain Python and would not here.
"""

from __future__ import annotations

import ast
import sys
from types import CodeType

DEEPER = 4  # times the depth of calls: what a text can have at most, and some more


def compiled(tree: ast.Module | ast.Expression, path: str, mode: str, flags: int) -> CodeType:
    """The code of a tree. Raises what `compile` raises."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPER * usual)
    try:
        code: CodeType = compile(tree, path, mode, flags, dont_inherit=True)
        return code
    finally:
        sys.setrecursionlimit(usual)
