/**
 * @file Serves the built site to this machine (`deno task serve`).
 *
 * Only on localhost and under its names, only files below the site, no link out of it, only GET: it is for looking, not for hosting.
 */
import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { helpHint, readFlags, runProgram } from "../pipeline/program.ts";
import { readProgress } from "../pipeline/run/live.ts";
import { refuseRepeated, UsageError } from "../pipeline/usage_error.ts";
import { callerPath } from "../pipeline/user_files.ts";
import { sitesWithin, STAMP } from "./stamp.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".md": "text/markdown; charset=utf-8",
  ".json": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};
/** Everything else (pictures, Parquet, databases) is compressed as it is. */
const COMPRESSED = new Set(Object.keys(TYPES));
/** Bytes below which it does not pay. */
const SMALL = 1024;

/** Names that this machine has for itself. Another name that leads here is a page's that wants to read what it must not. */
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Where a page asks which build it is of and what the pipeline is doing. Names with a dot are never files that are served.
 */
const LIVE = ".live";
/** Added to pages as they are served, never to their files. */
const SCRIPT = fileURLToPath(new URL("served.js", import.meta.url));

export interface Served {
  url: string;
  close(): Promise<void>;
}

/**
 * @param port 0 for any free one
 * @param store of the pipeline; with one, pages show the progress of a run in it, and are loaded again when the site has been built
 *   again
 * @throws {Error} when the folder holds no site, or when the port is taken
 */
export async function serveSite(folder: string, port: number, store?: string): Promise<Served> {
  const root = await realpath(resolve(folder)).catch(() => resolve(folder));
  if (!await stat(join(root, "index.html")).catch(() => undefined)) {
    throw new Error(`${folder} holds no site; build it first with: deno task site`);
  }
  const script = store === undefined ? undefined : await readFile(SCRIPT, "utf8");
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    const accepts = request.headers["accept-encoding"];
    const to: Client = {
      response,
      head: request.method === "HEAD",
      script: script && scriptFor(url, script),
      encoding: encodingOf(Array.isArray(accepts) ? accepts.join() : accepts),
    };
    const respond = async () => {
      if (!isOwnName(request.headers.host)) {
        const names = OWN_NAMES.join(", ");
        return await send(
          to,
          403,
          ".txt",
          `This site is served to this machine only, as ${names}.`,
        );
      }
      if (!to.head && request.method !== "GET") return await send(to, 405, ".html", "");
      if (store !== undefined && url === `/${LIVE}`) {
        const said = { build: await buildOf(root), run: await readProgress(resolve(store)) };
        return await send(to, 200, ".json", JSON.stringify(said));
      }
      await answer(root, url, to);
    };
    respond().catch(() => response.destroy());
  });
  await listen(server, port);
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      fail(
        taken
          ? new Error(
            `port ${port} is taken by another program; choose another: ` +
              `deno task serve --port ${port + 1}`,
          )
          : error,
      );
    });
    server.listen(port, "localhost", done);
  });
}

/** Who asked, and how it wants to be answered. */
interface Client {
  response: ServerResponse;
  head: boolean;
  /** What pages get at their end. */
  script?: string;
  encoding?: Encoding;
}

const PACKERS = {
  br: (body: Uint8Array) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (body: Uint8Array) => promisify(gzip)(body),
};
type Encoding = keyof typeof PACKERS;

/** The best of the encodings that a client accepts (RFC 9110, section 12.5.3); undefined for none. */
export function encodingOf(accepts = ""): Encoding | undefined {
  const weights = new Map(
    accepts.split(",").map((item) => {
      const [name, ...parameters] = item.toLowerCase().split(";").map((part) => part.trim());
      const weight = parameters.find((p) => p.startsWith("q="))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight) || 0];
    }),
  );
  const weight = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  const [best] = (["br", "gzip"] as const).toSorted((a, b) => weight(b) - weight(a));
  return weight(best) > 0 ? best : undefined;
}

/** Whether a Host header names this machine, whatever the port: it may be forwarded. */
function isOwnName(host = ""): boolean {
  return OWN_NAMES.includes(host.toLowerCase().replace(/:\d+$/, ""));
}

