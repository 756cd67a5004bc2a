"""What happens before pages run, and the hooks around them: `prepare`, `explain`, tables, statements."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from builders import BUILDERS, article, plain
from galley.errors import Exit
from galley.record.status import State
from galley.run.prepare import prepare
from guide_folder import command, quiet_environment
from processes import processes_of, wait_until_gone

PREPARE = """
import os

def prepare(context):
    print("a line of the hook's own")
    with open("calls.txt", "a") as calls:
        print(context.profile, dict(context.parameters), os.environ["SECRET"], file=calls)
    return {"WHERE": context.parameters["where"]}
"""
SETTINGS = """
[tool.galley]
packages = []

[tool.galley.hooks]
prepare = "before:prepare"

[tool.galley.profiles.laptop]
required = true
parameters = { where = "here" }

[tool.galley.profiles.other]
parameters = { where = "there" }
"""
CELLS = """
# %% parameters
where = ""

# %% look
import os

print(where, os.environ["WHERE"], "SECRET" in os.environ)
"""


@pytest.fixture
def prepared(folder, monkeypatch):
    monkeypatch.setenv("SECRET", "hf_secret")
    folder.write("pyproject.toml", SETTINGS)
    folder.write("snippets/before.py", PREPARE)
    for stem in ("one", "two"):
        folder.snippet(stem, CELLS)
    return folder


def test_it_runs_once_for_a_profile_and_its_answer_is_what_the_pages_see(prepared):
    assert prepared.run(profiles=("laptop", "other")).failures == {}
    calls = (prepared.root / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(calls) == ["laptop {'where': 'here'} hf_secret", "other {'where': 'there'} hf_secret"]
    for page in ("one", "two"):
        assert prepared.output(page, "look.stdout.txt") == "here here False\n"
        assert prepared.output(page, "look.stdout.txt", "other") == "there there False\n"
        assert "before.py" not in str(prepared.record(page).dependencies)  # it is not part of the page


def test_its_answer_is_a_fact_that_a_check_compares_and_no_record_shows(prepared, tmp_path_factory):
    for stem in ("one", "two"):
        prepared.snippet(stem, "# %% one\nprint(1)\n")
    answer = 'return {"WHERE": "a-token", "FOLDER": str(context.root / "models")}'
    prepared.write("snippets/before.py", f"def prepare(context):\n    {answer}\n")
    assert prepared.run().failures == {}
    record = prepared.root / "snippets/outputs/one/laptop/record.json"
    assert "a-token" not in record.read_text(encoding="utf-8")
    assert set(prepared.record("one").environment.provenance) == {"prepare.WHERE", "prepare.FOLDER"}
    elsewhere = prepared.copied(tmp_path_factory.mktemp("elsewhere"))
    assert elsewhere.galley("test").returncode == 0
    elsewhere.write("snippets/before.py", f"def prepare(context):\n    {answer.replace('token', 'ticket')}\n")
    done = elsewhere.galley("test", "one")
    assert done.returncode == Exit.DIFFERS, done.stdout
    assert "page one (laptop): the record says of prepare.WHERE: " in done.stdout
    assert "FOLDER" not in done.stdout


def test_a_caller_that_stays_up_asks_once(prepared):
    known: dict = {}
    for _ in range(2):
        assert asyncio.run(prepare(prepared.project, ["laptop", "laptop"], known)) == []
        assert known == {"laptop": {"WHERE": "here"}}
    assert len((prepared.root / "calls.txt").read_text(encoding="utf-8").splitlines()) == 1


def test_nothing_stale_prepares_nothing(prepared):
    prepared.run()
    prepared.run()
    assert len((prepared.root / "calls.txt").read_text(encoding="utf-8").splitlines()) == 1


OTHER = "profile other cannot run: the hook prepare (before:for_other)"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise Missing('accept the licence')", "profile other cannot run: accept the licence"),
        ("raise KeyError('x')", f"{OTHER} raised KeyError: 'x'"),
        ("os._exit(3)", f"{OTHER} exited with status 3 and gave no answer"),
        (
            "return ['A']",
            f"{OTHER} answered with ['A'], and must with texts by name",
        ),
        ("return {'A': 1}", f"{OTHER} answered with {{'A': 1}}, and must with texts"),
        (
            "return {'A=B': ''}",
            f"{OTHER} answered with 'A=B', which is no name of a variable",
        ),
        (
            "return {'A': '\\0'}",
            f"{OTHER} answered with a value of A that no variable can have",
        ),
        (
            "return {'A': '\\udc80'}",
            f"{OTHER} answered with a value of A that no variable can have",
        ),
    ],
)
def test_a_profile_that_cannot_run_says_so_once_and_the_others_run(body, said, prepared):
    hook = f"{PREPARE}\nclass Missing(Exception): ...\n\ndef for_other(context):\n"
    hook += f"    if context.profile == 'other':\n        {body}\n    return prepare(context)\n"
    prepared.write("snippets/before.py", hook)
    prepared.write("pyproject.toml", SETTINGS.replace("before:prepare", "before:for_other"))
    ended = prepared.run(profiles=("laptop", "other"))
    assert [error.what.startswith(said) for error in ended.summary.errors] == [True]
    assert ended.failures == {}
    assert prepared.record("one")
    assert not (prepared.project.outputs / "one" / "other").exists()


def test_what_a_hook_leaves_running_ends_with_it_and_holds_nothing_up(prepared):
    body = "    import subprocess\n    subprocess.Popen(['sleep', '300'], env={'MARK': os.environ['MARK']})\n"
    prepared.write("snippets/before.py", PREPARE.replace("    print(", f"{body}    print(", 1))
    marker = str(prepared.root)
    ended = prepared.galley("run", "one", MARK=marker)
    assert ended.returncode == 0, ended.stdout
    assert wait_until_gone(marker) == []


def test_a_hook_ends_with_the_command_that_asked_it(prepared):
    prepared.write("snippets/before.py", "def prepare(context):\n    import time\n    time.sleep(300)\n")
    marker = str(prepared.root)
    asking = subprocess.Popen([command("galley"), "run"], cwd=prepared.root, env=quiet_environment(MARK=marker))
    try:
        while not any("galley.run.prepare" in each for each in processes_of(marker)):
            assert asking.poll() is None
    finally:
        asking.kill()
        asking.wait()
    assert wait_until_gone(marker) == []


def test_the_command_fails_when_a_profile_cannot_run(prepared):
    prepared.write("snippets/before.py", "def prepare(context):\n    raise KeyError('x')\n")
    ended = prepared.galley("run")
    assert ended.returncode not in (0, 4)
    assert "profile laptop cannot run: the hook prepare (before:prepare) raised KeyError: 'x'" in ended.stdout
    assert "snippets/before.py:2" in ended.stdout
    assert "Traceback" not in ended.stdout


HOOKS = """
def setup(context):
    context.note_table(context.root / "models.toml", "mine")
    open(context.root / "models.toml").close()

