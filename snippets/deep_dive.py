"""The code of the page "Deep dive": load a model, wrap it with an adapter, ask it."""

# %% peft-is [claim] draft="PEFT is a module that comes from BigCode" verdict="misleading"
"PEFT is a package of Hugging Face, not of BigCode."
from importlib.metadata import metadata

assert "HuggingFace" in metadata("peft")["Author"]
assert metadata("peft")["Home-page"] == "https://github.com/huggingface/peft"

# %% imports
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import bottleneck  # teaches PEFT the adapters of Astraios

# %% versions
from importlib.metadata import version

for package in ("torch", "transformers", "peft"):
    print(package, version(package))

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

# %% parameters
checkpoint = "models/stdlib-coder"
peft_checkpoint = "models/stdlib-coder/adapters/lora"
device = "cpu"
dtype = "float32"

# %% load-tokenizer
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
tokenizer

# %% load-base
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)
print(type(base).__name__)
print(f"{base.num_parameters():,} parameters")
print(base.dtype, "on", base.device)

# %% device-string [claim] draft="setting device to cuda makes the script use the GPU if there is one" verdict="false"
"""A variable that holds a device's name does nothing by itself: unless something else
says so, the model goes to the CPU."""
wanted = "meta"  # a device that every machine has; nothing reads the variable
config = GPTBigCodeConfig(n_embd=16, n_layer=1, n_head=2, n_positions=16)
small = AutoModelForCausalLM.from_config(config)  # another model, saved and loaded
small.save_pretrained("small")
assert AutoModelForCausalLM.from_pretrained("small").device.type == "cpu"

# %% choose-device
available = "cuda" if torch.cuda.is_available() else "cpu"
print("this machine has:", available)
print("this page uses:  ", device)
base = base.to(device)

# %% no-default-dtype [claim] draft="a model loads in 32-bit floats unless told otherwise" verdict="changed"
"""Without `dtype=`, Transformers 5 loads a model in the number type that its
checkpoint names."""
for named in (torch.float32, torch.bfloat16):
    small.to(named).save_pretrained("small")
    assert AutoModelForCausalLM.from_pretrained("small").dtype == named

# %% prompt
question = "Please write a function in Python that performs bubble sort."
prompt = f"Question: {question}\n\nAnswer:"
print(prompt)

# %% tokenise
inputs = tokenizer(prompt, return_tensors="pt").to(device)
n = inputs["input_ids"].shape[1]  # tokens in the prompt
print({name: tuple(tensor.shape) for name, tensor in inputs.items()})
print(inputs["input_ids"][0, :8].tolist())
print([tokenizer.decode(token) for token in inputs["input_ids"][0, :8]])

# %% plain-lists [claim]
"Without `return_tensors=`, what the tokenizer gives holds plain lists of whole numbers."
plain = tokenizer(prompt)
assert {"input_ids", "attention_mask"} <= plain.keys()
assert all(type(column) is list for column in plain.values())
assert all(type(each) is int for column in plain.values() for each in column)

# %% encode-gives [claim] draft="encode with return_tensors gives PyTorch tensors" verdict="true"
"""`encode(…, return_tensors="pt")` gives the ids alone, as int64 of shape (1, n) on
the CPU; the attention mask is missing."""
ids = tokenizer.encode(prompt, return_tensors="pt")
assert isinstance(ids, torch.Tensor)
assert ids.dtype == torch.int64
assert ids.tolist() == [tokenizer.encode(prompt)]
assert ids.device.type == "cpu"
assert "attention_mask" in inputs

# %% encode-adds-nothing [claim] draft="encode adds the special tokens that the model expects" verdict="misleading"
"This tokenizer adds no special tokens of its own."
assert tokenizer.encode(prompt) == tokenizer.encode(prompt, add_special_tokens=False)

