"""reStructuredText as the Markdown of a page, read by docutils.

In the command. docutils is imported when such a text is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

SETTINGS = {
    "report_level": 5,
    "halt_level": 6,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "docinfo_xform": False,
    "smart_quotes": False,
}


def as_markdown(texts: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The texts of one file, which share their headings and labels, each with sentences on what it could not take."""
    from docutils.core import publish_doctree

    from galley.convert.directives import make_known
    from galley.convert.doctree import MARK, Writer

    make_known()
    # The empty comment ends the mark, which else took in a quotation below it.
    source = "\n\n".join(f".. {MARK}{number}\n\n..\n\n{dedent(text)}" for number, text in enumerate(texts))
    writer = Writer()
    writer.document(publish_doctree(source, settings_overrides=SETTINGS))
    return [(writer.text(number), tuple(writer.lost.get(number, ()))) for number in range(len(texts))]
