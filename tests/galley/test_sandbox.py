"""What a page cannot reach: secrets, files, the network, other processes; and what galley says where it could.

Each attempt is made twice: with the setting `sandbox = "off"`, where it must succeed, so that no test passes since the
attempt itself is broken; and in the sandbox, where it must fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent, indent
from types import SimpleNamespace

import pytest

from galley import system
from galley.errors import Exit, RefusedError
from galley.system import sandbox
from galley.system.allowed import for_page
from guide_folder import SETTINGS, GuideFolder, python
from hard import Counts

pytestmark = pytest.mark.usefixtures("true_processes")

HELD = sandbox.probe()
OFF = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nsandbox = "off"\n')
WITHOUT = str(Path(__file__).with_name("without"))
REASONS = {name: f"no {name} protection here: {reason}" for name, reason in HELD.items() if reason}


def needs(*protections: str) -> pytest.MarkDecorator:
    """Skips a test, with the kernel's reason, where one of the protections does not hold on this machine."""
    missing = [REASONS[each] for each in protections if each in REASONS]
    return pytest.mark.skipif(bool(missing), reason="; ".join(missing))


# What a page does to get at secrets. Each is Python that leaves in `got` what it found.
READING = {
    "open": "got = open(SECRET).read()",
    "os.open": "got = os.read(os.open(SECRET, os.O_RDONLY), 999)",
    "pathlib": "got = pathlib.Path(SECRET).read_bytes()",
    "a shell": 'got = subprocess.run(["sh", "-c", f"cat {SECRET}"], capture_output=True).stdout',
    "a program": 'got = subprocess.run(["cat", SECRET], capture_output=True).stdout',
    "another Python": 'got = subprocess.run([sys.executable, "-c", f"print(open({SECRET!r}).read())"], '
    "capture_output=True).stdout",
    "C": "fd = libc.open(SECRET.encode(), 0)\ngot = os.read(fd, 999)",
    "a mapped file": "import mmap\nwith open(SECRET) as f:\n    got = mmap.mmap(f.fileno(), 0, prot=1)[:]",
    "a symbolic link": 'os.symlink(SECRET, "link")\ngot = open("link").read()',
    "a link to a folder": 'os.symlink(os.path.dirname(SECRET), "folder")\n'
    'got = open(os.path.join("folder", os.path.basename(SECRET))).read()',
    "a hard link": 'os.link(SECRET, "hard")\ngot = open("hard").read()',
    "renamed into the page's folder": 'os.rename(SECRET, "mine")\ngot = open("mine").read()\nos.rename("mine", SECRET)',
    "the root folder of a process": 'got = open(f"/proc/{os.getppid()}/root{SECRET}").read()',
    "one's own root folder": 'got = open(f"/proc/self/root{SECRET}").read()',
    "upwards": 'got = open("../" * 40 + SECRET).read()',
    "a copy": 'import shutil\nshutil.copy(SECRET, "copy")\ngot = open("copy").read()',
    "an import": "import importlib.util as u, types\nexec(open(SECRET).read().replace('-', '_'), space := {})\n"
    "got = list(space)",
    "a thread": "t = threading.Thread(target=lambda: box.append(open(SECRET).read()))\nt.start(); t.join()\n"
    "got = box[0]",
    "a new user namespace": "libc.unshare(0x10000000)\ngot = open(SECRET).read()",
    "a child": "r, w = os.pipe()\nif os.fork() == 0:\n    try: os.write(w, open(SECRET, 'rb').read())\n"
    "    finally: os._exit(0)\nos.close(w)\ngot = os.read(r, 999)",
}
OF_PARENTS = {
    "environ of all above": "pid = os.getppid()\ngot = b''\nwhile pid > 1:\n"
    "    got += open(f'/proc/{pid}/environ', 'rb').read()\n"
    "    pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])",
    "environ of everybody": "got = b''\nfor each in os.listdir('/proc'):\n    if each.isdigit():\n"
    "        with contextlib.suppress(OSError):\n            got += open(f'/proc/{each}/environ', 'rb').read()",
    "environ by ps": "got = subprocess.run(['ps', 'axeww'], capture_output=True).stdout",
    "the command lines of others": "got = b''\nfor each in map(str, range(os.getpid())):\n"
    "    with contextlib.suppress(OSError):\n        got += open(f'/proc/{each}/cmdline', 'rb').read()",
}
BEGIN = """\
# %% parameters
SECRET = "{secret}"
# %% try
import contextlib, ctypes, os, pathlib, re, subprocess, sys, threading
libc, box, found = ctypes.CDLL(None), [], {{}}
"""
ATTEMPT = """\
try:
{body}
    found[{name!r}] = str(re.findall("canary_[a-z0-9_]+|galley.run.server", repr(got)))
except BaseException as error:
    found[{name!r}] = type(error).__name__
"""


