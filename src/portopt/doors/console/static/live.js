// Parts of a screen that the service sends anew: [data-live] holds the address of their events.
"use strict";

function put(element, content) {
  const held = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.innerHTML = content; // rendered and escaped by the service, as the page was
  window.htmx?.process(element);
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll("[data-live]")) {
    const source = new EventSource(element.dataset.live);
    source.addEventListener("part", (event) => put(element, event.data));
    source.addEventListener("last", (event) => {
      source.close();
      if (element.dataset.then === "reload" || !event.data) location.reload();
      else put(element, event.data);
    });
    addEventListener("pagehide", () => source.close());
  }
});
