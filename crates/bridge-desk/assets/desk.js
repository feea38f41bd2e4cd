// What pages do in the browser: forms that are sent without a reload, live parts, keys, times. All but live parts and
// uploads also works without it. No dependency, nothing from elsewhere; the server's Content-Security-Policy allows no inline script.
"use strict";

const root = document.documentElement;
const theme = localStorage.getItem("theme");
if (theme) root.dataset.theme = theme;

const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

function toast(text, bad) {
  all(".toast").forEach((old) => old.remove());
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  box.setAttribute("role", "status");
  box.textContent = text;
  document.body.append(box);
  setTimeout(() => box.remove(), bad ? 12000 : 5000);
}

// A sentence that outlives the page that is left.
const said = sessionStorage.getItem("said");
sessionStorage.removeItem("said");

// Forms: `data-send` is sent by fetch; what is wrong is written beside the field it names.
function mark(form, name, text) {
  const place = one(`[data-wrong="${CSS.escape(name)}"]`, form);
  const input = form.elements.namedItem(name);
  if (place) place.textContent = text;
  if (input instanceof Element) input.setAttribute("aria-invalid", text ? "true" : "false");
  return Boolean(place);
}

// What a form with `data-remember` holds that is not saved: each field that says what it was, and what it is now.
function changed(form) {
  const fields = all('[name^="was-"]', form).map((was) => {
    const input = form.elements.namedItem(was.name.slice(4));
    return [was, input.type === "checkbox" ? String(input.checked) : input.value.replaceAll("\r\n", "\n")];
  });
  return fields.filter(([was, value]) => was.value.replaceAll("\r\n", "\n") !== value);
}

// What may do harm is asked before it is saved.
function harm(form) {
  const changes = "remember" in form.dataset ? changed(form).map(([was]) => was.name.slice(4)) : [];
  const notes = all("[data-danger]:not([hidden])", form);
  return notes.filter((note) => changes.includes(note.dataset.danger.slice(2))).map((note) => note.textContent);
}

async function send(form, button) {
  all("[data-wrong]", form).forEach((place) => (place.textContent = ""));
  all("[aria-invalid]", form).forEach((input) => input.removeAttribute("aria-invalid"));
  const data = new FormData(form, button || undefined);
  // A file is sent as it is, and what stands beside it in the address.
  const file = "raw" in form.dataset && one('input[type="file"]', form);
  let url = (button && button.getAttribute("formaction")) || form.getAttribute("action") || location.href;
  if (file) {
    data.delete(file.name);
    const beside = new URLSearchParams(data);
    beside.delete("csrf");
    url += `?${beside}`;
  }
  const buttons = all("button", form);
  buttons.forEach((b) => (b.disabled = true));
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": data.get("csrf") || "" },
      body: file ? file.files[0] : new URLSearchParams(data),
    });
    if (response.redirected && new URL(response.url).pathname === "/admin/login") {
      location.href = response.url;
      return;
    }
    const kind = response.headers.get("Content-Type") || "";
    const answer = kind.includes("json") ? await response.json() : { detail: await response.text() };
    if (!response.ok) {
      const unplaced = (answer.errors || []).filter((error) => !mark(form, error.field, error.detail));
      const told = (answer.errors || []).length > unplaced.length;
      if (unplaced.length || !told) mark(form, "", answer.detail) || toast(answer.detail || answer.title, true);
      const first = one('[aria-invalid="true"]', form);
      if (first) first.focus();
      return;
    }
    const place = (button && button.dataset.into) || (!(button && button.hasAttribute("formaction")) && form.dataset.into);
    const into = place && one(place);
    if (into && answer.html !== undefined) {
      into.innerHTML = answer.html;
      dress(into);
      // What it was about is no more.
      if (form.dataset.over) all(form.dataset.over).forEach((part) => (part.hidden = true));
      into.scrollIntoView({ block: "nearest" });
    }
    // What is saved is what the next change is compared with.
    if ("remember" in form.dataset && answer.html === undefined) {
      changed(form).forEach(([was, value]) => {
        was.value = value;
        const state = one("[data-state]", was.closest(".setting"));
        if (state) state.textContent = value === state.dataset.state ? "the default" : "changed just now";
      });
    }
    form.dispatchEvent(new CustomEvent("sent", { bubbles: true, detail: answer }));
    if (answer.go === undefined || answer.go === null) {
      if (answer.said) toast(answer.said);
      return;
    }
    if (answer.said) sessionStorage.setItem("said", answer.said);
    if (answer.go === "") location.reload();
    else location.href = answer.go;
  } catch (error) {
    toast("The bridge does not answer. Is it running?", true);
  } finally {
    buttons.forEach((b) => (b.disabled = false));
  }
}

