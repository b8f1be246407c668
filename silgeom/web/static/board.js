// Keeps the newest board moving: rows come ready from the server, which has escaped them.
"use strict";
(() => {
  const board = document.querySelector("#board");
  if (!board || !board.dataset.seen) return;
  const asOf = document.querySelector("#as-of");
  const state = document.querySelector(".state");
  const empty = document.querySelector("#empty");
  const moved = document.querySelector("#moved");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const language = document.documentElement.lang;

  const rowsOf = () => new Map([...board.children].map((row) => [row.dataset.key, row]));
  const topOf = (row) => row.getBoundingClientRect().top;

  const swap = (html) => {
    const before = rowsOf();
    const tops = new Map([...before].map(([key, row]) => [key, topOf(row)]));
    const open = new Set(
      [...before].filter(([, row]) => row.querySelector("details").open).map(([key]) => key),
    );
    const focused = document.activeElement?.closest?.(".row")?.dataset.key;
    const kind = document.activeElement?.tagName;
    board.innerHTML = html;
    if (board.dataset.category)
      for (const row of [...board.children])
        if (row.dataset.category !== board.dataset.category) row.remove();
    empty.hidden = board.children.length > 0;
    for (const [key, row] of rowsOf()) {
      if (open.has(key)) row.querySelector("details").open = true;
      // Who was on a row stays on it.
      if (key === focused) row.querySelector(kind)?.focus({ preventScroll: true });
      if (calm.matches) continue;
      if (!tops.has(key)) {
        row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 600, easing: "ease-out" });
        row.classList.add("fresh");
        setTimeout(() => row.classList.remove("fresh"), 3000);
        continue;
      }
      const by = tops.get(key) - topOf(row);
      if (by)
        row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], {
          duration: 600,
          easing: "ease-in-out",
        });
    }
  };

  const listen = () => {
    const parameters = new URLSearchParams({ fragment: language, seen: board.dataset.seen });
    const events = new EventSource("/events?" + parameters);
    events.addEventListener("open", () => {
      state.classList.remove("lost");
      state.textContent = state.dataset.live;
    });
    events.addEventListener("board", (event) => {
      const found = JSON.parse(event.data);
      board.dataset.seen = event.lastEventId;
      swap(found.rows);
      asOf.textContent = board.dataset.asOf.replace("#", found.as_of);
      asOf.setAttribute("datetime", found.at);
      moved.textContent = board.dataset.moved;
    });
    events.addEventListener("error", () => {
      state.classList.add("lost");
      state.textContent = state.dataset.lost;
      // The browser tries again by itself, but for answers that are no stream.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    });
  };
  listen();
})();
