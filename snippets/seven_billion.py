"""The code of the page "Using the 7B models": a script, cards, disk, offline use, arithmetic."""

# %% rehearsed [folded table]
"""The true shape with random weights, from a hub on the same machine: two cores, no GPU."""
import json
from pathlib import Path

rehearsal = json.loads(Path("models/rehearsal.json").read_text())
[
    {
        "page": page,
        "cells": each["cells"],
        "minutes": f"{each['seconds'] / 60:.0f}",
        "memory, GB": each["peak_gb"],
        "run on": each["date"],
    }
    for page, each in rehearsal["pages"].items()
]

# %% quiet [setup]
import warnings

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*gradient_checkpointing")

# %% script
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import bottleneck  # PEFT alone does not know the adapters of Astraios

checkpoint, commit = "models/stdlib-coder", "main"
adapter, adapter_commit = "models/stdlib-coder/adapters/parallel", "main"
prompt = (
    "Question: Please write a function in Python that performs bubble sort.\n\nAnswer:"
)

tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=commit)
base = AutoModelForCausalLM.from_pretrained(
    checkpoint, revision=commit, dtype="bfloat16", device_map="auto"
)
model = PeftModel.from_pretrained(base, adapter, revision=adapter_commit)
inputs = tokenizer(prompt, return_tensors="pt").to(model.device)
output = model.generate(**inputs, do_sample=False, max_new_tokens=120)
print(tokenizer.decode(output[0], skip_special_tokens=True))

# %% folder-has-no-revision [claim]
"""A `revision` is read where the model is a name of the hub. For a folder it does nothing,
even where it names a commit that exists nowhere."""
nowhere = "0" * 40
again = AutoModelForCausalLM.from_pretrained(checkpoint, revision=nowhere)
first, second = (each.get_input_embeddings().weight for each in (base, again))
assert torch.equal(first, second)

# %% auto-without-a-gpu [claim]
"""Without a GPU, `device_map="auto"` puts all of the model on the processor, as no map
does, and notes no `hf_device_map`."""
assert model.device == torch.device("cpu")
assert {each.device for each in model.parameters()} == {torch.device("cpu")}
assert not hasattr(base, "hf_device_map")

# %% four-bits
import logging

from transformers import BitsAndBytesConfig

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # a line for each layer
four_bits = BitsAndBytesConfig(
    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="bfloat16"
)
packed = AutoModelForCausalLM.from_pretrained(
    checkpoint, device_map="auto", dtype="bfloat16", quantization_config=four_bits
)
for each in (base, packed):
    print(f"{each.get_memory_footprint() / 1e6:5.1f} MB")

# %% packed-answers by_processor="in 4 bits bitsandbytes computes in bfloat16 where the processor can"
model = PeftModel.from_pretrained(packed, adapter, revision=adapter_commit)
output = model.generate(**inputs, do_sample=False, max_new_tokens=120)
print(tokenizer.decode(output[0], skip_special_tokens=True))
layer = packed.transformer.h[0].attn.c_attn
print(type(layer).__name__, "beside", type(layer.base_layer).__name__)

# %% packed-adds [claim]
"""Parallel stands beside a layer in 4 bits: to what that layer gives it adds its delta,
computed in float32. Switched off, it leaves what the packed layer gives."""
from bitsandbytes.nn import Linear4bit

assert isinstance(layer.base_layer, Linear4bit)
down, up = layer.adapter_down["default"].weight, layer.adapter_up["default"].weight
assert down.dtype == up.dtype == torch.float32
x = packed.transformer.wte(inputs["input_ids"])
with torch.no_grad():
    added = torch.tanh(x.float() @ down.T) @ up.T
    given = layer.base_layer(x)
    torch.testing.assert_close(layer(x), given + added.to(given.dtype))
    with model.disable_adapter():
        assert torch.equal(layer(x), layer.base_layer(x))
assert added.abs().max() > 0.1

# %% packed-trains [claim]
"""A new Parallel adapter trains on a base in 4 bits: one step moves all its weights, and no
number of the base, packed or not."""
from peft import get_peft_model, prepare_model_for_kbit_training

prepared = prepare_model_for_kbit_training(
    AutoModelForCausalLM.from_pretrained(checkpoint, quantization_config=four_bits),
    gradient_checkpointing_kwargs={"use_reentrant": False},
)
settings = dict(use_parallel_adapter=True, target_modules=["c_attn"])
config = bottleneck.BottleneckConfig(**settings, task_type="CAUSAL_LM")
pupil = get_peft_model(prepared, config).train()
was = {name: each.detach().clone() for name, each in pupil.named_parameters()}
pupil(**inputs, labels=inputs["input_ids"]).loss.backward()
learning = [each for each in pupil.parameters() if each.requires_grad]
torch.optim.AdamW(learning, lr=1e-3).step()
now = dict(pupil.named_parameters())
moved = {name for name, each in was.items() if not torch.equal(each, now[name])}
assert moved == {name for name in was if "adapter_" in name}
assert any(each.dtype == torch.uint8 for each in was.values())

