"""The code of the page "Memory and speed": arithmetic first, then measurement."""

# %% dtypes
import warnings

import torch

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.int8):
    print(f"{dtype!s:<15} {dtype.itemsize} bytes")

# %% shapes [table]
"Computed from the shapes."
from transformers import AutoModelForCausalLM, GPTBigCodeConfig

SHAPES = {
    "1B": (24, 2048, 16),
    "3B": (36, 2816, 22),
    "7B": (42, 4096, 32),
    "15.5B": (40, 6144, 48),
}


def starcoder(layers, width, heads, **options):
    return GPTBigCodeConfig(
        n_layer=layers, n_embd=width, n_head=heads, bos_token_id=0, eos_token_id=0,
        **{"vocab_size": 49152, "n_positions": 8192, **options},
    )  # fmt: skip


real, table = {}, []
for size, shape in SHAPES.items():
    with torch.device("meta"):  # shapes without numbers: no memory is taken
        real[size] = AutoModelForCausalLM.from_config(starcoder(*shape))
    count = real[size].num_parameters()
    row = {"model": f"StarCoderBase-{size}", "parameters": f"{count:,}"}
    row |= {"in float32": f"{4 * count / 1e9:.1f} GB"}
    table.append({**row, "in bfloat16": f"{2 * count / 1e9:.1f} GB"})
table

# %% tied-once [claim]
"""The output layer shares the embedding's weights, and `num_parameters` counts them
once."""
model = real["7B"]
assert model.lm_head.weight is model.transformer.wte.weight
assert model.num_parameters() == sum(w.numel() for w in model.parameters())

# %% load
checkpoint = "models/stdlib-coder"
model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
print(f"{model.num_parameters():,} parameters")
print(f"{model.get_memory_footprint(return_buffers=False):,} bytes")

# %% footprint-is-product [claim]
"""`get_memory_footprint` is parameters times bytes, plus the buffers: tensors that are
part of the model and are not trained."""
assert model.get_memory_footprint(return_buffers=False) == 4 * model.num_parameters()
buffers = sum(b.numel() * b.element_size() for b in model.buffers())
assert model.get_memory_footprint() == 4 * model.num_parameters() + buffers
half = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="bfloat16")
assert half.get_memory_footprint(return_buffers=False) == 2 * half.num_parameters()

# %% train-step [table]
"Bytes that exist after one step."
from peft import LoraConfig, get_peft_model

torch.manual_seed(0)
ids = torch.randint(50, 4000, (2, 64))


def trained(model, length=64):
    """One step of AdamW; gives the optimizer back."""
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4)
    model(input_ids=ids[:, :length], labels=ids[:, :length]).loss.backward()
    optimizer.step()
    return optimizer


def state_bytes(optimizer):
    moments = [
        state[name]
        for state in optimizer.state.values()
        for name in ("exp_avg", "exp_avg_sq")
    ]
    return sum(m.numel() * m.element_size() for m in moments)


