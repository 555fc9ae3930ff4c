/**
 * @file The forms of dates, each a pattern whose groups name its parts: y year, m month, d day, mon a month's name, q quarter,
 * w week, wd its day, j day of the year, name a weekday's name, H M S f hour to fraction, ap AM or PM, z offset, zone an IANA name, unix an epoch.
 */

/** One way to write dates. */
export interface DateForm {
  /** As it is named in messages and in `--date COLUMN=FORM`. */
  name: string;
  /** Of a whole cell, trimmed. */
  pattern: RegExp;
  /** Only digits, so that a number may be one by accident. */
  digits?: boolean;
  /** Microseconds of one unit of an epoch. */
  unit?: number;
}

const OFFSET = String
  .raw`(?: ?(?<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?(?:\[(?<zone>[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)*)\])?`;
const TIME = String
  .raw`(?:(?:T|,? +)(?<H>\d{1,2})(?:(?<s>[:.])(?<M>\d{2})(?:\k<s>(?<S>\d{2})(?:[.,](?<f>\d{1,9}))?)?(?: ?(?<ap>[AaPp][Mm]))?)?)?` +
  OFFSET;
const MON = "(?<mon>[A-Za-z]{3,9})\\.?";
/** As in mails: `Fri, 01 Jul 2016`. */
const WEEKDAY = "(?:(?<name>(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*)\\.?,? +)?";

const form = (name: string, source: string, rest: Partial<DateForm> = {}): DateForm => ({
  name,
  pattern: new RegExp(`^${source}$`),
  ...rest,
});

/** Between day, month and year: `s` is the separator of the first pair and must come again. */
const dayFirst = (s: string, name: string) =>
  form(name, String.raw`(?<d>\d{1,2})${s}(?<m>\d{1,2})${s}(?<y>\d{4}|\d{2})${TIME}`);
const monthFirst = (s: string, name: string) =>
  form(name, String.raw`(?<m>\d{1,2})${s}(?<d>\d{1,2})${s}(?<y>\d{4}|\d{2})${TIME}`);

