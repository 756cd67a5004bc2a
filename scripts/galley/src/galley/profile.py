"""What a page runs on: a profile, as a table `[tool.galley.profiles.NAME]` states it.

In every process, but read in the command and in the builder alone. Each setting is a field of `Profile`: the field's
type says what the value must be, its description what the setting is for. The messages of errors and the documentation
are made from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from galley.folders import NAME, RESERVED
from galley.toml import Count, Factor, Parameter, ParameterValue, Reader, Text, Texts, YesNo, says

# Why a setting cannot influence what a page shows, where several have the same reason.
LATE = "A page that takes longer fails, and leaves no record."
WHEN = "It says when a page runs, not what it prints."
SHOWN = "Only the built pages and messages have it."


@dataclass(frozen=True)
class Profile:
    """What a page runs on: values for its parameters, and whether every page must have such a record."""

    name: str
    required: Annotated[
        YesNo,
        says(
            "Every page must have a true record of this profile.",
            cannot="It says whether a record must be there, not what is in it.",
        ),
    ] = False
    title: Annotated[Text, says("What the pages call the profile; its name when not given.", cannot=SHOWN)] = ""
    memory_mb: Annotated[
        Count,
        says(
            "The most private memory of a page, in millions of bytes; 0 sets no limit.",
            reaches="A page that needs more memory meets a MemoryError, which its code may catch.",
        ),
    ] = 0
    needs_mb: Annotated[
        Count,
        says("The memory that a page is expected to need before it was ever recorded; 0 for a guess.", cannot=WHEN),
    ] = 0
    patience: Annotated[Factor, says("By how much every limit of time is multiplied.", cannot=LATE)] = 1.0
    devices: Annotated[
        Texts,
        says(
            'Device files that a page may use, as patterns of paths, such as "/dev/nvidia*".',
            reaches="A page finds no other devices.",
        ),
    ] = ()
    gpus: Annotated[
        Count,
        says("How many GPUs a page needs, for a run on several machines.", cannot="It chooses the machine of a page."),
    ] = 0
    pins: Annotated[
        Mapping[Parameter, Text],
        says(
            "TOML files, by a parameter's name: the parameter's value is a table there, with a commit or a digest.",
            cannot="It is held against a record: one of a page that has the parameter must depend on that table.",
        ),
    ] = field(default_factory=dict)
    parameters: Annotated[
        Mapping[Parameter, ParameterValue],
        says(
            "Values that replace those of the same names in the cell `parameters` of each page.",
            reaches="The hooks are told all of them; those of the cell `parameters` are in its digest too.",
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)


def profiles_in(tables: object, reader: Reader) -> tuple[Profile, ...]:
    """The profiles in the table `profiles` of the settings, in the order of the file.

    Raises GalleyError where it is no table, where none is required, and for a name or a setting that cannot be.
    """
    if not isinstance(tables, dict):
        raise reader.wrong(f"profiles = {tables!r} under [tool.galley] is not a table", ("profiles",))
    profiles: list[Profile] = []
    for name, table in tables.items():
        path = ("profiles", name)
        if not NAME.fullmatch(name) or RESERVED.fullmatch(name):
            what = f"[tool.galley.profiles] has {name!r}, which cannot be a folder's name everywhere"
            raise reader.wrong(what, path, "use letters, digits, '-', '_' and dots inside")
        if twin := next((each.name for each in profiles if each.name.casefold() == name.casefold()), ""):
            what = f"[tool.galley.profiles] has '{name}' and '{twin}', which are one folder on some disks"
            raise reader.wrong(what, path, "give one of them another name")
        profiles.append(Profile(name=name, **reader.values(Profile, table, path)))
    if not any(profile.required for profile in profiles):
        mend = "set required = true under one [tool.galley.profiles.NAME]"
        raise reader.wrong("no profile is required", ("profiles",), mend)
    return tuple(profiles)
