"""How a changed output is classed and described, and what may excuse it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from galley.errors import GalleyError
from galley.kinds import Kinds, kinds_of
from galley.record.compare import Compared, changes
from galley.record.difference import Change, Difference, of_lines, of_text
from galley.record.model import CellRecord, Environment, Form, Output, OutputFile, Record
from galley.source.cells import SnippetFile
from galley.source.digest import digest
from guide_folder import GuideFolder

LOSS = ("where", "was", "now", "by")


@pytest.mark.parametrize(
    ("old", "new", "change", "what"),
    [
        ("a\n", "a\n", Change.SAME, "same"),
        ("a b\n", "a  b", Change.WHITESPACE, "differs in whitespace only"),
        ("loss 1.00001", "loss 1.00002", Change.WITHIN, "differs in numbers, by less than 0.0001 of their size"),
        ("loss 1.0", "loss 1.1", Change.NUMBERS, "differs from line 1 on: 'loss 1.0' became 'loss 1.1'"),
        ("a\nb\nc", "a\nx\nc", Change.TEXT, "differs from line 2 on: 'b' became 'x'"),
        ("a\nb", "a\nb\nc", Change.TEXT, "has 3 lines, had 2"),
        ("x 0", "x 1", Change.NUMBERS, "differs from line 1 on: 'x 0' became 'x 1'"),
        ("1.0 a", "1.0 b", Change.TEXT, "differs from line 1 on: '1.0 a' became '1.0 b'"),
        ("-1.0", "1.0", Change.TEXT, "differs from line 1 on: '-1.0' became '1.0'"),
        ("1e10", "1e-10", Change.NUMBERS, "differs from line 1 on: '1e10' became '1e-10'"),
        ("a 1 2", "a 1.0 2", Change.WITHIN, "differs in numbers, by less than 0.0001 of their size"),
        ("a" * 59 + "b", "a" * 59 + "c", Change.TEXT, f"differs from line 1 on: '{'a' * 59}b' became '{'a' * 59}c'"),
        ("a" * 60 + "b", "a" * 60 + "c", Change.TEXT, f"differs from line 1 on: …'{'a' * 20}b' became …'{'a' * 20}c'"),
        ("a" * 70, "a" * 70 + "b" * 30, Change.TEXT,
         f"differs from line 1 on: …'{'a' * 20}' became …'{'a' * 20}{'b' * 30}'"),
    ],
)  # fmt: skip
def test_a_change_is_classed_and_described(old: str, new: str, change: Change, what: str) -> None:
    found = of_text(old, new)
    assert (found.change, found.what) == (change, what)
    assert all(len(row) == len(found.head) for row in found.rows)


def test_a_long_line_is_described_from_where_it_differs() -> None:
    assert of_text("same " * 30 + "old", "same " * 30 + "new").what.endswith(
        "same same old' became …'same same same same new'"
    )


def test_a_long_line_is_described_in_part() -> None:
    assert len(of_text("a" * 1000, "b" * 1000).what) < 200


def test_the_classes_are_in_the_order_of_their_gravity() -> None:
    found = sorted(Change, key=lambda change: change.gravity)
    assert found == list(Change)
    assert Change.WITHIN.gravity < Change.WARNINGS.gravity < Change.TABLE.gravity < Change.NUMBERS.gravity
    assert Change.NUMBERS.gravity < Change.TEXT.gravity < Change.ERROR.gravity


def test_a_stated_tolerance_is_the_limit() -> None:
    assert of_text("loss 1.00", "loss 1.01").change is Change.NUMBERS
    assert of_text("loss 1.00", "loss 1.01", 0.02).change is Change.WITHIN
    assert of_text("loss 1.00, b 3", "loss 1.01, b 4", 0.02).change is Change.NUMBERS
    assert of_text("loss 1", "loss 2", 0.5).change is of_text("loss 2", "loss 1", 0.5).change is Change.WITHIN


def test_numbers_are_told_one_by_one() -> None:
    found = of_text("a 1\nb 2 3\n", "a 1\nb 2 4\n")
    assert (found.head, found.rows) == (LOSS, (("line 2", "3", "4", "0.25"),))
    assert len(of_text("1 " * 1000, "2 " * 1000).rows) == 100
    assert of_text("a 1 2", "a 1.0 2").rows == (("line 1", "1", "1.0", "0"),)


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("def sort(a):\n  b c d\n", "def sort(a):\n  b x y\n", ("line 2, word 2", "c d\n", "x y\n")),
        ("one two", "one", ("line 1, word 2", "two", "(its end)")),
        ("one\n", "one\ntwo\n", ("line 2, word 1", "(its end)", "two\n")),
        ("one", "one\ntwo", ("line 2, word 1", "(its end)", "two")),
        ("a", "b", ("line 1, word 1", "a", "b")),
        ("a " * 200, "b " * 200, ("line 1, word 1", "a " * 150, "b " * 150)),
    ],
)
def test_a_text_is_told_from_the_word_on_at_which_it_departs(old: str, new: str, row: tuple[str, ...]) -> None:
    assert of_text(old, new).rows == (row,)


def test_warnings_are_told_as_new_and_gone() -> None:
    found = of_lines("old: a\nsame: b\nsame: b\n", "same: b\nsame: b\nnew: c\n")
    assert found.change is Change.WARNINGS
    assert found.what == "has 1 line new and 1 line gone: 'new: c'"
    assert found.rows == (("gone", "old: a"), ("new", "new: c"))
    assert of_lines("a\n", "a\na\n").what == "has 1 line new: 'a'"
    for length, more in ((60, ""), (61, "…")):
        assert of_lines("a\n", "a\n" + "b" * length).what == f"has 1 line new: '{'b' * 60}'{more}"
    assert len(of_lines("", "".join(f"{number}: a\n" for number in range(200))).rows) == 100
    assert of_lines("a\nb\n", "b\na\n").change is Change.TEXT, "another order"
    assert of_lines("took 1.00000 of it", "took 1.00001 of it").change is Change.WITHIN


def compared(kind: str, was: bytes, now: bytes, mime: str = "text/plain", tolerance: float = 1e-4) -> Difference:
    """What the kind says of two outputs."""
    kinds, forms = Kinds(), [Form(mime, "x", data) for data in (was, now)]
    before, after = (Compared(form, kinds.compared(kind, form)) for form in forms)
    return kinds.difference(kind, before, after, tolerance)


def test_an_error_of_another_class_is_graver_than_another_message() -> None:
    found = compared("error", b"KeyError: 'a'\n", b"ValueError: 'a'\n")
    assert found.change is Change.ERROR
    assert found.what == "is of another class: 'KeyError' became 'ValueError'"
    assert ("message", "KeyError: 'a'", "ValueError: 'a'") in found.rows
    assert compared("error", b"KeyError: 'a'\n", b"KeyError: 'b'\n").change is Change.TEXT


TABLE = b"method\tloss\tnote\nLoRA\t0.5\tbest\nIA3\t0.70\t\n"


@pytest.mark.parametrize(
    ("old", "new", "change", "what", "rows"),
    [
        (b"0.5", b"0.6", Change.TABLE, "differs in 1 cell, first in 'loss' of 'LoRA': '0.5' became '0.6'",
         [("LoRA", "loss", "0.5", "0.6", "0.17")]),
        (b"0.5", b"0.50001", Change.WITHIN, "differs in the numbers of 1 cell, by less than 0.0001 of their size",
         [("LoRA", "loss", "0.5", "0.50001", "2e-05")]),
        (b"0.5", b"0.5 %", Change.TABLE, "differs in 1 cell, first in 'loss' of 'LoRA': '0.5' became '0.5 %'",
         [("LoRA", "loss", "0.5", "0.5 %", "0")]),
        (b"best", b"good", Change.TABLE, "differs in 1 cell, first in 'note' of 'LoRA': 'best' became 'good'",
         [("LoRA", "note", "best", "good", "")]),
        (b"note", b"remark", Change.TABLE, "has a column 'remark' more, no column 'note' any more", []),
        (b"IA3\t0.70\t\n", b"", Change.TABLE, "has 1 rows, had 2", []),
        (b"method\tloss", b"loss\tmethod", Change.TABLE, "has its columns in another order", []),
        (b"IA3\t0.70\t\n", b"IA3\n", Change.TEXT, None, None),
    ],
)  # fmt: skip
def test_a_table_is_compared_cell_by_cell(
    old: bytes, new: bytes, change: Change, what: str | None, rows: list[tuple[str, ...]] | None
) -> None:
    found = compared("table", TABLE, TABLE.replace(old, new))
    assert found.change is change
    assert what in (None, found.what)
    assert rows is None or list(found.rows) == rows


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><title>Loss</title><path d="M 10.5 20"/><text x="1">0.5</text></svg>'


@pytest.mark.parametrize(
    ("old", "new", "change", "what"),
    [
        (b"10.5", b"10.50001", Change.WITHIN, "differs in numbers, by less than 0.0001 of their size"),
        (b"10.5", b"30", Change.IMAGE, "says the same and is drawn at other places"),
        (b">0.5<", b">0.7<", Change.IMAGE, "says '0.7', said '0.5'"),
        (b"Loss", b"Gain", Change.IMAGE, "says 'Gain', said 'Loss'"),
        (b"<path ", b'<path id="a" ', Change.IMAGE, "is another drawing with the same words"),
        (b"<title>Loss</title>", b"", Change.IMAGE, "is another drawing"),
    ],
)
def test_a_drawing_is_compared_by_its_words_and_places(old: bytes, new: bytes, change: Change, what: str) -> None:
    found = compared("image", SVG, SVG.replace(old, new), "image/svg+xml")
    assert (found.change, found.what) == (change, what)


def test_a_picture_is_compared_by_its_pixels() -> None:
    pillow = pytest.importorskip("PIL.Image")

    def png(colour: tuple[int, int, int], size: tuple[int, int] = (20, 10), **options: int) -> bytes:
        picture, file = pillow.new("RGB", (20, 10), (10, 20, 30)), io.BytesIO()
        picture.paste(colour, (0, 0, 5, 4))
        picture.resize(size).save(file, "PNG", **options)
        return file.getvalue()

    mime = "image/png"
    found = compared("image", png((10, 20, 30)), png((10, 20, 81)), mime)
    assert (found.change, found.what) == (
        Change.IMAGE,
        "differs in 20 of 200 pixels (0.1 of them), by at most 51 of 255",
    )
    found = compared("image", png((1, 2, 3)), png((1, 2, 3), size=(10, 5)), mime)
    assert found.what == "has 10 × 5 pixels, had 20 × 10"
    assert compared("image", png((1, 2, 3)), png((1, 2, 3), compress_level=0), mime).change is Change.SAME
    assert "no picture that can be read" in compared("image", png((1, 2, 3)), b"no picture", mime).what
    assert compared("image", png((1, 2, 3)), png((4, 2, 3)), "image/webp").change is Change.BYTES


def test_two_photographs_are_compared_by_their_pixels_too() -> None:
    pillow = pytest.importorskip("PIL.Image")
    photographs = []
    for colour in ((0, 0, 0), (51, 51, 51)):
        file = io.BytesIO()
        pillow.new("RGB", (16, 16), colour).save(file, "JPEG")
        photographs.append(file.getvalue())
    found = compared("image", *photographs, "image/jpeg")
    assert found.what == "differs in 256 of 256 pixels (1 of them), by at most 51 of 255"


def test_pixels_need_pillow_and_the_difference_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert 'pip install "galley-docs[images]"' in compared("image", b"a", b"b", "image/png").what


CELLS = """\
# %% text
1
# %% near tolerance="0.01"
1
# %% timed [measured] tolerance="0.01"
1
# %% processor by_processor="it names the instructions"
1
"""


@pytest.fixture
def snippets(folder: GuideFolder) -> SnippetFile:
    """Cells that may differ in several ways."""
    folder.snippet("page", CELLS)
    return folder.guide.snippets["page"]


def recorded(**outputs: str) -> Record:
    """A record of what cells printed."""
    files = {f"{cell}.stdout.txt": text.encode() for cell, text in outputs.items()}
    cells = []
    for cell in outputs:
        name = f"{cell}.stdout.txt"
        cells.append(CellRecord(cell, "d", (Output("stdout", (OutputFile("text/plain", name, digest(files[name])),)),)))
    return Record("page", "laptop", "2030-01-02", Environment("3.11", cpu="one"), tuple(cells), contents=files)


@pytest.mark.parametrize(
    ("cell", "was", "now", "change", "may"),
    [
        ("text", "loss 1.00", "loss 1.001", Change.NUMBERS, ""),
        ("near", "loss 1.00", "loss 1.001", Change.WITHIN, "its numbers have the tolerance 0.01"),
        ("near", "loss 1.00", "loss 1.1", Change.NUMBERS, ""),
        ("near", "loss 1.00", "gain 1.00", Change.TEXT, ""),
        ("near", "loss  1.00", "loss 1.00", Change.WHITESPACE, ""),
        ("timed", "5 ms, loss 1.00", "900 ms, loss 1.001", Change.WITHIN, "its numbers have the tolerance 0.01"),
        ("timed", "5 ms", "900 ms", None, ""),
        ("text", "lib/a.py:7: UserWarning: old", "lib/a.py:12: UserWarning: old", None, ""),
        ("text", '  File "lib/a.py", line 7, in f', '  File "lib/a.py", line 12, in f', None, ""),
        ("text", "a.py:7 is the line", "a.py:12 is the line", Change.NUMBERS, ""),
        ("processor", "AVX2", "AVX512 and AMX", Change.TEXT, ""),
    ],
)
def test_what_a_cells_line_excuses_and_what_is_noise(
    snippets: SnippetFile, cell: str, was: str, now: str, change: Change | None, may: str
) -> None:
    old, fresh = recorded(**{cell: was}), recorded(**{cell: now})
    found = [(each.difference.change, each.may) for each in changes(old, fresh, snippets, Kinds())]
    assert found == ([(change, may)] if change else [])


def test_a_warning_that_comes_or_goes_is_told_line_by_line(snippets: SnippetFile) -> None:
    warned, silent = recorded(text="old warning\nold warning\n"), recorded(text="")
    name = "text.stderr.txt"
    file = OutputFile("text/plain", name, digest("old warning\nold warning\n"))
    cell = replace(warned.cells[0], outputs=(Output("stderr", (file,)),))
    warned = replace(warned, cells=(cell,), contents={name: b"old warning\nold warning\n"})
    silent = replace(silent, cells=(replace(silent.cells[0], outputs=()),), contents={})
    (new,), (gone,) = (changes(*pair, snippets, Kinds()) for pair in ((silent, warned), (warned, silent)))
    assert (new.difference.change, str(new)) == (Change.WARNINGS, "text.stderr.txt has 2 lines new: 'old warning'")
    assert (gone.difference.change, str(gone)) == (Change.WARNINGS, "text.stderr.txt has 2 lines gone: 'old warning'")


def test_another_processor_excuses_what_a_cells_line_says(snippets: SnippetFile) -> None:
    old, fresh = recorded(processor="AVX2"), recorded(processor="AVX512")
    there = replace(fresh, environment=replace(fresh.environment, cpu="two"))
    assert [each.may for each in changes(old, there, snippets, Kinds())] == ["it names the instructions"]
    assert [each.may for each in changes(old, fresh, snippets, Kinds())] == [""]


@pytest.mark.parametrize("text", ["0", "1", "-1", "nan", "much", ""])
def test_a_tolerance_that_is_none_is_told_at_its_cell(folder: GuideFolder, text: str) -> None:
    folder.snippet("page", f'# %% one tolerance="{text}"\n1\n')
    (error,) = folder.guide.errors
    assert f"tolerance '{text}' is not a number above 0 and below 1" in str(error)
    assert 'write it as: tolerance="1e-3"' in str(error)


def test_a_tolerance_makes_no_record_stale_and_a_number_within_it_rewrites_none(folder: GuideFolder) -> None:
    source = "# %% one{}\nfrom time import time\nprint('about', 100 + time() % 0.1)\n"
    folder.snippet("page", source.format(""))
    assert not folder.run().failures
    folder.snippet("page", source.format(' tolerance="0.05"'))
    before = folder.recorded()
    assert "nothing to run" in folder.run().said
    assert "unchanged" in folder.run(everything=True).said
    assert folder.recorded() == before
    again = folder.galley("test")
    assert again.returncode == 0, again.stdout
    assert "(it may: its numbers have the tolerance 0.05)" in again.stdout
    assert folder.galley("run", "--twice", "--all").returncode == 0


KIND = '''
from galley import Change, Difference, Form, Kind


class Own(Kind):
    """Texts in capitals."""

    name = tag = "own"

    def of_value(self, value, asked):
        return (Form("text/plain", "txt", value.encode()),)

    def difference(self, was, now, tolerance):
        {}
'''


def compared_by_its_own(folder: GuideFolder, body: str) -> str:
    """What is said of a text of the kind above that became another, where `body` compares them."""
    folder.write("snippets/own.py", KIND.format(body))
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", settings.replace("[tool.galley]\n", '[tool.galley]\nplugins = ["own:Own"]\n', 1))
    folder.snippet("page", "# %% one [own]\n'la'.lower()\n")
    assert not folder.run().failures
    old = folder.record("page")
    fresh = replace(old, contents={"one.own.txt": b"lo"})
    (found,) = changes(old, fresh, folder.guide.snippets["page"], kinds_of(folder.project))
    return str(found)


def test_a_kind_may_bring_its_own_comparison(folder: GuideFolder) -> None:
    body = 'return Difference(Change.TABLE, "sings another song", ("was",), ((was.text,),))'
    assert compared_by_its_own(folder, body) == "one.own.txt sings another song"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 5", "answered with 5, and must with a Difference"),
        ('return Difference(Change.TEXT, "x", ("was",), (("a", "b"),))', "and must with a Difference and whole rows"),
        ("1 / 0", "raised ZeroDivisionError"),
    ],
)
def test_a_kind_that_compares_wrongly_is_named(folder: GuideFolder, body: str, said: str) -> None:
    with pytest.raises(GalleyError, match=r"difference\(\) of the kind 'own' \(own:Own\) ") as caught:
        compared_by_its_own(folder, body)
    assert said in str(caught.value)
