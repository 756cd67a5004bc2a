"""Commands with which a guide begins: a new one, and one that is there and gets galley. docs/start.md shows them."""

# %% new [shell]
"""A new guide, and what to type next."""

# $ galley new guide | tail -n 2

# %% files [shell]
"""What is in it."""

# $ cd guide
# $ find . -type f | sort

# %% first [shell, measured]
"""The first page runs."""

# $ cd guide
# $ galley run index | tail -n 1

# %% code [shell]
"""The code, the page, and the record of what the code printed."""

# $ cd guide
# $ cat snippets/index.py
# $ grep exec docs/index.md
# $ cat snippets/outputs/index/laptop/mean.stdout.txt

# %% stale [shell] exit="1"
"""A number in the code changes."""

# $ cd guide
# $ sed -i.old 's/2.4/2.7/' snippets/index.py
# $ galley check

# %% again [shell, measured]
"""Both pages run."""

# $ cd guide
# $ galley run --jobs 1 | tail -n 3

# %% true [shell]
"""All of it is true."""

# $ cd guide
# $ galley check

# %% second [shell]
"""The code of the second page."""

# $ cd guide
# $ cat snippets/planets.py

# %% recorded [shell]
"""A file for each output, and the table as text."""

# $ cd guide
# $ ls snippets/outputs/planets/laptop
# $ head -n 4 snippets/outputs/planets/laptop/table.table.txt

# %% data [shell] exit="1"
"""Somebody changes the file of data."""

# $ cd guide
# $ sed -i.old 's/1.881/1.9/' snippets/data/planets.csv
# $ galley check

# %% claim [shell]
"""The claim no longer holds, and nothing is recorded."""

# $ cd guide
# $ galley run planets 2>&1 | grep -e claim -e ' = '

# %% tested [shell, measured]
"""With the old data, every cell prints what its record says."""

# $ cd guide
# $ mv snippets/data/planets.csv.old snippets/data/planets.csv
# $ galley test planets | tail -n 1
# $ galley test index | tail -n 1

# %% lane [shell]
"""What the workflow runs."""

# $ tail -n 8 guide/.github/workflows/check.yml

# %% there [shell]
"""A site as somebody has it."""

# $ mkdir -p site-of-mine/docs
# $ cd site-of-mine
# $ cat > mkdocs.yml <<'END'
# > site_name: Mine   # and nobody else's
# > theme: readthedocs
# > markdown_extensions:
# >   - admonition
# >   # - footnotes
# > plugins: [search]
# > END
# $ echo "# Mine" > docs/index.md

# %% dry [shell]
"""What would change."""

# $ cd site-of-mine
# $ galley add --example --dry-run

# %% added [shell]
"""It changes, and the command says what to type next."""

# $ cd site-of-mine
# $ galley add --example | tail -n 3
# $ galley add --example

# %% built [shell]
"""What it said, typed."""

# $ cd site-of-mine
# $ galley run > run.txt
# $ galley check
# $ mkdocs build --strict --quiet
# $ grep -c '2.27' site/index.html

# %% by-hand [shell] exit="5"
"""Settings that are shared cannot be changed alone."""

# $ cd site-of-mine
# $ mv mkdocs.yml properdocs.yml
# $ printf 'x: &all [tables]\nmarkdown_extensions: *all\n' > mkdocs.yml
# $ galley add
