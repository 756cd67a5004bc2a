"""The code of the page "Train an adapter": data, training, saving, switching, merging."""

# %% load
import warnings

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
base

# %% pairs
listed = """
    age area author city colour cost count date depth height index key label level
    limit mass mode month name number order owner path place power price query radius
    range rate reason score shape side size source state text time title token topic
    total unit user value volume weight width year
"""
words = listed.split()


def prompt(word):
    return f"Question: How do I read self.{word}?\n\nAnswer:"


def answer(word):
    return f"\nreturn checked(self.{word})\n"


held_out = words[::6]
pairs = [(prompt(word), answer(word)) for word in words if word not in held_out]
print(len(pairs), "pairs to train on; held out:", ", ".join(held_out))
print(pairs[0][0] + pairs[0][1])


# %% encode
def encode(question, reply):
    asked = tokenizer(question)["input_ids"]
    said = tokenizer(reply + tokenizer.eos_token)["input_ids"]
    return {"input_ids": asked + said, "labels": [-100] * len(asked) + said}


rows = [encode(question, reply) for question, reply in pairs]
first = rows[0]
for i in range(14, 24):
    number, label = first["input_ids"][i], first["labels"][i]
    print(f"{number:5} {label:5}  {tokenizer.decode([number])!r}")

# %% answer-alone-counts [claim]
"""A label of -100 takes its token out of the loss, and the model itself shifts the
labels: the loss is the mean over the answer's tokens, each predicted from those before
it."""
ids, labels = (torch.tensor([rows[0][key]]) for key in ("input_ids", "labels"))
with torch.no_grad():
    out = base(input_ids=ids, labels=labels)
asked = labels.eq(-100).sum()
by_hand = torch.nn.functional.cross_entropy(
    out.logits[0, asked - 1 : -1], ids[0, asked:]
)
torch.testing.assert_close(out.loss, by_hand)

# %% no-pad-token [claim]
"This tokenizer has no padding token: `padding=True` is a `ValueError` until you name one."
assert tokenizer.pad_token is None
try:
    tokenizer(["one", "one and two"], padding=True)
    refused = ""
except ValueError as error:
    refused = str(error)
assert "padding token" in refused
tokenizer.pad_token = tokenizer.eos_token
assert len(tokenizer(["one", "one and two"], padding=True)["input_ids"]) == 2
tokenizer.pad_token = None


# %% collate
def collate(batch):
    longest = max(len(row["input_ids"]) for row in batch)

    def filled(values, filler):
        return values + [filler] * (longest - len(values))

    columns = {
        "input_ids": [filled(r["input_ids"], tokenizer.eos_token_id) for r in batch],
        "attention_mask": [filled([1] * len(r["input_ids"]), 0) for r in batch],
        "labels": [filled(r["labels"], -100) for r in batch],
    }
    return {name: torch.tensor(column) for name, column in columns.items()}


long, short = max(rows, key=lambda r: len(r["labels"])), rows[0]
batch = collate([short, long])
batch

# %% padding-is-free [claim]
"""Padding on the right changes no prediction for the tokens before it, whatever the mask
says, and with labels of -100 it adds nothing to the loss."""
n = len(short["input_ids"])
assert n < len(long["input_ids"])
with torch.no_grad():
    in_batch = base(**{name: column[:1] for name, column in batch.items()})
    alone = base(**{name: torch.tensor([column]) for name, column in short.items()})
    unmasked = base(input_ids=batch["input_ids"][:1])
close = dict(atol=1e-4, rtol=1e-4)
torch.testing.assert_close(in_batch.logits[:, :n], alone.logits, **close)
torch.testing.assert_close(unmasked.logits[:, :n], alone.logits, **close)
torch.testing.assert_close(in_batch.loss, alone.loss, **close)


