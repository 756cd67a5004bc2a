"""Lists of claims, and one that a guide brings: every claim, linked to where it stands, and none that is untrue."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import BUILDERS, article, builds, plain, text_of
from galley.site.listing import BUILT_IN, relative_url
from galley.site.lists import List
from galley.source.fences import find_fences
from galley.source.tags import LISTS
from guide_folder import GuideFolder, fence

CLAIMS = '```python exec="on" list="claims"\n```\n'
ANSWERS = '```python exec="on" list="answers"\n```\n'
ONE = """\
# %% two-and-two [claim] asked="do two and two make <five>?"
"Two and two make `four`."
assert 2 + 2 == 4
# %% plain
print("no claim")
# %% three [claim]
"Three is odd & small."
assert 3 % 2
"""
TWO = """\
# %% sorted [claim] asked="does `sorted` change the list?"
"`sorted` gives a new list."
assert sorted(a := [2, 1]) != a
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """Two pages with claims, and a page that lists them."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded")))
    folder.bring_answers()
    folder.snippet("one", ONE)
    folder.snippet("two", TWO, shown=False)
    folder.page("second", fence("two", "sorted"), title="The second page")
    folder.page("lists", f"{CLAIMS}\n{ANSWERS}")
    assert not folder.run().failures
    return folder


@pytest.fixture(params=BUILDERS)
def build(request: pytest.FixtureRequest) -> Callable[[GuideFolder], str]:
    """Builds the guide with one of the builders; the answer is the HTML of the page with the lists."""

    return builds(request.param, "lists")


def part(html: str, name: str) -> str:
    """One of the two lists."""
    return html.split(f'id="list-{name}"')[1].split('id="list-')[0]


def test_every_claim_is_listed_once_under_its_page(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    text = text_of(part(build(guide), "claims"))
    assert "3 claims on 2 pages" in text
    assert re.search(r"A page.*Two and two make four\..*Three is odd & small\..*The second page.*sorted gives", text)
    assert text.count("Python 3") == 2
    assert "no claim" not in text


def test_one_claim_on_one_page_is_said_so(folder: GuideFolder) -> None:
    plain(folder).bring_answers()
    folder.snippet("two", TWO)
    folder.page("lists", CLAIMS)
    assert not folder.run().failures
    assert "1 claim on 1 page." in text_of(builds("mkdocs", "lists")(folder))


SUMMARIES = ("facts", "states")


def test_a_guide_counts_its_cells_claims_and_pages(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    guide.page("lists", "\n".join(f'```python exec="on" list="{name}"\n```\n' for name in SUMMARIES))
    html = build(guide)
    cells = sum(len(each.cells) for each in guide.guide.snippets.values())
    text = text_of(part(html, "facts"))
    assert re.search(rf"^\W*3\s+claims\s+{cells}\s+cells\s+2\s+pages\s+checked \d+ [A-Z][a-z]+ \d{{4}}", text), text
    table = part(html, "states")
    rows = [text_of(f"<p>{row}</p>") for row in table.split("<tr>")[2:]]
    assert len(rows) == 2
    assert all("held to its code at each build" in row for row in rows)
    assert 'scope="row"' in table


def test_code_in_a_pages_title_is_code_in_the_lists(guide: GuideFolder) -> None:
    guide.page("second", fence("two", "sorted"), title="What `sorted` gives & <keeps>")
    guide.page("lists", CLAIMS + '\n```python exec="on" list="states"\n```\n')
    html = builds("mkdocs", "lists")(guide)
    for name in ("claims", "states"):
        assert "What <code>sorted</code> gives &amp; &lt;keeps&gt;" in part(html, name)


def test_a_profile_that_never_ran_has_a_row_that_says_so(guide: GuideFolder) -> None:
    settings = guide.root / "pyproject.toml"
    more = "\n[tool.galley.profiles.big]\n[tool.galley.profiles.big.parameters]\nsize = 2\n"
    settings.write_text(settings.read_text(encoding="utf-8") + more, encoding="utf-8")
    guide.snippet("two", f"# %% parameters\nsize = 1\n\n{TWO}", shown=False)
    guide.page("second", fence("two", "parameters") + fence("two", "sorted"), title="The second page")
    guide.page("lists", '```python exec="on" list="states"\n```\n')
    assert not guide.run().failures
    html = builds("mkdocs", "lists")(guide)
    assert "not run yet; <code>galley run two --profile big</code> runs it" in part(html, "states")
    assert text_of(part(html, "states")).count("The second page") == 2


def test_the_states_say_once_what_all_pages_ran_with(guide: GuideFolder) -> None:
    hook = 'def provenance(context):\n    twin = " and its twin" if context.page == "one" else ""\n'
    guide.write("snippets/mine_too.py", hook + '    return {"model": f"small{twin}"}\n')
    settings = (guide.root / "pyproject.toml").read_text(encoding="utf-8")
    more = '[tool.galley]\nmarkdown = true\nline = ["model"]\nhooks = { provenance = "mine_too:provenance" }\n'
    guide.write("pyproject.toml", settings.replace("[tool.galley]\n", more, 1))
    guide.page("lists", "".join(f'```python exec="on" list="{name}"\n```\n\n' for name in SUMMARIES))
    assert not guide.run().failures
    run = guide.root / "snippets/outputs/two/laptop/run.json"
    run.write_text(re.sub(r'"date": "[^"]*"', '"date": "2025-01-02"', run.read_text("utf-8")), "utf-8")
    html = builds("mkdocs", "lists")(guide)
    assert "All of them ran with small." in text_of(part(html, "states"))
    assert re.findall(r'<td data-column="With">([^<]*)<', part(html, "states")) == ["its twin", ""]
    assert "checked 2 January 2025 to " in text_of(part(html, "facts"))
    assert "checked 2025-01-02 to 20" in (guide.root / "site/lists.md").read_text(encoding="utf-8")


def test_a_guide_brings_a_list_of_its_own(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    html = part(build(guide), "answers")
    text = text_of(html)
    assert re.search(r"2 answers\.\s*Asked & answered\s*Where\s*do two and two make <five>\?\s*Two and two make", text)
    assert "does <code>sorted</code> change the list?" in html
    assert "odd" not in text


@pytest.mark.parametrize("wanted", BUILT_IN, ids=lambda wanted: wanted.name)
def test_fences_know_every_list_of_galley_and_no_other(wanted: List) -> None:
    assert wanted.name in LISTS
    assert len(LISTS) == len(BUILT_IN)


def test_every_link_leads_to_a_claim(guide: GuideFolder, build: Callable[[GuideFolder], str]) -> None:
    links = re.findall(r'href="([^"#]*)#([^"]+)"', build(guide))
    assert len([each for each in links if each[1].startswith("cell-")]) == 5
    for page, anchor in links:
        assert f'id="{anchor}"' in (guide.root / "site" / page).read_text(encoding="utf-8")


def test_an_untrue_claim_stops_the_build(guide: GuideFolder) -> None:
    guide.write("snippets/two.py", TWO.replace("[2, 1]", "[3, 1]"))
    said = guide.mkdocs()
    assert said.returncode
    assert "docs/lists.md:3: two/sorted: the laptop record is stale" in said.stdout


def test_a_claim_that_no_page_shows_stops_the_build(guide: GuideFolder) -> None:
    guide.page("second", "nothing here")
    said = guide.mkdocs()
    assert said.returncode
    assert "snippets/two.py:1: no page shows the claim two/sorted" in said.stdout


def test_a_file_that_cannot_be_read_stops_the_build(guide: GuideFolder) -> None:
    guide.write("snippets/three.py", "# %% one [claim]\n'Half a claim.'\nif\n")
    said = guide.mkdocs()
    assert said.returncode
    assert "snippets/three.py:3: syntax error" in said.stdout


def test_claims_of_two_files_on_a_page_are_dated_each_by_its_own_record(guide: GuideFolder) -> None:
    guide.snippet("three", '# %% one [claim]\n"One is odd."\nassert 1 % 2\n', shown=False)
    guide.page("second", fence("two", "sorted") + "\n" + fence("three", "one"), title="The second page")
    assert not guide.run().failures
    BUILDERS["mkdocs"](guide)
    claims = part(article(guide.root / "site", "lists"), "claims")
    assert "4 claims on 2 pages" in claims
    assert claims.count("checked on") == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('```python exec="on" list="clams"\n```', "there is no list 'clams'"),
        ('```python exec="on" list="claims" cell="a/b"\n```', "needs both"),
        ('```python list="claims"\n```', "needs both"),
        ('```python exec="on" list="claims"\nx = 1\n```', "code of its own"),
        ('```python exec="on" list="claims"', "never closed"),
        ("```python exec=\"on\" list='claims'\n```", "malformed"),
    ],
)
def test_a_malformed_list_is_told(text: str, what: str) -> None:
    fences, errors = find_fences(text.split("\n"), Path("docs/a.md"))
    assert fences == []
    assert what in errors[0].what


@pytest.mark.parametrize(
    ("own", "shown", "link"),
    [
        ("claims/", "deep-dive.md", "../deep-dive/"),
        ("claims/", "index.md", "../"),
        ("", "deep-dive.md", "deep-dive/"),
        ("./", "index.md", "./"),
        ("a/b/", "x/y.md", "../../x/y/"),
        ("claims.html", "deep-dive.md", "deep-dive.html"),
        ("a/b.html", "index.md", "../index.html"),
    ],
)
def test_links_follow_the_kind_of_site(own: str, shown: str, link: str) -> None:
    assert relative_url(own, Path(shown)) == link
