"""The digest of code: what must change it, what must not, and that every Python agrees on it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from galley.source.digest import code_digest, is_string, module_digest

CODE = Path(code_digest.__code__.co_filename)
NEWER = ("3.12", "3.13", "3.14")

TRICKY = [
    "f'{x}'",
    "f'a{x}b{y!r}c'",
    "f'{x:}' f'{x:>{width}}' f'{x:>{width}.{precision}f}'",
    "f'{x:{width}{kind}}' if 1 else f'{x!s:^10}'",
    "f'{x=}' f'{ x = }' f'{x=!s:>5}' f'{x + 1 = :.2f}'",
    "f'{{}}{x}{{' '}}'",
    "f'' '' f'{z}' ''",
    "'a' f'{x}' 'b' f'c' 'd'",
    "f'{x}' r'\\d' rf'\\d{x}'",
    'f"""\n{x}\n  {y:\n}"""',
    "f'{d[\"key\"]}' + f\"{d['key']}\"",
    "f'{(lambda q: q * 2)(3)}' f'{ {1: 2}[1] }'",
    'f\'{f"{x}"}\' f\'{"nested" + f"{y:>{w}}"}\'',
    "f'\\N{BULLET}\\x41{x}\\u2028'",
    "f'{x!a}' ; b'bytes\\x00' + rb'\\raw'",
    "u'old' + 'new'",
    "1_000, 0xFF, 0o17, 0b11, 1e10, 1e400, 3j, -0.0, 1.5e-7j",
    "'naïve' + 'ünïcödé 🐍' ; größe = 1 ; ﬁ = 2",
    "if (n := len(a)) > 1: pass",
    "match p:\n case {'k': [1, *rest], **more} if rest: pass\n case P(x=0, y=None | True) as q: pass\n case _: pass",
    "async def f():\n async with a as b, c: pass\n async for i in j: await k\n return [x async for x in y]",
    "@deco(1)\n@other.one\ndef f(a, /, b: int = 1, *args: str, c, d=lambda x=1, *, y=2: x, **kw) -> list[int]: ...",
    "class A(B, metaclass=M):\n x: int\n y: 'str' = 2\n (z): int = 3",
    "try: pass\nexcept* (A, B) as e: raise X from e\nelse: pass\nfinally: pass",
    "try: pass\nexcept A: raise\nexcept: pass",
    "with (open(a) as b, open(c)): pass",
    "x[1:2, ::3, ...]; del a, b[0]; global g; a, *b = c",
    "print(*a, *b, sep='', **c, **d)",
    "x: Callable[..., tuple[int, ...]] | None = None",
    "def g():\n yield\n x = yield from y\n return None",
    "while True:\n break\nelse:\n continue_ = 1",
    "assert x, 'message'\nfrom . import a as b\nfrom ..c import *\nimport d.e as f",
    "a if b else c; not a; a < b <= c is not d not in e; a @ b; a //= b; {**a, 'b': 1}; {1, *s}",
    "'one' \"two\"\n'''three'''",
]

SAME = {
    "comment": ("x = 1", "# why\nx = 1  # because"),
    "quotes": ("print('a')", 'print("a")'),
    "layout": ("f(a, b)", "f(\n    a,\n    b,\n)"),
    "blank lines": ("a = 1\nb = 2", "a = 1\n\n\nb = 2\n"),
    "semicolons": ("a = 1; b = 2", "a = 1\nb = 2"),
    "parentheses": ("x = (1 + 2)", "x = 1 + 2"),
    "a split string": ("x = 'ab'", "x = (\n    'a'\n    'b'\n)"),
    "string prefix": ("u'a'", "'a'"),
    "number case": ("0XFF + 1E5", "0xff + 1e5"),
    "escape case": ("'\\xAB'", "'\\xab'"),
    "deleted tuple": ("del (a, b)", "del a, b"),
    "annotation": ("x: (int) = 1", "x: int = 1"),
    "quotes in an f-string": ("f'{d[\"k\"]}'", "f\"{d['k']}\""),
    "a split f-string": ("f'a{x}b'", "(f'a{x}' 'b')"),
    "no bases": ("class A(): pass", "class A: pass"),
    "with in parentheses": ("with (a as b): pass", "with a as b: pass"),
    "a tuple in parentheses": ("for (a, b) in c: pass", "for a, b in c: pass"),
}

DIFFERENT = {
    "one character": ("x = 10", "x = 11"),
    "type of a number": ("x = 1", "x = 1.0"),
    "truth": ("x = 1", "x = True"),
    "bytes": ("x = 'a'", "x = b'a'"),
    "name": ("foo()", "fop()"),
    "operator": ("a + b", "a - b"),
    "none": ("return_ = None", "return_ = ..."),
    "order": ("a = 1\nb = 2", "b = 2\na = 1"),
    "keyword": ("f(a=1)", "f(b=1)"),
    "star": ("f(a)", "f(*a)"),
    "conversion": ("f'{x!r}'", "f'{x!s}'"),
    "format": ("f'{x:.2f}'", "f'{x:.3f}'"),
    "space in a string": ("'a b'", "'a  b'"),
    "f-string or not": ("f'{x}'", "'{x}'"),
    "default": ("def f(a=1): pass", "def f(a=2): pass"),
    "positional only": ("def f(a, /): pass", "def f(a): pass"),
    "async": ("def f(): pass", "async def f(): pass"),
    "return": ("def f(): return", "def f(): return 0"),
    "match none": ("match x:\n case None: pass", "match x:\n case True: pass"),
    "key that is None": ("{None: 1}", "{**1}"),
    "walrus": ("(a := 1)", "a = 1"),
    "nesting": ("if a:\n b\nc", "if a:\n b\n c"),
    "text beside a field": ("f'a{x}'", "f'{x}a'"),
    "sign of zero": ("-0.0", "0.0"),
}


def digest(source: str) -> str:
    """The digest of some source."""
    return code_digest(ast.parse(source).body)


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_layout_leaves_the_digest_alone(one: str, other: str) -> None:
    assert digest(one) == digest(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_code_changes_the_digest(one: str, other: str) -> None:
    assert digest(one) != digest(other)


def nested(depth: int, innermost: int) -> ast.stmt:
    """A sum of many terms, deeper than Python reads one from text."""
    whole: ast.expr = ast.Constant(innermost)
    for _ in range(depth):
        whole = ast.BinOp(whole, ast.Add(), ast.Constant(1))
    return ast.Expr(whole)


def test_a_tree_of_any_depth_has_a_digest() -> None:
    assert code_digest([nested(5_000, 1)]) == code_digest([nested(5_000, 1)])
    assert code_digest([nested(5_000, 1)]) != code_digest([nested(5_000, 2)])


def test_a_deep_tree_is_written_as_a_flat_one_is() -> None:
    """The digests of sums with 99 to 101 and with 301 terms, as a writer without parts gives them."""
    assert [code_digest([nested(depth, 1)])[:12] for depth in (98, 99, 100, 101, 300)] == [
        "0545142d1266",
        "8dccf84b4a2d",
        "532fdd5015d8",
        "9fa4267b5cad",
        "742ba8e754a9",
    ]


def test_an_integer_of_thousands_of_digits_has_a_digest() -> None:
    assert digest(f"0x{'f' * 9_000}") != digest(f"0x{'f' * 8_999}e")


def test_all_tricky_sources_have_digests_of_their_own() -> None:
    assert len({digest(source) for source in TRICKY}) == len(TRICKY)


def test_a_module_digest_is_blind_to_docstrings_only() -> None:
    with_docstrings = '"""M."""\nx = 1\ndef f():\n    """F."""\n    return 1\nclass A:\n    """A."""\n'
    without = "x = 1\ndef f():\n    return 1\nclass A: pass\n".replace("class A: pass", "class A:\n    'other'\n")
    assert module_digest(with_docstrings) == module_digest(without)
    assert module_digest("x = 1") != module_digest("x = 2")
    assert module_digest("x = 'a'\n'b'") != module_digest("x = 'a'")


@pytest.mark.parametrize(("source", "string"), [("'a'", True), ("b'a'", False), ("f'a'", False), ("1", False)])
def test_only_a_plain_string_is_a_caption(source: str, string: bool) -> None:
    assert is_string(ast.parse(source).body[0]) is string


def others() -> dict[str, str]:
    """Newer Pythons at hand that start, by version."""
    beside = Path(sys.base_prefix).parent
    found = {}
    for version in NEWER:
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            continue
        on_path = shutil.which(f"python{version}")
        for each in (*sorted(map(str, beside.glob(f"{version}.*/bin/python"))), *([on_path] if on_path else [])):
            asked = [each, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
            if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == version:
                found[version] = each
                break
    return found


PROGRAM = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("code_under_test", sys.argv[1])
code = importlib.util.module_from_spec(spec)
spec.loader.exec_module(code)
import ast, warnings
warnings.simplefilter("ignore")
sources = json.load(sys.stdin)
print(json.dumps([code.code_digest(ast.parse(each).body) for each in sources]))
"""


def digests(python: str, sources: list[str]) -> list[str]:
    """The digests of some sources under another interpreter."""
    asked = [python, "-I", "-c", PROGRAM, str(CODE)]
    done = subprocess.run(asked, input=json.dumps(sources), capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


@cache
def library() -> list[str]:
    """Files of this Python's standard library that are not too long, those with the most f-strings first."""
    paths = [path for path in Path(sysconfig.get_path("stdlib")).glob("*.py") if path.stat().st_size < 30_000]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return sorted(texts, key=lambda text: (-text.count("f'") - text.count('f"'), text))[:32]


@pytest.mark.parametrize("version", NEWER)
def test_other_pythons_give_the_same_digests(version: str) -> None:
    python = others().get(version)
    if python is None:
        pytest.skip(f"no other Python {version} on the path or beside {sys.base_prefix}")
    sources = [*TRICKY, *library()]
    here, there = [digest(source) for source in sources], digests(python, sources)
    assert len(sources) > 60
    assert [source[:80] for source, a, b in zip(sources, here, there, strict=True) if a != b] == []