# %% before
def ask(model, word):
    inputs = tokenizer(prompt(word), return_tensors="pt").to(model.device)
    out = model.generate(
        **inputs,
        do_sample=False,
        max_new_tokens=16,
        pad_token_id=tokenizer.eos_token_id,
    )
    added = out[0, inputs["input_ids"].shape[1] :]
    return tokenizer.decode(added, skip_special_tokens=True).strip()


new_word = held_out[1]
print(ask(base, new_word))

# %% wrap
from peft import LoraConfig, get_peft_model

weights_before = {name: w.clone() for name, w in base.named_parameters()}
with torch.no_grad():
    logits_before = base(ids).logits

torch.manual_seed(0)
config = LoraConfig(
    r=8, lora_alpha=16, lora_dropout=0.05,
    target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM",
)  # fmt: skip
model = get_peft_model(base, config)
model.print_trainable_parameters()

# %% wrapped-in-place [claim]
"""`get_peft_model` makes no copy. `base` is the model inside, and it has the adapter's
modules from now on."""
assert model.get_base_model() is base
assert any("lora_A" in name for name, _ in base.named_modules())

# %% fresh-is-nothing [claim]
"By default a fresh LoRA adapter changes no prediction: its matrix B is all zeros."
assert all(not w.any() for name, w in model.named_parameters() if "lora_B" in name)
model.eval()
with torch.no_grad():
    torch.testing.assert_close(model(ids).logits, logits_before)

# %% dropout-in-training-alone [claim]
"""In training, `lora_dropout` sets some of the numbers that A reads to zero, each with this
probability, and divides the others by what is left of 1. Otherwise it does nothing."""
dropout = base.transformer.h[0].attn.c_attn.lora_dropout["default"]
ones = torch.ones(100_000)
with torch.random.fork_rng():
    dropped = dropout.train()(ones)
left = 1 - config.lora_dropout
torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 1 / left]))
assert abs((dropped == 0).float().mean().item() - config.lora_dropout) < 0.01
assert torch.equal(dropout.eval()(ones), ones)

# %% trainer-needs [claim]
"PEFT requires the package `accelerate`; Transformers lists it as an extra."
from importlib.metadata import requires


def needs(package):
    return [line for line in requires(package) if line.startswith("accelerate")]


assert any("extra ==" not in line for line in needs("peft"))
assert needs("transformers")
assert all("extra ==" in line for line in needs("transformers"))

# %% arguments
from transformers import Trainer, TrainingArguments

arguments = TrainingArguments(
    output_dir="training",
    max_steps=40,
    per_device_train_batch_size=4,
    learning_rate=5e-3,  # for 6 million weights; a larger model wants less
    lr_scheduler_type="linear",  # down, to reach zero after the last step
    warmup_steps=4,
    logging_steps=4,
    save_strategy="no",
    report_to="none",  # send the losses to no service that keeps them
    dataloader_pin_memory=False,  # it speeds up copying to a GPU; here is none
    seed=0,
)
trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collate)

# %% train [measured] timeout="580"
result = trainer.train()
print(f"{result.global_step} steps in {result.metrics['train_runtime']:.0f} s")

# %% rate-rises-and-falls [claim]
"""With `warmup_steps` the learning rate of the first step is 0. It is at its height when the
warm-up is over, and back at 0 after the last step."""
share = trainer.lr_scheduler.lr_lambdas[0]  # one for each group of weights
shares = [share(step) for step in range(arguments.max_steps + 1)]
assert shares[0] == 0
assert shares[arguments.warmup_steps] == max(shares) == 1
assert shares[-1] == 0

# %% left-in-training [claim]
"""`Trainer` switches the model to training, and leaves it so: dropout is on until you call
`model.eval()`."""
assert model.training

# %% curve [folded] alt="A curve that falls steeply at first and then slowly" by_processor="rounding adds up in a training of many steps"
"The loss during the training, as the Trainer logged it."
import matplotlib.pyplot as plt

