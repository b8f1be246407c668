"""Who may ask: the guard that each request passes before anything answers it.

It holds requests to names of this machine where the server listens on loopback alone (so that no
page of elsewhere reaches it by a name that is made to point here), to the token or to the header
of the proxy, and to a bounded size. It sets the headers that keep a browser from running, framing
or sending anything that is not the server's own. What is logged of a request has no query in it.
"""

import hashlib
import hmac
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from silgeom.web.limits import MAX_PARAMETERS

TOKEN_COOKIE: Final = "silgeom_token"
#: A parameter that is taken once and becomes the cookie.
TOKEN_PARAMETER: Final = "token"
#: Answers whoever asks: whether the server is well is no secret.
OPEN: Final = frozenset({"/health"})

#: Host names under which loopback may be addressed.
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_LOG: Final = logging.getLogger(__name__)

#: Makes the answer to a request that is turned away: status, key of the sentence.
Refuse = Callable[[Request, int, str], Response]
#: Told of each request: method, route, status, seconds to the first byte.
Observe = Callable[[str, str, int, float], None]


@dataclass(frozen=True)
class Access:
    """What a request must bring.

    Attributes:
        is_loopback: the server listens on loopback alone.
        token: a secret that it must know; None: none.
        proxy_header: a header that the proxy in front sets once it knows the person; None: none.
    """

    is_loopback: bool = True
    token: str | None = None
    proxy_header: str | None = None

    def knows(self, text: str) -> bool:
        """Whether a text is the token; takes as long for a wrong one as for the right one."""
        token = self.token or ""
        return hmac.compare_digest(text.encode("utf-8", "surrogatepass"), token.encode())

    @property
    def cookie(self) -> str:
        """What the cookie holds: it proves that the token was known, and does not tell it."""
        key = (self.token or "").encode()
        return hmac.new(key, b"silgeom serve: cookie", hashlib.sha256).hexdigest()

    def has_cookie(self, header: str) -> bool:
        """Whether a `Cookie` header holds it."""
        try:
            found = SimpleCookie(header).get(TOKEN_COOKIE)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.cookie.encode())


class Guard:
    """The middleware: `Access`, size, headers, a log line, and a sentence for what failed."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Refuse, observe: Observe) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                self._observe(scope["method"], _route(scope), status, time.perf_counter() - begun)
            await send(message)

        request = Request(scope)
        answer = self._turned_away(request)
        try:
            await (answer or self._app)(scope, receive, send_with_headers)
        except Exception as error:
            # The text of an error may quote a query: places in the code do not.
            where = [f"{at.name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
            _LOG.error("%s at %s", type(error).__name__, " > ".join(where[-4:]))
            if not status:
                await self._refuse(request, 500, "failed")(scope, receive, send_with_headers)
        if _LOG.isEnabledFor(logging.INFO):
            told = (request.method, _route(scope), status, (time.perf_counter() - begun) * 1000)
            _LOG.info("%s %s %d %.1f ms", *told)

    def _turned_away(self, request: Request) -> Response | None:
        """The answer to a request that goes no further."""
        access, headers = self._access, request.headers
        if access.is_loopback and _host_name(headers.get("host", "")) not in LOOPBACK_NAMES:
            return self._refuse(request, 421, "other_host")
        if len(request.scope["query_string"]) > MAX_PARAMETERS:
            return self._refuse(request, 413, "too_large")
        if request.url.path in OPEN:
            return None
        if access.proxy_header is not None and not headers.get(access.proxy_header, "").strip():
            return self._refuse(request, 401, "no_proxy_header")
        return None if access.token is None else self._without_token(request, headers)

    def _without_token(self, request: Request, headers: Headers) -> Response | None:
        access = self._access
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and access.knows(given.strip()):
            return None
        asked = parse_qsl(request.url.query, keep_blank_values=True)
        tokens = [value for name, value in asked if name == TOKEN_PARAMETER]
        if tokens and access.knows(tokens[0]):
            rest = urlencode([each for each in asked if each[0] != TOKEN_PARAMETER])
            # A path that begins with two slashes would be a host.
            path = "/" + request.url.path.lstrip("/\\")
            answer: Response = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
            answer.set_cookie(
                TOKEN_COOKIE,
                access.cookie,
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
            return answer
        if access.has_cookie(headers.get("cookie", "")):
            return None
        answer = self._refuse(request, 401, "no_token")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _host_name(host: str) -> str:
    """The name in a `Host` header, without the port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isascii() and port.isdigit() else host).lower()


def _route(scope: Mapping[str, object]) -> str:
    """The route that answered, which no user has worded."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "-"
