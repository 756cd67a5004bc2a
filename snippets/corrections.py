"""The code of the page "What the first draft got wrong": claims that no other page makes."""

# %% imports
import subprocess
import sys
import warnings

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% model
checkpoint = "models/stdlib-coder"
peft_checkpoint = "models/stdlib-coder/adapters/lora"

# %% load
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
base = AutoModelForCausalLM.from_pretrained(checkpoint)
model = PeftModel.from_pretrained(base, peft_checkpoint)

# %% prompt [claim] draft="a prompt in plain double quotes may run over several lines" verdict="false"
"""A string in plain double quotes cannot hold the end of a line as such; write `\\n`
where a line should end."""
refused = ""
try:
    compile('prompt = "Question: bubble sort?\n\nAnswer:"', "draft.py", "exec")
except SyntaxError as error:
    refused = error.msg
assert "unterminated string literal" in refused
assert eval(r'"Question\n\nAnswer"').splitlines() == ["Question", "", "Answer"]

# %% padding [claim] draft="nothing: that a batch of prompts needs padding was left out" verdict="trap"
"This tokenizer has no token for padding, and refuses to pad until you name one."
texts, refused = ["a = 1", "for item in items:"], ""
short, long = tokenizer(texts)["input_ids"]
try:
    tokenizer(texts, padding=True)
except ValueError as error:
    refused = str(error)
assert "does not have a padding token" in refused
tokenizer.pad_token = tokenizer.eos_token
filled = [*short, *[tokenizer.eos_token_id] * (len(long) - len(short))]
assert tokenizer(texts, padding=True)["input_ids"] == [filled, long]

# %% pip-editable [claim] draft="pip install -e with the address of the fork's peft folder installs it" verdict="false"
"""`pip install -e` refuses the address of a repository that names no project, also where
it names a folder inside."""
fork = "git+https://github.com/bigcode-project/astraios"
for address in (fork, f"{fork}#subdirectory=peft"):
    command = [sys.executable, "-m", "pip", "install", "--editable", address]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "Could not detect requirement name" in refused.stderr

# %% pip-quiet [claim] draft="-q may be given up to three times" verdict="true"
"""`-q` takes away a level of pip's messages, and so do a second and a third: what is told,
then warnings, then errors. What is critical stays."""
absent = "install --no-index --find-links nowhere not-there"  # critical, in the end
told = []
for quiet in ([], ["-q"], ["-qq"], ["-qqq"]):
    for words in (absent.split(), ["config"]):  # `config` alone is an error
        command = [sys.executable, "-m", "pip", *words, *quiet]
        ran = subprocess.run(command, capture_output=True, text=True)
        told.append(ran.stdout + ran.stderr)
places, errors = told[::2], told[1::2]
assert ["Looking in links" in text for text in places] == [True, False, False, False]
assert ["WARNING" in text for text in places] == [True, True, False, False]
assert ["Need an action" in text for text in errors] == [True, True, True, False]
assert all("No matching distribution" in text for text in places)

# %% tensorflow [claim] draft="return_tensors takes tf for TensorFlow" verdict="changed"
"A tokenizer gives PyTorch and NumPy arrays, and refuses to give TensorFlow's."
assert isinstance(tokenizer("def f():", return_tensors="pt")["input_ids"], torch.Tensor)
assert isinstance(tokenizer("def f():", return_tensors="np")["input_ids"], np.ndarray)
refused = ""
try:
    tokenizer("def f():", return_tensors="tf")
except ValueError as error:
    refused = str(error)
assert refused.startswith("tf is not a valid TensorType")

# %% one-row [claim] draft="decode takes outputs[0], the first row of the output" verdict="true"
"`decode` gives a string for one row of tokens, and a list of strings for several."
rows = torch.tensor([tokenizer.encode("a = 1"), tokenizer.encode("b = 2")])
assert tokenizer.decode(rows[0]) == "a = 1"
assert tokenizer.decode(rows) == ["a = 1", "b = 2"]

# %% frameworks [claim] draft="PEFT works with models of any framework" verdict="false"
"PEFT is for PyTorch: its models are PyTorch modules, and it asks for no other framework."
from importlib.metadata import requires

assert issubclass(PeftModel, torch.nn.Module)
assert any(line.startswith("torch") for line in requires("peft"))
assert not any(
    line.startswith(("tensorflow", "jax", "flax")) for line in requires("peft")
)

# %% loads-only [claim] draft="from_pretrained fine-tunes a small number of parameters" verdict="false"
"`PeftModel.from_pretrained` trains nothing: the adapter's weights are those of its file."
saved = load_file(f"{peft_checkpoint}/adapter_model.safetensors")
loaded = {
    name.replace(".default", ""): weights
    for name, weights in model.state_dict().items()
    if "lora_" in name
}
assert loaded.keys() == saved.keys()
assert all(
    torch.equal(loaded[name].to(saved[name].dtype), saved[name]) for name in saved
)

# %% set-adapter [claim] draft="nothing: what set_adapter does to training was left out" verdict="trap"
"""`set_adapter` turns the training of a frozen adapter back on, unless it is told
`inference_mode=True`."""
assert model.get_nb_trainable_parameters()[0] == 0
model.set_adapter("default")
assert model.get_nb_trainable_parameters()[0] > 0
model.set_adapter("default", inference_mode=True)
assert model.get_nb_trainable_parameters()[0] == 0
