"""Pages as the three builders render them: what is shown, and that nothing wrong slips through."""

from __future__ import annotations

import gc
import re
import shutil
from collections.abc import Callable

import pytest

from builders import BUILDERS, article, builds, plain, text_of
from guide_folder import SETTINGS, GuideFolder, fence

SOURCE = """\
# %% parameters
device = "cpu"
# %% first
\"\"\"A caption with `code` & <b>.\"\"\"
print("printed", device)
# %% wild
print("</pre><script>alert(1)</script> & \\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\x02wzxhzdk:0\\x03 \\b\\x00|")
"<i>value</i>"
# %% last raises="KeyError"
{}["<key>"]
# %% drawn [folded]
print("the table")
# %% silent [folded]
code = 1
# %% claimed [claim]
"Two and two make four."
assert 2 + 2 == 4
"""
PROFILES = f"""{SETTINGS}title = "A laptop"

[tool.galley.profiles.gpu]
title = "CUDA <x>"
parameters = {{ device = "cuda" }}
"""
GOOD = fence("one", "first")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page recorded under the required profile."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded"), PROFILES))
    folder.snippet("one", SOURCE)
    assert not folder.run().failures
    return folder


@pytest.fixture(params=BUILDERS)
def build(request: pytest.FixtureRequest) -> Callable[[GuideFolder], str]:
    """Builds the guide with one of the builders; the answer is the HTML of the page `one`."""

    return builds(request.param, "one")


@pytest.fixture
def fails(build: Callable[[GuideFolder], str], capfd: pytest.CaptureFixture[str]) -> Callable[[GuideFolder], str]:
    """Builds a guide that must not build; the answer is what was said."""

    def failed(guide: GuideFolder) -> str:
        said: list[str] = []
        with pytest.raises(BaseException) as raised:  # noqa: PT011 (each builder has its own)
            build(guide)
        cause: BaseException | None = raised.value
        while cause:
            said.append(str(cause))
            cause = cause.__cause__ or cause.__context__
        return "\n".join(said)

    return failed


