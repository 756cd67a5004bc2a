"""The code of the page "Attempting to unscale FP16 gradients"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype="float16")
config = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
model = get_peft_model(base, config)  # leaves autocast_adapter_dtype at True

# %% mended
import torch

ids = torch.arange(1, 9)[None]


def step(model):
    """One step with float16 in the layers and a scaled loss; on a GPU, say "cuda"."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, scaler = torch.optim.AdamW(trained), torch.amp.GradScaler("cpu")
    with torch.autocast("cpu", dtype=torch.float16):
        loss = model(ids, labels=ids).loss
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    return {weight.dtype for weight in trained}


print("the base is in", base.dtype, "and what trains is in", *step(model))

# %% raised raises="ValueError"
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype="float16")
step(get_peft_model(base, config, autocast_adapter_dtype=False))

# %% whole raises="ValueError"
step(AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype="float16"))

# %% adapter-in-float32 [claim]
"""On a base in float16, PEFT makes a LoRA in float32. What comes later can change that:
`model.half()` makes all of it float16."""
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype="float16")
wrapped = get_peft_model(base, config)
added = [weight for name, weight in wrapped.named_parameters() if "lora_" in name]
assert added
assert {weight.dtype for weight in added} == {torch.float32}
wrapped.half()
assert {weight.dtype for weight in added} == {torch.float16}
