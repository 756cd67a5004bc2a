"""The code of the page "Save, merge, ship": what each way of saving writes, and what loads it."""

# %% load
import warnings
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

checkpoint, adapter = "models/stdlib-coder", "models/stdlib-coder/adapters/lora"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
question = (
    "Question: Please write a function in Python that performs bubble sort.\n\nAnswer:"
)
inputs = tokenizer(question, return_tensors="pt")


def with_adapter(dtype="float32"):
    base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)
    return PeftModel.from_pretrained(base, adapter)


def logits(model):
    with torch.no_grad():
        return model(**inputs).logits.float()


model = with_adapter()
exact = logits(model)

# %% save
model.save_pretrained("adapter")
tokenizer.save_pretrained("adapter")
model.get_base_model().save_pretrained("inside")
merged = model.merge_and_unload()
merged.save_pretrained("merged")
tokenizer.save_pretrained("merged")
model.save_pretrained("wrapper")

# %% written [table]
"""What the four calls wrote: how many tensors, and how large the file is."""
from safetensors import safe_open

calls = {
    "adapter": "model.save_pretrained",
    "inside": "model.get_base_model().save_pretrained",
    "merged": "merged.save_pretrained",
    "wrapper": "model.save_pretrained, after merging",
}


def names_in(folder):
    (file,) = Path(folder).glob("*.safetensors")
    with safe_open(file, "pt") as opened:
        return list(opened.keys()), file.stat().st_size


[
    {
        "folder": folder,
        "call": call,
        "tensors": len(names_in(folder)[0]),
        "bytes": f"{names_in(folder)[1]:,}",
    }
    for folder, call in calls.items()
]

# %% adapter-alone [claim]
"""`save_pretrained` of the wrapped model writes the adapter's weights and none of the
base; the folder says which base it belongs to."""
from peft import PeftConfig

assert all("lora_" in name for name in names_in("adapter")[0])
assert PeftConfig.from_pretrained("adapter").base_model_name_or_path == checkpoint

# %% merged-is-plain [claim]
"""The merged model, saved and loaded again, needs no PEFT and predicts what base and
adapter predicted."""
plain = AutoModelForCausalLM.from_pretrained("merged")
assert not any("lora_" in name for name, _ in plain.named_parameters())
torch.testing.assert_close(logits(plain), exact, atol=1e-3, rtol=1e-3)

# %% wrapper-is-empty [claim]
"""After `merge_and_unload` the wrapper has nothing left to save. It writes a file without
a tensor, and no warning."""
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model.save_pretrained("wrapper")
assert not said
assert names_in("wrapper")[0] == []

# %% inside
lost = AutoModelForCausalLM.from_pretrained("inside")

# %% inside-is-lost [claim]
"""The model inside the wrapper is saved under names that a plain model does not have.
Loaded again, the adapted layers are new and random: a report, and no error."""
assert any("base_layer" in name for name in names_in("inside")[0])
c_attn = "transformer.h.0.attn.c_attn.weight"
before = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
assert not torch.allclose(lost.get_parameter(c_attn), before.get_parameter(c_attn))
wte = "transformer.wte.weight"
assert torch.equal(lost.get_parameter(wte), before.get_parameter(wte))

# %% precision [table]
"""How far the logits are from those of base and adapter in float32, and how far a weight
is from what it was when the adapter is taken out again."""


def short(number):
    return f"{number:.1g}" if number > 1e-5 else "below 1e-5"


def distance(some):
    return short((some - exact).abs().mean().item())


rows = []
for dtype in ("float32", "float16", "bfloat16"):
    model = with_adapter(dtype)
    weight = model.get_base_model().get_submodule("transformer.h.0.attn.c_attn").weight
    kept, unmerged = weight.clone(), logits(model)
    model.merge_adapter()
    after = logits(model)
    model.unmerge_adapter()
    back = (weight - kept).abs().max().item()
    row = {"dtype": dtype, "beside the base": distance(unmerged)}
    row |= {"merged": distance(after), "taken out again": short(back)}
    rows.append(row)
rows

# %% merging-rounds [claim]
"""Merged weights have the base's type. In bfloat16 each is rounded to 8 significant bits,
and taking the adapter out again does not give the old weights back."""
model = with_adapter("bfloat16")
layer = model.get_base_model().get_submodule("transformer.h.0.attn.c_attn")
kept, added = layer.weight.clone(), layer.get_delta_weight("default")
model.merge_adapter()
assert layer.weight.dtype == torch.bfloat16
summed = kept.float() + added.float()
assert torch.equal(layer.weight, summed.to(torch.bfloat16))
assert (layer.weight.float() - summed).abs().max() > 1e-4
model.unmerge_adapter()
assert not torch.equal(layer.weight, kept)

# %% merged-stays-apart [claim]
"""`merge_adapter` keeps the adapter's modules beside the layers, and marks these as merged;
`unmerge_adapter` takes the mark away. `merge_and_unload` alone removes the modules."""
model.merge_adapter()
assert layer.merged
assert any("lora_A" in name for name, _ in model.named_parameters())
model.unmerge_adapter()
assert not layer.merged
unloaded = with_adapter().merge_and_unload()
assert not any("lora_" in name for name, _ in unloaded.named_parameters())

# %% narrow
wide = with_adapter("float32").merge_and_unload()
wide.to(torch.bfloat16).save_pretrained("narrow")
narrow = AutoModelForCausalLM.from_pretrained("narrow")
print(
    f"{names_in('narrow')[1]:,} bytes, {narrow.dtype}, distance {distance(logits(narrow))}"
)
out = narrow.generate(**inputs, do_sample=False, max_new_tokens=100, pad_token_id=0)
print(tokenizer.decode(out[0, inputs["input_ids"].shape[1] :]))