# %% listed uses="models/catalogue.toml"
import tomllib
from pathlib import Path

listed = tomllib.loads(Path("models/catalogue.toml").read_text())
for name in ("bigcode/starcoderbase-7b", "bigcode/astraios-7b-parallel"):
    print(name)
    for setting in ("licence", "gated", "revision", "parameters", "pickle"):
        found = listed[name].get(setting, "no")
        rows = found if isinstance(found, list) else [found]
        print(f"  {setting:<11}{rows[0]!s}")
        print(*(f"{'':<13}{row}\n" for row in rows[1:]), sep="", end="")

# %% imports
from peft import get_peft_model
from transformers import GPTBigCodeConfig

from bottleneck import BottleneckConfig

# %% memory [folded]
starcoderbase_7b = GPTBigCodeConfig(
    vocab_size=49152, n_positions=8192, n_embd=4096, n_layer=42, n_head=32,
    multi_query=True, bos_token_id=0, eos_token_id=0,
)  # fmt: skip
parallel = BottleneckConfig(
    task_type="CAUSAL_LM", target_modules=["c_attn"], use_parallel_adapter=True
)
with torch.device("meta"):  # shapes without numbers: no memory is taken
    shape = AutoModelForCausalLM.from_config(starcoderbase_7b, dtype=torch.bfloat16)
    weights = sum(each.nbytes for each in shape.parameters())
    adapted = get_peft_model(shape, parallel)
    added = sum(each.nbytes for each in adapted.parameters()) - weights


def cache_bytes(config, tokens, bytes_each=2):
    """A key and a value of one head's width, for each token in each layer."""
    return tokens * config.n_layer * 2 * (config.n_embd // config.n_head) * bytes_each


print(f"{shape.num_parameters():,} parameters with the adapter")
print(f"base, 2 bytes a number         {weights / 1e9:6.2f} GB")
print(f"adapter, 4 bytes a number      {added / 1e9:6.2f} GB")
for tokens in (500, 8192):
    cache = cache_bytes(starcoderbase_7b, tokens)
    print(f"cache for {tokens:>4} tokens          {cache / 1e9:6.2f} GB")
buffer = starcoderbase_7b.n_positions**2  # a table of places by places, one byte each
print(f"buffer                         {buffer / 1e9:6.2f} GB")
total = weights + added + cache + buffer
print(f"all, with the longest cache    {total / 1e9:6.2f} GB")

# %% small
inputs = tokenizer("def add(a, b):\n    return", return_tensors="pt")


@torch.no_grad()
def run(dtype):
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)
    return model, model(**inputs, use_cache=True)


half, in_half = run("bfloat16")
full, in_full = run("float32")

# %% cache-is-that-large [claim]
"""The arithmetic for the cache and the buffer holds for the small model, which has the
same architecture: those of a real run have exactly that many bytes."""
held = 0
for layer in in_half.cache.layers:
    held += layer.keys.nbytes + layer.values.nbytes
assert type(half) is type(shape)
assert half.config.multi_query
assert held == cache_bytes(half.config, inputs["input_ids"].shape[1])
assert sum(each.nbytes for each in half.buffers()) == half.config.n_positions**2

# %% half-is-half [claim]
"""In `float32` the weights of the same base take exactly twice the bytes."""


def bytes_of(model):
    return sum(each.nbytes for each in model.parameters())


assert bytes_of(full) == 2 * bytes_of(half)

# %% adapter-stays-wide [claim]
"""On a base in `bfloat16`, the Parallel adapter is in `float32`, a new one and a loaded one:
that is why the table counts four bytes for each of its numbers."""
new = get_peft_model(half, parallel)
new.save_pretrained("saved")
loaded = PeftModel.from_pretrained(run("bfloat16")[0], "saved")
for model in (new, loaded):
    types = {"adapter": set(), "base": set()}
    for name, each in model.named_parameters():
        types["adapter" if "adapter_" in name else "base"].add(each.dtype)
    assert types == {"adapter": {torch.float32}, "base": {torch.bfloat16}}

# %% plan
from transformers.integrations.accelerate import (
    get_balanced_memory,
    infer_auto_device_map,
)
from transformers.quantizers import AutoHfQuantizer

