"""The code of the page "Code explanation": one script, and a question for each line."""

# %% script-imports [trace]
# pip install -q torch transformers peft
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import bottleneck  # teaches PEFT the adapters of Astraios

# %% parameters
checkpoint = "models/stdlib-coder"
peft_checkpoint = "models/stdlib-coder/adapters/lora"
device = "cpu"
dtype = "float32"

# %% script [trace]
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype).to(device)
model = PeftModel.from_pretrained(base, peft_checkpoint)

question = "Please write a function in Python that performs bubble sort."
prompt = f"Question: {question}\n\nAnswer:"
inputs = tokenizer.encode(prompt, return_tensors="pt").to(device)
outputs = model.generate(inputs, max_new_tokens=200)
print(tokenizer.decode(outputs[0]))

# %% tools [setup]
import ast
import inspect
import io
import json
import re
import subprocess
import sys
import textwrap
import tokenize
from copy import deepcopy
from importlib.metadata import packages_distributions, requires

import torch
from peft import (
    MODEL_TYPE_TO_PEFT_MODEL_MAPPING,
    LoraConfig,
    PeftConfig,
    get_peft_model,
    get_peft_model_state_dict,
)
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file, save_file
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModel,
    GPTBigCodeConfig,
)

# %% small [setup]
shape = GPTBigCodeConfig(
    vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2,
    bos_token_id=0, eos_token_id=0,
)  # fmt: skip


def small():
    """A model of the same kind with random weights, the same each time."""
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(deepcopy(shape)).eval()


lora = LoraConfig(
    r=2, lora_alpha=4, lora_dropout=0.1, target_modules=["c_attn"],
    init_lora_weights=False, task_type="CAUSAL_LM",
)  # fmt: skip
untouched = small()
torch.manual_seed(1)
get_peft_model(untouched, lora).save_pretrained("small-adapter")
ids = torch.arange(1, 7).unsqueeze(0)  # six token numbers, one row


def c_attn(model):
    """The one module that the small adapter adapts."""
    return model.get_base_model().transformer.h[0].attn.c_attn


# %% comment [claim]
"A line that begins with `#` is a comment: Python makes nothing of it."
assert ast.parse("# pip install -q transformers\n").body == []

# %% pip-help
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
for asked, part in (
    (["--help"], r"install +Install packages\."),
    (["install", "--help"], r"-q, --quiet.*?levels\)\."),
):
    told = subprocess.run([*pip, *asked], capture_output=True, text=True)
    found = re.search(part, told.stdout, re.DOTALL)
    print(textwrap.fill(" ".join(found[0].split()), 80))

# %% quiet [claim]
"With one `-q`, pip prints nothing of a package that is there already."
install = ["install", "--no-index", "--no-deps", "transformers"]
loud = subprocess.run([*pip, *install], capture_output=True, text=True)
quiet = subprocess.run([*pip, *install, "-q"], capture_output=True, text=True)
assert loud.returncode == quiet.returncode == 0
assert "already satisfied" in loud.stdout
assert quiet.stdout == quiet.stderr == ""

# %% requires [claim]
"Transformers requires neither PyTorch nor PEFT. PEFT requires both of the others."


def needs(package):
    lines = [line for line in requires(package) if "extra ==" not in line]
    return {re.match(r"[\w.-]+", line)[0] for line in lines}


assert "tokenizers" in needs("transformers")
assert not needs("transformers") & {"torch", "peft"}
assert {"torch", "transformers"} <= needs("peft")

# %% two-names [claim]
"""The name that pip takes is a package's, the name that `import` takes is a module's;
the two may differ."""
packages = packages_distributions()
assert "transformers" in packages["transformers"]
assert "PyYAML" in packages["yaml"]
assert "yaml" not in packages["yaml"]

# %% peft-classes
for task, wrapper in MODEL_TYPE_TO_PEFT_MODEL_MAPPING.items():
    print(f"{task:<20} {wrapper.__name__}")

# %% peft-base [claim]
"""`PeftModel` is the base class of every class in this table, and all of them are
PyTorch modules."""
for wrapper in MODEL_TYPE_TO_PEFT_MODEL_MAPPING.values():
    assert issubclass(wrapper, PeftModel)
    assert issubclass(wrapper, torch.nn.Module)

