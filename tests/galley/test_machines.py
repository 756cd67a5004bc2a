"""Many machines: what there is to run is planned, shared among them, and their records are taken in."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from galley.errors import GalleyError, RefusedError
from galley.kinds import kinds_of
from galley.profile import Profile
from galley.record.collect import Collected, collect
from galley.record.held import Held, hold
from galley.record.model import CellRecord, Environment, Name, Record
from galley.record.shard import Note, Part, Progress, note_of
from galley.record.shard import read as read_note
from galley.record.shard import write as write_note
from galley.record.status import State, status, store_of
from galley.record.store import Store
from galley.run.choose import Task
from galley.run.plan import OVERHEAD, Planned, plan, share, shares, to_json
from galley.source.cells import SnippetFile
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
line = ["device", "click"]
packages = ["click"]
hooks = { provenance = "helper:said" }

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.big]
devices = ["/dev/nothing*"]

[tool.galley.profiles.big.parameters]
size = 2
"""
PAGE = "# %% parameters\nsize = 1\n# %% one\nprint(size, {})\n"
PAGES = [f"page_{number}" for number in range(6)]
SHARDS = ("1/3", "2/3", "3/3")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with six pages, four of which have a true record; one has one under another profile, too."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.write("snippets/helper.py", 'def said(context):\n    return {"device": "cpu"}\n')
    for number, name in enumerate(PAGES[:4]):
        folder.snippet(name, PAGE.format(number))
    assert not folder.run().failures
    assert not folder.run("page-0", profiles=("big",)).failures
    for number, name in enumerate(PAGES[4:], start=4):
        folder.snippet(name, PAGE.format(number))
    return folder