def trying(attempts: dict[str, str], secret: Path) -> str:
    """A snippet file that makes the attempts one after the other and prints what came of each."""
    bodies = (ATTEMPT.format(name=name, body=indent(body, "    ")) for name, body in attempts.items())
    return BEGIN.format(secret=secret) + "".join(bodies) + "import json\nprint(json.dumps(found))\n"


@dataclass(frozen=True)
class Planted:
    """A user's home with secrets in it, beside a guide; `values` is what nobody may see."""

    folder: GuideFolder
    home: Path
    values: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """Where the secrets stand."""
        return [path for path in sorted(self.home.rglob("*")) if path.is_file()]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the command, with tokens."""
        token = self.values[-1]
        return {"HOME": str(self.home), "HF_TOKEN": token, "GITHUB_TOKEN": token, "AWS_SECRET_ACCESS_KEY": token}

    def seen_in(self, text: str) -> list[str]:
        """The secrets that stand in a text."""
        return [value for value in self.values if value in text]


SECRETS = (".netrc", ".cache/huggingface/token", ".ssh/id_ed25519", "other-project/.env")


@pytest.fixture(scope="module", params=["off", "on"])
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A guide beside a home with secrets."""
    root = tmp_path_factory.mktemp(f"planted-{request.param}")
    folder = GuideFolder.make(root / "guide", OFF if request.param == "off" else SETTINGS)
    values = [f"canary_{request.param}_{number}_b7e1" for number in range(len(SECRETS) + 2)]
    for name, value in zip(SECRETS, values, strict=False):
        path = root / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value} = 1\n", encoding="utf-8")
        path.chmod(0o600)
    folder.write(".env", f"{values[-2]} = 1\n")
    return Planted(folder, root / "home", tuple(values))


def test_every_test_that_security_names_is_there() -> None:
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "SECURITY.md").read_text(encoding="utf-8")))
    tests = sorted(root.glob("tests/*/test_*.py"))
    there = {name for file in tests for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)}
    assert len(named) > 20
    assert named <= there


def is_off(planted: Planted) -> bool:
    """Whether the guide runs without the sandbox, to show that the attempts would succeed."""
    return planted.folder.project.sandbox == "off"


@pytest.fixture(scope="module")
def found(planted: Planted) -> dict[str, dict[str, str]]:
    """What each page found, by page and attempt, after one run of them all by the command itself."""
    for number, file in enumerate([*planted.files, planted.folder.root / ".env"]):
        planted.folder.snippet(f"page{number}", trying(READING, file))
    planted.folder.snippet("parents", trying(OF_PARENTS, Path("/")))
    planted.folder.snippet("failing", f"# %% one\nimport os\nopen({str(planted.files[0])!r}).read()\n1 / 0\n")
    done = planted.folder.galley("run", **planted.variables)
    assert done.returncode == Exit.PAGE_FAILED, done.stdout
    (planted.folder.root / "said.txt").write_text(done.stdout, encoding="utf-8")
    outputs = planted.folder.project.outputs.glob("*/laptop/try.stdout.txt")
    return {path.parents[1].name: json.loads(path.read_text(encoding="utf-8")) for path in outputs}


@needs("files")
@pytest.mark.parametrize("name", READING)
def test_a_secret_in_a_file_is_read_in_no_way(planted: Planted, found: dict[str, dict[str, str]], name: str) -> None:
    pages = {page: said[name] for page, said in found.items() if page != "parents"}
    assert len(pages) == len(SECRETS) + 1
    for page, said in pages.items():
        if is_off(planted):
            assert planted.seen_in(said), f"{page}: the attempt itself does not work: {said}"
        else:
            assert not planted.seen_in(said), f"{page}: {said}"


