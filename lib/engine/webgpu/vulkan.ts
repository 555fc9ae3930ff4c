/**
 * @file The devices that the Vulkan loader of this machine offers, by name and kind. ONNX Runtime does not say which adapter it
 * took, so the loader is asked through Deno's foreign function interface.
 */

/** What Vulkan calls the kinds of its devices, by number. */
const kinds: readonly VulkanDevice["kind"][] = [
  "other",
  "integrated",
  "discrete",
  "virtual",
  "software",
];

/** A device as the loader describes it. */
export interface VulkanDevice {
  /** As its driver calls it. */
  readonly name: string;
  /** What kind of thing it is. */
  readonly kind: "other" | "integrated" | "discrete" | "virtual" | "software";
  /** PCI number of its maker. */
  readonly vendor: number;
  /** PCI number of the device. */
  readonly device: number;
  /** Packed as the vendor likes; NVIDIA's is unpacked. */
  readonly driver: string;
}

const libraries: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libvulkan.so.1",
  windows: "vulkan-1.dll",
};

const symbols = {
  vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  vkDestroyInstance: { parameters: ["pointer", "pointer"], result: "void" },
  vkEnumeratePhysicalDevices: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  vkGetPhysicalDeviceProperties: { parameters: ["pointer", "buffer"], result: "void" },
} as const;

/** VkInstanceCreateInfo and VkPhysicalDeviceProperties of the Vulkan 1.0 headers on 64-bit machines, in bytes. */
const createInfoSize = 64;
const createInfoType = 1;
const propertiesSize = 824;
const nameAt = 20;
const nameSize = 256;
const mostDevices = 16;

/** All devices in the loader's order; none where there is no loader, or no driver. */
export function vulkanDevices(): VulkanDevice[] {
  const name = libraries[Deno.build.os];
  if (!name) return [];
  let library;
  try {
    library = Deno.dlopen(name, symbols);
  } catch {
    return [];
  }
  const vulkan = library.symbols;
  try {
    const info = new DataView(new ArrayBuffer(createInfoSize));
    info.setUint32(0, createInfoType, true);
    const made = new BigUint64Array(1);
    if (vulkan.vkCreateInstance(new Uint8Array(info.buffer), null, made) !== 0) return [];
    const instance = Deno.UnsafePointer.create(made[0]);
    const count = new Uint32Array([mostDevices]);
    const devices = new BigUint64Array(mostDevices);
    const result = vulkan.vkEnumeratePhysicalDevices(instance, count, devices);
    const list = result < 0 ? [] : [...devices.subarray(0, count[0])].map((device) => {
      const bytes = new Uint8Array(propertiesSize);
      vulkan.vkGetPhysicalDeviceProperties(Deno.UnsafePointer.create(device), bytes);
      return parseProperties(bytes);
    });
    vulkan.vkDestroyInstance(instance, null);
    return list;
  } finally {
    library.close();
  }
}

/** Reads a VkPhysicalDeviceProperties. */
export function parseProperties(bytes: Uint8Array<ArrayBuffer>): VulkanDevice {
  const [, driver, vendor, device, kind] = new Uint32Array(bytes.buffer, bytes.byteOffset, 5);
  const name = bytes.subarray(nameAt, nameAt + nameSize);
  const end = name.indexOf(0);
  return {
    name: new TextDecoder().decode(name.subarray(0, end < 0 ? nameSize : end)),
    kind: kinds[kind] ?? "other",
    vendor,
    device,
    driver: driverVersion(vendor, driver),
  };
}

const nvidia = 0x10de;

function driverVersion(vendor: number, packed: number): string {
  const parts = vendor === nvidia
    ? [packed >>> 22, (packed >>> 14) & 0xff, (packed >>> 6) & 0xff]
    : [packed >>> 22, (packed >>> 12) & 0x3ff, packed & 0xfff];
  return parts.join(".");
}
