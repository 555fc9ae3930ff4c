"""pLSTM along one line against its authors' layer in PyTorch."""
import importlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch_modules import fill, kernels_of, tensor, window_of

REPOSITORY = "ml-jku/plstm"
COMMIT = "a404ff3845d744325cc1ea145f0f2e1a5a410c2b"
FUNCTION = "pLSTM1DLayer of src/plstm/torch/plstm_1d_layer.py"
# (Where it pads to a power of two, it cannot add what passes by.)
CASES = [
    "--seed 1 --width 16 --length 64 --options '{\"heads\":2}'",
    "--seed 2 --width 12 --length 128 --options '{\"heads\":3,\"tracking\":2,\"conv\":3}'",
]


def package_of(source):
    """The package itself: its classes find each other by a registry, so that its files cannot be executed one by one."""
    if "plstm" not in sys.modules:
        with tempfile.TemporaryDirectory() as folder:
            words = ["git", "-C", source.directory, "archive", source.commit, "src/plstm"]
            archive = subprocess.run(words, capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
            sys.path.insert(0, f"{folder}/src")
            try:
                importlib.import_module("plstm.torch.plstm_1d_layer")
                importlib.import_module("plstm.config.plstm_1d_layer")
            finally:
                sys.path.pop(0)
    return sys.modules["plstm.torch.plstm_1d_layer"], sys.modules["plstm.config.plstm_1d_layer"]


def outputs(dump, source):
    module, config_module = package_of(source)
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    width, heads, size = config["width"], config["heads"], config["tracking"]
    each = width // heads
    dtype = str(x.dtype).removeprefix("torch.")
    torch.set_default_dtype(x.dtype)
    try:
        from plstm.config.convolution import Convolution1DLayerConfig

        model = module.pLSTM1DLayer(
            config_module.pLSTM1DLayerConfig(
                input_dim=width,
                num_heads=heads,
                JV=size,
                JT=size,
                JO=size,
                convolution=Convolution1DLayerConfig(
                    input_dim=width, output_dim=width, kernel_size=config["conv"], dtype=dtype, param_dtype=dtype
                ),
                dtype=dtype,
                param_dtype=dtype,
            )
        )
        fill(model.conv._conv.weight, kernels_of(ours["convolution.weight"]))
        fill(model.conv._conv.bias, ours["convolution.bias"])
        parts = zip(
            (model.query, model.key, model.value_),
            np.split(ours["content.weight"], 3, 2),
            np.split(ours["content.bias"], 3, 2),
        )
        for layer, weight, bias in parts:
            # Ours [H, in, out]; theirs [1, place, number, H, in], the number last in our out.
            fill(layer.weight, weight.transpose(2, 0, 1).reshape(layer.weight.shape))
            fill(layer.bias, bias.reshape(layer.bias.shape))
        source_gate, mark, direct = ours["gates"]
        fill(model.source.bias, source_gate.reshape(model.source.bias.shape))
        fill(model.mark.bias, mark.reshape(model.mark.bias.shape))
        fill(model.direct.bias, direct.reshape(model.direct.bias.shape))
        t = model.transition
        before, after = np.split(ours["turns.weight"], 2, 1)
        fill(t.inproj_weight, before.T.reshape(t.inproj_weight.shape))
        fill(t.outproj_weight, after.T.reshape(t.outproj_weight.shape))
        before, after = np.split(ours["turns.bias"], 2)
        fill(t.inproj_bias, before.reshape(t.inproj_bias.shape))
        fill(t.outproj_bias, after.reshape(t.outproj_bias.shape))
        fill(t.eigenvalues_weight, ours["factors.weight"].T.reshape(t.eigenvalues_weight.shape))
        fill(t.eigenvalues_bias, ours["factors.bias"].reshape(t.eigenvalues_bias.shape))
        fill(model.mhnorm.scale, ours["norm"])
        fill(model.outprojection.weight, ours["output"].T)
        fill(model.passthrough.scale, ours["pass"])
        with torch.no_grad():
            y = model(x)
            # It pads to a power of two; the memory is that of the tokens alone in parts of such lengths.
            memory, seen = None, 0
            convolved = model.conv(x)
            while seen < x.shape[1]:
                size_now = 1 << ((x.shape[1] - seen).bit_length() - 1)
                memory = memory_after(model, module, x[:, seen : seen + size_now], convolved[:, seen : seen + size_now], memory)
                seen += size_now
    finally:
        torch.set_default_dtype(torch.float32)
    memory = memory.reshape(len(x), heads, each, each)
    return {"y": y.numpy(), "state.memory": memory.numpy(), "state.window": window_of(x, config["conv"]).numpy()}


def memory_after(model, module, x, c, memory):
    """The memory after a power of two of tokens, as the layer calls its recurrence."""
    flat = lambda z: z.transpose(1, 2).reshape((-1, z.shape[1], *z.shape[3:]))
    parts = [model.query(c), model.key(c), model.value_(x), model.source(c), model.transition(c), model.mark(c), model.direct(c)]
    _, last = module.pLSTM1D_fwbw(
        *(flat(part) for part in parts), C_initial=memory, return_last_C=True, levels=x.shape[1].bit_length() - 1
    )
    return last
