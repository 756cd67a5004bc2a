"""Write the bill of materials of a release of galley, in CycloneDX's form: python scripts/sbom.py [FILE]

It lists every locked package with its version, the digests of its files, and what asks for it. The scope says what the
release itself needs (`required`) and what only this guide, its tests and its builders do (`excluded`). Equal locks give
equal components; the date and the serial number are those of the writing.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from compile_locks import INDEX, PARTS, ROOT, askers, closure, locked, versions
from galley import __version__

FILE = ROOT / "scripts" / "galley" / "dist" / f"galley_docs-{__version__}.cdx.json"


def component(name: str, version: str, digests: list[str], scope: ComponentScope) -> Component:
    """A package. The digests are those of the files that the index lists, of which a machine installs one."""
    purl = PackageURL("pypi", name=name, version=version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in digests]
    files = ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(f"{INDEX}/{name}/"), hashes=hashes)
    return Component(
        name=name, version=version, purl=purl, bom_ref=str(purl), scope=scope, external_references=[files]
    )  # fmt: skip


def bill() -> Bom:
    """The bill of materials of galley as it stands in this checkout."""
    project = tomllib.loads((ROOT / "scripts" / "galley" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = project["name"]
    purl = str(PackageURL("pypi", name=name, version=__version__))
    root = Component(name=name, version=__version__, type=ComponentType.LIBRARY, bom_ref=purl)
    bom = Bom()
    bom.metadata.component = root
    direct = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    asked = askers()
    needed = closure(direct, asked)
    digests = {name: found for part in PARTS for name, found in locked(part).items()}
    parts = {
        name: component(
            name, version, digests.get(name, []), ComponentScope.REQUIRED if name in needed else ComponentScope.EXCLUDED
        )
        for name, version in versions().items()
    }
    bom.components.update(parts.values())
    bom.register_dependency(root, [parts[name] for name in sorted(direct)])
    for name, part in parts.items():
        bom.register_dependency(part, [other for key, other in parts.items() if name in asked[key]])
    return bom


if __name__ == "__main__":
    file = Path(sys.argv[1]) if sys.argv[1:] else FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{JsonV1Dot6(bill()).output_as_string(indent=2)}\n", encoding="utf-8")
    print(f"written: {file}")
