"""A library that behaves otherwise is noticed, by the claim that says how it behaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from galley.config import find_project
from galley.run.backend import LocalBackend
from galley.run.choose import Task
from galley.run.client import PageRun
from galley.run.schedule import run_tasks
from galley.source.guide import read_guide
from mutations import MUTATIONS, PREFIX

TESTS = Path(__file__).parent
PROJECT = find_project(TESTS)
GUIDE = read_guide(PROJECT)
SNIPPETS = {each.page: each for each in GUIDE.snippets.values()}


@pytest.fixture(scope="module")
def mutated() -> dict[str, PageRun]:
    """How each mutation's page ran with it, by the mutation's name; all on one runner."""
    project = replace(
        PROJECT,
        imports=(*PROJECT.imports, "mutations"),
        hooks={**PROJECT.hooks, "setup": "mutations:setup"},
        environment={**PROJECT.environment, "PYTHONPATH": str(TESTS)},
    )
    laptop = PROJECT.profile("laptop")
    tasks = [Task(SNIPPETS[each.page], replace(laptop, name=PREFIX + each.name)) for each in MUTATIONS.values()]

    async def run_all() -> dict[str, PageRun]:
        async with LocalBackend(project) as here:
            ran = [each.run async for each in run_tasks(project, tasks, here, lambda job, cell: None)]
        return {run.profile.removeprefix(PREFIX): run for run in ran}

    return asyncio.run(run_all())


def test_there_are_enough_mutations() -> None:
    assert len({(each.page, each.claim) for each in MUTATIONS.values()}) >= 80


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_claim_names_the_mutation(name: str, mutated: dict[str, PageRun]) -> None:
    mutation = MUTATIONS[name]
    cell = SNIPPETS[mutation.page].cell(mutation.claim)
    assert cell is not None
    assert "claim" in cell.tags
    failure = mutated[name].failure
    assert failure is not None, f"no cell of {mutation.page} notices: {mutation.apply.__doc__}"
    assert failure.cell == mutation.claim, f"{failure}\n{failure.detail}"
    assert f"the claim does not hold: «{cell.caption}» (AssertionError" in failure.what