# %% file-keeps-the-type [claim]
"""A model is saved in the type that it has: rounded to bfloat16, the file has half the bytes
but for its head, and loads as bfloat16."""
assert narrow.dtype == torch.bfloat16
wide_file, narrow_file = (names_in(folder)[1] for folder in ("merged", "narrow"))
assert abs(narrow_file / wide_file - 0.5) < 0.001

# %% auto
from peft import AutoPeftModelForCausalLM

wrapped = AutoPeftModelForCausalLM.from_pretrained("adapter", dtype="float32")
injected = AutoModelForCausalLM.from_pretrained("adapter", dtype="float32")
for each in (wrapped, injected):
    print(f"{type(each).__name__:<24} distance {distance(logits(each))}")

# %% auto-classes [claim]
"""Both classes take an adapter's folder and load its base themselves. PEFT's class gives
a `PeftModel`; that of Transformers gives the plain class, with the adapter inside."""
assert isinstance(wrapped, PeftModel)
assert not isinstance(injected, PeftModel)
assert any("lora_" in name for name, _ in injected.named_parameters())
for each in (wrapped, injected):
    torch.testing.assert_close(logits(each), exact, atol=1e-3, rtol=1e-3)

# %% auto-type [claim]
"""Without `dtype` both take the type of the base model's file, here bfloat16, whatever the
adapter was trained in."""
base_type = AutoModelForCausalLM.from_pretrained(checkpoint).dtype
assert base_type == torch.bfloat16
for auto in (AutoPeftModelForCausalLM, AutoModelForCausalLM):
    found = auto.from_pretrained("adapter").get_parameter
    name = "transformer.wte.weight"
    prefix = "base_model.model." if auto is AutoPeftModelForCausalLM else ""
    assert found(prefix + name).dtype == torch.bfloat16

# %% base-is-what-the-file-names [claim]
"""Which base is loaded is what `base_model_name_or_path` says, edited or not."""
import json
import shutil

sent = Path(shutil.copytree("adapter", "sent"), "adapter_config.json")
edited = json.loads(sent.read_text()) | {"base_model_name_or_path": "narrow"}
sent.write_text(json.dumps(edited))
found = AutoPeftModelForCausalLM.from_pretrained("sent").get_base_model()
assert found.config.name_or_path == "narrow"
name = "transformer.wte.weight"
assert torch.equal(found.get_parameter(name), narrow.get_parameter(name))


# %% servers
def obstacles(folder):
    """What a server may refuse about an adapter; nothing where it is plain LoRA."""
    config = json.loads(Path(folder, "adapter_config.json").read_text())
    found = [] if config["peft_type"] == "LORA" else [config["peft_type"]]
    plain = {"use_dora": False, "modules_to_save": None, "bias": "none"}
    found += [name for name, value in plain.items() if config.get(name, value) != value]
    names = names_in(folder)[0]
    found += [n for n in names if not n.endswith(("lora_A.weight", "lora_B.weight"))][
        :1
    ]
    return found


for name in ("lora", "rslora", "dora", "ia3", "p-tuning", "parallel"):
    found = obstacles(f"models/stdlib-coder/adapters/{name}")
    print(f"{name:<10}", ", ".join(found) or "plain LoRA")


# %% others-merge [claim]
"""DoRA and (IA)³ merge, too: what is left is a plain model that predicts the same."""
for name in ("dora", "ia3"):
    base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    tuned = PeftModel.from_pretrained(base, f"models/stdlib-coder/adapters/{name}")
    apart = logits(tuned)
    plain = tuned.merge_and_unload()
    assert not any(f"{name}_" in each or "lora_" in each for each in plain.state_dict())
    torch.testing.assert_close(logits(plain), apart, atol=1e-3, rtol=1e-3)

# %% prompts-do-not-merge [claim] raises="AttributeError"
"""A learned prompt stands beside the weights, so it cannot be merged into them: a model with
one has no `merge_and_unload`."""
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
PeftModel.from_pretrained(
    base, "models/stdlib-coder/adapters/p-tuning"
).merge_and_unload()

# %% gguf [table]
"""What each GGUF file weighs, how many of the answers are word for word those of Transformers
in float32, and how far a logit of the first new token is from theirs, at most."""
tried = json.loads(Path("models/llama_cpp.json").read_text())
[
    {
        "file": name,
        "MB": f"{each['bytes'] / 1e6:.1f}",
        "same answers": f"{each['same_answers']} of {tried['tasks']}",
        "logits apart": f"{each['logits_apart']:.1g}",
    }
    for name, each in tried["files"].items()
]

# %% gguf-answers [claim]
"""The merged model gives each answer in llama.cpp as in Transformers, in float32 and in bfloat16.
Base and adapter do in float32, the one type tried. With 8 bits some answers differ, with 4 bits
more. The tokenizer of llama.cpp made the same tokens of every prompt."""
same = {name: each["same_answers"] for name, each in tried["files"].items()}
whole = "merged, float32", "merged, bfloat16", "base and adapter, float32"
assert [same[name] for name in whole] == 3 * [tried["tasks"]]
assert same["merged, 4 bits"] < same["merged, 8 bits"] < tried["tasks"]
for each in tried["files"].values():
    assert each["same_tokens"] == tried["tasks"]


# %% exercise
def check(folder):
    """Load a folder without PEFT's help and compare it with base and adapter."""
    found = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    names = [name for name, _ in found.named_parameters()]
    assert not any("lora_" in name for name in names), "an adapter is still beside it"
    assert (logits(found) - exact).abs().mean() < 1e-3, "it predicts something else"
    print("right")


# %% answer [setup] fold="Answer: which folder"
check("merged")
