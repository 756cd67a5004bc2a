"""The workflows: what reads such files finds nothing, they may do no more than they say, and their pieces work.

Nothing here needs a network: git pushes into a folder, and `gh` is a program that writes down what it is asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from galley import __version__
from guide_folder import GuideFolder, quiet_environment

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LANES = ROOT / "scripts/lanes"
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$")
# What each lane may do; every other job can read and nothing else.
RIGHTS = {
    ("check.yml", "records"): {"contents": "read"},
    ("check.yml", "tests"): {"contents": "read"},
    ("publish.yml", "build"): {"contents": "read"},
    ("publish.yml", "deploy"): {"pages": "write", "id-token": "write"},
    ("publish.yml", "heartbeat"): {"contents": "read", "actions": "read", "issues": "write"},
    ("gpu.yml", "run"): {"contents": "read", "id-token": "write", "attestations": "write"},
    ("gpu.yml", "propose"): {"contents": "write", "pull-requests": "write"},
    ("release.yml", "build"): {"contents": "read"},
    ("release.yml", "publish"): {"id-token": "write"},
    ("nightly.yml", "newest"): {"contents": "read"},
    ("nightly.yml", "audit"): {"contents": "read"},
    ("nightly.yml", "tell"): {"contents": "read", "issues": "write"},
}


def workflow(name: str) -> dict[Any, Any]:
    """A workflow as YAML has it."""
    return dict(yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8")))


def test_zizmor_finds_nothing() -> None:
    program = Path(sys.executable).with_name("zizmor")
    if not program.exists():
        pytest.skip("zizmor is not installed; it is in the lock of the tests")
    words = [program, "--offline", "--no-progress", "--persona", "pedantic", *WORKFLOWS]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed; scripts/lanes/actionlint.sh does that where there is Go")
    done = subprocess.run([program, *WORKFLOWS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_to_a_commit_and_says_which_release_that_is() -> None:
    lines = [line.strip() for file in WORKFLOWS for line in file.read_text(encoding="utf-8").splitlines()]
    used = [line.removeprefix("- ") for line in lines if "uses:" in line]
    assert len(used) > 10
    found = [PINNED.fullmatch(line) for line in used]
    assert all(found), [line for line, match in zip(used, found, strict=True) if not match]
    commits: dict[str, set[str]] = {}
    for match in found:
        assert match
        commits.setdefault(match["action"], set()).add(match["commit"])
    assert {action: len(each) for action, each in commits.items() if len(each) > 1} == {}


def test_each_job_may_do_what_is_written_here_and_no_workflow_has_a_secret() -> None:
    rights = {}
    for file in WORKFLOWS:
        said = workflow(file.name)
        assert said["permissions"] == {}, file.name
        assert "secrets." not in file.read_text(encoding="utf-8")
        assert "pull_request_target" not in said[True], "YAML 1.1 reads `on` as true"
        rights |= {(file.name, name): job["permissions"] for name, job in said["jobs"].items()}
        assert all(job["timeout-minutes"] for job in said["jobs"].values())
    assert rights == RIGHTS


def test_a_step_runs_one_command_that_is_tested_or_a_target_that_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    seen = set()
    for file in WORKFLOWS:
        for job in workflow(file.name)["jobs"].values():
            for step in job["steps"]:
                if not (line := step.get("run")):
                    continue
                words = line.split()
                if words[0] == "make":
                    assert words[1] in targets, line
                else:
                    path = words[1] if words[0] == "python3" else words[0]
                    assert line == "gh auth setup-git" or (ROOT / path).is_file(), line
                assert not re.search(r"[;&|`]|\$\(", line), "more than a command belongs into a script"
                seen.add(words[1] if words[0] == "make" else line)
    assert {"check", "rerun", "publish", "gpu", "propose", "newest", "audit-report", "release", "test"} <= seen


def test_pages_of_strangers_run_in_a_whole_sandbox_or_not_at_all() -> None:
    assert set(workflow("check.yml")[True]) == {"pull_request", "push"}
    assert "galley test --strict --require-sandbox" in (ROOT / "Makefile").read_text(encoding="utf-8")
    steps = [step.get("run", "") for step in workflow("check.yml")["jobs"]["records"]["steps"]]
    assert steps.index("scripts/lanes/sandbox.sh") < steps.index("make rerun")


def test_a_gpu_is_on_no_way_to_the_site_and_runs_no_code_of_a_fork() -> None:
    assert set(workflow("publish.yml")[True]) == {"push", "workflow_dispatch"}
    assert {job.get("needs") for job in workflow("publish.yml")["jobs"].values()} == {None, "build"}
    run = workflow("gpu.yml")["jobs"]["run"]
    assert "head.repo.full_name == github.repository" in run["if"]
    assert "persist-credentials" in str(run["steps"][0])
    kept = [step for step in run["steps"] if "upload-artifact" in step.get("uses", "")]
    assert [step["if"] for step in kept] == ["always()"], "what was recorded before a failure is kept"


def test_what_is_released_was_tested_and_built_by_the_job_before_which_has_no_right_to_publish() -> None:
    assert workflow("release.yml")[True] == {"push": {"tags": ["galley-*"]}}
    build, publish = (workflow("release.yml")["jobs"][name] for name in ("build", "publish"))
    commands = [step["run"] for step in build["steps"] if "run" in step]
    assert commands == ["make test", "make release"]
    assert publish["needs"] == "build"
    (into, out) = (each["steps"][at]["with"] for each, at in ((build, -1), (publish, 0)))
    assert (into["name"], into["path"]) == (out["name"], out["path"]) == ("dist", "dist")
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ], "it runs no code of the checkout"


# The pieces.

SETTINGS = """\
[tool.galley]

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.cuda]