# It warns that the cards are not there.
logging.getLogger("accelerate.utils.modeling").setLevel(logging.ERROR)


def empty(quantizer=None):
    """The true shape without numbers; its linear layers in the form of a quantizer."""
    with torch.device("meta"):
        found = AutoModelForCausalLM.from_config(starcoderbase_7b, dtype=torch.bfloat16)
    if quantizer:
        quantizer.preprocess_model(model=found, device_map="auto")
    return found


def plan(cards, found, quantizer=None, rest=32):
    """Where `device_map="auto"` puts the parts, for cards and a main memory in GB."""
    share = 0.9 if len(cards) == 1 else 1  # it leaves a tenth of a single card
    memory = {at: int(gb * share * 1e9) for at, gb in enumerate(cards)}
    memory["cpu"] = int(rest * 1e9)
    unsplit = found._no_split_modules
    memory = get_balanced_memory(found, memory, unsplit, quantizer)
    if quantizer:
        memory = quantizer.adjust_max_memory(memory)
    return infer_auto_device_map(found, memory, unsplit, hf_quantizer=quantizer)


def blocks(where):
    """How many of the model's blocks stand on each device."""
    found = {}
    for at in range(starcoderbase_7b.n_layer):
        device = where.get("", where.get(f"transformer.h.{at}"))
        found[device] = found.get(device, 0) + 1
    return found


# %% cards [table]
"""Where the 42 blocks of StarCoderBase-7B go by the plan of `device_map="auto"`, beside 32 GB
of main memory. Nothing was loaded for it."""
quantizer = AutoHfQuantizer.from_config(four_bits, pre_quantized=False)
forms = {"in 16 bits": (empty(), None), "in 4 bits": (empty(quantizer), quantizer)}


def told(where):
    names = {"cpu": "in main memory", "disk": "on the disk"}
    counted = blocks(where).items()
    return ", ".join(f"{n} {names.get(at, f'on card {at}')}" for at, n in counted)


rows = []
for cards in ((6,), (8,), (11,), (11, 11), (16,), (16, 16), (24,)):
    row = {"cards": " + ".join(f"{gb} GB" for gb in cards)}
    rows.append(row | {form: told(plan(cards, *of)) for form, of in forms.items()})
rows

# %% planned-by-weights [claim]
"""The plan counts weights and nothing else: with exactly their bytes on a card all 42 blocks
stand there, with one byte less they do not. Adapter, cache and computation are not in it."""
found = empty()


def with_bytes(number):
    memory = {0: number, "cpu": 10**12}
    return blocks(infer_auto_device_map(found, memory, found._no_split_modules))


exact, short = with_bytes(weights), with_bytes(weights - 1)
assert exact == {0: 42}
assert "cpu" in short

# %% auto-balances [claim]
"""On two cards `"auto"` fills both about equally, and `"sequential"` fills the first one
first."""
auto = blocks(plan((11, 11), found))
memory = {0: 11 * 10**9, 1: 11 * 10**9, "cpu": 32 * 10**9}
filled = blocks(infer_auto_device_map(found, memory, found._no_split_modules))
assert abs(auto[0] - auto[1]) <= 2
assert filled[0] > filled[1] + 10

# %% offload
full.save_pretrained("base")  # 32 bits, in the format safetensors
layers = full.config.n_layer
places = dict.fromkeys(("transformer.wte", "transformer.wpe", "lm_head"), "cpu")
places |= {"transformer.ln_f": "cpu"}
for at in range(layers):
    places[f"transformer.h.{at}"] = "disk" if at >= layers / 2 else "cpu"
for name, place in places.items():
    print(f"{name:<16} {place}")


def on_disk(folder):
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype="float32", device_map=dict(places), offload_folder="moved"
    )


# %% disk-is-the-file [claim]
"""Weights on the disk have no numbers in memory. Each is read from the model's own
safetensors file when its layer computes, so the folder for moved weights stays empty, and
the results are the same to the last bit."""
parted = on_disk("base")
assert parted.hf_device_map == places
last = parted.transformer.h[layers - 1]
assert {each.device.type for each in last.parameters()} == {"meta"}
assert list(Path("moved").iterdir()) == []
with torch.no_grad():
    assert torch.equal(parted(**inputs).logits, in_full.logits)

# %% pickles-are-moved [claim]
"""The files of StarCoderBase-7B are pickles, and from these nothing can be read in part.
Without `offload_folder` the call ends; with it, the weights of the disk are written there
anew."""
full.config.save_pretrained("pickled")
torch.save(full.state_dict(), "pickled/pytorch_model.bin")
try:
    AutoModelForCausalLM.from_pretrained("pickled", device_map=dict(places))
    said = "loaded"
