"""Cells with commands of a shell: how they are written, run, recorded, shown and copied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from galley.errors import GalleyError
from galley.record.status import State
from galley.run.programs import reached
from galley.run.shell import Background, CommandError, run_commands
from galley.source.cells import SnippetFile, cut
from galley.source.digest import digest as digest_of
from galley.source.shell import Command, commands
from galley.system import sandbox
from guide_folder import SETTINGS, GuideFolder, fence

PAGE = """\
# %% begins
import os
os.environ["WHO"] = "me"
open("greeting.txt", "w").write("hello\\n")
# %% session [shell]
\"\"\"How it is used.\"\"\"

# $ cat greeting.txt
# $ cd /; X=1

#
# $ echo $X $WHO; echo err >&2; echo out; pwd
# $ mkdir -p "$HOME/made"
# $ cat > "$HOME/made/note.txt" <<'END'
# > a <b>
# >   "c" \\t \"\"\"
# >
# > END
# $ cat "$HOME/made/note.txt"
# %% fails [shell] exit="3"
# $ true
# $ exit 3
# %% reads
print(open("made/note.txt").read())
# %% alone
print("alone")
"""
NAMES = ["begins", "session", "fails", "reads", "alone"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a recorded page that has such cells."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"))
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    return folder


def ran(texts: Sequence[str], last: int = 0, limit: int = 10_000) -> list[str]:
    """What each of some commands writes."""
    wanted = [Command(number, text) for number, text in enumerate(texts, start=1)]
    shown = run_commands(wanted, last, limit, lambda line: None, Background())
    assert {each.kind for each in shown} <= {"shell"}
    return [each.forms[0].text for each in shown]


# How they are written.


def read(text: str) -> SnippetFile:
    """A snippet file with a text."""
    return cut(text, Path("/guide/snippets/page.py"), Path("snippets/page.py"))


def test_a_file_with_commands_is_python_and_its_cells_know_their_commands() -> None:
    snippets = read(PAGE)
    compile(PAGE, "page.py", "exec")
    found = {cell.name: [(each.line, each.text) for each in commands(cell)] for cell in snippets.cells}
    assert found["begins"] == found["reads"] == []
    assert found["fails"] == [(21, "true"), (22, "exit 3")]
    assert found["session"][:2] == [(8, "cat greeting.txt"), (9, "cd /; X=1")]
    assert found["session"][4] == (
        14, "cat > \"$HOME/made/note.txt\" <<'END'\na <b>\n  \"c\" \\t \"\"\"\n\nEND"
    )  # fmt: skip
    assert commands(snippets.cells[1])[4].prompted.endswith("\n> \n> END")


WRONG = {
    "no command": ("# %% one [shell]\n", 1, "a cell with commands of a shell has none"),
    "only a comment": ("# %% one [shell]\n# ls\n", 2, "no line of a command: '# ls'"),
    "a comment between": ("# %% one [shell]\n# $ ls\n# and then\n", 3, "no line of a command: '# and then'"),
    "an empty command": ("# %% one [shell]\n# $  \n", 2, "no line of a command: '# $'"),
    "more of nothing": ("# %% one [shell]\n# > a\n# $ ls\n", 2, "no line of a command: '# > a'"),
    "no blank": ("# %% one [shell]\n#$ ls\n", 2, "no line of a command: '#$ ls'"),
    "indented": ("# %% one [shell]\n  # $ ls\n", 2, "no line of a command: '# $ ls'"),
    "python": ("# %% one [shell]\n# $ ls\nx = 1\n", 3, "a cell with commands of a shell holds Python code"),
    "raises": ('# %% one [shell] raises="OSError"\n# $ ls\n', 1, "a command ends with a status, and raises nothing"),
    "a claim": ('# %% one [shell claim]\n"""Yes."""\n# $ ls\n', 1, "[shell] is for commands in place of Python"),
    "a table": ("# %% one [shell table]\n# $ ls\n", 1, "[shell] is for commands in place of Python code"),
    "parameters": ("# %% parameters [shell]\n# $ ls\n", 1, "[shell] is for commands in place of Python code"),
    "exit alone": ('# %% one exit="2"\n1\n', 1, "exit is for a cell with the tag [shell]"),
    "exit 0": ('# %% one [shell] exit="0"\n# $ ls\n', 1, "exit '0' is not a number from 1 to 255"),
    "exit 256": ('# %% one [shell] exit="256"\n# $ ls\n', 1, "exit '256' is not a number from 1 to 255"),
    "exit x": ('# %% one [shell] exit="x"\n# $ ls\n', 1, "exit 'x' is not a number from 1 to 255"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_command_is_told_with_its_line(case: str) -> None:
    text, line, what = WRONG[case]
    with pytest.raises(GalleyError) as caught:
        read(text)
    assert caught.value.place
    assert caught.value.place.line == line
    assert caught.value.what.startswith(what)


def test_another_command_is_another_digest_and_another_layout_none() -> None:
    def digest(text: str) -> str:
        return read(f"# %% one [shell]\n{text}").cells[0].digest

    one = digest("# $ ls\n# $ pwd\n")
    assert one == digest('"""A caption."""\n\n# $ ls\n#\n\n# $ pwd\n\n')
    others = ["# $ ls\n# $ pwd -P\n", "# $ ls\n", "# $ pwd\n# $ ls\n", "# $ ls\n# > pwd\n", "# $  ls\n# $ pwd\n"]
    assert one not in map(digest, others)
    assert len(set(map(digest, others))) == len(others)
    assert read("# %% one\n# $ ls\n").cells[0].digest == read("# %% one\n").cells[0].digest
    assert read('# %% one [shell] exit="1"\n# $ ls\n').cells[0].digest != digest("# $ ls\n")


# How they run.


def test_each_command_has_what_it_wrote_in_the_order_of_a_terminal() -> None:
    assert ran(["echo a; echo b >&2; echo c", "true", "printf d", "sh -c 'echo e >&2'"]) == [
        "a\nb\nc\n",
        "",
        "d",
        "e\n",
    ]


def test_what_a_command_changes_holds_for_the_next_and_for_no_other_cell(tmp_path: Path) -> None:
    assert ran(["X=1; export Y=2; f() { echo f; }", "cd /", 'echo "$X $(sh -c "echo \\$Y")"; pwd; f']) == [
        "", "", "1 2\n/\nf\n",
    ]  # fmt: skip
    assert ran(['echo "[$X]"', 'echo "$0 $#"', 'read line; echo "[$line]"'][:2]) == ["[]\n", "sh 0\n"]


def test_a_command_finds_no_input_and_none_of_galley_s_descriptors() -> None:
    texts = ["cat; wc -c", "echo x >&9 || echo closed", "read -r y <&8 || echo closed"]
    empty, *closed = ran(texts)
    assert empty.split() == ["0"]
    assert [each.endswith("closed\n") for each in closed] == [True, True]
    code = "import os; print({each for each in range(64) if os.path.exists(f'/proc/self/fd/{each}')})"
    if Path("/proc/self/fd").is_dir():
        (said,) = ran([f'{sys.executable} -c "{code}"'])
        plain = subprocess.run(
            ["sh", "-c", f'{sys.executable} -c "{code}"'], capture_output=True, text=True, close_fds=False
        )
        assert said == plain.stdout, "what this process hands on to any program"


def test_the_input_of_galley_is_none_of_a_command() -> None:
    program = (
        "from galley.run.shell import Background, run_commands\nfrom galley.source.shell import Command\n"
        "print(run_commands([Command(1, 'cat')], 0, 100, print, Background())[0].forms[0].data)"
    )
    done = subprocess.run([sys.executable, "-c", program], input="typed", capture_output=True, text=True)
    assert done.stdout.splitlines() == ["1", "b''"], done.stderr


def test_what_a_trap_writes_at_the_end_is_the_last_commands() -> None:
    assert ran(["trap 'echo bye' EXIT", "echo last"]) == ["", "last\nbye\n"]


def test_a_pipe_ends_as_in_a_terminal() -> None:
    assert ran(["yes | head -1", "echo $?"]) == ["y\n", "0\n"]


def test_long_output_is_cut_and_what_is_missing_is_counted() -> None:
    (shown, other) = run_commands(
        [Command(1, "yes | head -c 300000"), Command(2, "echo b")], 0, 1000, lambda line: None, Background()
    )
    assert (len(shown.forms[0].data), shown.forms[0].cut) == (1000, 299_000)
    assert (other.forms[0].data, other.forms[0].cut) == (b"b\n", 0)


def test_a_system_that_does_not_tell_what_waits_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("galley.system.waiting_bytes", lambda descriptor: 1 << 16)
    assert ran(["echo a", "true", "echo b"]) == ["a\n", "", "b\n"]


def test_what_goes_on_in_the_background_holds_up_nothing() -> None:
    said = ran(["sleep 60 & echo $!", "echo next"])
    os.kill(int(said[0]), 9)
    assert said[1] == "next\n"


LATE = """python -c 'import time; time.sleep(0.2); print("late")'"""
LEFT = {
    "late": f"# %% one [shell]\n# $ true\n# $ {LATE} &\n# %% two\nimport time\ntime.sleep(1)\n# %% three\n3\n",
    "later": f"# %% one [shell]\n# $ {LATE} &\n# %% two [shell]\n# $ sleep 1\n",
    "last": f"# %% one [shell]\n# $ {LATE} &\n# %% two\nimport atexit, time\natexit.register(time.sleep, 1)\n",
    "quiet": "# %% one [shell]\n# $ sleep 60 &\n# $ echo on\n# %% two\nprint(2)\n",
    "file": f"# %% one [shell]\n# $ {LATE} > log 2>&1 &\n# %% two\nimport time; time.sleep(1)\nprint(*open('log'))\n",
    "waits": f"# %% one [shell]\n# $ {LATE} & wait\n",
    "next": f"# %% one [shell]\n# $ {LATE} &\n# $ sleep 1\n",
}


def test_what_a_program_writes_when_its_cell_has_ended_is_lost_in_no_silence(folder: GuideFolder) -> None:
    for name, text in LEFT.items():
        folder.snippet(name, text)
    failed = folder.run().failures
    assert failed.keys() == {"late", "later", "last"}
    for name, line in (("late", 3), ("later", 2), ("last", 2)):
        assert failed[name].startswith(f"snippets/{name}.py:{line}: page {name} (laptop) in cell two: a program that ")
        assert "left running wrote when the cell had ended: 'late'\n" in failed[name]
        assert "let the cell wait for it, or have it write to a file: … > log 2>&1 &" in failed[name]
    assert folder.output("file", "two.stdout.txt") == "late\n\n"
    assert folder.output("waits", "one.shell.txt") == "late\n"
    assert folder.output("next", "one.shell-2.txt") == "late\n"


def test_no_function_or_alias_of_a_command_changes_how_the_next_is_run() -> None:
    for word in ("eval", "echo", "read"):
        texts = [f"{word}() {{ :; }}" if word != "eval" else "alias eval=:", "printf a", "printf b"]
        assert ran(texts) == ["", "a", "b"], word
    with pytest.raises(CommandError, match="`false` ended with status 1"):
        ran(["alias eval='true '; alias command=true", "false"])


def test_a_shell_without_its_output_costs_no_processor() -> None:
    begun = os.times().user + os.times().system
    assert ran(["exec >&- 2>&-; sleep 0.5"]) == [""]
    assert os.times().user + os.times().system - begun < 0.3


def test_nothing_is_left_of_a_shell() -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir())) if Path("/dev/fd").is_dir() else 0

    before, children = descriptors(), set(psutil.Process().children())
    for _ in range(3):
        ran(["true", "echo a"])
        with pytest.raises(CommandError):
            ran(["false", "true"])
    assert descriptors() == before
    assert set(psutil.Process().children()) == children


MEND, MEANT = "mend the command", 'say exit="{}" on the cell\'s line, if that is meant'
NO_SUCH, INSTALL = (
    "there is no program 'galley-no-such', which the command `{}` names",
    "install galley-no-such on this machine",
)
ENDED = "the command `{}` ended with status {}, and must end with {}"
FAILING = {
    "a status": (["echo a", "sh -c 'exit 4'", "echo b"], 0, ENDED.format("sh -c 'exit 4'", 4, 0), MEND),
    "a status at the end": (["echo a", "false"], 0, ENDED.format("false", 1, 0), MEANT.format(1)),
    "no status": (["true"], 2, ENDED.format("true", 0, 2), MEND),
    "another status": (["false"], 2, ENDED.format("false", 1, 2), MEANT.format(1)),
    "no program": (["galley-no-such --help"], 0, NO_SUCH.format("galley-no-such --help"), INSTALL),
    "none behind a variable": (["A=1 galley-no-such"], 0, NO_SUCH.format("A=1 galley-no-such"), INSTALL),
    "none inside": (["sh -c galley-no-such"], 0, ENDED.format("sh -c galley-no-such", 127, 0), MEANT.format(127)),
    "the shell's end": (
        ["exit", "echo b"], 0, "the command `exit` ended the shell, and other commands follow",
        "put them into a cell of their own",
    ),
    "syntax": (["echo 'a", "echo b"], 0, ENDED.format("echo 'a", 2, 0), MEND),
    "a signal": (["kill -9 $$"], 0, "the command `kill -9 $$` was killed by signal 9, and must end with 0", MEND),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
def test_a_command_that_does_not_end_as_it_must_is_told(case: str, capfd: pytest.CaptureFixture[str]) -> None:
    texts, last, what, mend = FAILING[case]
    with pytest.raises(CommandError) as caught:
        ran(texts, last)
    assert (caught.value.what, caught.value.mend) == (what, mend)
    capfd.readouterr()


def test_a_status_that_the_cell_names_is_none_for_the_commands_before() -> None:
    assert ran(["echo a", "sh -c 'exit 7'"], 7) == ["a\n", ""]
    assert ran(["exit 7"], 7) == [""]
    with pytest.raises(CommandError, match="must end with 0"):
        ran(["false", "false"], 1)


# Recorded.


def test_a_page_runs_its_commands_in_its_folder_with_its_variables(first: GuideFolder) -> None:
    files = sorted(path.name for path in (first.project.outputs / "page/laptop").glob("session.*"))
    assert files == [f"session.shell{number}.txt" for number in ("-2", "-3", "-4", "-5", "-6", "")]
    assert first.output("page", "session.shell.txt") == "hello\n"
    assert first.output("page", "session.shell-3.txt") == "1 me\nerr\nout\n/\n"
    assert first.output("page", "session.shell-2.txt") == ""
    assert first.output("page", "session.shell-6.txt") == 'a <b>\n  "c" \\t """\n\n'
    assert first.output("page", "reads.stdout.txt") == 'a <b>\n  "c" \\t """\n\n\n'
    done = first.galley("check")
    assert done.returncode == 0, done.stdout
    assert first.galley("test").returncode == 0


