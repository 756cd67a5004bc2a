"""The `galley` command: every word of it explained, every exit code reached."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from galley import cli
from galley.errors import Exit
from guide_folder import SETTINGS, GuideFolder, command, fence, quiet_environment
from processes import wait_until_gone

GOOD = "# %% first\nprint(1)\n"
COMMANDS = cli.app.commands


def test_the_commands_are_those_that_the_project_tells_of() -> None:
    running = {"run", "plan", "collect", "check", "manifest", "build", "csp", "serve", "export", "review", "test"}
    assert set(COMMANDS) == running | {"affected", "update", "bisect", "import", "new", "add"}


TEXTS = [
    (name, option.opts[0])
    for name, each in COMMANDS.items()
    for option in each.params
    if isinstance(option, click.Option) and isinstance(option.type, click.types.StringParamType)
]


@pytest.mark.parametrize(("name", "option"), TEXTS)
def test_no_option_takes_an_empty_text_for_nothing(folder: GuideFolder, name: str, option: str) -> None:
    folder.snippet("page", GOOD)
    done = folder.galley(name, *["x" for each in COMMANDS[name].params if isinstance(each, click.Argument)], option, "")
    assert done.returncode == Exit.USAGE, done.stdout
    assert f"{option} is given an empty text\n    say what it is to be, or leave it out\n" in done.stdout
    assert not folder.project.outputs.exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_are_in_its_help_with_a_text(name: str) -> None:
    asked = CliRunner().invoke(cli.app, [name, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert asked.exit_code == 0
    assert COMMANDS[name].help.splitlines()[0] in " ".join(asked.stdout.split())
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            assert f"{parameter.human_readable_name.upper()} " in COMMANDS[name].help  # click leaves it to the text
            continue
        text = getattr(parameter, "help", None)
        assert text, f"{name} {parameter.name}"
        assert " ".join(text.split()) in " ".join(asked.stdout.replace("│", " ").split())
        assert all(option in asked.stdout for option in parameter.opts if option.startswith("-"))


def test_the_help_names_every_command() -> None:
    for arguments in ([], ["--help"], ["-h"]):
        told = CliRunner().invoke(cli.app, arguments).stdout
        assert all(name in told for name in COMMANDS)


Prepare = Callable[[GuideFolder], object]

ENDS: dict[str, tuple[Exit, Prepare, tuple[str, ...], dict[str, str], str]] = {
    "run": (Exit.OK, lambda g: g.snippet("one", GOOD), ("run",), {}, "[1/1] one (laptop): recorded"),
    "check of a missing record": (
        Exit.NOT_TRUE, lambda g: g.snippet("one", GOOD), ("check",), {},
        "snippets/one.py: missing: one (laptop): never recorded\n    galley run one\n1 problem",
    ),
    "build of a page that cannot be": (
        Exit.NOT_TRUE, lambda g: g.page("one", fence("two", "x")), ("build",), {}, "docs/one.md:3: unknown: there is",
    ),
    "no command": (Exit.USAGE, lambda g: None, (), {}, "Usage: galley"),
    "unknown page": (Exit.USAGE, lambda g: g.snippet("one", GOOD), ("run", "two"), {}, "no page with cells is named"),
    "unknown profile": (
        Exit.USAGE, lambda g: g.snippet("one", GOOD), ("run", "-p", "tpu"), {}, "no profile is named 'tpu'",
    ),
    "unknown option": (Exit.USAGE, lambda g: None, ("run", "--fast"), {}, "No such option"),
    "bad settings": (
        Exit.BAD_INPUT, lambda g: g.write("pyproject.toml", "[tool.galley]\nx = 1\n"), ("check",), {},
        "[tool.galley] has no setting 'x'",
    ),
    "broken snippets": (
        Exit.BAD_INPUT, lambda g: g.snippet("one", "# %% a\n(\n"), ("run", "one"), {}, "snippets/one.py:2: syntax",
    ),
    "a page that fails": (
        Exit.PAGE_FAILED, lambda g: g.snippet("one", "# %% first\n1 / 0\n"), ("run",), {},
        "snippets/one.py:2: page one (laptop) in cell first: ZeroDivisionError: division by zero",
    ),
    "in CI": (
        Exit.REFUSED, lambda g: g.snippet("one", GOOD), ("run",), {"CI": "true"},
        "CI writes no records, and these would be run: one",
    ),
    "other outputs": (
        Exit.DIFFERS,
        lambda g: (g.snippet("one", "# %% first\nimport secrets\nprint(secrets.token_hex())\n"), g.galley("run")),
        ("test",), {}, "snippets/one.py:1: page one (laptop) in cell first: first.stdout.txt differs",
    ),
    "a change that nobody decided on": (
        Exit.UNDECIDED,
        lambda g: (g.snippet("one", GOOD), g.write("empty/snippets/outputs/.gitkeep", ""), g.galley("run")),
        ("review", "empty"), {}, "one: new",
    ),
    "an import that fails": (
        Exit.RUNNER,
        lambda g: (g.write("pyproject.toml", SETTINGS.replace("timeout", 'imports = ["absent_module"]\ntimeout')),
                   g.snippet("one", GOOD)),
        ("run",), {}, "ModuleNotFoundError: No module named 'absent_module'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_every_class_of_failure_has_its_exit_code(folder: GuideFolder, case: str) -> None:
    code, prepare, arguments, variables, said = ENDS[case]
    prepare(folder)
    done = folder.galley(*arguments, **variables)
    assert said in done.stdout
    assert done.returncode == code
    assert "Traceback (most recent call last)" not in done.stdout.replace("    Traceback", "")


def test_a_build_that_fails_leaves_the_old_site(folder: GuideFolder) -> None:
    folder.page("index", "The first text.")
    assert folder.galley("build").returncode == Exit.OK
    folder.page("index", "The second text.\n\n[nowhere](nowhere.md)")
    assert folder.galley("build").returncode == Exit.NOT_TRUE
    assert "The first text" in (folder.root / "site/index.html").read_text(encoding="utf-8")
    folder.page("index", "The third text.")
    assert folder.galley("build").returncode == Exit.OK
    assert "The third text" in (folder.root / "site/index.html").read_text(encoding="utf-8")
    assert not (folder.root / "site/site").exists()
    assert not list((folder.root / ".cache/galley").glob("site*"))


def test_every_exit_code_is_reached_by_a_test() -> None:
    assert {code for code, *_ in ENDS.values()} | {Exit.INTERRUPTED} == set(Exit)


def test_an_interrupted_run_ends_with_130_and_leaves_no_process(folder: GuideFolder) -> None:
    marker = f"galley-interrupted-{os.getpid()}"
    folder.write("pyproject.toml", f'{SETTINGS}[tool.galley.environment]\nGALLEY_TEST = "{marker}"\n')
    folder.without_sandbox()
    folder.snippet(
        "one", "# %% first\nfrom pathlib import Path\nPath(__file__).with_name('begun').touch()\nwhile True: pass\n"
    )
    with subprocess.Popen(
        [command("galley"), "run"], cwd=folder.root, env=quiet_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell ignores it
    ) as run:  # fmt: skip
        end = time.monotonic() + 20
        while not (folder.root / "snippets/begun").exists() and time.monotonic() < end:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=20)
    assert run.returncode == Exit.INTERRUPTED
    assert "stopped; records that were not complete stay as they were" in said
    assert wait_until_gone(marker) == []


def test_ci_checks_and_leaves_true_records_alone(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    assert folder.galley("run").returncode == 0
    before = folder.recorded()
    assert folder.galley("check", CI="true").stdout == "1 page, 1 cell: every required record is true\n"
    assert folder.galley("run", "--all", CI="true").returncode == Exit.REFUSED
    assert folder.recorded() == before


def test_a_build_runs_what_is_stale_and_says_where_the_site_is(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    done = folder.galley("build")
    assert done.returncode == 0
    assert "[1/1] one (laptop): recorded" in done.stdout
    assert "The site is in site; look at it with: python -m http.server -d site" in done.stdout
    assert (folder.root / "site/one.html").is_file()


def test_a_dry_run_says_what_would_run_and_runs_nothing(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    said = folder.galley("run", "--dry-run")
    assert (said.returncode, said.stdout) == (Exit.NOT_TRUE, "one (laptop)\n")
    assert not (folder.root / "snippets" / "outputs").exists()
    folder.run()
    said = folder.galley("run", "--dry-run")
    assert (said.returncode, said.stdout) == (Exit.OK, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_letters_stops_no_run(folder: GuideFolder, encoding: str) -> None:
    folder.snippet("page", "# %% one\nprint('a')\n")
    assert not folder.run().failures
    folder.snippet("page", "# %% one\nprint('ä → \N{SNOWMAN}')\n")
    done = folder.call(["sh", "-c", f"{command('galley')} run | cat -v"], PYTHONIOENCODING=encoding)
    assert "became '" in done.stdout
    assert "u2603" in done.stdout
    assert folder.findings() == []


@pytest.mark.parametrize("to", [">/dev/full", ">&- 2>&-", "| true"])
def test_pages_run_though_nobody_can_hear_of_it(folder: GuideFolder, to: str) -> None:
    for stem in ("one", "two"):
        folder.snippet(stem, "# %% a\nprint(1)\n")
    done = folder.call(["sh", "-c", f"{command('galley')} run {to}"])
    assert "Traceback" not in done.stdout
    assert folder.findings() == []


def test_what_the_system_refuses_is_told_with_the_path(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    assert not folder.run().failures
    done = folder.galley("build", "--site-dir", "x" * 300)
    assert done.returncode == Exit.BAD_INPUT
    assert "xxx: the system refuses: File name too long" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_page_has_no_word_with_the_terminal(folder: GuideFolder) -> None:
    said = "\\x1b]0;title\\x07\\x1b[2J\\x9b2J\\x00seen"
    folder.snippet("page", f"# %% one\nprint('{said}')\nraise ValueError('{said}')\n")
    done = folder.galley("run")
    assert done.stdout.count("seen") >= 3
    assert not set("\x1b\x07\x9b\x00") & set(done.stdout)