[tool.galley.profiles.cuda.parameters]
size = 2
"""
PAGE = "# %% parameters\nsize = 1\n# %% one\nprint('size', size)\n"


def write_gh(folder: Path, answers: dict[str, Any]) -> Path:
    """A program `gh` that writes down what it is asked, with the text of a file, and answers as it is told."""
    folder.mkdir()
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    program = folder / "gh"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "words = sys.argv[1:]\n"
        "said = {'words': words}\n"
        "if '--body-file' in words:\n"
        "    said['body'] = pathlib.Path(words[words.index('--body-file') + 1]).read_text()\n"
        "with (here / 'asked.jsonl').open('a') as asked:\n"
        "    asked.write(json.dumps(said) + '\\n')\n"
        "print(json.dumps(json.loads((here / 'answers.json').read_text()).get(' '.join(words[:2]), [])))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def asked(folder: Path) -> list[dict[str, Any]]:
    """What `gh` was asked."""
    file = folder / "asked.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def lane(script: str, *words: str, cwd: Path, gh: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a lane's script as its workflow does."""
    github = {"GITHUB_SERVER_URL": "https://host", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7", "CI": "true"}
    path = os.pathsep.join([*([str(gh)] if gh else []), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, str(LANES / script), *words],
        cwd=cwd, env={**quiet_environment(PATH=path), **github, **more}, text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def git(folder: Path, *words: str) -> str:
    """What git says in a folder."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *author, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> GuideFolder:
    """A checkout of a guide with two pages, recorded under the required profile, and a folder to push to."""
    folder = GuideFolder.make(tmp_path / "here", SETTINGS)
    for name in ("one", "two"):
        folder.snippet(name, PAGE)
    assert not folder.run().failures
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(folder.root, "init", "--quiet")
    git(folder.root, "add", ".")
    git(folder.root, "commit", "--quiet", "-m", "first")
    git(folder.root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(folder.root, "push", "--quiet", "origin", "main")
    return folder


def test_records_of_a_gpu_machine_become_a_pull_request_partial_ones_too(checkout: GuideFolder, tmp_path: Path) -> None:
    machine = checkout.copied(tmp_path / "machine")
    machine.snippet("two", PAGE + "assert size == 1\n")
    checkout.snippet("two", PAGE + "assert size == 1\n")
    git(checkout.root, "commit", "--quiet", "-am", "second")
    ran = lane("records.py", "run", "cuda", cwd=machine.root)
    assert ran.returncode == 4, ran.stdout
    assert "one (cuda): recorded" in ran.stdout
    gh = write_gh(tmp_path / "gh", {})
    done = lane("records.py", "propose", str(machine.project.outputs), "records-7", cwd=checkout.root, gh=gh)
    assert done.returncode == 0, done.stdout
    (request,) = asked(gh)
    assert request["words"][:4] == ["pr", "create", "--head", "records-7"]
    assert "one (cuda): taken" in request["body"]
    pushed = git(tmp_path / "origin.git", "show", "--stat", "--format=%an %s", "records-7")
    assert "Records of another machine" in pushed
    assert "snippets/outputs/one/cuda/record.json" in pushed
    assert "two/cuda" not in pushed
    assert "shard" not in pushed


def test_a_whole_profile_comes_with_its_manifest_and_nothing_new_makes_no_request(
    checkout: GuideFolder, tmp_path: Path
) -> None:
    machine = checkout.copied(tmp_path / "machine")
    ran = lane("records.py", "run", "cuda", cwd=machine.root)
    assert ran.returncode == 0, ran.stdout
    gh = write_gh(tmp_path / "gh", {})
    done = lane("records.py", "propose", str(machine.project.outputs), "records-7", cwd=checkout.root, gh=gh)
    assert done.returncode == 0, done.stdout
    assert "snippets/outputs/manifest.cuda.json" in git(tmp_path / "origin.git", "show", "--stat", "records-7")
    again = lane("records.py", "propose", str(machine.project.outputs), "records-8", cwd=checkout.root, gh=gh)
    assert again.returncode == 0, again.stdout
    assert "nothing to propose" in again.stdout
    assert len(asked(gh)) == 1


def test_a_folder_that_is_none_of_records_is_proposed_to_nobody(checkout: GuideFolder, tmp_path: Path) -> None:
    gh = write_gh(tmp_path / "gh", {})
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "file.sh").write_text("true", encoding="utf-8")
    done = lane("records.py", "propose", str(strange), "records-7", cwd=checkout.root, gh=gh)
    assert done.returncode == 5, done.stdout
    assert asked(gh) == []
    assert git(checkout.root, "status", "--porcelain") == ""


TITLE = "The newest releases break the guide"
KNOWN = {"issue list": [{"number": 3, "title": "another"}, {"number": 5, "title": TITLE}]}


def test_an_issue_is_opened_with_the_end_of_the_report(tmp_path: Path) -> None:
    gh = write_gh(tmp_path / "gh", {"issue list": [{"number": 3, "title": "another"}]})
    (tmp_path / "newest.txt").write_text(f"{'a' * 60_000}\nthe end ```\n", encoding="utf-8")
    done = lane("issue.py", TITLE, "failure", "newest.txt", "absent.txt", cwd=tmp_path, gh=gh)
    assert done.returncode == 0, done.stdout
    words = [each["words"] for each in asked(gh)]
    assert [each[:2] for each in words] == [["issue", "list"], ["label", "create"], ["issue", "create"]]
    body = asked(gh)[-1]["body"]
    assert "ended with `failure`: https://host/o/r/actions/runs/7" in body
    assert "the end '''" in body
    assert "`absent.txt` is empty or was not written" in body
    assert len(body) < 55_000


@pytest.mark.parametrize(
    ("result", "known", "then"),
    [
        ("failure", KNOWN, [["issue", "comment", "5"]]),
        ("cancelled", KNOWN, [["issue", "comment", "5"]]),
        ("success", KNOWN, [["issue", "close", "5"]]),
        ("success", {}, []),
    ],
)
def test_an_issue_that_is_open_gets_a_comment_and_is_closed_when_it_works_again(
    tmp_path: Path, result: str, known: dict[str, Any], then: list[list[str]]
) -> None:
    gh = write_gh(tmp_path / "gh", known)
    done = lane("issue.py", TITLE, result, cwd=tmp_path, gh=gh)
    assert done.returncode == 0, done.stdout
    assert [each["words"][:3] for each in asked(gh)[1:]] == then


@pytest.mark.parametrize(("days", "code"), [(0.5, 0), (4, 1), (None, 1)])
def test_a_lane_that_no_longer_runs_is_noticed(tmp_path: Path, days: float | None, code: int) -> None:
    ended = [] if days is None else [{"updatedAt": (datetime.now(UTC) - timedelta(days=days)).isoformat()}]
    gh = write_gh(tmp_path / "gh", {"run list": ended})
    done = lane("heartbeat.py", "nightly.yml", "3", cwd=tmp_path, gh=gh)
    assert done.returncode == code, done.stdout
    assert ("never ended" in done.stdout) == (days is None)
    assert asked(gh)[0]["words"][:4] == ["run", "list", "--workflow", "nightly.yml"]
    assert (ROOT / ".github/workflows/nightly.yml").is_file()


def test_the_newest_of_everything_is_asked_for_but_of_torch() -> None:
    done = lane("newest.py", "requirements", cwd=ROOT)
    lines = done.stdout.splitlines()
    assert {"transformers", "peft", "mkdocs-material", "msgspec", "markdown-exec[ansi]"} <= set(lines)
    assert [line for line in lines if "=" in line] == ["torch==2.13.0"]
    assert not any("galley" in line for line in lines)


def test_a_rerun_tells_every_failure_and_writes_no_record(checkout: GuideFolder, tmp_path: Path) -> None:
    before = checkout.recorded()
    report = tmp_path / "report.txt"
    assert lane("newest.py", "rerun", str(report), cwd=checkout.root).returncode == 0
    assert "one (laptop): same outputs" in report.read_text(encoding="utf-8")
    library = tmp_path / "library"
    library.mkdir()
    checkout.without_sandbox().snippet(
        "one", f"# %% one\nimport sys\nsys.path.append({str(library)!r})\nimport lib\n# %% two\nlib.b()\n"
    )
    (library / "lib.py").write_text("def b(): pass\n", encoding="utf-8")
    assert not checkout.run("one").failures
    (library / "lib.py").write_text("", encoding="utf-8")
    before = checkout.recorded()
    done = lane("newest.py", "rerun", str(report), cwd=checkout.root)
    assert done.returncode == 4, done.stdout
    assert "in cell two: AttributeError" in report.read_text(encoding="utf-8")
    assert checkout.recorded() == before


@pytest.mark.parametrize(
    ("said", "code", "wanted"),
    [("no known vulnerability", 0, 0), ("django 2.0: CVE", 1, 1), ("skipped: out of reach", 0, 1)],
)
def test_an_audit_that_asked_nobody_is_no_audit(tmp_path: Path, said: str, code: int, wanted: int) -> None:
    audit = tmp_path / "audit.py"
    audit.write_text(f"print({said!r})\nraise SystemExit({code})\n", encoding="utf-8")
    sys.path.insert(0, str(LANES))
    try:
        import audited
    finally:
        sys.path.remove(str(LANES))
    report = tmp_path / "report.txt"
    assert audited.main(report, audit) == wanted
    assert report.read_text(encoding="utf-8").strip() == said


def test_a_machine_without_the_setting_needs_nothing() -> None:
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        pytest.skip("this machine has the setting, and only its owner may change it")
    assert subprocess.run([LANES / "sandbox.sh"], check=False).returncode == 0


# A release of galley.

DATED = f"# Changelog of galley\n\n## {__version__} (2026-11-28)\n\n## 0.1.0 (2026-11-27)\n"


def release(tag: str, folder: Path, galley: Path) -> subprocess.CompletedProcess[str]:
    """Call the release lane for the sources of galley in a folder."""
    code = "import sys; from pathlib import Path; import release; a = sys.argv; "
    code += "sys.exit(release.main(a[1], Path(a[2]), Path(a[3])))"
    words = [sys.executable, "-c", code, tag, str(folder), str(galley)]
    environment = quiet_environment(PYTHONPATH=str(LANES))
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of galley, with a changelog that begins with their version."""
    folder = tmp_path_factory.mktemp("sources") / "galley"
    shutil.copytree(ROOT / "scripts" / "galley", folder, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    (folder / "CHANGELOG.md").write_text(DATED, encoding="utf-8")
    return folder


def test_a_release_is_a_wheel_and_an_sdist_of_its_version_and_nothing_else(sources: Path, tmp_path: Path) -> None:
    done = release(f"galley-{__version__}", tmp_path / "dist", sources)
    assert done.returncode == 0, done.stderr
    made = [f"galley_docs-{__version__}-py3-none-any.whl", f"galley_docs-{__version__}.tar.gz"]
    assert sorted(each.name for each in (tmp_path / "dist").iterdir()) == made
    assert done.stdout.split("\n")[-3:-1] == made
    again = release(f"galley-{__version__}", tmp_path / "dist", sources)
    assert (again.returncode, again.stderr) == (1, f"{tmp_path / 'dist'} is not empty: name another folder\n")


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("galley-9.9.9", DATED, f"the tag is galley-9.9.9, and the sources are of {__version__}"),
        (f"v{__version__}", DATED, f"the tag is v{__version__}, and the sources are of {__version__}"),
        (f"galley-{__version__}", DATED.replace("2026-11-28", "unreleased"), f"entry of {__version__} has no date"),
        (f"galley-{__version__}", f"## 9.9.9 (unreleased)\n\n{DATED}", f"does not begin with {__version__}"),
        (f"galley-{__version__}", "# Changelog\n", f"does not begin with {__version__}"),
    ],
)
def test_a_release_that_does_not_say_what_it_is_is_not_built(
    tag: str, changelog: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    done = release(tag, tmp_path / "dist", tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "dist").exists()
