// The search box: a combobox (ARIA 1.2) that asks at every input, while a syllable is composed, too.
"use strict";
(() => {
  const input = document.querySelector("#q");
  if (!input) return; // wall mode
  const list = document.querySelector("#completions");
  const told = input.form.querySelector("[role=status]");
  const ROWS = 10;
  // What would steer the direction of a text is shown as an escape, as on the pages.
  const STEERS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  const escaped = (text) =>
    text.replace(STEERS, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

  let asked = 0; // of the newest question
  let asking = null; // ends the question before it
  let typed = input.value; // what the box held before an option was looked at
  let texts = []; // of the options
  let active = -1;

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  };

  const show = (rows) => {
    texts = rows.map((each) => each.text);
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...rows.map(({ text, found_by }, place) => {
        const option = document.createElement("li");
        option.id = "completion-" + place;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const shown = document.createElement("bdi");
        shown.textContent = escaped(text);
        option.append(shown);
        const tier = list.dataset[found_by]; // of what is known of the person
        if (tier) {
          const small = document.createElement("small");
          small.textContent = tier;
          option.append(" ", small);
        }
        // Before the box loses the focus.
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => choose(place));
        return option;
      }),
    );
    list.hidden = !rows.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    told.textContent = rows.length ? told.dataset.count.replace("#", rows.length) : "";
  };

  const ask = async () => {
    const mine = ++asked;
    asking?.abort();
    const q = input.value;
    typed = q;
    if (!q.trim()) {
      show([]);
      return;
    }
    asking = new AbortController();
    try {
      const answer = await person.ask("/api/complete", { q, limit: ROWS }, person.sent(), asking.signal);
      if (!answer.ok) return;
      const found = await answer.json();
      // A late answer is of something that the box holds no more.
      if (mine === asked) show(found.completions);
    } catch {
      // Ended by the next question, or the server is away: the list stays as it is.
    }
  };

  const look = (place) => {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = place;
    const option = list.children[place];
    if (option) {
      option.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
    // What is invisible makes no other query.
    input.value = option ? texts[place].replace(STEERS, "") : typed;
  };

  const choose = (place) => {
    input.value = texts[place].replace(STEERS, "");
    asked++;
    close();
    input.form.requestSubmit();
  };

  input.addEventListener("input", ask);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    // Keys that belong to the composition of a syllable are not for the list.
    if (event.isComposing || event.keyCode === 229) return;
    const rows = list.children.length;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        if (!rows) return;
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (list.hidden) {
          list.hidden = false;
          input.setAttribute("aria-expanded", "true");
        }
        // One place more than there are options: that of what was typed.
        look(((active + 1 + step + rows + 1) % (rows + 1)) - 1);
        break;
      }
      case "Escape":
        if (!list.hidden) {
          event.preventDefault();
          input.value = typed;
          close();
        } else {
          input.value = "";
          ask();
        }
        break;
      case "Enter":
        asked++;
        asking?.abort();
        close();
        break;
      case "Tab":
        close();
        break;
    }
  });
  input.form.addEventListener("submit", (event) => {
    if (!input.value.trim()) event.preventDefault();
  });
})();