def test_a_page_shows_code_and_what_it_printed(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    html = build(guide)
    text = text_of(html)
    assert "A caption with code & <b>." in text
    assert 'print("printed", device)' in text
    assert "printed cpu" in text
    assert "KeyError: '<key>'" in text
    assert text.index("first") < text.index("KeyError") if "first" in text else True
    assert "Python 3" in text


def test_a_folded_cell_shows_its_output_and_below_it_its_code(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    guide.write("docs/one.md", GOOD + fence("one", "drawn") + "\n" + fence("one", "silent"))
    html, _, silent = build(guide).partition('id="cell-one-silent"')
    assert "See the code" not in silent  # without an output there is nothing to fold it below
    cell = html[html.index('id="cell-one-drawn"') :]
    assert cell.index("the table") < cell.index("galley-folded") < cell.index("galley-code")
    assert cell.index("See the code") < cell.index("galley-code")


def test_a_fold_has_a_name_of_its_own(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    source = (guide.root / "snippets/one.py").read_text(encoding="utf-8")
    named = source.replace("drawn [folded]", 'drawn [folded] fold="Answer: <b>"')
    guide.write("snippets/one.py", named.replace("silent [folded]", 'silent [setup] fold="Answer: two"'))
    guide.write("docs/one.md", GOOD + fence("one", "drawn") + "\n" + fence("one", "silent"))
    names = re.findall("<summary[^>]*><span>(.*?)</span>", build(guide))  # it builds: no record is stale
    assert [name for name in names if name.startswith("Answer")] == ["Answer: &lt;b&gt;", "Answer: two"]
    assert not {"Set-up", "See the code"}.intersection(names)


def test_the_host_collects_its_garbage_as_before(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    before = gc.get_freeze_count(), gc.isenabled(), gc.get_threshold()
    build(guide)
    assert (gc.get_freeze_count(), gc.isenabled(), gc.get_threshold()) == before


def test_recorded_text_is_harmless(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    html = build(guide)
    assert "<script>" not in html
    assert '&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; <span class=" -Color -Color-Red">red</span>' in html
    assert not [character for character in html if ord(character) < 32 and character not in "\t\n"]
    assert "title" not in html.split("alert(1)")[-1][:200]
    assert "wzxhzdk:0" in html
    assert "�" in html
    assert "&lt;i&gt;value&lt;/i&gt;" in html
    assert "<i>value" not in html


WRONG: dict[str, tuple[str, int, str]] = {
    "unknown cell": (fence("one", "third"), 3, "no cell is named 'one/third'"),
    "unknown file": (fence("two", "first"), 3, "there is no snippet file 'two.py'"),
    "unknown option": (GOOD.replace('on"', 'on" show="no"'), 3, "unknown fence option 'show'"),
    "unquoted": (GOOD.replace('"on"', "on"), 3, "malformed fence header"),
    "typo in both options": ('```python exe="on" cel="one/first"\n```\n', 3, "malformed fence header"),
    "typo before a good one": (f'```python exe="on" cel="a/b"\n```\n\n{GOOD}', 3, "malformed fence header"),
    "typo in another option": ("```python tilte=x\ny\n```\n", 3, "malformed fence header"),
    "other language": (GOOD.replace("python", "pycon"), 3, "malformed fence header"),
    "in braces": ('```{.python exec="on" cell="one/first"}\n```\n', 3, "malformed fence header"),
    "braces with a space": ('``` { .python exec="on" cell="one/first" }\n```\n', 3, "malformed fence header"),
    "two ticks": ('``python exec="on" cell="one/first"\n``\n', 3, "malformed fence header"),
    "a tick too many": ('```python exec="on" cell="one/first"`\n```\n', 3, "malformed fence header"),
    "in a bullet": ('- ```python exec="on" cell="one/first"\n  ```\n', 3, "malformed fence header"),
    "in a number": ('1. ```python exec="on" cell="one/first"\n   ```\n', 3, "malformed fence header"),
    "indented as code": (f"Prose.\n\n    {GOOD.replace(chr(10) + '```', chr(10) + '    ```')}", 5, "indented as code"),
    "shown well, then as code": (
        f"{GOOD}\n\nProse.\n\n    {GOOD.replace(chr(10) + '```', chr(10) + '    ```')}",
        9,
        "indented as code",
    ),
    "tab": (f"Prose.\n\n\t{GOOD.replace(chr(10) + '```', chr(10) + chr(9) + '```')}", 5, "indented as code"),
    "code of its own": (GOOD.replace("\n```", "\nx = 1\n```"), 3, "the fence holds code of its own"),
    "never closed": ('```python exec="on" cell="one/first"\n', 3, "the fence is never closed"),
    "closed by more": ('```python exec="on" cell="one/first"\n````\n', 3, "the fence is never closed"),
    "closed outside": ('- item\n\n    ```python exec="on" cell="one/first"\n```\n', 5, "the fence was not rendered"),
    "swallowed": (f"```text\nnever closed\n\n{GOOD}", 3, "the fence is never closed"),
    "swallowed by none": (f"```\nnever closed\n\n{GOOD}", 3, "the fence is never closed"),
    "swallowed by an unquoted one": (f"```python exec=on cell=x\n\n{GOOD}", 3, "malformed fence header"),
}


@pytest.mark.parametrize("case", WRONG)
def test_nothing_wrong_slips_through(guide: GuideFolder, case: str, fails: Callable[[GuideFolder], str]) -> None:
    body, line, what = WRONG[case]
    guide.page("one", body)
    said = fails(guide)
    assert f"docs/one.md:{line}: " in said
    assert what in said


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\n   \n\t\n"])
def test_the_line_is_right_below_front_matter(
    guide: GuideFolder, end: str, fails: Callable[[GuideFolder], str]
) -> None:
    guide.write("docs/one.md", f"---\ntitle: x\ntags: [a]\n---\n\n# A\u2028page\n\n{fence('one', 'third')}{end}")
    assert "docs/one.md:8: no cell is named" in fails(guide)


RECORD = "snippets/outputs/one/laptop/"
UNTRUE: dict[str, tuple[Callable[[GuideFolder], object], str]] = {
    "one character": (
        lambda g: g.write("snippets/one.py", SOURCE.replace('"printed"', '"prinked"')),
        "the laptop record is stale: snippets/one.py:3: cell one/first changed",
    ),
    "missing": (lambda g: shutil.rmtree(g.root / RECORD), "the laptop record is missing: snippets/one.py: never"),
    "torn": (lambda g: (g.root / RECORD / "record.json").unlink(), "the laptop record is torn: snippets/outputs/one"),
    "tampered": (
        lambda g: (g.root / RECORD / "first.stdout.txt").write_text("better"),
        "the laptop record is tampered: snippets/outputs/one/laptop/first.stdout.txt",
    ),
}


@pytest.mark.parametrize("case", UNTRUE)
def test_an_untrue_record_stops_the_build(guide: GuideFolder, case: str, fails: Callable[[GuideFolder], str]) -> None:
    spoil, what = UNTRUE[case]
    spoil(guide)
    guide.page("one", f"{fence('one', 'wild')}\n{GOOD}")
    said = fails(guide)
    assert f"docs/one.md:3: one/wild: {what}" in said
    assert "galley run one" in said


def test_an_exception_inside_the_formatter_stops_the_build(
    guide: GuideFolder, fails: Callable[[GuideFolder], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("inside")

    monkeypatch.setattr("galley.site.extension.cell_html", broken)
    guide.page("one", GOOD)
    assert "docs/one.md:3: one/first cannot be shown: RuntimeError: inside" in fails(guide)


def test_a_syntax_error_in_the_snippets_stops_the_build(
    guide: GuideFolder, fails: Callable[[GuideFolder], str]
) -> None:
    guide.write("snippets/one.py", "# %% first\nprint(\n")
    assert "snippets/one.py:2: syntax error" in fails(guide)


@pytest.mark.parametrize("example", [f"````markdown\n{GOOD}````\n", f"~~~\n{GOOD}~~~\n"])
def test_an_example_of_a_fence_is_shown(guide: GuideFolder, example: str, build: Callable[[GuideFolder], str]) -> None:
    guide.page("one", example.replace("one/first", "never/there"))
    assert '```python exec="on" cell="never/there"' in text_of(build(guide))


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD.replace("```", "~~~"),
        f"- item\n\n    {GOOD.replace(chr(10) + '```', chr(10) + '    ```')}",
        f"!!! note\n\n    {GOOD.replace(chr(10) + '```', chr(10) + '    ```')}",
        f"> {GOOD.replace(chr(10) + '```', chr(10) + '> ```')}",
        f"<div>\n\n{GOOD}\n</div>\n",
        f"{GOOD}\n{GOOD}",
        f"```text\nx\n```\n\n{GOOD}",
    ],
)
def test_a_fence_is_rendered_wherever_it_may_stand(
    guide: GuideFolder, body: str, build: Callable[[GuideFolder], str]
) -> None:
    guide.page("one", body)
    text = text_of(build(guide))
    assert text.count("printed cpu") == body.count("one/first")
    assert "exec=" not in text


@pytest.mark.parametrize("around", ["<!--\n{}-->\n", "- item\n\n    <!--\n    {}    -->\n", "words <!--\n{}--> more\n"])
def test_a_fence_in_a_comment_publishes_nothing(
    guide: GuideFolder, around: str, build: Callable[[GuideFolder], str]
) -> None:
    guide.page("one", around.format(GOOD))
    assert "printed cpu" not in build(guide)
    guide.page("one", around.format(GOOD.replace("one/first", "one/gone")))
    assert "no cell is named" not in build(guide)


def test_the_name_of_a_file_in_a_record_is_text_on_the_page(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    guide.write("snippets/outputs/one/gpu/<img src=x onerror=alert(1)>", "")
    html = build(guide)
    assert "torn" in text_of(html)
    guide.write("snippets/outputs/one/gpu/record.json", "{}")
    record = (guide.root / "snippets/outputs/one/laptop/record.json").read_text()
    guide.write("snippets/outputs/one/gpu/record.json", record.replace('"laptop"', '"gpu"'))
    for name in ("one/laptop/*.txt", "one/laptop/run.json"):
        for file in (guide.root / "snippets/outputs").glob(name):
            (guide.root / "snippets/outputs/one/gpu" / file.name).write_bytes(file.read_bytes())
    html = build(guide)
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_profiles_without_a_record_are_named_and_their_values_say_not_run(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    html = build(guide)
    text = text_of(html)
    assert "CUDA <x>: not run yet; galley run one --profile gpu runs it." in text
    assert text.index("A page") < text.index("Checked") < text.index("not run yet; ") < text.index("A laptop")
    assert "CUDA &lt;x&gt; (not run yet)</label>" in html, "another tab than one that ran, as themes remember the tab"
    _, gpu = text.split('device = "cuda"')
    assert gpu.strip().startswith(
        "Not run yet; galley run one --profile gpu runs it. The outputs below are not from it."
    )
    assert html.count("tabbed-set") == 1, "only the parameters, while one profile alone has a record"


def test_a_page_that_no_profile_changes_misses_nothing(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    guide.snippet("two", "# %% first\nprint(2)\n")
    assert not guide.run().failures
    build(guide)
    text = text_of(article(guide.root / "site", "two"))
    assert "not run yet" not in text
    assert not guide.run("two", profiles=("gpu",)).failures
    guide.snippet("two", "# %% first\nprint(3)\n")
    assert not guide.run("two").failures
    build(guide)
    assert "CUDA <x>: not shown, its record is stale; galley run two --profile gpu runs it" in text_of(
        article(guide.root / "site", "two")
    )


def test_a_profile_that_would_run_the_same_code_has_no_tab_of_its_own(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    guide.snippet("two", "# %% parameters\nother = 1\n\n# %% first\nprint(other)\n")
    assert not guide.run().failures
    build(guide)
    text = text_of(article(guide.root / "site", "two"))
    assert "other = 1" in text
    assert "A laptop" not in text
    assert "CUDA" not in text
    assert "not run" not in text


def test_two_records_become_linked_tabs(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    assert not guide.run(profiles=("gpu",)).failures
    html = build(guide)
    text = text_of(html)
    assert "printed cpu" in text
    assert "printed cuda" in text
    assert "not run" not in text
    assert "not run yet" not in text
    assert html.count("<label for=") == 2 * html.count("tabbed-set ")
    assert html.count("CUDA &lt;x&gt;</label>") == html.count("A laptop</label>")
    ids = [part.split('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_a_stale_optional_record_is_not_shown_and_named_with_its_command(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    assert not guide.run(profiles=("gpu",)).failures
    guide.write("snippets/one.py", SOURCE.replace('"printed"', '"reprinted"'))
    assert not guide.run().failures
    text = text_of(build(guide))
    assert "reprinted cpu" in text
    assert "printed cuda" not in text
    assert "CUDA <x>: not shown, its record is stale; galley run one --profile gpu runs it" in text


def test_what_may_be_a_table_keeps_its_columns_and_a_longer_line_wraps(
    guide: GuideFolder, build: Callable[[GuideFolder], str]
) -> None:
    guide.snippet("one", "# %% first\nprint('a\\n' + 100 * 'b')\n1\n# %% wild\nprint('c\\n' + 101 * 'd')\n")
    assert not guide.run().failures
    guide.write("docs/one.md", GOOD + fence("one", "wild"))
    shown_text = r'<div class="galley-text ([\w -]+)">(?:<span[^>]*>[\w ]+</span>)?<pre[^>]*><code>(?:<[^>]*>)*(.)'
    shown = {text[0]: kind for kind, text in re.findall(shown_text, build(guide))}
    assert shown == {"a": "galley-stdout galley-columns", "1": "galley-value", "c": "galley-stdout"}


def test_how_much_was_cut_is_said(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    guide.snippet("one", "# %% first\nprint('x' * 100_000)\n")
    assert not guide.run().failures
    assert "34,465 more bytes were printed and are cut here" in text_of(build(guide))


def test_all_builders_give_the_same_article(guide: GuideFolder) -> None:
    for package in BUILDERS:
        pytest.importorskip(package)
    texts = []
    for built in BUILDERS.values():
        built(guide)
        texts.append(text_of(article(guide.root / "site", "one")))
    assert texts[0]
    assert texts[0] == texts[1] == texts[2]