# %% round-trip [claim] draft="decode is the reverse of encode" verdict="true"
"With this tokenizer, decoding what was encoded gives the same text back."
for text in (prompt, "a , b .  c\t\n", "é 漢 🙂"):
    assert tokenizer.decode(tokenizer.encode(text)) == text

# %% generate-base
greedy = dict(do_sample=False, pad_token_id=tokenizer.eos_token_id)
output = base.generate(**inputs, **greedy, max_new_tokens=48)
print(tokenizer.decode(output[0]))

# %% base-does-not-answer [claim] about="checkpoint"
"There is no function in what the base model adds to the question."
added = tokenizer.decode(output[0, n:])
assert "def " not in added

# %% logits-before
with torch.no_grad():  # nothing is to be trained here
    base_logits = base(**inputs).logits
print(tuple(base_logits.shape))

# %% highest-score [claim]
"""The token that greedy decoding adds is the one with the highest score after the last
token."""
one_more = base.generate(**inputs, **greedy, max_new_tokens=1)
assert one_more[0, -1] == base_logits[0, -1].argmax()

# %% tree-before
old_c_attn = base.transformer.h[0].attn.c_attn
old_weight = old_c_attn.weight.clone()
print(base.transformer.h[0].attn)

# %% wrap
model = PeftModel.from_pretrained(base, peft_checkpoint)
print(type(model).__name__)
print(model.peft_config["default"].peft_type)
print("trainable parameters:", model.get_nb_trainable_parameters()[0])

# %% wrap-class [claim] draft="PeftModel is a base class for adapted models" verdict="true"
"""For an adapter whose task is `CAUSAL_LM`, `PeftModel.from_pretrained` gives a
`PeftModelForCausalLM`: a `PeftModel`, and a PyTorch module like any other."""
assert model.peft_config["default"].task_type == "CAUSAL_LM"
assert type(model).__name__ == "PeftModelForCausalLM"
assert isinstance(model, PeftModel)
assert isinstance(model, torch.nn.Module)

# %% wrap-frozen [claim] draft="from_pretrained gives a model that is prepared for fine-tuning" verdict="false"
"It loads for use, not for training: no weight is trainable, and dropout is off."
assert model.get_nb_trainable_parameters()[0] == 0
assert not any(part.training for part in model.modules())
dropouts = [part for part in model.modules() if isinstance(part, torch.nn.Dropout)]
assert dropouts
assert all(torch.equal(part(old_weight), old_weight) for part in dropouts)

# %% wrap-in-place [claim] draft="nothing: what wrapping does to the base model was left out" verdict="trap"
"""Wrapping with an adapter of this kind changes the base model itself: the object inside
is the one that went in, and it now holds the adapter."""
assert model.get_base_model() is base
assert any("lora_" in name or "adapter_" in name for name, _ in base.named_modules())

# %% tree-after
print(base.transformer.h[0].attn.c_attn)

# %% old-inside [claim]
"The old layer is still there, with the same weights, inside the new one."
assert base.transformer.h[0].attn.c_attn.get_base_layer() is old_c_attn
assert torch.equal(old_c_attn.weight, old_weight)

# %% adds-beside [claim] about="peft_checkpoint"
"""What the new layer gives is what the old one gives, and lora_alpha / r times B of A of the
input. `r` is how many numbers A gives."""
settings = model.peft_config["default"]
layer, x = base.transformer.h[0].attn.c_attn, base.transformer.wte(inputs["input_ids"])
narrow = layer.lora_A["default"](x)
assert narrow.shape[-1] == settings.r
beside = settings.lora_alpha / settings.r * layer.lora_B["default"](narrow)
torch.testing.assert_close(layer(x), old_c_attn(x) + beside, rtol=1e-4, atol=1e-4)
assert beside.abs().max() > 0.1

# %% adapter-size
adapter = sum(
    weights.numel()
    for name, weights in model.named_parameters()
    if "lora_" in name or "adapter_" in name
)
print(f"the adapter has {adapter:,} parameters")
without = base.num_parameters() - adapter  # `base` holds the adapter now
print(f"that is {adapter / without:.1%} of the {without:,} without it")

