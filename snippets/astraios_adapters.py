"""The code of the page "Astraios adapters": why they do not load, and what loads them."""

# %% imports
import inspect
import json
import pickle
import sys
import textwrap
import warnings
from pathlib import Path

import torch
from peft import (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    PEFT_TYPE_TO_TUNER_MAPPING,
    PeftModel,
)
from peft.mapping import PEFT_TYPE_TO_PREFIX_MAPPING
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTBigCodeConfig

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% load
checkpoint, device = "models/stdlib-coder", "cpu"


def load():
    return AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32").to(device)


@torch.no_grad()
def logits(model):
    return model(**inputs).logits


tokenizer = AutoTokenizer.from_pretrained(checkpoint)
inputs = tokenizer("def add(a, b):\n    return", return_tensors="pt").to(device)
base = load()
logits_of_base = logits(base)
print("width", base.config.n_embd, "and", base.config.n_layer, "layers")

# %% published-config
settings = dict(
    peft_type="BOTTLENECK",
    task_type="CAUSAL_LM",
    base_model_name_or_path=checkpoint,  # published: bigcode/starcoderbase-7b
    bottleneck_size=base.config.n_embd // 16,  # published: 256, at a width of 4096
    non_linearity="tanh",
    adapter_dropout=0.0,
    scaling=1.0,
    init_weights="bert",
    bias="none",
    use_parallel_adapter=True,
    use_adapterp=False,
    target_modules=["c_attn", "q_attn"],
    inference_mode=True,
    modules_to_save=None,
    revision=None,
    auto_mapping=None,
)


# %% publish [setup]
def publish(folder, settings, weights, form="bin"):
    """Write an adapter's two files, the weights as a pickle or as safetensors."""
    Path(folder).mkdir(exist_ok=True)
    Path(folder, "adapter_config.json").write_text(json.dumps(settings, indent=2))
    if form == "bin":
        torch.save(weights, f"{folder}/adapter_model.bin")
    else:
        save_file(weights, f"{folder}/adapter_model.safetensors")


# %% published-weights
width = base.config.n_embd
c_attn = base.transformer.h[0].attn.c_attn
sizes = {  # what an adapter there reads and gives
    "attn.c_attn": (c_attn.in_features, c_attn.out_features),
    "mlp.c_fc": (width, width),
    "mlp.c_proj": (width, width),
}


def random_weights(layers):
    torch.manual_seed(1)
    size, weights = settings["bottleneck_size"], {}
    for block in range(base.config.n_layer):
        for layer in layers:
            fan_in, fan_out = sizes[layer]
            key = f"base_model.model.transformer.h.{block}.{layer}"
            weights[f"{key}.adapter_down.weight"] = torch.randn(size, fan_in) / 4
            weights[f"{key}.adapter_up.weight"] = torch.randn(fan_out, size) / 4
    return weights


weights = random_weights(["attn.c_attn"])
publish("parallel", settings, weights)

for key in list(weights)[:4]:
    print(key, tuple(weights[key].shape))
print(len(weights), "matrices")
print("files:", *sorted(path.name for path in Path("parallel").iterdir()))

# %% refused raises="KeyError"
PeftModel.from_pretrained(base, "parallel")

# %% not-in-the-registry [claim] draft="with the peft package installed, PeftModel.from_pretrained loads astraios-7b-parallel" verdict="false"
"""PEFT's dictionaries of methods have `LORA`, and neither has `BOTTLENECK`, the name that
`astraios-7b-parallel` carries."""
assert settings["peft_type"] == "BOTTLENECK"
for registry in (PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING):
    assert "LORA" in registry
    assert settings["peft_type"] not in registry


# %% arithmetic
def delta(x, key, weights):
    """What the adapter with that key adds, for x of shape (batch, tokens, width)."""
    down = weights[f"{key}.adapter_down.weight"]
    up = weights[f"{key}.adapter_up.weight"]
    return settings["scaling"] * (torch.tanh(x @ down.T) @ up.T)


