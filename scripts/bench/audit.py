"""Hears from inside what a command does: the processes that it starts, and whether it imports torch."""

from __future__ import annotations

from bench.measure import Site
from bench.process import environment, run

HOOK = """import os, sys

def hear(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"):
        note("child " + (" ".join(map(str, arguments[1])) if event == "subprocess.Popen" else event))
    elif event == "import" and arguments[0] == "torch":
        note("torch")

def note(what):
    with open(os.environ["BENCH_HEARD"], "a") as heard:
        print(what.replace(sys.prefix, ""), file=heard)

sys.addaudithook(hear)
"""


def heard(site: Site, command: str) -> list[str]:
    """What a command in the site's tree did: `torch` for an import of it, `child …` for each process it started."""
    folder = site.tree.parent / f"{site.name}-audit"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    said = folder / "heard.txt"
    said.write_text("", encoding="utf-8")
    env = environment(site.peer, site.work, site.tree) | {"PYTHONPATH": str(folder), "BENCH_HEARD": str(said)}
    done = run(command, env, site.tree)
    if done.code:
        raise RuntimeError(f"{command} failed:\n{done.log[-2000:]}")
    return said.read_text(encoding="utf-8").splitlines()