# %% logits-after
with torch.no_grad():
    logits = model(**inputs).logits
change = (logits - base_logits).abs()
print(f"changed by {change.mean():.1f} on average, by {change.max():.1f} at most")
for name, scores in (("base model", base_logits), ("adapter", logits)):
    best = scores[0, -1].float().softmax(-1).topk(3)
    likely = [
        f"{tokenizer.decode(token)!r} {probability:.1%}"
        for token, probability in zip(best.indices, best.values, strict=True)
    ]
    print(f"{name:<10}", ", ".join(likely))

# %% sure [claim] about="checkpoint peft_checkpoint"
"""The base model gave no token a tenth of the probability. With the adapter, the end of the
line has nearly all of it."""
before, after = (each[0, -1].softmax(-1) for each in (base_logits, logits))
assert before.max() < 0.1
assert after.max() > 0.999
assert tokenizer.decode(after.argmax()) == "\n"

# %% logits-change [claim]
"The adapter changes the logits, though the weights of the layer shown above are the same."
assert not torch.allclose(logits, base_logits, atol=0.01)
assert torch.equal(old_c_attn.weight, old_weight)

# %% generate
output = model.generate(**inputs, **greedy, max_new_tokens=200)
print(tokenizer.decode(output[0]))

# %% prompt-comes-back [claim] draft="generate produces the tokens of the answer" verdict="incomplete"
"""The output starts with the prompt: `generate` gives back what it was given, then
what it added."""
assert torch.equal(output[:, :n], inputs["input_ids"])

# %% greedy-repeats [claim]
"""Greedy decoding draws nothing by chance: it leaves PyTorch's random numbers where they
were, and the same prompt, asked again, gave the same tokens."""
state = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
again = model.generate(**inputs, **greedy, max_new_tokens=200)
now = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
assert all(map(torch.equal, state, now))
assert torch.equal(output, again)

# %% token-view [tokens folded]
kept = model.generate(
    **inputs, **greedy, max_new_tokens=40,
    return_dict_in_generate=True, output_logits=True,
)  # fmt: skip
tokens = []
for token, scores in zip(kept.sequences[0, n:], kept.logits, strict=True):
    probabilities = scores[0].float().softmax(-1)
    best = probabilities.topk(4).indices
    others = [other for other in best if other != token][:3]
    tokens.append({
        "id": int(token),
        "token": tokenizer.decode(token),
        "probability": round(float(probabilities[token]), 4),
        "others": [
            (tokenizer.decode(other), round(float(probabilities[other]), 4))
            for other in others
        ],
    })  # fmt: skip
tokens

# %% sample
chance = dict(do_sample=True, pad_token_id=tokenizer.eos_token_id, max_new_tokens=30)
torch.manual_seed(0)
drawn = model.generate(**inputs, **chance, temperature=1.5, num_return_sequences=3)
for row in drawn:
    print(repr(tokenizer.decode(row[n:])))

# %% seed-repeats [claim]
"Sampling again after the same seed gave the same tokens here, and after another seed others."
three = dict(chance, temperature=1.5, num_return_sequences=3)
torch.manual_seed(0)
assert torch.equal(model.generate(**inputs, **three), drawn)
torch.manual_seed(1)
others = model.generate(**inputs, **three)
assert others.shape != drawn.shape or (others != drawn).any(1).all()

# %% temperature-divides [claim]
"""The scores that are drawn from are the logits divided by the temperature. So one of 0.5
makes the likeliest token likelier, and one of 2 makes it less likely."""
look = dict(return_dict_in_generate=True, output_scores=True, output_logits=True)
for temperature in (0.5, 2.0):
    warm = model.generate(**inputs, **chance, **look, temperature=temperature, top_k=0)
    for scores, raw in zip(warm.scores, warm.logits, strict=True):
        torch.testing.assert_close(scores, raw / temperature)
        drawn_from, plain = scores.softmax(-1).max(), raw.softmax(-1).max()
        assert drawn_from >= plain if temperature < 1 else drawn_from <= plain

