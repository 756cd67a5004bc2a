"""The scripts that the site offers to copy, each run as a reader runs it.

The first run of each script is a process of its own. Its other runs are forks of one that has the libraries imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

import pass_at_k
from forked import Server
from imported import FIXED, imported

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "snippets/models/stdlib-coder"


OWN = {"TOKENIZERS_PARALLELISM": "false"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with imported("torch", "transformers", "peft") as started:
        yield started


def run(script: str, *words: str, folder: Path) -> str:
    """Run a script in a folder of its own; what it printed, and said on standard error."""
    command = [sys.executable, str(ROOT / "snippets" / script), *words]
    environment = {**os.environ, **FIXED, **OWN}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def run_again(script: str, *words: str, folder: Path, server: Server, code: int = 0) -> str:
    """The same in a fork."""
    variables = {**server.variables, **OWN, "HOME": str(folder)}
    ended, said = server.run(str(ROOT / "snippets" / script), words, variables, folder, seconds=300)
    assert ended == code, said
    return said


def lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


PAIRS = [{"prompt": f"Question: read {i}?\n\nAnswer:", "completion": f"\nread({i})\n"} for i in range(10)]


def test_an_interrupted_training_goes_on_to_the_adapter_of_one_that_was_not(tmp_path: Path, server: Server) -> None:
    lines(tmp_path / "pairs.jsonl", PAIRS)
    words = ["--model", str(MODEL), "--data", "pairs.jsonl", "--rate", "5e-3", "--rank", "2", "--recompute"]
    words += ["--accumulate", "2", "--targets", "c_attn"]
    said = run("train.py", *words, "--out", "whole", "--epochs", "2", folder=tmp_path)
    assert "whole: the adapter of checkpoint-4" in said
    run_again("train.py", *words, "--out", "parts", "--epochs", "1", folder=tmp_path, server=server)
    half = (tmp_path / "parts/checkpoints/checkpoint-2/adapter_model.safetensors").stat().st_mtime_ns
    run_again("train.py", *words, "--out", "parts", "--epochs", "2", "--resume", folder=tmp_path, server=server)
    assert half == (tmp_path / "parts/checkpoints/checkpoint-2/adapter_model.safetensors").stat().st_mtime_ns, "again"
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
def test_pairs_that_cannot_be_trained_on_are_named(
    rows: list[dict[str, str]], said: str, tmp_path: Path, server: Server
) -> None:
    lines(tmp_path / "pairs.jsonl", rows)
    words = ["--model", str(MODEL), "--data", "pairs.jsonl", "--out", "out", "--rate", "5e-3"]
    assert said in run_again("train.py", *words, folder=tmp_path, server=server, code=1)
    assert not (tmp_path / "out").exists()


GOOD = "\ndef evens(numbers):\n    return [n for n in numbers if n % 2 == 0]\n"
CALLS = [([[1, 2, 4]], [2, 4]), ([[]], [])]


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (GOOD, True),
        (GOOD + "\nAnd that is all.", True),
        (GOOD.replace("return", "print('not a result'); return"), True),
        (GOOD.replace("== 0", "== 1"), False),
        (GOOD.replace("return", "while True: pass\n    return"), False),
        (GOOD.replace("return", "bytes(2**31); return"), False),
        (GOOD.replace("return", "import time; time.sleep(60); return"), False),
        (GOOD.replace("[n", "{n").replace("0]", "0}"), False),
        ("import sys; sys.exit()\n" + GOOD, False),
        ("I cannot do that.", False),
        ("", False),
    ],
)
def test_an_answer_is_judged_by_what_it_returns(answer: str, right: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not right:  # what goes on for ever is waited for
        monkeypatch.setattr(pass_at_k, "SECONDS", 1)
    assert pass_at_k.passes(answer, CALLS) is right


def test_answers_are_judged_with_the_calls_of_their_task() -> None:
    tasks = [{"calls": CALLS}, {"calls": [([[2]], [])]}]
    assert pass_at_k.verdicts([[GOOD, "x"], [GOOD]], tasks) == [[True, False], [False]]


def test_shares_have_the_known_intervals() -> None:
    """10 of 319 is in the study, and 0 of 40 and 50 of 100 are by hand."""
    assert [round(each, 4) for each in pass_at_k.wilson(10, 319)] == [0.0171, 0.0567]
    assert pass_at_k.wilson(0, 40)[0] == 0
    assert [round(each, 3) for each in pass_at_k.wilson(50, 100)] == [0.404, 0.596]
    assert pass_at_k.pass_at_k(1, 5, 1) == pytest.approx(0.2)
    assert pass_at_k.pass_at_k(1, 5, 5) == pass_at_k.pass_at_k(4, 5, 2) == 1
    assert pass_at_k.pass_at_k(2, 4, 2) == pytest.approx(5 / 6)
    assert pass_at_k.by_chance(5, 0) == 2 / 32
    assert pass_at_k.by_chance(3, 3) == pass_at_k.by_chance(0, 0) == 1
    assert pass_at_k.by_chance(6, 1) == pass_at_k.by_chance(1, 6) == 2 * 8 / 128


def test_a_comparison_prints_both_models_and_who_wins(tmp_path: Path) -> None:
    tasks = (ROOT / "snippets/models/tasks.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "tasks.jsonl").write_text("".join(tasks[:3]), encoding="utf-8")
    words = ["--base", str(MODEL), "--adapter", str(MODEL / "adapters/lora"), "--tasks", "tasks.jsonl", "--batch", "2"]
    said = run("pass_at_k.py", *words, folder=tmp_path)
    assert "base        0 of 3 pass, 0% to 56%\n" in said
    assert "adapter     2 of 3 pass, 21% to 94%\n" in said
    assert "the adapter wins 2 tasks and loses 0; by chance: 0.5\n" in said


@pytest.mark.parametrize(
    "line", ["no", '{"prompt": "a"}', '{"prompt": "a", "calls": []}', '{"prompt": 1, "calls": [[[1], 2]]}']
)
def test_a_line_that_is_no_task_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text('{"prompt": "a", "calls": [[[1], 2]]}\n' + line, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"tasks\.jsonl:2: not "):
        pass_at_k.read_tasks(tmp_path / "tasks.jsonl")
