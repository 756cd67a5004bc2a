"""The code of the page "Attempting to unscale FP16 gradients"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% models [setup]
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
batch = tokenizer("a = 1\nb = 2\n", return_tensors="pt")
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")


def with_adapter(dtype="float16", **options):
    torch.manual_seed(0)  # a new adapter's numbers are drawn
    base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype=dtype)
    return get_peft_model(base, lora, **options)


def types(model):
    return {each.dtype for each in model.parameters() if each.requires_grad}


model = with_adapter(autocast_adapter_dtype=False)

# %% mend
for weight in model.parameters():
    if weight.requires_grad:
        weight.data = weight.data.float()


# %% mended tolerance="1e-3"
def step(model, dtype=torch.float16):
    """A training step as on a GPU: computed in 16 bits, with scaled gradients."""
    trained = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    scaler = torch.amp.GradScaler("cpu")
    with torch.autocast("cpu", dtype=dtype):
        loss = model(**batch, labels=batch["input_ids"]).loss
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # as it is done before gradients are clipped
    scaler.step(optimizer)
    return loss.item()


print(f"loss {step(model):.3f} before the step, {step(model):.3f} after it")
assert types(model) == {torch.float32}

# %% raised raises="ValueError"
step(with_adapter(autocast_adapter_dtype=False))

# %% adapter-is-wide [claim]
"""PEFT keeps the weights of a new adapter in `float32`, also on a base in `float16`, unless
`autocast_adapter_dtype=False` says otherwise."""
assert types(with_adapter()) == {torch.float32}
assert types(with_adapter(autocast_adapter_dtype=False)) == {torch.float16}

# %% file-decides [claim]
"""Without `dtype`, `from_pretrained` takes the type of the file. All weights of a model that
was saved in `float16` are in `float16` then, and training all of them raises the error."""
with_adapter().unload().save_pretrained("half")
whole = AutoModelForCausalLM.from_pretrained("half")
assert types(whole) == {torch.float16}
try:
    step(whole)
    said = "a step"
except ValueError as error:
    said = str(error)
assert said == "Attempting to unscale FP16 gradients."

# %% bfloat16-passes [claim]
"""Gradients in `bfloat16` are not refused, although they have 16 bits, too."""
narrow = with_adapter("bfloat16", autocast_adapter_dtype=False)
assert types(narrow) == {torch.bfloat16}
try:
    step(narrow, torch.bfloat16)
    said = "a step"
except ValueError as error:
    said = str(error)
assert said == "a step"

# %% no-scaler-on-a-cpu [claim]
"""On a CPU `Trainer` with `fp16=True` makes no scaler. It raises nothing there, so a trial run
without a GPU does not find the error."""
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

settings = {"use_cpu": True, "fp16": True, "max_steps": 1, "report_to": "none"}
arguments = TrainingArguments("run", save_strategy="no", disable_tqdm=True, **settings)
ids = batch["input_ids"][0]
data = [{"input_ids": ids, "labels": ids}]
half = with_adapter(autocast_adapter_dtype=False)
trainer = Trainer(half, arguments, train_dataset=data)
trainer.remove_callback(PrinterCallback)  # it prints times
assert trainer.accelerator.mixed_precision == "fp16"
assert trainer.accelerator.scaler is None
assert trainer.train().global_step == 1