x = base.transformer.wte(inputs["input_ids"]).detach()
first = "base_model.model.transformer.h.0.attn.c_attn"
for what, tensor in {
    "x": x,
    "down": weights[f"{first}.adapter_down.weight"],
    "up": weights[f"{first}.adapter_up.weight"],
    "delta(x)": delta(x, first, weights),
}.items():
    print(f"{what:<8}", tuple(tensor.shape))

# %% note-peft [setup]
"Before `bottleneck` is imported: what PEFT holds now, to compare later."
registries = (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    PEFT_TYPE_TO_TUNER_MAPPING,
    PEFT_TYPE_TO_PREFIX_MAPPING,
)
entries_before = [dict(registry) for registry in registries]


def parts_of_peft():
    """What each module of PEFT, and each class in one, has under each name."""
    return {
        (id(holder), name): id(part)
        for where, module in list(sys.modules.items())
        if where.split(".")[0] == "peft"
        for holder in (module, *vars(module).values())
        if holder is module or inspect.isclass(holder)
        for name, part in vars(holder).items()
    }


parts_before = parts_of_peft()

# %% register
import bottleneck  # registers the three methods

model = PeftModel.from_pretrained(base, "parallel")
print(model.base_model.model.transformer.h[0].attn.c_attn)

# %% nothing-replaced [claim]
"""Importing `bottleneck` replaces nothing in PEFT: each name in its modules and classes has
what it had, and each of three dictionaries has one entry more."""
parts_now = parts_of_peft()
assert all(parts_now[name] == part for name, part in parts_before.items())
for registry, entries in zip(registries, entries_before, strict=True):
    assert {name: registry[name] for name in entries} == entries
    assert registry.keys() - entries == {"BOTTLENECK"}


# %% by-hand
def before(*of):
    return lambda layer, inputs: (inputs[0] + delta(inputs[0], *of),)


def after(*of):
    return lambda layer, inputs, y: y + delta(y, *of)


def beside(*of):
    return lambda layer, inputs, y: y + delta(inputs[0], *of)


def logits_by_hand(places, weights):
    plain = load()
    for number, block in enumerate(plain.transformer.h):
        for layer, place in places.items():
            key = f"base_model.model.transformer.h.{number}.{layer}"
            module = block.get_submodule(layer)
            if place is before:
                module.register_forward_pre_hook(place(key, weights))
            else:
                module.register_forward_hook(place(key, weights))
    return logits(plain)


# %% parallel-exact [claim]
"""The loaded Parallel adapter gives exactly the logits of the arithmetic written out by
hand, to the last bit, and other ones than the base model."""
assert torch.equal(logits(model), logits_by_hand({"attn.c_attn": beside}, weights))
assert not torch.equal(logits(model), logits_of_base)

# %% three-methods
methods = {
    "AdapterH": dict(target_modules=["c_fc", "mlp.c_proj"]),
    "AdapterP": dict(target_modules=["mlp.c_proj"], use_adapterp=True),
    "Parallel": dict(target_modules=["c_attn", "q_attn"], use_parallel_adapter=True),
}
places = {
    "AdapterH": {"mlp.c_fc": before, "mlp.c_proj": after},
    "AdapterP": {"mlp.c_proj": after},
    "Parallel": {"attn.c_attn": beside},
}

# %% three-exact [claim] timeout="180"
"""AdapterH, AdapterP and Parallel, loaded from a pickle (`.bin`) and from safetensors,
give the logits of the arithmetic by hand, to the last bit."""
shared = settings | dict(use_parallel_adapter=False, use_adapterp=False)
for method, changes in methods.items():
    drawn = random_weights(places[method])
    expected = logits_by_hand(places[method], drawn)
    for form in ("bin", "safetensors"):
        publish(f"{method}-{form}", shared | changes, drawn, form)
        loaded = PeftModel.from_pretrained(load(), f"{method}-{form}")
        assert torch.equal(logits(loaded), expected), (method, form)

