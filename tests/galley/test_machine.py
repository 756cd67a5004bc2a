"""A record says nothing of the machine that made it: another folder, user and home give the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galley.record.machine import folders, names
from galley.record.normalise import normalise
from galley.run.backend import where
from galley.system.account import account
from guide_folder import GuideFolder

pytestmark = pytest.mark.usefixtures("true_processes")

PAGE = """
    # %% warns
    async def fetch():
        return 1
    fetch()
    print("next")
    # %% value
    fetch()
    # %% caller
    import warnings
    warnings.warn("at the top", stacklevel=2)
    # %% stack
    import faulthandler, logging, sys, traceback
    def deeper():
        traceback.print_stack()
        faulthandler.dump_traceback()
        logging.warning("with its stack", stack_info=True)
    deeper()
    # %% paths
    import os, getpass, platform, pwd, socket, site, sysconfig, tempfile
    from pathlib import Path
    root = Path(__file__).parents[1]
    print(root, [root], root / "docs", root.as_uri(), os.fsencode(root), ascii(str(root)), __file__)
    print(Path.home(), os.path.expanduser("~"), os.getcwd(), tempfile.gettempdir())
    print(sys.executable, os.path.realpath(sys.executable), sys.prefix, site.__file__, sysconfig.get_path("scripts"))
    print(socket.gethostname(), platform.uname(), os.uname(), os.environ.get("XDG_CACHE_HOME"))
    print(f"{getpass.getuser()}@{platform.node()}", os.environ["USER"], sorted(os.environ) == sorted(os.environ))
    warnings.warn_explicit("elsewhere", UserWarning, str(root / "docs/x.py"), 3)
    # %% raised raises="FileNotFoundError"
    open(root / "absent.txt")
    # %% object
    root
    # %% last
    kept = fetch()
    import atexit
    def at_the_end():
        warnings.warn("at the end", stacklevel=2)
        traceback.print_stack()
    done = atexit.register(at_the_end)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[GuideFolder, str]]:
    """One guide recorded in two places by two users, with what the second one's name and place are."""
    found = []
    for user, place in (("carla", "one place"), ("bodo", "a/deeper/größe")):
        home = tmp_path_factory.mktemp(f"home-of-{user}")
        folder = GuideFolder.make(home / place)
        folder.snippet("page", PAGE)
        temporary = home / "t"
        temporary.mkdir()
        done = folder.galley("run", HOME=str(home), USER=user, LOGNAME=user, TMPDIR=str(temporary))
        assert done.returncode == 0, done.stdout
        found.append((folder, user))
    return found


def texts(folder: GuideFolder) -> dict[str, str]:
    """Every recorded text."""
    outputs = folder.project.outputs / "page/laptop"
    return {path.name: path.read_text(encoding="utf-8") for path in outputs.glob("*.txt")}


def test_two_users_in_two_folders_record_the_same_bytes(made: list[tuple[GuideFolder, str]]) -> None:
    (one, _), (other, _) = made
    assert texts(one) == texts(other)
    assert len(texts(one)) >= 8


def test_no_text_names_the_machine_or_galley(made: list[tuple[GuideFolder, str]]) -> None:
    for folder, user in made:
        for name, text in texts(folder).items():
            for word in (str(folder.root), str(folder.root.parent), user, "execute.py", "server.py", "runpy", "/tmp/"):
                assert word not in text, (name, text)


def test_what_is_left_is_what_python_writes_where_the_page_is_the_program(made: list[tuple[GuideFolder, str]]) -> None:
    found = texts(made[1][0])
    never = "RuntimeWarning: coroutine 'fetch' was never awaited"
    assert found["warns.stdout.txt"] == "next\n"
    told = "RuntimeWarning: Enable tracemalloc to get the object allocation traceback\n"
    assert found["warns.stderr.txt"] == f"page.py: {never}\n  fetch()\n{told}"
    assert found["value.stderr.txt"] == f"page.py: {never}\n  fetch()\n{told}"
    assert found["value.value.txt"] == "<coroutine object fetch at 0x…>"
    assert found["caller.stderr.txt"] == "sys:1: UserWarning: at the top\n"
    assert found["stack.stderr.txt"].startswith(
        '  File "page.py", in <module>\n    deeper()\n  File "page.py", in deeper\n    traceback.print_stack()\n'
    )
    assert found["stack.stderr.txt"].endswith(
        'WARNING:root:with its stack\nStack (most recent call last):\n  File "page.py", in <module>\n    deeper()\n'
        '  File "page.py", in deeper\n    logging.warning("with its stack", stack_info=True)\n'
    )
    assert found["raised.error.txt"] == "FileNotFoundError: [Errno 2] No such file or directory: './absent.txt'"
    assert found["object.value.txt"] == "PosixPath('.')"
    assert "elsewhere" in found["paths.stderr.txt"]
    assert found["paths.stderr.txt"].startswith("./docs/x.py:3: UserWarning")
    assert found["paths.stdout.txt"].startswith("(.) [".replace("(.)", "."))
    assert "sys:1: UserWarning: at the end\n" in found["last.stderr.txt"]
    assert f"sys:1: {never}" in found["last.stderr.txt"]


def test_a_place_that_everybody_has_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("VIRTUAL_ENV", "/usr")
    known = dict(folders(Path("/somewhere/guide"), Path("/somewhere/galley")))
    assert known["/somewhere/guide"] == "."
    assert not known.keys() & {"/root", "/usr", "/", "/tmp"}
    assert [len(each) for each in known] == sorted((len(each) for each in known), reverse=True)


@pytest.mark.parametrize(("user", "told"), [("carla", True), ("root", False), ("user", False), ("a", False)])
def test_a_name_that_many_machines_share_is_a_word(monkeypatch: pytest.MonkeyPatch, user: str, told: bool) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, user)
    assert ((user, "<user>") in names()) is told


def test_an_exact_cell_keeps_its_texts_and_has_another_digest(folder: GuideFolder) -> None:
    code = "print(hex(0xdeadbeef), object())\nprint(__file__)\n"
    folder.snippet("page", f'# %% a\n{code}# %% b exact="addresses"\n{code}# %% c exact="all"\n{code}')
    assert not folder.run().failures
    lines = [folder.output("page", f"{cell}.stdout.txt").splitlines() for cell in "abc"]
    assert lines[0] == ["0xdeadbeef <object object at 0x…>", "page.py"]
    assert lines[1][0].startswith("0xdeadbeef <object object at 0x7")
    assert lines[1][1] == "page.py"
    assert lines[2][1] == str(folder.root / "snippets/page.py")
    assert len({cell.digest for cell in folder.guide.snippets["page"].cells}) == 3


def test_a_rule_that_is_none_is_refused_at_its_line(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% a exact="colours"\n1\n')
    (error,) = folder.guide.errors
    assert str(error).startswith("snippets/page.py:1: exact 'colours' is not `all`, or some of: addresses, frames, ")
    assert os.linesep in str(error)


def test_every_folder_of_packages_on_the_path_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    users = tmp_path / "lib/site-packages"
    monkeypatch.syspath_prepend(str(users))
    found = where(tmp_path / "scratch", tmp_path / "snippets")
    assert normalise(f"{users}/tool/core.py:3: UserWarning: x", found) == "tool/core.py:3: UserWarning: x"


def test_the_account_is_the_systems_whatever_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setenv("LOGNAME", "somebody")
    pwd = pytest.importorskip("pwd")
    entry = pwd.getpwuid(os.getuid())
    assert account() == (entry.pw_name, entry.pw_dir)
