"""The reference training step in PyTorch: same architecture, sizes and optimiser as lib/models/transformer.ts.

Reads "THREADS STEPS" lines on standard input and answers each with the seconds per step, so that the
caller can alternate with its own runs. Usage: python3 transformer_step.py D LAYERS BATCH LENGTH
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

D, LAYERS, BATCH, LENGTH = map(int, sys.argv[1:5])
HEADS, OBS = 4, 2
WIDTH = D // HEADS


def rms_norm(scale, x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * scale


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.Parameter(torch.ones(D)), nn.Parameter(torch.ones(D))
        self.project, self.output = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        q, k, v = self.project(rms_norm(self.n1, x)).view(b, t, 3, HEADS, WIDTH).permute(2, 0, 3, 1, 4)

        def rotate(z):
            z1, z2 = z.chunk(2, -1)
            return torch.cat([z1 * cos - z2 * sin, z2 * cos + z1 * sin], -1)

        q, k = rotate(q) * WIDTH**-0.5, rotate(k)
        p = torch.softmax(q @ k.transpose(-1, -2) + mask, -1)
        x = x + self.output((p @ v).transpose(1, 2).reshape(b, t, D))
        return x + self.down(F.gelu(self.up(rms_norm(self.n2, x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(OBS, D), nn.Linear(D, OBS)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.final = nn.Parameter(torch.ones(D))
        angle = torch.arange(LENGTH)[:, None] * 10_000.0 ** (-torch.arange(WIDTH // 2) / (WIDTH // 2))
        self.cos, self.sin = angle.cos(), angle.sin()
        self.mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)

    def forward(self, y):
        x = self.embed(y)
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.mask)
        return self.head(rms_norm(self.final, x))


model = Transformer()
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, foreach=True)
y = torch.randn(BATCH, LENGTH, OBS)


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = (model(y)[:, :-1] - y[:, 1:]).square().mean()
    loss.backward()
    optimiser.step()


print("ready", torch.__version__, flush=True)
for line in sys.stdin:
    threads, steps = map(int, line.split())
    torch.set_num_threads(threads)
    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    print((time.perf_counter() - start) / steps, flush=True)
