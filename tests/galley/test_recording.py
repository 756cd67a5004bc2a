"""From a page that ran to its record: what is written, what is left alone, what is said of a change."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from galley.kinds import kinds_of
from galley.record.compare import changes
from galley.record.model import Record
from galley.record.status import State
from guide_folder import GuideFolder


def ran(folder: GuideFolder, source: str) -> str:
    """Write a page, run it and give what was said."""
    folder.snippet("page", source)
    ended = folder.run(everything=True)
    assert not ended.failures, ended
    return ended.said


SOURCE = "# %% one\nprint('a', 1)\n2\n# %% two\nimport sys\nprint('e', file=sys.stderr)\n"


def test_equal_outputs_leave_every_byte_and_time_alone(folder: GuideFolder) -> None:
    assert "page (laptop): recorded (2 cells" in ran(folder, SOURCE)
    before = folder.recorded()
    assert sorted(before) == [
        f"page/laptop/{name}"
        for name in ("one.stdout.txt", "one.value.txt", "record.json", "run.json", "two.stderr.txt")
    ]
    assert "page (laptop): unchanged (2 cells" in ran(folder, SOURCE)
    assert folder.recorded() == before
    assert "nothing to run" in folder.run().said


PROSE = (
    ("print('a', 1)", "print('a', 1)  # a comment"),
    ("print('a', 1)", 'print("a",\n      1)'),
    ("# %% one\n", '# %% one\n"""A caption."""\n'),
    ("# %% one\n", "# %% one [setup]\n"),
    ("# %% one\n", '"""What the file is for."""\n\n# %% one\n'),
    ("# %% one\n", '# %% one timeout="30"\n'),
)


def test_prose_around_the_code_makes_nothing_stale(folder: GuideFolder) -> None:
    for number in range(len(PROSE)):
        folder.snippet(f"p{number}", SOURCE)
    folder.run()
    before = folder.recorded()
    for number, (old, new) in enumerate(PROSE):
        assert old in SOURCE
        folder.snippet(f"p{number}", SOURCE.replace(old, new))
        assert folder.status(f"p{number}").state is State.FRESH
    assert folder.run(everything=True).said.count("unchanged") == len(PROSE)
    assert folder.recorded() == before


CHANGES = (
    ("print('a', 1)", "print('b', 1)", "one.stdout.txt differs from line 1 on: 'a 1' became 'b 1'"),
    ("print('a', 1)", "print('a ', 1)", "one.stdout.txt differs in whitespace only"),
    ("print('a', 1)", "print('a', 1.00001)", "one.stdout.txt differs in numbers"),
    ("print('a', 1)\n", "", "one.stdout.txt is gone"),
    ("2\n", "2\n3; print(4)\n", "one.value.txt is gone"),
    ("import sys", "import sys; print(5)", "two.stdout.txt is new"),
    ("# %% two", "# %% three", "three.stderr.txt has 1 line new: 'e'"),
)


def test_a_changed_output_is_described_and_recorded(folder: GuideFolder) -> None:
    for number in range(len(CHANGES)):
        folder.snippet(f"p{number}", SOURCE)
    folder.run()
    for number, (old, new, _) in enumerate(CHANGES):
        assert old in SOURCE
        folder.snippet(f"p{number}", SOURCE.replace(old, new))
    told = dict(each.split(" ", 1) for each in re.split(r"^\[\d/7\] ", folder.run().said, flags=re.MULTILINE)[1:])
    for number, (_, _, said) in enumerate(CHANGES):
        assert said in told[f"p{number}"]
        assert folder.status(f"p{number}").state is State.FRESH
    assert folder.run(everything=True).said.count("unchanged") == len(CHANGES)


def test_code_that_changed_and_prints_the_same_is_recorded_anew(folder: GuideFolder) -> None:
    ran(folder, SOURCE)
    assert "recorded, same outputs" in ran(folder, SOURCE.replace("2\n", "1 + 1\n"))
    assert folder.status("page").state is State.FRESH


CLOCK = (
    "# %% one{tag}\nfrom time import perf_counter_ns as now\nprint(f'{{now()}} ns to {{now()}} ns, {count} rounds')\n"
)


def test_the_measurements_of_a_measured_cell_are_masked_and_of_no_other(folder: GuideFolder) -> None:
    ran(folder, CLOCK.format(tag=" [measured]", count=3))
    before = folder.recorded()
    assert "unchanged" in ran(folder, CLOCK.format(tag=" [measured]", count=3))
    assert folder.recorded() == before
    ran(folder, CLOCK.format(tag="", count=3))
    assert "one.stdout.txt differs" in ran(folder, CLOCK.format(tag="", count=3))


def test_the_words_and_the_other_numbers_of_a_measured_cell_still_count(folder: GuideFolder) -> None:
    ran(folder, CLOCK.format(tag=" [measured]", count=3))
    assert "one.stdout.txt differs from line 1 on" in ran(folder, CLOCK.format(tag=" [measured]", count=4))
    assert "one.stdout.txt differs from line 1 on" in ran(folder, CLOCK.format(tag=" [measured]", count="4 longer"))


RAISING = (
    ("KeyError", "{}['a']", None),
    ("MyError", "class MyError(Exception): pass\nraise MyError('mine')", None),
    ("LookupError", "{}['a']", "KeyError: 'a'"),
    ("KeyError", "raise LookupError('x')", "LookupError: x"),
    ("KeyError", "a = 1", 'NotRaisedError: the cell says raises="KeyError" and raised nothing'),
    ("Exception", "{}['a']", "KeyError: 'a'"),
    ("SystemExit", "raise SystemExit(1)", None),
    ("KeyError", "raise SystemExit(1)", 'the cell says raises="KeyError" and raised SystemExit: 1'),
    ("KeyError", "import os\nos._exit(1)", "the page's process exited with status 1"),
)


def test_a_cell_must_raise_exactly_what_it_says(folder: GuideFolder) -> None:
    for number, (raises, code, _) in enumerate(RAISING):
        source = f'# %% one raises="{raises}"\nprint("before")\n{code}\n# %% two\nprint("goes on")\n'
        folder.snippet(f"p{number}", source)
    ended = folder.run()
    for number, (raises, _, failure) in enumerate(RAISING):
        page = f"p{number}"
        if failure:
            assert failure in ended.failures[page]
            continue
        assert folder.output(page, "one.stdout.txt") == "before\n"
        assert folder.output(page, "one.error.txt").startswith(f"{raises}: ")
        assert folder.output(page, "two.stdout.txt") == "goes on\n"
    assert len(ended.failures) == 6


def test_a_warning_is_recorded_without_its_line_so_that_a_comment_leaves_it_true(folder: GuideFolder) -> None:
    source = "# %% one\nimport warnings\nwarnings.warn('old way')\n"
    ran(folder, source)
    said = folder.output("page", "one.stderr.txt")
    assert said == "page.py: UserWarning: old way\n  warnings.warn('old way')\n"
    assert "unchanged" in ran(folder, source.replace("import", "# a comment\nimport"))


def test_output_at_the_limit_is_whole_and_one_byte_more_is_cut(folder: GuideFolder) -> None:
    limit = folder.project.output_limit
    ran(folder, f"# %% one\nprint('x' * {limit}, end='')\n# %% two\nprint('x' * {limit + 1}, end='')\n")
    cuts = [cell.outputs[0].files[0].cut for cell in folder.record("page").cells]
    assert cuts == [0, 1]
    assert len(folder.output("page", "two.stdout.txt")) == limit


def test_a_cut_never_splits_a_character(folder: GuideFolder) -> None:
    limit = folder.project.output_limit
    ran(folder, f"# %% one\nprint('x' + 'é' * {limit})\n# %% two\n'é' * {limit}\n")
    assert set(folder.output("page", "one.stdout.txt")) == {"x", "é"}
    assert set(folder.output("page", "two.value.txt")) == {"'", "é"}


def test_a_record_says_what_each_cell_took(folder: GuideFolder) -> None:
    ran(folder, "# %% one\n1\n# %% two\nimport time\ntime.sleep(0.05)\nkept = bytearray(10**8)\n")
    one, two = folder.record("page").cells
    assert two.seconds >= 0.05
    assert one.peak_mb + 50 < two.peak_mb, "in 10^6 bytes"


def test_a_record_says_what_it_ran_on(folder: GuideFolder) -> None:
    ran(folder, SOURCE)
    record = folder.record("page")
    assert all([record.environment.python, record.environment.system, record.environment.cpu])
    assert record.cells[0].peak_mb > 1
    assert record.date.count("-") == 2


def test_a_cell_states_what_held_when_it_ended_and_not_later(tmp_path: Path) -> None:
    hooked = '[tool.galley]\nline = ["model", "device"]\nhooks = { provenance = "helper:said" }\n'
    folder = GuideFolder.make(tmp_path, hooked + "[tool.galley.profiles.laptop]\nrequired = true\n")
    folder.write(
        "snippets/helper.py",
        """
        import sys

        def said(context):
            models = sys.modules["__main__"].__dict__.get("models", [])
            stated = {"model": f"the model {models[0]}"} if models else {}
            return {**stated, "device": "cpu", "seen": models}
        """,
    )
    folder.snippet("page", "# %% before\nprint(1)\n# %% loads\nmodels = ['m']\nprint(2)\n# %% after\nprint(models)\n")
    assert not folder.run().failures
    record = folder.record("page")
    assert record.environment.provenance == {"model": "the model m", "device": "cpu", "seen": ["m"]}
    assert [dict(cell.provenance) for cell in record.cells] == [{"model": None}, {}, {}]
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/page.html").read_text(encoding="utf-8")
    lines = re.findall(r"<summary>(.*?)</summary>", html)
    assert [line.split(" · ")[1:] for line in lines] == [["the model m", "cpu"]], "once, for the page"
    assert "unchanged" in folder.run(everything=True).said


def test_another_processor_is_an_excuse_only_where_the_cells_line_says_so(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one\nprint(1)\n# %% two by_processor="rounding"\nprint(2)\n3\n# %% three\nprint(3)\n')
    assert not folder.run().failures
    old, snippets = folder.record("page"), folder.guide.snippets["page"]
    contents = old.contents | {"one.stdout.txt": b"other\n", "two.stdout.txt": b"other\n"}
    here = replace(old, contents=contents)
    elsewhere = replace(here, environment=replace(old.environment, cpu="Another"))
    gone = replace(old.cells[1], outputs=old.cells[1].outputs[:1])
    less = replace(elsewhere, cells=(old.cells[0], gone, old.cells[2]))
    kinds = kinds_of(folder.project)

    def wrong(fresh: Record) -> list[str]:
        return [each.file for each in changes(old, fresh, snippets, kinds) if not each.may]

    assert wrong(here) == ["one.stdout.txt", "two.stdout.txt"]
    assert wrong(elsewhere) == ["one.stdout.txt"]
    assert wrong(less) == ["one.stdout.txt", "two.value.txt"]
