"""What the tests of trainings share: one thread, and a base that is trained in no time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, GPTBigCodeForCausalLM

from training import model, tokens

SHIPPED = Path(__file__).resolve().parents[2] / "snippets" / "models" / "stdlib-coder"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """One thread, as the workers have: two wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model of 2 layers of width 64, untrained, with the tokenizer of the real one."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    GPTBigCodeForCausalLM(model.make_config(2, 64, 128, tokens.VOCABULARY, tokens.POSITIONS)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(SHIPPED).save_pretrained(folder)
    return folder
