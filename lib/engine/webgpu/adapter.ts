/**
 * @file Which GPU engine `ort-webgpu` runs on. ONNX Runtime takes an adapter and does not say which, so the answer is put together
 * from two: whether it opens a session, and what the Vulkan loader offers, in the order in which Dawn prefers it.
 */
import { openSession } from "./session.ts";
import { copyModel } from "./read.ts";
import { type VulkanDevice, vulkanDevices } from "./vulkan.ts";

/** What runs the programs. */
export interface Adapter {
  /** As its driver calls it, for example "NVIDIA H100 80GB HBM3". */
  readonly name: string;
  /** Its maker. */
  readonly vendor: string;
  /** Version of its driver. */
  readonly driver: string;
  /** A program on the CPU that acts as a GPU (SwiftShader, llvmpipe, WARP), or perhaps one: it is never chosen by itself. */
  readonly software: boolean;
}

/** PCI and Khronos numbers of makers. */
const vendors: Readonly<Record<number, string>> = {
  0x1002: "AMD",
  0x106b: "Apple",
  0x10de: "NVIDIA",
  0x13b5: "ARM",
  0x1414: "Microsoft",
  0x1ae0: "Google",
  0x5143: "Qualcomm",
  0x8086: "Intel",
  0x10005: "Mesa",
};

const preferred: readonly VulkanDevice["kind"][] = ["discrete", "integrated"];

/**
 * The adapter that Dawn, which asks for high performance, takes of those that the loader offers. Where only virtual GPUs stand
 * beside a software one, it may be either, so it counts as software.
 */
export function adapterOf(devices: readonly VulkanDevice[]): Adapter | undefined {
  const chosen = preferred.map((kind) => devices.find((d) => d.kind === kind)).find((d) => d) ??
    devices[0];
  if (!chosen) return undefined;
  const { name, vendor, driver, kind } = chosen;
  const software = !preferred.includes(kind) && devices.some((d) => d.kind === "software");
  return { name, vendor: vendors[vendor] ?? `0x${vendor.toString(16)}`, driver, software };
}

/** What {@linkcode probeWebgpu} finds. */
export interface WebgpuProbe {
  /** Where programs can run: on what. */
  readonly adapter?: Adapter;
  /** Why programs cannot run. */
  readonly problem?: string;
}

/** Opens a session in this process, which a broken driver may end; see {@linkcode probeWebgpu}. */
export async function tryWebgpu(): Promise<WebgpuProbe> {
  try {
    await (await openSession(copyModel("float32", 1))).release();
  } catch (error) {
    return { problem: (error as Error).message };
  }
  return { adapter: adapterOf(vulkanDevices()) ?? unnamed() };
}

/** On macOS Metal runs real GPUs only; elsewhere an adapter that the loader does not name might be anything. */
function unnamed(): Adapter {
  const metal = Deno.build.os === "darwin";
  const unknown = { name: "unknown", vendor: "unknown", driver: "unknown" };
  return metal
    ? { ...unknown, name: "Metal", vendor: "Apple", software: false }
    : { ...unknown, software: true };
}

/** Tries in a process of its own whether the GPU can be used, because a broken driver may end the process. */
export async function probeWebgpu(): Promise<WebgpuProbe> {
  const script = `const { tryWebgpu } = await import(${JSON.stringify(import.meta.url)});
    console.log(JSON.stringify(await tryWebgpu()));
    Deno.exit(0);`;
  const { code, signal, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", script],
    stdin: "null",
    stderr: "null",
  }).output();
  const [said] = new TextDecoder().decode(stdout).trim().split("\n").slice(-1);
  if (said) return JSON.parse(said);
  return {
    problem: `engine "ort-webgpu": the process that tried it ended with ${
      signal ?? `exit code ${code}`
    }; the GPU's driver may be broken`,
  };
}
