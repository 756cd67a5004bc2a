"""The code of the page "Can't find 'adapter_config.json'"."""

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
