"""The code of the page "index out of range in self"."""

# %% mend
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
model = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
tokenizer.add_special_tokens({"pad_token": "<pad>"})
text, longest = "a = 1\n" * 2000, model.config.max_position_embeddings

model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
cut = {"truncation": True, "max_length": longest}
inputs = tokenizer(text, **cut, return_tensors="pt")
model(**inputs)

# %% mended
import torch

print("tokens:", len(tokenizer), "rows:", model.get_input_embeddings().weight.shape[0])
print("positions:", longest, "in this text:", inputs.input_ids.shape[1])
assert model(torch.tensor([[tokenizer.pad_token_id]])).logits.isfinite().all()
assert inputs.input_ids.shape[1] == longest

# %% raised raises="IndexError"
model = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
model(torch.tensor([[tokenizer.pad_token_id]]))

# %% too-long raises="IndexError"
model(torch.zeros(1, longest + 1, dtype=torch.long))
