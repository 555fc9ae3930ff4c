"""
Mamba-2 against its authors' simple module: its own `forward`, with the Triton kernels that it calls replaced by the PyTorch functions
that the repository has beside them.
"""
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from checkout import Module
from torch import nn
from torch_modules import fill, kernels_of, tensor, window_of

REPOSITORY = "state-spaces/mamba"
COMMIT = "e9594ce1c732d97440f0332fdc43170a2294dbfa"
FUNCTION = "Mamba2Simple of modules/mamba2_simple.py on ssd_minimal_discrete of modules/ssd_minimal.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"state":5,"headWidth":4}'""",
    """--seed 3 --width 6 --length 2 --options '{"state":3,"headWidth":9,"expand":3,"conv":3}'""",
]

# Of kernels that are never called, some modules want to know the sizes that could be tried.
TRITON = Module(
    __version__="3.0.0",
    Config=lambda sizes, **_: SimpleNamespace(kwargs=sizes),
    autotune=lambda configs, **_: lambda kernel: SimpleNamespace(configs=configs),
)
WITHOUT_TRITON = {
    "triton": TRITON,
    "triton__language": Module(),
    "mamba_ssm__utils__torch": Module(),
    "mamba_ssm__utils__determinism": Module(autotune_configs=lambda configs: configs),
}


def minimal(source, block):
    """ssd_minimal_discrete of modules/ssd_minimal.py, which gives the last state, too."""
    combined = {"mamba_ssm__ops__triton__ssd_combined": Module()}
    ssd = source.module("mamba_ssm/modules/ssd_minimal.py", **combined).ssd_minimal_discrete

    def scan(x, dt, A, B, C, D, **_):
        length, heads = x.shape[1:3]
        inputs = [x * dt[..., None], A * dt, *(group.expand(-1, -1, heads, -1) for group in (B, C))]
        if length % block:
            # Tokens that write nothing and let nothing fade.
            missing = block - length % block
            inputs = [F.pad(part, (0, 0) * (part.dim() - 2) + (0, missing)) for part in inputs]
        y, scan.last = ssd(*inputs, block)
        return y[:, :length] + x * D[:, None]

    return scan


def combined(source, block):
    """ssd_chunk_scan_combined_ref of ops/triton/ssd_combined.py, of lengths that are multiples of its chunks."""
    folder = "mamba_ssm/ops/triton"
    parts = {}
    for name in ("ssd_bmm", "softplus", "layernorm_gated", "k_activations"):
        parts[f"mamba_ssm__ops__triton__{name}"] = Module()
    for name in ("ssd_chunk_state", "ssd_state_passing", "ssd_chunk_scan"):
        parts[f"mamba_ssm__ops__triton__{name}"] = source.module(f"{folder}/{name}.py", **WITHOUT_TRITON, **parts)
    parts["causal_conv1d"] = None
    function = source.module(f"{folder}/ssd_combined.py", **WITHOUT_TRITON, **parts).ssd_chunk_scan_combined_ref
    return lambda x, dt, A, B, C, D, **_: function(x, dt, A, B, C, block, D)


RULES = {"ssd_minimal_discrete": minimal, "ssd_chunk_scan_combined_ref": combined}


def build(source, config, rule="ssd_minimal_discrete", block=64):
    """Args:
    rule: one of RULES.
    block: tokens of a chunk, 64 in the test beside ssd_minimal_discrete.
    """
    rms_norm = source.module("mamba_ssm/ops/triton/layernorm_gated.py", **WITHOUT_TRITON).rms_norm_ref

    class RMSNorm(nn.Module):
        def __init__(self, width, eps, norm_before_gate, **_):
            super().__init__()
            self.weight, self.eps, self.before = nn.Parameter(torch.ones(width)), eps, norm_before_gate

        def forward(self, x, z):
            return rms_norm(x, self.weight, None, z, self.eps, norm_before_gate=self.before, upcast=False)

    scan = RULES[rule](source, block)
    module = source.module(
        "mamba_ssm/modules/mamba2_simple.py",
        causal_conv1d=None,
        mamba_ssm__ops__triton__layernorm_gated=SimpleNamespace(RMSNorm=RMSNorm, LayerNorm=None),
        mamba_ssm__ops__triton__ssd_combined=SimpleNamespace(
            mamba_chunk_scan_combined=scan, mamba_split_conv1d_scan_combined=None
        ),
    )
    model = module.Mamba2Simple(
        config["width"],
        d_state=config["state"],
        d_conv=config["conv"],
        expand=config["expand"],
        headdim=config["headWidth"],
        use_mem_eff_path=False,
    )
    model.scan = scan
    return model


def outputs(dump, source):
    if dump.config["conv"] == 0:
        raise ValueError("the reference has no form without its convolution; dump with conv at least 2")
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    fill(model.in_proj.weight, ours["gate"].T, ours["input"].T, ours["step.weight"].T)
    fill(model.conv1d.weight, kernels_of(ours["convolution.weight"]))
    fill(model.conv1d.bias, ours["convolution.bias"])
    fill(model.dt_bias, ours["step.bias"])
    fill(model.A_log, ours["rate"])
    fill(model.D, ours["skip"])
    fill(model.norm.weight, ours["norm"])
    fill(model.out_proj.weight, ours["output"].T)
    with torch.no_grad():
        y = model(x)
        # The module keeps no window: it is what its projection makes of the last tokens.
        inner = model.d_inner
        mixed = model.in_proj(x)[..., inner : 2 * inner + 2 * model.d_state]
    return {
        "y": y.numpy(),
        "state.memory": model.scan.last.numpy(),
        "state.window": window_of(mixed, dump.config["conv"]).numpy(),
    }
