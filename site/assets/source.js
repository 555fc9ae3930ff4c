/**
 * @file What a number of a table says of itself when it is pressed, before the page of its row is opened: how many observations, seeds
 * and jobs, of which commit, and the command that makes it again.
 *
 * Without this script, and with a key held, the number leads to that page.
 */
"use strict";

const command = document.querySelector("[data-command]")?.dataset.command;
const note = document.createElement("div");
note.className = "source-note";
note.popover = "auto";
note.setAttribute("role", "dialog");
note.setAttribute("aria-label", "Where this number came from");
document.body.append(note);

function paragraph(...parts) {
  const element = document.createElement("p");
  element.append(...parts);
  return element;
}

function describe(link) {
  const { jobs, seeds, commits } = link.closest("tr").dataset;
  const interval = link.parentElement.querySelector("small")?.textContent ?? "";
  const strong = document.createElement("strong");
  strong.textContent = link.textContent;
  const facts = [
    link.dataset.n && `${link.dataset.n} observations`,
    seeds && `seeds ${seeds}`,
    jobs && `${jobs} jobs in this row`,
    commits && `commit ${commits}`,
  ].filter(Boolean).join("; ");
  const more = document.createElement("a");
  more.href = link.href;
  more.textContent = "Every job of this row";
  const parts = [paragraph(strong, ` ${interval}`), paragraph(facts), paragraph(more)];
  if (command) {
    const code = document.createElement("pre");
    code.textContent = command;
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy the command";
    copy.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(command);
      copy.textContent = "Copied";
    });
    parts.push(code, copy);
  }
  note.replaceChildren(...parts);
}

function place(link) {
  const box = link.getBoundingClientRect();
  note.style.margin = "0";
  note.style.position = "fixed";
  const left = Math.min(box.left, innerWidth - note.offsetWidth - 16);
  const below = box.bottom + 6 + note.offsetHeight < innerHeight;
  note.style.left = `${Math.max(16, left)}px`;
  note.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - note.offsetHeight - 6)}px`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".results:not(.board-table) td a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  describe(link);
  note.showPopover();
  place(link);
  note.querySelector("a").focus();
  note.addEventListener("toggle", ({ newState }) => {
    if (newState === "closed" && document.activeElement === document.body) link.focus();
  }, { once: true });
});
