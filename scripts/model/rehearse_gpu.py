"""Measures on a GPU what the rehearsal leaves open, in calls of ten minutes: each goes on where the last one ended.

    python scripts/model/rehearse_gpu.py OUT [--seconds 570] [--device cuda] [--scale N] [--work FOLDER]

Each stage runs in a process of its own and leaves OUT/STAGE.json, which the next call finds. A stage does not begin
when the time left is shorter than it may take. The last line says what is left. `--device cpu --scale 115` is the dry
run.

    guide    the guide's pages under the profile `cuda`; the records are copied to OUT/outputs
    make     StarCoderBase-7B's true shape with random weights, in bfloat16
    load     seconds and memory of the first and the second page, and of four pages at once
    tokens   tokens a second for one text against what a copy moves, and how long the GPU was busy
    steps    a training step of each method, with its peak of memory
    nf4      the same model with 4 bits a number, where bitsandbytes is installed
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
for needed in (Path(__file__).parent, ROOT / "snippets"):
    if str(needed) not in sys.path:
        sys.path.insert(0, str(needed))

import torch  # noqa: E402 (finds the modules beside this file, and those of the pages)
from peft import IA3Config, LoraConfig, get_peft_model  # noqa: E402
from transformers import AutoModelForCausalLM, BitsAndBytesConfig  # noqa: E402

from bottleneck import BottleneckConfig  # noqa: E402
from make_true_size import Shape, make  # noqa: E402

MODEL = "starcoderbase-7b-safetensors"
METHODS: dict[str, Any] = {
    "LoRA": LoraConfig(r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM"),
    "(IA)³": IA3Config(
        target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"], task_type="CAUSAL_LM"
    ),
    "Parallel": BottleneckConfig(use_parallel_adapter=True, target_modules=["c_attn"], task_type="CAUSAL_LM"),
    "full": None,
}


@dataclass(frozen=True)
class Run:
    """Where a stage works, and on what."""

    out: Path
    work: Path
    device: str
    shape: Shape

    @property
    def cuda(self) -> bool:
        return self.device.startswith("cuda")

    def wait(self) -> None:
        """A call on a GPU returns at once; wait for its end."""
        if self.cuda:
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], turns: int = 3) -> float:
        """The median of a few turns, after one uncounted turn."""
        taken = []
        for _ in range(turns + 1):
            start = time.perf_counter()
            work()
            self.wait()
            taken.append(time.perf_counter() - start)
        return sorted(taken[1:])[turns // 2]

    def peak(self) -> float:
        """The most memory in GB: of the GPU where there is one, else of the process."""
        if self.cuda:
            return torch.cuda.max_memory_allocated() / 1e9
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9

    def load(self, **options: Any) -> Any:
        model = AutoModelForCausalLM.from_pretrained(self.work / MODEL, dtype=torch.bfloat16, **options)
        return model if options else model.to(self.device)


def guide(run: Run) -> dict[str, Any]:
    """Record every page that the profile changes, and copy the records to where they come back from."""
    galley = Path(sys.executable).with_name("galley")
    profile = "cuda" if run.cuda else "laptop"
    pages = [] if run.cuda else ["chat-template", "--all"]  # the dry run needs no more than to see that it runs
    done = subprocess.run(
        [galley, "run", *pages, "--profile", profile], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for folder in (ROOT / "snippets" / "outputs").glob(f"*/{profile}"):
        shutil.copytree(folder, run.out / "outputs" / folder.parent.name / profile, dirs_exist_ok=True)
    return {"ended_with": done.returncode, "said": (done.stdout + done.stderr).splitlines()[-60:]}


def made(run: Run) -> dict[str, Any]:
    """Make the files; a part of them that an earlier call left is made anew."""
    start = time.perf_counter()
    if not (run.work / MODEL).exists():
        make(run.work, run.shape, [MODEL])
    return {"seconds": time.perf_counter() - start}


def load(run: Run) -> dict[str, Any]:
    """What `python snippets/loading measure` says: pages in turn, then four at once."""
    command = [sys.executable, "snippets/loading", "measure", run.work / MODEL, run.device, "bfloat16"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {"said": said.stdout.splitlines()}


def tokens(run: Run) -> dict[str, Any]:
    """Tokens a second for one text, what the memory allows, and the share of the time in which the GPU computed."""
    model, count = run.load(), 32
    size = sum(each.nbytes for each in model.parameters())
    block = torch.ones(500_000_000 if run.cuda else 10_000_000, device=run.device)
    other = torch.zeros_like(block)
    moved = 2 * block.nbytes / run.seconds(functools.partial(other.copy_, block), turns=7)
    del block, other
    prompt = torch.arange(100, 116, device=run.device).unsqueeze(0)
    how = {"do_sample": False, "min_new_tokens": count, "max_new_tokens": count, "pad_token_id": 0}
    mask = torch.ones_like(prompt)
    write = functools.partial(model.generate, prompt, attention_mask=mask, **how)
    found: dict[str, Any] = {"weights_gb": size / 1e9, "copy_gb_a_second": moved / 1e9}
    for name, options in (("growing cache", {}), ("fixed cache", {"cache_implementation": "static"})):
        rate = count / run.seconds(functools.partial(write, **options))
        found[name] = {"tokens_a_second": rate, "share_of_bandwidth": rate * size / moved}
    if run.cuda:
        with torch.profiler.profile() as seen:
            start = time.perf_counter()
            write()
            run.wait()
            taken = time.perf_counter() - start
        busy = sum(each.self_device_time_total for each in seen.key_averages()) / 1e6
        found["busy_share"] = busy / taken  # what is missing is Python and the launches of kernels
    return found


def steps(run: Run) -> dict[str, Any]:
    """A training step of each method: seconds and peak of memory, or that it does not fit."""
    found: dict[str, Any] = {}
    for name, method in METHODS.items():
        if run.cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        with contextlib.suppress(torch.OutOfMemoryError):
            found[name] = _step(run, method)
        found.setdefault(name, "does not fit")
    return found


def _step(run: Run, method: Any) -> dict[str, Any]:
    model = run.load()
    model = get_peft_model(model, method) if method else model
    model.train()
    ids = torch.randint(50, model.config.vocab_size, (2, 64), device=run.device)
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=1e-5)

    def one() -> None:
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return {"seconds": run.seconds(one), "peak_gb": run.peak()}


def nf4(run: Run) -> dict[str, Any]:
    """Memory and speed with 4 bits a number."""
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        return {"skipped": "bitsandbytes is not installed"}
    how = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
    model = run.load(quantization_config=how, device_map=run.device)
    prompt = torch.arange(100, 116, device=run.device).unsqueeze(0)
    write = functools.partial(model.generate, prompt, attention_mask=torch.ones_like(prompt), pad_token_id=0)
    rate = 16 / run.seconds(functools.partial(write, do_sample=False, min_new_tokens=16, max_new_tokens=16))
    return {"footprint_gb": model.get_memory_footprint() / 1e9, "tokens_a_second": rate, "peak_gb": run.peak()}


@dataclass(frozen=True)
class Stage:
    """One stage: what it does, and how many seconds it may take on a GPU, from a guess on the safe side."""

    work: Callable[[Run], dict[str, Any]]
    seconds: float


STAGES = {
    "make": Stage(made, 150),
    "load": Stage(load, 120),
    "tokens": Stage(tokens, 90),
    "steps": Stage(steps, 150),
    "nf4": Stage(nf4, 90),
    "guide": Stage(guide, 240),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages that are left and fit; the answer is the exit code, 0 where none is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=570.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "gpu")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)  # what this script calls itself with
    asked = parser.parse_args(arguments)
    run = Run(asked.out.absolute(), asked.work.absolute(), asked.device, Shape(asked.scale))
    if asked.stage:
        with contextlib.redirect_stdout(io.StringIO()):
            found = STAGES[asked.stage].work(run)
        print(json.dumps(found))
        return 0
    run.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + asked.seconds
    left = [name for name in STAGES if not (run.out / f"{name}.json").exists()]
    if "make" not in left and not (run.work / MODEL).exists():
        left.insert(0, "make")  # a fresh machine
    failed = []
    for name in list(left):
        if end - time.monotonic() < STAGES[name].seconds / run.shape.scale:
            continue
        if _ended(name, run, asked, end - time.monotonic()):
            left.remove(name)
        else:
            failed.append(name)
    print("left: " + (", ".join(left) or "nothing") + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if left else 0


def _ended(name: str, run: Run, asked: argparse.Namespace, seconds: float) -> bool:
    """Run a stage in a process of its own; whether it left its result. What it said on its failure is kept too."""
    command = [sys.executable, __file__, str(run.out), "--device", run.device, "--scale", str(run.shape.scale)]
    command += ["--work", str(run.work), "--stage", name]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env=environment, check=False
        )  # fmt: skip
        wrong = "" if done.returncode == 0 else f"ended with {done.returncode}\n{done.stderr[-3000:]}"
    except subprocess.TimeoutExpired:
        wrong = f"took longer than {seconds:.0f} s"
    if wrong:
        (run.out / f"{name}.failed.txt").write_text(wrong, encoding="utf-8")
        print(f"{name}: {wrong.splitlines()[0]}, see {name}.failed.txt", flush=True)
        return False
    device = torch.cuda.get_device_name() if run.cuda else "cpu"
    result = {"device": device, "scale": run.shape.scale, "torch": torch.__version__, **json.loads(done.stdout)}
    (run.out / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
