"""The code of the page "cannot import name 'BottleneckConfig' from 'peft'"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% raised raises="ImportError"
from peft import BottleneckConfig

# %% mend
from peft import get_peft_model
from transformers import AutoModelForCausalLM

import bottleneck  # the file, in the same folder

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
config = bottleneck.BottleneckConfig(
    bottleneck_size=16, target_modules=["c_attn"], task_type="CAUSAL_LM"
)
model = get_peft_model(base, config)

# %% mended
model.print_trainable_parameters()
trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
assert trained
assert all("adapter_" in name for name in trained)
