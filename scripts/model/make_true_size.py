"""Makes the files of StarCoderBase-7B and astraios-7b-parallel: their true shape, with random weights.

    python scripts/model/make_true_size.py FOLDER [--only NAME …] [--scale N]

Three folders are made, each as the hub would give it, as far as the hub's pages say:

    starcoderbase-7b               four pickles in float32, 30.1 GB: they hold `lm_head` too
    starcoderbase-7b-safetensors   the same numbers rounded to bfloat16, three files, 14.7 GB
    astraios-7b-parallel           `adapter_model.bin`, a pickle in float32, 363 MB

What such a model says is noise. That it loads, what it takes and how long it lasts is not. `--scale 100` makes the
same files at a hundredth of the size. The same code makes the same bytes on every processor: a weight depends on its
name and on SEED alone. One tensor at a time is in memory. The room on the disk is asked for first, and a folder has its
name when it is whole.
"""

from __future__ import annotations

import argparse
import json
import math
import mmap
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from numpy.random import PCG64
from tqdm import tqdm
from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

SEED = 7
SPREAD = 0.02 * math.sqrt(3)  # weights lie evenly between -SPREAD and SPREAD: 0.02 is their standard deviation
CHUNK = 1 << 24  # numbers that are made at once
SPARE = 2 * 10**9  # bytes that stay free on the disk
BOTTLENECK = 256
TOKENIZER = Path(__file__).parents[2] / "snippets" / "models" / "stdlib-coder" / "tokenizer.json"
TARGET = "base_model.model.transformer.h.{}.attn.c_attn.adapter_{}.weight"
ADAPTER_CONFIG = {
    "adapter_dropout": 0.0,
    "auto_mapping": None,
    "base_model_name_or_path": "bigcode/starcoderbase-7b",
    "bias": "none",
    "bottleneck_size": BOTTLENECK,
    "inference_mode": True,
    "init_weights": "bert",
    "modules_to_save": None,
    "non_linearity": "tanh",
    "peft_type": "BOTTLENECK",
    "revision": None,
    "scaling": 1.0,
    "target_modules": ["c_attn", "q_attn"],
    "task_type": "CAUSAL_LM",
    "use_adapterp": False,
    "use_parallel_adapter": True,
}

Shapes = Mapping[str, tuple[int, ...]]  # of a file's tensors, by name, in the file's order


