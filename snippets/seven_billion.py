"""The code of the page "Using the 7B models": what they need, counted without them."""

# %% imports
import tomllib
import warnings
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTBigCodeConfig

from bottleneck import BottleneckConfig

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

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
    adapter = sum(each.nbytes for each in adapted.parameters()) - weights


def cache_bytes(config, tokens, bytes_each=2):
    """A key and a value of one head's width, for each token in each layer."""
    return tokens * config.n_layer * 2 * (config.n_embd // config.n_head) * bytes_each


print(f"{shape.num_parameters():,} parameters with the adapter")
print(f"base, 2 bytes a number         {weights / 1e9:6.2f} GB")
print(f"adapter, 4 bytes a number      {adapter / 1e9:6.2f} GB")
for tokens in (500, 8192):
    cache = cache_bytes(starcoderbase_7b, tokens)
    print(f"cache for {tokens:>4} tokens          {cache / 1e9:6.2f} GB")
buffer = starcoderbase_7b.n_positions**2  # a table of places by places, one byte each
print(f"buffer                         {buffer / 1e9:6.2f} GB")
total = weights + adapter + cache + buffer
print(f"all, with the longest cache    {total / 1e9:6.2f} GB")

# %% small
checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
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

# %% listed uses="models/catalogue.toml"
listed = tomllib.loads(Path("models/catalogue.toml").read_text())
for name in ("bigcode/starcoderbase-7b", "bigcode/astraios-7b-parallel"):
    print(name)
    for setting in ("licence", "gated", "revision", "parameters", "pickle"):
        found = listed[name].get(setting, "no")
        rows = found if isinstance(found, list) else [found]
        print(f"  {setting:<11}{rows[0]!s}")
        print(*(f"{'':<13}{row}\n" for row in rows[1:]), sep="", end="")

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
