/** @file What the pages of the lab have in common: tables, the width of drawings, settings in the address. */

/**
 * @typedef {{ text: string, value?: number, below?: string }} Cell a number has its value with all digits, and below it its interval
 * @param {HTMLTableElement} table
 * @param {{ columns: string[], rows: (string | Cell)[][] }} content the first column names the rows
 */
export function tableOf(table, { columns, rows }) {
  table.replaceChildren();
  const cell = (tag, content, i, scope) => {
    const element = document.createElement(tag);
    const { text, value, below } = typeof content === "string" ? { text: content } : content;
    element.textContent = text;
    if (i > 0) element.className = "num";
    if (scope) element.scope = scope;
    if (value !== undefined) {
      element.dataset.value = value;
      element.title = value;
    }
    if (below) {
      const small = document.createElement("small");
      small.textContent = below;
      element.append(small);
    }
    return element;
  };
  const head = table.createTHead().insertRow();
  head.append(...columns.map((text, i) => cell("th", text, i, "col")));
  const body = table.createTBody();
  for (const row of rows) {
    body.insertRow().append(
      ...row.map((text, i) => i === 0 ? cell("th", text, i, "row") : cell("td", text, i)),
    );
  }
}

const watched = new Map();

/** Draws now, and again whenever the element has another width. */
export function onWidth(element, draw) {
  watched.get(element)?.disconnect();
  let last;
  const observer = new ResizeObserver(() => {
    const width = Math.floor(element.clientWidth);
    if (width === last || width === 0) return;
    last = width;
    draw(width);
  });
  observer.observe(element);
  watched.set(element, observer);
}

/** Settings that can be sent to somebody else. */
export function keepInAddress(settings) {
  history.replaceState(null, "", `#${new URLSearchParams(settings)}`);
}

/** Fills a form with the settings of the address. */
export function takeFromAddress(form) {
  const address = new URLSearchParams(location.hash.slice(1));
  for (const input of form.elements) {
    const kept = address.get(input.name);
    if (!input.name || kept === null) continue;
    if (input.type === "radio") input.checked ||= input.value === kept;
    else input.value = kept; // a number input takes no text
  }
}

/** Gives the reader a file. */
export function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