except ValueError as error:
    said = str(error)
assert "Please provide an `offload_folder`" in said
on_disk("pickled")
moved = sum(file.stat().st_size for file in Path("moved").iterdir())
assert moved > bytes_of(full) / layers

# %% adapter-on-disk raises="NotImplementedError"
warnings.filterwarnings("ignore", message=".*copying from a non-meta parameter")
lora = "models/stdlib-coder/adapters/lora"
PeftModel.from_pretrained(on_disk("base"), lora)

# %% base-overwritten [claim]
"""Before that call failed, it wrote into the file of the base. There the weights have PEFT's
names now, with the adapter's among them."""
from safetensors import safe_open

with safe_open("base/model.safetensors", "pt") as file:
    names = set(file.keys())
roots = {name.split(".")[0] for name in names}
assert roots == {"base_model"}
assert any("lora_A" in name for name in names)

# %% load-adapter-is-noise [claim]
"""`load_adapter` of the model itself gives no error here, and the adapter's weights in the
blocks on the disk have no numbers: what is computed with them is noise."""
full.save_pretrained("base")
noisy = on_disk("base")
noisy.load_adapter(lora)
halves = {"cpu": set(), "disk": set()}
for name, each in noisy.named_parameters():
    if "lora_" in name:
        halves[places[".".join(name.split(".")[:3])]].add(each.device.type)
assert halves == {"cpu": {"cpu"}, "disk": {"meta"}}

# %% adapter-first
from accelerate import dispatch_model

whole = AutoModelForCausalLM.from_pretrained("base", dtype="float32")
model = PeftModel.from_pretrained(whole, adapter)
with torch.no_grad():
    together = model(**inputs).logits
inner = {f"base_model.model.{name}": where for name, where in places.items()}
dispatch_model(model, inner, main_device="cpu", offload_dir="apart")
print(len(list(Path("apart").iterdir())), "files")

# %% adapter-goes-along [claim]
"""Dispatched so, adapter and base compute what they computed in memory, to the last bit, and
the base's file is as it was."""
last = model.get_base_model().transformer.h[layers - 1]
assert {each.device.type for each in last.parameters()} == {"meta"}
with torch.no_grad():
    assert torch.equal(model(**inputs).logits, together)
with safe_open("base/model.safetensors", "pt") as file:
    names = set(file.keys())
assert not any(name.startswith("base_model") for name in names)

# %% cached
import json
import os
import subprocess
import sys


def into_cache(name, folder, commit):
    """Lay a folder where `snapshot_download` puts the files of a commit."""
    place = Path("hub", "models--" + name.replace("/", "--"))
    (place / "snapshots").mkdir(parents=True)
    (place / "snapshots" / commit).symlink_to(Path(folder).resolve())
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)


pinned = "1" * 40
into_cache("acme/base", checkpoint, pinned)
into_cache("acme/adapter", "models/stdlib-coder/adapters/lora", pinned)

# %% offline timeout="240"
beginning = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from huggingface_hub import snapshot_download
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

asked, waited = [], []  # names of hosts; seconds
def note(event, args):
    if event == "socket.getaddrinfo":
        asked.append(args[0])
sys.addaudithook(note)
time.sleep = waited.append  # noted in place of waited

def attempt(load, name, **options):
    asked.clear(), waited.clear()
    try:
        answer = type(load(name, **options)).__name__
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    return answer, len(asked), sum(waited)

def adapted(name, base="models/stdlib-coder", **options):
    return PeftModel.from_pretrained(whole(base, **options), name, **options)

