"""Hooks: one form for all, found and checked before any page runs, and told with the setting that names them."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from galley.errors import Exit
from galley.hooks import APART, NAMES, Context, Hooks
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
imports = [{imports}]

[tool.galley.hooks]
{hooks}
[tool.galley.profiles.laptop]
required = true
"""


def with_hooks(folder: GuideFolder, hooks: str, code: str = "", imports: str = "") -> GuideFolder:
    """The guide with these hooks, in a module of its own, and a page."""
    folder.write("pyproject.toml", SETTINGS.format(hooks=hooks, imports=imports))
    folder.write("snippets/around.py", code)
    folder.snippet("page", "# %% one\nprint(1)\n")
    return folder


def test_every_hook_is_described_and_takes_the_context_first() -> None:
    assert NAMES == ("prepare", "setup", "summarise", "brief", "explain", "provenance", "revisions")
    for name in NAMES:
        hook = getattr(Hooks, name)
        assert inspect.getdoc(hook)
        assert list(inspect.signature(hook).parameters)[:2] == ["self", "context"]


def test_a_context_can_be_made_anywhere_and_notes_nothing_outside_a_page(tmp_path: Path) -> None:
    context = Context("page", "laptop", {"size": 1}, tmp_path, tmp_path)
    context.note("a")
    context.note_names("a", (".txt",))
    context.note_table("a.toml", "one")
    assert (context.page, context.profile, context.parameters, context.threads) == ("page", "laptop", {"size": 1}, 1)


