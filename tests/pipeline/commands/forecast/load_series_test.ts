/** @file What the forecast command may be pointed at: files, archives, pipes and datasets, and what it says of anything else. */
import assert from "node:assert/strict";
import { strToU8, zipSync } from "fflate";
import { DataError } from "../../../../lib/data/data_error.ts";
import { loadSeries } from "../../../../pipeline/commands/forecast/load_series.ts";
import type { Reading } from "../../../../pipeline/commands/forecast/reading_options.ts";
import { folder } from "./command.ts";

const { path } = folder();
const TABLE = "date,v\n2024-01-20,1\n2024-01-21,2\n";
const load = (name: string, read: Reading = {}) => loadSeries(name, name, read, () => {});

async function refused(name: string, message: RegExp, read?: Reading): Promise<void> {
  await assert.rejects(load(name, read), (error) => {
    assert.ok(error instanceof DataError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("loading: a file, and a member of an archive", async () => {
  Deno.writeTextFileSync(`${path}/a.csv`, TABLE);
  assert.deepEqual([...(await load(`${path}/a.csv`)).series.channels[0]], [1, 2]);
  const zip = zipSync({ "a.csv": strToU8(TABLE), "b.csv": strToU8("date,v\n2024-01-20,7\n") });
  Deno.writeFileSync(`${path}/two.zip`, zip);
  const { series } = await load(`${path}/two.zip`, { member: "b.csv" });
  assert.deepEqual([...series.channels[0]], [7]);
  await refused(`${path}/two.zip`, /two\.zip: a zip archive of 2 files, .*--member a\.csv/);
});

Deno.test("loading: a pipe is read as a file is", async () => {
  const made = new Deno.Command("mkfifo", { args: [`${path}/pipe`] }).outputSync();
  assert.ok(made.success);
  const writer = new Deno.Command("sh", { args: ["-c", `printf '${TABLE}' > '${path}/pipe'`] })
    .spawn();
  assert.equal((await load(`${path}/pipe`)).series.rows, 2);
  await writer.status;
});

Deno.test("loading: what is piped into the command", async () => {
  const values = Array.from({ length: 60 }, (_, i) => ((i * 37) % 23) / 4).join("\n");
  for (const name of ["-", "/dev/stdin"]) {
    const file = new URL("../../../../pipeline/commands/forecast/forecast.ts", import.meta.url);
    const may = ["--allow-read", "--allow-ffi", "--allow-env=DEEP_LINEAR_MIRROR,INIT_CWD"];
    const flags = ["--lookback", "3", "--horizon", "2", "--depths", "none"];
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...may, file.pathname, name, ...flags],
      env: { NO_COLOR: "1" },
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`v\n${values}\n`));
    await writer.close();
    const { code, stdout, stderr } = await process.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /: 60 rows, 1 column;/);
  }
});

Deno.test("loading: a dataset by its id, as its entry says but for what flags say", async () => {
  const { series, entry } = await load("seattle-weather", { columns: ["wind"] });
  assert.deepEqual([entry?.id, series.columns, series.rows], ["seattle-weather", ["wind"], 1461]);
});

Deno.test("loading: folders, devices, nothing, and what is no text are named", async () => {
  Deno.mkdirSync(`${path}/folder`);
  Deno.writeTextFileSync(`${path}/folder/x.csv`, TABLE);
  Deno.writeTextFileSync(`${path}/empty.csv`, "");
  await refused(
    `${path}/folder`,
    /folder: a folder, not a file\. Name one of its files; it has x\.csv/,
  );
  await refused("/dev/null", /\/dev\/null: neither a file nor a pipe/);
  await refused(`${path}/empty.csv`, /empty\.csv: the file is empty \(0 bytes\)/);
  await refused(`${path}/none.csv`, /none\.csv: no such file, and no dataset of this id/);
  await refused(`${path}/a.csv/x`, /no such file/);
  await refused("etth", /etth: no such file, .* Datasets: etth1, etth2, /);
});
