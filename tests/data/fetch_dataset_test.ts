import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { strToU8, zipSync } from "fflate";
import { type DatasetEntry, parseEntries } from "../../lib/data/entry.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";

const bytes = strToU8("a,b\n1,2\n");
const sha256 = createHash("sha256").update(bytes).digest("hex");

function entry(fields: Partial<DatasetEntry>): DatasetEntry {
  const whole = { id: "x", title: "X", licence: "MIT", ...fields };
  return parseEntries(JSON.stringify([whole]), "datasets.json")[0];
}

async function withFolder(body: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await body(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function withServer(
  files: Record<string, Uint8Array>,
  body: (url: string, requests: string[]) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    const file = files[pathname];
    return file ? new Response(file.slice()) : new Response("gone", { status: 404 });
  });
  try {
    await body(`http://127.0.0.1:${server.addr.port}`, requests);
  } finally {
    await server.shutdown();
  }
}

Deno.test("fetch: a download is verified, cached and not repeated; a damaged cache is", async () => {
  await withServer(
    { "/x.zip": zipSync({ "x.csv": bytes }) },
    (url, requests) =>
      withFolder(async (root) => {
        const wanted = entry({ url: `${url}/x.zip`, member: "x.csv", sha256 });
        assert.deepEqual((await fetchDataset(wanted, { root })).bytes, bytes);
        const again = await fetchDataset(wanted, { root });
        assert.deepEqual([...again.bytes], [...bytes]);
        assert.deepEqual(requests, ["/x.zip"]);
        await Deno.writeTextFile(again.origin, "damaged");
        assert.equal((await fetchDataset(wanted, { root })).origin, `${url}/x.zip`);
        assert.deepEqual(await Deno.readFile(again.origin), bytes);
        assert.deepEqual(
          [...Deno.readDirSync(`${root}/cache`)].length,
          1,
          "no temporary file is left",
        );
      }),
  );
});

Deno.test("fetch: a wrong sha256 is refused with both values and not cached", async () => {
  await withServer({ "/x.csv": strToU8("changed") }, (url) =>
    withFolder(async (root) => {
      await assert.rejects(
        fetchDataset(entry({ url: `${url}/x.csv`, sha256, bytes: 8 }), { root }),
        (error: Error) => {
          assert.match(error.message, /x\.csv: its sha256 is [0-9a-f]{64} \(7 bytes\)/);
          assert.match(error.message, new RegExp(`${sha256} \\(8 bytes\\)`));
          return true;
        },
      );
      assert.throws(() => Deno.statSync(`${root}/cache`), Deno.errors.NotFound);
    }));
});

Deno.test("fetch: unreachable URLs and HTTP errors say what was tried and what to do", async () => {
  await withServer({}, (url) =>
    withFolder(async (root) => {
      await assert.rejects(
        fetchDataset(entry({ url: `${url}/x.csv`, sha256 }), { root }),
        /x: the file was not found\. Tried: .*HTTP 404.*save it as .*cache.*DEEP_LINEAR_MIRROR/,
      );
      // Port 1 refuses connections.
      await assert.rejects(
        fetchDataset(entry({ url: "http://127.0.0.1:1/x.csv", sha256 }), { root }),
        /http:\/\/127\.0\.0\.1:1\/x\.csv: unreachable/,
      );
    }));
});

Deno.test("fetch: a mirror is searched by sha256, then by path; folder and URL alike", async () => {
  const manifest = strToU8(JSON.stringify([{ path: "deep/y.csv", sha256, bytes: 8 }]));
  await withFolder(async (root) => {
    await Deno.mkdir(`${root}/mirror/deep`, { recursive: true });
    await Deno.writeFile(`${root}/mirror/deep/y.csv`, bytes);
    const byPath = entry({ url: "http://127.0.0.1:1/x.csv", mirror: "deep/y.csv", sha256 });
    const mirror = `${root}/mirror`;
    assert.equal((await fetchDataset(byPath, { root, mirror })).origin, `${mirror}/deep/y.csv`);
    const byDigest = entry({ url: "http://127.0.0.1:1/x.csv", sha256 });
    await assert.rejects(fetchDataset(byDigest, { root, mirror }), /manifest\.json: no such file/);
    await Deno.writeFile(`${mirror}/manifest.json`, manifest);
    assert.equal((await fetchDataset(byDigest, { root, mirror })).origin, `${mirror}/deep/y.csv`);
    await withServer({ "/m/manifest.json": manifest, "/m/deep/y.csv": bytes }, async (url) => {
      const fetched = await fetchDataset(byDigest, { root, mirror: `${url}/m` });
      assert.equal(fetched.origin, `${url}/m/deep/y.csv`);
    });
  });
});

