"""What a cluster says of itself in Hadoop's settings: the files that HADOOP_CONF_DIR names."""

import re
import socket
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pipeline.errors import PipelineError, UnreachableError

_FILES: Final = ("core-site.xml", "hdfs-site.xml", "yarn-site.xml")
#: YARN's own defaults, where only a host is named.
_RESOURCE_MANAGER_PORT: Final = 8032
_PAGES_PORT: Final = 8088
_TRIES: Final = 5
_SECONDS_BETWEEN: Final = 1.0
_SECONDS_TO_CONNECT: Final = 2.0


def hadoop_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings by name, `${...}` in them replaced where it is known; none without a folder.

    Raises:
        PipelineError: a file is no XML.
    """
    folder = environ.get("HADOOP_CONF_DIR") or (
        f"{environ['HADOOP_HOME']}/etc/hadoop" if environ.get("HADOOP_HOME") else None
    )
    found: dict[str, str] = {}
    for file in (Path(folder or "", name) for name in _FILES):
        if folder and file.is_file():
            try:
                properties = ElementTree.parse(file).getroot().iter("property")
            except ElementTree.ParseError as error:
                raise PipelineError(f"{file} is no XML ({error}): mend Hadoop's settings") from None
            found |= {
                (each.findtext("name") or "").strip(): (each.findtext("value") or "").strip()
                for each in properties
            }
    known = found | {f"env.{name}": value for name, value in environ.items()}

    def replaced(value: str) -> str:
        return re.sub(r"\$\{([\w.-]+)\}", lambda each: known.get(each[1], each[0]), value)

    return {name: replaced(value) for name, value in found.items()}


def resource_managers(settings: Mapping[str, str]) -> list[tuple[str, int]]:
    """Host and port of YARN's resource manager, or of each of several; none: nothing is said."""
    found = []
    for suffix in [f".{each}" for each in _ids(settings)] or [""]:
        host = settings.get(f"yarn.resourcemanager.hostname{suffix}")
        address = settings.get(f"yarn.resourcemanager.address{suffix}", host or "")
        name, _, port = address.partition(":")
        if name:
            found.append((name, int(port or _RESOURCE_MANAGER_PORT)))
    return found


def _ids(settings: Mapping[str, str]) -> list[str]:
    """The names of several resource managers, one of which is at work."""
    return settings.get("yarn.resourcemanager.ha.rm-ids", "").replace(",", " ").split()


def application_page(settings: Mapping[str, str], application: str) -> str | None:
    """The page of a running application, which the resource manager passes on; None: not known."""
    suffix = "".join(f".{each}" for each in _ids(settings)[:1])
    host = settings.get(f"yarn.resourcemanager.hostname{suffix}")
    default = f"{host}:{_PAGES_PORT}" if host else ""
    address = settings.get(f"yarn.resourcemanager.webapp.address{suffix}", default)
    return f"http://{address}/proxy/{application}/" if address else None


def check_resource_manager(
    settings: Mapping[str, str], *, wait: Callable[[float], object] = time.sleep
) -> None:
    """Find out within seconds whether YARN can take a job: its own client tries for minutes.

    Raises:
        UnreachableError: no resource manager answers.
    """
    managers = resource_managers(settings)
    reason = ""
    for attempt in range(_TRIES if managers else 0):
        if attempt:
            wait(_SECONDS_BETWEEN)
        for manager in managers:
            try:
                socket.create_connection(manager, _SECONDS_TO_CONNECT).close()
            except OSError as error:
                reason = f"{manager[0]}:{manager[1]}: {error.strerror or error}"
            else:
                return
    if managers:
        raise UnreachableError(
            f"YARN's resource manager does not answer ({reason}): run this again when it does"
        )
