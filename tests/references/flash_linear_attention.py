"""
Layers of flash-linear-attention on any processor: their own `forward`, with the Triton kernels that it calls replaced by the
PyTorch functions that the repository has beside them, and by PyTorch's own where it has none.
"""
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from checkout import Module
from torch import nn
from torch_modules import window_of

REPOSITORY = "fla-org/flash-linear-attention"
COMMIT = "bc3b101dcb713ddc5bd8924b66754eb68b5ccf89"

WITHOUT_TRITON = {
    "triton": Module(),
    "triton__language": Module(),
    "fla__modules__backends": Module(),
    "fla__ops__utils": Module(),
    "fla__utils": Module(),
}


class ShortConvolution(nn.Conv1d):
    """The interface of fla/modules/conv/short_conv.py, whose kernel computes what `nn.Conv1d` does, cut to the past."""

    def __init__(self, hidden_size, kernel_size, bias=False, activation="silu"):
        super().__init__(
            hidden_size, hidden_size, kernel_size, groups=hidden_size, bias=bias, padding=kernel_size - 1
        )
        self.activate = F.silu if activation else nn.Identity()

    def forward(self, x, cache=None, output_final_state=False, cu_seqlens=None):
        y = super().forward(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)
        return self.activate(y), window_of(x, self.kernel_size[0]) if output_final_state else None


def layer_module(source, path, **kernels):
    """
    The module of a file of fla/layers.

    Args:
        kernels: what its file imports from fla.ops, by name with __ for dots.
    """
    rms_norm = source.module("fla/modules/layernorm.py", **WITHOUT_TRITON).rms_norm_ref
    gated_rms_norm = source.module("fla/modules/layernorm_gated.py", **WITHOUT_TRITON).rms_norm_ref

    class RMSNorm(nn.Module):
        def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, dtype=None):
            super().__init__()
            self.weight, self.eps = nn.Parameter(torch.ones(hidden_size)), eps
            self.bias = None

        def forward(self, x):
            return rms_norm(x, self.weight, None, eps=self.eps)

    def rms_norm_linear(x, weight, bias, linear, linear_bias, eps=1e-5):
        return F.linear(rms_norm(x, weight, bias, eps=eps), linear, linear_bias)

    class FusedRMSNormGated(RMSNorm):
        def forward(self, x, g):
            return gated_rms_norm(x, self.weight, None, z=g, eps=self.eps, upcast=False)

    def keep(layer, past, **state):
        layer.kept = state

    modules = SimpleNamespace(
        RMSNorm=RMSNorm, FusedRMSNormGated=FusedRMSNormGated, ShortConvolution=ShortConvolution
    )
    return source.module(
        path,
        fla__layers__utils=SimpleNamespace(
            get_layer_cache=lambda layer, past: None,
            update_layer_cache=keep,
            unpad_hidden_states=lambda x, cu_seqlens, mask, length: (x, None, None),
            repad_hidden_states=lambda x, indices, batch, length: x,
        ),
        fla__modules__layernorm=SimpleNamespace(rms_norm_linear=rms_norm_linear),
        **{"fla__modules": modules, "fla__modules__activations": SimpleNamespace(ACT2FN={}), **kernels},
    )
