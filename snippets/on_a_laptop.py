"""The code of the page "Seven billion numbers on a laptop": arithmetic, then measurement."""

# %% imports
import ctypes
import functools
import gc
import logging
import os
import time
import warnings
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    GPTBigCodeConfig,
)
from transformers.utils import cached_file

from bottleneck import BottleneckConfig

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # a line for each layer

# %% parameters
base = "made/base"
pickled = "made/pickled"
adapter = "made/adapter"
crowded = False  # whether memory is made scarce, where the page asks what happens then

# %% made [setup] uses="scripts/model/make_true_size.py"
parallel = BottleneckConfig(
    use_parallel_adapter=True, target_modules=["c_attn"], task_type="CAUSAL_LM"
)
if base == "made/base":  # a hundredth of the size, with random weights
    thin = GPTBigCodeConfig(
        vocab_size=4915, n_positions=819, n_embd=384, n_layer=42, n_head=12,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(thin, dtype=torch.float32)
    thin.save_pretrained(pickled)
    torch.save(model.state_dict(), Path(pickled, "pytorch_model.bin"))
    model.to(torch.bfloat16).save_pretrained(base)
    get_peft_model(model, parallel).save_pretrained(adapter)
    del model
    torch.set_num_threads(1)  # what is as small as this is not worth sharing out

# %% meter [setup]
LINUX = Path("/proc/self/clear_refs").exists()


def bytes_now(field):
    """What Linux says of this process's memory; 0 elsewhere."""
    lines = Path("/proc/self/status").read_text().splitlines() if LINUX else []
    found = (line.split() for line in lines)
    return next((int(words[1]) * 1024 for words in found if words[0] == f"{field}:"), 0)


def settle():
    """Give back what is not used any more, and begin the count of the peak again."""
    gc.collect()
    if LINUX and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def measured(work):
    """What the work gives, its seconds, and by how much it raised mapped pages, private
    memory, and the peak of both."""
    settle()
    fields = ("RssFile", "RssAnon", "VmRSS")
    before, start = {field: bytes_now(field) for field in fields}, time.perf_counter()
    made = work()
    taken, peak = time.perf_counter() - start, bytes_now("VmHWM")
    settle()
    mapped, private = (bytes_now(each) - before[each] for each in fields[:2])
    return made, taken, mapped, private, peak - before["VmRSS"]


compared = []  # what, unit, measured, computed, and between what their ratio must lie


def compare(what, unit, found, computed, low, high):
    """Print a measurement beside what was computed for it, and keep both."""
    compared.append((what.strip(), unit, found, computed, low, high))
    scale, name = (1e9, "GB") if unit == "GB" else (1, "s")
    print(
        f"{what:<44}{found / scale:9.3f} {name}, computed {computed / scale:9.3f} {name}"
    )


# %% count
config = AutoConfig.from_pretrained(base)
with torch.device("meta"):  # shapes without numbers
    shape = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
numbers = shape.num_parameters()
in_bfloat16, in_float32 = 2 * numbers, 4 * numbers
layers, width, heads = config.n_layer, config.n_embd, config.n_head
in_adapter = layers * 256 * (width + width + 2 * width // heads)  # down and up
print(f"{numbers:,} numbers in {layers} layers, {width} wide")
print(f"base in bfloat16      {in_bfloat16 / 1e9:8.3f} GB")
print(f"base in float32       {in_float32 / 1e9:8.3f} GB")
print(f"Parallel in float32   {4 * in_adapter / 1e9:8.3f} GB")
print(f"work for one token    {2 * numbers / 1e9:8.3f} billion operations")

# %% bandwidth [measured] threads="2" timeout="120"
block = torch.ones(250_000_000, dtype=torch.bfloat16)  # larger than the caches
other = torch.zeros_like(block)
turns = []
for _ in range(7):
    start = time.perf_counter()
    other.copy_(block)
    turns.append(time.perf_counter() - start)
moved = 2 * block.nbytes / min(turns)  # read once and written once
del block, other
print(f"a copy moves {moved / 1e9:.1f} GB a second")
print(f"so the weights can be read in {in_bfloat16 / moved:.3f} s")


# %% forget [setup]
def files(name):
    """The files of a model's weights."""
    folder = Path(cached_file(name, "config.json")).parent
    return sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])


def forget(name):
    """Ask the system to drop a model's files from memory."""
    for file in files(name) if hasattr(os, "posix_fadvise") else []:
        opened = os.open(file, os.O_RDONLY)
        os.fsync(opened)
        os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(opened)


