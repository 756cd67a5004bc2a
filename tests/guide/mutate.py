"""Run the guide's mutations, and keep what they broke in the file that the setting `mutations` names.

    python tests/guide/mutate.py          those that are new, or whose code or claim's code changed, or the libraries
    python tests/guide/mutate.py --all    every one
    python tests/guide/mutate.py NAME …   these

A mutation's page runs from its first cell to the claim that must fail, on one runner that has the libraries imported.
Ends with 1 where a mutation was not noticed, or not by the claim that it names.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
for needed in (TESTS, TESTS.parents[1] / "snippets"):
    if str(needed) not in sys.path:
        sys.path.insert(0, str(needed))

from galley.config import find_project  # noqa: E402 (finds this guide's own modules)
from galley.record.facts import environment  # noqa: E402
from galley.record.mutations import Broken, read_results, to_json  # noqa: E402
from galley.run.backend import LocalBackend  # noqa: E402
from galley.run.choose import Task  # noqa: E402
from galley.run.client import PageRun  # noqa: E402
from galley.run.schedule import run_tasks  # noqa: E402
from galley.source.cells import Cell, SnippetFile, cut  # noqa: E402
from galley.source.digest import code_digest  # noqa: E402
from galley.source.guide import read_guide  # noqa: E402
from mutations import MUTATIONS, PREFIX, Mutation  # noqa: E402

RESULTS = "tests/guide/mutations/results.json"  # where the setting names no other file
PACKAGES = ("torch", "transformers", "peft", "tokenizers")
PROJECT = find_project(TESTS)
GUIDE = read_guide(PROJECT)
SNIPPETS = {each.page: each for each in GUIDE.snippets.values()}
VERSIONS = {name: said.partition("+")[0] for name, said in environment(PACKAGES).packages.items()}


@dataclass(frozen=True)
class Outcome:
    """What came of a mutation: `wrong` is empty where its claim noticed."""

    mutation: Mutation
    wrong: str
    seconds: float


def claim_of(mutation: Mutation) -> Cell:
    """The cell that a mutation must break; raises LookupError where the guide has no such claim."""
    snippets = SNIPPETS.get(mutation.page)
    cell = snippets.cell(mutation.claim) if snippets else None
    if cell is None or "claim" not in cell.tags:
        raise LookupError(f"{mutation.name}: there is no claim {mutation.page}/{mutation.claim}")
    return cell


def as_far_as(snippets: SnippetFile, claim: Cell) -> SnippetFile:
    """A page's code up to a claim. It measures nothing that is kept, so that another page may run beside it."""
    at = snippets.cells.index(claim) + 1
    lines = snippets.source.split("\n")
    if at < len(snippets.cells):
        lines = lines[: snippets.cells[at].place.line - 1]
    short = cut("\n".join(lines) + "\n", snippets.path, claim.place.path, snippets.grammar)
    return replace(short, cells=tuple(replace(each, tags=each.tags - {"measured"}) for each in short.cells))


@cache
def _module(file: Path) -> tuple[list[ast.stmt], dict[str, ast.stmt]]:
    """A module of mutations: what they share, and each of them by the name of its function."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    own = {
        node.name: node
        for node in body
        if isinstance(node, ast.FunctionDef) and any("breaks" in ast.unparse(each) for each in node.decorator_list)
    }
    return [node for node in body if node not in own.values()], own


def written() -> dict[Path, tuple[list[ast.stmt], dict[str, ast.stmt]]]:
    """Each module of mutations, as `_module` reads it."""
    return {file: _module(file) for file in sorted((TESTS / "mutations").glob("[!_]*.py"))}


def code_of(mutation: Mutation) -> str:
    """The digest of a mutation's code, of what its module has beside mutations, and of modules without any."""
    shared, own = _module(Path(inspect.getsourcefile(mutation.apply) or ""))
    tools = [node for body, others in written().values() if not others for node in body]
    return code_digest([*tools, *shared, own[mutation.apply.__name__]])


def entry(mutation: Mutation) -> Broken:
    """What is kept of a mutation that broke its claim."""
    claim = claim_of(mutation)
    name = f"{SNIPPETS[mutation.page].stem}/{mutation.claim}"
    return Broken(name, claim.digest, mutation.name, code_of(mutation), VERSIONS)


