"""The code of the page "The same on another architecture": StarCoder's build beside Llama's."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% make
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
star = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")

torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=len(tokenizer), bos_token_id=0, eos_token_id=0,
    hidden_size=128, intermediate_size=344, num_hidden_layers=3,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
)  # fmt: skip
llama = AutoModelForCausalLM.from_config(config)
for model in (star, llama):
    print(f"{type(model).__name__}: {model.num_parameters():,} parameters")

# %% learn by_processor="rounding adds up in a training of many steps"
import random

words = [
    "name", "size", "color", "owner", "path", "index", "user", "title", "width",
    "height", "status", "group", "label", "price", "date", "number",
]  # fmt: skip
seen, held_out = words[:12], words[12:]


def getter(word, end=""):
    return f"def get_{word}(self):", f"\n    return self.{word}{end}\n"


def setter(word):
    return f"def set_{word}(self, value):", f"\n    self.{word} = value\n"


def collate(pairs, counts):
    """A batch of texts; `counts` says whether the prompts count in the loss."""
    rows, labels = [], []
    for prompt, answer in pairs:
        asked = tokenizer(prompt).input_ids
        answered = [*tokenizer(answer).input_ids, tokenizer.eos_token_id]
        rows.append(asked + answered)
        labels.append((asked if counts else [-100] * len(asked)) + answered)
    longest = max(map(len, rows))
    ids = [row + [tokenizer.eos_token_id] * (longest - len(row)) for row in rows]
    labels = [row + [-100] * (longest - len(row)) for row in labels]
    return {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}


def train(model, pairs, steps, rate, counts=False):
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer, draw = torch.optim.AdamW(weights, lr=rate), random.Random(0)
    model.train()
    for _ in range(steps):
        model(**collate(draw.sample(pairs, 8), counts)).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def ask(model, prompt, **settings):
    inputs = tokenizer(prompt, return_tensors="pt")
    out = model.generate(
        **inputs, do_sample=False, max_new_tokens=16, pad_token_id=0, **settings
    )
    added = out[0, inputs.input_ids.shape[1] :]
    return tokenizer.decode(added, skip_special_tokens=True)


train(llama, [*map(getter, words), *map(setter, words)], 120, 3e-3, counts=True)
for model in (star, llama):
    print(f"{model.config.model_type:<12}", repr(ask(model, "def get_width(self):")))

# %% names-are-mapped [claim]
"""StarCoder's configuration says `n_embd`, `n_layer`, `n_head` and `n_positions`. The names
that Llama's file has are read from both; only the width of the MLP goes by two names."""
common = {
    "hidden_size": "n_embd", "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head", "max_position_embeddings": "n_positions",
}  # fmt: skip
assert star.config.attribute_map == common
assert not llama.config.attribute_map
for name, own in common.items():
    assert getattr(star.config, name) == star.config.to_dict()[own]
    assert getattr(llama.config, name) == llama.config.to_dict()[name]
assert not hasattr(star.config, "intermediate_size")
assert not hasattr(llama.config, "n_inner")

# %% parts-by-role [claim]
"""The parts have other paths, and the library's methods find them in both: the table of
tokens, the head, and the blocks without the head."""
tables = {star: star.transformer.wte, llama: llama.model.embed_tokens}
bodies = {star: star.transformer, llama: llama.model}
for model in (star, llama):
    assert model.get_input_embeddings() is tables[model]
    assert model.get_output_embeddings() is model.lm_head
    assert model.base_model is bodies[model]

# %% linear
for model, block in ((star, star.transformer.h[0]), (llama, llama.model.layers[0])):
    print(model.config.model_type)
    for name, layer in block.named_modules():
        if isinstance(layer, torch.nn.Linear):
            bias = "with a bias" if layer.bias is not None else "no bias"
            print(
                f"  {name:<17}{layer.in_features:>5} to {layer.out_features:<5}{bias}"
            )

# %% cache
ids = tokenizer("def get_width(self):", return_tensors="pt").input_ids
attention = {star: star.transformer.h[0].attn, llama: llama.model.layers[0].self_attn}
gave = {}  # by linear layer of the first block: what it gave for these tokens
for part in attention.values():
    for layer in part.children():
        layer.register_forward_hook(lambda layer, _, out: gave.update({layer: out}))

first = {}
for model in (star, llama):
    with torch.no_grad():
        first[model] = model(ids, use_cache=True).cache.layers[0]
    print(f"{model.config.model_type:<12}", tuple(first[model].keys.shape))