@needs("processes")
@pytest.mark.parametrize("name", OF_PARENTS)
def test_the_tokens_of_other_processes_are_read_in_no_way(
    planted: Planted, found: dict[str, dict[str, str]], name: str
) -> None:
    said = found["parents"][name]
    if is_off(planted) and name == "the command lines of others":
        assert "galley.run.server" in said
    elif is_off(planted) and name == "environ of all above":
        assert planted.seen_in(said)
    elif not is_off(planted):
        assert not planted.seen_in(said)
        assert "galley.run.server" not in said


@needs("files", "processes")
def test_no_secret_is_in_any_file_message_site_or_export(
    planted: Planted, found: dict[str, dict[str, str]], counts: Counts
) -> None:
    if is_off(planted):
        pytest.skip("without the sandbox the pages print them")
    folder = planted.folder
    (folder.root / "snippets/failing.py").unlink()
    (folder.root / "docs/failing.md").unlink()
    built = folder.galley("build", **planted.variables)
    assert built.returncode == 0, built.stdout
    exported = folder.galley("export", "page0", "-f", "ipynb", "-o", "-", **planted.variables).stdout
    assert "PermissionError" in exported or "FileNotFoundError" in exported
    assert not planted.seen_in(built.stdout + exported)
    texts = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file() and path.name != ".env"}
    assert any(path.suffix == ".html" for path in texts)
    assert folder.root / "said.txt" in texts
    assert [path for path, text in texts.items() if any(value.encode() in text for value in planted.values)] == []
    counts.add("secrets looked for in a file", len(texts) * len(list(planted.values)))


@needs("files")
def test_the_users_real_home_is_no_page_s_to_list(folder: GuideFolder) -> None:
    code = "import os, pwd\nhome = pwd.getpwuid(os.getuid()).pw_dir\nos.listdir(home)\n"
    folder.snippet("page", f"# %% one\n{code}")
    assert "PermissionError" in folder.run().failures["page"]


def test_of_a_project_in_the_home_folder_itself_a_page_reads_its_snippets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "snippets").mkdir()
    (tmp_path / "mail").mkdir()
    asked = {"reads": (), "devices": (), "network": False}
    beside = for_page(tmp_path, tmp_path / "x", tmp_path / "snippets", **asked)
    assert {str(tmp_path / "mail"), str(tmp_path / "snippets")} == set(beside.read)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_dir=str(tmp_path)))
    at_home = for_page(tmp_path, tmp_path / "x", tmp_path / "snippets", **asked)
    assert at_home.read == (str(tmp_path / "snippets"),)
    assert at_home.listed == ()


IN_TMP = Path(f"/tmp/galley-test-written-{os.getpid()}.txt")  # which no other run of the tests looks for
# Each writes where a page may not. ROOT is the project, OWN the page's snippet file.
WRITING = {
    "the project": 'open(ROOT + "/written.txt", "w").write("x")',
    "a page of the guide": 'open(ROOT + "/docs/page.md", "a").write("x")',
    "another page's record": 'open(ROOT + "/snippets/outputs/other/laptop/record.json", "w").write("{}")',
    "its own snippet file": 'open(OWN, "a").write("# x")',
    "beside the project": 'open(ROOT + "/../written.txt", "w").write("x")',
    "the temporary folder": f'open("{IN_TMP}", "w").write("x")',
    "through a link": 'os.symlink(ROOT, "link")\nopen("link/written.txt", "w").write("x")',
    "emptied": 'os.truncate(ROOT + "/docs/page.md", 0)',
    "removed": 'os.remove(ROOT + "/docs/page.md")',
    "moved away": 'os.rename(ROOT + "/docs/page.md", "mine.md")',
    "permissions": 'os.chmod(ROOT + "/docs/page.md", 0o777)',
    "permissions of a device": 'os.chmod("/dev/null", 0o666)',
    "times": 'os.utime(ROOT + "/docs/page.md", (0, 0))',
    "the kernel's settings": 'open("/proc/sys/kernel/hostname", "w").write("x")',
    "a new folder": 'os.mkdir(ROOT + "/folder")',
    "made executable": 'os.chmod(ROOT + "/docs/page.md", 0o777)\nopen(ROOT + "/docs/page.md", "a").write("x")',
}


