/** @file A page that trains with the bundled library, in Chromium. */
import { launch } from "../site/chromium.ts";
import type { Trained } from "./training.ts";

/** What a page found out, and what it saw meanwhile. */
export type Seen<Found = Trained> = Found & Observed;

/** What a page sees while it works. */
interface Observed {
  /** Batches of commands that went to the GPU. */
  submissions: number;
  /** Whether the page may share memory between threads. */
  isolated: boolean;
  /** That the page started. */
  workers: number;
  /** What the console or the policy complained of. */
  problems: string[];
}

const ADDRESS = "http://localhost/";

/** Nothing but the page's own script: no text that is evaluated, no workers, no requests. WebAssembly has to be allowed by name. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/** An expression for the page: what it sees while `training` runs. */
const seeing = (training: string) =>
  `(async () => {
  const problems = [];
  addEventListener("securitypolicyviolation", (event) => {
    problems.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile);
  });
  let submissions = 0;
  const queue = globalThis.GPUQueue?.prototype;
  const submit = queue?.submit;
  if (queue) queue.submit = function (...commands) {
    submissions++;
    return submit.apply(this, commands);
  };
  // zod checks by interpreting its schemas where it may not compile them, but asks first, unless it is told.
  globalThis.__zod_globalConfig = { jitless: true };
  const library = await import("${ADDRESS}library.js");
  const late = new Promise((_, reject) => setTimeout(reject, 120_000, new Error("no end after 2 minutes")));
  const found = await Promise.race([(${training})(library), late]);
  return { ...found, submissions, isolated: crossOriginIsolated, problems };
})()`;

/**
 * Runs a function, such as a training, in a page.
 * @param library the bundle.
 * @param training source of a function of the bundle's exports.
 * @param graphics Chromium's flags.
 * @param needs expression that is false in a browser that cannot.
 * @returns undefined where it is false.
 */
export async function inChromium<Found = Trained>(
  library: string,
  training: string,
  { graphics, needs }: { graphics: readonly string[]; needs: string },
): Promise<Seen<Found> | undefined> {
  const browser = await launch(graphics);
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => problems.push(message.text()));
    let workers = 0;
    page.on("worker", () => workers++);
    await page.route("**/*", (route) => {
      const headers = { "content-security-policy": POLICY };
      const url = route.request().url();
      if (url === ADDRESS) return route.fulfill({ headers, contentType: "text/html", body: "" });
      if (url !== `${ADDRESS}library.js`) return route.fulfill({ status: 404 });
      return route.fulfill({ contentType: "text/javascript", body: library });
    });
    await page.goto(ADDRESS);
    if (!await page.evaluate(needs)) return undefined;
    const seen = await page.evaluate(seeing(training)) as Omit<Observed, "workers"> & Found;
    return { ...seen, workers, problems: [...problems, ...seen.problems] };
  } finally {
    await browser.close();
  }
}
