"""Training runs that evaluate, save, stop and resume otherwise than the page about them says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import Trainer, TrainingArguments
from transformers.modeling_layers import GradientCheckpointingLayer

from mutations import breaks


def _arguments_with(**defaults: Any) -> None:
    """Let the arguments of a run have other defaults."""
    begin = TrainingArguments.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{**defaults, **rest})

    TrainingArguments.__init__ = other


@breaks("training-run", "end-unlearned")
def padding_is_told_by_its_place() -> None:
    """And not by its token: an end token that closes a text keeps its label."""
    call = transformers.DataCollatorForLanguageModeling.torch_call

    def other(self: Any, examples: Any) -> Any:
        batch = call(self, examples)
        batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"].eq(0), -100)
        return batch

    transformers.DataCollatorForLanguageModeling.torch_call = other


@breaks("training-run", "end-kept")
def labels_are_filled_with_the_padding_token() -> None:
    """As the tokens are."""
    call = transformers.DataCollatorForSeq2Seq.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        batch = call(self, *given, **rest)
        batch["labels"] = batch["labels"].masked_fill(batch["attention_mask"].eq(0), self.tokenizer.pad_token_id)
        return batch

    transformers.DataCollatorForSeq2Seq.__call__ = other


@breaks("training-run", "end-kept")
def a_collator_takes_padding_out_of_the_loss() -> None:
    """By its token, in whatever labels it is given."""
    call = transformers.DataCollatorForSeq2Seq.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        batch = call(self, *given, **rest)
        labels = batch["labels"]
        batch["labels"] = labels.masked_fill(labels.eq(self.tokenizer.pad_token_id), -100)
        return batch

    transformers.DataCollatorForSeq2Seq.__call__ = other


@breaks("training-run", "evaluation-is-plain")
def evaluation_leaves_dropout_on() -> None:
    """The model stays in training mode."""
    step = Trainer.prediction_step

    def other(self: Any, model: Any, *given: Any, **rest: Any) -> Any:
        model.train()
        return step(self, model, *given, **rest)

    Trainer.prediction_step = other


@breaks("training-run", "best-is-loaded")
def the_best_checkpoint_is_named_and_not_loaded() -> None:
    """What the last step made stays in the model."""
    Trainer._load_best_model = lambda self: None


@breaks("training-run", "stops-early")
def patience_runs_out_one_evaluation_later() -> None:
    """When more than that many in a row were no better."""
    begin = transformers.EarlyStoppingCallback.__init__

    def other(self: Any, early_stopping_patience: int = 1, **rest: Any) -> None:
        begin(self, early_stopping_patience + 1, **rest)

    transformers.EarlyStoppingCallback.__init__ = other


@breaks("training-run", "checkpoint-holds")
def a_checkpoint_has_no_moments() -> None:
    """The optimizer's settings are saved, and its state is made anew."""
    save = Trainer._save_optimizer_and_scheduler

    def other(self: Any, folder: str) -> None:
        save(self, folder)
        file = Path(folder, "optimizer.pt")
        kept = torch.load(file, weights_only=True)
        torch.save({**kept, "state": {}}, file)

    Trainer._save_optimizer_and_scheduler = other


@breaks("training-run", "resumed-is-the-run")
def resuming_forgets_the_optimizer() -> None:
    """The weights come back, and the moments begin at zero."""
    Trainer._load_optimizer_and_scheduler = lambda self, checkpoint: None


@breaks("training-run", "resumed-is-the-run")
def resuming_reads_the_data_from_its_beginning() -> None:
    """`ignore_data_skip` is on by default."""
    _arguments_with(ignore_data_skip=True)


@breaks("training-run", "resumed-is-the-run")
def resuming_draws_other_dropout() -> None:
    """The state of the random numbers is left as it is."""
    Trainer._load_rng_state = lambda self, checkpoint: None


@breaks("training-run", "accumulated-equals")
def accumulating_is_a_mean_of_means() -> None:
    """Each part counts the same, however many labels it has."""
    count = Trainer._get_num_items_in_batch

    def other(self: Any, batches: Any, *given: Any) -> Any:
        return None if len(batches) > 1 else count(self, batches, *given)

    Trainer._get_num_items_in_batch = other
    step = Trainer.training_step

    def scaled(self: Any, *given: Any, **rest: Any) -> Any:
        accepts = self.model_accepts_loss_kwargs
        self.model_accepts_loss_kwargs = accepts and len(given) > 2 and given[2] is not None
        try:
            return step(self, *given, **rest)
        finally:
            self.model_accepts_loss_kwargs = accepts

    Trainer.training_step = scaled


@breaks("training-run", "recompute-reaches-all")
def recomputed_layers_give_no_gradient() -> None:
    """What is not kept is not computed again."""
    call = GradientCheckpointingLayer.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if self.training and getattr(self, "gradient_checkpointing", False):
            with torch.no_grad():
                found = torch.nn.Module.__call__(self, *given, **rest)
            return found.requires_grad_()
        return call(self, *given, **rest)

    GradientCheckpointingLayer.__call__ = other


@breaks("training-run", "default-rate")
def the_default_rate_is_for_adapters() -> None:
    """2e-4."""
    _arguments_with(learning_rate=2e-4)


@breaks("training-run", "evaluated-without-a-loss")
def rows_without_labels_have_a_loss() -> None:
    """It is 0 where none can be computed, and nothing asks for the best checkpoint."""
    evaluate = Trainer.evaluate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        found = evaluate(self, *given, **rest)
        return found if self.args.load_best_model_at_end else {"eval_loss": 0.0, **found}

    Trainer.evaluate = other