@dataclass(frozen=True)
class Attempts:
    """One run of a page for each way of WRITING: why each failed, by its number, and all files before and after."""

    failures: tuple[str, ...]
    before: dict[Path, bytes]
    after: dict[Path, bytes]


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> Attempts:
    """What came of them, beside a page that is there already."""
    root = tmp_path_factory.mktemp("attempts") / "guide"
    folder = GuideFolder.make(root)
    folder.snippet("other", "# %% one\nprint(1)\n")
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    names = [f"attempt_{number}" for number in range(len(WRITING))]
    for name, code in zip(names, WRITING.values(), strict=True):
        own = folder.root / f"snippets/{name}.py"
        begin = f'import os\nopen("mine.txt", "w").write("x")\nROOT, OWN = {str(root)!r}, {str(own)!r}\n'
        folder.snippet(name, f"# %% one\n{begin}{code}\n")
    before = {path: path.read_bytes() for path in root.parent.rglob("*") if path.is_file()}
    failures = folder.run().failures
    after = {path: path.read_bytes() for path in root.parent.rglob("*") if path.is_file()}
    return Attempts(tuple(failures.get(name.replace("_", "-"), "") for name in names), before, after)


@needs("files")
@pytest.mark.parametrize("number", range(len(WRITING)), ids=WRITING)
def test_a_page_that_writes_elsewhere_than_in_its_own_folder_fails(attempts: Attempts, number: int) -> None:
    assert f"page attempt-{number} (laptop) in cell one: " in attempts.failures[number]


@needs("files")
def test_a_page_writes_nowhere_but_in_its_own_folder(attempts: Attempts) -> None:
    assert attempts.after == attempts.before
    assert not IN_TMP.exists()


def serving(kind: int, address: str | tuple[str, int]) -> socket.socket:
    """A server outside of the sandbox that sends one word to whoever connects."""
    server = socket.socket(kind)
    server.bind(address)
    server.listen()
    server.settimeout(60)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                with server.accept()[0] as connection:
                    connection.sendall(b"a word from outside")

    threading.Thread(target=serve, daemon=True).start()
    return server


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Python that connects to a server outside, by the kind of its address."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    unix = str(outside / "s")
    with (
        serving(socket.AF_INET, ("127.0.0.1", 0)) as internet,
        serving(socket.AF_UNIX, unix),
        serving(socket.AF_UNIX, f"\0galley-{tmp_path}"[:100]) as abstract,
    ):
        yield {
            "internet": f"s = socket.create_connection({internet.getsockname()!r}, 5)\n",
            "a socket that is a file": f"s = socket.socket(socket.AF_UNIX)\ns.connect({unix!r})\n",
            "an abstract socket": f"s = socket.socket(socket.AF_UNIX)\ns.connect({abstract.getsockname()!r})\n",
        }


@needs("network")
def test_a_page_reaches_no_server_outside(folder: GuideFolder, servers: dict[str, str]) -> None:
    for number, connect in enumerate(servers.values()):
        folder.snippet(f"page{number}", f"# %% one\nimport socket\n{connect}print(s.recv(99))\n")
    failures = folder.run().failures
    assert sorted(failures) == ["page0", "page1", "page2"]
    assert all("Error" in each for each in failures.values())
    folder.write("pyproject.toml", OFF)
    assert folder.run().failures == {}
    for number in range(len(servers)):
        assert folder.output(f"page{number}", "one.stdout.txt") == "b'a word from outside'\n"


@needs("network")
def test_a_cell_may_ask_for_the_network(folder: GuideFolder, servers: dict[str, str]) -> None:
    code = f"import socket\n{servers['internet']}print(s.recv(99))\n"
    folder.snippet("page", f"# %% one\n{code}")
    folder.snippet("quiet", "# %% one\nprint(1)\n")
    without = folder.guide.snippets["page"].cells[0].digest
    assert "page" in folder.run().failures
    folder.snippet("page", f'# %% one network="yes"\n{code}# %% two\nprint(2)\n')
    assert folder.guide.snippets["page"].cells[0].digest != without, "it is part of the key"
    said = folder.run().said
    assert "page (laptop): recorded (2 cells" in said
    assert ", with network)" in said
    assert folder.output("page", "one.stdout.txt") == "b'a word from outside'\n"
    assert folder.record("page").environment.provenance == {"network": "with network"}
    folder.mkdocs()
    page = (folder.root / "site/page.html").read_text(encoding="utf-8")
    assert page.count("with network</summary>") == 1
    assert "with network" not in (folder.root / "site/quiet.html").read_text(encoding="utf-8")


