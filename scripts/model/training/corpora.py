"""A run's tokenizer and encoded corpora: made once in the run's folder, then memory-mapped by every worker."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from training import data, tokens
from training.log import Log

VALIDATION_FUNCTIONS = 500


def prepare(folder: Path, functions: int, seed: int) -> None:
    """Make what `folder` lacks: a tokenizer, and corpora with the first `functions` generated functions (0: none)."""
    folder.mkdir(parents=True, exist_ok=True)
    log = Log(folder / "data.jsonl")
    documents = list(data.stdlib_documents())
    if not (folder / "tokenizer").exists():
        make_tokenizer(folder, [d.text for d in documents if not d.held_back], log)
    sources: dict[str, Callable[[], Iterable[str]]] = {
        "stdlib-train": lambda: (data.with_filename(d) for d in documents if not d.held_back),
        "stdlib-validation": lambda: (d.text for d in documents if d.held_back),
    }
    if functions:
        sources["functions-train"] = lambda: generated("train", seed, functions)
        sources["functions-validation"] = lambda: generated("validation", seed, VALIDATION_FUNCTIONS)
    for name, texts in sources.items():
        if not (folder / f"{name}.npy").exists():
            make_corpus(folder, name, texts(), log)


def make_tokenizer(folder: Path, texts: list[str], log: Log) -> None:
    """Train the tokenizer."""
    started = time.time()
    tokenizer = tokens.train_tokenizer(texts)
    tokenizer.save_pretrained(folder / "tokenizer")
    log.write("tokenizer", vocabulary=len(tokenizer), seconds=round(time.time() - started, 1))


def make_corpus(folder: Path, name: str, texts: Iterable[str], log: Log) -> None:
    """Encode one corpus, all or nothing: a killed run must not leave half of it."""
    corpus = data.encode_corpus(load_tokenizer(folder / "tokenizer"), texts)
    temporary = folder / f"{name}.tmp.npy"
    np.save(temporary, corpus.ids)
    facts = {key: value for key, value in asdict(corpus).items() if key != "ids"}
    log.write("corpus", name=name, tokens=len(corpus.ids), **facts)
    temporary.replace(folder / f"{name}.npy")
    print(f"{name}: {corpus.documents:,} documents, {len(corpus.ids):,} tokens", flush=True)


def generated(split: str, seed: int, count: int) -> Iterator[str]:
    """The first `count` generated functions of a split."""
    import exercises  # only a run that mixes functions in needs the catalogue

    return islice(exercises.functions(split, seed), count)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """A tokenizer that does not warn about texts longer than the model."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    return AutoTokenizer.from_pretrained(folder)


def load_corpus(folder: Path, name: str) -> data.Corpus | None:
    """An encoded corpus, memory-mapped, or None if the run has none of that name."""
    path = folder / f"{name}.npy"
    return data.Corpus(np.load(path, mmap_mode="r"), 0, 0, "") if path.exists() else None


def load_rows(folder: Path, length: int, seed: int) -> data.Rows:
    """The rows of a prepared run. Raises FileNotFoundError if it was not prepared."""
    stdlib = load_corpus(folder, "stdlib-train")
    if stdlib is None:
        raise FileNotFoundError(f"{folder} has no encoded data; train_base.py prepares it")
    functions = load_corpus(folder, "functions-train")
    return data.Rows(stdlib, functions, load_tokenizer(folder / "tokenizer"), length, seed)
