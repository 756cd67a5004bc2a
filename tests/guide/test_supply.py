"""The locks: what they hold, that the installation reads them, and that another file than theirs is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from compile_locks import PARTS, WITHOUT_DIGEST, locked, parts, versions, wanted

ROOT = Path(__file__).parents[2]
LOCKED = {name: digests for part in PARTS for name, digests in locked(part).items()}
SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
)
MACHINES = [
    {**system, "python_version": python, "python_full_version": f"{python}.9"}
    for system in SYSTEMS
    for python in ("3.11", "3.12", "3.13")
]


def needs(marker: Marker | None, extras: set[str]) -> bool:
    """Whether a requirement counts on any of the machines."""
    return marker is None or any(
        marker.evaluate({**machine, "extra": extra}) for machine in MACHINES for extra in ("", *extras)
    )


def test_each_pin_is_in_one_lock_with_digests_but_for_the_named_exception():
    entries = [name for part in PARTS for name in locked(part)]
    assert sorted((*entries, *WITHOUT_DIGEST)) == sorted(versions())
    assert [name for name, digests in LOCKED.items() if not digests] == []
    assert WITHOUT_DIGEST == ("torch",), "SECURITY.md and the Makefile name it"


@pytest.mark.parametrize("part", PARTS)
def test_a_lock_holds_the_versions_of_the_constraints_and_nothing_else(part):
    text = Path(ROOT, "scripts", "locks", f"{part}.txt").read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line and not line.startswith((" ", "#", "-r "))]
    pins = versions()
    assert heads == [f"{name}=={pins[name]} \\" for name in parts()[part] if name not in WITHOUT_DIGEST]
    before = [*PARTS][: [*PARTS].index(part)][-1:]
    assert [line for line in text.splitlines() if line.startswith("-r ")] == [f"-r {name}.txt" for name in before]


def test_the_locks_are_complete_on_every_platform():
    """pip resolves nothing where a lock is installed: each has to name what its packages need on other machines too."""
    have: set[str] = {*WITHOUT_DIGEST, "pip"}
    todo: list[Requirement] = []
    seen: set[str] = set()
    pins = versions()
    for part, groups in PARTS.items():
        have |= locked(part).keys()
        todo += map(Requirement, wanted(groups))
        while todo:
            each = todo.pop()
            name = canonicalize_name(each.name)
            assert name in have, f"{part}.txt lacks {name}"
            if name != "pip":
                assert each.specifier.contains(pins[name], prereleases=True), each
            if str(each) in seen:
                continue
            seen.add(str(each))
            try:
                further = map(Requirement, requires(each.name) or ())
            except PackageNotFoundError:  # it counts on another platform alone
                continue
            # What a torch with CUDA brings is the exception too.
            of_torch = [
                one for one in further if not (name == "torch" and one.name.startswith(("nvidia", "cuda", "triton")))
            ]
            todo += [one for one in of_torch if needs(one.marker, each.extras)]
    assert len(seen) > 100


def installs(stamp: str) -> list[list[str]]:
    """The calls of pip that make one of the environment's stamps, as make would run them."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", f".venv/{stamp}.done"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [shlex.split(line) for line in done.stdout.splitlines() if " pip install " in line]


@pytest.mark.parametrize("stamp", PARTS)
def test_all_that_make_installs_is_verified_but_for_torch_and_this_checkout(stamp):
    first, *others = installs(stamp)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= {*first}
    assert first[-2:] == ["--requirement", f"scripts/locks/{stamp}.txt"]
    torch = [call for call in others if "torch" in call]
    assert len(torch) == 2 * (stamp != "site"), "beside the others, and with what it brings"
    assert all({"--only-binary", "--constraint", "constraints.txt"} <= {*call} for call in torch)
    (own,) = (call for call in others if call not in torch)
    assert {"--no-deps", "--no-build-isolation"} <= {*own}
    assert own[-3:] == [".", "--editable", "scripts/galley"]


