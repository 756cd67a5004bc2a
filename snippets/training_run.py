"""The code of the page "A training run you can trust": evaluation, checkpoints, resuming, rates."""

# %% load
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
tokenizer.pad_token = tokenizer.eos_token


def fresh(dropout=0.05):
    """Return the base model with a LoRA adapter that begins at the same numbers each time."""
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    config = LoraConfig(
        r=8, lora_alpha=16, lora_dropout=dropout,
        target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM",
    )  # fmt: skip
    return get_peft_model(base, config)


# %% data
listed = """
    age area author city colour cost count date depth height index key label level
    limit mass mode month name number order owner path place power price query radius
    range rate reason score shape side size source state text time title token topic
    total unit user value volume weight width year
"""
words = listed.split()
for_test, for_evaluation = words[::6], words[3::6]
for_training = [word for word in words if word not in for_test + for_evaluation]
print(len(for_training), "to train on,", len(for_evaluation), "to evaluate,", end=" ")
print(len(for_test), "for the test at the end")


def encode(word):
    asked = tokenizer(f"Question: How do I read self.{word}?\n\nAnswer:")["input_ids"]
    said = f"\nreturn checked(self.{word})\n" + tokenizer.eos_token
    said = tokenizer(said)["input_ids"]
    return {"input_ids": asked + said, "labels": [-100] * len(asked) + said}


train_rows = [encode(word) for word in for_training]
evaluation_rows = [encode(word) for word in for_evaluation]

# %% collators
from transformers import DataCollatorForLanguageModeling, DataCollatorForSeq2Seq

pairs = DataCollatorForSeq2Seq(tokenizer)
stock = DataCollatorForLanguageModeling(tokenizer, mlm=False)

short = min(train_rows, key=lambda row: len(row["labels"]))
long = max(train_rows, key=lambda row: len(row["labels"]))
texts = [{"input_ids": row["input_ids"]} for row in (short, long)]
for name, batch in {"pairs": pairs([short, long]), "stock": stock(texts)}.items():
    print(f"{name}  tokens", batch["input_ids"][0, -6:].tolist())
    print("       labels", batch["labels"][0, -6:].tolist())

# %% end-unlearned [claim]
"""`DataCollatorForLanguageModeling` makes its own labels: every token of the question
counts, and no token that equals the padding token does. With the end token as padding
token no label says where a text ends."""
end = tokenizer.eos_token_id
labels = stock(texts)["labels"]
assert [text["input_ids"][-1] for text in texts] == [end, end]
assert end not in labels.tolist()[0] + labels.tolist()[1]
assert labels[0, 0] == short["input_ids"][0]

# %% end-kept [claim]
"""`DataCollatorForSeq2Seq` keeps the labels of the rows and fills them with -100, so the
end of each answer counts, whatever the padding token is."""
batch = pairs([short, long])
more = len(long["labels"]) - len(short["labels"])
assert more > 0
assert batch["labels"].tolist() == [short["labels"] + [-100] * more, long["labels"]]
assert short["labels"][-1] == long["labels"][-1] == end
assert batch["attention_mask"].sum(1).tolist() == [
    len(short["labels"]),
    len(long["labels"]),
]

# %% run
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

settings = dict(
    max_steps=60, per_device_train_batch_size=4,
    learning_rate=5e-3,  # for 6 million weights: the section on the rate
    lr_scheduler_type="constant",
    eval_strategy="steps", eval_steps=4, save_strategy="steps", save_steps=4,
    load_best_model_at_end=True, metric_for_best_model="eval_loss",
    logging_steps=1, report_to="none", disable_tqdm=True,
    dataloader_pin_memory=False, seed=0,
)  # fmt: skip


def trainer_of(model, folder, patience=2, **other):
    trainer = Trainer(
        model, TrainingArguments(folder, **{**settings, **other}),
        train_dataset=train_rows, eval_dataset=evaluation_rows, data_collator=pairs,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=patience)],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)  # the next cell prints what it would
    return trainer


