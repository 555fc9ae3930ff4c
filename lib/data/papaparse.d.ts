/** @file Types of the part of Papa Parse that is used; the published ones need those of Node.js. */

/** Where a text is not what the format allows. */
export interface ParseError {
  /** `Quotes` where they do not match. */
  type: string;
  /** What about them. */
  code: string;
  /** Characters before it. */
  index?: number;
}

/** Cuts delimited text into rows of cells. */
declare const Papa: {
  /** @param options `preview`: most rows that are read; 0 for all */
  parse<Row>(
    text: string,
    options: { delimiter: string; newline: string; preview: number },
  ): { data: Row[]; errors: ParseError[] };
};

export default Papa;