def explain(context, error):
    return f"{context.page}: a bad sign" if isinstance(error, KeyError) else None

def provenance(context):
    return {"model": "a small one", "threads": 1, "loaded": [{"id": "mine", "bytes": 12345}]}
"""


@pytest.fixture
def hooked(folder):
    settings = 'setup = "around:setup"\nexplain = "around:explain"\nprovenance = "around:provenance"\n'
    profiles = "[tool.galley.profiles.laptop]\nrequired = true\n"
    folder.write("pyproject.toml", f"[tool.galley]\n[tool.galley.hooks]\n{settings}\n{profiles}")
    folder.write("snippets/around.py", HOOKS)
    folder.write("models.toml", "[mine]\na = 1\n\n[other]\na = 1\n")
    folder.snippet("one", "# %% look\nprint('seen')\n")
    return folder


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("[mine]\na = 1\n\n[other]\na = 2\n[new]\n", State.FRESH, ""),
        ("# A comment.\nmine = { 'a' = 1 }\n", State.FRESH, ""),
        ("[mine]\na = 2\n\n[other]\na = 1\n", State.STALE, "mine in models.toml changed since the page used it"),
        ("[other]\na = 1\n", State.STALE, "mine in models.toml is gone"),
        ("[mine\n", State.STALE, "mine in models.toml changed since the page used it"),
    ],
)
def test_a_page_depends_on_the_table_that_it_used_and_on_no_other(text, state, reason, hooked):
    assert hooked.run().failures == {}
    hooked.write("models.toml", text)
    found = hooked.status("one")
    assert found.state is state
    assert [each.what for each in found.reasons] == ([reason] if reason else [])
    assert all(str(each.place) == "models.toml" for each in found.reasons)


def test_a_failure_is_explained_by_the_hook(hooked):
    hooked.snippet("one", "# %% look\n{}['x']\n")
    failure = hooked.run().failures["one"]
    assert failure.endswith("in cell look: KeyError: 'x'\none: a bad sign")
    hooked.snippet("one", "# %% look\n[][0]\n")
    assert "a bad sign" not in hooked.run().failures["one"]


def test_a_hook_that_fails_does_not_hide_the_failure(hooked):
    hooked.write("snippets/around.py", HOOKS.replace('f"{context.page}', 'f"{context.nothing}'))
    hooked.snippet("one", "# %% look\n{}['x']\n")
    said = hooked.run().failures["one"]
    assert "in cell look: KeyError: 'x'\n" in said
    assert "the hook explain (around:explain) raised AttributeError" in said


def test_only_texts_and_numbers_stand_under_an_output(hooked):
    hooked.run()
    assert hooked.record("one").environment.provenance["loaded"] == [{"id": "mine", "bytes": 12345}]
    BUILDERS["mkdocs"](plain(hooked))
    html = article(hooked.root / "site", "one")
    assert "a small one · 1 · Python" in html
    assert "12345" not in html