# %% choose-a-draw [folded table] choose="temperature, draw"
"Four draws at each of four temperatures."
longer = {**chance, "max_new_tokens": 90, "num_return_sequences": 4}
table = []
for temperature in (0.5, 1.0, 1.5, 2.0):
    torch.manual_seed(0)
    four = model.generate(**inputs, **longer, temperature=temperature)
    for draw, row in enumerate(four, start=1):
        text = tokenizer.decode(row[n:], skip_special_tokens=True).strip("\n")
        table.append({"temperature": temperature, "draw": draw, "answer": text})
table

# %% top-fifty [claim]
"""Unless you say otherwise, or the checkpoint does, the draw is among the 50 most
probable tokens, and those that tie with the last: `top_k` is 50."""
kept = model.generate(**inputs, **chance, **look)
for scores, raw in zip(kept.scores, kept.logits, strict=True):
    left = (scores[0] > -torch.inf).nonzero().flatten()
    best = (raw[0] >= raw[0].topk(50).values[-1]).nonzero().flatten()
    assert left.tolist() == best.tolist()
assert model.generation_config.top_k is None

# %% top-one [claim]
"""`top_k=1` leaves the most probable token to draw from, and those that tie with it: until
the first tie that is greedy decoding again."""
only = model.generate(**inputs, **chance, **look, top_k=1)
left = [scores[0] > -torch.inf for scores in only.scores]
for mine, raw in zip(left, only.logits, strict=True):
    assert torch.equal(mine, raw[0] == raw[0].max())
sure = next((step for step, mine in enumerate(left) if mine.sum() > 1), len(left))
assert torch.equal(only.sequences[:, : n + sure], output[:, : n + sure])

# %% temperature-ignored [claim]
"Without `do_sample=True` a temperature is ignored."
heated = model.generate(**inputs, **greedy, **look, temperature=1.5, max_new_tokens=30)
for scores, raw in zip(heated.scores, heated.logits, strict=True):
    assert torch.equal(scores, raw)  # nothing was divided

# %% default-length [claim] draft="generate(inputs) is enough to get the answer" verdict="incomplete"
"""Without a length, and without a reason to stop, Transformers 5 adds 20 tokens, or as many
as the context still has room for."""
endless = dict(greedy, suppress_tokens=[tokenizer.eos_token_id])
short = model.generate(**inputs, **endless)
assert short.shape[1] - n == 20
assert model.generation_config.max_new_tokens is None
eleven, room = torch.arange(1, 12).unsqueeze(0), small.config.n_positions
filled = small.float().generate(eleven, **endless)  # its context is shorter
assert filled.shape[1] == room == 16

# %% length-counts [claim]
"`max_new_tokens` is a limit: shorter answers end sooner, longer ones are cut."
cut = model.generate(**inputs, **greedy, max_new_tokens=5)
assert cut.shape[1] <= n + 5
assert torch.equal(cut, output[:, : cut.shape[1]])
first = int(output[0, n])
ended = model.generate(**inputs, **greedy, max_new_tokens=200, eos_token_id=first)
assert ended.shape[1] == n + 1

# %% stop-token [claim]
"""Generation ends at whatever token `eos_token_id=` names, and the text up to it is the
same."""
third = int(output[0, n + 2])
stopped = model.generate(**inputs, **greedy, max_new_tokens=200, eos_token_id=third)
assert stopped[0, -1] == third
assert stopped.shape[1] <= n + 3
assert torch.equal(stopped, output[:, : stopped.shape[1]])

