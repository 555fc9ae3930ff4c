/**
 * @file Sorts and filters the leaderboard; what was chosen stands in the address, so that it can be sent.
 *
 * Without this script the table is complete, in the order of its families.
 */
"use strict";

const form = document.querySelector("#board-form");
const status = document.querySelector("#board-status");
const table = document.querySelector(".board-table");
const bodies = [...table.tBodies];
const rows = bodies.flatMap((body) => [...body.querySelectorAll("tr.model")]);
const boxes = [...document.querySelectorAll('.chosen input[name="show"]')];
const heads = [...table.tHead.rows[0].cells];
/** The order in which the rows were written. */
const places = new Map(rows.map((row, i) => [row, i]));
let sort = "";
let down = false;

/** The number of a cell, or its text; undefined for one that is empty. */
function valueOf(row, column) {
  if (column === "model") return row.cells[0].textContent.trim().toLowerCase();
  if (column === "kind" || column === "eigenvalues") return row.dataset[column] || undefined;
  const cell = row.querySelector(`[data-column="${CSS.escape(column)}"]`);
  return cell?.dataset.value === undefined ? undefined : Number(cell.dataset.value);
}

/** A missing value comes last, whatever the direction. */
function compare(a, b) {
  const [x, y] = [valueOf(a, sort), valueOf(b, sort)];
  if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
  return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1) || places.get(a) - places.get(b);
}

function passes(row, wanted) {
  const at_most = (column) => {
    const value = valueOf(row, column);
    return !wanted[column] || (value !== undefined && value <= Number(wanted[column]));
  };
  return (!wanted.model || valueOf(row, "model").includes(wanted.model.toLowerCase())) &&
    (!wanted.family || row.parentElement.dataset.family === wanted.family) &&
    (!wanted.kind || row.dataset.kind === wanted.kind) &&
    (!wanted.eigenvalues || row.dataset.eigenvalues === wanted.eigenvalues) &&
    (!wanted.task || valueOf(row, wanted.task) !== undefined) &&
    at_most("parameters") && at_most("state");
}

function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  let shown = 0;
  for (const body of bodies) {
    const own = [...body.querySelectorAll("tr.model")];
    own.sort(sort ? compare : (a, b) => places.get(a) - places.get(b));
    body.append(...own);
    for (const row of own) {
      row.hidden = !passes(row, wanted);
      shown += row.hidden ? 0 : 1;
    }
    body.hidden = own.every((row) => row.hidden);
  }
  for (const head of heads) {
    const own = head.dataset.sort === sort;
    if (own) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  status.textContent = shown === rows.length
    ? `${rows.length} models. A column's name sorts within the families.`
    : `${shown} of ${rows.length} models.`;
  remember(wanted);
}

function remember(wanted) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value);
  if (sort) query.set("sort", (down ? "-" : "") + sort);
  const show = boxes.filter((box) => box.checked).map((box) => box.value);
  if (show.length) query.set("show", show.join());
  const text = query.toString();
  const address = location.pathname + (text ? `?${text}` : "") + location.hash;
  try {
    history.replaceState(null, "", address);
  } catch {
    // A page that was opened as a file may not change its address.
  }
}

function recall() {
  const query = new URLSearchParams(location.search);
  for (const { name, options } of form.elements) {
    const value = query.get(name) ?? "";
    // What an address names and the table does not have is left out.
    if (name && (!options || [...options].some((option) => option.value === value))) {
      form.elements[name].value = value;
    }
  }
  const named = (query.get("sort") ?? "").replace(/^-/, "");
  sort = heads.some((head) => head.dataset.sort === named) ? named : "";
  down = (query.get("sort") ?? "").startsWith("-");
  const show = (query.get("show") ?? "").split(",");
  for (const box of boxes) box.checked = show.includes(box.value);
}

for (const head of heads) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const numeric = head.classList.contains("num");
    // Of a number the largest first, but of a rank; a second click turns it, a third gives the written order.
    const first = numeric && head.dataset.sort !== "rank";
    if (sort !== head.dataset.sort) [sort, down] = [head.dataset.sort, first];
    else if (down === first) down = !first;
    else sort = "";
    apply();
  });
}
form.hidden = false;
recall();
apply();
form.addEventListener("input", apply);
form.addEventListener("reset", () => setTimeout(apply));
form.addEventListener("submit", (event) => event.preventDefault());
for (const box of boxes) box.addEventListener("change", apply);