# %% task-chooses [claim]
"""The `task_type` of the adapter's configuration chooses the class. Without one it is
`PeftModel` itself."""
task = model.peft_config["default"].task_type
assert type(model) is MODEL_TYPE_TO_PEFT_MODEL_MAPPING[task]
other = "FEATURE_EXTRACTION"
for_other = LoraConfig(target_modules=["c_attn"], task_type=other)
in_table = MODEL_TYPE_TO_PEFT_MODEL_MAPPING[other]
assert type(get_peft_model(small(), for_other)) is in_table
no_task = LoraConfig(target_modules=["c_attn"])
assert type(get_peft_model(small(), no_task)) is PeftModel

# %% auto-steps
config = AutoConfig.from_pretrained(checkpoint)
print(config.model_type)
print(type(config).__name__)
print(MODEL_FOR_CAUSAL_LM_MAPPING[type(config)].__name__)

# %% auto-looks-up [claim]
"`AutoModelForCausalLM` gives an object of the class that its table names."
assert type(base) is MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
assert not isinstance(base, AutoModelForCausalLM)

# %% auto-direct raises="OSError"
AutoModelForCausalLM()

# %% headless [claim]
"""`AutoModel` gives the model without its last layer: it returns vectors, not scores
for tokens, and it cannot generate."""
headless = AutoModel.from_config(shape)
assert headless(ids).last_hidden_state.shape == (1, 6, shape.n_embd)
assert small()(ids).logits.shape == (1, 6, shape.vocab_size)
assert not hasattr(headless, "generate")

# %% two-cuts
text = "def sort(numbers): return sorted(numbers)"
lexer = tokenize.generate_tokens(io.StringIO(text).readline)
print([token.string for token in lexer if token.string])
print([tokenizer.decode(token) for token in tokenizer.encode(text)])

# %% not-tokenize [claim]
"""The tokenizer's classes come from the packages `transformers` and `tokenizers`;
without the functions of Python's module `tokenize` that cut, they cut as before."""
from unittest.mock import patch

assert type(tokenizer).__module__.partition(".")[0] == "transformers"
assert type(tokenizer.backend_tokenizer).__module__.partition(".")[0] == "tokenizers"
with patch.multiple(tokenize, tokenize=None, generate_tokens=None, _tokenize=None):
    cut = AutoTokenizer.from_pretrained(checkpoint).encode(text)
assert cut == tokenizer.encode(text)

# %% checkpoint-files
from pathlib import Path

small().save_pretrained("small-checkpoint")
tokenizer.save_pretrained("small-checkpoint")
for file in sorted(Path("small-checkpoint").iterdir()):
    print(file.name)

# %% checkpoint-remakes [claim]
"The folder is enough to build the model again, weight for weight."
again = AutoModelForCausalLM.from_pretrained("small-checkpoint")
saved = small().state_dict()
assert again.state_dict().keys() == saved.keys()
assert all(torch.equal(again.state_dict()[name], saved[name]) for name in saved)
assert load_file("small-checkpoint/model.safetensors").keys() <= saved.keys()
assert AutoConfig.from_pretrained("small-checkpoint").n_embd == shape.n_embd

# %% adapter-files
for file in sorted(Path("small-adapter").iterdir()):
    print(file.name)

# %% adapter-alone [claim]
"This adapter's file holds the adapter's weights and none of the base model's."
kept = load_file("small-adapter/adapter_model.safetensors")
made = {
    "base_model.model." + name.replace(".default", ""): weights
    for name, weights in untouched.named_parameters()
    if "lora_" in name
}
assert made
assert kept.keys() == made.keys()
assert all(torch.equal(kept[name], made[name]) for name in made)

# %% adapter-names-base [claim]
"""An adapter's configuration names what its base model was loaded from, under
`base_model_name_or_path`. It names nothing if that model was made and not loaded."""
assert PeftConfig.from_pretrained(peft_checkpoint).base_model_name_or_path == checkpoint
get_peft_model(again, deepcopy(lora)).save_pretrained("small-named")
for folder, name in (("small-named", "small-checkpoint"), ("small-adapter", None)):
    written = json.loads(Path(folder, "adapter_config.json").read_text())
    assert written["base_model_name_or_path"] == name

# %% model-moves [claim]
"`.to` moves a model itself and returns that same model."
linear = torch.nn.Linear(2, 2)
moved = linear.to("meta")
assert moved is linear
assert linear.weight.device.type == "meta"

