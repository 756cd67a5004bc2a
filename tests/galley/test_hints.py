"""An error that comes of the sandbox says so, with the setting that lets the page do it; and that setting does."""

from __future__ import annotations

import errno
import socket
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest

from galley.run.hints import MOST, READ_ONLY, UNKNOWN, UNREACHED, hint
from galley.run.protocol import Job
from galley.system.sandbox import probe
from guide_folder import SETTINGS, GuideFolder

READING = """
    # %% data
    from pathlib import Path
    print(Path({away!r}).read_text(), end="")
    # %% hidden
    print(Path(__file__).parents[1].joinpath(".env").read_text(), end="")
    # %% its-own
    import subprocess, sys
    code = "print(open('/proc/self/statm').read() > '')"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout, end="")
"""
UNREAD = 'in the sandbox a page does not see {0}; this under [tool.galley] lets pages read it: reads = ["{0}"]'
SHUT = Job(
    page="a",
    profile="laptop",
    path="/srv/guide/snippets/a.py",
    relative="snippets/a.py",
    source="",
    cells=(),
    root="/srv/guide",
    snippets="/srv/guide/snippets",
    scratch="/tmp/galley-page-0",
)


class AccessDenied(Exception):  # noqa: N818  psutil calls it so
    """What psutil raises."""


class Lying(Exception):  # noqa: N818
    """An exception whose causes lead back to it."""

    def __init__(self) -> None:
        super().__init__()
        self.reason = self.__cause__ = self


def after(cause: Exception) -> Exception:
    """An error that another one caused, as a library for the web raises it."""
    try:
        raise RuntimeError("no connection") from cause
    except RuntimeError as error:
        return error


def crowd() -> Exception:
    """An error that names more errors than anybody looks through, and then one of a file."""
    return RuntimeError("many", *(ValueError(number) for number in range(MOST)), reading("/home/me/data.csv"))


def reading(path: str | bytes, kind: type[OSError] = FileNotFoundError) -> OSError:
    """The error of a file that cannot be opened."""
    return kind(errno.ENOENT, "No such file or directory", path)


SAID = [
    (reading("/home/me/data.csv"), UNREAD.format("/home/me/data.csv")),
    (reading(b"/home/me/data.csv", PermissionError), UNREAD.format("/home/me/data.csv")),
    (reading("/srv/guide/.env", PermissionError), UNREAD.format(".env")),
    (after(reading("/home/me/data.csv")), UNREAD.format("/home/me/data.csv")),
    (OSError(errno.EROFS, "Read-only file system"), READ_ONLY),
    (socket.gaierror(-3, "Temporary failure in name resolution"), UNREACHED),
    (after(socket.gaierror(-3, "Temporary failure in name resolution")), UNREACHED),
    (RuntimeError("all tries failed", OSError(errno.ENETUNREACH, "Network is unreachable")), UNREACHED),
    (reading("/proc/1/environ", PermissionError), UNKNOWN),
    (reading("/srv/guide/data/gone.csv"), ""),
    (reading("data.csv"), ""),
    (reading("/tmp/galley-page-0/gone.csv"), ""),
    (reading("/usr/share/gone"), ""),
    (OSError(errno.ENOSPC, "No space left on device"), ""),
    (FileNotFoundError("by hand"), ""),
    (Lying(), ""),
    (crowd(), ""),
    (ValueError("/home/me/data.csv"), ""),
]


@pytest.mark.parametrize(("error", "said"), SAID)
def test_an_error_of_the_sandbox_says_which_setting_mends_it_and_any_other_nothing(error: Exception, said: str) -> None:
    assert hint(error, SHUT) == said


@pytest.mark.parametrize(("error", "said"), SAID)
def test_without_the_sandbox_nothing_is_said(error: Exception, said: str) -> None:
    job = Job(**{name: getattr(SHUT, name) for name in SHUT.__struct_fields__} | {"sandbox": "off"})
    assert hint(error, job) == ""


def test_a_page_with_the_network_is_not_told_to_ask_for_it() -> None:
    job = Job(**{name: getattr(SHUT, name) for name in SHUT.__struct_fields__} | {"network": True})
    assert hint(socket.gaierror(-3, "no such name"), job) == ""
    assert hint(OSError(errno.ENETUNREACH, "Network is unreachable"), job) == ""


def test_a_variable_of_the_shell_is_told_with_the_setting_that_gives_it(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one\nimport os\nprint(os.environ["API_HOST"])\n# %% two\n{}["API_HOST"]\n')
    mend = 'under [tool.galley] gives it one: environment = { API_HOST = "…" }'
    done = folder.galley("run", "--keep-going", API_HOST="a")
    assert f"in cell one: KeyError: 'API_HOST'\na page has no variables of your shell; this {mend}\n" in done.stdout
    assert done.stdout.count(mend) == 1, "a dict of the page's own has nothing to do with it"
    given = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nenvironment = { API_HOST = "b" }\n')
    folder.write("pyproject.toml", given)
    folder.snippet("page", '# %% one\nimport os\nprint(os.environ["API_HOST"])\n')
    assert folder.run().failures == {}
    assert folder.output("page", "one.stdout.txt") == "b\n"


@pytest.mark.parametrize("error", [AccessDenied("pid=7"), BrokenProcessPool("a worker died")])
def test_where_psutil_is_at_work_workers_that_fail_name_proc(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "psutil", raising=False)
    assert hint(error, SHUT) == ""
    monkeypatch.setitem(sys.modules, "psutil", socket)
    assert hint(error, SHUT) == UNKNOWN


@pytest.mark.skipif(any(probe().values()), reason="this system does not give a page the whole sandbox")
def test_the_setting_that_is_named_lets_the_page_run(
    folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("away") / "data.csv"
    away.write_text("1,2\n", encoding="utf-8")
    folder.write(".env", "a secret\n")
    folder.snippet("page", READING.format(away=str(away)))
    done = folder.galley("run", "--keep-going")
    for path in (str(away), ".env"):
        assert UNREAD.format(path) in done.stdout
    reads = f'[tool.galley]\nreads = ["{away}", ".env", "/proc"]\n'
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", reads))
    assert folder.run().failures == {}
    said = {name: folder.output("page", f"{name}.stdout.txt") for name in ("data", "hidden", "its-own")}
    assert said == {"data": "1,2\n", "hidden": "a secret\n", "its-own": "True\n"}