whole, tokens = AutoModelForCausalLM.from_pretrained, AutoTokenizer.from_pretrained
"""
program = """
base = whole
print(json.dumps({
    "a folder": attempt(base, "models/stdlib-coder"),
    "in the cache": attempt(base, "acme/base"),
    "its tokenizer": attempt(tokens, "acme/base"),
    "this commit of it": attempt(base, "acme/base", revision="1" * 40),
    "an adapter": attempt(adapted, "acme/adapter", base="acme/base"),
    "another commit": attempt(base, "acme/base", revision="2" * 40),
    "another model": attempt(base, "acme/other"),
    "another adapter": attempt(adapted, "acme/other"),
}))
"""
here = Path().resolve()  # PyTorch wants a folder for temporary files, too
cache = {"HF_HUB_CACHE": str(here / "hub"), "TORCHINDUCTOR_CACHE_DIR": str(here)}


def answers(program, **variables):
    """What a process with these variables in its environment says to each call."""
    given = {"env": os.environ | cache | variables, "text": True, "check": True}
    command = [sys.executable, "-c", beginning + program]
    done = subprocess.run(command, capture_output=True, **given)
    return json.loads(done.stdout)


offline = answers(program, HF_HUB_OFFLINE="1")
for what, (answer, _, _) in offline.items():
    print(f"{what:<18} {answer}")

# %% offline-is-the-cache [claim]
"""With `HF_HUB_OFFLINE=1` a folder loads, and so does what the cache has under its name: a
model, its tokenizer, an adapter, and the commit that was downloaded. Another commit and
another name end with an `OSError` that says it could not connect. No call looks for a
host."""
assert all(asked == 0 for _, asked, _ in offline.values())
loaded = {what: offline[what][0] for what in list(offline)[:5]}
model_type, peft_type = "GPTBigCodeForCausalLM", "PeftModelForCausalLM"
assert {loaded[what] for what in ("a folder", "in the cache")} == {model_type}
assert loaded["this commit of it"] == model_type
assert loaded["an adapter"] == peft_type
assert loaded["its tokenizer"] == type(tokenizer).__name__
for what in ("another commit", "another model"):
    start = "OSError: We couldn't connect to 'https://huggingface.co' to load the files"
    assert offline[what][0].startswith(start)

# %% offline-adapter-misleads [claim]
"""PEFT says it in other words, as if the adapter were broken: "Can't find
'adapter_config.json'"."""
said, _, _ = offline["another adapter"]
assert said == "ValueError: Can't find 'adapter_config.json' at 'acme/other'"

# %% local-files-only timeout="240"
arguments = """
def in_folders(name, **local):
    folders = (snapshot_download(each, **local) for each in (name, "acme/base"))
    return adapted(*folders)

local = {"local_files_only": True}
through = {"adapter_kwargs": local}
print(json.dumps({
    "a model": attempt(whole, "acme/base", **local),
    "and adapter_kwargs": attempt(whole, "acme/base", **local, **through),
    "its tokenizer": attempt(tokens, "acme/base", **local),
    "an adapter": attempt(adapted, "acme/adapter", **local),
    "their folders": attempt(in_folders, "acme/adapter", **local),
}))
"""
online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://hub.invalid"}  # it is nowhere
local = answers(arguments, **online)
for what, (answer, asked, waited) in local.items():
    told = "looks for the hub" if asked else "asks nobody"
    print(f"{what:<18} {answer.partition(':')[0]:<23} {told}, waits {waited:.0f} s")

# %% local-files-only-asks [claim]
"""`local_files_only=True` does not keep `AutoModelForCausalLM` from the network: it asks there
for an adapter beside the model, and waits 23 seconds if nobody answers. PEFT asks for an
adapter's weights and ends with a `ConnectError`, though they are in the cache. For folders
of the cache neither asks."""
answer, asked, waited = local["a model"]
assert (answer, waited) == (model_type, 23)
assert asked > 0
answer, asked, _ = local["an adapter"]
assert answer.startswith("ConnectError")
assert asked > 0
assert local["and adapter_kwargs"] == [model_type, 0, 0]
assert local["its tokenizer"] == [type(tokenizer).__name__, 0, 0]
assert local["their folders"] == [peft_type, 0, 0]

# %% refusals
from huggingface_hub.errors import GatedRepoError
from huggingface_hub.utils import httpx

from loading.catalogue import ModelError, catalogue
from loading.downloads import refused

model = catalogue().find("bigcode/starcoderbase-7b")
try:
    model.pinned()
except ModelError as error:
    print(f"not pinned: {error}\n")
question = httpx.Request("GET", "https://huggingface.co")
answer = httpx.Response(401, request=question)  # what the hub says at a closed gate
closed = GatedRepoError("gated", response=answer)
print(f"no licence: {refused(model, 'config.json', closed)}")

# %% half-differs [claim]
"""The number type changes the results: the same weights give other logits in `bfloat16`
than in `float32`."""
assert not torch.equal(in_half.logits.float(), in_full.logits)


# %% exercise
def check(gb):
    """Compare with the plan for one card, in 16 bits, and for one a tenth of a GB smaller."""
    enough, short = (blocks(plan((size,), empty())) for size in (gb, gb - 0.1))
    assert enough == {0: 42}, f"some stay outside: {enough}"
    assert short != {0: 42}, "a smaller card would do"
    print("right")


# %% answer [setup] fold="Answer: the smallest card"
check(round(weights / 0.9 / 1e9, 1))
