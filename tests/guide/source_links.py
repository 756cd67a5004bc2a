"""Links into the libraries' sources, held against the installed files."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

# Repository: the package, and the folder of the repository that an installation has as the package's parent.
REPOSITORIES = {
    "huggingface/transformers": ("transformers", "src/"),
    "huggingface/peft": ("peft", "src/"),
    "pytorch/pytorch": ("torch", ""),
    "huggingface/accelerate": ("accelerate", "src/"),
    "bitsandbytes-foundation/bitsandbytes": ("bitsandbytes", ""),
}
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<url>https://github\.com/[^)\s]+)\)")
FORM = re.compile(
    r"https://github\.com/(?P<repository>[\w-]+/[\w-]+)/blob/v?(?P<version>[^/]+)/(?P<path>[^#]+)#L(?P<line>\d+)$"
)
# What is not installed cannot be looked into; its files are named at a commit, where they never change.
PERMANENT = re.compile(
    r"https://github\.com/(?:bigcode-project/astraios|artidoro/qlora|ggml-org/llama.cpp|vllm-project/vllm)/blob/[0-9a-f]{40}/[^#]+$"
)


@dataclass(frozen=True)
class SourceLink:
    """A link to a symbol's line, and where it stands."""

    page: str
    line: int
    text: str
    url: str


def source_links(page: str, text: str) -> list[SourceLink]:
    """The links of a page that lead into a repository's files."""
    return [
        SourceLink(page, text.count("\n", 0, found.start()) + 1, found["text"], found["url"])
        for found in LINK.finditer(text)
        if "/blob/" in found["url"]
    ]


def wrong_with(link: SourceLink) -> str:
    """What is wrong with a link; nothing where its line defines the symbol that it names."""
    if PERMANENT.match(link.url):
        return ""
    form = FORM.match(link.url)
    if not form or form["repository"] not in REPOSITORIES:
        return "not of the form https://github.com/OWNER/NAME/blob/vVERSION/PATH#LINE of a known repository"
    package, prefix = REPOSITORIES[form["repository"]]
    installed = version(package).partition("+")[0]
    if form["version"] != installed:
        return f"leads to {package} {form['version']}, and {installed} is installed"
    file = _folder(package).parent / form["path"].removeprefix(prefix)
    if not file.is_file():
        return f"{package} {installed} has no file {form['path']}"
    named = re.fullmatch(r"`([\w.]+)(?:\(\))?`", link.text)
    if not named:
        return f"the text '{link.text}' names no symbol in backticks"
    symbol = named[1]
    at = _definitions(file, symbol)
    if int(form["line"]) not in at:
        return (
            f"line {form['line']} of {form['path']} does not define {symbol}; it is defined at {sorted(at) or 'none'}"
        )
    return ""


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _definitions(file: Path, symbol: str) -> set[int]:
    """The lines that define or assign a name; of `Class.name` only those inside that class."""
    holder, _, name = symbol.rpartition(".")
    lines: set[int] = set()

    def look(node: ast.AST, inside: str) -> None:
        for child in ast.iter_child_nodes(node):
            names: set[str | None] = set()
            if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                names = {child.name}
            elif isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                names = {getattr(target, "id", None) or getattr(target, "attr", None) for target in targets}
            if name in names and (not holder or inside == holder):
                lines.add(child.lineno)
            look(child, child.name if isinstance(child, ast.ClassDef) else inside)

    look(_tree(file), "")
    return lines
