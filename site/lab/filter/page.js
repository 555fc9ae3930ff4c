/** @file The script of the page on filtering: asks the worker, and shows what it found beside what was published. */
import { asking } from "../ask.js";
import { keepInAddress, onWidth, tableOf, takeFromAddress } from "../page.js";
import { excessChart, traceChart } from "./charts.ts";
import { rowsOf, sameAsPublished, shownExcess } from "./rows.ts";

const find = (id) => document.getElementById(id);
const form = find("lab");
const status = find("lab-status");
const published = JSON.parse(find("published").textContent);
// deno-lint-ignore no-undef -- the worker's code, which the bundle brings
const { ask } = asking(WORKER);

let draw = () => {};

async function run() {
  const { lambda, seed } = Object.fromEntries(new FormData(form));
  keepInAddress({ lambda, seed });
  status.textContent = "Computing …";
  const begun = performance.now();
  let found;
  try {
    found = await ask({ lambda: Number(lambda), seed: Number(seed), sequences: 128 });
  } catch (error) {
    if (error.name !== "AbortError") status.textContent = error.message;
    return;
  }
  const rows = rowsOf(found.predictors, published[lambda] ?? [], Number(seed));
  find("lab-result").hidden = false;
  tableOf(find("lab-numbers"), {
    columns: ["predictor", "this system", "published mean and interval"],
    rows: rows.map(({ label, here, published }) => [
      label,
      here === undefined ? "–" : { text: shownExcess(here), value: here },
      published
        ? {
          text: shownExcess(published.mean),
          value: published.mean,
          below: `[${shownExcess(published.low)}, ${shownExcess(published.high)}]`,
        }
        : "–",
    ]),
  });
  find("lab-said").textContent = sameAsPublished(rows, Number(seed));
  const { ratio, error } = found.measured;
  find("lab-measured").textContent = `On 128 sequences the filter's squared error was ${
    ratio.toFixed(4)
  } ± ${error.toFixed(4)} of what it expects.`;
  draw = (width) => {
    const place = { width, document };
    find("lab-excess").innerHTML = excessChart(rows, place);
    find("lab-trace").innerHTML = traceChart(found.trace, place);
  };
  onWidth(find("lab-excess"), (width) => draw(width));
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  status.textContent =
    `System ${seed} at λ ${lambda}: simulated, filtered and solved in ${seconds} s.`;
}

takeFromAddress(form);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
form.addEventListener("change", (event) => {
  if (event.target.type === "radio") run();
});
find("lab-next").addEventListener("click", () => {
  form.elements.seed.value = Number(form.elements.seed.value) + 1;
  run();
});
form.hidden = false;
run();
