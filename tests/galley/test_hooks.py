"""Hooks: one form for all, found and checked before any page runs, and told with the setting that names them."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from galley.errors import Exit
from galley.hooks import NAMES, Context, Hooks
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
    assert NAMES == ("prepare", "setup", "summarise", "brief", "explain", "provenance")
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
    hooks = "".join(f'{name} = "{name}_hook:hook"\n' for name in reversed(NAMES) if name != "prepare")
    with_hooks(folder, hooks)
    for name in NAMES:
        second = ", value" if name in ("summarise", "brief", "explain") else ""
        code = f"open({str(folder.root / 'order')!r}, 'a').write('{name} ')\ndef hook(context{second}): ...\n"
        folder.write(f"snippets/{name}_hook.py", code)
    assert not folder.run().failures
    assert (folder.root / "order").read_text().split() == list(NAMES[1:])


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
