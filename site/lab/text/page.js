/** @file The script of the page on language: shows tokens as they come, and takes the logit of a chosen one apart. */
import { explanation } from "../../../pipeline/commands/generate/explanation.ts";
import { asking } from "../ask.js";
import { keepInAddress, takeFromAddress } from "../page.js";
import { partRows, piecesOf, signed } from "./shown.ts";

const find = (id) => document.getElementById(id);
const form = find("lab");
const status = find("lab-status");
const text = find("lab-text");
// deno-lint-ignore no-undef -- the worker's code, which the bundle brings
const { ask } = asking(WORKER);

/** Milliseconds between two tokens on the screen: the model is quicker than a reader. */
const PACE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 25;

/** Tokens of the text: those of the prompt, and then what was drawn. */
let prompt = [];
let drawn = [];
let shown = 0;
let timer;

function clear() {
  clearInterval(timer);
  [prompt, drawn, shown] = [[], [], 0];
  text.replaceChildren();
}

function showNext() {
  if (shown === drawn.length) return;
  const index = prompt.length + shown++;
  const pieces = piecesOf([...prompt, ...drawn.map(({ bytes }) => bytes)]);
  // No button element: that is a box of its own, and words would break between tokens.
  const token = document.createElement("span");
  token.role = "button";
  token.textContent = pieces[index];
  token.tabIndex = shown === 1 ? 0 : -1;
  token.addEventListener("click", () => choose(index));
  text.append(token);
}

const tokens = () => [...text.querySelectorAll("[role=button]")];

function choose(index) {
  const pieces = piecesOf([...prompt, ...drawn.map(({ bytes }) => bytes)]);
  const one = drawn[index - prompt.length];
  const rows = partRows(one, index, pieces);
  for (const [i, element] of [...text.children].entries()) {
    const isChosen = i === index;
    element.classList.toggle("chosen-token", isChosen);
    if (element.role === "button") {
      element.ariaPressed = String(isChosen);
      element.tabIndex = isChosen ? 0 : -1;
    }
    element.style.removeProperty("--gave");
    element.classList.remove("for", "against");
  }
  const largest = Math.max(...one.parts.map(({ logit }) => Math.abs(logit)));
  for (const [i, { logit }] of one.parts.entries()) {
    const element = text.children[index - one.parts.length + i];
    element.style.setProperty("--gave", `${Math.round(100 * Math.abs(logit) / largest)}%`);
    element.classList.add(logit < 0 ? "against" : "for");
  }
  find("lab-token").textContent = pieces[index].trim() || "(space)";
  find("lab-sum").textContent = `Its logit is ${
    signed(one.logit)
  }, the sum of what follows; it was drawn with probability ${one.probability.toFixed(2)}.`;
  const table = find("lab-parts");
  table.replaceChildren();
  const head = table.createTHead().insertRow();
  for (const [i, name] of ["given by", "tokens back", "logit", ""].entries()) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    if (i === 1 || i === 2) cell.className = "num";
    if (name) head.append(cell);
    else head.append(document.createElement("td"));
  }
  const most = Math.max(...rows.map(({ logit }) => Math.abs(logit)));
  const body = table.createTBody();
  for (const { label, index, back, logit } of rows) {
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = index === undefined ? label : `“${label}”`;
    row.append(name);
    for (const value of [back === undefined ? "" : String(back), signed(logit)]) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = value;
    }
    const bar = document.createElement("span");
    bar.className = `bar ${logit < 0 ? "against" : "for"}`;
    bar.style.setProperty("--size", `${50 * Math.abs(logit) / most}%`);
    row.insertCell().append(bar);
  }
  find("lab-line").textContent = explanation(one);
}

text.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const step = { ArrowRight: 1, ArrowLeft: -1, Enter: 0, " ": 0 }[key];
  if (step === undefined) return;
  event.preventDefault();
  const all = tokens();
  const next = all[all.indexOf(target) + step];
  if (!next) return;
  next.focus();
  next.click();
});

const quoted = (word) => `"${word.replace(/["\\$`]/g, "\\$&")}"`;

async function run() {
  const values = Object.fromEntries(new FormData(form));
  keepInAddress(values);
  const { prompt: words, ...numbers } = values;
  const question = { prompt: words };
  for (const [name, value] of Object.entries(numbers)) question[name] = Number(value);
  clear();
  const begun = performance.now();
  status.textContent = "Writing …";
  timer = setInterval(showNext, PACE);
  try {
    await ask(question, (part) => {
      if (part.drawn) return drawn.push(part.drawn);
      prompt = part.prompt;
      find("lab-result").hidden = false;
      for (const piece of piecesOf(prompt)) {
        const element = document.createElement("span");
        element.textContent = piece;
        text.append(element);
      }
    });
  } catch (error) {
    if (error.name === "AbortError") return;
    clear();
    find("lab-result").hidden = true;
    status.textContent = error.message;
    return;
  }
  const seconds = (performance.now() - begun) / 1000;
  await new Promise((resolve) => {
    clearInterval(timer);
    timer = setInterval(() => {
      showNext();
      if (shown < drawn.length) return;
      clearInterval(timer);
      resolve();
    }, PACE);
  });
  const { tokens, seed, temperature, topP } = question;
  find("lab-command").textContent =
    `deno task generate --prompt ${quoted(words)} --tokens ${tokens} --seed ${seed} ` +
    `--temperature ${temperature} --top-p ${topP} --explain`;
  status.textContent = `${drawn.length} tokens in ${seconds.toFixed(2)} s.`;
  choose(prompt.length + Math.min(3, drawn.length - 1));
}

takeFromAddress(form);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
find("lab-next").addEventListener("click", () => {
  form.elements.seed.value = Number(form.elements.seed.value) + 1;
  run();
});
form.hidden = false;
run();