/** In order of preference where a column could be several of them. */
export const FORMS: readonly DateForm[] = [
  form("yyyy-mm-dd", String.raw`(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})${TIME}`),
  form("yyyy/mm/dd", String.raw`(?<y>\d{4})\/(?<m>\d{1,2})\/(?<d>\d{1,2})${TIME}`),
  form("yyyy.mm.dd", String.raw`(?<y>\d{4})\.(?<m>\d{1,2})\.(?<d>\d{1,2})${TIME}`),
  dayFirst("\\.", "dd.mm.yyyy"),
  dayFirst("\\/", "dd/mm/yyyy"),
  monthFirst("\\/", "mm/dd/yyyy"),
  dayFirst("-", "dd-mm-yyyy"),
  monthFirst("-", "mm-dd-yyyy"),
  form("yy-mm-dd", String.raw`(?<y>\d{2})-(?<m>\d{1,2})-(?<d>\d{1,2})${TIME}`),
  form("yy/mm/dd", String.raw`(?<y>\d{2})\/(?<m>\d{1,2})\/(?<d>\d{1,2})${TIME}`),
  form("yy.mm.dd", String.raw`(?<y>\d{2})\.(?<m>\d{1,2})\.(?<d>\d{1,2})${TIME}`),
  form("dd Mon yyyy", String.raw`${WEEKDAY}(?<d>\d{1,2})[- ]${MON}[- ](?<y>\d{4}|\d{2})${TIME}`),
  form("Mon dd yyyy", String.raw`${WEEKDAY}${MON}[- ](?<d>\d{1,2}),? (?<y>\d{4})${TIME}`),
  form("Mon yyyy", String.raw`${MON}[- ](?<y>\d{4})`),
  form("Mon yy", String.raw`${MON}[- ]'?(?<y>\d{2})`),
  form("yyyy Mon", String.raw`(?<y>\d{4})[- ]${MON}`),
  form("yyyy-mm", String.raw`(?<y>\d{4})[-\/](?<m>\d{1,2})`),
  form("yyyyMmm", String.raw`(?<y>\d{4})[- ]?M(?<m>\d{1,2})`),
  form("mm/yyyy", String.raw`(?<m>\d{1,2})[-\/](?<y>\d{4})`),
  form("yyyy-Qq", String.raw`(?<y>\d{4})[- ]?[Qq](?<q>[1-4])`),
  form("Qq yyyy", String.raw`[Qq](?<q>[1-4])[-\/ ]?(?<y>\d{4})`),
  form("qQ yyyy", String.raw`(?<q>[1-4])[Qq][-\/ ]?(?<y>\d{4})`),
  form("yyyy-Www", String.raw`(?<y>\d{4})[- ]?W(?<w>\d{2})(?:-(?<wd>[1-7]))?`),
  form("yyyy-ddd", String.raw`(?<y>\d{4})-(?<j>\d{3})`),
  form("yyyy", String.raw`(?<y>\d{4})(?:\.0)?`, { digits: true }),
  form("yyyymm", String.raw`(?<y>\d{4})(?<m>\d{2})(?:\.0)?`, { digits: true }),
  form("yyyyddd", String.raw`(?<y>\d{4})(?<j>\d{3})(?:\.0)?`, { digits: true }),
  form("yyyymmdd", String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?:\.0)?`, { digits: true }),
  form("yyyymmdd hh:mm", String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})${TIME}`),
  form(
    "yyyymmddThhmmss",
    String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})[T ](?<H>\d{2})(?<M>\d{2})(?<S>\d{2})?${OFFSET}`,
  ),
  form("yyyymmddhh", String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?<H>\d{2})(?:\.0)?`, {
    digits: true,
  }),
  form("yyyymmddhhmm", String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?<H>\d{2})(?<M>\d{2})`, {
    digits: true,
  }),
  form(
    "yyyymmddhhmmss",
    String.raw`(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?<H>\d{2})(?<M>\d{2})(?<S>\d{2})`,
    { digits: true },
  ),
  form("Unix seconds", String.raw`(?<unix>\d{9,10})(?:\.(?<f>\d{1,9}))?`, {
    digits: true,
    unit: 1e6,
  }),
  form("Unix milliseconds", String.raw`(?<unix>\d{12,13})(?:\.0)?`, { digits: true, unit: 1e3 }),
  form("Unix microseconds", String.raw`(?<unix>\d{15,16})`, { digits: true, unit: 1 }),
  form("Unix nanoseconds", String.raw`(?<unix>\d{18,19})`, { digits: true, unit: 1e-3 }),
];

/** Forms that read the same text as different days. */
export const AMBIGUOUS: readonly string[][] = [
  ["dd/mm/yyyy", "mm/dd/yyyy", "yy/mm/dd"],
  ["dd-mm-yyyy", "mm-dd-yyyy", "yy-mm-dd"],
  ["dd.mm.yyyy", "yy.mm.dd"],
];

/** What dates may look like, for messages. */
export const DATE_FORMATS: string =
  "2016-07-01, 2016-07-01 13:00[:00[.000]][+02:00], 2016/7/1, 01.07.2016, 31/12/2016, 1 Jul 2016, Jul 2016, " +
  "2016-07, 2016, 2016Q3, 2016-W26, 20160701[1300], Unix seconds, milliseconds, microseconds or nanoseconds";

const MONTHS = [
  ...["january", "february", "march", "april", "may", "june", "july"],
  ...["august", "september", "october", "november", "december"],
];

/** 1 to 12 for a month's English name or its beginning, of three letters at least; else 0. */
export function monthOf(name: string): number {
  const lower = name.toLowerCase();
  if (lower === "sept") return 9;
  const at = MONTHS.findIndex((month) =>
    lower === month || lower.length === 3 && month.startsWith(lower)
  );
  return at + 1;
}

/** The English name of a month from 1. */
export function monthName(month: number): string {
  return MONTHS[month - 1];
}