# %% cache-shape [claim]
"""In both, the cache of a layer has the shape batch, key heads, tokens, size of a head.
StarCoder has one head of keys for all queries, Llama as many as its configuration says."""
for model, heads in ((star, 1), (llama, 2)):
    size = model.config.hidden_size // model.config.num_attention_heads
    keys, values = first[model].keys, first[model].values
    assert keys.shape == values.shape == (1, heads, ids.shape[1], size)
    assert model.config.num_key_value_heads == heads

# %% fused-or-apart [claim]
"""StarCoder's `c_attn` computes queries, keys and values at once: the last numbers of what
it gives are the key and the value. Llama has a layer for each."""
size = first[star].keys.shape[-1]
joined = gave[attention[star].c_attn]
queries, keys, values = joined.split([star.config.hidden_size, size, size], dim=-1)
torch.testing.assert_close(first[star].keys[:, 0], keys)
torch.testing.assert_close(first[star].values[:, 0], values)


def by_head(numbers):
    return numbers.unflatten(-1, (2, -1)).transpose(1, 2)


values = by_head(gave[attention[llama].v_proj])
torch.testing.assert_close(first[llama].values, values)

# %% keys-are-turned [claim]
"""Llama turns each key by its place before it is kept: the first is as `k_proj` gave it, the
others keep their length and point elsewhere."""
plain, kept = by_head(gave[attention[llama].k_proj]), first[llama].keys
torch.testing.assert_close(kept[:, :, 0], plain[:, :, 0])
torch.testing.assert_close(kept.norm(dim=-1), plain.norm(dim=-1))
assert (kept - plain)[:, :, 1:].abs().amax(dim=-1).min() > 1e-2

# %% places-end [claim] raises="IndexError"
"""StarCoder has a row of numbers for each place, and fails behind the last one."""
star(torch.zeros(1, star.config.n_positions + 1, dtype=torch.long))

# %% places-go-on [claim]
"""Llama has no weights for places. Behind `max_position_embeddings` it goes on without an
error or a warning, where no training has been."""
assert len(star.transformer.wpe.weight) == star.config.n_positions
places = llama.config.max_position_embeddings
assert not any(places in w.shape for w in llama.state_dict().values())
with warnings.catch_warnings(record=True) as said, torch.no_grad():
    warnings.simplefilter("always")
    long = torch.zeros(1, places + 1, dtype=torch.long)
    assert llama(long).logits.isfinite().all()
assert not said

# %% padding-shifts [claim]
"""Called without `position_ids`, both count the filler on the left. StarCoder then predicts
otherwise. Llama compares distances alone, so that its predictions stay."""
filler = torch.zeros(1, 4, dtype=torch.long)
padded = torch.cat([filler, ids], dim=1)
mask = torch.cat([filler, torch.ones_like(ids)], dim=1)
moved = {}
for model in (star, llama):
    with torch.no_grad():
        alone = model(ids).logits
        beside = model(padded, attention_mask=mask).logits[:, 4:]
        places = (mask.cumsum(1) - 1).clamp(min=0)
        counted = model(padded, attention_mask=mask, position_ids=places).logits[:, 4:]
    torch.testing.assert_close(counted, alone, atol=1e-3, rtol=1e-3)
    moved[model] = (beside - alone).abs().max().item()
assert moved[star] > 0.1
assert moved[llama] < 1e-3

# %% generate-counts [claim]
"""`generate` counts from the mask, so that a prompt that was filled on the left gets in both
the tokens that it gets alone."""
for model in (star, llama):
    settings = dict(do_sample=False, max_new_tokens=8, pad_token_id=0)
    alone = model.generate(ids, attention_mask=torch.ones_like(ids), **settings)
    beside = model.generate(padded, attention_mask=mask, **settings)
    assert torch.equal(beside[:, padded.shape[1] :], alone[:, ids.shape[1] :])

# %% tied
import tempfile

from safetensors.torch import load_file

tables = {}
for model in (star, llama):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tables[model] = load_file(f"{folder}/model.safetensors")
    large = [name for name, w in tables[model].items() if len(w) == len(tokenizer)]
    print(f"{model.config.model_type:<12}", *large)

# %% tied-by-default [claim]
"""StarCoder's head is its table of tokens, and the file has it once. Llama has two of them:
`tie_word_embeddings` is off unless a configuration says otherwise."""
from transformers import GPTBigCodeConfig

