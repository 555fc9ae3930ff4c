/** @file The local server: whom it answers, what it never gives, and how it packs what it gives. */
import assert from "node:assert/strict";
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { encodingOf, serveSite } from "../../site/serve.ts";

const PAGE = `<h1>page</h1>${"a line of text. ".repeat(500)}`;

async function inSite(work: (folder: string, site: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "serve-"));
  try {
    const site = join(folder, "site", "_site");
    await mkdir(join(site, "inner"), { recursive: true });
    for (const name of ["index.html", "inner/index.html", "a.svg", "a.wasm", "r.parquet"]) {
      await writeFile(join(site, name), PAGE);
    }
    await writeFile(join(site, "small.css"), "a{}");
    await work(folder, site);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

/** As it is asked for, byte by byte: `fetch` has a Host and an encoding of its own. */
function get(
  url: string,
  path: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<Got> {
  return new Promise((settle, fail) => {
    const asked = request(url, { path, method, headers, agent: false }, (response) => {
      const parts: Uint8Array[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const body = new Uint8Array(parts.flatMap((part) => [...part]));
        settle({ status: response.statusCode!, headers: response.headers, body });
      });
    });
    asked.on("error", fail);
    asked.end();
  });
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("only this machine's own names are answered, whatever the port", async () => {
  await inSite(async (_, site) => {
    const server = await serveSite(site, 0);
    const { port } = new URL(server.url);
    try {
      for (const host of [`localhost:${port}`, "LOCALHOST", "127.0.0.1:9", "[::1]:80", "[::1]"]) {
        assert.equal((await get(server.url, "/", { host })).status, 200, host);
      }
      const foreign = [
        ...[
          "evil.example",
          `evil.example:${port}`,
          "localhost.evil.example",
          "notlocalhost",
          "127.0.0.1.nip.io",
        ],
        ...[
          "0.0.0.0",
          "10.0.0.1",
          "localhost:80:80",
          "localhost:x",
          "localhost.",
          "[::]",
          "a@localhost",
        ],
      ];
      for (const host of foreign) {
        for (const path of ["/", "/none.html"]) {
          const { status, body } = await get(server.url, path, { host });
          assert.equal(status, 403, host);
          assert.match(text(body), /^This site is served to this machine only, as localhost, /);
        }
      }
    } finally {
      await server.close();
    }
  });
});

Deno.test("no link leads out of the site, of a file or of a folder; links inside it are followed", async () => {
  await inSite(async (folder, site) => {
    await mkdir(join(folder, "private"));
    await writeFile(join(folder, "private", "key.html"), "secret");
    await mkdir(join(folder, "site", "_site2"));
    await writeFile(join(folder, "site", "_site2", "x.html"), "secret");
    await symlink(join(folder, "private", "key.html"), join(site, "key.html"));
    await symlink("../../private", join(site, "folder"));
    await symlink("/etc/hostname", join(site, "host.txt"));
    await symlink("../_site2", join(site, "beside"));
    await symlink("key.html", join(site, "twice.html"));
    await symlink("inner/index.html", join(site, "inside.html"));
    await symlink("..", join(site, "inner", "up"));
    await symlink("loop", join(site, "loop"));
    await link(join(site, "a.svg"), join(site, "hard.svg"));
    // The site itself may be reached through a link.
    const through = join(folder, "through");
    await symlink(site, through);
    for (const at of [site, through]) {
      const server = await serveSite(at, 0);
      const of = async (path: string) => await get(server.url, path, { host: "localhost" });
      try {
        const outside = ["/key.html", "/folder/key.html", "/folder/", "/host.txt", "/twice.html"];
        for (
          const path of [
            ...outside,
            "/beside/x.html",
            "/inner/up/up/x",
            "/loop",
            "/../private/key.html",
          ]
        ) {
          const { status, body } = await of(path);
          assert.equal(status, 404, path);
          assert.ok(!text(body).includes("secret"), path);
        }
        for (const path of ["/", "/inside.html", "/inner/up/inner/", "/hard.svg", "/inner/"]) {
          assert.equal((await of(path)).status, 200, path);
        }
        // Nor does the page of what is missing.
        await symlink(join(folder, "private", "key.html"), join(site, "404.html"));
        assert.equal(text((await of("/none")).body), "Not found");
        await rm(join(site, "404.html"));
      } finally {
        await server.close();
      }
    }
  });
});

Deno.test("text is packed as the client accepts it, and is the same unpacked", async () => {
  await inSite(async (_, site) => {
    const server = await serveSite(site, 0);
    const of = async (path: string, accepts?: string, method?: string) => {
      const headers: Record<string, string> = { host: "localhost" };
      if (accepts !== undefined) headers["accept-encoding"] = accepts;
      return await get(server.url, path, headers, method);
    };
    try {
      for (const path of ["/", "/a.svg", "/a.wasm"]) {
        const plain = await of(path);
        assert.equal(plain.headers["content-encoding"], undefined);
        assert.equal(plain.headers.vary, "accept-encoding");
        assert.equal(text(plain.body), PAGE);
        const gzip = await of(path, "gzip");
        assert.equal(gzip.headers["content-encoding"], "gzip");
        assert.equal(gunzipSync(gzip.body).toString(), PAGE);
        const br = await of(path, "gzip, deflate, br, zstd");
        assert.equal(br.headers["content-encoding"], "br");
        assert.equal(brotliDecompressSync(br.body).toString(), PAGE);
        for (const { headers, body } of [plain, gzip, br]) {
          assert.equal(headers["content-length"], String(body.length));
          assert.equal(headers["content-type"], plain.headers["content-type"]);
        }
        assert.ok(gzip.body.length < PAGE.length / 10 && br.body.length < PAGE.length / 10);
        const head = await of(path, "gzip", "HEAD");
        assert.deepEqual([head.body.length, head.headers["content-length"]], [
          0,
          String(gzip.body.length),
        ]);
      }
      // Small, or packed already.
      for (const path of ["/small.css", "/r.parquet"]) {
        const { headers, status } = await of(path, "gzip, br");
        assert.deepEqual([status, headers["content-encoding"]], [200, undefined]);
      }
    } finally {
      await server.close();
    }
  });
});

Deno.test("the encoding is the one with the highest weight that there is", () => {
  const cases: [string | undefined, string | undefined][] = [
    ...[undefined, "", "identity", "deflate, zstd", "gzip;q=0", "br;q=0, gzip;q=0.0", "gzip;q=x"]
      .map((accepts): [string | undefined, undefined] => [accepts, undefined]),
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["br", "br"],
    ["gzip, br", "br"],
    ["gzip;q=1.0, br;q=0.5", "gzip"],
    ["br ; q=0, gzip", "gzip"],
    ["*", "br"],
    ["*;q=0", undefined],
    ["br;q=0, *;q=0.1", "gzip"],
    ["gzip;q=0.001", "gzip"],
  ];
  for (const [accepts, encoding] of cases) assert.equal(encodingOf(accepts), encoding, accepts);
});

Deno.test("deno task serve does all this with the permissions that it has", async () => {
  await inSite(async (folder, site) => {
    await symlink("inner/index.html", join(site, "inside.html"));
    await symlink("/etc/hostname", join(site, "host.txt"));
    const root = new URL("../../", import.meta.url);
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const [, ...flags] = (tasks.serve as string).split(" ").slice(0, -1);
    const process = new Deno.Command(Deno.execPath(), {
      args: [...flags, "--quiet", fileURLToPath(new URL("site/serve.ts", root)), "--port", "0"],
      cwd: folder,
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const [url] = (await reader.read()).value!.split(" ");
      const status = async (path: string) => (await get(url, path, { host: "localhost" })).status;
      assert.equal(await status("/"), 200);
      assert.equal(await status("/inside.html"), 200);
      assert.equal(await status("/host.txt"), 404);
      await reader.cancel();
    } finally {
      process.kill();
      await process.status;
    }
  });
});