history = [entry for entry in trainer.state.log_history if "loss" in entry]

figure, axes = plt.subplots(figsize=(4.6, 2.6), layout="constrained")
figure.patch.set_alpha(0)
axes.patch.set_alpha(0)
blue = "#3b7dd8"  # readable on white and on black
axes.plot(
    [e["step"] for e in history], [float(e["loss"]) for e in history], "o-", color=blue
)
axes.set_xlabel("step")
axes.set_ylabel("loss, mean of 4 steps")
axes.set_ylim(0)
axes.spines[["top", "right"]].set_visible(False)

# %% loss-falls [claim]
"In the training run of this page the loss fell to less than half of what it was."
assert float(history[-1]["loss"]) < float(history[0]["loss"]) / 2

# %% after
model.eval()
answers = {word: ask(model, word) for word in held_out}
for word, said in answers.items():
    print(f"{word}:", said)
in_form = sum(said.startswith("return checked(") for said in answers.values())
right = sum(said.startswith(answer(word).strip()) for word, said in answers.items())
print(f"of {len(answers)}: {in_form} in the new form, {right} with the right word too")

# %% form-is-learned [claim]
"""Asked for words that it never trained on, the model now answers in the new form, and
copies most of the words right."""
assert in_form == len(answers)
assert right > len(answers) / 2
with model.disable_adapter():
    assert "checked(" not in ask(model, new_word)


# %% few-tokens-are-the-word [claim]
"""An answer is 12 to 14 tokens, its end token among them, and one to three of them are the
word."""
before_word = len(tokenizer("\nreturn checked(self.")["input_ids"])
lengths = set()
for word in words:
    pieces = tokenizer(word)["input_ids"]
    labels = encode("", answer(word))["labels"]
    assert labels[before_word : before_word + len(pieces)] == pieces
    lengths.add((len(labels), len(pieces)))
assert lengths == {(12, 1), (13, 2), (14, 3)}


# %% held-out-loss
def loss_of(model, words):
    batch = collate([encode(prompt(word), answer(word)) for word in words])
    with torch.no_grad():
        return model(**batch.copy()).loss.item()


with model.disable_adapter():
    print(f"base model    {loss_of(model, held_out):.2f}")
print(f"with adapter  {loss_of(model, held_out):.2f}")

# %% base-untouched [claim]
"""Training moved the adapter alone: every weight of the base is what it was, to the last
bit."""
now = {name.replace(".base_layer", ""): w for name, w in base.named_parameters()}
assert all(torch.equal(now[name], w) for name, w in weights_before.items())

# %% save
from pathlib import Path

model.save_pretrained("rule")
for file in sorted(Path("rule").iterdir()):
    if file.name != "README.md":
        print(file.name)
with torch.no_grad():
    trained = model(ids).logits

# %% saved-small [claim]
"What is saved is the adapter's weights and nothing of the base."
from safetensors.torch import load_file

saved = load_file("rule/adapter_model.safetensors")
assert all("lora_" in name for name in saved)
assert sum(w.numel() for w in saved.values()) == model.get_nb_trainable_parameters()[0]

# %% card-beside [claim]
"""`save_pretrained` writes a `README.md` beside the adapter: a card whose head names the base
model and PEFT."""
head = Path("rule/README.md").read_text().split("---")[1]
assert f"base_model: {checkpoint}" in head
assert "library_name: peft" in head

# %% reload
from peft import PeftModel

fresh_base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
reloaded = PeftModel.from_pretrained(fresh_base, "rule", adapter_name="rule")
print("trainable parameters:", reloaded.get_nb_trainable_parameters()[0])

# %% reload-equal [claim]
"The reloaded model predicts what the trained one did."
with torch.no_grad():
    torch.testing.assert_close(reloaded(ids).logits, trained)