function confirmed(text) {
  return new Promise((answer) => {
    const dialog = document.createElement("dialog");
    const words = document.createElement("p");
    words.textContent = text;
    const row = document.createElement("form");
    row.method = "dialog";
    row.className = "row";
    for (const [value, label, style] of [["yes", "Yes, do it", "danger"], ["no", "No", ""]]) {
      const button = document.createElement("button");
      button.value = value;
      button.textContent = label;
      button.className = style;
      row.append(button);
    }
    dialog.append(words, row);
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const harms = button && button.hasAttribute("formaction") ? [] : harm(form);
  const question =
    (button && button.dataset.confirm) ||
    form.dataset.confirm ||
    (harms.length ? `${harms.join(" ")} Save it all the same?` : "");
  const sent = "send" in form.dataset;
  if (form.method === "get") {
    // Filters that are empty do not belong in the address.
    all("input, select", form).forEach((input) => {
      if (!input.value) input.disabled = true;
    });
    return;
  }
  if (!sent && !question) return;
  event.preventDefault();
  if (question && !(await confirmed(question))) return;
  if (sent) send(form, button);
  else form.submit();
});

// Somebody is about to do something with it: what they point at, mark or are on must not go away under their hands.
function isHeld(place) {
  const marked = getSelection();
  return (
    place.contains(document.activeElement) ||
    (marked && !marked.isCollapsed && place.contains(marked.anchorNode)) ||
    Boolean(place.querySelector("a:hover, button:hover, summary:hover, rect:hover"))
  );
}

// Only what is different is drawn anew.
function patch(place, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const [now, next] = [[...place.children], [...fresh.content.children]];
  // Titles of times are written here, and which details are open is the reader's.
  const shown = (part) => part.dataset.drawn || part.outerHTML;
  next.forEach((part) => (part.dataset.drawn = part.outerHTML));
  if (now.length !== next.length) {
    place.replaceChildren(...next);
    dress(place);
    return;
  }
  next.forEach((part, n) => {
    if (shown(now[n]) === part.dataset.drawn) return;
    now[n].replaceWith(part);
    dress(part);
  });
}

// Live parts: `data-live` is drawn anew by what the server sends; it rests while nobody looks.
function live(place) {
  let source = null;
  let last = Date.now();
  const open = () => {
    if (source || document.hidden || place.dataset.paused) return;
    last = Date.now();
    source = new EventSource(place.dataset.live);
    source.addEventListener("part", (event) => {
      last = Date.now();
      delete root.dataset.stale;
      if (!isHeld(place)) patch(place, event.data);
    });
    source.addEventListener("end", () => location.reload());
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  const pause = one("[data-pause]");
  if (pause) {
    pause.addEventListener("click", () => {
      const paused = !place.dataset.paused;
      if (paused) place.dataset.paused = "yes";
      else delete place.dataset.paused;
      pause.textContent = paused ? "Go on" : "Pause";
      pause.setAttribute("aria-pressed", String(paused));
      paused ? close() : open();
    });
  }
  setInterval(() => {
    const late = source && Date.now() - last > 2.5 * Number(place.dataset.every || 2) * 1000;
    if (late) root.dataset.stale = "yes";
  }, 1000);
  open();
}

// A list that grows at its top while one looks.
function feed(place) {
  const source = new EventSource(place.dataset.feed);
  source.addEventListener("row", (event) => {
    all("[data-until-feed]").forEach((empty) => empty.remove());
    place.insertAdjacentHTML("afterbegin", event.data);
    while (place.children.length > 500) place.lastElementChild.remove();
  });
  source.addEventListener("end", () => location.reload());
  window.addEventListener("pagehide", () => source.close());
}

// Times: the exact ones on hover, here and in UTC.
function dress(part) {
  all("time[datetime]", part).forEach((time) => {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.title = `${time.title.split(" · ")[0]} · ${at.toLocaleString()} here`;
  });
  all("[data-copy]", part).forEach((button) => {
    button.addEventListener("click", async () => {
      const text = button.dataset.copy || one(button.dataset.copyFrom).textContent;
      try {
        await navigator.clipboard.writeText(text);
        toast("Copied");
      } catch {
        toast("The browser does not allow copying here: mark it and copy", true);
      }
    });
  });
  all("[data-toggle]", part).forEach((input) => {
    const show = () => all(input.dataset.toggle).forEach((target) => (target.hidden = !input.checked));
    input.addEventListener("change", show);
    show();
  });
}

// As `show::when::whole` writes it.
function lasting(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60]];
  const unit = units.find(([, length]) => seconds >= length && seconds % length === 0);
  return unit ? `= ${seconds / unit[1]} ${unit[0]}` : "";
}

