// What every screen does: the session's token on every request, what was said once, keys.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]").content;
});
document.addEventListener("htmx:beforeRequest", () => { document.getElementById("problem").replaceChildren(); });

function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
}

// A row of a table that can be walked: [data-rows] holds them, each with data-href or a link, perhaps a checkbox.
function rows() {
  return [...document.querySelectorAll("[data-rows] > tr")].filter((row) => !row.hidden && row.querySelector("a, input, [data-href]"));
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest("tr"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

let before = "";
const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  "?": () => document.getElementById("keys").showModal(),
};
// A screen adds its own: document.dispatchEvent is not needed, window.portoptKeys["p"] = function.
window.portoptKeys = KEYS;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), select, textarea");
  if (typing || document.querySelector("dialog[open]")) return;
  if (before === "g" && event.key === "d") { location.href = "/console"; return; }
  before = event.key;
  const row = document.activeElement.closest("[data-rows] > tr");
  if (event.key === "Enter" && row && document.activeElement === row) {
    const to = row.dataset.href ?? row.querySelector("a")?.href;
    if (to) location.href = to;
    return;
  }
  if (event.key === "x" && row) { row.querySelector("input[type=checkbox]")?.click(); return; }
  const action = KEYS[event.key] ?? document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!action) return;
  event.preventDefault();
  if (typeof action === "function") action();
  else if (action.matches("input, select, textarea")) action.focus();
  else if (action.checkVisibility()) action.click();
});

document.addEventListener("DOMContentLoaded", () => {
  const said = cookie("portopt_said");
  if (!said) return;
  document.cookie = "portopt_said=; Max-Age=0; path=/console";
  fetch("/console/said/" + encodeURIComponent(said)).then((answer) => (answer.ok ? answer.text() : "")).then((text) => {
    document.getElementById("said").textContent = text;
  });
});
