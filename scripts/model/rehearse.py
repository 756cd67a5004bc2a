"""Rehearses the 7B models: their true shape with random weights, from a hub on this machine to the pages' records.

    python scripts/model/rehearse.py FOLDER [--scale N] [--part laptop|recipe]

`make rehearse` does it. FOLDER is made, takes up to 46 GB, and is gone at the end. Two parts:

    laptop   the page "Seven billion numbers on a laptop", whose record is the guide's own
    recipe   what a reader with the hub does: in a copy of the guide, pin, download, and run the deep dive and the code
             explanation under the profile `7b-cpu`. What came of it goes to `snippets/models/rehearsal.json`, which the
             page "Using the 7B models" reads.

Memory and disk are asked for first. With `--scale 115` both parts run in a copy of the guide, at about a hundredth of
the size.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

from galley.config import find_project
from galley.record.status import store_of
from hub_server import Hub, Repository, hub_server, sha256
from make_true_size import SPARE, NoRoomError, Shape, bytes_of, make

ROOT = Path(__file__).parents[2]
GALLEY = str(Path(sys.executable).with_name("galley"))
RESULT = ROOT / "snippets" / "models" / "rehearsal.json"
TOKEN = "hf_rehearsal"
PICKLED, SAFE, ADAPTER = "starcoderbase-7b", "starcoderbase-7b-safetensors", "astraios-7b-parallel"
OWN = {f"rehearsal/{name}": name for name in (PICKLED, SAFE, ADAPTER)}  # the repositories of the page's own models
PAGES = ("deep-dive", "code-explanation")
BESIDE = 2.5e9  # bytes of memory that a page takes beside the weights
GUIDE = ("pyproject.toml", "mkdocs.yml", "constraints.txt", "docs", "snippets", "scripts", "tests")


def ask_for_room(folder: Path, shape: Shape) -> None:
    """Raise NoRoomError unless disk and memory have room for the larger part."""
    need = sum(bytes_of(name, shape) for name in (PICKLED, SAFE, ADAPTER)) + SPARE
    free = shutil.disk_usage(folder).free
    if free < need:
        what = f"the rehearsal takes {need / 1e9:.1f} GB of disk, and {folder} has {free / 1e9:.1f} GB free"
        raise NoRoomError(f"{what}: name a folder on another disk")
    memory = psutil.virtual_memory().available
    need = bytes_of(SAFE, shape) + BESIDE
    if memory < need:
        what = f"the rehearsal takes {need / 1e9:.1f} GB of memory, and {memory / 1e9:.1f} GB are free"
        raise NoRoomError(f"{what}: end other programs, or use a machine with more")


@contextmanager
def room(folder: Path) -> Iterator[Path]:
    """A new folder that is gone when the block ends; raises NoRoomError where there is one already."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise NoRoomError(f"{folder} is there already: take it away, or name another folder") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def guide_at(folder: Path, shape: Shape) -> Path:
    """A copy of the guide without its records, in which a part can write what it likes."""
    folder.mkdir()
    leave = shutil.ignore_patterns("outputs", "__pycache__", ".venv")
    for name in GUIDE:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name, **({"ignore": leave} if source.is_dir() else {}))
    catalogue = folder / "snippets" / "models" / "catalogue.toml"
    catalogue.write_text(listed(shape, catalogue.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def listed(shape: Shape, catalogue: str) -> str:
    """The catalogue with the number of weights that a model of this shape has."""
    for name, bytes_each in ((SAFE, 2), (ADAPTER, 4)):
        true, here = (bytes_of(name, each) // bytes_each for each in (Shape(), shape))
        catalogue = catalogue.replace(f"parameters = {true:_}", f"parameters = {here:_}")
    return catalogue


def serve(hub: Hub, name: str, files: Path, **settings: object) -> Repository:
    """Offer a folder as a repository."""
    repository = hub.repository(name, licence="bigcode-openrail-m", **settings)
    repository.commit({each.name: each for each in sorted(files.iterdir())})
    return repository


def place(home: Path, name: str, files: Path) -> None:
    """Put the files where a download would put them, by links: their bytes lie on the disk once."""
    blobs = home / "hub" / f"models--{name.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    for each in files.iterdir():
        if each.suffix in (".bin", ".safetensors"):
            os.link(each, blobs / sha256(each))


def warning() -> str:
    """What makes the rehearsal long on this processor; empty where nothing does."""
    able = torch.backends.cpu.get_cpu_capability()
    if able not in ("AVX2", "NO AVX", "DEFAULT"):
        return ""
    return f"this processor computes with {able}: the four training steps in bfloat16 take more than half an hour"


def ends(number: int, frame: object) -> None:
    """Take away what was made when a signal ends the program."""
    sys.exit(128 + number)


def say(text: str) -> None:
    """Print a line at once, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def call(guide: Path, hub: Hub, home: Path, *command: str) -> None:
    """Run a command of the guide against the hub; raises CalledProcessError where it fails.

    Whoever ends this program ends the command too, which takes away what it made.
    """
    say(" ".join([Path(command[0]).name, *command[1:]]))
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "HF_HUB_OFFLINE")}
    variables = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_TOKEN": TOKEN}
    with subprocess.Popen(command, cwd=guide, env=kept | variables) as running:
        try:
            code = running.wait()
        except BaseException:
            running.terminate()
            raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def laptop(folder: Path, shape: Shape, guide: Path) -> None:
    """Record the page about the laptop, from all three folders."""
    home = folder / "home"
    with hub_server() as hub:
        hub.tokens.add(TOKEN)
        for name, files in OWN.items():
            serve(hub, name, folder / files)
            place(home, name, folder / files)
        call(guide, hub, home, sys.executable, "snippets/loading", "pin", *OWN)
        call(guide, hub, home, GALLEY, "run", "--renew", "--held", "on-a-laptop", "--profile", "rehearsal")
    shutil.rmtree(home)


def recipe(folder: Path, shape: Shape, guide: Path) -> Mapping[str, object]:
    """Do what a reader with the hub does, and say what came of it. A shard is gone once the hub has sent it."""
    home, began = folder / "home", time.monotonic()
    with hub_server() as hub:
        hub.tokens.add(TOKEN)
        base = serve(hub, f"bigcode/{PICKLED}", folder / PICKLED, gated=True, members={TOKEN})
        base.given = lambda name: (folder / PICKLED / name).unlink()
        serve(hub, f"bigcode/{ADAPTER}", folder / ADAPTER)
        call(guide, hub, home, GALLEY, "run", *PAGES, "--profile", "7b-cpu")
    project = find_project(guide)
    records = {page: store_of(project).read(page, "7b-cpu") for page in PAGES}
    return {
        "scale": shape.scale,
        "seconds": round(time.monotonic() - began),
        "pages": {
            page: {
                "cells": len(record.cells),
                "seconds": round(sum(cell.seconds for cell in record.cells)),
                "peak_gb": round(max(cell.peak_mb for cell in record.cells) / 1000, 2),
                "cpu": record.environment.cpu,
                "date": record.date,
            }
            for page, record in records.items()
            if record
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse what the command line asks for; the answer is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--part", choices=("laptop", "recipe"), action="append")
    asked = parser.parse_args(arguments)
    shape, parts = Shape(asked.scale), asked.part or ["laptop", "recipe"]
    torch.set_num_threads(1)
    try:
        with room(asked.folder.absolute()) as folder:
            ask_for_room(folder, shape)
            if shape.scale == 1 and "laptop" in parts and (said := warning()):
                say(said)
            say("making the files")
            make(folder, shape, (PICKLED, ADAPTER, *([SAFE] if "laptop" in parts else [])))
            copied = guide_at(folder / "guide", shape) if shape.scale != 1 or "recipe" in parts else ROOT
            if "laptop" in parts:
                laptop(folder, shape, ROOT if shape.scale == 1 else copied)
                shutil.rmtree(folder / SAFE)
            if "recipe" in parts:
                found = json.dumps(recipe(folder, shape, copied), indent=2) + "\n"
                print(found, end="")
                if shape.scale == 1:
                    RESULT.write_text(found, encoding="utf-8")
    except NoRoomError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)} ended with {error.returncode}", file=sys.stderr)
        return error.returncode
    say("done; what was made is gone again")
    return 0


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGHUP):  # Ctrl-C is an exception already
        signal.signal(each, ends)
    sys.exit(main())
