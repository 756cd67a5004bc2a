"""The code of the page "You are trying to access a gated repo"."""

# %% mend
from huggingface_hub import get_token

print("logged in" if get_token() else "not logged in: run `hf auth login`")

# %% message
import inspect
import re

from transformers.utils import hub

said = re.findall(
    r'"(You are trying to access a gated repo\.[^"]*)"', inspect.getsource(hub)
)
print(said[0].replace("\\n", "\n"))
