"""The code in a model's text: from its first line of code to the first line that is none."""

import ast
import re
import warnings
from dataclasses import dataclass

from exercises.records import Pair

LONGEST = 20_000
START = re.compile(r"(def|class|import|from)\b|@")
GOES_ON = re.compile(r"(def|class|import|from)\b|@|#|[A-Z][A-Z_]* = |[)\]}]|$|\s")


@dataclass(frozen=True)
class Extracted:
    """An answer's code and the name of the function to call; `problem` says why there is none."""

    code: str = ""
    function: str = ""
    problem: str = ""


def extract(text: str, pair: Pair) -> Extracted:
    """Return the code of an answer to `pair`.

    The function is the one whose name the question asks for. Where it asks for none, it is the one that has
    the reference's name, else the first.
    """
    blocks = _blocks(_unfenced(text[:LONGEST].lstrip()))
    problem = "no function"
    while blocks:
        code = "\n".join(line for block in blocks for line in block) + "\n"
        try:
            return _chosen(code, _parsed(code), pair)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problem = f"syntax error: {error}"
            blocks.pop()  # the text may have been cut off in a later function
    return Extracted(problem=problem)


def _parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an invalid escape in the answer, for example
        return ast.parse(code)


def _chosen(code: str, tree: ast.Module, pair: Pair) -> Extracted:
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if pair.function in names:
        return Extracted(code, pair.function)
    if not names:
        return Extracted(code, problem="no function")
    if pair.named:
        return Extracted(code, problem=f"no function named {pair.function}")
    return Extracted(code, names[0])


def _unfenced(text: str) -> str:
    """Return what the first Markdown fence holds, or the text before a lone closing one."""
    parts = re.split(r"^```.*$", text, flags=re.MULTILINE)
    return parts[1] if len(parts) > 1 and not _blocks(parts[0]) else parts[0]


def _blocks(text: str) -> list[list[str]]:
    """Return the lines of code, cut before each function at the left margin."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if not blocks:
            if START.match(line):
                blocks.append([line])
        elif not GOES_ON.match(line):
            break
        elif line.startswith("def ") and any(part.startswith("def ") for part in blocks[-1]):
            blocks.append([line])
        else:
            blocks[-1].append(line)
    return blocks
