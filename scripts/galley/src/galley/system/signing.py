"""Signatures with SSH keys, which OpenSSH's `ssh-keygen` makes and verifies without any network.

In the command and in the builder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from galley.errors import GalleyError, Place, RefusedError
from galley.system.temporary import scratch

PROGRAM = "ssh-keygen"
BEGINS = b"-----BEGIN SSH SIGNATURE-----"
NAMESPACE = "galley"  # a signature that was made for anything else is none for a manifest
INSTALL = "install OpenSSH 8.2 or newer, which brings it: the package openssh-client on Debian and Ubuntu"
SECONDS = 60


@dataclass(frozen=True)
class Verified:
    """What came of a signature: who signed, or else why it does not count."""

    signer: str = ""
    why: str = ""


def sign(data: bytes, key: Path) -> bytes:
    """The signature of some bytes; `ssh-keygen` asks for a passphrase where the key has one.

    `key` is a private key, or a public one whose private part an agent holds. Raises GalleyError where it cannot sign.
    """
    if not key.is_file():
        raise GalleyError(
            "there is no such key", Place(key), "name a private key, or a public one that your agent holds"
        )
    shown = None if sys.stderr is not None and sys.stderr.isatty() else subprocess.PIPE  # a key may ask to be touched
    done = _called(["sign", "-f", str(key), "-n", NAMESPACE], data, errors=shown, seconds=None)
    if done.returncode or not done.stdout.startswith(BEGINS):
        mend = "name a private key that you may read, or a public one that your agent holds"
        raise GalleyError(f"{PROGRAM} could not sign: {_last(done.stderr)}", Place(key), mend)
    return done.stdout


def verify(data: bytes, signature: bytes, signers: Path) -> Verified:
    """Who signed some bytes, of those whom a file of OpenSSH's form `allowed_signers` lists for this namespace."""
    with scratch("galley-signature-") as folder:
        file = folder / "signature"
        file.write_bytes(signature)
        found = _called(["find-principals", "-f", str(signers), "-s", str(file)], data)
        names = found.stdout.decode("utf-8", "replace").splitlines()
        if found.returncode or not names:
            return Verified(why=f"its signer is none of those listed: {_last(found.stderr)}")
        why = ""
        for name in names:
            words = ["verify", "-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(file)]
            done = _called(words, data)
            if done.returncode == 0:
                return Verified(signer=name)
            why = _last(done.stderr) or _last(done.stdout)
        return Verified(why=f"it is no valid signature of {' or '.join(names)}: {why}")


def _called(
    words: list[str], data: bytes, *, errors: int | None = subprocess.PIPE, seconds: int | None = SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """Call ssh-keygen, its words in English; raises RefusedError where there is none."""
    variables = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            [PROGRAM, "-Y", *words], input=data, stdout=subprocess.PIPE, stderr=errors, env=variables, timeout=seconds,
            check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise RefusedError(f"there is no {PROGRAM} here, which signs and verifies", mend=INSTALL) from error
    except subprocess.TimeoutExpired as error:
        raise RefusedError(f"{PROGRAM} did not answer in {SECONDS} s", mend="try it by hand") from error


def _last(said: bytes | None) -> str:
    lines = (said or b"").decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "it gives no reason"
