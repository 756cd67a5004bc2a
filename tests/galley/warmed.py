"""Does once, in the fork server that imports this, what every build would have to do again: it compiles expressions.

The patterns of Python-Markdown, of Pygments' lexers and of Jinja are compiled when they are first used, which takes as
long as the rest of a small build.
"""

from __future__ import annotations

import jinja2
import markdown
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer

EXTENSIONS = ["admonition", "fenced_code", "tables", "toc", "pymdownx.highlight", "pymdownx.superfences"]

for lexer in (PythonLexer, TextLexer):
    highlight("print(1)  # one", lexer(), HtmlFormatter())
markdown.markdown("# A page\n\n*Text*\n\n```python\nprint(1)\n```\n", extensions=EXTENSIONS)
jinja2.Environment().from_string("{{ page }}")