trainer = trainer_of(fresh(), "run")
result = trainer.train()
print(f"ended after {result.global_step} steps of {settings['max_steps']}")


# %% history [table] best="evaluation:low"
"""The mean loss of each four steps, and the loss on the pairs for evaluation after them."""


def losses(trainer, name="loss"):
    found = [entry for entry in trainer.state.log_history if name in entry]
    return {entry["step"]: float(entry[name]) for entry in found}


trained, evaluated = losses(trainer), losses(trainer, "eval_loss")
[
    {
        "after step": step,
        "training": f"{sum(trained[s] for s in range(step - 3, step + 1)) / 4:.2f}",
        "evaluation": f"{evaluated[step]:.3f}",
    }
    for step in evaluated
]

# %% evaluation-is-plain [claim]
"""`eval_loss` is the model's own loss on those rows, with dropout off."""
trainer.model.eval()
with torch.no_grad():
    by_hand = trainer.model(**pairs(evaluation_rows)).loss.item()
trainer.model.train()
assert abs(trainer.evaluate()["eval_loss"] - by_hand) < 1e-4

# %% best-is-loaded [claim]
"""`load_best_model_at_end` puts the adapter of the best checkpoint back, not the last."""
lowest = min(evaluated, key=evaluated.get)
assert lowest < max(evaluated)
assert trainer.state.best_model_checkpoint.endswith(f"checkpoint-{lowest}")
assert abs(trainer.evaluate()["eval_loss"] - evaluated[lowest]) < 1e-4

# %% stops-early [claim]
"""With a patience of 2, training ends at the second evaluation in a row that is not
better than the best."""
after_best = [loss for step, loss in evaluated.items() if step > lowest]
assert len(after_best) == 2
assert trainer.state.global_step == max(evaluated) < settings["max_steps"]

# %% no-eval-loss raises="KeyError" message="...`metric_for_best_model`..."
unlabelled = [{"input_ids": row["input_ids"]} for row in evaluation_rows]
lost = trainer_of(fresh(), "lost", max_steps=4)
lost.eval_dataset, collate = unlabelled, lost.data_collator


def as_given(rows):
    """Batches of a row each, with labels where the row has them."""
    if "labels" in rows[0]:
        return collate(rows)
    return {"input_ids": torch.tensor([row["input_ids"] for row in rows])}


lost.data_collator = as_given
lost.args.per_device_eval_batch_size = 1
lost.train()

# %% evaluated-without-a-loss [claim]
"""Rows without labels are evaluated, and give no loss. Without `load_best_model_at_end` nothing
stops for that."""
lost.args.load_best_model_at_end = False
measured = lost.evaluate()
assert "eval_runtime" in measured
assert "eval_loss" not in measured


# %% test
def ask(model, word):
    prompt = f"Question: How do I read self.{word}?\n\nAnswer:"
    inputs = tokenizer(prompt, return_tensors="pt")
    settings = dict(do_sample=False, max_new_tokens=24, pad_token_id=end)
    out = model.generate(**inputs, **settings)
    return tokenizer.decode(out[0, inputs["input_ids"].shape[1] :])


model = trainer.model.eval()
answers = {word: ask(model, word) for word in for_test}
for word, said in answers.items():
    print(f"{word}: {said.strip()!r}")

# %% unlearned
arguments = {**settings, "max_steps": 24, "eval_strategy": "no", "save_strategy": "no"}
arguments["load_best_model_at_end"] = False
unlearned = Trainer(
    fresh(), TrainingArguments("stock", **arguments), data_collator=stock,
    train_dataset=[{"input_ids": row["input_ids"]} for row in train_rows],
)  # fmt: skip
unlearned.remove_callback(PrinterCallback)
unlearned.train()
for word in for_test[1:4]:
    print(f"{word}: {ask(unlearned.model.eval(), word).strip()!r}")

