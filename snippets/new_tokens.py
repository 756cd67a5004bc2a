"""The code of the page "New tokens"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")
warnings.formatwarning = lambda text, kind, *_, **__: f"{kind.__name__}: {text}\n"

# %% spare
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
print(tokenizer.all_special_tokens)
tokenizer.pad_token = "<fim_pad>"
print("padding:", tokenizer.pad_token_id, "end:", tokenizer.eos_token_id)

# %% spare-needs-no-row [claim]
"""A spare token of the vocabulary pads without a resize: the model has its row, and it is
not the end token."""
rows = model.get_input_embeddings().weight.shape[0]
assert tokenizer.pad_token_id < rows
assert len(tokenizer) == rows
assert tokenizer.pad_token_id != tokenizer.eos_token_id
padded = tokenizer(["a = 1", "for item in items:"], padding=True, return_tensors="pt")
assert (padded.input_ids == tokenizer.pad_token_id).any()
assert model(**padded).logits.isfinite().all()

# %% add
print(tokenizer.tokenize("count <up>"))
added = tokenizer.add_tokens(["<up>", "<down>"])
print(tokenizer.tokenize("count <up>"))
new = tokenizer.convert_tokens_to_ids(["<up>", "<down>"])
print(added, "new, with the numbers", new, "and the model has", rows, "rows")


# %% resize
def resized():
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    model.resize_token_embeddings(len(tokenizer))
    return model


torch.manual_seed(0)
model = resized()
table = model.get_input_embeddings().weight.detach()
print(tuple(table.shape), "and in the configuration", model.config.vocab_size)
likeness = torch.cosine_similarity
print(f"two old rows are alike by {likeness(table[100], table[200], dim=0):.2f}")
print(f"the new ones by {likeness(*table[new], dim=0):.2f}")

# %% new-rows-are-means [claim]
"""By default each new row is close to the mean of the old ones. So the model cannot tell
the new tokens apart."""
for row in table[new]:
    torch.testing.assert_close(row, table[: new[0]].mean(0), atol=1e-3, rtol=0)
up, down = (model(torch.tensor([[5, each]])).logits for each in new)
torch.testing.assert_close(up, down, atol=1e-2, rtol=0)

# %% still-tied [claim]
"""The embeddings of this model are tied: the table that reads tokens is the one that scores
them. They still are after the resize."""
assert model.config.tie_word_embeddings
assert model.lm_head.weight is model.get_input_embeddings().weight

# %% task
words = [
    "count", "total", "size", "index", "width", "height", "depth", "left", "right", "start",
    "end", "step", "limit", "rank", "level", "score", "price", "offset", "length", "age",
]  # fmt: skip
learned, held_out = words[:14], words[14:]
operators = {"<up>": " +=", "<down>": " -="}


def example(word, token):
    return f"{word} {token}\n{word}{operators[token]} 1\n"


texts = [example(word, token) for word in learned for token in operators]
print(texts[0])
print(texts[1])


# %% train
def train(**settings):
    torch.manual_seed(0)
    lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM", **settings)
    model = get_peft_model(resized(), lora)
    weights = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(
        weights, lr=1e-2
    )  # for 6 million weights, not 7 billion
    for _ in range(50):
        batch = [texts[at] for at in torch.randperm(len(texts))[:6]]
        inputs = tokenizer(batch, padding=True, return_tensors="pt")
        labels = inputs.input_ids.masked_fill(inputs.attention_mask == 0, -100)
        model(**inputs, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def chosen(model, word, token):
    """The operator that the model prefers after the word."""
    inputs = tokenizer(f"{word} {token}\n{word}", return_tensors="pt")
    numbers = [tokenizer.encode(each)[0] for each in operators.values()]
    scores = model(**inputs).logits[0, -1, numbers]
    return list(operators.values())[scores.argmax()]


alone = train()
with_rows = train(trainable_token_indices=new)
for name, model in {"LoRA alone": alone, "with the new rows": with_rows}.items():
    said = [chosen(model, word, each) for word in held_out for each in operators]
    right = sum(map(str.__eq__, said, list(operators.values()) * len(held_out)))
    trained = model.get_nb_trainable_parameters()[0]
    print(f"{name:<18}{trained:>7,} numbers trained, {right} of {len(said)} right")

# %% lora-leaves-rows [claim]
"""LoRA on other layers leaves the new rows as the resize made them, and goes on taking one
token for the other: for each word it chooses the same for both."""
torch.manual_seed(0)
untouched = resized().get_input_embeddings().weight
assert torch.equal(alone.get_base_model().get_input_embeddings().weight, untouched)
for word in held_out:
    assert chosen(alone, word, "<up>") == chosen(alone, word, "<down>")

# %% rows-are-trained [claim]
"""`trainable_token_indices` trains the rows that it names and no others, here for both
uses of the tied table. The model then tells the tokens apart."""
more = (
    with_rows.get_nb_trainable_parameters()[0] - alone.get_nb_trainable_parameters()[0]
)
assert more == len(new) * untouched.shape[1]
from copy import deepcopy

merged = deepcopy(with_rows).merge_and_unload()
changed = (merged.get_input_embeddings().weight != untouched).any(1)
assert changed.nonzero().flatten().tolist() == new
assert merged.lm_head.weight is merged.get_input_embeddings().weight
said = {token: [chosen(with_rows, w, token) for w in held_out] for token in operators}
right = [each == operators[token] for token, row in said.items() for each in row]
assert sum(right) > 0.8 * len(right)

# %% whole-table
whole = LoraConfig(
    target_modules=["c_attn"], task_type="CAUSAL_LM", modules_to_save=["wte"]
)
model = get_peft_model(resized(), whole)
print(f"{model.get_nb_trainable_parameters()[0]:,} numbers can be trained")

# %% whole-table-unties [claim]
"""`modules_to_save=["wte"]` trains a copy of the whole table, and without a warning the two
uses part: after a step the reading table is another, the scoring one is the old one."""
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model = get_peft_model(resized(), whole)
assert not [each for each in said if "tie" in str(each.message)]
inputs = tokenizer(texts[0], return_tensors="pt")
old = model.lm_head.weight.clone()
model(**inputs, labels=inputs.input_ids).loss.backward()
torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=1.0).step()
reads = model.get_base_model().transformer.wte.modules_to_save["default"].weight
assert torch.equal(model.lm_head.weight, old)
assert not torch.allclose(reads, old, atol=1e-3)

# %% sizes
from pathlib import Path

with_rows.save_pretrained("tokens-and-tables")
with_rows.save_pretrained("tokens", save_embedding_layers=False)
tokenizer.save_pretrained("tokens")
for folder in ("tokens-and-tables", "tokens"):
    file = Path(folder, "adapter_model.safetensors")
    print(f"{folder:<18}{file.stat().st_size:>11,} bytes")

# %% small-file-is-enough [claim]
"""With `trainable_token_indices` the small file is enough. It holds the trained rows, and
the model that loads it gives the same logits."""
tokens = AutoTokenizer.from_pretrained("tokens")
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
base.resize_token_embeddings(len(tokens))
loaded = PeftModel.from_pretrained(base, "tokens")
inputs = tokens("count <up>\ncount", return_tensors="pt")
assert torch.equal(loaded(**inputs).logits, with_rows(**inputs).logits)

# %% not-resized raises="IndexError"
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
PeftModel.from_pretrained(base, "tokens")


# %% exercise
def check(load):
    """Whether a function loads what `tokens` was saved from, in this order: base, folder."""
    tokens, model = load(checkpoint, "tokens")
    inputs = tokens("count <down>\ncount", return_tensors="pt")
    assert new[1] in inputs.input_ids, "the tokenizer does not know <down>"
    scores = model(**inputs).logits
    assert scores.shape[-1] == len(tokens), "the model has another number of rows"
    wanted = with_rows(**inputs).logits
    assert torch.allclose(scores, wanted, atol=1e-3), "the answers are others"
    plain = not isinstance(model, PeftModel)
    assert plain, "right, but merge it: nobody who uses it should need PEFT"
    print("right")


# %% solution [folded] fold="Answer: a function"
def load(checkpoint, folder):
    tokens = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    model.resize_token_embeddings(len(tokens))
    return tokens, PeftModel.from_pretrained(model, folder).merge_and_unload()


check(load)
