"""The rehearsal and the script for a GPU: what they ask for, what they leave, where they go on."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from itertools import takewhile
from pathlib import Path

import psutil
import pytest
from huggingface_hub.utils import httpx

import hub_server as hub_server_module
import rehearse
import rehearse_gpu
from hub_server import hub_server, sha256
from make_true_size import NoRoomError, Shape
from rehearse_gpu import STAGES, Run, Stage
from tiny_models import save_tiny

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft 0.21.2
ROOT = Path(__file__).parents[2]


# --- The rehearsal ------------------------------------------------------------------------------


def test_it_asks_for_disk_and_memory_before_it_makes_anything(tmp_path, monkeypatch, capsys):
    usage, memory = shutil.disk_usage(tmp_path), psutil.virtual_memory()
    monkeypatch.setattr(rehearse.shutil, "disk_usage", lambda folder: usage._replace(free=int(20e9)))
    assert rehearse.main([str(tmp_path / "a")]) == 1
    said = f"the rehearsal takes 47.1 GB of disk, and {tmp_path / 'a'} has 20.0 GB free: name a folder on another disk"
    assert capsys.readouterr().err.strip() == said
    monkeypatch.setattr(rehearse.shutil, "disk_usage", lambda folder: usage._replace(free=int(200e9)))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=int(9e9)))
    assert rehearse.main([str(tmp_path / "a")]) == 1
    said = "the rehearsal takes 17.2 GB of memory, and 9.0 GB are free: end other programs, or use a machine with more"
    assert capsys.readouterr().err.strip() == said
    assert list(tmp_path.iterdir()) == [], "what it made is gone"


@pytest.mark.parametrize(("able", "said"), [("AVX2", "computes with AVX2: the four training steps"), ("AVX512", "")])
def test_a_processor_that_takes_long_is_told_before_anything_is_made(able, said, tmp_path, monkeypatch, capsys):
    def nothing_more(folder, shape, names):
        raise NoRoomError("no room")

    monkeypatch.setattr(rehearse.torch.backends.cpu, "get_cpu_capability", lambda: able)
    monkeypatch.setattr(rehearse, "ask_for_room", lambda folder, shape: None)
    monkeypatch.setattr(rehearse, "make", nothing_more)
    assert rehearse.main([str(tmp_path / "a")]) == 1
    found = capsys.readouterr().out
    assert ("processor" in found) == bool(said)
    assert said in found


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(NoRoomError, match="is there already: take it away"), rehearse.room(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "kept"


def test_the_catalogue_of_a_smaller_rehearsal_asks_for_less_memory():
    text = (ROOT / "snippets" / "models" / "catalogue.toml").read_text(encoding="utf-8")
    assert rehearse.listed(Shape(), text) == text
    small, true = (tomllib.loads(each) for each in (rehearse.listed(Shape(115), text), text))
    for name in true:
        assert small[name].get("parameters", 0) <= true[name].get("parameters", 0) / 9


def test_the_pages_own_models_are_what_their_profile_names():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["galley"]["profiles"]
    named = settings["rehearsal"]["parameters"]
    assert {named[role] for role in ("base", "pickled", "adapter")} == set(rehearse.OWN)
    assert set(named) == {"base", "pickled", "adapter", "crowded"}
    listed = tomllib.loads((ROOT / "snippets" / "models" / "catalogue.toml").read_text(encoding="utf-8"))
    assert all(listed[name]["made_by"] == "make rehearse" for name in rehearse.OWN)
    assert all("random weights" in listed[name]["title"] for name in rehearse.OWN)


def test_files_lie_on_the_disk_once_and_are_found_in_the_cache(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.safetensors").write_bytes(b"weights")
    (files / "config.json").write_text("{}")
    rehearse.place(tmp_path / "home", "acme/x", files)
    (blob,) = (tmp_path / "home" / "hub" / "models--acme--x" / "blobs").iterdir()
    assert blob.name == sha256(files / "a.safetensors")
    assert blob.samefile(files / "a.safetensors")
    with hub_server() as hub:
        repository = rehearse.serve(hub, "acme/x", files, gated=True)
    assert set(repository.commits[repository.main]) == {"a.safetensors", "config.json"}


def test_the_page_is_run_also_where_it_is_held_and_where_its_record_is_true(tmp_path, monkeypatch):
    for name in rehearse.OWN.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(rehearse, "call", lambda guide, hub, home, *command: called.append(command))
    rehearse.laptop(tmp_path, Shape(115), tmp_path)
    pin, run = called
    assert pin[2:] == ("pin", *rehearse.OWN)
    assert set(run) >= {"run", "--renew", "--held", "on-a-laptop", "rehearsal"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_who_ends_it_finds_nothing_of_it(how, tmp_path):
    folder = tmp_path / "rehearsal"
    asked = [sys.executable, rehearse.__file__, str(folder), "--scale", "115", "--part", "recipe"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        said = list(takewhile(lambda line: "galley run" not in line, running.stdout))
        while not (commands := psutil.Process(running.pid).children()):  # it says what it runs before it does
            time.sleep(0.05)
        (command,) = commands
        while not (started := command.children()):
            time.sleep(0.05)
        running.send_signal(how)
        try:
            running.wait(timeout=60)
        finally:
            left = [each for each in (command, *started) if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
            for each in left:
                each.kill()
        said += running.stdout.readlines()
    assert running.returncode == 128 + how, "".join(said)
    assert not folder.exists()
    assert not left


def test_the_hub_never_holds_a_large_file_in_memory(tmp_path, monkeypatch):
    """A shard has ten gigabytes."""
    opened: list[int] = []
    true = hub_server_module.opened

    class Watched(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            opened.append(size)
            return super().read(size)

    def watched(data: bytes | Path) -> object:
        return Watched(data) if isinstance(data, Path) else true(data)

    monkeypatch.setattr(hub_server_module, "opened", watched)
    for name in ("pytorch_model-00001-of-00001.bin", "config.json"):
        (tmp_path / name).write_bytes(b"x" * 3_000_000)
    with hub_server() as hub:
        rehearse.serve(hub, "acme/x", tmp_path)
        tree = httpx.get(f"{hub.endpoint}/api/models/acme/x/tree/main").json()
        (large,) = (each for each in tree if "lfs" in each)
        assert opened.count(-1) == 1, "the small file, which git keeps"
        got = httpx.get(f"{hub.endpoint}/acme/x/resolve/main/{large['path']}", follow_redirects=True).content
    assert len(got) == large["lfs"]["size"] == 3_000_000
    assert opened.count(-1) == 1
    assert max(opened) <= 1 << 20


# --- On a GPU -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The dry run: a model of few weights, on the processor."""
    work = tmp_path_factory.mktemp("work")
    save_tiny(work / rehearse_gpu.MODEL)
    return Run(tmp_path_factory.mktemp("out"), work, "cpu", Shape(115))