# %% tensor-copies [claim]
"""`.to` leaves a tensor where it is and returns another; only where nothing would
change, it returns the same one."""
here = torch.zeros(2)
there = here.to("meta")
assert there is not here
assert here.device.type == "cpu"
assert here.to("cpu") is here

# %% batch-moves [claim]
"What the tokenizer returns when it is called moves like a model: itself."
batch = tokenizer(prompt, return_tensors="pt")
assert batch.to("meta") is batch
assert batch["input_ids"].device.type == "meta"

# %% two-devices raises="RuntimeError"
elsewhere = torch.nn.Linear(2, 2).to("meta")
elsewhere(torch.zeros(1, 2))

# %% pad-refused raises="ValueError"
tokenizer(["a = 1", "for item in items:"], padding=True)

# %% dtypes
small().to(torch.bfloat16).save_pretrained("small-bfloat16")
for asked in ({}, {"dtype": "auto"}, {"dtype": "float32"}):
    loaded = AutoModelForCausalLM.from_pretrained("small-bfloat16", **asked)
    print(f"{asked!s:<20} {loaded.dtype}  {loaded.get_memory_footprint():,} bytes")

# %% old-name [claim]
"The old name of the argument, `torch_dtype`, still works, and Transformers warns."
import logging

said = []
listener = logging.Handler()
listener.emit = lambda record: said.append(record.getMessage())
logging.getLogger("transformers").addHandler(listener)
old = AutoModelForCausalLM.from_pretrained("small-bfloat16", torch_dtype="float32")
logging.getLogger("transformers").removeHandler(listener)
assert old.dtype == torch.float32
assert any("torch_dtype" in each for each in said)

# %% loaded-eval [claim]
"""A model is loaded in evaluation mode, with dropout off; yet all of its weights could
be trained."""
loaded = AutoModelForCausalLM.from_pretrained("small-checkpoint")
assert not any(module.training for module in loaded.modules())
assert torch.equal(loaded(ids).logits, loaded(ids).logits)
assert loaded.config.resid_pdrop > 0  # so dropout would show
assert all(weights.requires_grad for weights in loaded.parameters())

# %% causal [claim]
"Causal: a token cannot change the scores at the places before it."
changed = ids.clone()
changed[0, -1] = 42
before, after = small()(ids).logits, small()(changed).logits
assert torch.allclose(before[:, :-1], after[:, :-1], atol=1e-4)
assert not torch.allclose(before[:, -1], after[:, -1], atol=1e-4)

# %% scores [claim]
"""Calling the model gives logits: for each place, one score for each token of the
vocabulary."""
logits = model(inputs).logits
assert logits.shape == (1, inputs.shape[1], model.config.vocab_size)

# %% signature
for parameter in inspect.signature(PeftModel.from_pretrained).parameters.values():
    print(parameter)

# %% argument-model [claim]
"""`model`: a LoRA adapter is built into this very object; the modules that it adapts are
replaced by PEFT's, which hold the old ones."""
plain = small()
linear = plain.transformer.h[0].attn.c_attn
wrapped = PeftModel.from_pretrained(plain, "small-adapter")
assert isinstance(plain.transformer.h[0].attn.c_attn, BaseTunerLayer)
assert plain.transformer.h[0].attn.c_attn.get_base_layer() is linear

# %% argument-name [claim]
"""`adapter_name`: what the adapter is called from then on. Called "sorter" it gives the
same result."""
named = PeftModel.from_pretrained(small(), "small-adapter", adapter_name="sorter")
assert list(named.peft_config) == ["sorter"]
assert torch.equal(named(ids).logits, wrapped(ids).logits)

# %% argument-trainable [claim]
"""`is_trainable=True`: the adapter's weights, all of them and only they, can be trained.
Without it a LoRA model has nothing to train."""
trainable = PeftModel.from_pretrained(small(), "small-adapter", is_trainable=True)
trained = [name for name, each in trainable.named_parameters() if each.requires_grad]
assert trained
assert trained == [name for name, _ in trainable.named_parameters() if "lora_" in name]
assert wrapped.get_nb_trainable_parameters()[0] == 0

