"""The code of the page "Deep dive": load a model, wrap it with an adapter, ask it."""

# %% versions
from importlib.metadata import version

for package in ("torch", "transformers", "peft"):
    print(package, version(package))

# %% peft-is [claim] draft="PEFT is a module that comes from BigCode" verdict="misleading"
"PEFT is a package of Hugging Face, not of BigCode."
from importlib.metadata import metadata

assert "HuggingFace" in metadata("peft")["Author"]
assert metadata("peft")["Home-page"] == "https://github.com/huggingface/peft"

# %% pip-editable
import subprocess
import sys

fork = "git+https://github.com/bigcode-project/astraios#subdirectory=peft"
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
refused = subprocess.run(
    [*pip, "install", "--editable", fork], capture_output=True, text=True
)
print("exit code", refused.returncode)
print(refused.stderr.strip())

# %% imports
import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

import bottleneck  # teaches PEFT the adapters of Astraios

# %% parameters
checkpoint = "models/stdlib-coder"
peft_checkpoint = "models/stdlib-coder/adapters/lora"
device = "cpu"
dtype = "float32"

# %% real-size
from transformers import GPTBigCodeConfig

starcoderbase_7b = GPTBigCodeConfig(
    vocab_size=49152, n_positions=8192, n_embd=4096, n_layer=42, n_head=32,
    multi_query=True, bos_token_id=0, eos_token_id=0,
)  # fmt: skip
with torch.device("meta"):  # shapes without numbers: no memory is taken
    shape = AutoModelForCausalLM.from_config(starcoderbase_7b)
print(f"{shape.num_parameters():,} parameters")
print(f"{shape.num_parameters() * 2 / 1e9:.1f} GB at two bytes each")

# %% load-tokenizer
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
tokenizer

# %% load-base
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)
print(type(base).__name__)
print(f"{base.num_parameters():,} parameters")
print(base.dtype, "on", base.device)

# %% device-string [claim] draft="setting device to cuda makes the script use the GPU if there is one" verdict="false"
"Naming a device moves nothing: after `from_pretrained` the model is on the CPU."
assert base.device.type == "cpu"

# %% no-default-dtype [claim] draft="a model loads in 32-bit floats unless told otherwise" verdict="changed"
"""Without `dtype=`, Transformers 5 loads a model in the number type that its
checkpoint names."""
named = AutoConfig.from_pretrained(checkpoint).dtype
assert AutoModelForCausalLM.from_pretrained(checkpoint).dtype == named

# %% choose-device
available = "cuda" if torch.cuda.is_available() else "cpu"
print("this machine has:", available)
print("this page uses:  ", device)
base = base.to(device)

# %% prompt
question = "Please write a function in Python that performs bubble sort."
prompt = f"Question: {question}\n\nAnswer:"
print(prompt)

# %% broken-prompt raises="SyntaxError"
"""A plain double-quoted string cannot run over several lines. The `\\n\\n` in the
prompt is there for that."""
compile('prompt = "Question: Please write a function.\n\nAnswer:"', "prompt.py", "exec")

# %% tokenise
inputs = tokenizer(prompt, return_tensors="pt").to(device)
print({name: tuple(tensor.shape) for name, tensor in inputs.items()})
print(inputs["input_ids"][0, :8].tolist())
print([tokenizer.decode(token) for token in inputs["input_ids"][0, :8]])

# %% encode-gives [claim] draft="encode with return_tensors gives PyTorch tensors" verdict="true"
"""`encode(…, return_tensors="pt")` gives the ids alone, as int64 of shape (1, n) on
the CPU; the attention mask is missing."""
ids = tokenizer.encode(prompt, return_tensors="pt")
assert isinstance(ids, torch.Tensor)
assert ids.dtype == torch.int64
assert ids.shape == (1, len(tokenizer.encode(prompt)))
assert ids.device.type == "cpu"
assert "attention_mask" in inputs

# %% encode-adds-nothing [claim] draft="encode adds the special tokens that the model expects" verdict="false"
"This tokenizer adds no special tokens of its own."
assert tokenizer.encode(prompt) == tokenizer.encode(prompt, add_special_tokens=False)

