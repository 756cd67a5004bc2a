"""The code of the page "KeyError: 'BOTTLENECK'"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% raised raises="KeyError"
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
PeftModel.from_pretrained(base, "models/stdlib-coder/adapters/parallel")

# %% mend
from peft import PeftModel
from transformers import AutoModelForCausalLM

import bottleneck  # teaches PEFT the type

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
model = PeftModel.from_pretrained(base, "models/stdlib-coder/adapters/parallel")

# %% mended
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
prompt = (
    "Question: Please write a function in Python that performs bubble sort.\n\nAnswer:"
)
inputs = tokenizer(prompt, return_tensors="pt")
answer = model.generate(**inputs, max_new_tokens=150)
print(tokenizer.decode(answer[0, inputs.input_ids.shape[1] :]))
with model.disable_adapter():
    alone = model.generate(**inputs, max_new_tokens=150)
assert answer.tolist() != alone.tolist()  # the adapter takes part in the answer

# %% looked-up-by-name [claim]
"""PEFT has a class for each type, in a table by the type's name. No name of its own is
`BOTTLENECK`; the import adds that one, and the file of the adapter says it."""
from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftConfig, PeftType

own = {str(each.value) for each in PeftType}
known = {str(each.value) for each in PEFT_TYPE_TO_CONFIG_MAPPING}
assert "BOTTLENECK" not in own
assert known - own == {"BOTTLENECK"}
read = PeftConfig.from_pretrained("models/stdlib-coder/adapters/parallel")
assert type(read) is PEFT_TYPE_TO_CONFIG_MAPPING["BOTTLENECK"]
