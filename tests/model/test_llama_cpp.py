"""What llama.cpp answered is kept with what it was asked, and is of the model that lies here.

llama.cpp itself has to be compiled, so it is no part of these tests: `make llama` runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import try_llama_cpp
from try_llama_cpp import BASE, NEW, OUT, WRITTEN, ask_transformers, convert, digests

KEPT = json.loads(OUT.read_text(encoding="utf-8"))


def test_the_answers_are_of_the_model_the_adapter_and_the_tasks_that_lie_here() -> None:
    assert KEPT["of"] == digests()
    assert KEPT["tasks"] == len(try_llama_cpp.TASKS.read_text(encoding="utf-8").splitlines())


def test_each_file_has_its_size_and_its_counts() -> None:
    assert set(KEPT["files"]) == {f"merged, {each}" for each in (*WRITTEN, "4 bits")} | {"base and adapter, float32"}
    for each in KEPT["files"].values():
        assert each["bytes"] > 10**6
        assert 0 <= each["same_answers"] <= KEPT["tasks"]
        assert each["logits_apart"] > 0


def test_transformers_is_asked_for_the_first_logits_and_a_greedy_answer() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype="float32")
    (asked,) = ask_transformers(model, tokenizer, ["def add(a, b):"])
    assert tokenizer.decode(asked.tokens) == "def add(a, b):"
    assert int(asked.logits.argmax()) == asked.answer[0]
    assert 0 < len(asked.answer) <= NEW


def test_a_converter_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    script = tmp_path / "convert.py"
    script.write_text("import sys\nprint('no such base', sys.argv[1])\nsys.exit(1)\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"convert\.py ended with 1: no such base here"):
        convert(script, "here")


def test_a_folder_without_the_sources_is_refused_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    script = try_llama_cpp.__file__
    done = subprocess.run([sys.executable, script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "holds no llama.cpp: `make llama` fetches and unpacks it" in done.stderr
