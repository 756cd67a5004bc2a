"""Every link into a library's source leads to the line that defines what it names, at the installed version."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from source_links import SourceLink, source_links, wrong_with

DOCS = Path(__file__).parents[2] / "docs"
LINKS = [
    link for page in sorted(DOCS.glob("*.md")) for link in source_links(page.name, page.read_text(encoding="utf-8"))
]
ROOT = f"https://github.com/huggingface/peft/blob/v{version('peft')}/src/peft"


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.page}:{link.line}:{link.text}")
def test_a_link_leads_to_what_it_names(link: SourceLink) -> None:
    assert wrong_with(link) == ""


def line_of(symbol: str) -> int:
    """The line of peft_model.py that begins the class."""
    import peft.peft_model

    lines = Path(peft.peft_model.__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(f"class {symbol}("))


def test_a_right_link_is_right() -> None:
    text = f"See\n[`PeftModel`]({ROOT}/peft_model.py#L{line_of('PeftModel')}) and [x](https://github.com/huggingface/peft)."
    (link,) = source_links("a.md", text)
    assert (link.line, wrong_with(link)) == (2, "")


@pytest.mark.parametrize(
    ("text", "url", "what"),
    [
        ("`PeftModel`", f"{ROOT}/peft_model.py#L1", "does not define PeftModel; it is defined at"),
        ("`PeftModel`", f"{ROOT}/peft_model.py", "not of the form"),
        ("`PeftModel`", f"{ROOT}/no_file.py#L1", "has no file"),
        ("`PeftModel`", f"{ROOT}/peft_model.py#L1".replace("/v", "/v9."), "is installed"),
        ("`x`", "https://github.com/a/b/blob/v1/x.py#L1", "not of the form"),
        ("`LoraModel.from_pretrained`", f"{ROOT}/peft_model.py#L{line_of('PeftModel')}", "defined at none"),
        ("its code", "https://github.com/bigcode-project/astraios/blob/main/a.py", "not of the form"),
        ("the class", f"{ROOT}/peft_model.py#L1", "names no symbol"),
    ],
)
def test_a_wrong_link_is_told(text: str, url: str, what: str) -> None:
    (link,) = source_links("a.md", f"[{text}]({url})")
    assert what in wrong_with(link)
