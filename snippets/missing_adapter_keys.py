"""The code of the page "Found missing adapter keys while loading the checkpoint"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")  # no get_peft_model
model = PeftModel.from_pretrained(base, "models/stdlib-coder/adapters/lora")

# %% mended
import torch

ids = torch.arange(1, 7).unsqueeze(0)
with torch.inference_mode():
    adapted = model(ids).logits
    with model.disable_adapter():
        alone = model(ids).logits
print("the adapter moves a logit by up to", f"{(adapted - alone).abs().max():.0f}")
assert not torch.allclose(adapted, alone)

# %% raised
from peft import LoraConfig, get_peft_model

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
wrapped = PeftModel.from_pretrained(
    get_peft_model(base, lora), "models/stdlib-coder/adapters/lora"
)
with torch.inference_mode():
    assert torch.equal(wrapped(ids).logits, alone)  # the adapter has no effect

# %% keeps-its-first-value [claim]
"""A weight whose name is not in the file keeps its first value. Of LoRA's two matrices the
second one is zero then, so their product changes nothing."""
second = [w for name, w in wrapped.named_parameters() if "lora_B" in name]
first = [w for name, w in wrapped.named_parameters() if "lora_A" in name]
assert len(second) == len(first) > 0
assert all(weight.count_nonzero() == 0 for weight in second)
assert all(weight.count_nonzero() > 0 for weight in first)
