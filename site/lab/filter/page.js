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

let drawExcess = () => {};
let drawTrace = () => {};

/** The exact numbers, which come first. */
function showNumbers({ predictors }, { lambda, seed }) {
  const rows = rowsOf(predictors, published[lambda] ?? [], Number(seed));
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
  drawExcess = (width) => find("lab-excess").innerHTML = excessChart(rows, { width, document });
}

function showSimulated({ measured: { ratio, error }, trace }) {
  find("lab-measured").textContent = `On 128 sequences the filter's squared error was ${
    ratio.toFixed(4)
  } ± ${error.toFixed(4)} of what it expects.`;
  drawTrace = (width) => find("lab-trace").innerHTML = traceChart(trace, { width, document });
}

function draw(width) {
  drawExcess(width);
  drawTrace(width);
}

async function run() {
  const asked = Object.fromEntries(new FormData(form));
  const { lambda, seed } = asked;
  keepInAddress({ lambda, seed });
  status.textContent = "Computing …";
  const begun = performance.now();
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(2);
  try {
    const simulated = await ask(
      { lambda: Number(lambda), seed: Number(seed), sequences: 128 },
      (exact) => {
        showNumbers(exact, asked);
        status.textContent =
          `System ${seed} at λ ${lambda}: solved in ${seconds()} s, simulating …`;
        // Drawn before the sequences are there.
        drawTrace = () => {};
        onWidth(find("lab-excess"), draw);
      },
    );
    showSimulated(simulated);
  } catch (error) {
    if (error.name !== "AbortError") status.textContent = error.message;
    return;
  }
  onWidth(find("lab-excess"), draw);
  status.textContent =
    `System ${seed} at λ ${lambda}: simulated, filtered and solved in ${seconds()} s.`;
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