# %% files [folded]
"What a checkpoint of the run holds."
from pathlib import Path

best = Path(trainer.args.output_dir, "checkpoint-12")
for file in sorted(best.iterdir()):
    if file.suffix != ".md":
        print(f"{file.name:<26}{file.stat().st_size / 1000:>7,.0f} kB")

# %% checkpoint-holds [claim]
"""A checkpoint of a PEFT model holds the adapter and no weight of the base, and of the
optimizer two numbers for each weight that trains."""
from safetensors.torch import load_file

kept = load_file(best / "adapter_model.safetensors")
size = trainer.model.get_nb_trainable_parameters()[0]
assert all("lora_" in name for name in kept)
assert sum(weight.numel() for weight in kept.values()) == size
optimizer = torch.load(best / "optimizer.pt", weights_only=True)
moments = [
    m for s in optimizer["state"].values() for m in (s["exp_avg"], s["exp_avg_sq"])
]
assert sum(moment.numel() for moment in moments) == 2 * size

# %% resume
again = trainer_of(fresh(), "again", max_steps=16)
again.train(resume_from_checkpoint=str(best))

base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
loaded = PeftModel.from_pretrained(base, best, is_trainable=True)
anew = trainer_of(loaded, "anew", max_steps=4)
anew.train()

print("              ", *(f"step {step} " for step in range(13, 17)))
print("uninterrupted ", *(f"{trained[step]:.3f}   " for step in range(13, 17)))
print("resumed       ", *(f"{losses(again)[step]:.3f}   " for step in range(13, 17)))
print("loaded        ", *(f"{loss:.3f}   " for loss in losses(anew).values()))

# %% resumed-is-the-run [claim]
"""`resume_from_checkpoint` goes on as if nothing had happened: the rows in their order,
the dropout, the optimizer. On one processor the losses are those of the uninterrupted
run."""
steps = range(13, 17)
assert {s: losses(again)[s] for s in steps} == {s: trained[s] for s in steps}

# %% accumulate
four = [short, long, *train_rows[:2]]
once = dict(max_steps=1, eval_strategy="no", save_strategy="no")
once |= dict(load_best_model_at_end=False)


def one_step(model, **other):
    arguments = TrainingArguments("step", **{**settings, **once, **other})
    trainer = Trainer(model, arguments, train_dataset=four, data_collator=pairs)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return losses(trainer)[1], losses(trainer, "grad_norm")[1]


parts = dict(per_device_train_batch_size=1, gradient_accumulation_steps=4)
at_once = one_step(fresh(dropout=0))
in_parts = one_step(fresh(dropout=0), **parts)
with torch.no_grad():
    alone = [fresh().eval()(**pairs([row])).loss.item() for row in four]
print(f"four rows at once         loss {at_once[0]:.4f}, gradient {at_once[1]:.4f}")
print(f"four rows, one at a time  loss {in_parts[0]:.4f}, gradient {in_parts[1]:.4f}")
print(f"mean of the rows' losses       {sum(alone) / 4:.4f}")

# %% accumulated-equals [claim]
"""Four rows one by one, with `gradient_accumulation_steps=4`, make the loss and the
gradient of one batch of four. The Trainer divides by the number of labels in all four,
so that a longer answer weighs more."""
for found, expected in zip(in_parts, at_once, strict=True):
    assert abs(found - expected) < 1e-4
tokens = [sum(label != -100 for label in row["labels"]) for row in four]
weighted = sum(loss * n for loss, n in zip(alone, tokens, strict=True)) / sum(tokens)
assert abs(in_parts[0] - weighted) < 1e-4
assert abs(in_parts[0] - sum(alone) / 4) > 1e-3

# %% recompute
recomputed = one_step(fresh(dropout=0), activation_checkpointing=True)
print(
    f"with checkpointing        loss {recomputed[0]:.4f}, gradient {recomputed[1]:.4f}"
)