# %% frozen [claim]
"""A reloaded LoRA adapter is frozen, and dropout is off. With `is_trainable=True` the
adapter, and the adapter alone, can be trained on."""
assert not any(w.requires_grad for w in reloaded.parameters())
assert not any(module.training for module in reloaded.modules())
another = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
resumed = PeftModel.from_pretrained(another, "rule", is_trainable=True)
trainable = {name for name, w in resumed.named_parameters() if w.requires_grad}
assert trainable
assert trainable == {name for name, _ in resumed.named_parameters() if "lora_" in name}

# %% default-by-name [claim]
"""An adapter that nobody named is called `default`."""
assert list(resumed.peft_config) == ["default"]
assert list(reloaded.peft_config) == ["rule"]

# %% set-adapter-unfreezes [claim]
"""`set_adapter` turns the adapter's gradients back on, unless you pass
`inference_mode=True`."""
reloaded.set_adapter("rule", inference_mode=True)
assert reloaded.get_nb_trainable_parameters()[0] == 0
reloaded.set_adapter("rule")
assert reloaded.get_nb_trainable_parameters()[0] > 0

# %% disable-unfreezes [claim]
"Leaving `with model.disable_adapter()` unfreezes a frozen adapter too."
reloaded.set_adapter("rule", inference_mode=True)
with reloaded.disable_adapter():
    pass
assert reloaded.get_nb_trainable_parameters()[0] > 0
reloaded.set_adapter("rule", inference_mode=True)

# %% second
reloaded.load_adapter("models/stdlib-coder/adapters/lora", adapter_name="answers")
for name in ("rule", "answers"):
    reloaded.set_adapter(name, inference_mode=True)
    print(f"--- {name}")
    print(ask(reloaded, new_word))

# %% status
status = reloaded.get_model_status()
for field in (
    "available_adapters",
    "active_adapters",
    "requires_grad",
    "merged_adapters",
):
    print(f"{field:<19}", getattr(status, field))

# %% mixed
three = tokenizer([prompt(new_word)] * 3, return_tensors="pt")
names = ["rule", "answers", "__base__"]
out = reloaded.generate(
    **three, adapter_names=names, do_sample=False, max_new_tokens=12, pad_token_id=0
)
for name, row in zip(names, out[:, three["input_ids"].shape[1] :], strict=True):
    print(f"{name:<9}", repr(tokenizer.decode(row)))

# %% mixed-rows [claim]
"""In a mixed batch each row gives what its own adapter gives alone; `__base__` names
none."""
one = {key: value[:1] for key, value in three.items()}
with torch.no_grad():
    mixed = reloaded(**three, adapter_names=names).logits
    for row, name in enumerate(names[:2]):
        reloaded.set_adapter(name, inference_mode=True)
        torch.testing.assert_close(
            mixed[row], reloaded(**one).logits[0], atol=1e-3, rtol=1e-3
        )
    with reloaded.disable_adapter():
        torch.testing.assert_close(
            mixed[2], reloaded(**one).logits[0], atol=1e-3, rtol=1e-3
        )

# %% mixed-ignored [claim]
"""(IA)³ has no support for mixed batches, and Python warns of nothing: `adapter_names` is
ignored, and every row gets the active adapter."""
from peft import IA3Config

ia3_base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
ia3 = get_peft_model(
    ia3_base,
    IA3Config(
        target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"],
        init_ia3_weights=False, task_type="CAUSAL_LM",
    ),
).eval()  # fmt: skip
with torch.no_grad():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        out = ia3(**three, adapter_names=["default", "__base__", "__base__"]).logits
    assert not said
    assert torch.equal(out, ia3(**three).logits)
    with ia3.disable_adapter():
        assert not torch.allclose(out, ia3(**three).logits, atol=1e-2)

