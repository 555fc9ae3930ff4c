/**
 * @file A small drawing of a forecast for a terminal, in braille: two by four dots a character. The rows before the forecast, a dotted
 * line where it starts, the forecast, and the ends of its intervals as dots.
 */
import { type Panel, type Picture, rangeOf } from "./picture.ts";
import { plain, scaleOf } from "./scale.ts";

/** What a drawing is shown on. */
export interface Screen {
  /** Characters a line. */
  width: number;
  /** Whether escape sequences of colours are understood and wanted. */
  color: boolean;
}

/** Columns that are drawn; the file of --plot has more. */
const MOST_PANELS = 3;
/** Lines of a panel. */
const HEIGHT = 8;
/** Wider drawings are no clearer. */
const WIDEST = 100;
/** Narrower ones show nothing. */
const NARROWEST = 24;

/** Lines no wider than the screen; undefined on a screen too narrow to show anything. */
export function sketchForecast(picture: Picture, screen: Screen): string | undefined {
  const width = Math.min(WIDEST, screen.width);
  if (width < NARROWEST) return undefined;
  const { panels, left, past, times, model, levels } = picture;
  const drawn = panels.slice(0, MOST_PANELS);
  const lines = drawn.flatMap((panel) => sketchPanel(panel, picture, width, screen.color));
  const others = panels.length - drawn.length + left;
  const rows = (n: number) => `${n} row${n === 1 ? "" : "s"}`;
  lines.push(
    ...wrapped(
      `The last ${rows(past.length)}, and ${rows(times.length)} by ${model}; dots: ${
        levels.at(-1)
      } intervals` +
        `${others > 0 ? `; ${others} more column${others === 1 ? "" : "s"}` : ""}.`,
      width,
    ),
  );
  return lines.join("\n");
}

function sketchPanel(panel: Panel, picture: Picture, width: number, color: boolean): string[] {
  const { past, point, low, high, name } = panel;
  const [least, most] = rangeOf(panel);
  const { shown, note } = scaleOf(least, most);
  const labels = [most, least].map((value) => plain(Number(shown(value).toPrecision(4))));
  const margin = Math.max(...labels.map((label) => label.length)) + 1;
  const columns = width - margin;
  const canvas = new Canvas(columns, HEIGHT);
  const count = past.length + point.length;
  const x = (i: number) => count === 1 ? 0 : Math.round(i / (count - 1) * (2 * columns - 1));
  const span = most > least ? shown(most) - shown(least) : 0;
  const y = (value: number) =>
    span === 0
      ? 2 * HEIGHT
      : Math.round((1 - (shown(value) - shown(least)) / span) * (4 * HEIGHT - 1));
  const values = [...past, ...point];
  for (let i = 0; i < count; i++) {
    canvas.line(x(Math.max(0, i - 1)), y(values[Math.max(0, i - 1)]), x(i), y(values[i]));
  }
  for (const ends of [low, high]) {
    for (let dot = x(past.length); dot <= x(count - 1); dot++) {
      if (dot % 2 === 1 && point.length > 1) continue;
      const step = Math.max(0, dot / (2 * columns - 1) * (count - 1) - past.length);
      const before = Math.min(Math.floor(step), point.length - 1);
      const after = Math.min(before + 1, point.length - 1);
      canvas.dot(
        dot,
        Math.round(y(ends[before]) + (step - before) * (y(ends[after]) - y(ends[before]))),
      );
    }
  }
  const start = Math.floor(x(past.length) / 2);
  const title = cut(note ? `${name}, ${note}` : name, width);
  const lines = canvas.lines(start).map((line, row) => {
    const label = row === 0 ? labels[0] : row === HEIGHT - 1 ? labels[1] : "";
    const text = color
      ? `\x1b[34m${line.slice(0, start)}\x1b[33m${line.slice(start)}\x1b[39m`
      : line.trimEnd();
    return `${label.padStart(margin - 1)} ${text}`.trimEnd();
  });
  return [
    color ? `\x1b[1m${title}\x1b[22m` : title,
    ...lines,
    " ".repeat(margin) + timeLabels(picture, columns),
  ];
}

/** When the drawing starts and ends, below its corners. */
function timeLabels({ dated, past, times }: Picture, columns: number): string {
  const days = dated && [...past, ...times].every((time) => time % 86_400_000 === 0);
  const text = (time: number) => {
    if (!dated) return `row ${time}`;
    const iso = new Date(time).toISOString();
    return days ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
  };
  const [from, to] = [text(past[0]), text(times[times.length - 1])];
  const room = columns - from.length - to.length;
  return room < 1 ? cut(to, columns).padStart(columns) : from + " ".repeat(room) + to;
}

/** Dots of braille characters (Unicode block U+2800). */
class Canvas {
  readonly #cells: Uint8Array;

  constructor(readonly columns: number, readonly rows: number) {
    this.#cells = new Uint8Array(columns * rows);
  }

  dot(x: number, y: number): void {
    const bits = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    this.#cells[(y >> 2) * this.columns + (x >> 1)] |= bits[y & 3][x & 1];
  }

  line(x0: number, y0: number, x1: number, y1: number): void {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    for (let k = 0; k <= steps; k++) {
      this.dot(Math.round(x0 + (x1 - x0) * k / steps), Math.round(y0 + (y1 - y0) * k / steps));
    }
  }

  /** @param start column of the dotted line, where nothing else stands */
  lines(start: number): string[] {
    return Array.from({ length: this.rows }, (_, row) => {
      let line = "";
      for (let column = 0; column < this.columns; column++) {
        const cell = this.#cells[row * this.columns + column];
        line += cell ? String.fromCharCode(0x2800 + cell) : column === start ? "┊" : " ";
      }
      return line;
    });
  }
}

/** Characters of these take two places on a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}|[\u{20000}-\u{3fffd}]/u;

/** The start of a text that takes no more than `width` places. */
function cut(text: string, width: number): string {
  const places = (character: string) => /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  const characters = [...text];
  let used = 0;
  // Of what fits, the last is given up for the dots.
  const end = characters.findIndex((character) => (used += places(character)) > width);
  return end < 0 ? text : characters.slice(0, Math.max(0, end - 1)).join("") + "…";
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = cut(word, width);
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(cut(word, width));
  }
  return lines;
}
