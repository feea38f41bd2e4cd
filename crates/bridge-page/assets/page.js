// The person's page while it is looked at: follows what happens, by events, then by long polls, then by asking again and
// again; counts down by the server's clock; picks the link for this phone. Without it the page works too, slower.
"use strict";

const SILENCE = 5_000; // a connection that says nothing for so long is given up
const HELP_AFTER = 20_000;
const AGAIN_AFTER = 3_000;
const WAIT_SECONDS = 25;
const SOON = 20;

const byId = (id) => document.getElementById(id);
const stage = () => byId("stage");
const known = stage().dataset;
const link = known.link;
const id = known.id;
const token = link.slice(link.indexOf(".") + 1);
const api = (path) => `/onboard/${id}${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;

let on = platform(known.on);
let tapped = false;
let helpTimer;

/** Tablets and phones that ask for desktop sites say that they are desktops. */
function platform(said) {
  if (said !== "desktop" || !navigator.maxTouchPoints) return said;
  if (navigator.platform === "MacIntel" || /Mac/.test(navigator.userAgent)) return "ios";
  return matchMedia("(pointer: coarse)").matches ? "android" : said;
}

function say(text) {
  const news = byId("news");
  // The same words again are news too.
  news.textContent = "";
  requestAnimationFrame(() => (news.textContent = text));
}

function note(event) {
  const body = new URLSearchParams({ event });
  fetch(`/v/${link}/event${query({ on })}`, { method: "POST", body, keepalive: true }).catch(() => {});
}

function query(more) {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(more)) asked.set(name, value);
  return `?${asked}`;
}

// What is shown.

function dress() {
  const shown = stage();
  shown.dataset.on = on;
  const send = byId("send");
  if (send && send.dataset[on]) send.href = send.dataset[on];
  for (const button of document.querySelectorAll(".copy")) button.hidden = false;
  for (const time of document.querySelectorAll("time[datetime*='T']:not(#clock)")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
  for (const place of document.querySelectorAll(".place")) place.textContent = country(place.textContent);
  if (tapped) showWaiting();
  setClock(shown.dataset);
  tellParent();
  // What opens this page need not stay in the history of whoever uses the browser next.
  if (shown.dataset.stage === "validated") history.replaceState(null, "", `/v/done${location.search}`);
}

/** The name of a country in the language of the page; its two letters where nobody knows it. */
function country(letters) {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "region" }).of(letters) ?? letters;
  } catch {
    return letters;
  }
}

function showWaiting() {
  const waiting = byId("waiting");
  if (waiting) waiting.hidden = false;
}

function beginWaiting() {
  if (!tapped) {
    tapped = true;
    clearTimeout(helpTimer);
    helpTimer = setTimeout(() => byId("help") && (byId("help").open = true), HELP_AFTER);
  }
  showWaiting();
  if (byId("waiting")) say(`${byId("waiting-heading").textContent}. ${byId("waiting-lead").textContent}`);
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("a[href^='sms:']")) {
    note("tapped");
    beginWaiting();
  }
  // Another language takes the place of this one in the history: each of its addresses opens this page.
  const other = event.target.closest(".languages a");
  if (other && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    location.replace(other.href);
  }
  const copy = event.target.closest(".copy");
  if (!copy) return;
  const source = byId(copy.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Without a secure address there is no clipboard: the text is selected, for the reader to copy.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  say(byId("says-copied").textContent);
  note("copied");
  beginWaiting();
});

/** Looks how it stands, and shows it if it is something else. */
let looking;
async function look() {
  looked = performance.now();
  looking?.abort();
  const mine = (looking = new AbortController());
  const timer = setTimeout(() => mine.abort(), 10_000);
  try {
    const answer = await fetch(`/v/${link}${query({ part: "stage", on })}`, { signal: mine.signal, headers: { accept: "text/html" } });
    const html = await answer.text();
    // The edge in front says that the bridge is away: its page waits, and comes back here by itself.
    if (answer.status === 503 && html.includes('id="paused"')) location.reload();
    if (!answer.ok) throw new Error(`${answer.status}`);
    show(html);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function show(html) {
  const drawn = new DOMParser().parseFromString(html, "text/html").getElementById("stage");
  if (!drawn) return;
  const before = stage();
  if (drawn.dataset.key === before.dataset.key) {
    setClock(drawn.dataset);
    return;
  }
  before.replaceWith(document.adoptNode(drawn));
  if (drawn.dataset.stage !== "ready") tapped = tapped && drawn.dataset.stage !== "not_matched";
  dress();
  const heading = byId("heading");
  heading.focus();
  say(heading.textContent);
}

// The clock: the server's, carried on by one of ours that nobody can set.

let ends;
let ticking;
function setClock(told) {
  ends = performance.now() + (Number(told.deadline) - Number(told.now));
  clearInterval(ticking);
  if (byId("clock")) {
    tick();
    ticking = setInterval(tick, 1_000);
  }
}

let left = Infinity;
function tick() {
  const clock = byId("clock");
  if (!clock) return clearInterval(ticking);
  const before = left;
  left = Math.max(0, Math.ceil((ends - performance.now()) / 1_000));
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  clock.dateTime = `PT${left}S`;
  clock.classList.toggle("soon", left <= SOON);
  if (left <= SOON && before > SOON) say(byId("says-soon").textContent);
  else if (left <= 60 && before > 60) say(byId("says-minute").textContent);
  if (left === 0) {
    clearInterval(ticking);
    // A moment later it is over by the server's clock too.
    setTimeout(look, 1_200);
  }
}

// Following: each way is given up for the next when it says nothing.

const WAYS = ["stream", "long poll", "poll"];
let way = 0; // which of them; one that fails is given up for the next until the page wakes up
let looked = 0;
let source;
let generation = 0;
const isOver = () => "final" in stage().dataset;
const pause = (time) => new Promise((done) => setTimeout(done, time));

async function follow() {
  const mine = ++generation;
  source?.close();
  while (mine === generation && !isOver()) {
    const worked = WAYS[way] === "stream" ? await stream(mine) : WAYS[way] === "long poll" ? await poll() : true;
    if (mine !== generation || isOver()) return;
    if (WAYS[way] !== "stream") await look();
    if (!worked) way += 1;
    await pause(WAYS[way] === "poll" ? AGAIN_AFTER : 500);
  }
}

/** True: it said something before it ended. */
function stream(mine) {
  if (!("EventSource" in window)) return Promise.resolve(false);
  return new Promise((done) => {
    let heard = false;
    source = new EventSource(api("/events"));
    const end = () => {
      clearTimeout(timer);
      events.close();
      done(heard);
    };
    const events = source;
    const timer = setTimeout(() => heard || end(), SILENCE);
    const changed = async () => {
      heard = true;
      if (mine !== generation) return end();
      await look();
      if (isOver()) end();
    };
    events.addEventListener("status", changed);
    events.addEventListener("bridge", changed);
    events.onerror = end;
  });
}

/** True: it waited for a change. False: ask again after a while. */
async function poll() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), (WAIT_SECONDS + 5) * 1_000);
  try {
    const answer = await fetch(api(`?wait=${WAIT_SECONDS}`), { signal: limit.signal });
    return answer.ok;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Phones end connections while another app is in front, and say nothing of it. */
async function wake() {
  if (document.visibilityState === "hidden") return;
  way = 0;
  await look();
  if (!isOver()) follow();
}
document.addEventListener("visibilitychange", wake);
addEventListener("pageshow", (event) => event.persisted && wake());
addEventListener("online", wake);
// A connection may be dead without anybody saying so, and what is paused goes on without an event.
setInterval(() => {
  const patience = stage().dataset.stage === "ready" ? 30_000 : 10_000;
  if (document.visibilityState !== "hidden" && !isOver() && performance.now() - looked >= patience) look();
}, 5_000);

// Inside another site, if the operator allows it.

function tellParent() {
  const { origin, status } = stage().dataset;
  if (!origin || parent === window) return;
  parent.postMessage({ source: "sms-bridge", type: "status", onboarding_id: id, status, stage: stage().dataset.stage }, origin);
  parent.postMessage({ source: "sms-bridge", type: "height", height: Math.ceil(document.body.getBoundingClientRect().height) }, origin);
}
if ("ResizeObserver" in window) new ResizeObserver(tellParent).observe(document.body);

note("opened");
// Only the code that this page shows elsewhere says so.
if (new URLSearchParams(location.search).get("by") === "code") note("scanned");
dress();
follow();