def read_a_second(name, at_most=2_000_000_000):
    """Bytes that the disk gives in a second, of a model's first file."""
    forget(name)
    start, got = time.perf_counter(), 0
    with files(name)[0].open("rb", buffering=0) as stream:
        while got < at_most and (part := stream.read(1 << 24)):
            got += len(part)
    return got / (time.perf_counter() - start)


prompt = torch.arange(100, 116).unsqueeze(0)  # sixteen token numbers


class Clock:
    """A streamer that notes when the prompt has been read, and when each token comes."""

    def __init__(self):
        self.times = []

    def put(self, tokens):
        self.times.append(time.perf_counter())

    def end(self):
        pass


def write(model, count, **more):
    """Make the model add so many tokens."""
    how = dict(do_sample=False, min_new_tokens=count, max_new_tokens=count, **more)
    ones = torch.ones_like(prompt)
    return model.generate(prompt, attention_mask=ones, pad_token_id=0, **how)


def paced(model, more=8):
    """Seconds until the first token, and the median of what each of some more takes."""
    clock = Clock()
    write(model, 1 + more, streamer=clock)
    first, *others = (b - a for a, b in pairwise(clock.times))
    return first, median(others)


def load(name, **how):
    return AutoModelForCausalLM.from_pretrained(name, dtype=torch.bfloat16, **how)


# %% cold [measured] timeout="300"
disk = read_a_second(pickled)
print(f"the disk gives {disk / 1e9:.2f} GB a second")
forget(base)
model, seconds, mapped, private, _ = measured(lambda: load(base))
print(
    f"loaded in {seconds:.2f} s: {mapped / 1e9:.3f} GB mapped, {private / 1e9:.3f} GB private"
)
_, cold, mapped, private, _ = measured(lambda: write(model, 1))
print(f"first token in {cold:.2f} s: {mapped / 1e9:.3f} GB more mapped")
compare("pages of the file that are resident then", "GB", mapped, in_bfloat16, 0.9, 1.1)
compare("the first token, from the disk", "s", cold, in_bfloat16 / disk, 0.3, inf)

# %% mapped [claim]
"""A checkpoint whose numbers have the wanted type is mapped, not read: loading it takes
less than a tenth of the weights' bytes, and the first token brings all of them, as pages
of the file, into memory."""
_, _, at_load, at_load_private, _ = measured(lambda: load(base))
if LINUX:
    assert at_load_private < in_bfloat16 / 10
    assert 0.9 < mapped / in_bfloat16 < 1.1
    assert private < in_bfloat16 / 10

# %% shared [claim]
"""Whoever maps the file a second time shares its pages: each mapping counts them, and the
memory holds them once."""


