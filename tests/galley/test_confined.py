"""The sandbox holds for all that runs a page's code: shells, tasks, threads, and what a value says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from guide_folder import SETTINGS, GuideFolder
from test_sandbox import OFF, needs

pytestmark = pytest.mark.usefixtures("true_processes")

CANARY = "canary_of_every_way"
COMMANDS = (
    "cat {secret}",
    "(cat {secret}) & wait",
    "cd $(dirname {secret}) && cat secret",
    "ln -s {secret} link; cat link",
    "python -c 'print(open(\"{secret}\").read())'",
    "for each in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $each; done 2> errors | grep canary",
    "trap 'cat {secret}' EXIT",
)
WRITES = "echo more >> {secret}"
PYTHON = """\
# %% tasks
import asyncio, sys

SECRET = {secret!r}
REFUSED = FileNotFoundError, PermissionError

async def read():
    return open(SECRET).read()

async def told(way):
    try:
        print(await way)
    except REFUSED:
        print("refused")

program = await asyncio.create_subprocess_exec("cat", SECRET, stdout=asyncio.subprocess.PIPE)
print((await program.communicate())[0])
await told(asyncio.create_task(read()))
await told(asyncio.to_thread(lambda: open(SECRET).read()))

# %% end
import atexit

def last():
    try:
        print(open(SECRET).read())
    except REFUSED:
        print("refused")

atexit.register(last)

# %% value
class Told:
    def __repr__(self):
        return "told"

    def _repr_html_(self):
        try:
            return open(SECRET).read()
        except REFUSED:
            return "<i>refused</i>"

Told()

# %% fails raises="OSError" subclasses="yes"
sys.stderr.write("now\\n")
open(SECRET + "/none")
"""
WAYS = len(COMMANDS) + 5


def page(secret: Path) -> str:
    """A snippet file with all ways to read a secret, each of which goes on where it is refused."""
    commands = "".join(f"# $ {each.format(secret=secret)} || echo refused\n" for each in (*COMMANDS, WRITES))
    return f"# %% shell [shell]\n{commands}{PYTHON.format(secret=str(secret))}"


@needs("files", "processes")
@pytest.mark.parametrize("settings", [OFF, SETTINGS], ids=["off", "on"])
def test_no_way_to_run_code_reads_or_writes_more_than_a_page_may(tmp_path: Path, settings: str) -> None:
    """Without the sandbox each way reads the secret, so that the other half of the test says something."""
    folder = GuideFolder.make(tmp_path / "guide", settings)
    secret = tmp_path / "home/secret"
    secret.parent.mkdir()
    secret.write_text(f"{CANARY}\n", encoding="utf-8")
    folder.snippet("page", page(secret))
    done = folder.galley("run", SOME_TOKEN=CANARY)
    assert done.returncode == 0, done.stdout
    record = folder.project.outputs / "page"
    said = "\n".join(path.read_text(encoding="utf-8") for path in sorted(record.rglob("*")) if path.is_file())
    if settings == OFF:
        assert said.count(CANARY) >= WAYS, said
        assert secret.read_text(encoding="utf-8") == f"{CANARY}\nmore\n"
    else:
        assert CANARY not in said + done.stdout
        assert said.count("refused") >= WAYS - 2
        assert secret.read_text(encoding="utf-8") == f"{CANARY}\n"
