"""Pages that really run: whose output is whose, what a page uses, and what it may not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.record.status import State
from guide_folder import SETTINGS, GuideFolder

CELLS = 40


def test_no_output_ever_stands_in_another_cells_record(folder: GuideFolder) -> None:
    ways = (
        'print({n})',
        'import os; done = os.write(1, b"{n}\\n")',
        'print({n}, end="")',
        'import sys; print({n}, file=sys.stderr)',
        'import subprocess; done = subprocess.run(["echo", "{n}"])',
        'import ctypes; done = ctypes.CDLL(None).puts(b"{n}")',
        '{n}',
        'pass',
    )  # fmt: skip
    for page in ("a", "b", "c", "d"):
        cells = (f"# %% c{n}\n{ways[n % len(ways)].format(n=f'{n}')}\n" for n in range(CELLS))
        folder.snippet(page, "".join(cells))
    for _ in range(3):
        assert not folder.run(everything=True, jobs=4).failures
        for page in ("a", "b", "c", "d"):
            for number, cell in enumerate(folder.record(page).cells):
                outputs = [folder.output(page, each.files[0].file).strip() for each in cell.outputs]
                assert outputs == ([] if number % len(ways) == 7 else [str(number)]), (page, cell.name)


DEPENDENCIES = """
    # %% all
    import json, os, tempfile
    from pathlib import Path
    import helper
    import colorsys
    root = Path(__file__).parent
    text = (root / "data.txt").read_text()
    with open("linked/deep.txt") as file:
        deep = file.read()
    names = sorted(os.listdir(root / "folder"))
    Path("written.txt").write_text("x")
    again = Path("written.txt").read_text()
    scratch = os.listdir(".")
    Path("made.txt").write_text("made")
    helper.VALUE
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page that uses a file, a linked file, a folder and a module, beside one that uses none."""
    settings = SETTINGS.replace("timeout", 'links = ["linked"]\ntimeout')
    folder = GuideFolder.make(tmp_path_factory.mktemp("used"), settings)
    for path in ("data.txt", "linked/deep.txt", "folder/name.txt"):
        folder.write(f"snippets/{path}", "old")
    folder.write("snippets/helper.py", "VALUE = 1\n")
    folder.snippet("page", DEPENDENCIES)
    folder.snippet("alone", "# %% all\nimport statistics\nprint(statistics.mean([1, 2, 3]))\n")
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    folder.without_sandbox()  # the page writes a file beside its own
    assert not folder.run().failures
    patched.undo()
    return folder


def test_what_a_page_used_is_in_its_record_and_nothing_else(used: GuideFolder) -> None:
    found = {(each.path, each.kind) for each in used.record("page").dependencies}
    assert found == {
        ("snippets/data.txt", "file"),
        ("snippets/linked/deep.txt", "file"),
        ("snippets/folder", "listing"),
        ("snippets/helper.py", "module"),
    }
    assert used.record("alone").dependencies == ()


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("data.txt", "new", "snippets/data.txt changed since the page used it"),
        ("linked/deep.txt", "new", "snippets/linked/deep.txt changed since the page used it"),
        ("helper.py", "VALUE = 2\n", "snippets/helper.py changed since the page used it"),
        ("helper.py", "VALUE = (\n", "snippets/helper.py changed since the page used it"),
        ("folder/other.txt", "", "the list of files in snippets/folder changed since the page used it"),
        ("data.txt", None, "snippets/data.txt is gone"),
    ],
)
def test_a_change_to_what_a_page_used_makes_it_stale_and_no_other(
    used: GuideFolder, path: str, text: str | None, reason: str
) -> None:
    file = used.root / "snippets" / path
    before = file.read_text() if file.exists() else None
    file.unlink() if text is None else file.write_text(text)
    try:
        found = used.status("page")
        assert found.state is State.STALE
        assert [each.what for each in found.reasons] == [reason]
        assert str(found.reasons[0].place) in reason
        assert used.status("alone").state is State.FRESH
    finally:
        file.unlink(missing_ok=True) if before is None else file.write_text(before)
    assert used.status("page").state is State.FRESH


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("helper.py", "# a comment\nVALUE = (1)\n"),
        ("folder/name.txt", "the text of a file that was only listed"),
        ("other.txt", "a file that nobody used"),
        ("another_page.py", "# %% one\n1\n"),
    ],
)
def test_any_other_change_leaves_it_fresh(used: GuideFolder, path: str, text: str) -> None:
    file = used.root / "snippets" / path
    before = file.read_text() if file.exists() else None
    file.write_text(text)
    try:
        assert used.status("page").state is State.FRESH
    finally:
        file.unlink() if before is None else file.write_text(before)


WORLD = """
    # %% names
    from __future__ import annotations
    import os, sys
    print(sorted(name for name in globals() if not name.startswith("__")))
    print(sys.argv, __name__)
    # %% surroundings
    print(os.environ.get("SECRET_TOKEN"), os.environ["TZ"], os.environ["OMP_NUM_THREADS"], os.environ["ANSWER"])
    print(os.listdir("."), os.getcwd() == os.environ["HOME"])
    # %% source
    import inspect
    def f():
        return 1
    print(inspect.getsource(f))
    # %% module
    import pickle
    class A: pass
    print(type(pickle.loads(pickle.dumps(A()))) is A, f.__module__)
    # %% later
    def g(x: undefined): ...
    g.__annotations__
    # %% leak
    import json
    json.leaked = getattr(json, "leaked", 0) + 1
    json.leaked