assert GPTBigCodeConfig().tie_word_embeddings
assert not LlamaConfig().tie_word_embeddings
assert star.lm_head.weight is star.transformer.wte.weight
assert llama.lm_head.weight is not llama.model.embed_tokens.weight
assert "lm_head.weight" not in tables[star]
assert "lm_head.weight" in tables[llama]

# %% dropout-by-default [claim]
"""A new StarCoder model has dropout, a new Llama has none: in training mode the one answers
a second time otherwise, the other does not."""
shape = dict(vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
shape |= dict(bos_token_id=0, eos_token_id=0)
some = torch.arange(9)[None]
same = {}
for kind in (GPTBigCodeConfig, LlamaConfig):
    fresh = AutoModelForCausalLM.from_config(kind(**shape)).train()
    same[kind] = torch.equal(fresh(some).logits, fresh(some).logits)
assert same == {GPTBigCodeConfig: False, LlamaConfig: True}

# %% fill by_processor="rounding adds up in a training of many steps"
gap = "<fim_prefix>def total(numbers):<fim_suffix>\n    return result<fim_middle>"
for model in (star, llama):
    print(f"{model.config.model_type:<12}", repr(ask(model, gap)))

# %% marks-are-the-tokenizers [claim]
"""The marks of fill-in-the-middle, and the token that could pad, stand in the tokenizer. No
configuration of a model names them, in either."""
marks = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>"]
numbers = tokenizer.convert_tokens_to_ids(marks)
assert tokenizer("".join(marks)).input_ids == numbers
assert tokenizer.pad_token is None
for model in (star, llama):
    said = model.config.to_dict()
    assert said["pad_token_id"] is None
    assert not any("fim" in name for name in said)
    assert not {str(number) for number in numbers} & {
        str(value) for name, value in said.items() if name.endswith("token_id")
    }

# %% default-targets [claim]
"""With no `target_modules`, PEFT has a list for each architecture: StarCoder's `c_attn`,
so queries, keys and values; of Llama's the queries and the values alone."""
from copy import deepcopy

from peft import LoraConfig, PeftModel, get_peft_model


def lora(model, **settings):
    settings = {"r": 8, "lora_alpha": 16, "task_type": "CAUSAL_LM", **settings}
    torch.manual_seed(0)
    return get_peft_model(deepcopy(model), LoraConfig(**settings))


targets = {
    model: lora(model).peft_config["default"].target_modules for model in (star, llama)
}
assert targets == {star: {"c_attn"}, llama: {"q_proj", "v_proj"}}


# %% all-linear [claim]
"""`"all-linear"` means the same in both: each linear layer of the blocks, and not the head.
Each gets r numbers for what it reads and r for what it gives."""
for model in (star, llama):
    wrapped = lora(model, target_modules="all-linear")
    linear = [
        part for part in model.base_model.modules() if isinstance(part, torch.nn.Linear)
    ]
    trained = sum(8 * (part.in_features + part.out_features) for part in linear)
    assert wrapped.get_nb_trainable_parameters()[0] == trained
    assert "lora" not in type(wrapped.get_base_model().lm_head).__module__

# %% names-do-not-carry [claim]
"""The one's names are none of the other's: PEFT finds no such module, and says so."""
refused = {}
for model, other in ((star, llama), (llama, star)):
    try:
        lora(model, target_modules=targets[other])
    except ValueError as error:
        refused[model] = str(error)
assert set(refused) == {star, llama}
assert all("not found in the base model" in said for said in refused.values())


# %% tune by_processor="rounding adds up in a training of many steps"
tuned = {}
for model in (star, llama):
    tuned[model] = lora(model, target_modules="all-linear")
    train(tuned[model], [getter(word, ".value") for word in seen], 30, 5e-3)
    print(model.config.model_type)
    for word in held_out:
        print("  ", repr(ask(tuned[model], getter(word)[0])))

# %% both-learn [claim]
"""The same code trained both: for words that it did not train on, each answers in the new
form, answered otherwise before, and gives the base's answers with the adapter switched
off."""
for model, wrapped in tuned.items():
    for word in held_out:
        prompt, _ = getter(word)
        assert ask(wrapped, prompt).endswith(".value\n")
        before = ask(model, prompt)
        assert ".value" not in before
        with wrapped.disable_adapter():
            assert ask(wrapped, prompt) == before

# %% save
for model, wrapped in tuned.items():
    wrapped.save_pretrained(model.config.model_type, save_embedding_layers=False)
    saved = load_file(f"{model.config.model_type}/adapter_model.safetensors")
    print(len(saved), "tensors, the first is", min(saved))

# %% reload-and-merge [claim]
"""Loading and merging are the library's: in both, the saved adapter predicts as the trained
one did, and so does the base that took it in."""
merged = {}
for model, wrapped in tuned.items():
    again = PeftModel.from_pretrained(deepcopy(model), model.config.model_type)
    with torch.no_grad():
        expected = wrapped(ids).logits
        assert not torch.allclose(expected, model(ids).logits, atol=0.1)
        torch.testing.assert_close(again(ids).logits, expected)
        merged[model] = again.merge_and_unload()
        close = dict(atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(merged[model](ids).logits, expected, **close)
    assert type(merged[model]) is type(model)

# %% pipeline-both [claim]
"""A pipeline takes both, and gives the prompt with what `generate` adds."""
from transformers import pipeline

for model in merged.values():
    writer = pipeline("text-generation", model=model, tokenizer=tokenizer)
    prompt, _ = getter("width")
    (said,) = writer(prompt, do_sample=False, max_new_tokens=16, pad_token_id=0)
    assert said["generated_text"] == prompt + ask(model, prompt)

# %% exercise
from transformers import Qwen2Config

third = AutoModelForCausalLM.from_config(
    Qwen2Config(
        vocab_size=100, hidden_size=96, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=6, num_key_value_heads=3,
    )
)  # fmt: skip


def check(cache_shape, trained):
    """Compare with the first layer's keys for five tokens, and with a LoRA of r=4."""
    five = third(torch.arange(5)[None], use_cache=True).cache.layers[0].keys
    assert tuple(five.shape) == cache_shape, "batch, key heads, tokens, size of a head"
    wrapped = lora(third, r=4, target_modules=["q_proj", "v_proj"])
    counted = wrapped.get_nb_trainable_parameters()[0]
    assert counted == trained, (
        "r numbers for each that a layer reads, and for each it gives"
    )
    print("right")


# %% answer [setup] fold="Answer: shape and number"
check(cache_shape=(1, 3, 5, 16), trained=2 * (4 * (96 + 96) + 4 * (96 + 48)))

# %% compared [folded table]
"""What is StarCoder's, what is Llama's, and what is the library's."""


def row(what, star, llama, whose="the model's"):
    return {"what": what, "StarCoder here": star, "Llama here": llama, "whose": whose}


def keys_of(model):
    heads = model.config.num_attention_heads
    return f"{first[model].keys.shape[1]}, for {heads} of queries"


def shift(model):
    return f"moves by {moved[model]:.1f}" if moved[model] > 1e-3 else "changes nothing"


def head(model):
    return "yes" if "lm_head.weight" in tables[model] else "no, it is the table"


def of_blocks(model, kind):
    parts = [part for part in model.base_model.modules() if isinstance(part, kind)]
    return f"{sum(p.bias is not None for p in parts)} of {len(parts)}"


star_width, llama_width = (model.config.hidden_size for model in (star, llama))
by_all = {
    model: f"{wrapped.get_nb_trainable_parameters()[0]:,}"
    for model, wrapped in tuned.items()
}
both = dict(whose="the library's")
[
    row(
        "names in config.json", *("n_embd, n_head", "hidden_size, num_attention_heads")
    ),
    row("config.hidden_size", star_width, llama_width, **both),
    row("query, key and value", "c_attn", "q_proj, k_proj, v_proj"),
    row("heads of keys", keys_of(star), keys_of(llama)),
    row(
        "shape of the cache",
        *(str(tuple(layer.keys.shape)) for layer in first.values()),
    ),
    row("places", f"a table of {star.config.n_positions} rows", "keys are turned"),
    row("behind the last place", "an IndexError", "goes on"),
    row("filler, no position_ids", *map(shift, (star, llama))),
    row("filler in generate", "changes nothing", "changes nothing", **both),
    row(
        "linear layers with a bias",
        *(of_blocks(m, torch.nn.Linear) for m in (star, llama)),
    ),
    row("head in the file", *map(head, (star, llama))),
    row(
        "dropout, if nothing is said",
        GPTBigCodeConfig().resid_pdrop,
        LlamaConfig().attention_dropout,
    ),
    row(
        "LoRA's targets, if nothing is said",
        *(", ".join(sorted(t)) for t in targets.values()),
        whose="PEFT's list",
    ),
    row("trained by LoRA on all-linear", *by_all.values(), **both),
    row("train, save, load, merge, pipeline", "the same code", "the same code", **both),
]