// The palette: pages by a part of their name; what is none is searched for. Without scripts there is the search box.
function palette() {
  const dialog = one("#palette");
  if (!dialog || dialog.open || one("dialog[open]")) return;
  const [input, list] = [one("input", dialog), one("ul", dialog)];
  const pages = all(".side nav a").map((link) => {
    const group = link.closest("ul").previousElementSibling;
    return { title: link.textContent.trim(), group: group ? group.textContent.trim() : "", path: link.getAttribute("href") };
  });
  let chosen = -1;
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ title, group }) => words.every((word) => `${title} ${group}`.toLowerCase().includes(word));
    const found = pages.filter(fits);
    chosen = words.length && found.length ? 0 : -1;
    list.replaceChildren(
      ...found.map(({ title, group, path }, n) => {
        const item = document.createElement("li");
        item.id = `palette-${n}`;
        item.setAttribute("role", "option");
        item.dataset.path = path;
        item.append(title, Object.assign(document.createElement("span"), { className: "quiet", textContent: group }));
        item.addEventListener("click", () => (location.href = path));
        return item;
      }),
    );
    mark();
  };
  const mark = () => {
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === chosen)));
    if (chosen >= 0) {
      input.setAttribute("aria-activedescendant", `palette-${chosen}`);
      list.children[chosen].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  input.oninput = show;
  input.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.children.length) {
      event.preventDefault();
      chosen = (Math.max(chosen, step < 0 ? 0 : -1) + step + list.children.length) % list.children.length;
      mark();
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.href = list.children[chosen].dataset.path;
    }
  };
  input.value = "";
  show();
  dialog.showModal();
  input.focus();
}

// Searches that somebody keeps, for each list, in this browser alone.
function keptSearches(place) {
  const key = `searches ${location.pathname}`;
  const read = () => JSON.parse(localStorage.getItem(key) || "[]");
  const write = (kept) => localStorage.setItem(key, JSON.stringify(kept));
  const asked = new URLSearchParams(location.search);
  asked.delete("before");
  const here = asked.toString();
  const draw = () => {
    const kept = read();
    const parts = kept.map(({ name, query }) => {
      const box = Object.assign(document.createElement("span"), { className: "kept" });
      const link = Object.assign(document.createElement("a"), { className: "button small", textContent: name });
      link.href = `${location.pathname}?${query}`;
      if (query === here) link.setAttribute("aria-current", "true");
      const drop = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "×" });
      drop.setAttribute("aria-label", `Forget the search ${name}`);
      drop.addEventListener("click", () => {
        write(read().filter((one) => one.name !== name));
        draw();
      });
      box.append(link, drop);
      return box;
    });
    if (here && !kept.some(({ query }) => query === here)) {
      const form = Object.assign(document.createElement("form"), { className: "row" });
      const input = Object.assign(document.createElement("input"), { maxLength: 40, required: true, placeholder: "A name for this search" });
      input.setAttribute("aria-label", "A name for this search");
      form.append(input, Object.assign(document.createElement("button"), { className: "small", textContent: "Keep it" }));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        event.stopPropagation();
        const name = input.value.trim();
        if (!name) return;
        write([...read().filter((one) => one.name !== name), { name, query: here }]);
        draw();
      });
      parts.push(form);
    }
    place.hidden = !parts.length;
    place.replaceChildren(...parts);
  };
  draw();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k" && one("#palette")) {
    event.preventDefault();
    palette();
  }
});

