// Who searches: kept in this tab alone (sessionStorage), sent with each question, and nowhere else.
"use strict";
const person = (() => {
  const KEY = "silgeom.person";
  const MOST = 20; // searches of a tab that are kept
  const SITTING = 1800; // seconds
  const now = () => Math.floor(Date.now() / 1000);

  const read = () => {
    try {
      const known = JSON.parse(sessionStorage.getItem(KEY));
      return Array.isArray(known?.searches) && Array.isArray(known?.history) ? known : null;
    } catch {
      return null; // not allowed, or somebody else's
    }
  };
  const write = (value) => {
    try {
      if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
      else sessionStorage.removeItem(KEY);
    } catch {
      // Without it nobody is known.
    }
  };

  return {
    read,
    // Somebody else searches from now on; null: nobody who is known.
    choose: (who, history) => write(who ? { who, history, searches: [] } : null),
    note: (text) => {
      const known = read();
      if (!known || !text.trim()) return;
      known.searches = known.searches.filter((each) => each.text !== text);
      known.searches.push({ text, at: now() });
      known.searches = known.searches.slice(-MOST);
      write(known);
    },
    // What a question is sent with; null: nothing is known.
    sent: () => {
      const known = read();
      if (!known) return null;
      const sitting = known.searches.filter((each) => now() - each.at < SITTING);
      return {
        session: sitting.map((each) => each.text),
        history: [...known.history, ...known.searches],
      };
    },
    ask: (address, question, known, signal) => {
      if (!known) return fetch(address + "?" + new URLSearchParams(question), { signal });
      return fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...question, ...known }),
        signal,
      });
    },
  };
})();

// The switch, and the related searches of this person, on the page of a search.
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#person");
  if (!form) return;
  const STEERS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  const escaped = (text) =>
    text.replace(STEERS, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const select = form.querySelector("select");
  const forget = form.querySelector("button");
  const related = document.querySelector("#related");
  const q = form.dataset.q;

  const show = () => {
    const known = person.read();
    select.value = known ? known.who : "";
    forget.hidden = !known;
    form.hidden = false;
  };

  const chip = (each) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = "/search?q=" + encodeURIComponent(each.text.replace(STEERS, ""));
    const shown = document.createElement("bdi");
    shown.textContent = escaped(each.text);
    const small = document.createElement("small");
    small.textContent = related.dataset[each.searched || each.kind] || "";
    link.append(shown, " ", small);
    item.append(link);
    return item;
  };

  const renew = async (known) => {
    if (!related || !q || !known) return;
    try {
      const answer = await person.ask("/api/related", { q, limit: 20 }, known);
      if (!answer.ok) return;
      const found = (await answer.json()).related.filter((each) => each.kind !== "correction");
      related.replaceChildren(...found.map(chip));
    } catch {
      // The server is away: what everybody sees stays.
    }
  };

  select.addEventListener("change", () => {
    const option = select.selectedOptions[0];
    person.choose(option.value, JSON.parse(option.dataset.history || "[]"));
    if (q) location.reload();
    else show();
  });
  forget.addEventListener("click", () => {
    person.choose("");
    if (q) location.reload();
    else show();
  });
  show();
  const before = person.sent();
  person.note(q); // at once: the next page may come before an answer
  renew(before);
});
