"""The code of the page "Asking to pad but the tokenizer does not have a padding token"."""

# %% mend
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder", padding_side="left")
tokenizer.pad_token = tokenizer.eos_token
inputs = tokenizer(["a = 1", "for item in items:"], padding=True, return_tensors="pt")

# %% mended
print(inputs.input_ids)
print(inputs.attention_mask)
model = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
settings = {"max_new_tokens": 10, "pad_token_id": tokenizer.pad_token_id}
batch = model.generate(**inputs, **settings)
alone = model.generate(**tokenizer("a = 1", return_tensors="pt"), **settings)
first, same = tokenizer.batch_decode([batch[0], alone[0]], skip_special_tokens=True)
assert first == same  # the padded answer is that of the text alone

# %% raised raises="ValueError"
tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
tokenizer(["a = 1", "for item in items:"], padding=True)

# %% stop
from transformers import DataCollatorForLanguageModeling

tokenizer.pad_token = tokenizer.eos_token
example = tokenizer("a = 1" + tokenizer.eos_token)
labels = DataCollatorForLanguageModeling(tokenizer, mlm=False)([example])["labels"]
print(example["input_ids"], labels[0].tolist())
assert labels[0, -1] == -100  # the end token is not learned

# %% spare
tokenizer.pad_token = "<fim_pad>"
labels = DataCollatorForLanguageModeling(tokenizer, mlm=False)([example])["labels"]
print(example["input_ids"], labels[0].tolist())
assert labels[0, -1] == tokenizer.eos_token_id

# %% any-token-will-do [claim]
"""For generation any padding token will do: the mask hides it, and the answer is the same."""
answers = {}
for token in ("<|endoftext|>", "<fim_pad>", "a"):
    padded = AutoTokenizer.from_pretrained("models/stdlib-coder", padding_side="left")
    padded.pad_token = token
    batch = padded(["a = 1", "for item in items:"], padding=True, return_tensors="pt")
    assert batch.input_ids[0, 0] == padded.convert_tokens_to_ids(token)
    answer = model.generate(**batch, max_new_tokens=10, pad_token_id=0)
    answers[token] = answer[:, batch.input_ids.shape[1] :].tolist()
assert answers["<fim_pad>"] == answers["<|endoftext|>"]
assert answers["a"] == answers["<|endoftext|>"]