def test_the_option_network_takes_one_value(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one network="no"\nprint(1)\n')
    done = folder.galley("run")
    assert done.returncode == Exit.BAD_INPUT
    assert "snippets/page.py:1: network 'no' is not \"yes\"" in done.stdout
    assert 'write it as: network="yes"' in done.stdout


INSIDE = """
    # %% loopback
    import socket
    for host in ("127.0.0.1", "::1"):
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
            client = socket.create_connection(server.getsockname()[:2])
            print(server.accept()[0].send(b"hello"), client.recv(5))
    # %% manager
    import multiprocessing
    with multiprocessing.get_context("fork").Manager() as manager:
        shared = manager.list([1, 2])
        shared.append(3)
        print(list(shared))
    # %% pool
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(abs, [-1, -2]))
    # %% memory
    from multiprocessing import shared_memory
    block = shared_memory.SharedMemory(create=True, size=10)
    block.buf[0] = 7
    print(block.buf[0])
    block.close()
    block.unlink()
    # %% files
    import os, pathlib, subprocess, tempfile
    with tempfile.TemporaryDirectory() as made:
        pathlib.Path(made, "a").write_text("b")
        print(sorted(os.listdir(made)))
    print(subprocess.run(["sh", "-c", "echo $((1 + 1)) > new && cat new"], capture_output=True, text=True).stdout)
    # %% signals
    child = subprocess.Popen(["sleep", "1000"])
    child.terminate()
    print(child.wait())
    # %% names
    import getpass, locale, zoneinfo
    print(os.cpu_count() > 0, len(os.urandom(4)), zoneinfo.ZoneInfo("Europe/Vienna"))
    # %% executable
    pathlib.Path("program").write_text("#!/bin/sh\\necho runs\\n")
    os.chmod("program", 0o755)
    print(subprocess.run(["./program"], capture_output=True, text=True).stdout)
"""


def test_what_programs_need_works_inside(folder: GuideFolder) -> None:
    folder.snippet("page", INSIDE)
    assert folder.run().failures == {}
    said = {name: folder.output("page", f"{name}.stdout.txt") for name in ("loopback", "manager", "pool", "memory")}
    expected = "5 b'hello'\n5 b'hello'\n"
    assert said == {"loopback": expected, "manager": "[1, 2, 3]\n", "pool": "[1, 2]\n", "memory": "7\n"}
    assert folder.output("page", "signals.stdout.txt") == "-15\n"
    assert folder.output("page", "executable.stdout.txt") == "runs\n\n"


TOUCHING = {
    "a signal": ("os.kill(PID, 0)", "PermissionError"),
    "ptrace": ("assert libc.ptrace(16, PID, None, None) == 0", "AssertionError"),
    "its memory": ("open(f'/proc/{PID}/mem', 'rb')", "PermissionError"),
    "its limits": ("import resource\nresource.prlimit(PID, resource.RLIMIT_CPU, (600, 600))", "PermissionError"),
    "its open files": ("os.listdir(f'/proc/{PID}/fd')", "PermissionError"),
}


@needs("processes")
@pytest.mark.parametrize("name", TOUCHING)
def test_a_page_touches_no_process_that_it_did_not_start(folder: GuideFolder, name: str) -> None:
    code, error = TOUCHING[name]
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            text = f"# %% one\nimport ctypes, os\nlibc, PID = ctypes.CDLL(None), {other.pid}\n{code}\n"
            folder.snippet("page", text)
            assert error in folder.run().failures["page"]
            folder.write("pyproject.toml", OFF)
            assert folder.run().failures == {}, "outside of the sandbox it can"
        finally:
            other.kill()


REFUSED = {
    "a socket of the virtual machine": "import socket\nsocket.socket(40, socket.SOCK_STREAM)",
    "a ring of calls": "answer = libc.syscall(425, 1, ctypes.create_string_buffer(200))",
    "a key": f"answer = libc.syscall({250 if os.uname().machine == 'x86_64' else 219}, 0, -3, 0)",
}


@needs("network")
@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_ways_around_are_refused(folder: GuideFolder, code: str) -> None:
    raised = "if answer < 0:\n    raise OSError(ctypes.get_errno(), 'refused')\n"
    begin = "import ctypes\nlibc, answer = ctypes.CDLL(None, use_errno=True), 0\n"
    folder.snippet("page", f"# %% one\n{begin}{code}\n{raised}")
    assert "PermissionError" in folder.run().failures["page"] or "Errno 13" in folder.run().failures["page"]


@needs("files")
def test_a_link_that_came_with_the_project_opens_no_other_folder(folder: GuideFolder, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret").write_text("secret", encoding="utf-8")
    for name in ("data", ".cache", "docs/data"):
        (tmp_path / name).symlink_to(outside)
        page = f"page{len(name)}"
        folder.snippet(page, f"# %% one\nprint(open({str(tmp_path / name / 'secret')!r}).read())\n")
    failures = folder.run().failures
    assert sorted(failures) == ["page4", "page6", "page9"]
    folder.write("pyproject.toml", OFF)
    assert folder.run().failures == {}


@needs("files")
def test_pages_read_the_cache_of_the_project_and_write_a_copy_of_it(folder: GuideFolder, tmp_path: Path) -> None:
    folder.write(".cache/fonts", "known")
    code = (
        "import os, pathlib\ncache = pathlib.Path(os.environ['XDG_CACHE_HOME'])\nprint((cache / 'fonts').read_text())\n"
    )
    folder.snippet(
        "page", f"# %% one\n{code}(cache / 'fonts').write_text('spoilt')\nprint((cache / 'fonts').read_text())\n"
    )
    ended = folder.run()
    assert (tmp_path / ".cache/fonts").read_text() == "known"
    if ended.failures:  # where nothing can be mounted, the folder is read-only
        assert "PermissionError" in ended.failures["page"]
    else:
        assert folder.output("page", "one.stdout.txt") == "known\nspoilt\n"


FONTS = """\
# %% one
import os, pathlib

cache = pathlib.Path(os.environ["XDG_CACHE_HOME"])
(cache / "a-library").mkdir(parents=True)
(cache / "a-library/fonts").write_text("worked out")
print((cache / "a-library/fonts").read_text())
"""
DRAWN = "# %% one\n'''A dot.'''\nfrom matplotlib import pyplot\npyplot.plot([1], 'o')\npyplot.show()\n"


def test_without_a_cache_in_the_project_a_page_has_one_of_its_own(folder: GuideFolder, tmp_path: Path) -> None:
    """So it is in a guide that was never built."""
    folder.snippet("page", FONTS)
    if find_spec("matplotlib"):
        folder.snippet("drawn", DRAWN)
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "worked out\n"
    assert not (tmp_path / ".cache").exists()
    assert [path.name for path in folder.project.outputs.rglob("*.stderr.txt")] == []


@needs("files")
def test_a_setting_lets_pages_read_more(folder: GuideFolder, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    (outside / "store").mkdir(parents=True)
    (outside / "store" / "blob").write_text("data", encoding="utf-8")
    (outside / "view").mkdir()
    (outside / "view" / "link").symlink_to(outside / "store" / "blob")
    (outside / "beside").write_text("secret", encoding="utf-8")
    view = str(outside / "view")
    folder.snippet("page", f"# %% one\nprint(open({view + '/link'!r}).read())\n")
    folder.snippet("beside", f"# %% one\nprint(open({str(outside / 'beside')!r}).read())\n")
    folder.snippet("writes", f"# %% one\nopen({view + '/new'!r}, 'w')\n")
    assert len(folder.run().failures) == 3
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", f'[tool.galley]\nreads = ["{view}"]\n'))
    assert sorted(folder.run().failures) == ["beside", "writes"]
    assert folder.output("page", "one.stdout.txt") == "data\n"


@needs("files")
def test_what_prepare_names_in_a_variable_may_be_read(folder: GuideFolder, tmp_path: Path) -> None:
    model = tmp_path.parent / f"{tmp_path.name}-model"
    model.mkdir()
    (model / "weights").write_text("many", encoding="utf-8")
    folder.write("snippets/mine.py", f"def prepare(context):\n    return {{'MODEL': {str(model)!r}}}\n")
    folder.write("pyproject.toml", SETTINGS + '[tool.galley.hooks]\nprepare = "mine:prepare"\n')
    folder.snippet("page", "# %% one\nimport os\nprint(open(os.environ['MODEL'] + '/weights').read())\n")
    assert folder.run().failures == {}


@needs("files")
def test_a_device_is_a_profiles_to_give(folder: GuideFolder) -> None:
    device = next((each for each in ("/dev/fuse", "/dev/kmsg", "/dev/net/tun") if os.access(each, os.R_OK)), None)
    if device is None:
        pytest.skip("this machine has no device file that this user may open")
    folder.snippet("page", f"# %% one\nimport os\nos.close(os.open({device!r}, os.O_RDONLY | os.O_NONBLOCK))\n")
    assert "Error" in folder.run().failures["page"]
    folder.write("pyproject.toml", SETTINGS + f'devices = ["{device[:-1]}*"]\n')
    assert folder.run().failures == {}


def test_a_page_dumps_no_memory(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport resource\nprint(resource.getrlimit(resource.RLIMIT_CORE))\n")
    folder.run()
    assert folder.output("page", "one.stdout.txt") == "(0, 0)\n"


def test_a_run_says_once_what_holds(folder: GuideFolder) -> None:
    for name in ("one", "two"):
        folder.snippet(name, "# %% one\nprint(1)\n")
    said = folder.run().said
    assert said.startswith(f"{sandbox.told(HELD)}\n[1/2]")
    assert said.count("sandbox:") == 1


def test_a_protection_is_switched_off_in_no_silence(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", OFF)
    folder.snippet("page", "# %% one\nprint(1)\n")
    assert folder.run().said.startswith(
        "sandbox: none; without files, network, processes, sight of what other programs open: the setting sandbox is"
        ' "off"\n'
    )


def test_what_this_python_cannot_ask_for_is_told_and_required_in_vain(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    lacking = {"PYTHONPATH": WITHOUT, "GALLEY_WITHOUT": "ctypes"}
    refused = folder.galley("run", "--require-sandbox", **lacking)
    assert refused.returncode == Exit.REFUSED
    assert "pyproject.toml" in refused.stdout
    assert "the sandbox is required. sandbox: none; without files, network, processes: this Python cannot" in (
        refused.stdout
    )
    assert folder.recorded() == {}
    settings = "".join(f'{name} = "{value}"\n' for name, value in lacking.items())
    folder.write("pyproject.toml", f"{SETTINGS}[tool.galley.environment]\n{settings}")
    done = folder.galley("run")
    assert done.returncode == 0, done.stdout
    nothing = "sandbox: none; without files, network, processes, sight of what other programs open: "
    assert f"{nothing}this Python cannot ask for it" in done.stdout


def test_the_setting_requires_it_of_each_page_too(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    required = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nsandbox = "required"\n')
    folder.write("pyproject.toml", required)
    folder.snippet("page", "# %% one\nprint(1)\n")
    monkeypatch.setattr(sandbox, "probe", lambda: {"files": "", "network": "", "processes": "no Landlock"})
    with pytest.raises(RefusedError) as error:
        folder.run()
    assert "sandbox: files, network; without processes: no Landlock" in str(error.value)
    assert error.value.place is not None
    assert error.value.place.line == 2
    monkeypatch.setattr(sandbox, "probe", lambda: dict.fromkeys(sandbox.PROTECTIONS, ""))
    monkeypatch.setenv("PYTHONPATH", WITHOUT)
    lacking = f'[tool.galley.environment]\nPYTHONPATH = "{WITHOUT}"\nGALLEY_WITHOUT = "ctypes"\n'
    folder.write("pyproject.toml", required + lacking)
    assert "the sandbox is required, so nothing ran" in folder.run().failures["page"]
    assert folder.recorded() == {}


@pytest.mark.skipif(any(HELD.values()), reason=sandbox.told(HELD))
def test_where_all_holds_it_can_be_required(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    done = folder.galley("run", "--require-sandbox")
    assert done.returncode == 0, done.stdout
    assert "sandbox: files, network, processes\n" in done.stdout
    assert folder.status("page").state == "fresh", "what a page may do is the same without it"


# Makes this process a plain user, in a user namespace where it has no rights over the machine, and runs a command.
PLAIN_USER = """
    import ctypes, os, sys
    libc, uid, gid = ctypes.CDLL(None), os.getuid(), os.getgid()
    if libc.unshare(0x10000000):
        sys.exit(77)
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    if sys.argv[1] == "last":
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
        del sys.argv[1]
    os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_kernel_that_has_it_all_gives_it_all(tmp_path: Path) -> None:
    asked = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_long(0), 1))"
    version = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False).stdout
    mounted = [*python(PLAIN_USER), "/usr/bin/env", "unshare", "--map-root-user", "--mount", "--net", "true"]
    if not sys.platform.startswith("linux") or int(version) < 6 or subprocess.run(mounted, check=False).returncode:
        pytest.skip("this kernel does not have it all")
    assert sandbox.told(HELD) == "sandbox: files, network, processes"


@needs("files", "network")
def test_where_there_are_no_namespaces_a_page_opens_no_socket(folder: GuideFolder, servers: dict[str, str]) -> None:
    for number, connect in enumerate(servers.values()):
        folder.snippet(f"page{number}", f"# %% one\nimport socket\n{connect}print(s.recv(99))\n")
    folder.snippet("pair", "# %% one\nimport socket\none, other = socket.socketpair()\nprint(one.send(b'x'))\n")
    folder.snippet("asks", f'# %% one network="yes"\nimport socket\n{servers["internet"]}print(s.recv(99))\n')
    folder.snippet("secret", "# %% one\nopen('/etc/shadow')\n")
    outside = folder.root.parent / f"{folder.root.name}-linked"
    outside.mkdir()
    (outside / "secret").write_text("secret", encoding="utf-8")
    (folder.root / "data").symlink_to(outside)
    folder.snippet("linked", f"# %% one\nopen({str(folder.root / 'data/secret')!r})\n")
    done = folder.call([*python(PLAIN_USER), "last", str(Path(sys.executable).with_name("galley")), "run"])
    if done.returncode == 77:
        pytest.skip("the kernel gives a plain user no namespace")
    assert "sandbox: network, processes; without files: what files hold is protected, their permissions" in done.stdout
    for page in ("page0", "page1", "page2"):
        assert f"page {page} (laptop) in cell one: PermissionError" in done.stdout
    assert "page secret (laptop) in cell one: PermissionError" in done.stdout
    assert "page linked (laptop) in cell one: PermissionError" in done.stdout
    assert folder.output("pair", "one.stdout.txt") == "1\n"
    assert folder.output("asks", "one.stdout.txt") == "b'a word from outside'\n"


@needs("files", "network")
def test_it_holds_for_a_plain_user_too(folder: GuideFolder) -> None:
    folder.snippet(
        "page", "# %% one\nimport os\nprint(os.getuid(), os.getgid())\nopen('mine', 'w')\n" + "os.mkdir('x')\n"
    )
    folder.snippet("secret", "# %% one\nopen('/etc/shadow')\n")
    words = folder.write("data/words.txt", "one")
    folder.snippet("shell", f"# %% one\nimport os\ndone = os.system('cat {words}')\n")
    folder.snippet("rights", "# %% one\nprint([each for each in open('/proc/self/status') if 'CapEff' in each])\n")
    command = [str(Path(sys.executable).with_name("galley")), "run"]
    done = folder.call([*python(PLAIN_USER), *command])
    if done.returncode == 77:
        pytest.skip("the kernel gives a plain user no namespace")
    assert sandbox.told(HELD) in done.stdout
    assert "secret.py:2: page secret (laptop) in cell one: PermissionError" in done.stdout
    assert folder.output("page", "one.stdout.txt") == "1000 1000\n"
    assert [each.path for each in folder.record("shell").dependencies] == ["data/words.txt"]
    assert folder.output("rights", "one.stdout.txt") == "['CapEff:\\t0000000000000000\\n']\n"


def test_the_command_hides_its_memory_from_the_users_other_programs() -> None:
    code = """
        import ctypes
        from galley import system
        before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
        system.hide_process()
        print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux alone has a word for it")
    done = subprocess.run(python(code), capture_output=True, text=True, check=True)
    assert done.stdout == "1 0\n"
    assert callable(system.hide_process)


def test_another_program_can_be_run_in_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    mine = tmp_path / "mine"
    mine.mkdir()
    code = f"open('new', 'w').write('x'); print(open({str(tmp_path / 'secret')!r}).read())"
    begin = sandbox.command(sandbox.Allowed(write=(str(mine),)))
    done = subprocess.run(
        [*begin, sys.executable, "-c", dedent(code)], capture_output=True, text=True, cwd=mine, check=False
    )
    if not HELD["files"]:
        assert done.returncode == 1
        assert "Error" in done.stderr
    assert (mine / "new").read_text(encoding="utf-8") == "x"
