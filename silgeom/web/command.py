"""Serve: show the results under a root in a browser, and answer look-ups over HTTP.

Reads   what jobs wrote under the root (--root), and follows it; takes no lock
Writes  an index of completions and related searches (--index), on this machine

It stays until SIGTERM or Ctrl-C. It listens on this machine alone unless --host says otherwise,
which needs --token, or --proxy-header and a proxy that knows people.
"""

import argparse
import ipaddress
import os
import re
import socket
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from pipeline.carriers.session import in_process
from pipeline.errors import InvalidParameterError, PipelineError
from pipeline.failures import as_sentence
from pipeline.logs import LEVELS, STYLES, set_up_logging
from silgeom.commands import ArgumentParser, fail, place_name, say, whole
from silgeom.profiles import Profiles, ProfilesError

if TYPE_CHECKING:
    from silgeom.web.access import Access

LOOPBACK: Final = "127.0.0.1"
#: Connections that wait to be taken: many browsers come back at once after a restart.
BACKLOG: Final = 2_048
#: Seconds that requests have to end when the server is stopped.
GRACE_SECONDS: Final = 1

_INSTALL: Final = "serve needs what the extra web brings: pip install 'silgeom[web]'"


def parser() -> argparse.ArgumentParser:
    """The options of `silgeom serve`."""
    found = ArgumentParser(
        prog="silgeom serve",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit status: 0 done, 2 to be mended (one sentence says what), 130 and 143 stopped.",
    )
    found.add_argument(
        "--root",
        type=place_name,
        default=os.environ.get("SEARCH_ROOT", "output"),
        metavar="FOLDER",
        help="where the jobs write: a folder or hdfs://… (default: $SEARCH_ROOT, else output)",
    )
    found.add_argument(
        "--host",
        type=place_name,
        default=LOOPBACK,
        help=f"the address to listen on (default: {LOOPBACK}, this machine alone)",
    )
    found.add_argument(
        "--port",
        type=whole(0, 65_535),
        default=8_000,
        help="0: any that is free, which is told (default: 8000)",
    )
    found.add_argument(
        "--index",
        type=place_name,
        metavar="FOLDER",
        help="where the index of completions and related searches is kept; it is built again when "
        "they change (default: a folder for this root in ~/.cache/silgeom)",
    )
    either = found.add_mutually_exclusive_group()
    either.add_argument(
        "--token",
        type=_secret,
        default=os.environ.get("SILGEOM_TOKEN"),
        metavar="SECRET",
        help="what a request must know: Authorization: Bearer SECRET, or ?token=SECRET once "
        "(default: $SILGEOM_TOKEN, which other users of this machine do not see in ps)",
    )
    either.add_argument(
        "--proxy-header",
        type=_header_name,
        metavar="NAME",
        help="what a proxy in front sets once it knows the person, as X-Forwarded-User; nobody "
        "else may reach the port",
    )
    found.add_argument(
        "--profiles",
        action="store_true",
        help="look up what a user searched for, where a question to /api names one: for a service "
        "that answers that user; needs --token or --proxy-header, and silgeom run profiles",
    )
    found.add_argument(
        "--log-level",
        choices=LEVELS,
        default="warning",
        metavar="LEVEL",
        help="debug, info (a line a request, without its query), warning or error "
        "(default: warning)",
    )
    found.add_argument(
        "--log",
        choices=STYLES,
        default="text",
        metavar="STYLE",
        help="text, or json: one object a line (default: text)",
    )
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Parse, listen and answer until a signal comes; called within `command`."""
    options = parser()
    args = options.parse_args(argv)
    set_up_logging(args.log_level, args.log, ("pipeline", "silgeom"))
    try:
        _serve(args)
    except PipelineError as error:
        fail(options.prog, str(error), error.exit_status)
    except OSError as error:
        told = as_sentence(error)
        if told is None:
            raise
        fail(options.prog, str(told), told.exit_status)


def _serve(args: argparse.Namespace) -> None:
    try:
        import uvicorn

        from silgeom.web.access import Access
        from silgeom.web.app import create_app
    except ModuleNotFoundError as error:
        raise InvalidParameterError(_INSTALL) from error
    from silgeom.web.answers import folder_of_index
    from silgeom.web.reading import Results

    pa.set_memory_pool(pa.system_memory_pool())  # gives back what was needed to load results
    with closing(_listening(args.host, args.port)) as listening:
        host, port = listening.getsockname()[:2]
        access = _access(Access, args, host)
        results = Results(in_process(), args.root)
        index = _index(args.index) if args.index else folder_of_index(results.address)
        app = create_app(results, access, index, _profiles(args))
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # it would tell what people search for
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=30,
            lifespan="on",
            ws="none",
        )
        say(f"The results under {args.root} are shown at http://{shown}:{port}/ (Ctrl-C ends it)")
        server = uvicorn.Server(config)

        def stop(number: int, frame: FrameType | None) -> None:
            app.state.server.newest.close()  # listeners would be waited for
            uvicorn.Server.handle_exit(server, number, frame)

        server.handle_exit = stop  # type: ignore[assignment,method-assign]
        server.run(sockets=[listening])


def _index(name: str) -> Path:
    """The folder that --index names, which is made.

    Raises:
        InvalidParameterError: nothing can be written there.
    """
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InvalidParameterError(
            f"--index {name} cannot be written to ({error.strerror}): name another folder"
        ) from error


def _profiles(args: argparse.Namespace) -> Profiles | None:
    """The profiles, if they are asked for.

    Raises:
        InvalidParameterError: whoever reaches the server could ask for anybody's; or there are
            none.
    """
    if not args.profiles:
        return None
    if args.token is None and args.proxy_header is None:
        raise InvalidParameterError(
            "--profiles tells what people searched for: give --token, or --proxy-header and a "
            "proxy that knows people"
        )
    try:
        return Profiles(args.root)
    except ProfilesError as error:
        raise InvalidParameterError(str(error)) from error


def _access(kind: "type[Access]", args: argparse.Namespace, host: str) -> "Access":
    """Who may ask.

    Raises:
        InvalidParameterError: whoever reaches this machine could.
    """
    is_loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    if not is_loopback and args.token is None and args.proxy_header is None:
        raise InvalidParameterError(
            f"--host {args.host} lets others in: give --token, or --proxy-header and a proxy that "
            "knows people"
        )
    return kind(is_loopback, args.token, args.proxy_header)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InvalidParameterError: nothing can listen there.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(BACKLOG)
        except BaseException:
            listening.close()
            raise
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no host"
        raise InvalidParameterError(
            f"--host {host} --port {port} cannot be listened on ({why}): name another"
        ) from error
    return listening


def _secret(text: str) -> str:
    """A token; argparse's `type`. No message of it repeats it."""
    if not re.fullmatch(r"[\x21-\x7e]{8,200}", text):
        raise argparse.ArgumentTypeError("must be 8 to 200 letters, digits and signs of ASCII")
    return text


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", text):
        raise argparse.ArgumentTypeError("not the name of a header such as X-Forwarded-User")
    return text
