"""Ask llama.cpp what the small model and its adapter answer, and compare with Transformers.

    make llama                               builds llama.cpp from its sources on the index, and runs this
    python scripts/model/try_llama_cpp.py SOURCES

SOURCES is the unpacked source distribution of llama-cpp-python, which brings llama.cpp with its converters. The module
`llama_cpp` must be there too. The converters write GGUF files of the base, of the adapter, and of the merged model in
four precisions. Each file answers the tasks of `snippets/models/tasks.jsonl` by greedy decoding. The result goes to
`snippets/models/llama_cpp.json`, which the page "Save, merge, ship" reads.

The converters know StarCoder, not its small sibling, in two places: a tokenizer is known by the digest of the tokens
that it makes, and the inner width of a block is taken to be four times the outer one. `converting` tells them both.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import io
import json
import runpy
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from train_adapters import BASE, ROOT
from training.machine import machine

OUT = ROOT / "snippets" / "models" / "llama_cpp.json"
TASKS = ROOT / "snippets" / "models" / "tasks.jsonl"
LORA = BASE / "adapters" / "lora"
NEW = 60  # tokens of an answer, at most
CONTEXT = 512  # tokens, the model's own
WRITTEN = {"float32": "f32", "bfloat16": "bf16", "8 bits": "q8_0"}  # what the converter writes by itself


@dataclass(frozen=True)
class Asked:
    """A prompt's tokens, the logits that Transformers gives for the first new one, and its greedy answer."""

    prompt: str
    tokens: list[int]
    logits: torch.Tensor
    answer: list[int]


def ask_transformers(model: Any, tokenizer: Any, prompts: Sequence[str]) -> list[Asked]:
    """What a model answers, with no padding and no token of the end."""
    found = []
    for prompt in prompts:
        given = tokenizer(prompt, return_tensors="pt")
        length = given.input_ids.shape[1]
        with torch.no_grad():
            logits = model(**given).logits[0, -1]
            out = model.generate(**given, do_sample=False, max_new_tokens=NEW, pad_token_id=tokenizer.eos_token_id)
        found.append(Asked(prompt, given.input_ids[0].tolist(), logits, out[0, length:].tolist()))
    return found


@contextlib.contextmanager
def converting(sources: Path, inner: int) -> Iterator[Path]:
    """The folder of the converters, which know the small model's tokenizer and inner width in this block."""
    vendor = sources / "vendor" / "llama.cpp"
    with patch.object(sys, "path", [str(vendor), str(vendor / "gguf-py"), *sys.path]):
        from conversion.base import TextModel
        from gguf import GGUFWriter

        width = GGUFWriter.add_feed_forward_length
        with (
            patch.object(TextModel, "get_vocab_base_pre", lambda *_: "starcoder"),
            patch.object(GGUFWriter, "add_feed_forward_length", lambda self, _: width(self, inner)),
        ):
            yield vendor


def convert(script: Path, *arguments: str) -> None:
    """Run a converter in this process; raises RuntimeError with what it said where it ends with a failure."""
    said = io.StringIO()
    try:
        with (
            patch.object(sys, "argv", [script.name, *arguments]),
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(said),
        ):
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"{script.name} ended with {ended.code}: {said.getvalue()}") from ended


def quantise(source: Path, target: Path) -> None:
    """Write a file's matrices anew with 4 bits a number, by llama.cpp itself (its type Q4_0)."""
    import llama_cpp

    asked = llama_cpp.llama_model_quantize_default_params()
    asked.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(asked)):
        raise RuntimeError(f"llama.cpp could not write {target}")


def ask_llama(file: Path, tasks: Sequence[Asked], *, lora: Path | None = None) -> dict[str, Any]:
    """How a GGUF file answers, against what Transformers answers with the same weights in float32."""
    import llama_cpp

    added = {"lora_path": str(lora)} if lora else {}
    model = llama_cpp.Llama(str(file), n_ctx=CONTEXT, n_threads=1, logits_all=True, verbose=False, **added)
    same, far, split = 0, 0.0, 0
    for task in tasks:
        split += model.tokenize(task.prompt.encode(), add_bos=False, special=True) == task.tokens
        model.reset()
        model.eval(task.tokens)
        logits = torch.from_numpy(model.scores[model.n_tokens - 1].copy())
        far = max(far, (logits - task.logits).abs().max().item())
        answer = []
        while len(answer) < NEW:
            answer.append(int(model.scores[model.n_tokens - 1].argmax()))
            if answer[-1] == model.token_eos():
                break
            model.eval(answer[-1:])
        same += answer == task.answer
    model.close()
    return {"bytes": file.stat().st_size, "same_tokens": split, "same_answers": same, "logits_apart": far}


def compare(sources: Path, folder: Path) -> dict[str, Any]:
    """Convert, ask and compare; files go below the folder."""
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE, dtype="float32"), LORA)
    merged = model.merge_and_unload()
    merged.save_pretrained(folder / "merged")
    tokenizer.save_pretrained(folder / "merged")
    lines = TASKS.read_text(encoding="utf-8").splitlines()
    prompts = [json.loads(line)["prompt"] for line in lines]
    tasks = ask_transformers(merged, tokenizer, prompts)
    with converting(sources, merged.config.n_inner) as vendor:
        whole, apart = vendor / "convert_hf_to_gguf.py", vendor / "convert_lora_to_gguf.py"
        for name, form in WRITTEN.items():
            convert(whole, str(folder / "merged"), "--outtype", form, "--outfile", str(folder / f"{name}.gguf"))
        convert(whole, str(BASE), "--outtype", "f32", "--outfile", str(folder / "base.gguf"))
        convert(apart, str(LORA), "--base", str(BASE), "--outfile", str(folder / "lora.gguf"))
    quantise(folder / "float32.gguf", folder / "4 bits.gguf")
    files = {f"merged, {name}": ask_llama(folder / f"{name}.gguf", tasks) for name in (*WRITTEN, "4 bits")}
    files["base and adapter, float32"] = ask_llama(folder / "base.gguf", tasks, lora=folder / "lora.gguf")
    made = {"llama_cpp_python": version("llama-cpp-python"), "machine": machine(), "of": digests(), "tasks": len(tasks)}
    return {**made, "files": files}


def digests() -> dict[str, str]:
    """The SHA-256 of what is converted and asked, by its path."""
    files = BASE / "model.safetensors", LORA / "adapter_model.safetensors", TASKS
    return {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> None:
    """Read the command line, compare, and write what came of it."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("sources", type=Path, help="the unpacked source distribution of llama-cpp-python")
    parser.add_argument("--out", type=Path, default=OUT, help="the file of results (default %(default)s)")
    asked = parser.parse_args()
    if not (asked.sources / "vendor" / "llama.cpp" / "convert_hf_to_gguf.py").is_file():
        parser.error(f"{asked.sources} holds no llama.cpp: `make llama` fetches and unpacks it")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = json.dumps(compare(asked.sources, Path(folder)), indent=1) + "\n"
    asked.out.write_text(found, encoding="utf-8")
    print(found, end="")


if __name__ == "__main__":
    main()
