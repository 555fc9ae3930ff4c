"""What the RWKV layers of flash-linear-attention take from its modules, by PyTorch's own."""
import torch
from torch import nn


def shift(x, cu_seqlens=None):
    """The token before, less the token: what fla/modules/token_shift.py computes."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1) - x


class GroupNorm(nn.GroupNorm):
    """The interface of fla/modules/layernorm.py."""

    def __init__(self, num_groups, hidden_size, elementwise_affine=True, bias=True, eps=1e-5):
        super().__init__(num_groups, hidden_size, eps=eps, affine=elementwise_affine)

    def forward(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).view_as(x)