# %% argument-config [claim]
"""`config`: PEFT uses this configuration instead of the folder's, and changes the object
that you pass: here it sets `inference_mode`."""
doubled = PeftConfig.from_pretrained("small-adapter")
assert doubled.inference_mode
doubled.lora_alpha *= 2
configured = PeftModel.from_pretrained(
    small(), "small-adapter", config=doubled, is_trainable=True
)
assert c_attn(configured).scaling["default"] == 2 * c_attn(wrapped).scaling["default"]
assert not doubled.inference_mode
assert PeftConfig.from_pretrained("small-adapter").inference_mode

# %% argument-autocast [claim]
"""`autocast_adapter_dtype`: unless it is False, a LoRA adapter on a bfloat16 model gets
float32 weights."""
for options, expected in (
    ({}, torch.float32),
    ({"autocast_adapter_dtype": False}, torch.bfloat16),
):
    half = small().to(torch.bfloat16)
    halved = PeftModel.from_pretrained(half, "small-adapter", **options)
    assert c_attn(halved).lora_A["default"].weight.dtype == expected
    assert c_attn(halved).get_base_layer().weight.dtype == torch.bfloat16

# %% argument-offload [claim]
"""`ephemeral_gpu_offload`: it is off unless asked for, and a LoRA configuration keeps it
among what is not saved."""
offloaded = PeftModel.from_pretrained(
    small(), "small-adapter", ephemeral_gpu_offload=True
)
assert offloaded.peft_config["default"].runtime_config.ephemeral_gpu_offload
assert not wrapped.peft_config["default"].runtime_config.ephemeral_gpu_offload
assert "runtime_config" not in offloaded.peft_config["default"].to_dict()

# %% argument-memory [claim]
"""`low_cpu_mem_usage`: it gives the same weights, and draws no random ones before it reads
them."""
for options, drawn in (({}, True), ({"low_cpu_mem_usage": True}, False)):
    plain, state = small(), torch.get_rng_state()
    lean = PeftModel.from_pretrained(plain, "small-adapter", **options)
    assert torch.equal(torch.get_rng_state(), state) is not drawn
kept = get_peft_model_state_dict(wrapped)
assert get_peft_model_state_dict(lean).keys() == kept.keys()
for name, weights in get_peft_model_state_dict(lean).items():
    assert torch.equal(weights, kept[name])

# %% renamed [setup]
Path("small-renamed").mkdir(exist_ok=True)
weights = load_file("small-adapter/adapter_model.safetensors")
save_file(
    {name.replace("transformer.", "encoder."): each for name, each in weights.items()},
    "small-renamed/adapter_model.safetensors",
)
wrapped.peft_config["default"].save_pretrained("small-renamed")

# %% missing-keys
lost = PeftModel.from_pretrained(small(), "small-renamed")

# %% missing-is-new [claim]
"The adapter that was not found has the numbers that a new one begins with."
new = get_peft_model(small(), PeftConfig.from_pretrained("small-renamed")).eval()
assert torch.equal(lost(ids).logits, new(ids).logits)

# %% argument-mapping [claim]
"""`key_mapping`: patterns and what to put in their place, for a file whose weights have
other names than the model's."""
found = PeftModel.from_pretrained(
    small(), "small-renamed", key_mapping={"^encoder": "transformer"}
)
assert torch.equal(found(ids).logits, wrapped(ids).logits)
assert not torch.equal(lost(ids).logits, wrapped(ids).logits)

# %% argument-others [claim]
"""`kwargs`: more arguments, such as `subfolder`, the folder inside the checkpoint to read
from."""
lost.save_pretrained("small-adapters")  # another one, in the folder itself
wrapped.save_pretrained("small-adapters/first")
inner = PeftModel.from_pretrained(small(), "small-adapters", subfolder="first")
assert torch.equal(inner(ids).logits, wrapped(ids).logits)

# %% misspelt [claim]
"A misspelt argument is not refused: it ends up in `kwargs` and does nothing."
meant = PeftModel.from_pretrained(small(), "small-adapter", is_trainble=True)
assert meant.get_nb_trainable_parameters()[0] == 0

# %% frozen raises="RuntimeError"
wrapped(ids, labels=ids).loss.backward()

# %% half-trained [claim]
"""`is_trainable=True` does not call `model.train()`: the adapter's new dropout is on,
the base model's stays off."""
loaded = AutoModelForCausalLM.from_pretrained("small-checkpoint")
half = PeftModel.from_pretrained(loaded, "small-adapter", is_trainable=True)
assert c_attn(half).lora_dropout["default"].training
assert not loaded.transformer.drop.training
half.train()
assert loaded.transformer.drop.training