# %% round-trip [claim] draft="decode is the reverse of encode" verdict="true"
"Decoding what was encoded gives the same text back."
assert tokenizer.decode(tokenizer.encode(prompt)) == prompt

# %% tensors-tf raises="ValueError"
"TensorFlow tensors are no longer on offer."
tokenizer(prompt, return_tensors="tf")

# %% generate-base
stop = dict(do_sample=False, pad_token_id=tokenizer.eos_token_id)
output = base.generate(**inputs, **stop, max_new_tokens=48)
print(tokenizer.decode(output[0]))

# %% wrap
model = PeftModel.from_pretrained(base, peft_checkpoint)
print(type(model).__name__)
print(model.peft_config["default"].peft_type)
print("trainable parameters:", model.get_nb_trainable_parameters()[0])

# %% wrap-class [claim] draft="PeftModel is a base class for adapted models" verdict="true"
"""`PeftModel.from_pretrained` gives a `PeftModelForCausalLM`, and that is a PyTorch
module like any other."""
assert type(model).__name__ == "PeftModelForCausalLM"
assert isinstance(model, torch.nn.Module)

# %% wrap-frozen [claim] draft="from_pretrained gives a model that is prepared for fine-tuning" verdict="false"
"It loads for use, not for training: nothing is trainable, and dropout is off."
assert model.get_nb_trainable_parameters()[0] == 0
assert not model.training

# %% wrap-in-place [claim] draft="nothing: what wrapping does to the base model was left out" verdict="trap"
"""Wrapping changes the base model itself: the object inside is the one that went in,
and it now holds the adapter."""
assert model.get_base_model() is base
assert any("lora_" in name or "adapter_" in name for name, _ in base.named_modules())

# %% adapter-size
adapter = sum(
    weights.numel()
    for name, weights in model.named_parameters()
    if "lora_" in name or "adapter_" in name
)
print(f"the adapter has {adapter:,} parameters")
print(f"that is {adapter / base.num_parameters():.1%} of all")

# %% generate
output = model.generate(**inputs, **stop, max_new_tokens=200)
print(tokenizer.decode(output[0]))

# %% prompt-comes-back [claim] draft="generate produces the tokens of the answer" verdict="incomplete"
"""The output starts with the prompt: `generate` gives back what it was given, then
what it added."""
n = inputs["input_ids"].shape[1]
assert torch.equal(output[:, :n], inputs["input_ids"])

# %% default-length [claim] draft="generate needs nothing but the input" verdict="changed"
"Without a length, and without a reason to stop, Transformers 5 adds 20 tokens."
short = model.generate(**inputs, **stop, suppress_tokens=[tokenizer.eos_token_id])
assert short.shape[1] - n == 20
assert model.generation_config.max_new_tokens is None

# %% greedy-repeats [claim]
"Greedy decoding has no chance in it: the same prompt gives the same tokens."
again = model.generate(**inputs, **stop, max_new_tokens=200)
assert torch.equal(output, again)

# %% decode-keeps [claim] draft="decode leaves special tokens out by default" verdict="false"
"`decode` keeps special tokens unless you ask it not to."
assert tokenizer.decode([tokenizer.eos_token_id]) == "<|endoftext|>"
assert tokenizer.decode([tokenizer.eos_token_id], skip_special_tokens=True) == ""

# %% decode-answer
answer = tokenizer.decode(output[0, n:], skip_special_tokens=True).strip()
print(answer)

# %% run-answer
check = """
import types
sort = next(f for f in list(globals().values()) if isinstance(f, types.FunctionType))
print(sort.__name__, sort([5, 2, 9, 1, 5, 6]))
"""
command = [sys.executable, "-I", "-c", f"{answer}\n{check}"]
ran = subprocess.run(command, capture_output=True, text=True, timeout=10)
print(ran.stdout or ran.stderr.splitlines()[-1])

# %% answer-sorts [claim]
"Here the answer is a function that sorts."
assert "[1, 2, 5, 5, 6, 9]" in ran.stdout

# %% adapter-off
with model.disable_adapter():
    output = model.generate(**inputs, **stop, max_new_tokens=48)
print(tokenizer.decode(output[0, n:]))
