#!/bin/sh
# compile_constraints.sh PIP_COMPILE: write constraints.txt, the pinned versions of everything, from pyproject.toml.
# torch's local version (+cpu) is taken off: no public index carries it under that name.
set -eu
"${1:?usage: compile_constraints.sh PIP_COMPILE}" --quiet --all-extras --strip-extras --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --resolver=backtracking \
    --output-file constraints.txt pyproject.toml
{
    echo "# Every version that this project is tested with. Made by 'make constraints'; not edited by hand."
    sed 's/^\(torch==[^+]*\)+.*/\1/' constraints.txt
} >constraints.tmp
mv constraints.tmp constraints.txt
