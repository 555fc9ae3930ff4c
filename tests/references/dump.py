"""What `deno task layer NAME --dump FILE` wrote: safetensors are 8 bytes of header length, a JSON header and the data."""
import json
import struct

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "U32": np.uint32}


class Dump:
    """Tensors by name; `metadata` as strings, `config` as the layer has it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            content = file.read()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        self.metadata = header.pop("__metadata__", {})
        self.tensors = {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            values = np.frombuffer(content[start:end], TYPES[entry["dtype"]])
            self.tensors[name] = values.reshape(entry["shape"])
        if "layer" not in self.metadata:
            raise ValueError(f"{path}: no layer in its metadata; write it with `deno task layer`")
        self.layer = self.metadata["layer"]
        self.config = json.loads(self.metadata["config"])

    def __getitem__(self, name):
        return self.tensors[name]

    def params(self, prefix=""):
        """Parameters below a prefix, by the rest of their names."""
        prefix = f"params.{prefix}"
        return {name[len(prefix) :]: t for name, t in self.tensors.items() if name.startswith(prefix)}