# %% combine
layer = base.transformer.h[0].attn.c_attn
model.load_adapter("rule", adapter_name="twin")
whole = layer.get_delta_weight("default")
factors = {}
for kind in ("linear", "cat", "svd"):
    model.add_weighted_adapter(
        ["default", "twin"], [0.5, 0.5], kind, combination_type=kind
    )
    mixture = layer.get_delta_weight(kind)
    factors[kind] = ((mixture * whole).sum() / (whole * whole).sum()).item()
    print(f"{kind:<7}{factors[kind]:.2f} times the adapter, rank {layer.r[kind]}")

# %% linear-doubles [claim]
"""Half an adapter and half of its twin should make one. With `cat` and `svd` they do; with
`linear` they make two."""
assert torch.equal(layer.get_delta_weight("twin"), whole)
for kind, times in {"linear": 2, "cat": 1, "svd": 1}.items():
    torch.testing.assert_close(
        layer.get_delta_weight(kind), times * whole, atol=1e-4, rtol=1e-3
    )

# %% merge
reloaded.set_adapter("rule", inference_mode=True)
reloaded.delete_adapter("answers")
with torch.no_grad():
    unmerged = reloaded(ids).logits
    merged = reloaded.merge_and_unload()
    difference = (merged(ids).logits - unmerged).abs().max().item()
print(type(merged).__name__)
print("largest difference of a logit is below 1e-4:", difference < 1e-4)

# %% merge-in-place [claim]
"""Merging adds the adapter into the base model's own weights: the result is the base
object, plain again, with other weights and the same predictions."""
assert merged is fresh_base
assert not any("lora_" in name for name, _ in merged.named_modules())
name = "transformer.h.0.attn.c_attn.weight"
added = merged.get_parameter(name) - weights_before[name]
torch.testing.assert_close(added, whole, atol=1e-5, rtol=1e-3)
assert difference < 1e-4

# %% hotswap
from peft.utils.hotswap import hotswap_adapter

another = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
served = PeftModel.from_pretrained(another, "models/stdlib-coder/adapters/lora")
parts_before = {name: id(w) for name, w in served.named_parameters()}
hotswap_adapter(served, "rule", adapter_name="default", torch_device="cpu")
print(ask(served, new_word))

# %% hotswap-in-place [claim]
"""`hotswap_adapter` writes the new weights into the parameters that are there: none is
replaced by another object."""
assert {name: id(w) for name, w in served.named_parameters()} == parts_before
with torch.no_grad():
    torch.testing.assert_close(served(ids).logits, trained, atol=1e-4, rtol=1e-4)

# %% options
kinds = {"LoRA": {}, "rsLoRA": {"use_rslora": True}, "DoRA": {"use_dora": True}}
made = {}
for kind, option in kinds.items():
    fresh = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    with_option = LoraConfig(
        r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM", **option
    )  # fmt: skip
    made[kind] = get_peft_model(fresh, with_option)
    scale = fresh.transformer.h[0].attn.c_attn.scaling["default"]
    size = made[kind].get_nb_trainable_parameters()[0]
    print(f"{kind:<8}{size:>8,} parameters, scale {scale:.2f}")

# %% options-are [claim]
"""LoRA scales its product by alpha / r, rsLoRA by alpha / √r. DoRA adds a vector of
magnitudes to each layer: one number for each output."""
scales = {
    kind: each.get_base_model().transformer.h[0].attn.c_attn.scaling["default"]
    for kind, each in made.items()
}
assert scales["LoRA"] == 16 / 8
assert abs(scales["rsLoRA"] - 16 / 8**0.5) < 1e-6
layers = [m for m in made["DoRA"].modules() if hasattr(m, "lora_magnitude_vector")]
magnitudes = [w for n, w in made["DoRA"].named_parameters() if "magnitude" in n]
assert [w.numel() for w in magnitudes] == [m.base_layer.out_features for m in layers]
more = (
    made["DoRA"].get_nb_trainable_parameters()[0]
    - made["LoRA"].get_nb_trainable_parameters()[0]
)
assert more == sum(w.numel() for w in magnitudes)