async function answer(root: string, url: string, to: Client) {
  let path: string;
  try {
    path = resolve(root, "." + decodeURIComponent(url.replace(/[?#].*$/, "")));
  } catch {
    return await send(to, 400, ".html", "The address is not readable.");
  }
  if (url.replace(/[?#].*$/, "").endsWith("/")) path = join(path, "index.html");
  const inside = path.startsWith(root + sep) && !path.slice(root.length).includes(`${sep}.`);
  const bytes = inside ? await readInside(root, path) : undefined;
  if (bytes) return await send(to, 200, extname(path), bytes);
  const missing = await readInside(root, join(root, "404.html")) ?? "Not found";
  await send(to, 404, ".html", missing);
}

/** With an address from the page, so that a server before this one may put it below any path. */
function scriptFor(url: string, script: string): string {
  const depth = url.replace(/[?#].*$/, "").split("/").length - 2;
  return `<script data-live="${"../".repeat(Math.max(0, depth))}${LIVE}">\n${script}</script>\n`;
}

/** Changes with every build: a site is swapped in as a whole. Those of other profiles lie in folders of their own. */
async function buildOf(root: string): Promise<string> {
  const stamps = [join(root, STAMP), ...(await sitesWithin(root)).map((site) => join(site, STAMP))];
  const times = await Promise.all(
    stamps.map((path) => stat(path).then(({ mtimeMs }) => `${path} ${mtimeMs}`, () => "")),
  );
  return times[0] && createHash("sha256").update(times.join()).digest("hex");
}

/** A file that is below the root also when links are followed. */
async function readInside(root: string, path: string): Promise<Uint8Array | undefined> {
  try {
    const real = await realpath(path);
    return real.startsWith(root + sep) ? await readFile(real) : undefined;
  } catch {
    return undefined; // Not there, or a folder.
  }
}

async function send(
  { response, head, script, encoding }: Client,
  status: number,
  extension: string,
  text: string | Uint8Array,
) {
  const given = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const plain = script && extension === ".html"
    ? new Uint8Array([...given, ...new TextEncoder().encode(script)])
    : given;
  const packable = COMPRESSED.has(extension) && plain.length >= SMALL;
  const packed = packable && encoding ? await PACKERS[encoding](plain) : undefined;
  const body = packed ?? plain;
  response.writeHead(status, {
    "content-type": TYPES[extension] ?? "application/octet-stream",
    "content-length": body.length,
    ...(packed ? { "content-encoding": encoding } : {}),
    ...(packable ? { vary: "accept-encoding" } : {}),
    "cache-control": "no-cache", // the site is rebuilt under the same addresses
    "x-content-type-options": "nosniff",
  });
  response.end(head ? undefined : body);
}

const HELP = `deno task serve [options]: show the built site on this machine

  --port N      where it listens (8080); 0 is any free one
  --dest DIR    the site (site/_site)
  --store DIR   of the pipeline; pages show the progress of a run in it (.store)
  --help, --version`;

async function main(args: string[]): Promise<void> {
  const { values, positionals, tokens } = readFlags("deno task serve", args, {
    port: { type: "string", default: "8080" },
    dest: { type: "string" },
    store: { type: "string" },
  });
  refuseRepeated(tokens.flatMap((token) => token.kind === "option" ? [token.name] : []));
  if (positionals.length) {
    throw new UsageError(
      `deno task serve takes no argument "${positionals[0]}"; a folder is given by --dest. ${
        helpHint("deno task serve")
      }`,
    );
  }
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535) {
    throw new UsageError(`--port ${values.port}: expected a whole number from 0 to 65535.`);
  }
  const { url } = await serveSite(
    values.dest === undefined ? "site/_site" : callerPath(values.dest),
    port,
    values.store === undefined ? ".store" : callerPath(values.store),
  );
  console.log(`${url} (Ctrl-C stops)`);
}

if (import.meta.main) process.exitCode = await runProgram({ help: HELP, main }, Deno.args);
