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

let filter = [];
let zero = 1;
let moments = [];
let steps = 1;
let waiting = false;

function draw() {
  const last = moments[moments.length - 1];
  if (!last) return;
  for (
    const [id, chart] of [
      ["lab-loss", (place) => lossChart(moments, zero, steps, place)],
      ["lab-disc", (place) => discChart(moments, filter, place)],
    ]
  ) {
    const element = find(id);
    element.innerHTML = chart({ width: element.clientWidth, document });
  }
  const closed = (zero - last.excess) / zero;
  find("lab-closed").textContent = `Gap closed: ${
    (100 * closed).toFixed(1).replace("-", "−")
  }\u00a0%.`;
  find("lab-result").dataset.excess = last.excess;
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
  const { lambda, seed, engine, ...numbers } = Object.fromEntries(new FormData(form));
  keepInAddress({ lambda, seed, ...numbers, engine });
  steps = Number(numbers.steps);
  moments = [];
  status.textContent = "Compiling …";
  stopButton.disabled = false;
  const begun = performance.now();
  const question = {
    ...{ lambda: Number(lambda), seed: Number(seed), steps, rate: Number(numbers.rate) },
    gpu: engine === "webgpu" && await hasGpu(),
  };
  try {
    await ask(question, (part) => {
      if (part.filter) {
        ({ filter, zero } = part);
        find("lab-result").hidden = false;
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

takeFromAddress(form);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stopButton.addEventListener("click", stop);
onWidth(find("lab-loss"), draw);
status.textContent = "Press Train: it takes some seconds.";
form.hidden = false;
