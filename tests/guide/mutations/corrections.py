"""Python, pip and the libraries behaving as the first draft said, or as it might have."""

from __future__ import annotations

import builtins
import importlib.metadata
import subprocess
from typing import Any

from transformers import PreTrainedTokenizerFast

from mutations import breaks


@breaks("corrections", "prompt")
def plain_quotes_run_over_lines() -> None:
    """As in Rust, Ruby or a shell."""
    compile_ = builtins.compile

    def other(source: Any, filename: Any, *given: Any, **rest: Any) -> Any:
        if filename == "draft.py":
            source = source.replace("\n", "\\n")
        return compile_(source, filename, *given, **rest)

    builtins.compile = other


@breaks("corrections", "padding")
def padding_fills_to_a_multiple_of_64() -> None:
    """As processors like it."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, padding: Any = False, **rest: Any) -> Any:
        if padding:
            rest = {"pad_to_multiple_of": 64, **rest}
        return call(self, *given, padding=padding, **rest)

    PreTrainedTokenizerFast.__call__ = other


@breaks("corrections", "pip-editable")
def pip_names_a_project_after_its_folder() -> None:
    """`#subdirectory=peft` is name enough. Nothing is fetched or installed here."""
    run = subprocess.run

    def other(command: Any, *given: Any, **rest: Any) -> Any:
        if "--editable" in command and "#subdirectory=" in command[-1]:
            return subprocess.CompletedProcess(command, 0, "Successfully installed peft\n", "")
        return run(command, *given, **rest)

    subprocess.run = other


@breaks("corrections", "pip-quiet")
def pip_knows_two_levels_of_quiet() -> None:
    """A third `-q` adds nothing."""
    run = subprocess.run

    def other(command: Any, *given: Any, **rest: Any) -> Any:
        if isinstance(command, list):
            command = ["-qq" if word == "-qqq" else word for word in command]
        return run(command, *given, **rest)

    subprocess.run = other


@breaks("corrections", "tensorflow")
def tensorflow_gets_numpy_arrays() -> None:
    """Which its functions take too."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, return_tensors: Any = None, **rest: Any) -> Any:
        kind = "np" if return_tensors == "tf" else return_tensors
        return call(self, *given, return_tensors=kind, **rest)

    PreTrainedTokenizerFast.__call__ = other


@breaks("corrections", "frameworks")
def peft_asks_for_a_second_framework() -> None:
    """JAX beside PyTorch."""
    requires = importlib.metadata.requires

    def other(name: str) -> Any:
        return [*(requires(name) or []), *(["jax>=0.6"] if name == "peft" else [])]

    importlib.metadata.requires = other
