"""The code of the page "index out of range in self"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

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

# %% prompt-repeats raises="IndexError"
from peft import PeftModel

tuned = PeftModel.from_pretrained(model, "models/stdlib-coder/adapters/prompt-tuning")
asked = tokenizer("Question: Reverse the digits.\n\nAnswer:", return_tensors="pt")
tuned.generate(**asked, do_sample=False, max_new_tokens=30, pad_token_id=0)

# %% prompt-once [claim]
"Without the cache the same model answers, with its prompt in front once."
options = dict(do_sample=False, max_new_tokens=30, pad_token_id=0)
answer = tuned.generate(**asked, **options, use_cache=False)
new = answer[0, asked.input_ids.shape[1] :]
last = tuned(input_ids=answer[:, :-1]).logits[0, -1].argmax()
assert len(new) == 30 or new[-1] == tokenizer.eos_token_id
assert last == answer[0, -1]

# %% one-row-each [claim]
"""`resize_token_embeddings` gives the input and the output exactly as many rows as you say,
and notes the number in the configuration."""
rows = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
rows.resize_token_embeddings(len(tokenizer), mean_resizing=False)
assert rows.get_input_embeddings().weight.shape[0] == len(tokenizer)
assert rows.get_output_embeddings().weight.shape[0] == len(tokenizer)
assert rows.config.vocab_size == len(tokenizer)

# %% nothing-is-cut [claim]
"""A tokenizer cuts nothing unless you say `truncation=True`, however long the text is."""
assert len(tokenizer(text).input_ids) > longest
assert len(tokenizer(text, truncation=True, max_length=longest).input_ids) == longest