# %% another-adapter [claim]
"""`load_adapter` adds an adapter and leaves the active one active. `set_adapter` makes
another the active one, in its place."""
several = PeftModel.from_pretrained(small(), "small-adapter", adapter_name="one")
several.load_adapter("small-renamed", adapter_name="two")  # begins as a new one
c_attn(several).set_scale("two", 0)  # and adds nothing
assert list(several.peft_config) == ["one", "two"]
assert several.active_adapters == ["one"]
assert torch.equal(several(ids).logits, wrapped(ids).logits)
several.set_adapter("two", inference_mode=True)
assert several.active_adapters == ["two"]
assert torch.equal(several(ids).logits, small()(ids).logits)

# %% merged [claim]
"""`merge_and_unload` adds the adapter into the base model's own weights and returns that
model, without any module of PEFT."""
expected = wrapped(ids).logits
inner = wrapped.get_base_model()
merged = wrapped.merge_and_unload()
assert merged is inner
assert not any(isinstance(module, BaseTunerLayer) for module in merged.modules())
assert torch.allclose(merged(ids).logits, expected, atol=1e-4)
assert not torch.equal(
    merged.transformer.h[0].attn.c_attn.weight,
    small().transformer.h[0].attn.c_attn.weight,
)

# %% weighted [claim]
"""Half of an adapter plus half of its copy is the adapter itself when combined by "cat"
or "svd"; "linear" makes it twice as strong."""
pair = PeftModel.from_pretrained(small(), "small-adapter", adapter_name="one")
pair.load_adapter("small-adapter", adapter_name="two")
added = c_attn(pair).get_delta_weight("one")
for way, times in (("cat", 1), ("svd", 1), ("linear", 2)):
    pair.add_weighted_adapter(["one", "two"], [0.5, 0.5], way, combination_type=way)
    total = c_attn(pair).get_delta_weight(way)
    assert torch.allclose(total, times * added, atol=1e-5)

# %% encode-both
print(tokenizer.encode("def f():"))
print(tokenizer.encode("def f():", return_tensors="pt"))

# %% encode-list [claim]
"Without `return_tensors`, `encode` gives a plain list of whole numbers."
plain_ids = tokenizer.encode(prompt)
assert type(plain_ids) is list
assert all(type(each) is int for each in plain_ids)
assert inputs.tolist() == [plain_ids]

# %% list-refused raises="AttributeError"
model.generate(tokenizer.encode(prompt))

# %% row-refused raises="IndexError"
model.generate(inputs[0])

# %% encode-call [claim]
"""Calling the tokenizer finds the same numbers as `encode`, and gives an attention mask
with them."""
called = tokenizer(prompt)
assert called["input_ids"] == tokenizer.encode(prompt)
assert called["attention_mask"] == [1] * len(called["input_ids"])

# %% mask-of-ones [claim]
"""For one prompt without padding, a mask of ones changes nothing but rounding, in a call of
the model and in `generate`."""
ones = torch.ones_like(ids)
masked = small()(ids, attention_mask=ones).logits
assert torch.allclose(masked, small()(ids).logits, atol=1e-4)
how = dict(max_new_tokens=3, return_dict_in_generate=True, output_logits=True)
given = small().generate(ids, attention_mask=ones, **how).logits
for mine, other in zip(given, small().generate(ids, **how).logits, strict=True):
    assert torch.allclose(mine, other, atol=1e-4)

# %% no-mask
batch = torch.tensor([[1, 2, 3], [4, 5, 6]])
unmasked = small().generate(batch, max_new_tokens=2)

# %% mask-found [claim]
"""Where a padding token is set that is no end token, `generate` finds the mask in the
rows. Where it is the end token, all tokens count."""
rows, mask = torch.tensor([[1, 2, 3], [63, 4, 5]]), torch.tensor([[1, 1, 1], [0, 1, 1]])
how = dict(
    pad_token_id=63, max_new_tokens=1, return_dict_in_generate=True, output_logits=True
)
(found,) = small().generate(rows, **how).logits
(masked,) = small().generate(rows, attention_mask=mask, **how).logits
(all_count,) = small().generate(rows, attention_mask=mask | 1, **how).logits
ended, as_end = torch.where(rows == 63, 0, rows), how | {"pad_token_id": 0}
(not_found,) = small().generate(ended, **as_end).logits
(zeros_count,) = small().generate(ended, attention_mask=mask | 1, **as_end).logits
assert torch.equal(found, masked)
assert torch.equal(not_found, zeros_count)
assert not torch.equal(found[1], all_count[1])

