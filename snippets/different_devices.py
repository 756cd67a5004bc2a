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