def held(field):
    """Bytes of mapped pages, counted once for each mapping (Rss) or shared out (Pss)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines() if LINUX else []
    return sum(int(line.split()[1]) * 1024 for line in lines if f"{field}:" in line)


before = held("Pss_File"), bytes_now("RssFile")
second = load(base)
write(second, 1)
if LINUX:
    assert 0.9 < (bytes_now("RssFile") - before[1]) / in_bfloat16 < 1.1
    assert abs(held("Pss_File") - before[0]) < in_bfloat16 / 10
del second


# %% warm [measured] timeout="300"
warm, each = paced(model)
print(f"first token, files in memory: {warm:.2f} s")
print(f"each further token: {each:.3f} s, which is {1 / each:.2f} tokens/s")
compare("a further token", "s", each, in_bfloat16 / moved, 0.5, inf)


# %% scarce [measured] timeout="600"
def available():
    """Bytes that programs can have without a swap file, as Linux says."""
    lines = Path("/proc/meminfo").read_text().splitlines() if LINUX else []
    found = [int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line]
    return found[0] if found else 0


if crowded:
    left = 3 * in_bfloat16 // 4  # a quarter of the file has no room
    taken = torch.ones(max(0, available() - left), dtype=torch.uint8)
    write(model, 1)
    _, short = paced(model, more=3)
    print(f"{left / 1e9:.1f} GB left for a file of {in_bfloat16 / 1e9:.1f} GB")
    compare(
        "a token where a quarter has no room", "s", short, in_bfloat16 / disk, 0.25, inf
    )
    del taken
else:
    print("memory is made scarce with the true size alone")

# %% adapter [measured] timeout="300"
model, taken, _, private, _ = measured(
    lambda: PeftModel.from_pretrained(model, adapter)
)
print(f"adapter loaded in {taken:.2f} s")
compare("the adapter's private memory", "GB", private, 4 * in_adapter, 0.8, 1.2)
_, with_adapter = paced(model)
with_it = (in_bfloat16 + 4 * in_adapter) / moved
compare("a further token with the adapter", "s", with_adapter, with_it, 0.5, inf)
del model

# %% steps [measured] timeout="600"
ids = torch.randint(50, 4000, (1, 32), generator=torch.Generator().manual_seed(0))
lora = LoraConfig(
    r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM"
)


def kept(model):
    """Bytes that PyTorch keeps for the backward pass, weights left out."""
    own = {each.untyped_storage().data_ptr() for each in model.parameters()}
    found = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = model(input_ids=ids, labels=ids).loss
    del loss
    return sum(found.values())


def step(model, optimizer):
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


for name, method in {"LoRA": lora, "Parallel": parallel}.items():
    for checkpointing in (False, True):
        model = load(base)
        model.config.use_cache = False
        if checkpointing:
            model.activation_checkpointing_enable()
        model = get_peft_model(model, method).train()
        learned = [each for each in model.parameters() if each.requires_grad]
        activations = kept(model)  # the forward pass has brought the weights in, too
        optimizer = torch.optim.AdamW(learned, lr=1e-4)
        _, taken, _, _, peak = measured(functools.partial(step, model, optimizer))
        how = f"{name}{', checkpointing' if checkpointing else ''}"
        print(f"{how:<24}a step of {ids.numel()} tokens: {taken:7.2f} s")
        count = sum(each.numel() for each in learned)
        compare(
            f"  peak of the step, {how}",
            "GB",
            peak,
            3 * 4 * count + activations,
            0.7,
            2.0,
        )
        del model, learned, optimizer

# %% bits [measured] timeout="600"
linear = [
    module
    for name, module in shape.named_modules()
    if isinstance(module, torch.nn.Linear) and name != "lm_head"
]
weights = sum(each.weight.numel() for each in linear)
scales = sum(each.out_features for each in linear)  # 8 bits: one for each row
ways = {
    "8 bits": (BitsAndBytesConfig(load_in_8bit=True), weights + 4 * scales),
    "4 bits": (
        BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),
        weights / 2 + 4 * weights / 64,  # one scale for each 64 weights
    ),
}
for name, (way, computed) in ways.items():
    model, taken, _, private, peak = measured(
        lambda way=way: load(base, quantization_config=way)
    )
    print(f"{name}: loaded and quantised in {taken:.2f} s, peak {peak / 1e9:.3f} GB")
    compare(f"private memory in {name}", "GB", private, computed, 0.8, 1.3)
    write(model, 1)  # the first token may pack the weights anew
    _, each = paced(model, more=3)
    compare(f"a further token in {name}", "s", each, computed / moved, 0.5, inf)
    del model

# %% pickles [measured] timeout="600"
forget(pickled)
size = sum(file.stat().st_size for file in files(pickled))
print(f"the pickles have {size / 1e9:.3f} GB")
model, taken, _, private, _ = measured(lambda: load(pickled))
print(f"loaded and converted in {taken:.2f} s")
compare("private memory of the converted weights", "GB", private, in_bfloat16, 0.9, 1.1)
_, each = paced(model)
compare("a further token, private", "s", each, in_bfloat16 / moved, 0.5, inf)

# %% same-numbers [claim]
"""Pickles in float32, loaded as bfloat16, give the same numbers as the file in bfloat16.
They take private memory as large as the weights, since each number is converted."""
mapped_one = load(base)
names = ["transformer.wpe.weight", "transformer.ln_f.bias"]
names += [name for name, _ in model.named_parameters() if f".{layers // 2}." in name]
ours, theirs = model.state_dict(), mapped_one.state_dict()
assert all(torch.equal(ours[name], theirs[name]) for name in names)
if LINUX:
    assert 0.9 < private / in_bfloat16 < 1.1

# %% together [folded table measured]
"""Measured against computed."""
[
    {
        "what": what,
        "unit": unit,
        "memory or time, measured": round(found / (1e9 if unit == "GB" else 1), 3),
        "memory or time, computed": round(computed / (1e9 if unit == "GB" else 1), 3),
        "memory or time, ratio": round(found / computed, 2),
        "at least": low,
        "at most": "" if high == inf else high,
    }
    for what, unit, found, computed, low, high in compared
]

# %% within [claim]
"""The arithmetic holds: each amount of memory lies between the two limits of its row, and
at the true size no token takes less time than its limit says."""
for what, unit, found, computed, low, high in compared:
    if LINUX and (unit == "GB" or numbers > 1e9):
        assert low < found / computed < high, what
