/** @file Which adapter `ort-webgpu` is said to have, and what `auto` makes of it. */
import assert from "node:assert/strict";
import { adapterOf, probeWebgpu } from "../../../lib/engine/webgpu/adapter.ts";
import {
  parseProperties,
  type VulkanDevice,
  vulkanDevices,
} from "../../../lib/engine/webgpu/vulkan.ts";

const device = (kind: VulkanDevice["kind"], name: string = kind): VulkanDevice => ({
  ...{ kind, name, vendor: 0x10de, device: 1, driver: "1.2.3" },
});
const chosen = (...kinds: VulkanDevice["kind"][]) => {
  const adapter = adapterOf(kinds.map((kind) => device(kind)));
  return adapter && [adapter.name, adapter.software];
};

Deno.test("a real GPU is chosen wherever it stands, the discrete one first", () => {
  assert.deepEqual(chosen("discrete"), ["discrete", false]);
  assert.deepEqual(chosen("software", "integrated"), ["integrated", false]);
  assert.deepEqual(chosen("integrated", "software", "discrete"), ["discrete", false]);
  const two = [device("discrete", "first"), device("discrete", "second")];
  assert.equal(adapterOf(two)!.name, "first");
});

Deno.test("software is marked, and so is a virtual GPU that stands beside it", () => {
  assert.deepEqual(chosen("software"), ["software", true]);
  assert.deepEqual(chosen("virtual", "software"), ["virtual", true]);
  assert.deepEqual(chosen("software", "other"), ["software", true]);
  assert.deepEqual(chosen("virtual"), ["virtual", false]);
  assert.equal(chosen(), undefined);
});

Deno.test("makers are named by their number, unknown ones keep it", () => {
  const vendor = (vendor: number) => adapterOf([{ ...device("discrete"), vendor }])!.vendor;
  assert.deepEqual([0x10de, 0x1002, 0x8086, 0x1234].map(vendor), [
    ...["NVIDIA", "AMD", "Intel", "0x1234"],
  ]);
});

/** A VkPhysicalDeviceProperties. */
function properties(driver: number, vendor: number, kind: number, name: string) {
  const bytes = new Uint8Array(824);
  new Uint32Array(bytes.buffer, 0, 5).set([4206592, driver, vendor, 0x2335, kind]);
  bytes.set(new TextEncoder().encode(name), 20);
  return bytes;
}

Deno.test("Vulkan's description of a device is read, NVIDIA's driver version in its own packing", () => {
  const nvidia = (580 << 22 | 159 << 14 | 4 << 6) >>> 0;
  assert.deepEqual(parseProperties(properties(nvidia, 0x10de, 2, "NVIDIA H200")), {
    ...{ name: "NVIDIA H200", kind: "discrete", vendor: 0x10de, device: 0x2335 },
    driver: "580.159.4",
  });
  const mesa = 25 << 22 | 1 << 12 | 7;
  const other = parseProperties(properties(mesa, 0x1002, 9, "n".repeat(256)));
  assert.deepEqual([other.kind, other.driver, other.name.length], ["other", "25.1.7", 256]);
});

/** In a process of its own, as the loader reads its variables once. */
async function probe(env: Record<string, string>) {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `const { probeWebgpu } = await import(${
    url("../../../lib/engine/webgpu/adapter.ts")
  });
    const { vulkanDevices } = await import(${url("../../../lib/engine/webgpu/vulkan.ts")});
    const { chooseEngine } = await import(${url("../../../lib/engine/available.ts")});
    const probed = await probeWebgpu();
    const { engine: auto } = await chooseEngine("auto");
    console.log(JSON.stringify({ ...probed, auto, devices: vulkanDevices() }));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    env,
  }).output();
  const said = new TextDecoder().decode(stdout).trim();
  assert.ok(said, new TextDecoder().decode(stderr));
  return JSON.parse(said.split("\n").at(-1)!);
}

Deno.test("without a driver there is no adapter, and the message says what to install", async () => {
  const { adapter, problem, auto, devices } = await probe({ VK_DRIVER_FILES: "/no/such/icd.json" });
  assert.deepEqual([adapter, auto, devices], [undefined, "ort", []]);
  assert.match(problem, /engine "ort-webgpu" needs a GPU with a Vulkan, .*libvulkan1.*"ort"/);
});

const { adapter } = await probeWebgpu();
Deno.test({
  name: "SwiftShader is seen, by name, as software; auto stays on ort",
  ignore: !adapter?.name.includes("SwiftShader"),
  fn: async () => {
    const probed = await probe({});
    assert.match(probed.adapter.name, /SwiftShader/);
    assert.deepEqual([probed.adapter.vendor, probed.adapter.software], ["Google", true]);
    assert.match(probed.adapter.driver, /^\d+\.\d+\.\d+$/);
    assert.equal(probed.auto, "ort");
    assert.deepEqual(vulkanDevices().map(({ kind }) => kind), ["software"]);
  },
});
