"""Keeps requirements.lock in step with what pyproject.toml asks for.

    python tools/lock.py check      reads only, and needs no network
    python tools/lock.py write      resolves with uv, in a throw-away environment

`write` keeps the versions that still fit; `write --upgrade` takes the newest.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.9"
HEADER = """\
# Written by `make lock`; do not edit. Exact versions, and the hash of every file that pip may take,
# for all platforms and every Python that pyproject.toml allows.
# In step with pyproject.toml: """


def wanted(pyproject: str) -> dict[str, list[str]]:
    """What pyproject.toml asks for, by group; `python` holds the range of Pythons."""
    document = tomllib.loads(pyproject)
    project = document["project"]
    return {
        "python": [project["requires-python"]],
        "dependencies": project["dependencies"],
        **project.get("optional-dependencies", {}),
        **document.get("dependency-groups", {}),
    }


def digest(pyproject: str) -> str:
    """Tells whether anything that is asked for changed since the lock was written."""
    canonical = json.dumps(wanted(pyproject), sort_keys=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def faults(pyproject: str, lock: str) -> list[str]:
    """What keeps a lock file from being in step, one sentence each; none if it is."""
    found = []
    if f"{HEADER}{digest(pyproject)}\n" not in lock:
        found.append("pyproject.toml asks for something else than when the lock was written")
    if re.search(r"://|^\s*-(i|f|-index|-extra|-find)\b", lock, re.MULTILINE):
        found.append("the lock names a place to fetch from, which is each user's own choice")
    pins: dict[str, list[str]] = {}
    for pin in re.finditer(r"^([A-Za-z0-9._-]+)==(\S+).*((?:\n +--hash=\S+.*)*)", lock, re.M):
        pins.setdefault(canonicalize_name(pin[1]), []).append(pin[2])
        if not pin[3]:
            found.append(f"{pin[1]}=={pin[2]} has no hash")
    groups = wanted(pyproject)
    for text in (text for group in groups.keys() - {"python"} for text in groups[group]):
        requirement = Requirement(text)
        versions = pins.get(canonicalize_name(requirement.name), [])
        if not versions:
            found.append(f"{requirement.name} is not in the lock")
        found += [
            f"{requirement.name}=={version} in the lock is not {requirement}"
            for version in versions
            if not requirement.specifier.contains(version, prereleases=True)
        ]
    return sorted(found)


def write(root: Path, *options: str) -> None:
    """Resolves anew, and replaces the lock file in one step."""
    pyproject = (root / "pyproject.toml").read_text(encoding="utf-8")
    lock = root / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        resolver, output = Path(folder) / "uv", Path(folder) / lock.name
        subprocess.run([sys.executable, "-m", "venv", resolver], check=True)
        subprocess.run([resolver / "bin/pip", "install", "--quiet", UV], check=True)
        if lock.is_file():
            output.write_bytes(lock.read_bytes())  # the versions to keep where they still fit
        groups = tomllib.loads(pyproject).get("dependency-groups", {})
        how = ["--quiet", "--universal", "--all-extras", *(f"--group={name}" for name in groups)]
        form = ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command = ["pip", "compile", "pyproject.toml", *how, *form, f"--output-file={output}"]
        subprocess.run(
            [resolver / "bin/uv", *command, *options],
            cwd=root,
            check=True,
            # uv reads neither pip's settings nor, unless told to, the system's certificates.
            env={
                "UV_DEFAULT_INDEX": os.environ.get("PIP_INDEX_URL", ""),
                "UV_SYSTEM_CERTS": "true",
                "UV_NATIVE_TLS": "true",  # its name before
                **os.environ,
            },
        )
        beside = lock.with_suffix(".new")
        beside.write_text(
            f"{HEADER}{digest(pyproject)}\n{output.read_text(encoding='utf-8')}", encoding="utf-8"
        )
    beside.replace(lock)


def main(arguments: list[str]) -> int:
    """Exit status 1 with the faults on standard error where the lock is out of step."""
    match arguments:
        case ["check"]:
            found = faults(
                (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
                (ROOT / "requirements.lock").read_text(encoding="utf-8"),
            )
            for fault in found:
                sys.stderr.write(f"requirements.lock: {fault}: run `make lock`.\n")
            return 1 if found else 0
        case ["write", *options]:
            try:
                write(ROOT, *options)
            except subprocess.CalledProcessError as failure:
                tool = Path(failure.cmd[0]).name
                sys.stderr.write(f"requirements.lock is as it was: {tool} failed, see above.\n")
                return 2
            return 0
        case _:
            sys.stderr.write("usage: lock.py check | write [--upgrade]\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