# %% saved-keys [claim]
"""Saving gives the keys of the file back, with the same numbers under them."""
model.save_pretrained("saved")
saved = load_file("saved/adapter_model.safetensors")
assert saved.keys() == weights.keys()
assert all(torch.equal(saved[key], weights[key]) for key in weights)

# %% weights-only [claim]
"""A `.bin` file is a pickle, and a pickle can carry code. PEFT reads it as weights only:
code in it is refused, not run."""
from unittest import mock


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


publish("trap", settings, {"weight": Trap()})
# Where this is 1, as in this guide's own runs, torch refuses whatever PEFT asks for.
with mock.patch.dict("os.environ", TORCH_FORCE_WEIGHTS_ONLY_LOAD="0"):
    try:
        PeftModel.from_pretrained(load(), "trap")
        refused = ""
    except Exception as error:
        refused = str(error)
assert "Weights only load failed" in refused
assert not Path("sprung").exists()
pickle.loads(pickle.dumps(Trap()))
assert Path("sprung").exists()  # a trap indeed


# %% card-adapter-gone
def adapters(model):
    names = [name for name, _ in model.named_modules()]
    return sum(name.endswith("adapter_down") for name in names)


model = load()
model = PeftModel.from_pretrained(model, "parallel")
adapted = logits(model)
print("wrapped:     ", type(model).__name__, "with", adapters(model), "bottlenecks")

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model = load()  # as in the script: from_pretrained(checkpoint).to(device)
print("loaded again:", type(model).__name__, "with", adapters(model), "bottlenecks")

# %% card-bug [claim] draft="the model card's script asks the model with its adapter" verdict="bug"
"""The model card's script asks the bare base model. No adapter module is left in it, its
logits are the base's, and Python warns of nothing at the second load."""
assert not said
assert not any("adapter_" in name for name, _ in model.named_modules())
assert torch.equal(logits(model), logits_of_base)
assert not torch.equal(logits(model), adapted)

# %% card-mended
model = load()  # with .to(device), once
model = PeftModel.from_pretrained(model, "parallel")
assert torch.equal(logits(model), adapted)

# %% lacking-is-told [claim]
"""A file that lacks a weight of the adapter is loaded with a warning that names the weight,
and the weight is a new one."""
lacking = dict(weights)
name = next(each for each in weights if "adapter_up" in each)
del lacking[name]
publish("lacking", settings, lacking)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always", UserWarning)
    partly = PeftModel.from_pretrained(load(), "lacking")
in_model = name.replace(".weight", ".default.weight")
told = [str(each.message) for each in said if "adapter keys" in str(each.message)]
assert len(told) == 1
assert in_model in told[0]
assert not torch.equal(partly.get_parameter(in_model), weights[name])

# %% not-registrable raises="ValueError"
from peft.utils import register_peft_method

register_peft_method(name="bottleneck", config_cls=None, model_cls=None)

# %% show-config
from bottleneck import BottleneckConfig


def show(thing):
    print(textwrap.dedent(inspect.getsource(thing)))


show(bottleneck.BottleneckType)
print(inspect.getsource(BottleneckConfig).partition("    def ")[0])

# %% same-hash [claim]
"""A member of an enumeration of strings is found in a dictionary by the plain string,
because both are equal and have one hash."""
from enum import StrEnum

ours = bottleneck.BottleneckType.BOTTLENECK
pythons = StrEnum("Pythons", {"BOTTLENECK": "BOTTLENECK"}).BOTTLENECK
for name in (ours, pythons):
    assert name == "BOTTLENECK"
    assert hash(name) == hash("BOTTLENECK")
    assert {name: "found"}.get("BOTTLENECK") == "found"
assert PEFT_TYPE_TO_CONFIG_MAPPING["BOTTLENECK"] is BottleneckConfig

# %% fields-are-keys [claim]
"""`BottleneckConfig` has a field for each key of the published `adapter_config.json`. The
defaults of the fields that it adds to PEFT's are the published values, but for the
targets, the flag `use_parallel_adapter`, and the size, which this page scales down: the
default is the published 256."""
from dataclasses import fields

