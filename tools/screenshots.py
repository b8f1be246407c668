"""Pictures of the pages for docs/images, from a server that runs.

    silgeom run all --root output                          # and each job of docs/insights.md once
    silgeom run trending --from 2026-03-15 --root output   # boards of a day, for ranks by hour
    silgeom serve --root output
    .venv/bin/python tools/screenshots.py http://127.0.0.1:8000

They are taken in Chromium, which must be installed, as must be a font with Hangul.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, sync_playwright

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
DESKTOP: Final = (1080, 760)
PHONE: Final = (390, 780)


@dataclass(frozen=True)
class Picture:
    """A page as it is to be seen.

    Attributes:
        name: of the file, without its ending.
        address: path and parameters.
        language: of the visitor.
        size: of the window, in pixels.
        scheme: of colours.
        opened: a row of the board, from 1, of which the explanation is opened.
        who: a made-up person who searches, by key; the page is then opened again.
        typed: keys that are typed into the search box, one by one.
        whole: the whole page, however long, rather than the window.
    """

    name: str
    address: str
    language: str = "ko"
    size: tuple[int, int] = DESKTOP
    scheme: Literal["light", "dark"] = "light"
    opened: int | None = None
    who: str = ""
    typed: str = ""
    whole: bool = False


PICTURES: Final = (
    Picture("web-board", "/", opened=1, size=(1080, 820)),
    Picture("web-board-en-dark", "/", "en", scheme="dark"),
    Picture("web-phone", "/", size=PHONE),
    Picture("web-box", "/search", typed="카캉", size=(1080, 520)),
    Picture(
        "web-person", "/search?q=제주 렌터카", who="demo_travel", typed="제주", size=(780, 680)
    ),
    Picture("web-query", "/query?q=내일 한파", "en", whole=True),
    Picture("web-words", "/keywords", size=(1080, 900)),
    Picture("web-keywords", "/keywords?q=날씨&limit=20", whole=True),
    Picture("web-patterns", "/patterns", size=(1080, 900)),
    Picture("web-segments", "/segments", size=(1080, 1000)),
    Picture("web-analytics", "/analytics", "en", size=(1080, 900)),
    Picture("web-log", "/log", "en", whole=True),
    Picture("web-wall", "/?wall=1", size=(1280, 720)),
)


def take(browser: Browser, server: str, picture: Picture, folder: Path) -> Path:
    """Take a picture; the file."""
    width, height = picture.size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        locale=picture.language,
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    page.goto(server.rstrip("/") + picture.address)
    if picture.opened is not None:
        page.locator(".row summary").nth(picture.opened - 1).click()
    if picture.who:
        with page.expect_navigation():
            page.locator("#who").select_option(picture.who)
        with page.expect_response("**/api/related"):
            page.reload()  # now the page's own search is one of the sitting, too
    if picture.typed:
        page.locator("#q").fill("")
        page.locator("#q").press_sequentially(picture.typed, delay=30)
        page.locator("#completions [role=option]").first.wait_for()
    file = folder / f"{picture.name}.png"
    page.screenshot(path=file, full_page=picture.whole)
    page.close()
    return file


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("server", metavar="ADDRESS", help="such as http://127.0.0.1:8000")
    parser.add_argument("--to", type=Path, default=FOLDER, metavar="FOLDER")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("screenshots: Chromium is needed: install it, as with apt-get install chromium")
    args.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            file = take(browser, args.server, picture, args.to)
            sys.stdout.write(f"{file.stat().st_size / 1000:6.0f} kB  {file}\n")


if __name__ == "__main__":
    main()
