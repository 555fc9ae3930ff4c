/**
 * @file Serves the built site to this machine (`deno task serve`).
 *
 * Only on localhost, only files below the site, only GET: it is for looking, not for hosting.
 */
import { readFile, stat } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve, sep } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".md": "text/markdown; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface Served {
  url: string;
  close(): Promise<void>;
}

/**
 * @param port 0 for any free one
 * @throws {Error} when the folder holds no site, or when the port is taken
 */
export async function serveSite(folder: string, port: number): Promise<Served> {
  const root = resolve(folder);
  if (!await stat(join(root, "index.html")).catch(() => undefined)) {
    throw new Error(`${folder} holds no site; build it first with: deno task site`);
  }
  const server = createServer((request, response) => {
    const head = request.method === "HEAD";
    if (!head && request.method !== "GET") return void send(response, 405, ".html", "", head);
    answer(root, request.url ?? "/", response, head).catch((error) => {
      send(response, 500, ".html", String(error), head);
    });
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

async function answer(root: string, url: string, response: ServerResponse, head: boolean) {
  let path: string;
  try {
    path = resolve(root, "." + decodeURIComponent(url.replace(/[?#].*$/, "")));
  } catch {
    return send(response, 400, ".html", "The address is not readable.", head);
  }
  if (url.replace(/[?#].*$/, "").endsWith("/")) path = join(path, "index.html");
  const inside = path.startsWith(root + sep) && !path.slice(root.length).includes(`${sep}.`);
  const bytes = inside ? await readFile(path).catch(() => undefined) : undefined;
  if (bytes) return send(response, 200, extname(path), bytes, head);
  const missing = await readFile(join(root, "404.html")).catch(() => "Not found");
  send(response, 404, ".html", missing, head);
}

function send(
  response: ServerResponse,
  status: number,
  extension: string,
  body: string | Uint8Array,
  head: boolean,
) {
  response.writeHead(status, {
    "content-type": TYPES[extension] ?? "application/octet-stream",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-cache", // the site is rebuilt under the same addresses
    "x-content-type-options": "nosniff",
  });
  response.end(head ? undefined : body);
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8080" },
        dest: { type: "string", default: "site/_site" },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new Error(`--port ${values.port} is no port; give a whole number from 0 to 65535`);
    }
    const { url } = await serveSite(values.dest, port);
    console.log(`${url} (Ctrl-C stops)`);
  } catch (error) {
    console.error(`serve: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