assert settings.keys() <= {field.name for field in fields(BottleneckConfig)}
plain = BottleneckConfig()
own = settings.keys() & BottleneckConfig.__annotations__.keys()
others = {name for name in own if getattr(plain, name) != settings[name]}
assert others == {"bottleneck_size", "target_modules", "use_parallel_adapter"}
assert plain.bottleneck_size == 256

# %% bad-setting raises="ValueError"
BottleneckConfig(bottleneck_size=0)

# %% show-init
show(bottleneck.BottleneckLinear.__init__)

# %% show-place
show(bottleneck.place_at)

# %% show-update
show(bottleneck.BottleneckLinear.update_layer)

# %% parts-that-train [claim]
"""In a model made for training, PEFT trains what the tuner's layers hold beside
`base_layer`: here the two matrices of each bottleneck, and nothing else."""
from peft import IA3Config, get_peft_model

config = BottleneckConfig(**methods["Parallel"], task_type="CAUSAL_LM")
trained = get_peft_model(load(), config)
with_gradients = {n for n, p in trained.named_parameters() if p.requires_grad}
assert {name.split(".")[-3] for name in with_gradients} == {
    *bottleneck.BottleneckLinear.adapter_layer_names
}
assert len(with_gradients) == len(weights)

# %% show-delta
show(bottleneck.BottleneckLinear._delta)

# %% show-forward
show(bottleneck.BottleneckLinear.forward)
show(bottleneck.BottleneckLinear._rows)

# %% show-add
show(bottleneck.BottleneckLinear._add)

# %% show-model
show(bottleneck.BottleneckModel._create_and_replace)

# %% show-hooks
show(bottleneck.BottleneckModel._enable_peft_forward_hooks)

# %% mixed-batch [claim]
"""With `adapter_names=` each row of a batch gets the adapter that it names. (IA)³ has no
such method in this version of PEFT: every row gets its adapter, without a Python warning."""
batch = {name: value.repeat(2, 1) for name, value in inputs.items()}
names = ["__base__", "default"]
with torch.no_grad():
    rows = model(**batch, adapter_names=names).logits
close = dict(atol=1e-4, rtol=1e-4)
torch.testing.assert_close(rows[0], logits_of_base[0], **close)
torch.testing.assert_close(rows[1], logits(model)[0], **close)

config = IA3Config(
    target_modules=["c_attn"], feedforward_modules=[], init_ia3_weights=False,
    task_type="CAUSAL_LM",
)  # fmt: skip
ia3 = get_peft_model(load(), config).eval()
with warnings.catch_warnings(record=True) as said, torch.no_grad():
    warnings.simplefilter("always")
    rows = ia3(**batch, adapter_names=names).logits
assert not said
assert not hasattr(type(ia3.base_model), "_enable_peft_forward_hooks")
torch.testing.assert_close(rows[0], rows[1], **close)
assert not torch.allclose(rows[0], logits_of_base[0], rtol=0.01)

# %% show-register
show(bottleneck.register)

# %% count timeout="300"
from peft import LoraConfig, PromptEncoderConfig

starcoderbase_7b = GPTBigCodeConfig(
    vocab_size=49152, n_positions=8192, n_embd=4096, n_layer=42, n_head=32,
    multi_query=True, bos_token_id=0, eos_token_id=0,
)  # fmt: skip
of_astraios = {
    "(IA)3": IA3Config(
        target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"]
    ),
    "LoRA": LoraConfig(
        r=8,
        lora_alpha=16,
        lora_dropout=0.05,
        target_modules=["c_proj", "c_attn", "q_attn"],
    ),
    "P-Tuning": PromptEncoderConfig(num_virtual_tokens=30),
}
for method, changes in methods.items():
    of_astraios[method] = BottleneckConfig(**changes)  # the rest are its defaults

