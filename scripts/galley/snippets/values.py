"""A value of each kind that needs nothing but galley. The page that shows them is docs/values.md."""

# %% text
"""A value of any class is its `repr`."""

{"weights": [0.25, 0.5], "names": ("a", "b")}

# %% table
"""HTML: a table, with the colour of a cell."""


class Table:
    def __repr__(self):
        return "Table of two rows"

    def _repr_html_(self):
        head = "<thead><tr><th>planet</th><th>moons</th></tr></thead>"
        rows = (
            "<tr><td>Mars</td><td>2</td></tr>"
            '<tr><td>Jupiter</td><td style="color: #c05a00">101</td></tr>'
        )
        return f"<table>{head}<tbody>{rows}</tbody></table>"


Table()

# %% words
"""Markdown."""


class Words:
    def __repr__(self):
        return "Words"

    def _repr_markdown_(self):
        return "Some *words*, `code`, and a list:\n\n- one\n- two"


Words()

# %% root
"""LaTeX. This site sets no formulas, so that the value's text stands here."""


class Root:
    def __repr__(self):
        return "sqrt(x)"

    def _repr_latex_(self):
        return r"$\sqrt{x}$"


Root()

# %% data
"""JSON."""


class Data:
    def __repr__(self):
        return "Data"

    def _repr_json_(self):
        return {"steps": [1, 2], "done": True, "note": None}


Data()

# %% bars alt="Three bars, each higher than the one before"
"""An SVG. Black becomes the ink of the page, on dark paper too."""


class Bars:
    def __repr__(self):
        return "Bars"

    def _repr_svg_(self):
        bars = "".join(
            f'<rect x="{4 + 32 * at}" y="{76 - height}" width="24" height="{height}"/>'
            for at, height in enumerate((24, 48, 72))
        )
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="80" viewBox="0 0 100 80">{bars}</svg>'


Bars()

# %% scripted
"""HTML that a script would make: the page says why it shows the text."""


class Scripted:
    def __repr__(self):
        return "a plot of 100 points"

    def _repr_html_(self):
        return "<div id='plot'></div><script>draw('plot')</script>"


Scripted()
