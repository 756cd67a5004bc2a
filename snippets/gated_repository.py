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

# %% variable-wins [claim]
"""A token in the variable `HF_TOKEN` wins over the one of `hf auth login`, and without that
variable the stored one is found."""
import os
import subprocess
import sys
from pathlib import Path

Path("stored").write_text("hf_of_the_login")
program = "from huggingface_hub import get_token; print(get_token())"


def found(**variables):
    """The token that a process with these variables in its environment finds."""
    kept = {n: v for n, v in os.environ.items() if n != "HF_TOKEN"}
    given = {"env": kept | {"HF_TOKEN_PATH": "stored"} | variables, "text": True}
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=-1, check=True, **given
    )
    return done.stdout.strip()


assert found() == "hf_of_the_login"
assert found(HF_TOKEN="hf_of_the_variable") == "hf_of_the_variable"
