"""The Transformer of lib/models/stack.ts in PyTorch, for the benchmarks beside it."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def rms_norm(scale, x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * scale


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.Parameter(torch.ones(d)), nn.Parameter(torch.ones(d))
        self.project, self.output = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x, cos, sin, mask):
        b, t, d = x.shape
        w = d // self.heads
        q, k, v = self.project(rms_norm(self.n1, x)).view(b, t, 3, self.heads, w).permute(2, 0, 3, 1, 4)

        def rotate(z):
            z1, z2 = z.chunk(2, -1)
            return torch.cat([z1 * cos - z2 * sin, z2 * cos + z1 * sin], -1)

        q, k = rotate(q) * w**-0.5, rotate(k)
        p = torch.softmax(q @ k.transpose(-1, -2) + mask, -1)
        x = x + self.output((p @ v).transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(rms_norm(self.n2, x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self, d, layers, length, heads=4, obs=2):
        super().__init__()
        self.embed, self.head = nn.Linear(obs, d), nn.Linear(d, obs)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.final = nn.Parameter(torch.ones(d))
        half = d // heads // 2
        angle = torch.arange(length)[:, None] * 10_000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        self.register_buffer("mask", torch.full((length, length), float("-inf")).triu(1))

    def forward(self, y):
        x = self.embed(y)
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.mask)
        return self.head(rms_norm(self.final, x))
