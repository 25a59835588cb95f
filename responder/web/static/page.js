// Keeps an open page true: asks again, tells when nobody answers, counts by the
// server's clock. Without it the pages work all the same, only less live.
(() => {
  "use strict";
  const LOST_AFTER = { 2: 6000, 15: 45000 };
  const GRACE = 2500; // after a return to the tab, before an old page is called lost
  const live = () => document.getElementById("live");
  const every = () => Number(live().dataset.every) * 1000;
  let tag = live().dataset.tag;
  let ahead = Number(live().dataset.now) * 1000 - Date.now();
  let heard = performance.now();
  let heardAt = Number(live().dataset.now) * 1000;
  let asked = performance.now();
  let returned = -Infinity;
  let lost = false;

  // What a person opened stays open; an open question is left alone altogether,
  // with what was typed into it.
  const callbacks = Idiomorph.defaults.callbacks;
  callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && node.localName === "details");
  callbacks.beforeNodeMorphed = (node) => !(node.localName === "dialog" && node.open);
  callbacks.beforeNodeRemoved = (node) => !(node.localName === "dialog" && node.open);

  const now = () => Date.now() + ahead;
  const two = (n) => String(n).padStart(2, "0");
  const clock = (ms) => {
    const at = new Date(ms);
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  };
  const span = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return `${s}\u00a0s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  };
  const write = (selector, text) =>
    document.querySelectorAll(selector).forEach((node) => {
      if (node.textContent !== text) node.textContent = text;
    });

  function look() {
    asked = performance.now();
    htmx.trigger(live(), "look");
  }

  function dress(tone, title) {
    const icon = document.getElementById("favicon");
    const href = icon.getAttribute("href").replace(/[^/]+\.svg.*/, `${tone}.svg`);
    if (!icon.getAttribute("href").startsWith(href)) icon.setAttribute("href", href);
    if (document.title !== title) document.title = title;
  }

  function able(can) {
    document.querySelectorAll("fieldset[data-acts]").forEach((f) => (f.disabled = !can));
    document.querySelectorAll("dialog [type=submit]").forEach((b) => (b.disabled = !can));
  }

  function lose() {
    lost = true;
    document.body.classList.add("lost");
    document.getElementById("head").hidden = true;
    document.getElementById("lost").hidden = false;
    able(false);
    notice("");
    write("[data-lost-at]", clock(heardAt));
    dress("unknown", "? UNKNOWN · Responder");
  }

  function find() {
    if (!lost) return;
    lost = false;
    document.body.classList.remove("lost");
    document.getElementById("head").hidden = false;
    document.getElementById("lost").hidden = true;
    able(true);
  }

  function answered(request) {
    const said = Number(request.getResponseHeader("X-Responder-Now")) * 1000;
    if (!said) return;
    heard = performance.now();
    heardAt = said;
    ahead = said - Date.now();
    find();
    dress(live().dataset.tone, live().dataset.title);
    tick();
  }

  function tick() {
    const silent = performance.now() - heard;
    const patience = LOST_AFTER[every() / 1000] || 6000;
    const fresh = performance.now() - returned < GRACE;
    if (!lost && silent > patience && !fresh) lose();
    write("[data-clock]", clock(lost ? heardAt : now()));
    write("[data-live]", lost ? "NOT LIVE" : silent > every() + 2500 ? "asking" : "live");
    write("[data-lost-for]", span(silent));
    document.querySelectorAll("[data-until]").forEach((node) => {
      const left = Number(node.dataset.until) * 1000 - now();
      const text = lost ? ", in –" : left > 0 ? `, in ${span(left)}` : ", now";
      if (node.textContent !== text) node.textContent = text;
    });
    const due = performance.now() - asked >= (lost ? Math.min(every(), 5000) : every());
    if (due && document.visibilityState === "visible") look();
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "live" && tag)
      event.detail.headers["If-None-Match"] = `"${tag}"`;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, elt } = event.detail;
    if (elt.id !== "live") return;
    if (xhr.status === 304) answered(xhr);
    if (xhr.status === 401 || xhr.status === 403) location.reload();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { xhr } = event.detail;
    if (!xhr || xhr.status !== 200 || !xhr.getResponseHeader("X-Responder-Now")) return;
    tag = live().dataset.tag;
    answered(xhr);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) look();
    event.target.closest("[data-close]")?.closest("dialog").close();
    if (event.target.closest("[data-dismiss]")) notice("");
  });

  // A question without leaving the page; without script its form opens a page.
  document.addEventListener("submit", (event) => {
    const dialog = document.getElementById(event.target.dataset.dialog || "");
    if (!dialog?.showModal) return;
    event.preventDefault();
    dialog.showModal();
  });

  // What a press came to, for as long as it can be taken back, or read.
  let fading = 0;
  function notice(words) {
    clearTimeout(fading);
    const place = document.getElementById("notice");
    place.replaceChildren();
    if (!words) return;
    const said = document.createElement("div");
    said.className = "said";
    said.textContent = words;
    place.append(said);
  }
  function fade() {
    const said = document.querySelector("#notice .said");
    clearTimeout(fading);
    if (!said) return;
    fading = setTimeout(() => notice(""), 20000);
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, xhr } = event.detail;
    if (elt.localName !== "form") return;
    if (successful) {
      const dialog = elt.closest("dialog");
      dialog?.close();
      if (dialog) elt.reset();
      fade();
      look();
    } else {
      if (xhr.status === 401) return notice("Not done: log in again.");
      const why = xhr.status ? `Responder answered ${xhr.status}.` : "No answer.";
      notice(`${why} It is not known whether this was done: look at the timeline.`);
    }
  });
  const back = () => {
    if (document.visibilityState !== "visible") return;
    returned = performance.now();
    look();
  };
  document.addEventListener("visibilitychange", back);
  window.addEventListener("pageshow", (event) => event.persisted && back());
  window.addEventListener("online", back);
  setInterval(tick, 500);
  tick();
})();