"""


def test_every_page_has_a_world_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    settings = SETTINGS.replace("timeout", 'environment = { ANSWER = "42" }\nimports = ["json"]\ntimeout')
    folder = GuideFolder.make(tmp_path, settings)
    folder.snippet("a", WORLD)
    folder.snippet("b", WORLD)
    assert not folder.run().failures
    for page in ("a", "b"):
        assert folder.output(page, "names.stdout.txt") == f"['annotations', 'os', 'sys']\n['{page}.py'] __main__\n"
        assert folder.output(page, "surroundings.stdout.txt") == "None UTC 1 42\n[] True\n"
        assert folder.output(page, "source.stdout.txt") == "def f():\n    return 1\n\n"
        assert folder.output(page, "module.stdout.txt") == "True __main__\n"
        assert folder.output(page, "later.value.txt") == "{'x': 'undefined'}"
        assert folder.output(page, "leak.value.txt") == "1"


HOOKS = """
    import json
    def setup(context):
        context.note(context.root / "noted")
        print("never shown")
        json.prepared = (context.page, context.profile, dict(context.parameters))
    def summarise(context, value):
        return f"<{value}>" if isinstance(value, int) else None
    def provenance(context):
        return {"model": f"of {context.page}"}
"""


def test_hooks_prepare_summarise_and_state_where_it_ran(tmp_path: Path) -> None:
    hooks = "".join(f'{name} = "hooks:{name}"\n' for name in ("setup", "summarise", "provenance"))
    folder = GuideFolder.make(tmp_path, f"{SETTINGS}[tool.galley.hooks]\n{hooks}")
    folder.write("snippets/hooks.py", HOOKS)
    folder.write("noted/deep/file.txt", "x")
    folder.snippet("page", "# %% one\n7\n# %% two\nimport json\njson.prepared\n# %% three\nNone\n")
    assert not folder.run().failures
    record = folder.record("page")
    assert folder.output("page", "one.value.txt") == "<7>"
    assert folder.output("page", "two.value.txt") == "('page', 'laptop', {})"
    assert [[each.kind for each in cell.outputs] for cell in record.cells] == [["value"], ["value"], []]
    assert record.environment.provenance == {"model": "of page"}
    assert [each.path for each in record.dependencies] == [
        "noted", "noted/deep", "noted/deep/file.txt", "snippets/hooks.py",
    ]  # fmt: skip


def test_images_are_files_beside_the_record(folder: GuideFolder) -> None:
    folder.snippet(
        "page",
        """
        # %% one
        class Drawn:
            def _repr_svg_(self): return "<svg/>"
        Drawn()
        # %% two
        class Photo:
            def _repr_png_(self): return b"\\x89PNG"
        Photo()
        # %% three
        class Neither:
            def _repr_svg_(self): return None
            def __repr__(self): return "neither"
        Neither()
        """,
    )
    assert not folder.run().failures
    place = folder.project.outputs / "page" / "laptop"
    assert (place / "one.image.svg").read_bytes() == b"<svg/>"
    assert (place / "two.image.png").read_bytes() == b"\x89PNG"
    assert folder.output("page", "three.value.txt") == "neither"


def test_an_event_that_is_too_large_fails_its_page_alone(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("galley.run.client.EVENT_LIMIT", 1 << 16)
    folder.snippet("large", "# %% one\nclass D:\n    def _repr_svg_(self): return 'x' * 300_000\nD()\n")
    folder.snippet("good", "# %% one\nprint(1)\n")
    ended = folder.run()
    assert "one event of the page has more than" in ended.failures["large"]
    assert list(ended.failures) == ["large"]
    assert folder.output("good", "one.stdout.txt") == "1\n"


def test_a_semicolon_hides_the_value_and_makes_a_record_stale(folder: GuideFolder) -> None:
    folder.snippet(
        "page", "# %% one\nprint(1)\n5;\n# %% two\nasync def f():\n    return 5\nawait f();\n# %% three\n6\n"
    )
    assert not folder.run().failures
    kinds = [[output.kind for output in cell.outputs] for cell in folder.record("page").cells]
    assert kinds == [["stdout"], [], ["value"]]
    folder.snippet("page", "# %% one\nprint(1)\n5\n# %% two\nasync def f():\n    return 5\nawait f();\n# %% three\n6\n")
    assert folder.status("page").state is State.STALE
