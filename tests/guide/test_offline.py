"""What the page on the 7B models has its reader download for later, from a hub on 127.0.0.1, and then without it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hub_server import hub_server

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "snippets/models/stdlib-coder"
PAGE = (ROOT / "docs/seven-billion.md").read_text(encoding="utf-8")
BASE, ADAPTER = "bigcode/starcoderbase-7b", "bigcode/astraios-7b-parallel"
LOADING = """
import json, sys, warnings

warnings.simplefilter("ignore")
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

name, adapter, revision = sys.argv[1:]
AutoTokenizer.from_pretrained(name, revision=revision)
base = AutoModelForCausalLM.from_pretrained(name, revision=revision)
model = PeftModel.from_pretrained(base, adapter)
print(json.dumps([type(base).__name__, type(model).__name__]))
"""


def commands(commit: str) -> list[list[str]]:
    """The commands below the page's heading "Offline", for a commit."""
    (section,) = re.findall(r"^## Offline\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^\$ (hf download .*)$", section, re.MULTILINE)
    return [shlex.split(each.replace("COMMIT", commit)) for each in found]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, str]]:
    """Where the page's commands were typed, the commit that they named, and the environment without a hub."""
    folder = tmp_path_factory.mktemp("reader")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    with hub_server() as hub:
        repository = hub.repository(BASE)
        commit = repository.commit(files_of(MODEL))
        repository.commit({**files_of(MODEL), "config.json": b"{}"})  # a later state, which nobody asks for
        hub.repository(ADAPTER).commit(files_of(MODEL / "adapters/lora"))
        environment = {**kept, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(folder / "home")}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        for command in [*commands(commit), ["hf", "download", ADAPTER]]:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
            )
            assert done.returncode == 0, done.stderr
    return folder, commit, {**environment, "HF_HUB_OFFLINE": "1"}


@pytest.mark.parametrize("name", [BASE, "starcoderbase-7b"])
def test_what_was_downloaded_loads_without_the_hub(name: str, downloaded: tuple[Path, str, dict[str, str]]) -> None:
    folder, commit, environment = downloaded
    done = subprocess.run(
        [sys.executable, "-c", LOADING, name, ADAPTER, commit], cwd=folder, env=environment, capture_output=True,
        text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["GPTBigCodeForCausalLM", "PeftModelForCausalLM"]


def test_the_page_has_a_command_for_the_cache_and_one_for_a_folder() -> None:
    for_cache, for_folder = commands("0" * 40)
    assert for_folder == [*for_cache, "--local-dir", BASE.partition("/")[2]]
    assert BASE in for_cache
