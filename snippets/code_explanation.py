"""The code of the page "Code explanation": one script, and each of its lines asked about."""

# %% script-imports [trace]
from transformers import AutoModelForCausalLM, AutoTokenizer
from peft import PeftModel
import bottleneck

# %% parameters
checkpoint = "models/stdlib-coder"
peft_checkpoint = "models/stdlib-coder/adapters/lora"
device = "cpu"

# %% script-load [trace]
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32").to(device)
model = PeftModel.from_pretrained(base, peft_checkpoint)

# %% script-ask [trace]
question = "Please write a function in Python that performs bubble sort."
prompt = f"Question: {question}\n\nAnswer:"
inputs = tokenizer.encode(prompt, return_tensors="pt").to(device)
outputs = model.generate(inputs, max_new_tokens=120, do_sample=False)
answer = tokenizer.decode(outputs[0])

# %% script-show
print(answer)

# %% pip-is-a-module [claim]
"""`pip` is itself a Python package, and `python -m pip` runs the one that belongs to this
Python."""
import subprocess
import sys
import sysconfig

told = subprocess.run(
    [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True
).stdout
assert sysconfig.get_path("purelib") in told

# %% pip-help
told = subprocess.run(
    [sys.executable, "-m", "pip", "install", "--help"], capture_output=True, text=True
).stdout
lines = told.splitlines()
first = next(n for n, line in enumerate(lines) if "-q, --quiet" in line)
print("\n".join(lines[first : first + 3]))

# %% pip-brings [claim]
"""Installing `transformers` alone brings no PyTorch: it is an extra. `peft` requires it,
and Transformers as well."""
from importlib.metadata import requires

needed = [line for line in requires("transformers") if "extra ==" not in line]
assert not any(line.startswith("torch") for line in needed)
assert any(line.startswith("torch") for line in requires("transformers"))
needed = [line for line in requires("peft") if "extra ==" not in line]
assert {"torch", "transformers"} <= {line.split(">")[0].strip() for line in needed}

# %% import-is-a-name [claim]
"`from peft import PeftModel` binds one name to one class; it loads no model."
import peft.peft_model

assert PeftModel is peft.peft_model.PeftModel
assert isinstance(PeftModel, type)

# %% auto-looks-up [claim]
"""An `Auto` class reads `model_type` from the checkpoint's configuration and looks up
which class goes with it."""
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

kind = AutoConfig.from_pretrained(checkpoint).model_type
assert kind == "gpt_bigcode"
assert MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[kind] == type(base).__name__

# %% auto-makes-nothing raises="OSError"
"An `Auto` class is only that: a way to find another class. It has no objects."
AutoModelForCausalLM(AutoConfig.from_pretrained(checkpoint))

# %% not-pythons-tokenize [claim]
"""Python's own module `tokenize` has no part in this: it splits Python source by Python's
grammar, and a tokenizer splits any text by what it was trained on."""
import io
import tokenize

line = "total = price * 2"
by_python = [
    token.string for token in tokenize.generate_tokens(io.StringIO(line).readline)
]
by_model = [tokenizer.decode(token) for token in tokenizer.encode(line)]
assert by_python[:5] == ["total", "=", "price", "*", "2"]
assert "".join(by_model) == line
assert by_model != by_python
assert type(tokenizer).__module__.startswith("transformers.")

# %% small
small = "models/stdlib-coder"
small_adapter = f"{small}/adapters/lora"


def fresh_base(**options):
    """The small base model, loaded once more: wrapping changes a model."""
    return AutoModelForCausalLM.from_pretrained(small, **options)


# %% checkpoint-files
from pathlib import Path

for path in sorted(Path(small).iterdir()):
    if path.is_file() and path.suffix in (".json", ".safetensors"):
        print(path.name)

# %% weights-by-name [claim]
"""The weights in the checkpoint are the model's own, name by name; only the output layer
is missing, since it is the input layer over again."""
from safetensors.torch import load_file

saved = load_file(f"{small}/model.safetensors")
plain = fresh_base()
weights = plain.state_dict()
assert set(weights) - set(saved) == {"lm_head.weight"}
assert all((weights[name] == saved[name]).all() for name in saved)
assert plain.lm_head.weight is plain.transformer.wte.weight

# %% eval-mode [claim]
"`from_pretrained` gives a model that is ready for use: dropout is off."
assert not plain.training

# %% model-to [claim]
"`model.to(device)` moves the model where it stands and gives the same model back."
import torch

moved = plain.to("meta")  # a device that every machine has; it keeps shapes only
assert moved is plain
assert plain.device.type == "meta"

# %% tensor-to [claim]
"""`tensor.to(device)` changes nothing and gives another tensor, unless the tensor is
there already."""
ids = torch.tensor([[1, 2, 3]])
moved = ids.to("meta")
assert moved is not ids
assert ids.device.type == "cpu"
assert ids.to("cpu") is ids

# %% arguments
import inspect

for parameter in inspect.signature(PeftModel.from_pretrained).parameters.values():
    print(parameter.replace(annotation=inspect.Parameter.empty))

# %% model-id [claim]
"""`model_id` names a folder or a repository; what kind of adapter it holds stands in its
`adapter_config.json`."""
import json

wrapped = PeftModel.from_pretrained(fresh_base(dtype="float32"), small_adapter)
config = json.loads(Path(small_adapter, "adapter_config.json").read_text())
assert wrapped.peft_config["default"].peft_type == config["peft_type"]

# %% adapter-name [claim]
"An adapter is called `default` unless `adapter_name` says otherwise."
named = PeftModel.from_pretrained(fresh_base(), small_adapter, adapter_name="mine")
assert list(wrapped.peft_config) == ["default"]
assert list(named.peft_config) == ["mine"]

# %% is-trainable [claim]
"With `is_trainable=True` the adapter's weights can be trained, and no others."
trained = PeftModel.from_pretrained(fresh_base(), small_adapter, is_trainable=True)
grows = {name for name, w in trained.named_parameters() if w.requires_grad}
assert grows
assert all("lora_" in name for name in grows)
assert len(grows) == len(load_file(f"{small_adapter}/adapter_model.safetensors"))

# %% config-given [claim]
"`config` takes the place of the adapter's own configuration."
from peft import PeftConfig

twice = PeftConfig.from_pretrained(small_adapter)
twice.lora_alpha *= 2
louder = PeftModel.from_pretrained(fresh_base(), small_adapter, config=twice)
scale = louder.base_model.model.transformer.h[0].attn.c_attn.scaling["default"]
before = wrapped.base_model.model.transformer.h[0].attn.c_attn.scaling["default"]
assert scale == 2 * before

# %% autocast [claim]
"""Beside a base in 16 bits, the adapter is kept in 32, unless
`autocast_adapter_dtype=False`."""


def adapter_dtype(**options):
    half = fresh_base(dtype=torch.bfloat16)
    loaded = PeftModel.from_pretrained(half, small_adapter, **options)
    return next(w.dtype for name, w in loaded.named_parameters() if "lora_" in name)


assert adapter_dtype() == torch.float32
assert adapter_dtype(autocast_adapter_dtype=False) == torch.bfloat16

# %% low-memory [claim]
"`low_cpu_mem_usage=True` loads the same adapter without making random weights first."
lean = PeftModel.from_pretrained(
    fresh_base(dtype="float32"), small_adapter, low_cpu_mem_usage=True
)
loaded, expected = lean.state_dict(), wrapped.state_dict()
assert all(torch.equal(loaded[name], expected[name]) for name in loaded)

# %% merging [claim]
"""`merge_and_unload` adds the adapter into the base's weights and leaves a plain model;
its results differ in the last digits only."""
ids = torch.arange(40)[None]
expected = wrapped(ids).logits
merged = wrapped.merge_and_unload()
assert type(merged) is type(fresh_base())
assert not any("lora_" in name for name, _ in merged.named_modules())
assert not torch.equal(merged(ids).logits, expected)
assert torch.allclose(merged(ids).logits, expected, atol=1e-3)

# %% encode-list [claim]
"Without `return_tensors`, `encode` gives a plain list of integers."
listed = tokenizer.encode(prompt)
assert type(listed) is list
assert all(type(token) is int for token in listed)

# %% encode-batch [claim]
"""With `return_tensors="pt"` there is one dimension more, for the batch: a model takes
several texts at a time, and one text is a batch of one."""
assert inputs.shape == (1, len(listed))
assert inputs[0].tolist() == listed

# %% call-gives-more [claim]
"Calling the tokenizer gives the same ids, and the attention mask with them."
batch = tokenizer(prompt, return_tensors="pt")
assert torch.equal(batch["input_ids"], inputs.cpu())
assert batch["attention_mask"].shape == inputs.shape
assert batch["attention_mask"].all()

# %% first-argument [claim]
"What `generate` takes first are the input ids."
short = dict(max_new_tokens=8, do_sample=False, pad_token_id=tokenizer.eos_token_id)
mask = torch.ones_like(inputs)
by_place = model.generate(inputs, attention_mask=mask, **short)
by_name = model.generate(input_ids=inputs, attention_mask=mask, **short)
assert torch.equal(by_place, by_name)

# %% mask-assumed [claim]
"Where a tokenizer has no token for padding, a missing mask means that all tokens count."
assert tokenizer.pad_token is None
assert torch.equal(model.generate(inputs, **short), by_place)

# %% greedy-is-argmax [claim]
"""Greedy decoding takes, at each step, the token with the largest logit for the last
position."""
with torch.no_grad():
    ids = inputs
    for _ in range(8):
        best = model(ids).logits[:, -1].argmax(dim=-1, keepdim=True)
        ids = torch.cat([ids, best], dim=1)
        if best.item() == tokenizer.eos_token_id:
            break
assert torch.equal(ids, by_place)

# %% no-gradients [claim]
"`generate` keeps nothing for training: it computes no gradients, even where they are on."
assert torch.is_grad_enabled()
told = model.generate(
    inputs,
    attention_mask=mask,
    **short,
    return_dict_in_generate=True,
    output_logits=True,
)
assert not told.logits[0].requires_grad

# %% stops [claim]
"Generation ends with the end-of-text token, or when it has added `max_new_tokens`."
added = outputs[0, inputs.shape[1] :]
ended = added[-1].item() == tokenizer.eos_token_id
assert ended or len(added) == 120
assert tokenizer.eos_token_id not in added[:-1].tolist()

# %% skip-special [claim]
"`skip_special_tokens=True` leaves out the tokens in `all_special_ids`, and no others."
special = set(tokenizer.all_special_ids)
kept = [token for token in outputs[0].tolist() if token not in special]
assert tokenizer.decode(outputs[0], skip_special_tokens=True) == tokenizer.decode(kept)

# %% pieces-join [claim]
"""A token is a piece of text, not a word: decoded one by one and joined, the pieces give
the text."""
pieces = [tokenizer.decode(token) for token in inputs[0]]
assert "".join(pieces) == prompt
assert len(pieces) != len(prompt.split())
