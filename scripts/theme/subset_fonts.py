"""Make the fonts of the site from the packages in which Fontsource publishes Adobe's Source fonts.

    pip install fonttools brotli
    npm pack @fontsource-variable/source-serif-4@5.3.1 @fontsource-variable/source-code-pro@5.3.1
    python scripts/theme/subset_fonts.py fontsource-variable-*.tgz

A subset holds the letters that the guide uses, the weights that its styles ask for, and the kerning of prose. It is a
changed version, and the licence reserves the name Source for the unchanged one, so the subsets have names of their own.
"""

from __future__ import annotations

import sys
import tarfile
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTS = Path(__file__).resolve().parents[2] / "docs" / "assets" / "fonts"
ASCII = [*range(0x20, 0x7F)]
LETTERS = [*ASCII, *map(ord, "\xa0±³·×äöüé–—’“”…\u202f−")]
IN_CODE = [*ASCII, *map(ord, "\xa0«±³»×é–…")]
IN_WORDS = [*(each for each in ASCII if chr(each).isalnum()), *map(ord, " \xa0.,:;!?'\"()-/%äöüé–’…")]  # in italics
FEATURES = ["kern", "tnum", "lnum"]
MADE = {  # the file: the package, its file, the weights that stay, the new name, the letters, the features
    "proof-serif.woff2": (
        "source-serif-4", "source-serif-4-latin-wght-normal", (400, 700), "Proof Serif", LETTERS, FEATURES
    ),
    "proof-serif-italic.woff2": (
        "source-serif-4", "source-serif-4-latin-wght-italic", 400, "Proof Serif Italic", IN_WORDS, ["kern"]
    ),
    "proof-mono.woff2": ("source-code-pro", "source-code-pro-latin-wght-normal", 400, "Proof Mono", IN_CODE, []),
}  # fmt: skip
NAMES = (1, 3, 4, 6, 16, 25)  # the records of a font's name table that hold its name
COPYRIGHT, LICENCE = 0, 13


def main(archives: list[str]) -> None:
    """Write each subset, and the licence beside it."""
    FONTS.mkdir(parents=True, exist_ok=True)
    for made, (package, file, weights, name, letters, features) in MADE.items():
        archive = next((each for each in archives if package in each), None)
        if archive is None:
            sys.exit(f"no archive of {package} was given: npm pack @fontsource-variable/{package}")
        with tarfile.open(archive) as packed:
            font = TTFont(BytesIO(_member(packed, f"package/files/{file}.woff2")))
            (FONTS / f"{package}.LICENSE.txt").write_bytes(_member(packed, "package/LICENSE"))
        font = instantiateVariableFont(font, {"wght": weights})
        options = Options(layout_features=features, flavor="woff2", name_IDs=[*NAMES, 2, 5, COPYRIGHT, LICENCE, 14])
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=letters)
        subsetter.subset(font)
        for record in font["name"].names:
            if record.nameID in NAMES:
                record.string = name.replace(" ", "") if record.nameID in (3, 6, 25) else name
        font.flavor = "woff2"
        font.save(FONTS / made)
        print(f"{made}: {(FONTS / made).stat().st_size:,} bytes, {len(font.getBestCmap())} letters")


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    member = packed.extractfile(name)
    assert member is not None
    return member.read()


if __name__ == "__main__":
    main(sys.argv[1:])