def results_file() -> Path:
    """Where results are kept."""
    return PROJECT.root / (PROJECT.mutations or RESULTS)


def kept() -> dict[str, Broken]:
    """The results that are kept, by the name of the mutation."""
    if not results_file().exists():
        return {}
    project = replace(PROJECT, mutations=PROJECT.mutations or RESULTS)
    return {each.mutation: each for each in read_results(project).broken}


def outdated() -> list[str]:
    """The mutations without a result of their code, their claim's code and these libraries."""
    before = kept()
    return [name for name, each in MUTATIONS.items() if before.get(name) != entry(each)]


def keep(outcomes: Sequence[Outcome]) -> None:
    """Put outcomes among the results. What no mutation of today left goes, and so does what was not noticed."""
    found = {name: each for name, each in kept().items() if name in MUTATIONS}
    for outcome in outcomes:
        found.pop(outcome.mutation.name, None)
        if not outcome.wrong:
            found[outcome.mutation.name] = entry(outcome.mutation)
    text = to_json(found.values())
    if not results_file().exists() or results_file().read_text(encoding="utf-8") != text:
        results_file().write_text(text, encoding="utf-8")


def run(
    mutations: Sequence[Mutation], tell: Callable[[int, Outcome], None] = lambda number, outcome: None
) -> list[Outcome]:
    """Run mutations on one runner; `tell` is called with each outcome and how many there are by then."""
    project = replace(
        PROJECT,
        imports=(*PROJECT.imports, "mutations"),
        hooks={**PROJECT.hooks, "setup": "mutations:setup"},
        environment={**PROJECT.environment, "PYTHONPATH": str(TESTS)},
        timeout=PROJECT.page_timeout,  # a slow cell is not stopped for being slow
    )
    laptop = PROJECT.profile("laptop")
    tasks = [
        Task(as_far_as(SNIPPETS[each.page], claim_of(each)), replace(laptop, name=PREFIX + each.name))
        for each in mutations
    ]

    async def run_all() -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with LocalBackend(project) as here:
            async for each in run_tasks(project, tasks, here, lambda job, cell: None):
                mutation = mutations[next(at for at, task in enumerate(tasks) if task is each.task)]
                outcomes.append(Outcome(mutation, _wrong(mutation, each.run), each.run.seconds))
                tell(len(outcomes), outcomes[-1])
        return outcomes

    return asyncio.run(run_all()) if tasks else []


def _wrong(mutation: Mutation, run: PageRun) -> str:
    """Why a run does not show that the claim notices; empty where it does."""
    claim, failure = claim_of(mutation), run.failure
    if failure is None:
        return f"no cell of {mutation.page} notices: {mutation.apply.__doc__}"
    error = "NotRaisedError" if claim.raises and "NotRaisedError" in failure.what else "AssertionError"
    if failure.cell != mutation.claim or f"the claim does not hold: «{claim.caption}» ({error}" not in failure.what:
        return f"another thing notices than {mutation.page}/{mutation.claim}: {failure}\n{failure.detail}"
    return ""


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", metavar="NAME")
    asked.add_argument("--all", action="store_true", help="every mutation")
    given = asked.parse_args()
    if unknown := [name for name in given.names if name not in MUTATIONS]:
        asked.error(f"no mutation is named {unknown[0]}; there are: {', '.join(sorted(MUTATIONS))}")
    if os.environ.get("CI"):
        asked.error("results are not written where the variable CI is set")
    names = given.names or (list(MUTATIONS) if given.all else outdated())

    def tell(number: int, outcome: Outcome) -> None:
        what = outcome.wrong or f"broke {outcome.mutation.page}/{outcome.mutation.claim}"
        print(f"[{number}/{len(names)}] {outcome.mutation.name}: {what}", flush=True)

    outcomes = run([MUTATIONS[name] for name in names], tell)
    keep(outcomes)
    wrong = sum(bool(each.wrong) for each in outcomes)
    print(f"{len(outcomes)} mutations ran, {wrong} not noticed by their claim; {len(kept())} results are kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
