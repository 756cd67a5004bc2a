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
import traceback
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from galley.errors import Exit, GalleyError
from galley.hooks import Context, HookError, find_hook
from galley.run.protocol import Prepare, Prepared, encode

if TYPE_CHECKING:
    from galley.config import Profile, Project

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


async def _prepare(project: Project, profile: Profile) -> Mapping[str, str] | PrepareError:
    folders = str(project.snippets), str(project.root)
    asked = Prepare(project.hooks["prepare"], *folders, profile.name, profile.parameters)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "galley.run.prepare", cwd=project.root, stdin=PIPE, stdout=PIPE
    )
    said, _ = await process.communicate(encode(asked))
    try:
        answered = msgspec.json.decode(said, type=Prepared)
    except (msgspec.DecodeError, msgspec.ValidationError):
        answered = Prepared(error=f"the hook prepare exited with status {process.returncode} and gave no answer")
    if answered.error:
        return PrepareError(f"profile {profile.name} cannot run: {answered.error}", project.place("hooks", "prepare"))
    return answered.variables


def answer(asked: Prepare) -> Prepared:
    """What the hook says of a profile; what the hook raises becomes the error."""
    sys.path.insert(0, asked.snippets)
    root = Path(asked.root)
    try:
        hook = find_hook("prepare", asked.hook)
        return Prepared(_variables(hook(Context("", asked.profile, asked.parameters, root, root))))
    except HookError as error:
        return Prepared(error="\n    ".join(each for each in (error.what, error.detail) if each))
    except Exception as error:
        if type(error).__module__.partition(".")[0] in sys.stdlib_module_names:
            return Prepared(error=traceback.format_exc())  # an accident: an error of the guide's own class is a message
        return Prepared(error=str(error) or type(error).__name__)


def _variables(said: object) -> dict[str, str]:
    """The variables that the hook returned; raises TypeError where that is anything else than texts by name."""
    found = dict(said) if isinstance(said, Mapping) else {} if said is None else None
    if found is None or not all(isinstance(each, str) for pair in found.items() for each in pair):
        raise TypeError(f"the hook prepare must answer with texts by name, or None, and answered {said!r}")
    return found


def main() -> None:
    """Answer the request on standard input; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    channel.write(encode(answer(msgspec.json.decode(sys.stdin.buffer.read(), type=Prepare))))
    channel.close()


if __name__ == "__main__":
    main()
