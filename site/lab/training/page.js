/** @file The script of the page on training: starts the worker, and draws where the training is as it goes on. */
import { asking } from "../ask.js";
import { keepInAddress, onWidth, takeFromAddress } from "../page.js";
import { discChart, lossChart } from "./charts.ts";

const find = (id) => document.getElementById(id);
const form = find("lab");
const status = find("lab-status");
const stopButton = find("lab-stop");
// deno-lint-ignore no-undef -- the worker's code, which the bundle brings
const { ask, stop } = asking(WORKER);

/** What is said of each task; steps and rates are such as its layers learn it with. */
const TASKS = {
  filtering: {
    name: "predicting zero",
    described: "Excess loss over the Kalman filter's at each step, on a logarithmic scale",
    ...{ steps: 300, rate: 0.02 },
  },
  parity: {
    name: "a coin",
    described: "Cross-entropy of each batch in nats, on a logarithmic scale",
    ...{ steps: 120, rate: 0.03 },
  },
};
const taskOf = (what) => what === "filtering" ? "filtering" : "parity";

let task = TASKS.filtering;
let start = { floor: 1, optimum: [], trails: true };
let end;
let moments = [];
let steps = 1;
let waiting = false;

function draw() {
  const last = moments[moments.length - 1];
  if (!last) return;
  for (
    const [id, chart] of [
      ["lab-loss", (place) => lossChart(moments, { ...task, floor: start.floor }, steps, place)],
      ["lab-disc", (place) => discChart(moments, start, place)],
    ]
  ) {
    const element = find(id);
    element.innerHTML = chart({ width: element.clientWidth, document });
  }
  const percent = (share) => `${(100 * share).toFixed(1).replace("-", "−")}\u00a0%`;
  find("lab-closed").textContent = task === TASKS.filtering
    ? `Gap closed: ${percent((start.floor - last.loss) / start.floor)}.`
    : end
    ? `Right at positions ${end.from} to ${end.to}, beyond what it was trained on: ${
      percent(end.right)
    }.`
    : "";
  find("lab-result").dataset.loss = last.loss;
}

/** At most once a frame: steps may come faster. */
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

async function run() {
  const { what, lambda, seed, engine, ...numbers } = Object.fromEntries(new FormData(form));
  keepInAddress({ what, lambda, seed, ...numbers, engine });
  steps = Number(numbers.steps);
  moments = [];
  end = undefined;
  task = TASKS[taskOf(what)];
  status.textContent = "Compiling …";
  stopButton.disabled = false;
  const begun = performance.now();
  const question = {
    ...{ what, lambda: Number(lambda), seed: Number(seed), steps, rate: Number(numbers.rate) },
    gpu: engine === "webgpu" && await hasGpu(),
  };
  try {
    await ask(question, (part) => {
      if (part.optimum) {
        start = part;
        find("lab-result").hidden = false;
        return;
      }
      if (part.right !== undefined) {
        end = part;
        return;
      }
      moments.push(part);
      status.textContent = `Step ${part.step} of ${steps} …`;
      soon();
    });
  } catch (error) {
    if (error.name === "AbortError") {
      status.textContent = `Stopped at step ${moments.at(-1)?.step ?? 0}.`;
    } else status.textContent = error.message;
    return;
  } finally {
    stopButton.disabled = true;
  }
  draw();
  const seconds = (performance.now() - begun) / 1000;
  const name = question.gpu ? "WebGPU" : "WebAssembly";
  status.textContent = `${steps} steps on ${name} in ${seconds.toFixed(1)} s.`;
}

/** A card; one that is made up of the processor is slower than WebAssembly. Asked for only now: a browser without one complains. */
async function hasGpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

/** Shows what belongs to the chosen task. */
function choose() {
  const chosen = taskOf(form.elements.what.value);
  for (const element of document.querySelectorAll("[data-of]")) {
    element.hidden = element.dataset.of !== chosen;
  }
}

takeFromAddress(form);
choose();
form.addEventListener("change", ({ target }) => {
  if (target.name !== "what") return;
  stop();
  find("lab-result").hidden = true;
  choose();
  for (const name of ["steps", "rate"]) {
    form.elements[name].value = TASKS[taskOf(target.value)][name];
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stopButton.addEventListener("click", stop);
onWidth(find("lab-loss"), draw);
status.textContent = "Press Train: it takes some seconds.";
form.hidden = false;
