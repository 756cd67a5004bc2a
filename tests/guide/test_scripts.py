"""The scripts that the site offers to copy, each run as a reader runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "snippets/models/stdlib-coder"


def run(script: str, *words: str, folder: Path, code: int = 0) -> str:
    """Run a script in a folder of its own; what it printed, and said on standard error."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(ROOT / "snippets" / script), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


PAIRS = [{"prompt": f"Question: read {i}?\n\nAnswer:", "completion": f"\nread({i})\n"} for i in range(10)]


def test_an_interrupted_training_goes_on_to_the_adapter_of_one_that_was_not(tmp_path: Path) -> None:
    lines(tmp_path / "pairs.jsonl", PAIRS)
    words = ["--model", str(MODEL), "--data", "pairs.jsonl", "--rate", "5e-3", "--rank", "2", "--recompute"]
    words += ["--accumulate", "2", "--targets", "c_attn"]
    said = run("train.py", *words, "--out", "whole", "--epochs", "2", folder=tmp_path)
    assert "whole: the adapter of checkpoint-4" in said
    run("train.py", *words, "--out", "parts", "--epochs", "1", folder=tmp_path)
    run("train.py", *words, "--out", "parts", "--epochs", "2", "--resume", folder=tmp_path)
    whole, parts = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(weight.equal(parts[name]) for name, weight in whole.items())
    assert all(weight.any() for weight in whole.values()), "both matrices trained"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*PAIRS, {"prompt": "no completion"}], "pairs.jsonl:11: not of the form"),
        (PAIRS[:9], "9 pairs; with fewer than 10"),
        ([*PAIRS, {"prompt": "a = 1\n" * 300, "completion": "b"}], "tokens, the model reads 512: 'a = 1"),
    ],
)
def test_pairs_that_cannot_be_trained_on_are_named(rows: list[dict[str, str]], said: str, tmp_path: Path) -> None:
    lines(tmp_path / "pairs.jsonl", rows)
    words = ["--model", str(MODEL), "--data", "pairs.jsonl", "--out", "out", "--rate", "5e-3"]
    assert said in run("train.py", *words, folder=tmp_path, code=1)
    assert not (tmp_path / "out").exists()
