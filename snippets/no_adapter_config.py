"""The code of the page "Can't find 'adapter_config.json'"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")  # a whole model

# %% mended
from pathlib import Path

folder = Path("models/stdlib-coder")
print(*sorted(file.name for file in folder.glob("*.json*")), sep="\n")
print("in adapters/lora:")
print(
    *sorted(file.name for file in (folder / "adapters/lora").glob("*.json")), sep="\n"
)
assert not (folder / "adapter_config.json").exists()
assert (folder / "adapters/lora/adapter_config.json").exists()

# %% raised raises="ValueError"
from peft import PeftModel

PeftModel.from_pretrained(model, "models/stdlib-coder")

# %% adapter-is-two-files [claim]
"""An adapter is two files, `adapter_config.json` and `adapter_model.safetensors`. PEFT writes
an empty card beside them, and the pickle of older releases only if you ask for it."""
from peft import LoraConfig, get_peft_model

lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
wrapped = get_peft_model(model, lora)
wrapped.save_pretrained("saved")
found = {file.name for file in Path("saved").iterdir()} - {"README.md"}
assert found == {"adapter_config.json", "adapter_model.safetensors"}
wrapped.save_pretrained("older", safe_serialization=False)
assert (Path("older") / "adapter_model.bin").exists()
