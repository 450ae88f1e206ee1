// The desk: found while typing, chosen by key, and what changes is shown where it stands.
"use strict";

const desk = document.getElementById("desk");
const find = document.getElementById("find");

const name = (row) => row.querySelector("input")?.name ?? row.id;

// ---- finding: rows that are here are hidden at once; Enter asks the service
find?.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  for (const row of desk.querySelectorAll("tbody tr:not(.group)")) {
    row.hidden = wanted !== "" && !(row.textContent + name(row)).toLowerCase().includes(wanted);
  }
});
find?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { find.value = ""; find.dispatchEvent(new Event("input")); find.blur(); }
  if (event.key === "ArrowDown") { find.blur(); window.portoptKeys.j(); event.preventDefault(); }
});
for (const name of ["sort", "group"]) {
  document.getElementById(name)?.addEventListener("change", (event) => event.target.form.requestSubmit());
}

// ---- choosing
const picks = () => [...desk.querySelectorAll("tbody input[type=checkbox]")];

function count() {
  const told = desk?.querySelector("[data-chosen]");
  if (!told) return;
  const all = picks();
  const chosen = all.filter((pick) => pick.checked).length;
  told.textContent = chosen || "";
  const every = desk.querySelector("[data-all]");
  every.checked = chosen > 0 && chosen === all.length;
  every.indeterminate = chosen > 0 && chosen < all.length;
}
desk?.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const pick of picks()) if (!pick.closest("tr").hidden) pick.checked = event.target.checked;
  }
  count();
});
desk?.addEventListener("reset", () => setTimeout(count));
desk?.addEventListener("click", (event) => { if (event.target.closest("[data-news]")) location.reload(); });
count();

// ---- live: a row that changed is changed in its place and marked; another order waits until it is asked for
const named = (root) => new Map([...root.querySelectorAll("tbody tr:not(.group)")].map((row) => [name(row), row]));
const cells = (row) => [...row.children].filter((cell) => !cell.querySelector("input"));

function take(fresh) {
  const tiles = fresh.querySelector(".tiles");
  const standing = desk.querySelector(".tiles");
  if (tiles && standing && tiles.innerHTML !== standing.innerHTML && !standing.contains(document.activeElement)) {
    standing.innerHTML = tiles.innerHTML;
  }
  const before = named(desk);
  const now = named(fresh);
  for (const [id, row] of now) {
    const old = before.get(id);
    if (!old) continue;
    let differs = false;
    cells(old).forEach((cell, i) => {
      const other = cells(row)[i];
      if (!other || cell.isEqualNode(other)) return;
      differs = true;
      if (!cell.contains(document.activeElement)) cell.replaceWith(other.cloneNode(true));
    });
    if (differs) old.classList.add("changed");
  }
  const news = desk.querySelector(".news");
  if (news) news.hidden = [...before.keys()].join() === [...now.keys()].join();
}

if (desk) {
  const source = new EventSource(desk.dataset.events);
  source.addEventListener("part", (event) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = event.data; // rendered and escaped by the service, as the page was
    take(fresh.content);
  });
  source.addEventListener("last", () => { source.close(); location.reload(); });
  addEventListener("pagehide", () => source.close());
}