def test_the_page_s_own_python_is_the_first_on_the_path(folder: GuideFolder) -> None:
    code = "import sys; print(sys.prefix)"
    folder.snippet("page", f"# %% one [shell]\n# $ python -c '{code}'\n# %% two\n{code}\n")
    environment = {"PATH": "/usr/bin:/bin"}
    done = folder.galley("run", **environment)
    assert done.returncode == 0, done.stdout
    assert folder.output("page", "one.shell.txt") == folder.output("page", "two.stdout.txt")


def test_a_failing_command_is_told_with_its_line_and_what_it_wrote(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one [shell]\n# $ echo fine\n# $ echo why >&2; false\n")
    (failure,) = folder.run().summary.failures
    assert str(failure).startswith(
        "snippets/page.py:3: page page (laptop) in cell one: the command `echo why >&2; false` ended with status 1"
    )
    assert 'say exit="1" on the cell\'s line, if that is meant' in str(failure)
    assert failure.detail.strip() == "why"
    assert folder.status("page").state == "missing"


def test_a_command_that_does_not_end_is_stopped_with_what_it_started(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one [shell] timeout="1"\n# $ sleep 77 | sleep 77\n')
    failed = folder.run().failures["page"]
    assert failed.startswith("snippets/page.py:2: page page (laptop) in cell one: took longer than 1 s")


def test_another_command_makes_the_record_stale(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    folder.write("snippets/page.py", PAGE.replace("# $ true\n", "# $ :\n"))
    assert "cell page/fails changed" in folder.galley("check").stdout
    folder.write("snippets/page.py", PAGE.replace('exit="3"', 'exit="4"').replace("exit 3", "exit 4"))
    assert "cell page/fails changed" in folder.galley("check").stdout


def test_what_a_command_opens_is_a_dependency(folder: GuideFolder) -> None:
    words = folder.write("data/words.txt", "one\n")
    folder.snippet("page", f"# %% one [shell]\n# $ cat {words}\n")
    ended = folder.run()
    assert not ended.failures
    if sandbox.SIGHT in ended.said:
        pytest.skip("this machine lets nobody see what other programs open")
    assert [each.path for each in folder.record("page").dependencies] == ["data/words.txt"]
    folder.write("data/words.txt", "two\n")
    assert folder.status("page").state == "stale"


def test_a_file_that_a_command_names_is_a_dependency_also_where_nothing_opens_it(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["data"]\n'))
    forms = (
        "wc -c 'data/{0}'",
        "test -s ./data/{0}",
        "X=data/{0}; ls -s $X",
        "[ -e data/{0} ]&&echo on",
        "ls -s `echo data/{0}`",
    )
    for number, form in enumerate(forms):
        folder.write(f"snippets/data/{number}.csv", "1\n")
        folder.snippet(f"page{number}", f"# %% one [shell]\n# $ {form.format(f'{number}.csv')} > /dev/null\n")
    assert not folder.run().failures
    for number in range(len(forms)):
        assert folder.status(f"page{number}").state is State.FRESH
        folder.write(f"snippets/data/{number}.csv", "two\n")
        assert folder.status(f"page{number}").state is State.STALE, number


def test_a_command_that_runs_the_page_s_file_under_other_values_is_refused(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS + "parameters = { x = 2 }\n")
    own = folder.root / "snippets/page.py"
    folder.snippet("page", f"# %% parameters\nx = 1\n# %% one [shell]\n# $ python {own}\n")
    assert "without the values of the profile 'laptop'" in folder.run().failures["page"]


def test_a_shell_that_may_start_python_makes_a_footprint_opaque() -> None:
    for command in ("python --version", "echo 'a'; python3 -m x", "pip --version"):
        assert reached("/bin/sh", ["sh", "-c", f"eval '{command}' 8<&-"]) is None, command
    assert reached("/bin/sh", ["sh", "-c", "eval 'ls . -l' 8<&-"]) == set()


# Forged.


@pytest.mark.parametrize("more", [True, False])
def test_outputs_that_no_commands_have_are_told(first: GuideFolder, tmp_path: Path, more: bool) -> None:
    folder = first.copied(tmp_path)
    file = folder.project.outputs / "page/laptop/record.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    (cell,) = [each for each in record["cells"] if each["name"] == "fails"]
    if more:
        third = {"mime": "text/plain", "file": "fails.shell-3.txt", "sha256": digest_of(b""), "cut": 0}
        (file.parent / "fails.shell-3.txt").write_bytes(b"")
        cell["outputs"].append({"kind": "shell", "files": [third]})
    else:
        (file.parent / cell["outputs"].pop()["files"][0]["file"]).unlink()
    file.write_text(json.dumps(record), encoding="utf-8")
    done = folder.galley("check")
    assert done.returncode == 1
    assert "page/laptop/record.json: tampered: cell fails has " in done.stdout, done.stdout
    assert "of 2 commands, and each has one" in done.stdout
    assert folder.galley("run", "page", "--all").returncode == 0
    assert folder.galley("check").returncode == 0, "the command that is named mends it"


def test_an_output_of_a_shell_is_none_of_another_cell(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    file = folder.project.outputs / "page/laptop/record.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"kind": "stdout"', '"kind": "shell"'), encoding="utf-8")
    assert "the kind 'shell' that is none: the cell has no tag [shell]" in folder.galley("check").stdout


# Shown and copied.


def test_the_page_shows_commands_and_below_each_what_it_wrote(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    output = folder.project.outputs / "page/laptop/session.shell.txt"
    text = "$ rm -r ~\n<script>alert(1)</script>\n"
    record = output.with_name("record.json")
    old, new = map(digest_of, (output.read_bytes(), text.encode()))
    record.write_text(record.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    output.write_text(text, encoding="utf-8")
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", settings.replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n", 1))
    done = folder.mkdocs()
    assert done.returncode == 0, done.stdout
    html = (folder.root / "site/page.html").read_text(encoding="utf-8")
    cell = html.partition('id="cell-page-session"')[2].partition('id="cell-page-fails"')[0]
    assert cell.count("galley-command") == 6
    assert cell.count("galley-shell") == 3, "nothing stands below a command that wrote nothing"
    blocks = cell.split('<div class="galley-command')
    assert "rm -r ~" in blocks[1].partition('<div class="galley-text galley-shell')[2]
    assert not any("rm -r" in each.partition('<div class="galley-text')[0] for each in blocks), "it is no command"
    assert "<script>alert" not in cell
    assert "How it is used." in cell
    assert "# $ " not in cell
    assert ".galley-command code::before" in html
    markdown = (folder.root / "site/page.md").read_text(encoding="utf-8")
    assert "```console\n$ cat greeting.txt\n```\n\n```\n$ rm -r ~\n" in markdown
    assert "> END\n```" in markdown


def test_the_options_of_a_fence_are_none_of_a_shell_cell(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    shown = "".join(fence("page", name) for name in NAMES)
    folder.page("page", shown.replace('cell="page/session"', 'cell="page/session" source="above"'))
    done = folder.mkdocs()
    assert "docs/page.md:5: a cell with commands of a shell has no option 'source'" in done.stdout


def test_each_profile_with_a_record_has_its_own_session(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS + "\n[tool.galley.profiles.gpu]\nparameters = { x = 2 }\n")
    folder.snippet("page", "# %% parameters\nx = 1\n# %% one [shell]\n# $ true\n# $ true\n# %% two\nx\n")
    assert not folder.run("page").failures
    for sessions in (1, 2):
        assert folder.mkdocs().returncode == 0
        html = (folder.root / "site/page.html").read_text(encoding="utf-8")
        cell = html.partition('id="cell-page-one"')[2].partition('id="cell-page-two"')[0]
        assert cell.count("galley-command") == 2 * sessions
        assert not folder.run("page", profiles=("gpu",)).failures


def test_a_script_runs_the_commands(first: GuideFolder, tmp_path: Path) -> None:
    text = first.galley("export", "page", "-o", "-").stdout
    script = tmp_path / "page.py"
    script.write_text(text, encoding="utf-8")
    variables = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'a <b>\n  "c" \\t """\n' in done.stdout
    script.write_text(text.replace("exit 3", "exit 4"), encoding="utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert "this must end with 3" in done.stderr
    script.write_text(text.replace("cat greeting.txt", "false"), encoding="utf-8")
    assert subprocess.run([sys.executable, script], cwd=tmp_path, env=variables, capture_output=True).returncode


def test_a_notebook_has_the_magic_for_a_shell(first: GuideFolder) -> None:
    made = json.loads(first.galley("export", "page", "-f", "ipynb", "-o", "-").stdout)
    cells = {each["metadata"].get("name"): each for each in made["cells"]}
    assert "".join(cells["session"]["source"]).startswith("%%sh -e\ncat greeting.txt\ncd /; X=1\n")
    assert "".join(cells["fails"]["source"]) == "%%sh -e --no-raise-error\ntrue\nexit 3"
    assert cells["session"]["outputs"][0] == {"output_type": "stream", "name": "stdout", "text": ["hello\n"]}
    assert len(cells["session"]["outputs"]) == 3, "nothing of commands that wrote nothing"
    assert cells["fails"]["outputs"] == []


def test_a_notebook_s_cells_run_in_ipython(first: GuideFolder, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    made = json.loads(first.galley("export", "page", "-f", "ipynb", "-o", "-").stdout)
    code = [each["source"] for each in made["cells"] if each["cell_type"] == "code"]
    (tmp_path / "page.ipy").write_text("\n\n".join("".join(each) for each in code[:1]), encoding="utf-8")
    program = (
        "import sys, json\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "for each in json.loads(sys.argv[1]):\n    shell.run_cell(''.join(each)).raise_error()\n"
    )
    variables = {**os.environ, "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(code)], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello" in done.stdout


def test_a_copy_has_the_commands_whose_files_it_names(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    folder.snippet(
        "more",
        "# %% makes [shell]\n# $ echo 'a b' > made.txt\n# %% other [shell]\n# $ echo other\n"
        "# %% reads\nprint(open('made.txt').read())\n# %% alone\nprint(1)\n",
    )
    assert not folder.run("more").failures
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/more.html").read_text(encoding="utf-8")
    data = html.partition("data-runnable='")[2].partition("'")[0]
    kept = json.loads(data.replace("&#39;", "'").replace("&lt;", "<").replace("&amp;", "&"))
    assert sorted(kept["cells"]) == ["cell-more-alone", "cell-more-reads"]
    (made,) = [each for each in kept["texts"] if "subprocess" in each]
    assert made.endswith('_subprocess.run(["sh", "-ec", """\\\necho \'a b\' > made.txt\n"""], check=True)')
    assert len(kept["cells"]["cell-more-alone"]) == 1
