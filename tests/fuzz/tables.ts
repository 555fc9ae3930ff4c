/** @file Tables whose numbers and instants are known, and the ways in which programs write them as text. */
import fc, { type Arbitrary } from "fast-check";
import { gzipSync } from "node:zlib";
import type { ReadOptions } from "../../lib/data/series.ts";

/** What a file means. */
export interface Table {
  /** Of the columns, without the date. */
  names: string[];
  /** How the dates are written; absent for none. */
  form?: DateForm;
  /** In order of time. */
  rows: { instant: number; cells: number[] }[];
}

/** A table as bytes, and what a reader is told. */
export interface Written {
  table: Table;
  bytes: Uint8Array;
  options: ReadOptions;
}

const two = (x: number) => String(x).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const clock = (t: Date) =>
  `${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())}`;
const parts = (ms: number) => {
  const t = new Date(ms);
  const [y, m, d] = [String(t.getUTCFullYear()).padStart(4, "0"), t.getUTCMonth(), t.getUTCDate()];
  return { t, y, m: two(m + 1), d: two(d), mon: MONTHS[m], day: d };
};

/** Instants to text, by a name; all of whole seconds. */
export const DATE_FORMS = {
  "yyyy-mm-dd hh:mm:ss": (ms: number) =>
    `${parts(ms).y}-${parts(ms).m}-${parts(ms).d} ${clock(parts(ms).t)}`,
  "yyyy-mm-ddThh:mm:ssZ": (ms: number) =>
    `${parts(ms).y}-${parts(ms).m}-${parts(ms).d}T${clock(parts(ms).t)}Z`,
  "yyyy-mm-ddThh:mm:ss+02:00": (ms: number) =>
    `${new Date(ms + 7_200_000).toISOString().slice(0, 19)}+02:00`,
  "yyyy/mm/dd hh:mm:ss": (ms: number) =>
    `${parts(ms).y}/${parts(ms).m}/${parts(ms).d} ${clock(parts(ms).t)}`,
  "dd.mm.yyyy hh:mm:ss": (ms: number) =>
    `${parts(ms).d}.${parts(ms).m}.${parts(ms).y} ${clock(parts(ms).t)}`,
  "d Mon yyyy hh:mm:ss": (ms: number) =>
    `${parts(ms).day} ${parts(ms).mon} ${parts(ms).y} ${clock(parts(ms).t)}`,
  "unix seconds": (ms: number) => String(ms / 1000),
  "unix milliseconds": (ms: number) => String(ms),
} as const;
export type DateForm = keyof typeof DATE_FORMS;

/** Names that are neither numbers nor dates, nor what columns of dates, clocks and counters are called. */
const columnName = fc.oneof(
  fc.constantFrom("load", "temp", "OT", "p (mbar)", "NO2", "Größe", "a,b", 'say "x"', "a;b", "x y"),
  fc.stringMatching(/^[bcdfg][a-z]{3}[A-Z]$/),
);

/** Any double of a size that people have measured. */
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 100),
  fc.constantFrom(0, 0.5, -0.5, 1e-7, 123456.789, 5e-324, 1.7976931348623157e308, 1e21),
).map((x) => x + 0.25 === x ? x + 0 : Number.isInteger(x) ? x + 0.25 : x + 0);

/** Tables of one to six columns and three to twelve rows. */
export function table(): Arbitrary<Table> {
  return fc.record({
    names: fc.uniqueArray(columnName, {
      minLength: 1,
      maxLength: 6,
      selector: (s) => s.toLowerCase(),
    }),
    form: fc.option(fc.constantFrom(...Object.keys(DATE_FORMS) as DateForm[]), { nil: undefined }),
    start: fc.integer({ min: Date.UTC(1975, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 }),
    steps: fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 2, max: 11 }))
        .map(([step, n]) => Array<number>(n).fill(step)),
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 2, maxLength: 11 }),
    ),
    width: fc.constant(6),
  }).chain(({ names, form, start, steps }) =>
    fc.array(fc.array(number, { minLength: names.length, maxLength: names.length }), {
      minLength: steps.length + 1,
      maxLength: steps.length + 1,
    }).map((cells) => {
      let seconds = start;
      return {
        names,
        form,
        rows: cells.map((row, i) => {
          if (i > 0) seconds += steps[i - 1];
          return { instant: seconds * 1000, cells: row };
        }),
      };
    })
  );
}

/** One of the ways to write a table. */
export function written(table: Table): Arbitrary<Written> {
  return fc.record({
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    comma: fc.boolean(),
    newline: fc.constantFrom("\n", "\r\n", "\r"),
    quoted: fc.constantFrom("needed", "texts", "all"),
    encoding: fc.constantFrom("utf-8", "utf-8 bom", "utf-16le", "utf-16be"),
    atEnd: fc.constantFrom("newline", "none", "blank lines"),
    before: fc.constantFrom("", "", "", "# made by a program\n", "\n"),
    zipped: fc.boolean(),
    told: fc.boolean(),
    dateName: fc.constantFrom("date", "Date", "time", "timestamp"),
  }).map((how) => {
    const { delimiter, newline, quoted, encoding, atEnd, before } = how;
    // The same sign cannot be both unless its cells are quoted.
    const comma = how.comma && delimiter !== ",";
    const quote = (cell: string, isText: boolean) => {
      // In one column any delimiter might be the one.
      const cuts = table.names.length === 1 && isText ? /[,;\t|]/ : delimiter;
      const needed = (typeof cuts === "string" ? cell.includes(cuts) : cuts.test(cell)) ||
        /["\r\n]/.test(cell);
      const wanted = quoted === "all" || quoted === "texts" && isText;
      return needed || wanted ? `"${cell.replaceAll('"', '""')}"` : cell;
    };
    const dated = table.form !== undefined;
    const header = [...dated ? [how.dateName] : [], ...table.names].map((name) =>
      quote(name, true)
    );
    const lines = [header.join(delimiter)];
    for (const { instant, cells } of table.rows) {
      const numbers = cells.map((x) =>
        quote(comma ? String(x).replace(".", ",") : String(x), false)
      );
      const date = dated ? [quote(DATE_FORMS[table.form!](instant), true)] : [];
      lines.push([...date, ...numbers].join(delimiter));
    }
    const end = { newline: "\n", none: "", "blank lines": "\n\n\n" }[atEnd];
    const text = (before + lines.join("\n") + end).replaceAll("\n", newline);
    const bytes = encoded(text, encoding);
    // One column of decimal commas looks like two of whole numbers.
    const unclear = comma && !dated && table.names.length === 1;
    const told: ReadOptions = {
      delimiter,
      decimal: comma ? "," : ".",
      date: dated ? how.dateName : null,
    };
    return {
      table,
      bytes: how.zipped ? new Uint8Array(gzipSync(bytes)) : bytes,
      options: how.told || unclear ? told : dated ? {} : { date: null },
    };
  });
}

function encoded(text: string, encoding: string): Uint8Array {
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  if (encoding === "utf-8 bom") return new TextEncoder().encode(`\ufeff${text}`);
  const view = new DataView(new ArrayBuffer(2 * text.length + 2));
  const little = encoding === "utf-16le";
  [...`\ufeff${text}`.split("")].forEach((unit, i) =>
    view.setUint16(2 * i, unit.charCodeAt(0), little)
  );
  return new Uint8Array(view.buffer);
}