@pytest.fixture
def guide(first: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it, in a folder of its own."""
    return first.copied(tmp_path / "here")


def machine(guide: GuideFolder, shard: str, *options: str) -> GuideFolder:
    """Another machine with the same checkout, which ran a shard."""
    there = guide.copied(guide.root.parent / f"machine-{shard.replace('/', '-')}")
    done = there.galley("run", "--shard", shard, *options)
    assert done.returncode == 0, done.stdout
    return there


def outputs(*folders: GuideFolder) -> list[str]:
    """The folders of the records, as `galley collect` takes them."""
    return [str(each.project.outputs) for each in folders]


def planned(guide: GuideFolder, *options: str) -> Any:
    """The plan as JSON."""
    done = guide.galley("plan", "--json", *options)
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_the_plan_says_what_would_run_and_on_what(guide: GuideFolder) -> None:
    found = planned(guide)
    assert [(each["page"], each["state"], each["seconds"]) for each in found["pages"]] == [
        ("page-4", "missing", None),
        ("page-5", "missing", None),
    ]
    found = planned(guide, "--all", "-p", "laptop", "-p", "big", "page-0")
    at = {each["profile"]: each for each in found["pages"]}
    assert at["big"]["devices"] == ["/dev/nothing*"]
    assert at["laptop"]["seconds"] > 0 or at["laptop"]["peak_mb"] > 0
    assert at["laptop"]["facts"]["device"] == "cpu"
    assert at["laptop"]["facts"]["click"].startswith("click ")
    assert (at["laptop"]["threads"], at["laptop"]["alone"], at["laptop"]["network"]) == (1, False, False)
    assert found["format"] == 1
    said = guide.galley("plan").stdout
    assert "page-4 (laptop): missing, never recorded, 1 thread\n" in said
    assert "2 pages, 0.0 s one after the other, and 2 of which no record says how long\n" in said


def test_a_plan_with_shards_has_each_page_once_and_equals_what_the_shards_run(guide: GuideFolder) -> None:
    found = planned(guide, "--all", "--shards", "3")
    assert [each["shard"] for each in found["shards"]] == list(SHARDS)
    assert sorted(each["page"] for each in found["pages"]) == sorted(name.replace("_", "-") for name in PAGES)
    for number, shard in enumerate(SHARDS, start=1):
        said = guide.galley("run", "--all", "--dry-run", "--shard", shard).stdout.split("\n")
        mine = [f"{each['page']} (laptop)" for each in found["pages"] if each["shard"] == number]
        assert [line for line in said if line] == mine


def task(name: str, seconds: float | None) -> Task:
    """A task whose last run took so long; None for one that never ran."""
    profile = Profile("laptop")
    cells = (CellRecord(name="a", digest="", seconds=seconds or 0.0),)
    record = Record(name, "laptop", "2026-01-01", Environment(), cells) if seconds is not None else None
    return Task(SnippetFile(name, Path(name), "", ()), profile, record)


@pytest.mark.parametrize("seed", range(60))
def test_shares_have_each_task_once_are_the_same_everywhere_and_nearly_equal(seed: int) -> None:
    draw = random.Random(seed)
    of = draw.randint(1, 20)
    none = 0 if seed % 2 else 0.3
    lengths = [None if draw.random() < none else draw.choice([0.0, draw.expovariate(0.1)]) for _ in range(seed)]
    tasks = [task(f"page-{number}", seconds) for number, seconds in enumerate(lengths)]
    found = shares(tasks, of)
    assert len(found) == of
    assert sorted(each.name for share in found for each in share) == sorted(each.name for each in tasks)
    shuffled = draw.sample(tasks, len(tasks))
    assert [[task.name for task in each] for each in shares(shuffled, of)] == [
        [task.name for task in each] for each in found
    ]
    known = [each for each in lengths if each is not None]
    if len(known) == len(lengths):
        loads = [sum(each.seconds for each in share) for share in found]
        assert max(loads) <= sum(known) / of + max(known, default=0.0) + OVERHEAD * (1 + len(known) / of) + 1e-6


def test_the_longest_goes_first_and_equals_go_by_name() -> None:
    tasks = [task("c", 1.0), task("a", 1.0), task("b", 9.0), task("d", None)]
    assert [each.name.page for each in shares(tasks, 1)[0]] == ["b", "a", "c", "d"], "d counts as the median, 1 s"
    tasks = [task("a", 1.0), task("b", 2.0), task("c", 9.0), task("d", None)]
    assert [[each.name.page for each in part] for part in shares(tasks, 2)] == [["c"], ["b", "d", "a"]]
    many = [task("a", 1.0), *(task(f"b{number}", 0.0) for number in range(40))]
    assert [len(part) for part in shares(many, 2)] == [11, 30], "a page takes its time beside its cells, too"


def planned_page(name: str, seconds: float | None, number: int | None = None) -> Planned:
    """A page as a plan tells it."""
    return Planned(name, "laptop", "stale", seconds, seconds, 1, False, False, (), 0, {}, number)


def test_the_seconds_of_a_shard_count_a_page_that_never_ran_as_the_median() -> None:
    pages = [
        planned_page("a", 1.0, 1),
        planned_page("b", 3.0, 1),
        planned_page("c", 8.0, 2),
        planned_page("d", None, 2),
    ]
    said = json.loads(to_json(pages, 2))["shards"]
    assert said == [{"shard": "1/2", "seconds": 4.0}, {"shard": "2/2", "seconds": 11.0}]
    alone = [planned_page("a", 1.5), planned_page("b", None)]
    assert json.loads(to_json(alone, 1))["shards"] == [{"shard": "1/1", "seconds": 3.0}]
    assert json.loads(to_json([], 0))["shards"] == [{"shard": "1/1", "seconds": 0.0}]


def tasks_of(guide: GuideFolder) -> tuple[list[Any], list[Task]]:
    """The states of the guide's pages, and a task for each."""
    project, read = guide.project, guide.guide
    found = [status(project, each, project.profile("laptop")) for each in read.snippets.values()]
    return found, [Task(each.snippets, each.profile, each.record) for each in found]


def test_a_plan_without_shards_names_none_and_says_what_a_page_took(guide: GuideFolder) -> None:
    found, tasks = tasks_of(guide)
    pages = {each.page: each for each in plan(guide.project, found, tasks, 1)}
    assert {each.shard for each in pages.values()} == {None}
    record = guide.record("page-0")
    assert pages["page-0"].seconds == round(sum(cell.seconds for cell in record.cells), 3)
    assert pages["page-0"].peak_mb == round(max(cell.peak_mb for cell in record.cells), 1)
    assert sorted(each.shard or 0 for each in plan(guide.project, found, tasks, 2)) == [1, 1, 1, 2, 2, 2]
    guide.write("pyproject.toml", SETTINGS.replace('line = ["device"', 'line = ["device", "nobody says"'))
    page = next(each for each in plan(guide.project, found, tasks, 1) if each.page == "page-0")
    assert list(page.facts) == ["device", "click", "cpu", "system"]


def test_a_note_is_of_one_request_and_of_one_plan(guide: GuideFolder) -> None:
    project, (found, tasks) = guide.project, tasks_of(guide)
    part = Part(1, 2)
    own, first = share(project, found, tasks, part, everything=True)
    progress = Progress(store_of(project), first)
    progress.done(own[0].name)
    again, same = share(project, found, tasks, part, everything=True)
    assert (same.asked, same.plan) == (first.asked, first.plan)
    assert [each.name for each in again] == [each.name for each in own[1:]]
    some = [each for each in tasks if each.name != own[1].name]
    assert [each.name for each in share(project, found, some, part, everything=True)[0]] == [
        each.name for each in own[2:]
    ]
    _, other = share(project, found, tasks, part, everything=False)
    assert other.asked != first.asked
    assert share(project, found, tasks, Part(1, 3), everything=True)[1].asked != first.asked
    write_note(store_of(project), Note(part, first.asked, ((own[0].name,), ())))
    assert share(project, found, tasks, part, everything=True)[1].plan == first.plan, "a page that no share has"


A, B, C = (Name(page, "laptop") for page in "abc")
NO_NOTE: dict[str, tuple[dict[str, Any], str]] = {
    "another shard": ({"part": {"number": 2, "of": 2}}, "it is of another shard than its name says"),
    "another count": ({"plan": [[A], [B], [C]]}, "it is of another shard than its name says"),
    "a page twice": ({"plan": [[A], [A]]}, "a page is in two shards"),
    "done elsewhere": ({"done": [B]}, "it has done what is another shard's"),
    "another format": ({"format": 2}, "Expected `int` <= 1"),
}


def test_a_note_that_is_none_is_told(tmp_path: Path) -> None:
    store, good = Store(tmp_path, Path("outputs")), Note(Part(1, 2), "x", ((A,), (B,)), (A,))
    write_note(store, good)
    assert note_of(store, good.part) == good
    said = json.loads((tmp_path / good.part.file).read_bytes())
    for change, what in NO_NOTE.values():
        (tmp_path / good.part.file).write_text(json.dumps({**said, **change}), encoding="utf-8")
        with pytest.raises(GalleyError, match=f"shard-1-of-2.json: is no note of a shard: {what}"):
            read_note(store, good.part.file)
        assert note_of(store, good.part) is None
    (tmp_path / good.part.file).write_text('{"more": ' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(GalleyError, match="is no note of a shard"):
        read_note(store, good.part.file)


def test_notes_at_once_are_whole(tmp_path: Path) -> None:
    store = Store(tmp_path, Path("outputs"))
    notes = [Note(Part(number, 24), "x", ((),) * 24) for number in range(1, 25)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda note: write_note(store, note), notes))
    assert [read_note(store, note.part.file) for note in notes] == notes


def test_pages_that_take_no_time_are_shared_too() -> None:
    found = shares([task(f"page-{number}", 0.0) for number in range(12)], 3)
    assert [len(share) for share in found] == [4, 4, 4]


def test_shards_collected_are_what_one_machine_records(guide: GuideFolder) -> None:
    machines = [machine(guide, shard) for shard in SHARDS]
    ran = [sorted(set(each.recorded()) - set(guide.recorded())) for each in machines]
    assert sum(any("page-4/" in name for name in names) for names in ran) == 1
    done = guide.galley("collect", *outputs(*machines))
    assert done.returncode == 0, done.stdout
    assert "page-4 (laptop): taken\npage-5 (laptop): taken\n2 taken, 0 unchanged, 0 refused; complete\n" in done.stdout
    alone = guide.copied(guide.root.parent / "alone")
    shutil.rmtree(alone.project.outputs / "page-4")
    alone.run()
    names = [name for name in alone.recorded() if name.startswith(("page-4", "page-5")) and name.endswith(".txt")]
    assert names
    assert {name: guide.recorded()[name][0] for name in names} == {name: alone.recorded()[name][0] for name in names}
    assert not any(name.startswith("shard-") for name in guide.recorded())
    assert guide.galley("check").returncode == 0
    assert guide.galley("collect", *outputs(*machines)).stdout == "0 taken, 2 unchanged, 0 refused; complete\n"


def test_what_is_missing_is_told_with_the_command_that_makes_it(guide: GuideFolder) -> None:
    machines = {shard: machine(guide, shard, "--all") for shard in SHARDS}
    done = guide.galley("collect", *outputs(machines["1/3"], machines["3/3"]))
    assert done.returncode == 1
    assert "missing: shard 2/3 is not among the folders: " in done.stdout
    assert "galley run --shard 2/3, with the options of the run\n" in done.stdout
    assert "refused; not complete\n" in done.stdout
    assert guide.galley("collect", *outputs(*machines.values())).returncode == 0


def test_a_shard_that_was_interrupted_goes_on_where_it_was(guide: GuideFolder) -> None:
    there = machine(guide, "1/2", "--all")
    file = there.project.outputs / "shard-1-of-2.json"
    note = json.loads(file.read_text(encoding="utf-8"))
    assert sorted(note["done"]) == sorted(note["plan"][0])
    kept = note["done"][:1]
    file.write_text(json.dumps(note | {"done": kept}), encoding="utf-8")
    done = there.galley("run", "--all", "--shard", "1/2")
    assert f"shard 1/2: {len(note['plan'][0]) - 1} of 6 pages" in done.stdout
    assert "1 are done already; without snippets/outputs/shard-1-of-2.json they run again" in done.stdout
    assert f"{kept[0][0]} (laptop)" not in done.stdout
    assert json.loads(file.read_text(encoding="utf-8"))["plan"] == note["plan"], "although the seconds are others now"
    there.snippet("page_1", PAGE.format("'changed'"))
    said = there.galley("run", "--all", "--shard", "1/2").stdout
    assert "done already" not in said, "other code is another run"


def test_a_shard_that_failed_is_not_done(guide: GuideFolder) -> None:
    guide.snippet("page_4", "# %% one\n1 / 0\n")
    machines = [guide.copied(guide.root.parent / f"m{number}") for number in (1, 2)]
    codes = [each.galley("run", "--shard", f"{n}/2").returncode for n, each in enumerate(machines, start=1)]
    assert sorted(codes) == [0, 4]
    done = guide.galley("collect", *outputs(*machines))
    assert done.returncode == 1
    assert "is not all done: page-4 (laptop): galley run --shard " in done.stdout
    assert "page-5 (laptop): taken" in done.stdout


def test_a_comparison_in_shards_writes_nothing(guide: GuideFolder) -> None:
    before = guide.recorded()
    said = [guide.galley("test", "--shard", shard, CI="1").stdout for shard in ("1/2", "2/2")]
    assert sum(each.count("same outputs") for each in said) == 4
    assert guide.recorded() == before


@pytest.mark.parametrize(
    "shard",
    [
        "0/3",
        "4/3",
        "1",
        "1/0",
        "a/b",
        "1/3/4",
        "-1/3",
        "01/3",
        "1/٣",
        "１/３",
        "1/3\n",
        "1/1000000",
        f"1/{'9' * 5000}",
        "²/3",
    ],
)
def test_a_shard_that_is_none_is_refused(guide: GuideFolder, shard: str) -> None:
    done = guide.galley("run", f"--shard={shard}")
    assert done.returncode == 2
    assert "' is no shard\n    write NUMBER/COUNT" in done.stdout
    assert not any(each.name.startswith("shard-") for each in guide.project.outputs.iterdir())


def test_the_largest_shard_ends_like_any_other(guide: GuideFolder) -> None:
    done = guide.galley("run", "--shard", "999999/999999")
    assert (done.returncode, "shard 999999/999999: 0 of 2 pages" in done.stdout) == (0, True), done.stdout
    again = guide.galley("collect", str(guide.copied(guide.root.parent / "there").project.outputs))
    assert "999999" in again.stdout
    assert again.returncode in (0, 1)


def note(folder: GuideFolder, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the note of a shard."""
    (file,) = folder.project.outputs.glob("shard-*.json")
    said = json.loads(file.read_text(encoding="utf-8"))
    change(said)
    file.write_text(json.dumps(said), encoding="utf-8")


def of_another_run(there: GuideFolder) -> None:
    """The note is of another run."""
    note(there, lambda said: said.update(asked="another"))


def a_note_that_claims_more(there: GuideFolder) -> None:
    """The shard says that it has done what another was to do."""
    note(there, lambda said: said.update(done=[*said["plan"][0], *said["plan"][1], *said["plan"][2]]))


def a_page_twice(there: GuideFolder) -> None:
    """The plan has a page in two shards."""
    note(there, lambda said: said["plan"][0].append(said["plan"][1][0] if said["plan"][1] else said["plan"][2][0]))


def a_terabyte(there: GuideFolder) -> None:
    """The note has more bytes than any memory."""
    (file,) = there.project.outputs.glob("shard-*.json")
    os.truncate(file, 1 << 40)


def a_foreign_file(there: GuideFolder) -> None:
    """Something lies there that is no record."""
    (there.project.outputs / "notes.txt").write_text("a", encoding="utf-8")


def a_link(there: GuideFolder) -> None:
    """A page's folder is a link."""
    (there.project.outputs / "page-9").symlink_to("/etc")


def a_link_deeper(there: GuideFolder) -> None:
    """A record's folder is a link."""
    (there.project.outputs / "page-4" / "more").symlink_to("/etc")


def a_file_for_a_folder(there: GuideFolder) -> None:
    """A file stands where a profile would."""
    (there.project.outputs / "page-4" / "more").write_text("a", encoding="utf-8")


REFUSED = {
    of_another_run: "is a shard of another run than",
    a_note_that_claims_more: "is no note of a shard: it has done what is another shard's",
    a_page_twice: "is no note of a shard: a page is in two shards",
    a_terabyte: "is not read: it has more than 16 MiB",
    a_foreign_file: "notes.txt: is no record, and no file that galley keeps beside records",
    a_link: "page-9: is a link, and galley follows none to its records",
    a_link_deeper: "more: is a link, and galley follows none to its records",
    a_file_for_a_folder: "more: is no record, and no file that galley keeps beside records",
}


def owner(machines: list[GuideFolder], page: str) -> GuideFolder:
    """The machine that recorded a page."""
    return next(each for each in machines if (each.project.outputs / page / "laptop/record.json").exists())


@pytest.mark.parametrize("spoil", REFUSED, ids=lambda each: each.__name__)
def test_folders_that_are_none_of_shards_are_refused_before_anything_is_taken(
    guide: GuideFolder, spoil: Callable[[GuideFolder], None]
) -> None:
    machines = [machine(guide, shard) for shard in SHARDS]
    spoil(owner(machines, "page-4"))
    before = guide.recorded()
    done = guide.galley("collect", *outputs(*machines))
    assert done.returncode in (3, 5), done.stdout
    assert REFUSED[spoil] in done.stdout
    assert guide.recorded() == before


def tampered(there: GuideFolder) -> None:
    """An output is not what its record says."""
    (there.project.outputs / "page-4/laptop/one.stdout.txt").write_text("forged\n", encoding="utf-8")


def an_output_without_end(there: GuideFolder) -> None:
    """An output has more bytes than any memory."""
    os.truncate(there.project.outputs / "page-4/laptop/one.stdout.txt", 1 << 40)


def a_file_more(there: GuideFolder) -> None:
    """A file lies in the record's folder that no record names."""
    (there.project.outputs / "page-4/laptop/more.txt").write_text("a", encoding="utf-8")


def an_output_by_link(there: GuideFolder) -> None:
    """An output is a link to a file with the right bytes."""
    file = there.project.outputs / "page-4/laptop/one.stdout.txt"
    kept = there.root / "kept.txt"
    file.rename(kept)
    file.symlink_to(kept)


def torn(there: GuideFolder) -> None:
    """Its writer was interrupted."""
    (there.project.outputs / "page-4/laptop/record.json").unlink()


def of_other_code(there: GuideFolder) -> None:
    """The shard ran other code."""
    there.snippet("page_4", PAGE.format("'another'"))
    assert there.galley("run", "page-4").returncode == 0


def of_a_newer_galley(there: GuideFolder) -> None:
    """A newer galley made it."""
    file = there.project.outputs / "page-4/laptop/record.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**said, "format": 99}), encoding="utf-8")


WRONG = {
    tampered: "one.stdout.txt: is not what was recorded",
    an_output_without_end: "one.stdout.txt: is not read: it has more than 64 MiB",
    a_file_more: "more.txt: is in the folder and not in the record",
    an_output_by_link: "one.stdout.txt: is no plain file",
    torn: "torn: outputs without a record.json",
    of_a_newer_galley: "a newer galley wrote it (format 99",
    of_other_code: "cell page_4/one changed",
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda each: each.__name__)
def test_a_record_that_is_not_true_is_refused_and_the_others_are_taken(
    guide: GuideFolder, spoil: Callable[[GuideFolder], None]
) -> None:
    machines = [machine(guide, shard) for shard in SHARDS]
    spoil(owner(machines, "page-4"))
    done = guide.galley("collect", *outputs(*machines))
    assert done.returncode == 1, done.stdout
    assert "machine-" in done.stdout
    assert WRONG[spoil] in done.stdout.replace("is no plain file, and", "is no plain file"), done.stdout
    mend = "upgrade galley: pip install" if spoil is of_a_newer_galley else "galley run page-4"
    (refused,) = [each for each in done.stdout.split("\n\n") if WRONG[spoil] in each]
    assert mend in refused.split("\n")[1], refused
    assert "page-5 (laptop): taken" in done.stdout
    assert not (guide.project.outputs / "page-4").exists()


HOLD = Held(page="page-0", profile="laptop", since="2026-11-05", reason="it breaks")
NOTES = """
def said(context):
    return {"device": "cpu"}
def setup(context):
    context.note_table(context.root / "catalogue.toml", "model")
"""


def test_a_hold_that_comes_with_a_record_excuses_nothing(guide: GuideFolder) -> None:
    guide.write("catalogue.toml", '[model]\nrevision = "a"\n')
    guide.write("snippets/helper.py", NOTES)
    hooks = '{ provenance = "helper:said" }'
    guide.write("pyproject.toml", SETTINGS.replace(hooks, '{ provenance = "helper:said", setup = "helper:setup" }'))
    there = guide.copied(guide.root.parent / "there")
    there.write("catalogue.toml", '[model]\nrevision = "b"\n')
    for each in (guide, there):
        assert each.galley("run").returncode == 0
    hold(store_of(there.project), [HOLD])
    before = guide.recorded()
    done = guide.galley("collect", *outputs(there))
    assert done.returncode == 1, done.stdout
    assert "page-0/laptop: the record is stale in this checkout" in done.stdout
    assert guide.recorded() == before


def test_what_is_held_here_is_not_replaced(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run", "--all", "page-0").returncode == 0
    (there.project.outputs / "page-0/laptop/run.json").write_text(
        (there.project.outputs / "page-0/laptop/run.json").read_text(encoding="utf-8").replace('"cpu": "', '"cpu": "x'),
        encoding="utf-8",
    )
    hold(store_of(guide.project), [HOLD])
    before = guide.recorded()
    done = guide.galley("collect", *outputs(there))
    assert "page-0/laptop: page-0 (laptop) is held since 2026-11-05: it breaks\n    keep it so, or take" in done.stdout
    assert guide.recorded() == before
    (guide.project.outputs / "held.json").unlink()
    assert "page-0 (laptop): taken" in guide.galley("collect", *outputs(there)).stdout


def test_what_was_taken_before_the_disk_is_full_is_told(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run").returncode == 0
    text = "import os, sys, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); import signal; "
    text += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from galley.cli import main; main()"
    done = guide.call([sys.executable, "-c", text, "collect", *outputs(there)])
    assert done.returncode == 1, done.stdout
    assert done.stdout.count("the system refuses: File too large\n    mend that, and collect again") == 2, done.stdout
    assert "0 taken, 5 unchanged, 2 refused; not complete" in done.stdout
    assert "0 taken" not in guide.galley("collect", *outputs(there)).stdout


def test_two_records_of_one_page_are_a_conflict(guide: GuideFolder) -> None:
    one, other = (guide.copied(guide.root.parent / name) for name in ("one", "other"))
    for each, said in ((one, "1"), (other, "2")):
        each.snippet("page_4", f"# %% one\nimport os\nprint(len(os.environ.get('SAID', '{said}')) and '{said}')\n")
        assert each.galley("run", "page-4").returncode == 0
    forged = other.project.outputs / "page-4/laptop"
    shutil.rmtree(forged)
    shutil.copytree(one.project.outputs / "page-4/laptop", forged)
    record = json.loads((forged / "record.json").read_text(encoding="utf-8"))
    record["environment"]["packages"] = {"click": "0.1"}
    (forged / "record.json").write_text(json.dumps(record), encoding="utf-8")
    guide.snippet("page_4", (one.root / "snippets/page_4.py").read_text(encoding="utf-8"))
    done = guide.galley("collect", *outputs(one, other))
    assert done.returncode == 1
    assert "page-4/laptop: differs from the one in" in done.stdout
    assert "both are true\n    leave one of the two folders out" in done.stdout
    assert not (guide.project.outputs / "page-4").exists()
    assert "page-4 (laptop): taken" in guide.galley("collect", *outputs(one)).stdout


def test_a_page_that_is_not_here_is_refused(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    there.snippet("stranger", PAGE.format(9))
    assert there.galley("run", "stranger").returncode == 0
    done = guide.galley("collect", *outputs(there))
    assert "stranger/laptop: is the record of a page or profile that this checkout does not have" in done.stdout


def test_without_notes_what_has_no_true_record_is_missing(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run", "page-4").returncode == 0
    done = guide.galley("collect", *outputs(there))
    assert done.returncode == 1
    assert "page-4 (laptop): taken\nmissing: page-5 (laptop) is missing: galley run page-5\n" in done.stdout


def test_the_same_shard_twice_and_no_folder_are_refused(guide: GuideFolder) -> None:
    there = machine(guide, "1/3")
    again = there.copied(guide.root.parent / "again")
    done = guide.galley("collect", *outputs(there, again))
    assert done.returncode == 5
    assert "is shard 1/3, and so is" in done.stdout
    assert guide.galley("collect", "nowhere").returncode == 2
    assert guide.galley("collect").returncode == 2
    link = guide.root.parent / "link"
    link.symlink_to(there.project.outputs)
    assert "is a link" in guide.galley("collect", str(link)).stdout


def test_what_galley_keeps_beside_records_is_no_foreign_file(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run", "page-4").returncode == 0
    assert there.galley("run", "--footprint", "page-4").returncode == 0
    assert (there.project.outputs / ".footprints").is_dir()
    assert there.galley("run", "page-5").returncode == 0
    assert there.galley("manifest").returncode == 0
    done = guide.galley("collect", *outputs(there))
    assert done.returncode == 0, done.stdout
    assert not (guide.project.outputs / ".footprints").exists()


def taken(guide: GuideFolder, folders: Iterable[Path]) -> Collected:
    """What came of the records in these folders."""
    return collect(guide.guide, list(folders), kinds_of(guide.project))


@pytest.mark.parametrize(("pages", "more"), [(3, ""), (4, " and 1 more")])
def test_the_pages_of_a_shard_that_is_missing_are_named(
    guide: GuideFolder, tmp_path: Path, pages: int, more: str
) -> None:
    left = tuple(Name(f"page-{number}", "laptop") for number in range(pages))
    write_note(Store(tmp_path / "there", Path("there")), Note(Part(1, 2), "x", ((), left)))
    named = "page-0 (laptop), page-1 (laptop), page-2 (laptop)"
    assert taken(guide, [tmp_path / "there"]).missing == [
        f"shard 2/2 is not among the folders: {named}{more}: galley run --shard 2/2, with the options of the run"
    ]


def test_shards_with_other_plans_or_two_notes_are_of_no_one_run(guide: GuideFolder, tmp_path: Path) -> None:
    for name, part, planned in (("a", 1, ((A,), ())), ("b", 2, ((), (A,)))):
        write_note(Store(tmp_path / name, Path(name)), Note(Part(part, 2), "x", planned))
    with pytest.raises(RefusedError, match="is a shard of another run than"):
        taken(guide, [tmp_path / "a", tmp_path / "b"])
    shutil.copy(tmp_path / "b/shard-2-of-2.json", tmp_path / "a")
    with pytest.raises(RefusedError, match=r"has the notes of two shards: shard-1-of-2\.json, shard-2-of-2\.json"):
        taken(guide, [tmp_path / "a"])


def test_a_signature_is_no_foreign_file_and_a_link_is_one_whatever_its_name(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run", "page-4", "page-5").returncode == 0
    assert there.galley("manifest").returncode == 0
    (name,) = (path.name for path in there.project.outputs.glob("*.json"))
    (there.project.outputs / f"{name}.sig").write_bytes(b"a signature")
    assert taken(guide, [there.project.outputs]).taken == [Name("page-4", "laptop"), Name("page-5", "laptop")]
    (there.project.outputs / "held.json").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match=r"held\.json: is a link"):
        taken(guide, [there.project.outputs])


def test_a_record_of_a_profile_that_is_not_here_is_refused(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    shutil.copytree(there.project.outputs / "page-0/laptop", there.project.outputs / "page-0/other")
    (refused,) = taken(guide, [there.project.outputs]).refused
    assert "page-0/other: is the record of a page or profile that this checkout does not have" in str(refused)


def test_a_record_that_nobody_can_show_is_refused_with_the_command_of_its_profile(guide: GuideFolder) -> None:
    there = guide.copied(guide.root.parent / "there")
    assert there.galley("run", "page-4").returncode == 0
    assert there.galley("run", "page-4", "-p", "big").returncode == 0
    for profile in ("laptop", "big"):
        file = there.project.outputs / f"page-4/{profile}/record.json"
        text = file.read_text(encoding="utf-8")
        assert text.count('"kind": "stdout"') == 1
        file.write_text(text.replace('"kind": "stdout"', '"kind": "hologram"'), encoding="utf-8")
    refused = taken(guide, [there.project.outputs]).refused
    assert [each.mend.partition(": ")[2] for each in refused] == [
        "galley run page-4 --profile big",
        "galley run page-4",
    ]
    assert all("hologram" in each.what for each in refused)
    assert guide.status("page_4").state is State.MISSING


def test_ci_takes_nothing_in(guide: GuideFolder) -> None:
    there = machine(guide, "1/3")
    done = guide.galley("collect", *outputs(there), CI="1")
    assert done.returncode == 5
    assert "CI writes no records" in done.stdout
