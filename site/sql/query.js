/**
 * @file The SQL page's script: DuckDB in the browser over the published database.
 *
 * Bundled with DuckDB's own API when the site is built. Everything it loads lies beside it; what a
 * reader types runs in their browser and nowhere else.
 */
import * as duckdb from "@duckdb/duckdb-wasm";

const form = document.querySelector("#sql-form");
const query = document.querySelector("#sql-query");
const status = document.querySelector("#sql-status");
const result = document.querySelector("#sql-result");

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
  await connection.query("ATTACH 'results.duckdb' AS results (READ_ONLY); USE results");
  return connection;
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") {
    return JSON.stringify(value, (_key, v) => typeof v === "bigint" ? Number(v) : v);
  }
  return String(value);
}

function cell(tag, text, numeric) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (numeric) element.className = "num";
  return element;
}

function show(table) {
  const fields = table.schema.fields;
  const rows = table.toArray().slice(0, MOST_ROWS);
  const numeric = fields.map(({ name }) =>
    rows.some((row) => ["number", "bigint"].includes(typeof row[name]))
  );
  const element = document.createElement("table");
  element.className = "results";
  const head = element.createTHead().insertRow();
  fields.forEach(({ name }, i) => {
    const header = cell("th", name, numeric[i]);
    header.scope = "col";
    head.append(header);
  });
  const body = element.createTBody();
  for (const row of rows) {
    body.insertRow().append(
      ...fields.map(({ name }, i) => cell("td", shown(row[name]), numeric[i])),
    );
  }
  result.replaceChildren(element);
  const count = table.numRows;
  status.textContent = `${count} ${count === 1 ? "row" : "rows"}` +
    (count > MOST_ROWS ? `; the first ${MOST_ROWS} are shown.` : ".");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = opening ? "Running …" : "Loading DuckDB (about 35 MB, once) …";
  try {
    const connection = await open();
    status.textContent = "Running …";
    show(await connection.query(query.value));
  } catch (error) {
    result.replaceChildren();
    status.textContent = error.message;
  }
});
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