# %% right-padded
rows = torch.tensor([[1, 2, 3], [4, 5, 0]])
mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
right = small().generate(rows, attention_mask=mask, max_new_tokens=2)

# %% padding-side [claim]
"""This tokenizer pads on the right, and on the left if it is loaded with
`padding_side="left"`. The mask that it gives has a 0 for each padding token."""
sides = {}
for where, options in (("right", {}), ("left", {"padding_side": "left"})):
    side = AutoTokenizer.from_pretrained(checkpoint, **options)
    side.pad_token = side.eos_token  # number 0
    sides[where] = side.pad({"input_ids": [[1, 2, 3], [4, 5]]})
assert sides["right"]["input_ids"] == [[1, 2, 3], [4, 5, 0]]
assert sides["right"]["attention_mask"] == [[1, 1, 1], [1, 1, 0]]
assert sides["left"]["input_ids"] == [[1, 2, 3], [0, 4, 5]]
assert sides["left"]["attention_mask"] == [[1, 1, 1], [0, 1, 1]]

# %% left-padded [claim]
"""Padding on the left, with a mask, leaves the answer of a prompt as it is when asked
alone, but for rounding in the scores."""
how = dict(max_new_tokens=4, return_dict_in_generate=True, output_logits=True)
left = {name: torch.tensor(each) for name, each in sides["left"].items()}
two = small().generate(**left, **how)
one = small().generate(torch.tensor([[4, 5]]), **how)
assert (
    two.sequences[1, 3 : 3 + len(one.logits)].tolist() == one.sequences[0, 2:].tolist()
)
for padded, alone in zip(two.logits, one.logits, strict=False):
    assert torch.allclose(padded[1], alone[0], atol=1e-4)

# %% inputs-position [claim]
"The first argument of `generate` is the token numbers; `input_ids=` says the same."
by_name = model.generate(input_ids=inputs, max_new_tokens=5)
assert torch.equal(by_name, model.generate(inputs, max_new_tokens=5))

# %% counts
print(tuple(inputs.shape), "went in")
print(tuple(outputs.shape), "came out")

# %% new-tokens [claim]
"`max_new_tokens` counts what is added, `max_length` the prompt too."
free = dict(suppress_tokens=[0])  # the token that would end the text
added = small().generate(ids, max_new_tokens=3, **free)
total = small().generate(ids, max_length=9, **free)
assert added.shape == total.shape == (1, ids.shape[1] + 3)

# %% too-short raises="ValueError"
model.generate(inputs, max_length=10)

# %% no-gradients [claim]
"`generate` keeps no record for training: no gradient can be computed from what it gives."
kept = small().generate(
    ids, max_new_tokens=2, return_dict_in_generate=True, output_logits=True
)
assert small()(ids).logits.requires_grad
assert not any(scores.requires_grad for scores in kept.logits)

# %% rows
print(type(tokenizer.decode(outputs)).__name__, "of", len(tokenizer.decode(outputs)))
print(type(tokenizer.decode(outputs[0])).__name__)

# %% special-default [claim]
"`skip_special_tokens` is False unless you say otherwise."
parameters = inspect.signature(tokenizer.decode).parameters
assert parameters["skip_special_tokens"].default is False
ended = [*tokenizer.encode("a = 1"), tokenizer.eos_token_id]
assert tokenizer.decode(ended) == "a = 1" + tokenizer.eos_token
assert tokenizer.decode(ended, skip_special_tokens=True) == "a = 1"

# %% spaces [claim]
"With this tokenizer, `decode` gives spaces back as they were."
spaced = "x  =  1 , 2 !"
assert tokenizer.decode(tokenizer.encode(spaced)) == spaced

# %% pieces [claim]
"""A token can be a part of a character. So decode a text as a whole: token by token, a
character may be lost."""
pieces = tokenizer.encode("🐍")
assert tokenizer.decode(pieces) == "🐍"
assert "🐍" not in "".join(tokenizer.decode(piece) for piece in pieces)