# %% recompute-reaches-all [claim]
"""With activation checkpointing every tensor of a LoRA adapter gets the gradient that it
gets without, though the base model is frozen."""
gradients = []
for checkpointing in (False, True):
    model = fresh(dropout=0).train()
    if checkpointing:
        model.get_base_model().activation_checkpointing_enable()
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    model(**pairs(four)).loss.backward()
    gradients.append(
        {n: w.grad for n, w in model.named_parameters() if w.requires_grad}
    )
without, with_it = gradients
assert all("lora_" in name for name in with_it)
assert all(gradient is not None and gradient.any() for gradient in with_it.values())
torch.testing.assert_close(with_it, without)

# %% rates
tried = {5e-3: trained}
for rate in (5e-5, 3e-2):
    off = dict(once, max_steps=12, learning_rate=rate)
    arguments = TrainingArguments("rate", **{**settings, **off})
    each = Trainer(fresh(), arguments, train_dataset=train_rows, data_collator=pairs)
    each.remove_callback(PrinterCallback)
    each.train()
    tried[rate] = losses(each)

# %% rates-figure [folded] alt="Three curves: one flat, one that falls towards zero, one that climbs at once"
"The loss under three learning rates, for a model of 6 million weights."
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.6, 2.8), layout="constrained")
figure.patch.set_alpha(0)
axes.patch.set_alpha(0)
colors = {5e-5: ("#8a8a8a", -11), 5e-3: ("#3b7dd8", 0), 3e-2: ("#d2691e", 4)}
for rate, (color, up) in colors.items():
    curve = [round(tried[rate][step], 1) for step in range(1, 13)]
    axes.plot(range(1, 13), curve, "o-", color=color, markersize=3)
    at = dict(xytext=(5, up), textcoords="offset points", color=color)
    axes.annotate(f"{rate:g}", (12, curve[-1]), **at)
axes.set_xlabel("step")
axes.set_ylabel("loss")
axes.set_ylim(0)
axes.set_xlim(0.5, 13.8)
axes.spines[["top", "right"]].set_visible(False)

# %% default-rate [claim]
"""`TrainingArguments` takes a learning rate of 5e-5 where you name none, for a model of
any size."""
assert TrainingArguments("default").learning_rate == 5e-5

# %% whole
import contextlib
import io
import json

import train

with Path("pairs.jsonl").open("w", encoding="utf-8") as file:
    for word in for_training + for_evaluation:
        prompt = f"Question: How do I read self.{word}?\n\nAnswer:"
        pair = {"prompt": prompt, "completion": f"\nreturn checked(self.{word})\n"}
        file.write(json.dumps(pair) + "\n")

words = "--model models/stdlib-coder --data pairs.jsonl --out adapter --rate 5e-3"
with contextlib.redirect_stdout(io.StringIO()):  # it prints times, too
    finished = train.main([*words.split(), "--epochs", "2"])
print(
    "evaluation:", *(f"{loss:.3f}" for loss in losses(finished, "eval_loss").values())
)
print(*sorted(path.name for path in Path("adapter").iterdir()), sep="\n")


# %% exercise
def check(steps):
    """Train for two epochs on nine rows, in batches of two, four batches to a step."""
    other = dict(
        num_train_epochs=2, max_steps=-1,
        per_device_train_batch_size=2, gradient_accumulation_steps=4,
    )  # fmt: skip
    arguments = TrainingArguments("exercise", **{**settings, **once, **other})
    trainer = Trainer(
        fresh(), arguments, train_dataset=train_rows[:9], data_collator=pairs
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    assert steps == trainer.state.global_step, f"{steps} is not it: count one epoch"
    print("right")


# %% answer [setup] fold="Answer: how many steps"
# An epoch has five batches, the last with one row. Four of them make a step. The Trainer
# does not wait for the next epoch to fill another: the fifth batch is a step of its own.
check(steps=4)
