#!/bin/sh
# compile_constraints.sh BIN: write constraints.txt, the pinned versions of everything, with the python and the
# pip-compile of the folder BIN, from the pyproject.toml of the guide and from galley's. What is pinned stays, as long as
# it satisfies both; remove a line to have a newer version.
# torch's local version (+cpu) is taken off: no public index carries it under that name.
set -eu
bin="${1:?usage: compile_constraints.sh BIN}"
wanted=$(
    "$bin/python" - <<'END'
import tomllib

for file in ("pyproject.toml", "scripts/galley/pyproject.toml"):
    with open(file, "rb") as opened:
        project = tomllib.load(opened)["project"]
    groups = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    # pip-compile cannot read the requirement of galley by its place; galley's own requirements are here.
    print(*[each for group in groups for each in group if "{root:uri}" not in each], sep="\n")
END
)
echo "$wanted" | "$bin/pip-compile" --quiet --strip-extras --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --resolver=backtracking \
    --output-file constraints.txt -
{
    echo "# Every version that this project is tested with. Made by 'make constraints'; not edited by hand."
    sed 's/^\(torch==[^+]*\)+.*/\1/' constraints.txt
} >constraints.tmp
mv constraints.tmp constraints.txt
