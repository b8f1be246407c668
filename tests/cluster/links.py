"""Following the links of web pages on this machine."""

import re
import time
from collections import deque
from http.client import HTTPException
from urllib.parse import quote, urldefrag, urljoin, urlsplit
from urllib.request import Request, urlopen

#: Pages looked at of one kind, numbers and values apart: the hundredth task's are like the first's.
OF_A_KIND = 4
URL_SIGNS = "%/:?&=#+;,@!~*()'$[]"


def followed(
    begin: list[str], only: str = "http://", patience: float = 60
) -> tuple[int, list[str]]:
    """Follow the links of pages on this machine: how many were tried, and which are dead.

    What does not open is asked again: a page may be between two states, as that of a job that ends
    just then. Dead is what has not opened by `patience` seconds after the last new link was tried.
    """
    to_try = deque((page, "a bookmark") for page in begin)
    seen: set[str] = set()
    kinds: dict[str, int] = {}
    dead: dict[str, tuple[str, Exception]] = {}

    def visit(url: str, source: str) -> None:
        try:
            place, links = opened(url)
        except (OSError, HTTPException) as error:  # also each HTTPError, and a time-out
            dead[url] = (source, error)
            return
        dead.pop(url, None)
        to_try.extend((link, place) for link in links if link.startswith(only))

    deadline = 0.0
    while to_try or (dead and time.monotonic() < deadline):
        if not to_try:
            time.sleep(0.5)  # other programs' states, of which nothing tells when they change
            for url, (source, _) in list(dead.items()):
                visit(url, source)
            continue
        url, source = to_try.popleft()
        kind = re.sub(r"=[^&]*", "=", re.sub(r"\d+", "0", url))
        kinds[kind] = kinds.get(kind, 0) + 1
        if url in seen or kinds[kind] > OF_A_KIND:
            continue
        seen.add(url)
        visit(url, source)
        deadline = time.monotonic() + patience
    return len(seen), [f"{url} on {source}: {error}" for url, (source, error) in dead.items()]


def opened(url: str) -> tuple[str, list[str]]:
    """Where a page is in the end, and its links to places on this machine."""
    with urlopen(Request(url, headers={"Accept": "text/html"}), timeout=30) as answer:
        page = answer.read(3_000_000).decode("utf-8", "replace")
        place = answer.url
        is_page = "html" in answer.headers.get("Content-Type", "")
    links = re.findall(r"""(?:href|src)=\\?["']([^"'\\]+)""", page) if is_page else []
    targets = [
        urldefrag(urljoin(place, quote(link.replace("&amp;", "&"), safe=URL_SIGNS)))[0]
        for link in links
        if "{" not in link
    ]
    return place, [url for url in targets if (urlsplit(url).hostname or "").endswith("localhost")]