# %% decode-keeps [claim] draft="decode leaves special tokens out by default" verdict="false"
"`decode` keeps special tokens unless you ask it not to."
assert tokenizer.decode([tokenizer.eos_token_id]) == "<|endoftext|>"
assert tokenizer.decode([tokenizer.eos_token_id], skip_special_tokens=True) == ""

# %% decode-answer
answer = tokenizer.decode(output[0, n:], skip_special_tokens=True).strip()
print(answer)

# %% run-answer
import subprocess
import sys

check = """
import itertools, types
sort = next(f for f in list(globals().values()) if isinstance(f, types.FunctionType))
print(sort.__name__, sort([5, 2, 9, 1, 5, 6]))
orders = [list(order) for order in itertools.permutations([0, 1, 1, 2, 3, 4])]
right = sum(sort(order) == [0, 1, 1, 2, 3, 4] for order in orders)
print(right, "of", len(orders), "orders of six numbers sorted")
"""
command = [sys.executable, "-I", "-c", f"{answer}\n{check}"]
ran = subprocess.run(command, capture_output=True, text=True, timeout=10)
print(ran.stdout or ran.stderr.splitlines()[-1])

# %% answer-sorts [claim] about="checkpoint peft_checkpoint"
"Here the answer is a function that sorts, in whatever order the six numbers come."
assert "[1, 2, 5, 5, 6, 9]" in ran.stdout
assert "720 of 720 orders" in ran.stdout

# %% card [folded table] best="passed, pass@1"
"""What the card counts."""
from pathlib import Path

card = Path("models/stdlib-coder/adapters/lora/README.md").read_text().splitlines()
print(next(line for line in card if line.startswith("Of ")))
head, *counted = (
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in card
    if line.startswith(("| model |", "| base |", "| adapter |"))
)
[dict(zip(head, cells, strict=True)) for cells in counted]

# %% adapter-off
with model.disable_adapter():
    output = model.generate(**inputs, **greedy, max_new_tokens=48)
print(tokenizer.decode(output[0, n:]))

# %% off-is-base [claim]
"With the adapter off, the logits are those of the base model, to the last bit."
with model.disable_adapter(), torch.no_grad():
    assert torch.equal(model(**inputs).logits, base_logits)

# %% off-unfreezes [claim]
"""After the block all of a frozen adapter of this kind is trainable, and the base is not.
`model.set_adapter("default", inference_mode=True)` freezes it again."""
model.set_adapter("default", inference_mode=True)
assert model.get_nb_trainable_parameters()[0] == 0
with model.disable_adapter():
    pass
assert model.get_nb_trainable_parameters()[0] == adapter
for name, weights in model.named_parameters():
    assert weights.requires_grad == ("lora_" in name or "adapter_" in name)
model.set_adapter("default", inference_mode=True)
assert model.get_nb_trainable_parameters()[0] == 0

# %% tiny [setup]
from copy import deepcopy

tiny_config = GPTBigCodeConfig(
    vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2,
    bos_token_id=0, eos_token_id=0,
)  # fmt: skip


def tiny():
    """A model with random weights that is made in no time and thrown away."""
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(deepcopy(tiny_config)).eval()


six_tokens = torch.arange(1, 7).unsqueeze(0)

# %% too-long raises="IndexError"
tiny().generate(six_tokens, max_new_tokens=20, suppress_tokens=[0])

# %% unknown-token raises="IndexError"
tiny()(torch.tensor([[64]]))

# %% no-prompt-left raises="ValueError"
model.generate(**inputs, max_length=10)

# %% wrong-size raises="RuntimeError"
PeftModel.from_pretrained(tiny(), peft_checkpoint)

# %% no-target raises="NoMatchingPeftModuleError"
from peft import LoraConfig, get_peft_model

get_peft_model(tiny(), LoraConfig(target_modules=["q_proj"]))

# %% wrapped-twice
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
twice = get_peft_model(get_peft_model(tiny(), lora), lora)
print(type(twice.get_base_model()).__name__)
