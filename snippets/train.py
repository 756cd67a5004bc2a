"""Train a LoRA adapter on prompts and completions, evaluated while it trains; an interrupted run goes on.

    python train.py --model models/stdlib-coder --data pairs.jsonl --out adapter --rate 5e-3
    python train.py --model models/stdlib-coder --data pairs.jsonl --out adapter --rate 5e-3 --resume

Each line of the data is {"prompt": "…", "completion": "…"}. The model learns to write the completion, and then
to stop. A tenth of the pairs is kept for evaluation. The adapter of the best evaluation is saved.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    EarlyStoppingCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)


def parse(words=None):
    """Read the command line; `words` stand in for it."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("--model", required=True, help="folder or hub name of the base model")
    add("--data", required=True, type=Path, help="the pairs, as JSON lines")
    add(
        "--out",
        required=True,
        type=Path,
        help="folder for the adapter and, in checkpoints/, the run",
    )
    add("--rate", required=True, type=float,
        help="learning rate; tried: 5e-3 for 6 million weights. QLoRA's script: 2e-4, and 1e-4 above 13 billion")  # fmt: skip
    add(
        "--targets",
        nargs="+",
        default=["all-linear"],
        help="layers to adapt, by name (default: all linear ones)",
    )
    add("--rank", type=int, default=8, help="rank of LoRA (default: %(default)s)")
    add(
        "--epochs",
        type=int,
        default=10,
        help="the most times to read the data (default: %(default)s)",
    )
    add("--batch", type=int, default=4, help="pairs at a time (default: %(default)s)")
    add(
        "--accumulate",
        type=int,
        default=1,
        help="batches for one step (default: %(default)s)",
    )
    add(
        "--patience",
        type=int,
        default=2,
        help="evaluations without a better one before it ends (default: %(default)s)",
    )
    add(
        "--recompute",
        action="store_true",
        help="activation checkpointing: less memory, more time",
    )
    add("--seed", type=int, default=0, help="(default: %(default)s)")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_args(words)


def read_pairs(path):
    """Return the pairs of a file; SystemExit names the line that is none."""
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            pair = json.loads(line)
            pairs.append((str(pair["prompt"]), str(pair["completion"])))
        except (ValueError, TypeError, KeyError):
            raise SystemExit(
                f'{path}:{number}: not of the form {{"prompt": "…", "completion": "…"}}'
            ) from None
    if len(pairs) < 10:
        raise SystemExit(
            f"{path}: {len(pairs)} pairs; with fewer than 10 no tenth is left to evaluate on"
        )
    return pairs


def encode(tokenizer, prompt, completion, longest):
    """Return a row: the tokens of a pair, and labels for those of the completion and the end."""
    asked = tokenizer(prompt)["input_ids"]
    said = tokenizer(completion + tokenizer.eos_token, add_special_tokens=False)[
        "input_ids"
    ]
    if len(asked) + len(said) > longest:
        raise SystemExit(
            f"a pair has {len(asked) + len(said)} tokens, the model reads {longest}: {prompt[:60]!r}"
        )
    return {"input_ids": asked + said, "labels": [-100] * len(asked) + said}


def main(words=None):
    """Train as the command line asks; return the trainer, with the best adapter in its model."""
    a = parse(words)
    set_seed(a.seed)
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    gpu = torch.cuda.is_available()
    base = AutoModelForCausalLM.from_pretrained(
        a.model, dtype=torch.bfloat16 if gpu else torch.float32
    )
    targets = a.targets[0] if a.targets == ["all-linear"] else a.targets
    model = get_peft_model(
        base,
        LoraConfig(
            r=a.rank,
            lora_alpha=2 * a.rank,
            target_modules=targets,
            task_type="CAUSAL_LM",
        ),
    )

    pairs = read_pairs(a.data)
    random.Random(a.seed).shuffle(pairs)
    rows = [
        encode(tokenizer, *pair, base.config.max_position_embeddings) for pair in pairs
    ]
    held = len(rows) // 10
    arguments = TrainingArguments(
        str(a.out / "checkpoints"), learning_rate=a.rate, num_train_epochs=a.epochs,
        per_device_train_batch_size=a.batch, gradient_accumulation_steps=a.accumulate,
        lr_scheduler_type="constant_with_warmup", warmup_steps=5, eval_strategy="epoch", save_strategy="epoch",
        load_best_model_at_end=True, metric_for_best_model="eval_loss",
        activation_checkpointing=a.recompute, logging_strategy="epoch", report_to="none", disable_tqdm=True,
        dataloader_pin_memory=gpu, seed=a.seed,
    )  # fmt: skip
    trainer = Trainer(
        model, arguments, train_dataset=rows[held:], eval_dataset=rows[:held],
        data_collator=DataCollatorForSeq2Seq(tokenizer), callbacks=[EarlyStoppingCallback(a.patience)],
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=a.resume or None)
    model.save_pretrained(a.out)
    tokenizer.save_pretrained(a.out)
    print(f"{a.out}: the adapter of {Path(trainer.state.best_model_checkpoint).name}")
    return trainer


if __name__ == "__main__":
    main()
