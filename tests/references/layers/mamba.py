"""Mamba against its authors' module, with the kernel of its scan replaced by the PyTorch function beside it."""
import torch
from checkout import Module
from torch_modules import fill, kernels_of, tensor, window_of

REPOSITORY = "state-spaces/mamba"
COMMIT = "e9594ce1c732d97440f0332fdc43170a2294dbfa"
FUNCTION = "Mamba of mamba_ssm/modules/mamba_simple.py on selective_scan_ref of mamba_ssm/ops/selective_scan_interface.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"state":5,"expand":1.5,"stepRank":3,"conv":3}'""",
]


def build(source, config):
    kernels = dict(selective_scan_cuda=None, causal_conv1d=None, causal_conv1d_cuda=None)
    around = dict(
        mamba_ssm__utils__torch=Module(),
        mamba_ssm__ops__triton__layer_norm=Module(),
        causal_conv1d__cpp_functions=Module(),
    )
    scans = source.module("mamba_ssm/ops/selective_scan_interface.py", **{**kernels, "causal_conv1d": Module(), **around})
    kept = {}

    def scan(*arrays, return_last_state, **named):
        y, kept["h"] = scans.selective_scan_ref(*arrays, **named, return_last_state=True)
        return y

    module = source.module(
        "mamba_ssm/modules/mamba_simple.py",
        causal_conv1d=None,
        mamba_ssm__ops__selective_scan_interface=type(
            "Scans", (), {"selective_scan_fn": staticmethod(scan), "mamba_inner_fn": None}
        ),
        mamba_ssm__ops__triton__selective_state_update=Module(),
        mamba_ssm__ops__triton__layer_norm=Module(),
    )
    model = module.Mamba(
        config["width"],
        d_state=config["state"],
        d_conv=config["conv"],
        expand=config["expand"],
        dt_rank=config["stepRank"],
        use_fast_path=False,
    )
    return model, kept


def outputs(dump, source):
    if dump.config["negative"]:
        raise ValueError("the reference's factors are above zero; dump with negative false")
    ours, x = dump.params(), tensor(dump["x"])
    model, kept = build(source, dump.config)
    model = model.to(x.dtype)
    fill(model.in_proj.weight, ours["input"].T, ours["gate"].T)
    fill(model.conv1d.weight, kernels_of(ours["convolution.weight"]))
    fill(model.conv1d.bias, ours["convolution.bias"])
    fill(model.x_proj.weight, ours["select"].T)
    fill(model.dt_proj.weight, ours["step.weight"].T)
    fill(model.dt_proj.bias, ours["step.bias"])
    fill(model.A_log, ours["rate"])
    fill(model.D, ours["skip"])
    fill(model.out_proj.weight, ours["output"].T)
    with torch.no_grad():
        y = model(x)
        mixed = model.in_proj(x)[..., : model.d_inner]
    window = window_of(mixed, dump.config["conv"]).numpy()
    return {"y": y.numpy(), "state.h": kept["h"].numpy(), "state.window": window}