WRONG = {
    "misspelt function": (
        'summarise = "around:sumarise"\n',
        "def summarise(context, value): ...\ndef other(): ...\n",
        ["summarise = \"around:sumarise\": around has no function 'sumarise'", "it has: other, summarise"],
    ),
    "no such module": ('setup = "absent:setup"\n', "", ["importing 'absent' failed", "'absent' is missing"]),
    "no function": ('setup = "around:setup"\n', "setup = 3\n", ["around has no function 'setup'"]),
    "old form": (
        'summarise = "around:summarise"\n',
        "def summarise(value): ...\n",
        ["cannot be called as the hook is", "write it as: def summarise(context, value)"],
    ),
    "too much wanted": (
        'setup = "around:setup"\n',
        "def setup(context, more): ...\n",
        ["cannot be called as the hook is", "write it as: def setup(context)"],
    ),
    "a class": ('setup = "around:Setup"\n', "class Setup:\n    def __init__(self, context): ...\n", ["is a class"]),
    "nobody awaits": ('setup = "around:setup"\n', "async def setup(context): ...\n", ["is an async function"]),
    "a generator": ('setup = "around:setup"\n', "def setup(context):\n    yield\n", ["is a generator"]),
    "a module that exits": (
        'setup = "around:setup"\n',
        "raise SystemExit(3)\n",
        ["importing 'around' failed: SystemExit: 3"],
    ),
    "a module that fails": ('setup = "around:setup"\n', "1 / 0\n", ["importing 'around' failed: ZeroDivisionError"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_hook_that_cannot_be_called_is_told_once_with_its_setting_before_any_page(
    folder: GuideFolder, case: str
) -> None:
    hooks, code, said = WRONG[case]
    done = with_hooks(folder, hooks, code).galley("run")
    assert done.returncode == Exit.RUNNER, done.stdout
    name = hooks.split()[0]
    assert f"{name} under [tool.galley.hooks]" in done.stdout
    assert "pyproject.toml" in done.stdout
    for each in said:
        assert each in done.stdout
    assert "in cell" not in done.stdout
    assert folder.status("page").state == "missing"


def test_an_import_that_is_not_there_is_told_with_its_setting_and_no_other_guides_extras(folder: GuideFolder) -> None:
    done = with_hooks(folder, "", imports='"absent_package"').galley("run")
    assert done.returncode == Exit.RUNNER
    assert "importing 'absent_package' failed: ModuleNotFoundError" in done.stdout
    assert "'absent_package' is missing" in done.stdout
    assert "imports under [tool.galley]" in done.stdout
    assert "[run]" not in done.stdout


def test_hooks_are_imported_in_the_order_in_which_they_are_described(folder: GuideFolder) -> None:
    hooks = "".join(f'{name} = "{name}_hook:hook"\n' for name in reversed(NAMES) if name not in APART)
    with_hooks(folder, hooks)
    for name in (each for each in NAMES if each not in APART):
        second = ", value" if name in ("summarise", "brief", "explain") else ""
        code = f"open({str(folder.root / 'order')!r}, 'a').write('{name} ')\ndef hook(context{second}): ...\n"
        folder.write(f"snippets/{name}_hook.py", code)
    assert not folder.run().failures
    assert (folder.root / "order").read_text().split() == [name for name in NAMES if name not in APART]


def test_a_hook_of_an_object_is_called_like_a_function(folder: GuideFolder) -> None:
    code = """
        class Hooks:
            def summarise(self, context, value):
                return f"{context.page}: {value}"
        summarise = Hooks().summarise
        """
    with_hooks(folder, 'summarise = "around:summarise"\n')
    folder.write("snippets/around.py", code)
    folder.snippet("page", "# %% one\n42\n")
    assert not folder.run().failures
    assert folder.output("page", "one.value.txt") == "page: 42"


def test_a_module_that_ends_the_runner_is_named(folder: GuideFolder) -> None:
    done = with_hooks(folder, 'setup = "around:setup"\n', "import os\nos._exit(3)\n").galley("run")
    assert done.returncode == Exit.RUNNER
    assert done.stdout.lstrip() == (
        "the runner process exited with status 3 before it could run a page\n"
        "    one of the modules that it imports may end it: around:setup\n"
    )


CALLED = {
    "setup raises": ("setup", "context", "return 1 / 0", "raised ZeroDivisionError: division by zero"),
    "setup exits": ("setup", "context", "raise SystemExit(0)", "raised SystemExit: 0"),
    "summarise raises": ("summarise", "context, value", "return 1 / 0", "raised ZeroDivisionError: division by zero"),
    "summarise exits": ("summarise", "context, value", "raise SystemExit(0)", "raised SystemExit: 0"),
    "a summary that is a number": (
        "summarise",
        "context, value",
        "return 5",
        "answered with an object of the class int, and must with a text or None",
    ),
    "a summary of bytes": (
        "summarise",
        "context, value",
        "return b'x'",
        "answered with an object of the class bytes, and must with a text or None",
    ),
    "provenance raises": ("provenance", "context", "return 1 / 0", "raised ZeroDivisionError: division by zero"),
    "facts in a list": (
        "provenance",
        "context",
        "return [('a', 1)]",
        "answered with an object of the class list, and must with facts by name (a dict whose keys are texts) or None",
    ),
    "facts by number": ("provenance", "context", "return {1: 2}", "answered with an object of the class dict, and"),
    "a fact of any class": ("provenance", "context", "return {'a': object()}", "answered with what JSON cannot hold: "),
}


@pytest.mark.parametrize("case", CALLED)
def test_a_hook_that_raises_or_answers_wrongly_fails_the_page_in_one_sentence(folder: GuideFolder, case: str) -> None:
    name, takes, body, said = CALLED[case]
    with_hooks(folder, f'{name} = "around:hook"\n', f"def hook({takes}):\n    {body}\n")
    folder.snippet("page", "# %% one\n[1]\n")
    done = folder.galley("run")
    assert done.returncode == Exit.PAGE_FAILED
    line = 2 if "raise" in said else 1
    assert f"snippets/around.py:{line}: the hook {name} (around:hook) {said}" in done.stdout
    assert "mend the hook" in done.stdout
    assert "galley/run" not in done.stdout, "no frame of galley's own"


@pytest.mark.parametrize("body", ["return 5", "return b'x'", "raise ValueError('boom')"])
def test_a_hook_that_has_no_brief_text_costs_that_text_alone(folder: GuideFolder, body: str) -> None:
    with_hooks(folder, 'brief = "around:brief"\n', f"def brief(context, value):\n    {body}\n")
    folder.snippet("page", "# %% one [trace]\nx = [1]\n")
    assert not folder.run().failures
    (found,) = [each for cell in folder.record("page").cells for output in cell.outputs for each in output.files]
    trace = folder.output("page", found.file)
    assert "the hook brief (around:brief) " in trace
    assert '"[1]"' in trace, "the value's own text stands in"


@pytest.mark.parametrize("body", ["return 5", "raise SystemExit(2)"])
def test_a_hook_that_cannot_explain_hides_nothing(folder: GuideFolder, body: str) -> None:
    with_hooks(folder, 'explain = "around:explain"\n', f"def explain(context, error):\n    {body}\n")
    folder.snippet("page", "# %% one\n1 / 0\n")
    said = folder.run().failures["page"]
    assert "snippets/page.py:2: page page (laptop) in cell one: ZeroDivisionError: division by zero\n" in said
    assert "the hook explain (around:explain) " in said
