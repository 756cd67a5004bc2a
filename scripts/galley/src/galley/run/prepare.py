"""The hook `prepare`: called once for a profile, before any of its pages, with the variables that the user has set.

In the command, and in a process of its own that the command starts: this very module, run as a program, which reads a
`Prepare` from standard input and writes a `Prepared` to standard output. A page's environment has no tokens in it, so
whatever a profile needs from elsewhere, such as a download, is fetched in this process. The hook returns the variables
that the profile's pages are to see.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from galley import system
from galley.errors import Exit, GalleyError
from galley.hooks import Context, HookError, at_fault, find_hook
from galley.record.dependencies import GALLEY
from galley.record.machine import folders
from galley.run.protocol import Prepare, Prepared, encode, written
from galley.source.digest import digest
from galley.toml import VARIABLE

if TYPE_CHECKING:
    from galley.config import Project
    from galley.profile import Profile

GRACE = 5.0  # seconds for the end of a process that has answered
LONGEST = 1 << 24  # bytes of an answer

Answers = dict[str, Mapping[str, str]]  # the variables that the hook returned, by the name of the profile


class PrepareError(GalleyError):
    """A profile cannot run here: the hook says what is missing."""

    exit = Exit.RUNNER


async def prepare(project: Project, profiles: Iterable[str], known: Answers) -> list[PrepareError]:
    """Call the hook for each profile that `known` has no answer for, and add the answers to `known`.

    Returns an error for each profile that cannot run. In a guide without the hook, every answer is empty.
    """
    asked = [name for name in dict.fromkeys(profiles) if name not in known]
    if "prepare" not in project.hooks:
        known |= {name: {} for name in asked}
        return []
    answers = await asyncio.gather(*(_prepare(project, project.profile(name)) for name in asked))
    known |= {name: each for name, each in zip(asked, answers, strict=True) if not isinstance(each, PrepareError)}
    return [each for each in answers if isinstance(each, PrepareError)]


def revisions(project: Project, models: Sequence[str]) -> Mapping[str, str]:
    """The newest revision of each model, as the hook `revisions` says; none in a guide without it, or without models.

    Raises PrepareError where the hook cannot say.
    """
    if "revisions" not in project.hooks or not models:
        return {}
    asked = Prepare(project.hooks["revisions"], str(project.snippets), str(project.root), "", models=tuple(models))
    answered = _read(*asyncio.run(_answered(encode(asked), project.root)), f"the hook revisions ({asked.hook})")
    if answered.error:
        what = f"the newest revisions of the models cannot be had: {answered.error}"
        raise PrepareError(what, project.place("hooks", "revisions"), answered.mend)
    return answered.variables


def facts_of(project: Project, variables: Mapping[str, str]) -> dict[str, str]:
    """The facts that a record has of an answer: a digest for each variable.

    A value may hold a token, so it is not written down itself. Folders that another machine has elsewhere do not count.
    """
    instead = folders(project.root, GALLEY) if variables else ()
    return {f"prepare.{name}": _digest(text, instead) for name, text in sorted(variables.items())}


def _digest(text: str, instead: Iterable[tuple[str, str]]) -> str:
    for folder, sign in instead:
        text = text.replace(folder, sign)
    return digest(text)


async def _prepare(project: Project, profile: Profile) -> Mapping[str, str] | PrepareError:
    folders = str(project.snippets), str(project.root)
    asked = Prepare(project.hooks["prepare"], *folders, profile.name, profile.parameters)
    answered = _read(*await _answered(encode(asked), project.root), f"the hook prepare ({asked.hook})")
    if answered.error:
        what = f"profile {profile.name} cannot run: {answered.error}"
        return PrepareError(what, project.place("hooks", "prepare"), answered.mend)
    return answered.variables


def _read(code: int, said: bytes, named: str) -> Prepared:
    try:
        return msgspec.json.decode(said, type=Prepared)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Prepared(error=f"{named} exited with status {code} and gave no answer", mend="mend the hook")


async def _answered(asked: bytes, folder: Path) -> tuple[int, bytes]:
    """The exit code of the hook's process and what it answered.

    The process has a session of its own, which ends with it: what the hook started and left running could hold the
    answer's pipe open. It ends with this command, too, since its standard input does.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "galley.run.prepare",
        cwd=folder, stdin=PIPE, stdout=PIPE, start_new_session=True, limit=LONGEST,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(asked)
        line = asyncio.create_task(process.stdout.readline())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait((line, ended), return_when=asyncio.FIRST_COMPLETED)
        with suppress(TimeoutError, ValueError):
            async with asyncio.timeout(GRACE):
                await line
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await ended
        said = line.result() if line.done() and not line.cancelled() and not line.exception() else b""
        return process.returncode or 0, said
    finally:
        system.kill_group(process.pid)
        await process.wait()


def answer(asked: Prepare) -> Prepared:
    """What the hook says of a profile; what the hook raises becomes the error."""
    sys.path.insert(0, asked.snippets)
    name = "revisions" if asked.models else "prepare"
    try:
        hook = find_hook(name, asked.hook)
    except HookError as error:
        return Prepared(error="\n    ".join(each for each in (error.what, error.detail) if each))
    root, named = Path(asked.root), f"the hook {name} ({asked.hook})"
    context = Context("", asked.profile, asked.parameters, root, root)
    try:
        said = hook(context, asked.models) if asked.models else hook(context)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in sys.stdlib_module_names:
            return Prepared(error=str(error))
        what = f"{named} raised {type(error).__name__}: {error}\n    at {at_fault(error, hook)}"
        mend = "mend the hook, or raise an exception of its own"  # nobody meant this one
        return Prepared(error=what, mend=mend)
    if wrong := _wrong(said, variables=not asked.models):
        return Prepared(error=f"{named} answered with {wrong}", mend="mend the hook")
    return Prepared(dict(said or {}))


def _wrong(said: Any, *, variables: bool) -> str:
    """What is wrong with what the hook returned, and what is wanted; empty where it is right."""
    if said is None:
        return ""
    if not isinstance(said, Mapping) or not all(isinstance(each, str) for pair in said.items() for each in pair):
        return f"{said!r:.200}, and must with texts by name (a dict) or None"
    odd = next((name for name in said if variables and not VARIABLE.fullmatch(name)), None)
    if odd is not None:
        return f"{odd!r:.200}, which is no name of a variable"
    odd = next((name for name, text in said.items() if "\0" in text or written(text) != text), None)
    return f"a value of {odd} that no variable can have" if odd is not None else ""


def main() -> None:
    """Answer the request on standard input; whatever else is printed goes to standard error.

    The hook finds standard input empty. Its process ends as soon as the command's end of it is closed.
    """
    asked, channel = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    wanted = msgspec.json.decode(asked.readline(), type=Prepare)
    threading.Thread(target=_end_with, args=(asked,), daemon=True).start()
    channel.write(encode(answer(wanted)))
    channel.flush()


def _end_with(asked: BinaryIO) -> None:
    asked.read()
    system.kill_group(os.getpid())


if __name__ == "__main__":
    main()
