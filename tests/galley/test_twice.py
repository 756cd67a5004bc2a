"""`galley run --twice`: a page that does not repeat its outputs is told, and not recorded unless it says so."""

from __future__ import annotations

from guide_folder import GuideFolder

DRAWN = "import secrets\nprint('drawn', secrets.token_hex(8))\n"
PAGE = f"# %% good\nprint('good')\n# %% one\n{DRAWN}# %% two OPTIONS\n2\n{DRAWN}object()\n"


def test_cells_that_do_not_repeat_are_told_and_nothing_is_recorded(folder: GuideFolder) -> None:
    folder.snippet("page", PAGE.replace(" OPTIONS", ""))
    folder.snippet("steady", "# %% one\nimport random\nprint(random.random(), object())\n")
    folder.snippet("failing", "# %% one\n1 / 0\n")
    done = folder.galley("run", "--twice")
    assert done.returncode == 4, done.stdout
    what = "the second run did not repeat the outputs of 2 cells: one, two"
    assert f"snippets/page.py:3: page page (laptop) in cell one: ran twice, and {what}\n" in done.stdout
    assert 'or say why on the cell\'s line: varies="the reason"' in done.stdout
    for cell in ("one", "two"):
        assert f"    {cell}.stdout.txt differs from line 1 on: 'drawn " in done.stdout
    assert "good.stdout.txt" not in done.stdout
    assert "two.value.txt" not in done.stdout
    assert "snippets/failing.py:2: page failing (laptop) in cell one: ZeroDivisionError" in done.stdout
    assert sorted({path.split("/")[0] for path in folder.recorded()}) == ["steady"]


def test_a_cell_that_says_why_it_varies_is_recorded_and_compared_no_more(folder: GuideFolder) -> None:
    varies = 'varies="it is a secret"'
    one = f"# %% one {varies}\n"
    folder.snippet("page", PAGE.replace("# %% one\n", one).replace("OPTIONS", varies))
    done = folder.galley("run", "--twice")
    assert done.returncode == 0, done.stdout
    before = folder.recorded()
    assert "drawn" in folder.output("page", "one.stdout.txt")
    assert "unchanged" in folder.run(everything=True).said
    assert folder.recorded() == before
    digests = {cell.name: cell.digest for cell in folder.guide.snippets["page"].cells}
    folder.snippet("page", PAGE.replace(" OPTIONS", ""))
    assert digests == {cell.name: cell.digest for cell in folder.guide.snippets["page"].cells}


def test_a_page_that_fails_the_second_time_fails(folder: GuideFolder) -> None:
    folder.without_sandbox()
    mark = f"{folder.root}-mark"  # beside the project, whose own files no page may write
    code = f"from pathlib import Path\nmark = Path({mark!r})\nassert not mark.exists()\nmark.touch()\n"
    folder.snippet("page", f"# %% one\n{code}")
    done = folder.galley("run", "--twice")
    assert done.returncode == 4
    assert "snippets/page.py:4: page page (laptop) in cell one: AssertionError" in done.stdout
    assert folder.recorded() == {}


def test_a_measured_cell_repeats_but_for_its_numbers(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one [measured]\nimport secrets\nprint(f'{secrets.randbelow(10**6)} ms')\n")
    assert folder.galley("run", "--twice").returncode == 0


def test_a_cell_that_varies_for_no_reason_is_refused(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one varies=" "\n1\n')
    (error,) = folder.guide.errors
    assert str(error).startswith("snippets/page.py:1: varies ' ' is not a reason")