def test_tokens_are_measured_against_what_the_memory_allows(run):
    found = STAGES["tokens"].work(run)
    for way in ("growing cache", "fixed cache"):
        rate, share = found[way]["tokens_a_second"], found[way]["share_of_bandwidth"]
        assert share == pytest.approx(rate * found["weights_gb"] / found["copy_gb_a_second"])
        assert rate > 1


def test_each_method_takes_a_step(run):
    found = STAGES["steps"].work(run)
    assert list(found) == ["LoRA", "(IA)³", "Parallel", "full"]
    assert all(each["seconds"] > 0 and each["peak_gb"] > 0.1 for each in found.values())


def test_a_method_that_does_not_fit_says_so(run, monkeypatch):
    def full(run: Run, method: object) -> dict[str, float]:
        if method is None:
            raise rehearse_gpu.torch.OutOfMemoryError
        return {"seconds": 1.0}

    monkeypatch.setattr(rehearse_gpu, "_step", full)
    assert STAGES["steps"].work(run)["full"] == "does not fit"


def test_loading_is_measured_page_by_page(run):
    said = STAGES["load"].work(run)["said"]
    assert [line.partition(":")[0] for line in said[:3]] == ["page 1 alone", "page 2 alone", "4 pages at once"]
    assert len(said) == 7


def test_files_that_are_there_are_not_made_again(run):
    assert STAGES["make"].work(run)["seconds"] < 60
    assert (run.work / rehearse_gpu.MODEL / "config.json").exists()


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """Three stages in place of the true ones; the answer runs the script with so many seconds and says what ran."""
    ran: list[str] = []
    monkeypatch.setattr(
        rehearse_gpu, "STAGES", {name: Stage(lambda run: {}, 100) for name in ("make", "load", "tokens")}
    )
    (tmp_path / "work" / rehearse_gpu.MODEL).mkdir(parents=True)

    def ended(name: str, run: Run, asked: object, seconds: float) -> bool:
        ran.append(name)
        if name != broken:
            (run.out / f"{name}.json").write_text("{}")
        return name != broken

    monkeypatch.setattr(rehearse_gpu, "_ended", ended)
    broken = ""

    def call(seconds: float, breaks: str = "") -> tuple[int, list[str]]:
        nonlocal broken
        broken = breaks
        ran.clear()
        where = [str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--device", "cpu"]
        return rehearse_gpu.main([*where, "--seconds", str(seconds)]), list(ran)

    return call


def test_a_second_call_goes_on_where_the_first_one_ended(stages, capsys):
    assert stages(50) == (1, [])
    assert capsys.readouterr().out == "left: make, load, tokens\n"
    assert stages(500, breaks="load") == (1, ["make", "load", "tokens"])
    assert capsys.readouterr().out == "left: load; failed: load\n"
    assert stages(500) == (0, ["load"])
    assert capsys.readouterr().out == "left: nothing\n"
    assert stages(500) == (0, [])


def test_on_a_fresh_machine_the_files_are_made_first(stages, tmp_path):
    stages(500, breaks="tokens")
    (tmp_path / "work" / rehearse_gpu.MODEL).rmdir()
    assert stages(500) == (0, ["make", "tokens"])


def test_a_stage_runs_in_a_process_of_its_own_and_leaves_what_it_found(run, capsys):
    for name in STAGES:
        if name != "make":
            (run.out / f"{name}.json").write_text("{}")
    assert rehearse_gpu.main([str(run.out), "--work", str(run.work), "--device", "cpu", "--scale", "100"]) == 0
    assert json.loads((run.out / "make.json").read_text())["device"] == "cpu"


def test_a_stage_that_fails_leaves_what_it_said(run, tmp_path, capsys):
    out, work = tmp_path / "out", tmp_path / "work"
    (work / rehearse_gpu.MODEL).mkdir(parents=True)  # no model in it
    (out).mkdir()
    for name in STAGES:
        if name != "tokens":
            (out / f"{name}.json").write_text("{}")
    assert rehearse_gpu.main([str(out), "--work", str(work), "--device", "cpu", "--scale", "100"]) == 1
    assert capsys.readouterr().out.endswith("left: tokens; failed: tokens\n")
    assert "config.json" in (out / "tokens.failed.txt").read_text()
