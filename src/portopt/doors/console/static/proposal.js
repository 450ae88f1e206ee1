// The pages about one proposal: keys, undo, and addresses without what was not written.
"use strict";

// What cannot be undone is one key more: a goes to the button, Enter presses it.
window.portoptKeys.a = () => document.querySelector("button[value=approve]")?.focus();
window.portoptKeys["/"] = () => document.getElementById("find")?.focus();

const undoable = () => { for (const button of document.querySelectorAll("[data-undo]")) button.hidden = false; };
document.addEventListener("DOMContentLoaded", undoable);
document.addEventListener("htmx:load", undoable);
document.addEventListener("click", (event) => { if (event.target.closest("[data-undo]")) history.back(); });

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-sparse]")) return;
  for (const [name, value] of Object.entries(event.detail.parameters)) if (value === "") delete event.detail.parameters[name];
});
