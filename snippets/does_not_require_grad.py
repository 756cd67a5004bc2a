"""The code of the page "element 0 of tensors does not require grad"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
adapter = "models/stdlib-coder/adapters/lora"
model = PeftModel.from_pretrained(base, adapter, is_trainable=True)

# %% mended
import torch

ids = torch.arange(1, 7).unsqueeze(0)
model(ids, labels=ids).loss.backward()
trained = [name for name, weight in model.named_parameters() if weight.grad is not None]
print(len(trained), "tensors have a gradient, for example", trained[0])
assert trained
assert all("lora_" in name for name in trained)

# %% raised raises="RuntimeError"
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
frozen = PeftModel.from_pretrained(base, adapter)
frozen(ids, labels=ids).loss.backward()

# %% prompt raises="ValueError"
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
PeftModel.from_pretrained(
    base, "models/stdlib-coder/adapters/p-tuning", is_trainable=True
)

# %% loaded-frozen [claim]
"""`is_trainable` is off unless you set it: a loaded adapter is frozen like its base, and its
configuration says `inference_mode`."""
assert not any(weight.requires_grad for weight in frozen.parameters())
assert frozen.peft_config["default"].inference_mode
assert not model.peft_config["default"].inference_mode
