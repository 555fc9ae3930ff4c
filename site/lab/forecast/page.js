/** @file The script of the page on forecasting: hands a file to the worker, shows table, forecast and the parts of one step. */
import { asking } from "../ask.js";
import { onWidth, save, tableOf } from "../page.js";
import { addsChart, forecastChart } from "./charts.ts";
import { partsOf } from "./parts.ts";
import { error as shownError } from "../../../pipeline/commands/forecast/report.ts";

const find = (id) => document.getElementById(id);
const form = find("lab");
const status = find("lab-status");
const choice = {
  column: document.querySelector("[name=column]"),
  step: document.querySelector("[name=step]"),
};
// deno-lint-ignore no-undef -- the worker's code, which the bundle brings
const { ask } = asking(WORKER);

/** The file that is read again with other sizes; none is the example. */
let file;
let found;

const number = (value) => Number(value.toPrecision(6)).toString().replace("-", "−");

function show() {
  const column = found.columns[choice.column.value];
  const step = Number(choice.step.value) - 1;
  const when = found.stepTexts[step];
  find("lab-step").textContent = found.dated ? `${step + 1}: ${when}` : `${step + 1}`;
  find("lab-title").textContent = column.name;
  find("lab-adds-title").textContent =
    `What each of the last ${found.inputTexts.length} rows adds to step ${step + 1}`;
  const parts = partsOf(column, found, step);
  tableOf(find("lab-parts"), {
    columns: [`${column.name}, step ${step + 1}`, "value", "adds"],
    rows: [
      ...parts.map(({ label, value, adds }) => [
        label,
        value === undefined ? "" : number(value),
        { text: number(adds), value: adds },
      ]),
      ["forecast: their sum", "", { text: number(column.point[step]), value: column.point[step] }],
    ],
  });
  onWidth(find("lab-forecast"), (width) => {
    const place = { width, document };
    find("lab-forecast").innerHTML = forecastChart(column, found, step, place);
    find("lab-adds").innerHTML = addsChart(column, found, step, place);
  });
}

function showAll() {
  const { rows, model, level, said, notes, columns, horizon } = found;
  find("lab-result").hidden = false;
  choice.column.replaceChildren(...columns.map(({ name }, i) => new Option(name, String(i))));
  find("lab-columns").hidden = columns.length === 1;
  choice.step.max = horizon;
  choice.step.value = Math.min(Number(choice.step.value), horizon);
  find("lab-model").textContent = model;
  find("lab-level").textContent = `${Number((100 * level).toPrecision(4))}\u00a0%`;
  find("lab-said").textContent = said;
  find("lab-notes").replaceChildren(...notes.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  tableOf(find("lab-table"), {
    columns: ["model", "MSE", "MAE", "MASE", "skill", "validation MSE"],
    rows: rows.map((row) => [
      row.model === model ? `${row.model} (chosen)` : row.model,
      ...[row.mse, row.mae, row.mase].map((value) => ({ text: shownError(value), value })),
      row.skill === undefined
        ? "–"
        : { text: row.skill.toFixed(3).replace("-", "−"), value: row.skill },
      { text: shownError(row.validation_mse), value: row.validation_mse },
    ]),
  });
  show();
}

async function run() {
  const { lookback, horizon, decimal } = Object.fromEntries(new FormData(form));
  const sizes = {
    ...(lookback && { lookback: Number(lookback) }),
    ...(horizon && { horizon: Number(horizon) }),
    ...(file && decimal && { read: { decimal } }),
  };
  status.textContent = "Reading and fitting …";
  const begun = performance.now();
  try {
    const content = file && new Uint8Array(await file.arrayBuffer());
    found = await ask(file ? { file: file.name, content, ...sizes } : sizes);
  } catch (error) {
    if (error.name === "AbortError") return;
    find("lab-result").hidden = true;
    status.textContent = error.message;
    return;
  }
  form.elements.lookback.placeholder = String(found.lookback);
  form.elements.horizon.placeholder = String(found.horizon);
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  status.textContent = `${
    file ? file.name : "The example"
  }: looks back on ${found.lookback} rows, forecasts ${found.horizon}; read, fitted, scored and traced in ${seconds} s.`;
  showAll();
}

function take(chosen) {
  file = chosen;
  for (const name of ["lookback", "horizon"]) form.elements[name].value = "";
  run();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
form.elements.file.addEventListener(
  "change",
  ({ target }) => target.files[0] && take(target.files[0]),
);
form.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("over");
});
form.addEventListener("dragleave", () => form.classList.remove("over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  const [dropped] = event.dataTransfer.files;
  if (dropped) take(dropped);
});
find("lab-example").addEventListener("click", () => {
  form.elements.file.value = "";
  take(undefined);
});
choice.column.addEventListener("change", show);
choice.step.addEventListener("input", show);
find("lab-save").addEventListener("click", () => save("forecast.csv", found.forecastCsv));
find("lab-save-parts").addEventListener("click", () => save("parts.csv", found.explanationCsv));
form.hidden = false;
run();