// Keys: / searches, g and a letter goes, ? tells.
let going = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  if (going) {
    going = false;
    const link = one(`.side a[data-key="${CSS.escape(event.key)}"]`);
    if (link) link.click();
    return;
  }
  if (event.key === "g") {
    going = true;
    setTimeout(() => (going = false), 1500);
  } else if (event.key === "/") {
    const search = one("main [data-search]") || one("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "?") {
    const help = one("#keys");
    if (help) help.showModal();
  }
});

document.addEventListener("DOMContentLoaded", () => {
  if (said) toast(said);
  dress(document);
  all("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
  all("[data-live]").forEach(live);
  all("[data-kept-searches]").forEach(keptSearches);
  all("[data-feed]").forEach(feed);
  all("[data-theme-next]").forEach((button) =>
    button.addEventListener("click", () => {
      const next = { "": "dark", dark: "light", light: "" }[root.dataset.theme || ""];
      if (next) {
        root.dataset.theme = next;
        localStorage.setItem("theme", next);
      } else {
        delete root.dataset.theme;
        localStorage.removeItem("theme");
      }
      toast(next ? `Colours: ${next}` : "Colours: as the system wants");
    }),
  );
  const menu = one(".menu");
  if (menu) {
    menu.addEventListener("click", () => {
      const open = one(".side").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    });
  }
  // What a chosen value may do is told before it is saved.
  all("[data-danger]").forEach((note) => {
    const input = document.getElementById(note.dataset.danger);
    input.addEventListener("change", () => {
      const value = input.type === "checkbox" ? String(input.checked) : input.value;
      note.hidden = value !== note.dataset.value;
    });
  });
  // Leaving does not lose what was changed without a word.
  all("form[data-remember]").forEach((form) =>
    window.addEventListener("beforeunload", (event) => {
      if (changed(form).length) event.preventDefault();
    }),
  );
  // Seconds as people say them.
  all("[data-seconds]").forEach((words) => {
    const input = document.getElementById(words.dataset.seconds);
    input.addEventListener("input", () => (words.textContent = lasting(Number(input.value))));
  });
  // On a phone the filters do not stand before what they find.
  const narrow = matchMedia("(max-width: 52rem)");
  const fold = () => all("details[data-fold]").forEach((one) => (one.open = !narrow.matches || one.dataset.fold === "filtered"));
  narrow.addEventListener("change", fold);
  fold();
  // The pages show times where this browser is, unless the office has a zone of its own.
  all("[data-browser-zone]").forEach((field) => (field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || ""));
  // A field that only some kinds of receiver have.
  all("[data-only-for]").forEach((field) => {
    const choice = one("#format");
    const show = () => (field.hidden = !field.dataset.onlyFor.split(" ").includes(choice.value));
    choice.addEventListener("change", show);
    show();
  });
  // A field that only one choice needs.
  all("[data-shows]").forEach((choice) => {
    const field = one(choice.dataset.shows);
    const show = () => {
      field.hidden = choice.value !== field.dataset.shownFor;
      if (field.hidden) all("input", field).forEach((input) => (input.value = ""));
    };
    choice.addEventListener("change", show);
    show();
  });
  // A list that is filtered while one types.
  all("[data-find]").forEach((input) => {
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      all(input.dataset.find).forEach((item) => {
        const text = item.textContent.toLowerCase() + " " + (item.dataset.words || "");
        item.hidden = !words.every((word) => text.includes(word));
      });
      // A heading above nothing says nothing.
      all(input.dataset.findGroups || "none").forEach((group) => {
        group.hidden = !one(`${input.dataset.find}:not([hidden])`, group);
      });
    };
    input.addEventListener("input", show);
    // Who searches does not save the form around it.
    input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    show();
  });
});
