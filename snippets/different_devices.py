"""The code of the page "Expected all tensors to be on the same device"."""

# %% mend
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
model = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
inputs = tokenizer("a = 1", return_tensors="pt").to(model.device)
outputs = model(**inputs)

# %% mended
assert inputs.input_ids.device == model.device == outputs.logits.device
print(model.device)

# %% raised raises="RuntimeError"
import torch

layer = torch.nn.Linear(2, 2).to("meta")
layer(torch.zeros(1, 2))

# %% what-moves [claim]
"""`.to(device)` moves a model and a tokenizer's inputs themselves. Of a tensor it gives a
copy, and the tensor stays where it is."""
inputs = tokenizer("a = 1", return_tensors="pt")
tensor = torch.zeros(1)
assert inputs.input_ids.device.type == "cpu"
assert inputs.to("meta") is inputs
assert inputs.input_ids.device.type == "meta"
assert model.to("meta") is model
assert model.device.type == "meta"
assert tensor.to("meta").device.type == "meta"
assert tensor.device.type == "cpu"