def lora(model):
    config = LoraConfig(
        r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def gradient_bytes(model):
    gradients = [w.grad for w in model.parameters() if w.grad is not None]
    return sum(g.numel() * g.element_size() for g in gradients)


full = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
adapted = lora(AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32"))
table = []
for name, each in {"full": full, "LoRA": adapted}.items():
    optimizer = trained(each)
    weights = each.get_memory_footprint(return_buffers=False)
    row = {"trained": name, "weights": f"{weights:,}"}
    row |= {"gradients": f"{gradient_bytes(each):,}"}
    table.append({**row, "moments": f"{state_bytes(optimizer):,}"})
table

# %% adamw-two-moments [claim]
"""AdamW keeps two numbers for each number that it trains, and none for a frozen one.
(Each tensor has a count of steps besides.)"""
kept_for = {name for state in optimizer.state.values() for name in state}
assert kept_for == {"exp_avg", "exp_avg_sq", "step"}
assert state_bytes(optimizer) == 2 * 4 * adapted.get_nb_trainable_parameters()[0]
given_all = torch.optim.AdamW(adapted.parameters(), lr=0.0)  # the frozen ones too
given_all.step()
assert len(given_all.state) == sum(w.requires_grad for w in adapted.parameters())

# %% frozen-no-gradient [claim]
"Frozen weights get no gradient: with LoRA, gradients take the adapter's size alone."
assert all((w.grad is not None) == w.requires_grad for w in adapted.parameters())
assert gradient_bytes(adapted) == 4 * adapted.get_nb_trainable_parameters()[0]

# %% moments-follow-dtype [claim]
"""Gradients and moments have the type of the weights: a model trained in bfloat16 gets
moments of two bytes, and there is no float32 copy of the weights."""
optimizer = trained(half)
states = [s[name] for s in optimizer.state.values() for name in s if name != "step"]
gradients = [w.grad for w in half.parameters()]
assert {t.dtype for t in (*states, *gradients, *half.parameters())} == {torch.bfloat16}
assert state_bytes(optimizer) == 2 * 2 * half.num_parameters()

# %% few-digits [claim]
"bfloat16 keeps between two and three decimal digits, float32 about seven."
assert 1e-3 < torch.finfo(torch.bfloat16).eps < 1e-2
assert 1e-7 < torch.finfo(torch.float32).eps < 2e-7

# %% adapter-stays-float32 [claim]
"""On a base in bfloat16, PEFT makes a LoRA adapter in float32, unless
`autocast_adapter_dtype=False` says that it should not."""
other = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="bfloat16")
config = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
other = get_peft_model(other, config, autocast_adapter_dtype=False)
assert {w.dtype for w in other.parameters()} == {torch.bfloat16}
mixed = lora(AutoModelForCausalLM.from_pretrained(checkpoint, dtype="bfloat16"))
assert {w.dtype for w in mixed.parameters() if w.requires_grad} == {torch.float32}
assert {w.dtype for w in mixed.parameters() if not w.requires_grad} == {torch.bfloat16}

# %% budget [folded table]
"Computed, in GB, without activations."
budget, table = {}, []
for size in SHAPES:
    count = real[size].num_parameters()
    adapter = lora(real[size]).get_nb_trainable_parameters()[0]
    budget[size] = (4 * count, 12 * count, 2 * count, 16 * adapter)
    with_full, with_lora = 16 * count / 1e9, (2 * count + 16 * adapter) / 1e9
    row = {"model": f"StarCoderBase-{size}", "full fine-tuning": f"{with_full:.1f}"}
    row |= {"LoRA on bfloat16": f"{with_lora:.1f}", "LoRA trains": f"{adapter:,}"}
    table.append(row)
table

# %% budget-figure [folded] alt="Two bars for each size of the model: full fine-tuning takes several times what LoRA takes, most of it for gradients and optimizer"
"What training takes of memory, without activations."
import matplotlib.pyplot as plt

BLUE, ORANGE = "#3b7dd8", "#d9822b"  # readable on white and on black


def axes_of(width, height):
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


axes = axes_of(4.6, 3.3)
axes.set_xlabel("GB")
axes.set_yticks(range(len(budget)), list(reversed(budget)))
for row, parts in enumerate(reversed(budget.values())):
    weights, rest, half_weights, adapter = (part / 1e9 for part in parts)
    blue = axes.barh(row + 0.2, weights, 0.36, color=BLUE)
    orange = axes.barh(row + 0.2, rest, 0.36, left=weights, color=ORANGE)
    axes.barh(row - 0.2, half_weights, 0.36, color=BLUE)
    axes.barh(row - 0.2, adapter, 0.36, left=half_weights, color=ORANGE)
    axes.text(weights + rest + 3, row + 0.2, "full", va="center")
    axes.text(half_weights + adapter + 3, row - 0.2, "LoRA", va="center")
axes.set_xlim(right=1.15 * axes.get_xlim()[1])  # room for the word at the longest bar
names = ["weights", "gradients and optimizer"]
_ = axes.figure.legend([blue, orange], names, loc="outside upper left", ncols=2)


# %% activations
def kept(model, length, rows=2):
    """Bytes that PyTorch keeps for the backward pass, weights left out."""
    own = {w.untyped_storage().data_ptr() for w in model.parameters()}
    found = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        some = ids[:rows, :length].clone()
        loss = model(input_ids=some, labels=some).loss
    del loss  # until here every tensor lives, so no address is used twice
    return sum(found.values())


for name, each in {"full": full, "LoRA": adapted}.items():
    print(
        f"{name:<6}",
        *(f"{kept(each, n, 1) / 1e6:5.1f} MB with {n} tokens" for n in (16, 32, 64)),
        f"{kept(each, 64, 2) / 1e6:5.1f} MB with two texts of 64",
    )

# %% recompute
full.zero_grad()
full(input_ids=ids, labels=ids).loss.backward()
plain = [w.grad.clone() for w in full.parameters()]
before = kept(full, 64)

full.activation_checkpointing_enable()
full.train()  # it works in training mode alone
full.zero_grad()
full(input_ids=ids, labels=ids).loss.backward()
print(f"{before / 1e6:.1f} MB kept, then {kept(full, 64) / 1e6:.1f} MB")

# %% recompute-same [claim]
"""Activation checkpointing keeps less and gives the same gradients, up to rounding. It
does so in training mode alone. The layers' inputs are less than half of what is left."""
full.eval()
assert kept(full, 64) == before
full.train()
for mine, other in zip(full.parameters(), plain, strict=True):
    torch.testing.assert_close(mine.grad, other)
assert kept(full, 64) < before
assert full.config.n_layer * ids.numel() * full.config.n_embd * 4 < kept(full, 64) / 2
full.activation_checkpointing_disable()

# %% one-key [claim]
"""A model of StarCoder's class has multi-query attention unless its configuration says
otherwise: of the numbers that `c_attn` makes of a token, the queries of all heads take the
width, and one key and one value a head's width each."""
attention = real["7B"].transformer.h[0].attn
layers, width, heads = SHAPES["7B"]
assert real["7B"].config.multi_query
assert attention.c_attn.out_features == width + 2 * width // heads
assert (attention.embed_dim, attention.kv_dim) == (width, width // heads)

# %% cache-arithmetic [folded table]
"Computed, in GB: the cache of one text of 8,192 tokens, two bytes each number."
table = []
for size, (layers, width, heads) in SHAPES.items():
    text = 2 * layers * (width // heads) * 2 * 8192 / 1e9  # keys and values of one head
    row = {"model": f"StarCoderBase-{size}", "multi-query": f"{text:.2f}"}
    table.append({**row, "multi-head": f"{text * heads:.2f}"})
table

# %% cache
with torch.no_grad():
    cache = model(input_ids=ids[:1, :48], use_cache=True).cache
print(type(cache).__name__, "of", len(cache.layers), "layers")
print("keys of a layer:", tuple(cache.layers[0].keys.shape))

# %% cache-is-formula [claim]
"""The cache's real tensors have the size that the formula says: 2 × layers × width of a
head × bytes, for each token."""


def cache_bytes(cache):
    tensors = [t for layer in cache.layers for t in (layer.keys, layer.values)]
    return sum(t.numel() * t.element_size() for t in tensors)


config = model.config
head = config.n_embd // config.n_head
assert cache_bytes(cache) == 2 * config.n_layer * head * 4 * 48

# %% multi-head-cache [claim]
"""The same shape with multi-head attention keeps the keys and values of every head: its
cache is larger by the number of heads."""
import copy

many = copy.deepcopy(config)
many.multi_query, many.num_key_value_heads = False, config.n_head
with torch.no_grad():
    multi_head = AutoModelForCausalLM.from_config(many, dtype=torch.float32)
    its_cache = multi_head(input_ids=ids[:1, :48], use_cache=True).cache
assert cache_bytes(its_cache) == config.n_head * cache_bytes(cache)

# %% fixed-size [claim]
"A `StaticCache` of 100 tokens is as large after eight of them as it will be after all."
from transformers import StaticCache

fixed = StaticCache(config=config, max_cache_len=100)
assert not any(layer.is_initialized for layer in fixed.layers)
with torch.no_grad():
    model(input_ids=ids[:1, :8], cache=fixed)
    after_eight = cache_bytes(fixed)
    model(input_ids=ids[:1, 8:], cache=fixed)
assert cache_bytes(fixed) == after_eight
assert {layer.keys.shape[2] for layer in fixed.layers} == {100}

# %% caches-agree [claim]
"""In float32, with the cache that grows, which is the default, with one of fixed size, and with
none, the small model gave the same 24 tokens here, each the likeliest but for the end token."""
from transformers import DynamicCache

model.eval()
greedy = dict(do_sample=False, min_new_tokens=24, max_new_tokens=24, pad_token_id=0)
prompt = dict(input_ids=ids[:1, :8], attention_mask=torch.ones(1, 8, dtype=torch.long))
default = model.generate(**prompt, **greedy, return_dict_in_generate=True)
assert type(default.cache) is DynamicCache
grown = default.sequences
assert torch.equal(
    grown, model.generate(**prompt, **greedy, cache_implementation="static")
)
assert torch.equal(grown, model.generate(**prompt, **greedy, use_cache=False))
with torch.no_grad():
    scores = model(grown).logits[0, 7:-1]
scores[:, model.config.eos_token_id] = -torch.inf  # `min_new_tokens` forbids it
assert torch.equal(scores.argmax(-1), grown[0, 8:])

# %% memory-of [setup]
"""The formulas of this page in one place, in bytes, and with them what training keeps of
its activations: texts of one length, no dropout, attention as this page ran it."""
NUMBERS = {"float32": 4, "bfloat16": 2, "8 bit": 1, "4 bit": 0.5}  # bytes of a weight
RANK, BOTTLENECK = 8, 256  # of LoRA, and of the Parallel adapter


def weight_bytes(shape, numbers):
    """Quantised are the linear layers. The rest, and their biases, stay in 16 bits."""
    layers, width, heads, inner, vocabulary, places = shape
    out = 2 * width + 2 * width // heads + inner + width  # of a layer's linear layers
    linear = layers * width * (2 * width + 2 * width // heads + 2 * inner)
    rest = (vocabulary + places + 2) * width + layers * (out + 4 * width)
    # 8 bit: a scale for each row. 4 bit: one for 64 weights, and 16 levels a layer.
    scales = {"8 bit": 4 * layers * out, "4 bit": linear // 16 + layers * 4 * 64}
    others = max(2, NUMBERS[numbers])
    return int(linear * NUMBERS[numbers]) + rest * others + scales.get(numbers, 0)


def trained_weights(shape, method):
    """How many numbers a method trains; for inference none."""
    layers, width, heads, inner, *_ = shape
    out = width + 2 * width // heads  # of c_attn: queries, one key, one value
    if method == "full":
        return weight_bytes(shape, "float32") // 4
    each = {"LoRA": RANK * (4 * width + out + inner), "(IA)³": out + inner}
    each["Parallel"] = BOTTLENECK * (width + out)
    return layers * each.get(method, 0)


def activation_bytes(shape, numbers, method, tokens, texts):
    """What PyTorch keeps for the backward pass."""
    layers, width, heads, inner, vocabulary, _ = shape
    head, rows, size = width // heads, tokens * texts, NUMBERS[numbers]
    out = width + 2 * head
    norms = 2 * layers + (method == "full")  # the first of all waits for no gradient
    base = norms * (width + 2) + layers * (inner + out + width + 2 * head)
    once = 4 * layers * heads + 4 * vocabulary + 8  # the loss is always in float32
    fixed = 4 + 8 * (texts == 1)  # the loss; a slice keeps the place behind it too
    if method == "full":  # the inputs of all linear layers too
        more = size * (norms * width + layers * inner) + 8
        fixed += 8 * tokens
    if method == "Parallel":  # its input and its bottleneck
        more = 4 * layers * (width + BOTTLENECK)
    if method == "LoRA":  # the inputs of its matrices, in the adapter's float32
        copied = width if size == 2 else 0
        more = 4 * layers * (width + inner + 3 * RANK + copied)
    if method == "(IA)³":  # what its vectors are multiplied with, and the vectors
        more = layers * (4 * inner + size * out)
        fixed += 4 * layers * inner + 4 * (layers - 1) * out
    return rows * (size * base + once + more) + fixed


def memory_of(shape, numbers, method, tokens, texts):
    """The bytes of each part. What this page has no formula for is None."""
    layers, width, heads, _, _, places = shape
    quantised, runs = numbers in ("8 bit", "4 bit"), method == "inference"
    if quantised and method == "full":
        return None  # whole numbers have no gradient
    size = max(2, NUMBERS[numbers])
    trained, each = trained_weights(shape, method), size if method == "full" else 4
    activations = None if quantised or runs else 0
    if activations == 0:
        activations = activation_bytes(shape, numbers, method, tokens, texts)
    return {
        "weights": weight_bytes(shape, numbers),
        "buffer": places**2,  # a table of places by places, one byte each
        "adapter": 0 if method == "full" else each * trained,
        "cache": 2 * layers * (width // heads) * size * tokens * texts if runs else 0,
        "gradients": each * trained,
        "moments": 2 * each * trained,
        "activations": activations,
    }


# %% formulas-hold [claim]
"""For the small model the formulas give what was measured above, byte for byte: weights,
buffer, cache, gradients, moments. For the four sizes they give the weights of the model."""
small = model.config
SMALL = (small.n_layer, small.n_embd, small.n_head, small.n_inner)
SMALL = (*SMALL, small.vocab_size, small.n_positions)
for numbers, each in {"float32": model, "bfloat16": half}.items():
    found = memory_of(SMALL, numbers, "inference", 48, 1)
    assert found["weights"] == each.get_memory_footprint(return_buffers=False)
    assert found["weights"] + found["buffer"] == each.get_memory_footprint()
assert memory_of(SMALL, "float32", "inference", 48, 1)["cache"] == cache_bytes(cache)

for method, each in {"full": full, "LoRA": adapted}.items():
    found = memory_of(SMALL, "float32", method, 64, 2)
    number = sum(w.numel() for w in each.parameters() if w.requires_grad)
    assert found["gradients"] == gradient_bytes(each)
    assert found["moments"] == 2 * gradient_bytes(each)
    assert found["adapter"] == (4 * number if method == "LoRA" else 0)

for size, (layers, width, heads) in SHAPES.items():
    shape = (layers, width, heads, 4 * width, 49152, 8192)
    assert 4 * trained_weights(shape, "full") == budget[size][0]
    assert 16 * trained_weights(shape, "LoRA") == budget[size][3]

# %% fits [folded table]
"Computed, in GB. Inference has one text of 8,192 tokens, training one of 2,048."
CASES = [("inference", "bfloat16", 8192, 1), ("inference", "4 bit", 8192, 1)]
CASES += [("LoRA", "bfloat16", 2048, 1), ("full", "float32", 2048, 1)]
table = []
for size, (layers, width, heads) in SHAPES.items():
    shape = (layers, width, heads, 4 * width, 49152, 8192)
    for method, numbers, tokens, texts in CASES:
        parts = memory_of(shape, numbers, method, tokens, texts)
        known = sum(part or 0 for part in parts.values())
        row = {"model": f"StarCoderBase-{size}", "what for": f"{method}, {numbers}"}
        row |= {"together": f"{known / 1e9:.1f}", "weights": "", "cache": ""}
        row |= {name: f"{part / 1e9:.2f}" for name, part in parts.items() if part}
        table.append(row)
table

# %% clock
import functools
import statistics
import time


def seconds(work, turns=3, of=statistics.median):
    """The median of a few turns, or what `of` makes of them, after one uncounted turn."""
    work()
    taken = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return of(taken)


# %% load-time [measured]
from safetensors.torch import load_file

in_file = load_file(f"{checkpoint}/model.safetensors").values()
print("in the file:", {weights.dtype for weights in in_file})


def load(dtype):
    return AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)


print(f"float32   {seconds(lambda: load('float32')):.3f} s")
print(f"bfloat16  {seconds(lambda: load('bfloat16')):.3f} s")

# %% bandwidth [measured] timeout="120"
block, copy_of_it = torch.ones(32_000_000), torch.zeros(32_000_000)
taken = seconds(lambda: copy_of_it.copy_(block), turns=7, of=min)  # a limit: the best
bandwidth = 2 * block.numel() * 4 / taken  # it is read once and written once
print(f"a copy moves {bandwidth / 1e9:.1f} GB a second")
at_most = bandwidth / model.get_memory_footprint(return_buffers=False)
print(f"so weights in float32 can be read {at_most:.0f} times a second")


# %% generation [measured] timeout="240" by_processor="it names the processor and its instructions"
def speed(model, **options):
    def work():
        model.generate(**prompt, **greedy, **options)

    return 24 / seconds(work)


half = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="bfloat16")
print(f"float32, cache      {speed(model):6.0f} tokens/s")
print(f"float32, no cache   {speed(model, use_cache=False):6.0f} tokens/s")
print(f"bfloat16, cache     {speed(half):6.0f} tokens/s")
able = torch.cpu.get_capabilities()
known = [name for name in able if "bf16" in name and able[name]]
print("this processor's instructions for bfloat16:", ", ".join(known) or "none")


# %% batches [measured table] timeout="240"
"Texts that are generated together."


def rows(size):
    return {name: tensor.repeat(size, 1) for name, tensor in prompt.items()}


table = []
for size in (1, 2, 4, 8):
    many_at_once = functools.partial(model.generate, **rows(size), **greedy)
    taken = seconds(many_at_once)
    speed_of_all = f"{24 * size / taken:.0f} tokens/s"
    table.append(
        {"batch": size, "speed": speed_of_all, "a step": f"{taken / 24 * 1e3:.1f} ms"}
    )
table

# %% methods [table]
"What each trains, and keeps for the backward pass."
from peft import IA3Config

from bottleneck import BottleneckConfig

configs = {
    "LoRA": LoraConfig(
        r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM"
    ),
    "(IA)³": IA3Config(
        target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"],
        task_type="CAUSAL_LM",
    ),
    "Parallel": BottleneckConfig(
        use_parallel_adapter=True, target_modules=["c_attn"], task_type="CAUSAL_LM"
    ),
}  # fmt: skip
ways = {"full": AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")}
for name, config in configs.items():
    fresh = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    ways[name] = get_peft_model(fresh, config)
table = []
for name, each in ways.items():
    number = sum(w.numel() for w in each.parameters() if w.requires_grad)
    row = {"method": name, "trained": f"{number:,}"}
    table.append({**row, "kept": f"{kept(each, 64) / 1e6:.1f} MB"})
table


# %% kept-is-formula [claim]
"""The formula for the activations gives what PyTorch keeps here, byte for byte: for each
method, in float32 and in bfloat16, for two shapes and for one text or two."""
import itertools
from dataclasses import replace

tried = [(2, 128, 4, 448, 4000, 96), (3, 192, 3, 768, 4500, 64)]
for shape, dtype in itertools.product(tried, (torch.float32, torch.bfloat16)):
    layers, width, heads, inner, vocabulary, places = shape
    numbers = str(dtype).removeprefix("torch.")
    calm = dict(resid_pdrop=0.0, attn_pdrop=0.0, embd_pdrop=0.0)
    sized = dict(n_inner=inner, vocab_size=vocabulary, n_positions=places)
    own = starcoder(layers, width, heads, **sized, **calm)
    for method in ways:
        each = AutoModelForCausalLM.from_config(own, dtype=dtype)
        if method in configs:
            unnamed = replace(configs[method], base_model_name_or_path=None)
            each = get_peft_model(each, unnamed)
        for texts, length in ((1, 32), (2, 48)):
            found = memory_of(shape, numbers, method, length, texts)["activations"]
            assert found == kept(each, length, texts), (method, numbers, shape)
for method, each in ways.items():
    assert kept(each, 64) == memory_of(SMALL, "float32", method, 64, 2)["activations"]


# %% step-time [measured table] timeout="240"
"A training step of 128 tokens."


def step(model, optimizer):
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


table = []
for name, each in ways.items():
    weights = [w for w in each.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5)
    taken = seconds(functools.partial(step, each, optimizer))
    table.append({"method": name, "a step": f"{taken * 1e3:.0f} ms"})
table

# %% products [measured table] by_processor="some processors have no instructions for 16-bit numbers"
"A linear layer of 1,024 × 1,024 weights, for 64 tokens."


def there_and_back(layer, inputs):
    layer(inputs).sum().backward()


table = []
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    layer = torch.nn.Linear(1024, 1024).to(dtype)
    inputs = torch.ones(64, 1024, dtype=dtype, requires_grad=True)
    forward = seconds(functools.partial(layer, inputs))
    both = seconds(functools.partial(there_and_back, layer, inputs))
    row = {"dtype": str(dtype).removeprefix("torch.")}
    row |= {"forward": f"{forward * 1e3:.1f} ms", "and back": f"{both * 1e3:.1f} ms"}
    table.append(row)
table

# %% peak [measured folded table]
"A first step, with a new optimizer."
import ctypes
import gc
from pathlib import Path


def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return (
        next(int(line.split()[1]) for line in lines if line.startswith(field))
        * 1024
        / 1e6
    )


def peak_of_step(model):
    """Megabytes by which a first step, with a new optimizer, raises the peak."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # free memory goes back to the system
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins again here
    before = resident("VmRSS")
    weights = [w for w in model.parameters() if w.requires_grad]
    step(model, torch.optim.AdamW(weights, lr=1e-5))
    return resident("VmHWM") - before


def counted(model):
    """Megabytes of gradients, moments and activations."""
    number = sum(w.numel() for w in model.parameters() if w.requires_grad)
    return (3 * 4 * number + kept(model, 64)) / 1e6


del optimizer
table = [{"method": "none", "why": "not Linux with glibc: there is no such counter"}]
if hasattr(ctypes.CDLL(None), "malloc_trim") and Path("/proc/self/clear_refs").exists():
    table = []
    for name, each in ways.items():
        rose, known = peak_of_step(each), counted(each)
        row = {"method": name, "the peak rose by": f"{rose:.0f} MB"}
        table.append({**row, "counted are": f"{known:.0f} MB"})
table

# %% parameters
shape = "small"

# %% real-shape
SHAPES["small"] = (small.n_layer, small.n_embd, small.n_head)
where, number = ("cpu", "float32") if shape == "small" else ("cuda", "bfloat16")


def made():
    """A model of the shape with random weights."""
    with torch.device(where):
        random = starcoder(*SHAPES[shape])
        return AutoModelForCausalLM.from_config(random, dtype=number)


def done(work, *arguments, **options):
    """The work, and on a GPU the wait for its end: a call there returns at once."""

    def whole():
        work(*arguments, **options)
        if where == "cuda":
            torch.cuda.synchronize()

    return whole


random_one = made()
size = random_one.get_memory_footprint(return_buffers=False)
print(
    f"{shape}: {random_one.num_parameters():,} parameters, {size / 1e9:.2f} GB, {where}"
)

# %% real-load [measured] timeout="500"
random_one.save_pretrained("made")
random_one = None  # its memory is free again


def load_made():
    return AutoModelForCausalLM.from_pretrained("made").to(where)


print(f"from_pretrained and to(device): {seconds(done(load_made), turns=1):.2f} s")


# %% real-speed [measured] timeout="240"
def copied(numbers):
    """Bytes that a copy reads and writes in a second, at best."""
    block = torch.ones(numbers, device=where)
    other = torch.zeros_like(block)
    return 2 * block.nbytes / seconds(done(other.copy_, block), turns=7, of=min)


at_most = copied(32_000_000 if where == "cpu" else 500_000_000) / size
begun = {name: tensor.to(where) for name, tensor in prompt.items()}
tokens = 24 / seconds(done(load_made().generate, **begun, **greedy))
print(f"{tokens:.0f} tokens/s; the weights can be read {at_most:.0f} times a second")


# %% real-steps [measured] timeout="500"
def measure_step(method):
    """Print how long a training step takes, and on a GPU how much memory."""
    each = made()
    if method in configs:
        each = get_peft_model(
            each, replace(configs[method], base_model_name_or_path=None)
        )
    each.train()
    batch = ids.to(where)
    optimizer = torch.optim.AdamW([w for w in each.parameters() if w.requires_grad])

    def one_step():
        each(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    taken = seconds(done(one_step))
    print(f"{method:<9}{taken * 1e3:7.0f} ms a step of {batch.numel()} tokens", end="")
    if where == "cuda":
        print(f", at most {torch.cuda.max_memory_allocated() / 1e9:5.1f} GB", end="")
    print()


for method in ("full", *configs):
    gc.collect()
    if where == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        measure_step(method)
    except torch.OutOfMemoryError:
        print(f"{method:<9} does not fit")
