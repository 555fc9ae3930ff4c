/**
 * @file The SQL page's script: DuckDB in the browser over the published database.
 *
 * Bundled with DuckDB's own API when the site is built. Everything it loads lies beside it; what a
 * reader types runs in their browser and nowhere else.
 */
import * as duckdb from "@duckdb/duckdb-wasm";
import { csvText, isNumeric, shownValue, statementsOf } from "./shown.js";

const form = document.querySelector("#sql-form");
const query = document.querySelector("#sql-query");
const status = document.querySelector("#sql-status");
const result = document.querySelector("#sql-result");
const csv = document.querySelector("#sql-csv");

/** More would only make the page slow; the database can be downloaded. */
const MOST_ROWS = 500;

let opening;

function open() {
  opening ??= start().catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function start() {
  const at = (path) => new URL(path, document.baseURI).href;
  const worker = new Worker(at("sql/duckdb-browser-eh.worker.js"));
  const database = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
  await database.instantiate(at("sql/duckdb-eh.wasm"));
  const response = await fetch(at("downloads/results.duckdb"));
  if (!response.ok) throw new Error(`results.duckdb: ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  await database.registerFileBuffer("results.duckdb", bytes);
  const connection = await database.connect();
  await connection.query("ATTACH 'results.duckdb' AS results (READ_ONLY)");
  await connection.query("USE results");
  // What a reader was sent must not read from elsewhere, nor tell others what it read here.
  await connection.query("SET enable_external_access = false");
  await connection.query("SET lock_configuration = true");
  return connection;
}

function cell(tag, text, numeric) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (numeric) element.className = "num";
  return element;
}

/** Columns by their place, with the names that were asked for: two may have one. */
function show(table, names, seconds) {
  const fields = table.schema.fields;
  const columns = fields.map((_, i) => table.getChildAt(i));
  const count = table.numRows;
  const text = (r) => fields.map(({ type }, i) => shownValue(columns[i].get(r), type));
  const element = document.createElement("table");
  element.className = "results";
  const head = element.createTHead().insertRow();
  for (const [i, { type }] of fields.entries()) {
    const header = cell("th", names[i], isNumeric(type));
    header.scope = "col";
    head.append(header);
  }
  const body = element.createTBody();
  for (let r = 0; r < Math.min(count, MOST_ROWS); r++) {
    body.insertRow().append(
      ...text(r).map((value, i) => cell("td", value, isNumeric(fields[i].type))),
    );
  }
  result.replaceChildren(element);
  csv.hidden = false;
  csv.onclick = () => {
    const rows = Array.from({ length: count }, (_, r) => text(r));
    const file = new Blob([csvText(names, rows)], { type: "text/csv" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "result.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  status.textContent = `${count} ${count === 1 ? "row" : "rows"} in ${seconds.toFixed(2)} s` +
    (count > MOST_ROWS ? `; the first ${MOST_ROWS} are shown.` : ".");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = opening ? "Running …" : "Loading DuckDB (about 35 MB, once) …";
  try {
    const connection = await open();
    status.textContent = "Running …";
    const statements = statementsOf(query.value);
    if (!statements.length) throw new Error("There is no statement to run.");
    history.replaceState(null, "", `#${encodeURIComponent(query.value)}`);
    const begun = performance.now();
    let table;
    for (const statement of statements) table = await connection.query(statement);
    const names = table.schema.fields.map(({ name }) => name);
    if (new Set(names).size < names.length) {
      // Arrow finds columns by name and gives those of one name one type: as a table of a query DuckDB tells them apart.
      table = await connection.query(`FROM (${statements[statements.length - 1]}\n)`);
    }
    show(table, names, (performance.now() - begun) / 1000);
  } catch (error) {
    result.replaceChildren();
    csv.hidden = true;
    status.textContent = error.message;
  }
});
// Until here a click would have sent the form, which loads the page again without its question.
form.querySelector("[type=submit]").disabled = false;
// A question that was sent as an address is written down, and runs when its reader says so.
if (location.hash.length > 1) {
  try {
    query.value = decodeURIComponent(location.hash.slice(1));
  } catch {
    // Half an escape: the example stays.
  }
}
for (const button of form.querySelectorAll("[data-query]")) {
  button.addEventListener("click", () => query.value = button.dataset.query);
}
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
if (location.protocol === "file:") {
  status.textContent =
    "A browser runs no worker from a file: start `deno task serve` and open that.";
}