class NoRoomError(Exception):
    """The disk has too little room, or a folder is there already; the message says what to do."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a model of StarCoder's architecture; `scale` divides the number of its weights, about."""

    scale: float = 1.0

    def config(self) -> GPTBigCodeConfig:
        """The published config.json's settings, with widths divided by the square root of the scale.

        Widths are multiples of 64, and a head has 32 numbers or more: bitsandbytes packs blocks of that size.
        """
        thinner = math.sqrt(self.scale)
        width = 64 * round(4096 / 64 / thinner)
        return GPTBigCodeConfig(
            vocab_size=round(49152 / thinner), n_positions=round(8192 / thinner), n_embd=width, n_layer=42,
            n_head=min(32, width // 32), n_inner=4 * width, activation_function="gelu_pytorch_tanh", resid_pdrop=0.1,
            embd_pdrop=0.1, attn_pdrop=0.1, multi_query=True, bos_token_id=0, eos_token_id=0,
        )  # fmt: skip

    def base(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the base's weights, `lm_head` among them, in the order of its state."""
        with torch.device("meta"):
            model = GPTBigCodeForCausalLM(self.config())
        return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}

    def adapter(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the adapter's weights: two matrices beside `c_attn` in each layer."""
        config = self.config()
        out = config.n_embd + 2 * config.n_embd // config.n_head
        sizes = {"down": (BOTTLENECK, config.n_embd), "up": (out, BOTTLENECK)}
        layers = range(config.n_layer)
        return {TARGET.format(layer, which): size for layer in layers for which, size in sizes.items()}


# --- Numbers ------------------------------------------------------------------------------------


def fill(tensor: torch.Tensor, name: str) -> None:
    """Write the numbers of the weight `name` into a tensor of float32 or bfloat16: the same on every machine.

    They are whole numbers of a generator, scaled: no logarithm or sine, which processors round in their own ways.
    """
    source = "transformer.wte.weight" if name == "lm_head.weight" else name  # the two are tied
    bits = PCG64([SEED, zlib.crc32(source.encode())])
    flat, about = tensor.view(-1), 1.0 if ".ln_" in name and name.endswith("weight") else 0.0
    for start in range(0, flat.numel(), CHUNK):
        part = flat[start : start + CHUNK]
        raw = torch.from_numpy(bits.random_raw(-(-part.numel() // 2)).view("int32"))[: part.numel()]
        part.copy_(raw.to(torch.float32).mul_(SPREAD / 2**31).add_(about))


# --- Files --------------------------------------------------------------------------------------


def write_pickle(file: Path, shapes: Shapes, tell: Callable[[int], object] = lambda count: None) -> None:
    """Write tensors of float32 in the form of `torch.save`: first with holes, which are filled where they lie.

    So no more than the system wants of the file is in memory. The zip's checksums stay those of the holes: PyTorch
    does not read them.
    """
    with torch.serialization.skip_data():
        torch.save({name: torch.empty(shape) for name, shape in shapes.items()}, file)
    with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        state = torch.load(file, mmap=True, weights_only=True)
    for name, tensor in state.items():
        fill(tensor, name)
        tell(tensor.nbytes)


def write_safetensors(file: Path, shapes: Shapes, tell: Callable[[int], object] = lambda count: None) -> None:
    """Write tensors of bfloat16 in the form of safetensors, one after the other."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": (start, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for name, shape in shapes.items():
            tensor = torch.empty(shape, dtype=torch.bfloat16)
            fill(tensor, name)
            stream.write(memoryview(tensor.view(torch.uint8).numpy()))
            tell(tensor.nbytes)


def shards(shapes: Shapes, pattern: str, bytes_each: int, largest: float) -> dict[str, dict[str, tuple[int, ...]]]:
    """The tensors of each file, by the files' names, as `save_pretrained` divides them."""
    dtype = {2: torch.bfloat16, 4: torch.float32}[bytes_each]
    state = {name: torch.empty(shape, dtype=dtype, device="meta") for name, shape in shapes.items()}
    split = split_torch_state_dict_into_shards(state, filename_pattern=pattern, max_shard_size=int(largest))
    return {file: {name: shapes[name] for name in names} for file, names in split.filename_to_tensors.items()}


def write_json(file: Path, value: object) -> None:
    """Write a file of settings as the hub's libraries do."""
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_settings(folder: Path, config: GPTBigCodeConfig, dtype: str) -> None:
    """Write what stands beside a base's weights: the tokenizer is stdlib-coder's, with names up to its vocabulary."""
    said = config.to_dict() | {"architectures": ["GPTBigCodeForCausalLM"], "torch_dtype": dtype}
    write_json(folder / "config.json", {name: value for name, value in said.items() if name != "dtype"})
    write_json(folder / "generation_config.json", {"bos_token_id": 0, "eos_token_id": 0})
    tokenizer = json.loads(TOKENIZER.read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary |= {f"<unused{number}>": number for number in range(len(vocabulary), config.vocab_size)}
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "vocab.json", vocabulary)
    merges = (each if isinstance(each, str) else " ".join(each) for each in tokenizer["model"]["merges"])
    (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *merges, "")), encoding="utf-8")
    end = "<|endoftext|>"
    special = {"bos_token": end, "eos_token": end, "unk_token": end}
    others = [token["content"] for token in tokenizer["added_tokens"]]
    write_json(folder / "special_tokens_map.json", {"additional_special_tokens": others, **special})
    loads = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 10**30, "add_prefix_space": False}
    write_json(folder / "tokenizer_config.json", {**loads, "additional_special_tokens": others, **special})


# --- The three folders --------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """One of the folders: how its weights are divided among files, and what writes a file."""

    bytes_each: int
    pattern: str
    index: str
    largest: float  # bytes of a file, at scale 1
    write: Callable[[Path, Shapes, Callable[[int], object]], None]


FORMS = {
    "starcoderbase-7b": Form(4, "pytorch_model{suffix}.bin", "pytorch_model.bin.index.json", 10e9, write_pickle),
    "starcoderbase-7b-safetensors": Form(
        2, "model{suffix}.safetensors", "model.safetensors.index.json", 5e9, write_safetensors
    ),
    "astraios-7b-parallel": Form(4, "adapter_model{suffix}.bin", "", 5e9, write_pickle),
}


def files_of(name: str, shape: Shape) -> dict[str, dict[str, tuple[int, ...]]]:
    """The files of weights of one of the folders, and the shapes in each."""
    form = FORMS[name]
    if not form.index:
        return {"adapter_model.bin": shape.adapter()}
    shapes = shape.base()
    if form.bytes_each == 2:
        del shapes["lm_head.weight"]  # safetensors hold what is tied once
    return shards(shapes, form.pattern, form.bytes_each, form.largest / shape.scale)


def bytes_of(name: str, shape: Shape) -> int:
    """Bytes of the weights of one of the folders; headers and settings come to a few megabytes more."""
    files = files_of(name, shape).values()
    return FORMS[name].bytes_each * sum(math.prod(size) for each in files for size in each.values())


def make(folder: Path, shape: Shape, names: Sequence[str] = tuple(FORMS)) -> list[Path]:
    """Make the named folders below `folder`; raises NoRoomError before anything is written."""
    for name in names:
        if (folder / name).exists():
            raise NoRoomError(f"{folder / name} is there already: take it away, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    need, free = sum(bytes_of(name, shape) for name in names), shutil.disk_usage(folder).free
    if free < need + SPARE:
        lacks = f"{need / 1e9:.1f} GB are to be written to {folder}, and {SPARE / 1e9:.0f} GB are to stay free"
        raise NoRoomError(f"{lacks}, but the disk has {free / 1e9:.1f} GB: make room, or name another folder")
    return [_make(folder / name, shape) for name in names]


def _make(folder: Path, shape: Shape) -> Path:
    form, files, index = FORMS[folder.name], files_of(folder.name, shape), {}
    with whole(folder) as made, tqdm(
        total=bytes_of(folder.name, shape), desc=folder.name, unit="B", unit_scale=True, mininterval=1, disable=None
    ) as bar:  # fmt: skip
        for file, shapes in files.items():
            form.write(made / file, shapes, bar.update)
            index |= dict.fromkeys(shapes, file)
        if form.index:
            write_json(made / form.index, {"metadata": {"total_size": bar.total}, "weight_map": index})
            write_settings(made, shape.config(), "float32" if form.bytes_each == 4 else "bfloat16")
        else:
            write_json(made / "adapter_config.json", ADAPTER_CONFIG)
        (made / "README.md").write_text("True shape, random weights: what it answers is noise.\n", encoding="utf-8")
    return folder


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder to write into that gets its name when the block has ended well, and is gone when it has not."""
    made = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(made, ignore_errors=True)  # an earlier run was killed
    made.mkdir()
    try:
        yield made
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what the command line asks for; the answer is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=FORMS, default=list(FORMS), metavar="NAME")
    parser.add_argument("--scale", type=float, default=1.0, help="how many times fewer weights, up to 130")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)  # what is done to a number takes less than to share it out
    if not 1 <= asked.scale <= 130:  # the vocabulary must hold the tokenizer's
        parser.error(f"--scale {asked.scale:g} is not between 1 and 130")
    try:
        for made in make(asked.folder, Shape(asked.scale), asked.only):
            print(made)
    except NoRoomError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
