"""FSMN against FunASR's block, whose filter without the future is ours."""
import numpy as np
import torch
from checkout import Module
from torch_modules import fill, kernels_of, tensor

REPOSITORY = "modelscope/FunASR"
COMMIT = "3c58cb56a56598232c3efffa15d313d7e82a4307"
FUNCTION = "BasicBlock of funasr/models/fsmn_vad_streaming/encoder.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":1.4,\"taps\":7}'"]


def outputs(dump, source):
    module = source.module("funasr/models/fsmn_vad_streaming/encoder.py", funasr__register=Module())
    ours, x = dump.params(), tensor(dump["x"])
    width, units = ours["input"].shape
    taps = dump.config["taps"]
    model = module.BasicBlock(width, units, taps, 0, 1, 1, 0).to(x.dtype)
    fill(model.linear.linear.weight, ours["input"].T)
    fill(model.fsmn_block.conv_left.weight, kernels_of(ours["memory"])[..., None])
    fill(model.affine.linear.weight, ours["output.weight"].T)
    fill(model.affine.linear.bias, ours["output.bias"])
    cache = {"cache_layer_0": torch.zeros(x.shape[0], units, taps - 1, 1, dtype=x.dtype)}
    with torch.no_grad():
        y = model(x, cache)
    return {"y": y.numpy(), "state": np.ascontiguousarray(cache["cache_layer_0"][..., 0].transpose(1, 2).numpy())}