trainable = {}
for method, config in of_astraios.items():
    config.task_type = "CAUSAL_LM"
    with torch.device("meta"):  # shapes without numbers: no memory is taken
        shape = AutoModelForCausalLM.from_config(starcoderbase_7b)
        model_7b = get_peft_model(shape, config)
    trainable[method], _ = model_7b.get_nb_trainable_parameters()

for method, number in sorted(trainable.items(), key=lambda each: each[1]):
    print(f"{method:<8} {number:>12,}")
print(f"Parallel in 32-bit floats: {4 * trainable['Parallel'] / 1e6:.0f} MB")

# %% count-is-arithmetic [claim]
"""The bottlenecks' numbers follow from the shapes. Each bottleneck is two matrices of 256 times the
width of what it reads and of what it gives, in each of 42 blocks."""
layers, n_embd = starcoderbase_7b.n_layer, starcoderbase_7b.n_embd
head = n_embd // starcoderbase_7b.n_head
assert trainable["AdapterP"] == layers * 256 * (n_embd + n_embd)
assert trainable["AdapterH"] == 2 * trainable["AdapterP"]
assert trainable["Parallel"] == layers * 256 * (n_embd + n_embd + 2 * head)

# %% not-linear [claim]
"""What a bottleneck adds is not linear: an input of zeros gives zeros, and twice the input
does not give twice the output, as it would with a matrix. So no weights of a layer can
have its effect."""
layer = model.get_base_model().transformer.h[0].attn.c_attn
nothing = torch.zeros_like(x)
assert torch.equal(layer(nothing), layer.base_layer(nothing))
added = layer(x) - layer.base_layer(x)
added_to_double = layer(2 * x) - layer.base_layer(2 * x)
assert not torch.allclose(added_to_double, 2 * added, rtol=0.01)

# %% show-refusal
show(bottleneck.BottleneckModel._check_merge_allowed)

# %% merge raises="ValueError"
model.merge_and_unload()

# %% merge-leaves [claim]
"""After a refused merge the adapter is where it was, and works."""
assert torch.equal(logits(model), logits_by_hand({"attn.c_attn": beside}, weights))

# %% q-attn [claim]
"""The published settings name `q_attn`, and this model has no module of that name. Python
does not warn of it: the adapter is at `c_attn` alone."""
assert base.config.multi_query
assert not base.config.add_cross_attention
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    quiet = PeftModel.from_pretrained(load(), "parallel")
assert not any(name.endswith("q_attn") for name, _ in quiet.named_modules())
assert "q_attn" in quiet.peft_config["default"].target_modules
at = {name.split(".")[-1] for name in quiet.base_model.targeted_module_names}
assert at == {"c_attn"}
assert not any("q_attn" in str(warning.message) for warning in said)

# %% q-attn-elsewhere [claim]
"""A model of this class has `q_attn` in its cross-attention alone. It cannot have that and
multi-query attention."""
tiny = dict(n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
crossed = GPTBigCodeConfig(**tiny, add_cross_attention=True, multi_query=False)
modules = [
    name for name, _ in AutoModelForCausalLM.from_config(crossed).named_modules()
]
at = {name.split(".")[-2] for name in modules if name.endswith("q_attn")}
assert at == {"crossattention"}
both = GPTBigCodeConfig(**tiny, add_cross_attention=True, multi_query=True)
try:
    refused = AutoModelForCausalLM.from_config(both)
except NotImplementedError as error:
    refused = str(error)
assert refused == "Cross-attention not implemented for MQA"

# %% bert-by-how-much
fresh = {}
for init in ("bert", "mam_adapter"):
    torch.manual_seed(0)
    config = BottleneckConfig(**settings | {"init_weights": init})
    fresh[init] = logits(get_peft_model(load(), config))
    difference = (fresh[init] - logits_of_base).abs().max().item()
    print(f"{init:<12} largest change of a logit {difference:.2g}")

# %% bert [claim]
"""A new adapter with `init_weights="bert"` changes the model before it has learned
anything. With `"mam_adapter"` it changes nothing."""
assert not torch.equal(fresh["bert"], logits_of_base)
assert torch.equal(fresh["mam_adapter"], logits_of_base)
