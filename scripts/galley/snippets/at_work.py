"""Every tag and option of galley at work: a small cell for each row of the tables in `galley.source.tags`.

The page that shows them is docs/at-work.md. What makes a page run alone, or lets it into the network, is a page's matter
and not a cell's: such cells stand in at_work_alone.py and at_work_online.py. A traceback
shows lines by their numbers: cells about errors stand in at_work_errors.py, so that no other change makes them stale.
"""

# %% parameters [setup]
language = "en"

# %% imports [setup] fold="What the cells below import"
import json
import platform
import subprocess
import time
from datetime import datetime

# %% lists [claim]
"Python's `json` writes a list in brackets."

assert json.dumps([1, 2]) == "[1, 2]"

# %% greeting [claim] about="language"
"In English the greeting is one word."

assert len(json.dumps({"en": "hello"}[language]).split()) == 1

# %% average [folded]
"""The average of three measurements."""

measured = [1.2, 1.4, 1.3]
print(f"{sum(measured) / len(measured):.2f}")

# %% steps [folded] fold="How they were counted"
"""How many steps does Euclid's algorithm take for 1071 and 462?"""

a, b, count = 1071, 462, 0
while b:
    a, b, count = b, a % b, count + 1
print(count)

# %% scores [table] best="score, memory:low"
"""What three methods reached."""

[
    {"method": "plain", "score": f"{0.791:.1%}", "memory": "512 MiB"},
    {"method": "wide", "score": f"{0.805:.1%}", "memory": "769 MiB"},
    {"method": "deep", "score": f"{0.812:.1%}", "memory": "863 MiB"},
]

# %% rounded [table] choose="digits, number"
"""Numbers, rounded."""

[
    {"number": name, "digits": digits, "rounded": round(number, digits)}
    for name, number in {"pi": 3.14159265, "e": 2.71828183}.items()
    for digits in (1, 3, 5)
]

# %% squares [trace]
"""The squares of three numbers, added up."""

total = 0
for number in (1, 2, 3):
    total += number**2

# %% shorter [remove-input]
"""A text, cut to a width."""

import textwrap

print(textwrap.shorten("Type that is set is proofed in a galley first.", width=30))

# %% price [remove-cell]
price = 12

# %% paid
"""What three of them cost."""

print(3 * price)

# %% publish [skip-execution]
"""How a package is published."""

# subprocess.run(["twine", "upload", "dist/galley.whl"], check=True)

# %% last-words [shell]
"""The last two words of the file, in alphabetical order."""

# $ sort words.txt | tail -n 2

# %% not-found [shell] exit="1"
"""How many lines have a word that is not there; `grep` then ends with 1."""

# $ grep -c zephyr words.txt

# %% circle [thumbnail] alt="A circle with a tick in it"
"""A drawing that a value brings with it."""


class Circle:
    """Any value with this method of the notebooks is a drawing."""

    def _repr_svg_(self):
        shapes = '<circle cx="30" cy="30" r="26"/><path d="M18 31l8 8 16-18"/>'
        box = 'xmlns="http://www.w3.org/2000/svg" width="60" height="60" viewBox="0 0 60 60"'
        return (
            f'<svg {box} fill="none" stroke="#3f7fd0" stroke-width="4">{shapes}</svg>'
        )


Circle()

# %% not-json raises="JSONDecodeError"
json.loads("[1, 2")

# %% progress exact="overwritten"
"""A line that is drawn anew twice."""

for percent in (10, 50, 100):
    print(f"\r{percent} %", end="")

# %% processor by_processor="it names the processor's family"
print(platform.machine())

# %% now varies="it reads the clock"
print(f"{datetime.now():%H:%M:%S}")

# %% waits timeout="5"
time.sleep(0.01)
print("done in time")

# %% sum tolerance="1e-6"
print(sum(1 / n**2 for n in range(1, 10_000)))

# %% counted uses="words.txt"
"""A program of its own reads the file."""

print(
    subprocess.run(
        ["wc", "-l", "words.txt"], capture_output=True, text=True, check=True
    ).stdout
)

# %% list-of-words
"""Four words, printed as a list of Markdown."""

for word in ("proof", "galley", "forme", "quoin"):
    print(f"- *{word}*")

# %% two-lines
"""Two lines, of which the first is about to stand out."""

greeting = "good morning"
print(greeting.title())

# %% colours
print("\033[32mgreen\033[0m and \033[1mbold\033[0m")

# %% small-print
print("<p>Two to the tenth is <b>1024</b>.</p>")

# %% heading
print("### A heading that a cell printed\n\nIts id begins as the fence says.")

# %% ruler
print("-" * 80)

# %% refused [folded] fold="How this was found out"
import sys
from pathlib import Path

guide = {
    "pyproject.toml": "[tool.galley.profiles.laptop]\nrequired = true\n",
    "mkdocs.yml": "site_name: Small\nmarkdown_extensions: [galley]\n",
    "snippets/a.py": "# %% b\n'hello'\n",
    "docs/index.md": '```python exec="on" cell="a/b" workdir="data"\n```\n',
}
for name, text in guide.items():
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def call(code, *words):
    """Call a command of this environment; the answer is all that it says."""
    line = [sys.executable, "-c", code, *words]
    done = subprocess.run(line, capture_output=True, text=True)
    return done.stdout + done.stderr


call("from galley.cli import main; main()", "run")
said = call("from mkdocs.__main__ import cli; cli()", "build", "--quiet")
print(said[said.index("docs/index.md") :])
