/**
 * @file That a dump which is wrong is told from one that is right. The references themselves need what README.md installs; here a
 * recurrence in plain loops stands for one, and where there is no Python with NumPy nothing can be tested.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { tensor } from "../../lib/tensor/tensor.ts";
import { decodeTensors, encodeTensors } from "../../pipeline/store/safetensors.ts";
import { metadataOf, withMetadata } from "../../pipeline/store/safetensors_metadata.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
function run(python: string, ...args: string[]) {
  const { success, stdout, stderr } = new Deno.Command(python, {
    args,
    env: { PYTHONPATH: here, PYTHONDONTWRITEBYTECODE: "1" },
  }).outputSync();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: decode(stdout), stderr: decode(stderr) };
}

const python = ["python3", "/usr/bin/python3"].find((python) => {
  try {
    return run(python, "-c", "import numpy").success;
  } catch {
    return false;
  }
});

/** Compares files with a loop over h = A h + B x, y = C h + D x; prints True or False for each. */
const program = `
import sys
import types
import numpy as np
import compare
from dump import Dump

def outputs(dump, source):
    a, b, c, d = (dump["params." + name].tolist() for name in "abcd")
    times = lambda m, x: [sum(u * v for u, v in zip(row, x)) for row in m]
    plus = lambda x, y: [u + v for u, v in zip(x, y)]
    ys, states = [], []
    for tokens in dump["x"].tolist():
        h, rows = [0.0] * len(a), []
        for x in tokens:
            h = plus(times(a, h), times(b, x))
            rows.append(plus(times(c, h), times(d, x)))
        ys.append(rows)
        states.append(h)
    return {"y": np.array(ys), "state": np.array(states)}

loops = types.SimpleNamespace(PACKAGE="numpy", FUNCTION="a loop", outputs=outputs)
compare.reference_of = lambda layer: loops
for path in sys.argv[1:]:
    try:
        print(f"= {compare.compare(Dump(path), None)}")
    except Exception as error:
        print(f"= {type(error).__name__}: {error}")
`;

Deno.test({
  name: "a number that is off, NaN, another shape or a missing part is told from what is right",
  ignore: python === undefined,
  fn() {
    const folder = Deno.makeTempDirSync();
    try {
      const file = `${folder}/right.safetensors`;
      const root = `${here}../..`;
      const { success, stderr } = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--quiet", `${root}/pipeline/commands/layer/layer.ts`],
          ...["dense_recurrence", "--width", "3", "--length", "6", "--options", '{"state":4}'],
          ...["--dump", file],
        ],
      }).outputSync();
      assert.ok(success, new TextDecoder().decode(stderr));
      const bytes = Deno.readFileSync(file);
      const right = decodeTensors(bytes);
      const files = [file];
      const changed = (change: Partial<typeof right>, dropped?: string) => {
        const tensors = { ...right, ...change } as typeof right;
        if (dropped) delete tensors[dropped];
        const path = `${folder}/${files.length}.safetensors`;
        Deno.writeFileSync(path, withMetadata(encodeTensors(tensors), metadataOf(bytes)));
        files.push(path);
      };
      const moved = (name: string, by: number) => {
        const { data, shape } = right[name];
        const values = Float64Array.from(data, (v, i) => i === data.length - 1 ? v + by : v);
        changed({ [name]: tensor(values, shape, "float64") });
      };
      moved("y", 9e-6);
      moved("y", 1.2e-5);
      const size = Math.max(...right.state.data.map(Math.abs));
      assert.ok(size > 1.3);
      moved("state", -1.2e-5);
      moved("state", -1.2e-5 * size);
      moved("parallel.y", NaN);
      moved("parallel.state", 1);
      changed({ y: tensor(right.y.data, [2, 3, 6], "float64") });
      changed({}, "state");
      const { stdout, stderr: complaint } = run(python!, "-c", program, ...files);
      const verdicts = stdout.split("\n").filter((line) => line.startsWith("= "));
      assert.deepEqual(verdicts, [
        "= True", // as it is
        "= True",
        "= False",
        "= True",
        ...Array(4).fill("= False"),
        "= ValueError: compared are ['state', 'y'], dumped were ['y']",
      ], complaint);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