def tiny_wheel(folder: Path) -> Path:
    """A package of one module, as a wheel."""
    info = "tiny-1.0.dist-info"
    files = {
        "tiny.py": b"",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digest = {
        name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=") for name, data in files.items()
    }
    rows = [f"{name},sha256={digest[name].decode()},{len(data)}" for name, data in files.items()]
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as opened:
        for name, data in files.items():
            opened.writestr(name, data)
        opened.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]))
    return wheel


@pytest.mark.parametrize("digest", ["right", "changed", "missing"])
def test_a_file_with_another_digest_than_the_locks_is_not_installed(digest, tmp_path):
    wheel = tiny_wheel(tmp_path)
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    option = {"right": f" --hash=sha256:{right}", "changed": f" --hash=sha256:{right[::-1]}", "missing": ""}[digest]
    lock = tmp_path / "lock.txt"
    lock.write_text(f"tiny==1.0{option}\n", encoding="utf-8")
    _, *options, _ = installs("site")[0]  # as make calls it, with this lock in the place of its own
    local = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "into")]
    done = subprocess.run(
        [sys.executable, *options, str(lock), *local], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (tmp_path / "into" / "tiny.py").exists() == (digest == "right"), done.stderr
    if digest == "changed":
        assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


def test_the_bill_of_materials_lists_every_locked_package_with_version_and_digests(tmp_path):
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib writes the bill of materials")
    file = tmp_path / "made" / "sbom.json"
    subprocess.run([sys.executable, "scripts/sbom.py", str(file)], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "galley-docs"
    assert {each["name"]: each["version"] for each in bill["components"]} == versions()
    digests = {
        each["name"]: {one["content"] for one in each["externalReferences"][0].get("hashes", ())}
        for each in bill["components"]
    }
    assert digests == {name: {*LOCKED.get(name, ())} for name in versions()}
    scope = {each["name"]: each["scope"] for each in bill["components"]}
    assert scope["mkdocs"] == scope["jinja2"] == "required", "jinja2 is what MkDocs needs"
    assert scope["torch"] == scope["pytest"] == "excluded"
    needs_of = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    pins = versions()
    assert f"pkg:pypi/jinja2@{pins['jinja2']}" in needs_of[f"pkg:pypi/mkdocs@{pins['mkdocs']}"]


@contextmanager
def database(holes: set[str]) -> Iterator[str]:
    """A database of vulnerabilities in OSV's form, which knows one for each of these packages."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            known = {"vulns": [{"id": f"TEST-{name}", "affected": []}]} if name in holes else {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(known).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def audited(url: str) -> subprocess.CompletedProcess[str]:
    """What the audit says with the database at this address."""
    pytest.importorskip("pip_audit", reason="pip-audit asks the database")
    command = [sys.executable, "scripts/audit.py", "--vulnerability-service=osv", f"--osv-url={url}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_ends_the_audit_with_one():
    with database({"django", "jinja2"}) as url:
        done = audited(url)
    assert done.returncode == 1
    assert f"jinja2=={versions()['jinja2']}: TEST-jinja2" in done.stderr
    assert "django" not in done.stderr


def test_the_audit_says_how_many_versions_it_asked_for():
    with database({"django"}) as url:
        done = audited(url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"audited: no known vulnerability in {len(versions())} pinned versions\n"


def test_a_database_that_knows_nothing_or_is_out_of_reach_is_said_in_words():
    with database(set()) as url:
        done = audited(url)
    assert done.returncode == 0
    assert done.stdout.startswith("skipped: this database does not know")
    gone = audited(url)  # its server has ended
    assert gone.returncode == 0
    assert gone.stdout.startswith("skipped: the database of vulnerabilities is out of reach, and nothing was audited\n")
    assert "refused" in gone.stdout


def test_an_audit_that_fails_for_another_reason_is_not_called_skipped():
    pytest.importorskip("pip_audit", reason="pip-audit asks the database")
    command = [sys.executable, "scripts/audit.py", "--no-such-option"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing was audited" in done.stderr
    assert "skipped" not in done.stdout