Deno.test("fetch: local paths are relative to datasets.json; without sha256 it is computed", async () => {
  await withFolder(async (root) => {
    await Deno.writeFile(`${root}/mine.csv`, bytes);
    assert.equal((await fetchDataset(entry({ path: "mine.csv" }), { root })).sha256, sha256);
    const wrong = entry({ path: "mine.csv", sha256: "0".repeat(64) });
    await assert.rejects(fetchDataset(wrong, { root }), /its sha256 is/);
    await assert.rejects(
      fetchDataset(entry({ path: "no.csv" }), { root }),
      /no\.csv: no such file/,
    );
  });
});

Deno.test("fetch: an absolute path is where it says", async () => {
  await withFolder(async (root) => {
    await Deno.mkdir(`${root}/data`);
    await Deno.writeFile(`${root}/mine.csv`, bytes);
    const fetched = await fetchDataset(entry({ path: `${root}/mine.csv` }), {
      root: `${root}/data`,
    });
    assert.deepEqual([fetched.origin, fetched.sha256], [`${root}/mine.csv`, sha256]);
  });
});

Deno.test("fetch: a folder, and a path below a file, are named as what they are", async () => {
  await withFolder(async (root) => {
    await Deno.writeFile(`${root}/mine.csv`, bytes);
    const path = (path: string) => fetchDataset(entry({ path }), { root });
    await assert.rejects(path("."), /: a folder; expected a file.*\(path of x in datasets\.json\)/);
    await assert.rejects(path("mine.csv/x"), /mine\.csv\/x: no such file \(path of x/);
    // Neither is an end where there are other places to look.
    await Deno.mkdir(`${root}/cache/x-${sha256.slice(0, 12)}`, { recursive: true });
    const url = "http://127.0.0.1:1/x.csv";
    for (const mirror of [`${root}/mine.csv`, `${root}/nowhere`]) {
      await assert.rejects(
        fetchDataset(entry({ url, mirror: "cache", sha256 }), { root, mirror }),
        /x: the file was not found\. Tried: .*cache\/x-\w+: a folder; .*manifest\.json: no such file/,
      );
    }
    await Deno.writeTextFile(`${root}/manifest.json`, "[]");
    await assert.rejects(
      fetchDataset(entry({ url, mirror: "cache", sha256 }), { root, mirror: root }),
      /Tried: .*\/cache: a folder/,
    );
  });
});

Deno.test("fetch: the stated size is checked, wherever the file is", async () => {
  await withFolder(async (root) => {
    await Deno.writeFile(`${root}/mine.csv`, bytes);
    const size = bytes.length;
    const local = (fields: Partial<DatasetEntry>) =>
      fetchDataset(entry({ path: "mine.csv", ...fields }), { root });
    assert.equal((await local({ bytes: size })).bytes.length, size);
    await assert.rejects(
      local({ bytes: 5 }),
      new RegExp(
        `mine\\.csv: it has ${size} bytes, but x in datasets\\.json states bytes 5\\. It was`,
      ),
    );
    const right = new RegExp(`sha256 is the stated one, so correct bytes to ${size}`);
    await assert.rejects(local({ bytes: 5, sha256 }), right);
    await Deno.mkdir(`${root}/cache`);
    await Deno.writeFile(`${root}/cache/x-${sha256.slice(0, 12)}`, bytes);
    const url = "http://127.0.0.1:1/x.csv";
    await assert.rejects(fetchDataset(entry({ url, sha256, bytes: 5 }), { root }), right);
    assert.equal(
      (await fetchDataset(entry({ url, sha256, bytes: size }), { root })).sha256,
      sha256,
    );
  });
});

Deno.test("fetch: a package without the file, or no such package, is named", async () => {
  await withFolder(async (root) => {
    const npm = { package: "vega-datasets", file: "data/absent.csv" };
    await assert.rejects(
      fetchDataset(entry({ npm, sha256 }), { root }),
      /npm package vega-datasets: has no data\/absent\.csv/,
    );
    await assert.rejects(
      fetchDataset(entry({ npm: { package: "not-in-imports", file: "a" }, sha256 }), { root }),
      /npm package not-in-imports: /,
    );
  });
});
