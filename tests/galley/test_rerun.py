"""`galley test`: pages run again and are compared with their records, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from galley.source.digest import digest
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
hooks = { provenance = "helper:said" }
machine = ["capability"]

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.big]
"""
PAGE = """\
# %% text
print("loss", 0.25)
# %% differing by_processor="it names the processor"
print("the text")
# %% varying varies="it is drawn"
print("drawn")
# %% timed [measured]
print("5 ms, loss 0.25")
# %% bad raises="KeyError"
{}["a"]
# %% worse raises="ValueError"
raise ValueError("b")
"""
HELPER = 'def said(context):\n    return {"device": "cpu", "capability": "AVX2", "seen": [1]}\n'


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a true record."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.write("snippets/helper.py", HELPER)
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    return folder


def forge(folder: GuideFolder, change: Callable[[dict[str, Any]], object], **outputs: str) -> None:
    """Change a record by hand, and outputs of it, with digests that are right."""
    place = folder.project.outputs / "page/laptop"
    record = json.loads((place / "record.json").read_text(encoding="utf-8"))
    change(record)
    files = {file["file"]: file for cell in record["cells"] for output in cell["outputs"] for file in output["files"]}
    for name, text in outputs.items():
        (file,) = [each for each in files if each.startswith(f"{name}.")]
        (place / file).write_text(text, encoding="utf-8")
        files[file]["sha256"] = digest(text)
    run = json.loads((place / "run.json").read_text(encoding="utf-8"))
    run |= {name: record["environment"].pop(name) for name in run if name in record["environment"]}
    (place / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")


def nothing(record: dict[str, Any]) -> None:
    """The record stays but for its outputs."""


def environment(**facts: Any) -> Callable[[dict[str, Any]], object]:
    """The record tells other facts."""
    return lambda record: record["environment"].update(facts)


def provenance(**facts: Any) -> Callable[[dict[str, Any]], object]:
    """The record tells other facts of the hook's."""
    return lambda record: record["environment"]["provenance"].update(facts)


def test_a_true_record_is_told_as_such_and_no_byte_is_written_in_ci_either(guide: GuideFolder) -> None:
    before = guide.recorded()
    done = guide.galley("test", CI="1")
    assert done.returncode == 0, done.stdout
    assert "page (laptop): same outputs (6 cells" in done.stdout
    assert guide.recorded() == before


OTHER_CPU = environment(cpu="another")
LIES = {
    "an output": (nothing, {"text": "loss 0.5\n"}, "page.py:1", "cell text: text.stdout.txt differs from line 1 on"),
    "an output and the processor": (OTHER_CPU, {"text": "loss 0.5\n"}, "page.py:1", "cell text: text.stdout.txt"),
    "a number that repeats": (OTHER_CPU, {"timed": "5 ms, loss 0.5\n"}, "page.py:7", "a measurement needs its unit"),
    "a last digit": (OTHER_CPU, {"text": "loss 0.250001\n"}, "page.py:1", "differs in numbers, by less than"),
    "two errors": (nothing, {"bad": "ValueError: b\n", "worse": "KeyError: 'a'\n"}, "page.py:9", "bad.error.txt"),
    "the device": (provenance(device="NVIDIA H100"), {}, "page.py", "says of device: 'NVIDIA H100', this run says: 'c"),
    "a fact": (provenance(battery="full"), {}, "page.py", "says of battery: 'full', this run says: nothing"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_told_at_its_cell_with_a_code_of_its_own(guide: GuideFolder, lie: str) -> None:
    change, outputs, place, said = LIES[lie]
    forge(guide, change, **outputs)
    assert guide.galley("check").returncode == 0, "it is well forged"
    done = guide.galley("test", "page")
    assert done.returncode == 7, done.stdout
    assert f"snippets/{place}: page page (laptop)" in done.stdout
    assert said in done.stdout
    assert "galley run page --all" in done.stdout
    assert guide.galley("run", "page", "--all").returncode == 0
    assert guide.galley("test").returncode == 0, "the command that is named mends it"


def test_what_may_differ_is_told_and_no_failure(guide: GuideFolder) -> None:
    forge(guide, OTHER_CPU, differing="other\n")
    forge(guide, provenance(capability="AVX512"), differing="other\n", varying="x\n", timed="900 ms, loss 0.25\n")
    done = guide.galley("test")
    assert done.returncode == 0, done.stdout
    assert (
        "same outputs, but\n    differing.stdout.txt differs from line 1 on: 'other' became 'the text'" in done.stdout
    )
    assert "(it may: it names the processor)" in done.stdout
    assert "varying" not in done.stdout
    assert "timed" not in done.stdout
    assert "capability" not in done.stdout


def test_a_cell_may_differ_on_another_processor_and_on_no_other_account(guide: GuideFolder) -> None:
    forge(guide, nothing, differing="other\n")
    assert guide.galley("test").returncode == 7, "it is the recorded processor"
    forge(guide, environment(provenance={"device": "cpu", "capability": "AVX512"}))
    done = guide.galley("test")
    assert done.returncode == 0, f"several processors have one name, and other instructions\n{done.stdout}"
    assert "differing.stdout.txt differs" in done.stdout
    forge(guide, nothing, text="loss 0.5\n")
    assert guide.galley("test").returncode == 7, "the line of this cell excuses nothing"
    guide.snippet("page", '# %% one by_processor="why"\nimport secrets\nprint(secrets.token_hex())\n')
    done = guide.galley("run", "--twice")
    assert done.returncode == 4
    assert "did not repeat" in done.stdout


@pytest.mark.parametrize("other", [{"packages": {"rich": "0.1"}}, {"python": "3.1.0"}])
def test_other_versions_excuse_a_difference_and_strict_excuses_nothing(
    guide: GuideFolder, other: dict[str, Any]
) -> None:
    forge(guide, environment(**other, provenance={"device": "x"}), text="loss 0.5\n")
    done = guide.galley("test")
    assert done.returncode == 0, done.stdout
    assert "drifted\n    " in done.stdout
    assert " was " in done.stdout
    assert "text.stdout.txt differs" in done.stdout
    assert "says of device" in done.stdout
    done = guide.galley("test", "--strict")
    assert done.returncode == 7, done.stdout
    assert "snippets/page.py: page page (laptop): the record is of other versions than this machine's" in done.stdout


@pytest.mark.parametrize("other", [{"packages": {"no-such-package": "0.1"}}, {"python": None}])
def test_what_is_no_version_of_this_machine_excuses_nothing(guide: GuideFolder, other: dict[str, Any]) -> None:
    python = guide.record("page").environment.python
    patch = {"python": f"{python.rpartition('.')[0]}.99"} if "python" in other else other
    forge(guide, environment(**patch), text="loss 0.5\n")
    assert guide.galley("test").returncode == 7


def test_a_record_that_is_not_true_is_an_error_and_the_others_are_compared(guide: GuideFolder) -> None:
    guide.snippet("new", "# %% one\n1\n")
    guide.snippet("stale", "# %% one\n1\n")
    assert guide.galley("run", "stale").returncode == 0
    guide.snippet("stale", "# %% one\n2\n")
    done = guide.galley("test")
    assert done.returncode == 1, done.stdout
    assert "page (laptop): same outputs" in done.stdout
    assert "new (laptop) has no true record to compare with: never recorded\n    galley run new" in done.stdout
    assert (
        "stale (laptop) has no true record to compare with: cell stale/one changed\n    galley run stale" in done.stdout
    )
    assert guide.galley("test", "page").returncode == 0
    forge(guide, nothing, text="loss 0.5\n")
    assert guide.galley("test").returncode == 7, "a difference is told before what was not compared"
    assert "nothing to run: no page has a record" in guide.galley("test", "-p", "big").stdout
    assert "never recorded" in guide.galley("test", "-p", "big", "page").stdout
    assert guide.galley("run", "-p", "big", "stale").returncode == 0
    guide.snippet("stale", "# %% one\n3\n")
    assert "stale (big) has no true record" in guide.galley("test", "-p", "big").stdout


def test_a_page_that_fails_is_told_as_such(guide: GuideFolder) -> None:
    guide.without_sandbox()
    mark = f"{guide.root}-mark"
    code = f"from pathlib import Path\nmark = Path({mark!r})\nassert not mark.exists()\nmark.touch()\n"
    guide.snippet("once", f"# %% one\n{code}")
    assert guide.galley("run", "once").returncode == 0
    done = guide.galley("test", "once")
    assert done.returncode == 4, done.stdout
    assert "snippets/once.py:4: page once (laptop) in cell one: AssertionError" in done.stdout


def test_another_image_is_told_without_its_digest(guide: GuideFolder) -> None:
    draws = "class Drawn:\n    def _repr_svg_(self):\n        return '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'\n"
    guide.snippet("page", f"# %% text\n{draws}Drawn()\n")
    assert guide.galley("run").returncode == 0
    forge(guide, nothing, text="<svg/>")
    assert "text.image.svg is another drawing with the same words when it ran again" in guide.galley("test").stdout
