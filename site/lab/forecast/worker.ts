/** @file The worker of the page on forecasting, with the example that it begins with. */
import { answering } from "../worker.ts";
import { example } from "./example.ts";
import { forecastFile, type Found, type Question } from "./forecast.ts";

/** Dataset co2-monthly. */
declare const EXAMPLE: string;

/** Without a file it is the example. */
answering<Partial<Question>, never, Found>(({ file, content, ...sizes }) =>
  file !== undefined && content !== undefined
    ? forecastFile({ file, content, ...sizes })
    : forecastFile({ ...example, content: EXAMPLE, ...sizes })
);
