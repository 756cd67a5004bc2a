"""A library that behaves otherwise is noticed, by the claim that says how it behaves.

`make mutations` runs every mutation and keeps what each broke. These tests run a few of them again, and hold the kept
results against the code.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import mutate
from galley.source.digest import digest
from mutations import MUTATIONS

# The same few each time, drawn by the digests of their names: a new mutation puts out at most one of them. And what no
# kept result is of.
SAMPLE = list(dict.fromkeys([*sorted(MUTATIONS, key=digest)[:4], *mutate.outdated()]))


KNOWN = MUTATIONS["generate-gives-the-new-tokens-alone"]
EARLIER, LATER = replace(KNOWN, claim="wrap-class"), replace(KNOWN, claim="default-length")


@pytest.fixture(scope="module")
def outcomes() -> dict[mutate.Mutation, mutate.Outcome]:
    """What came of the sample, and of a mutation that is said to break other claims than it does; on one runner.

    A cell takes longer than the project allows it here, and must not be stopped for that.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutate, "PROJECT", replace(mutate.PROJECT, timeout=0.01))
        ran = mutate.run([*(MUTATIONS[name] for name in SAMPLE), EARLIER, LATER])
    return {each.mutation: each for each in ran}


def test_there_are_enough_mutations() -> None:
    assert len({(each.page, each.claim) for each in MUTATIONS.values()}) >= 80


def test_no_mutation_takes_the_name_of_another() -> None:
    assert sum(len(own) for _, own in mutate.written().values()) == len(MUTATIONS)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_names_a_claim_and_its_kept_result_is_of_todays_code(name: str) -> None:
    assert mutate.kept().get(name) == mutate.entry(MUTATIONS[name]), "make mutations"


def test_the_page_runs_as_far_as_the_claim_and_measures_nothing() -> None:
    snippets = mutate.SNIPPETS["train-an-adapter"]
    claim = snippets.cell("fresh-is-nothing")
    assert claim is not None
    short = mutate.as_far_as(snippets, claim)
    assert [each.digest for each in short.cells] == [
        each.digest for each in snippets.cells[: snippets.cells.index(claim) + 1]
    ]
    assert len(short.cells) < len(snippets.cells)
    last = snippets.cells[-1]
    assert [each.name for each in mutate.as_far_as(snippets, last).cells] == [each.name for each in snippets.cells]
    assert not any("measured" in each.tags for each in mutate.as_far_as(snippets, last).cells)


def test_a_mutations_code_is_its_own() -> None:
    digests = [mutate.code_of(each) for each in MUTATIONS.values()]
    assert len(set(digests)) == len(digests)


def test_nothing_else_is_kept() -> None:
    assert set(mutate.kept()) <= set(MUTATIONS), "make mutations"


@pytest.mark.parametrize("name", SAMPLE)
def test_the_claim_names_the_mutation(name: str, outcomes: dict[mutate.Mutation, mutate.Outcome]) -> None:
    assert not outcomes[MUTATIONS[name]].wrong


def test_what_another_claim_notices_or_none_is_wrong_and_is_not_kept(
    outcomes: dict[mutate.Mutation, mutate.Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcomes[EARLIER].wrong.startswith("no cell of deep-dive notices")
    assert outcomes[LATER].wrong.startswith("another thing notices than deep-dive/default-length: ")
    monkeypatch.setattr(mutate, "results_file", lambda: tmp_path / "results.json")
    monkeypatch.setattr(mutate, "PROJECT", replace(mutate.PROJECT, root=tmp_path, mutations="results.json"))
    right = mutate.Outcome(KNOWN, "", 1.0)
    mutate.keep([right])
    assert mutate.kept() == {KNOWN.name: mutate.entry(KNOWN)}
    assert KNOWN.name not in mutate.outdated()
    with monkeypatch.context() as patch:
        patch.setattr(mutate, "VERSIONS", {"torch": "0.1"})
        assert KNOWN.name in mutate.outdated(), "the libraries are others"
    with monkeypatch.context() as patch:
        patch.setattr(mutate, "code_of", lambda mutation: "0" * 64)
        assert KNOWN.name in mutate.outdated(), "the mutation is another"
    mutate.keep([replace(right, wrong="no cell notices")])
    assert mutate.kept() == {}
    assert set(mutate.outdated()) == set(MUTATIONS)
