"""Training steps in PyTorch, to be measured beside ours: same architectures, sizes and optimiser.

Usage: python3 torch_steps.py NAME THREADS eager|compile; speaks steps/protocol.ts. Adam is the fastest of its CPU
implementations. Compiled are model, loss and their gradients as one function.
"""
import sys

from serve_steps import serve, unavailable

try:
    import torch
    import torch.nn as nn
    from torch_training import compiled, description, fastest
    from torch_transformer import Transformer
except ImportError as error:
    unavailable(error)


class DeepLinear(nn.Module):
    def __init__(self, layers, d):
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.eye(d)) for _ in range(layers))

    def forward(self, x):
        for w in self.weights:
            x = x @ w
        return x


class Monarch(nn.Module):
    def __init__(self, layers, blocks, size):
        super().__init__()
        self.l = nn.ParameterList(nn.Parameter(torch.eye(size).repeat(blocks, 1, 1)) for _ in range(layers))
        self.r = nn.ParameterList(nn.Parameter(torch.eye(blocks).repeat(size, 1, 1)) for _ in range(layers))
        self.shape = (blocks, size)

    def forward(self, x):
        n, d = x.shape
        x = x.view(n, *self.shape).transpose(0, 1)  # [blocks, n, size]
        for l, r in zip(self.l, self.r):
            x = torch.bmm(x, l.transpose(1, 2)).permute(2, 1, 0)  # [size, n, blocks]
            x = torch.bmm(x, r.transpose(1, 2)).permute(2, 1, 0)
        return x.transpose(0, 1).reshape(n, d)


class Recurrent(nn.Module):
    def __init__(self, kind, d):
        super().__init__()
        self.cell, self.head = kind(d, d, batch_first=True), nn.Linear(d, 1)

    def forward(self, x):
        return self.head(self.cell(x)[0])


class LRU(nn.Module):
    """Linear recurrent unit (Orvieto et al., arXiv 2303.06349), complex diagonal state, step by step."""

    def __init__(self, d):
        super().__init__()
        self.nu, self.theta = nn.Parameter(torch.full((d,), -2.0)), nn.Parameter(torch.linspace(0, 3, d))
        self.b, self.c = nn.Linear(d, 2 * d, bias=False), nn.Linear(2 * d, d)

    def forward(self, x):
        decay = torch.exp(-torch.exp(self.nu))
        re, im = decay * torch.cos(self.theta), decay * torch.sin(self.theta)
        u_re, u_im = self.b(x).chunk(2, -1)
        h_re = h_im = torch.zeros_like(u_re[:, 0])
        states = []
        for a, b in zip(u_re.unbind(1), u_im.unbind(1)):
            h_re, h_im = re * h_re - im * h_im + a, re * h_im + im * h_re + b
            states.append(torch.cat([h_re, h_im], -1))
        return self.c(torch.stack(states, 1))


class DLinear(nn.Module):
    """Decomposition into a moving average of 25 and the rest, a linear map each (arXiv 2205.13504)."""

    def __init__(self, lookback, horizon):
        super().__init__()
        self.trend, self.rest = nn.Linear(lookback, horizon), nn.Linear(lookback, horizon)

    def forward(self, x):  # [batch, channels, lookback]
        padded = F.pad(x, (12, 12), mode="replicate")
        trend = F.avg_pool1d(padded, 25, 1)
        return self.trend(trend) + self.rest(x - trend)


def noise(*shape):
    return torch.randn(*shape)


CASES = {
    "transformer-64": lambda: (Transformer(64, 2, 256), y := noise(16, 256, 2), y),
    "transformer-256": lambda: (Transformer(256, 4, 256), y := noise(4, 256, 2), y),
    "deep-linear-10": lambda: (DeepLinear(10, 64), noise(32, 64), noise(32, 64)),
    "deep-linear-100": lambda: (DeepLinear(100, 64), noise(32, 64), noise(32, 64)),
    "deep-linear-1000": lambda: (DeepLinear(1000, 64), noise(32, 64), noise(32, 64)),
    "monarch-100": lambda: (Monarch(100, 16, 32), noise(32, 512), noise(32, 512)),
    "lstm": lambda: (Recurrent(nn.LSTM, 64), noise(16, 96, 64), noise(16, 96, 1)),
    "gru": lambda: (Recurrent(nn.GRU, 64), noise(16, 96, 64), noise(16, 96, 1)),
    "lru": lambda: (LRU(64), noise(16, 256, 64), noise(16, 256, 64)),
    "dlinear": lambda: (DLinear(336, 96), noise(32, 7, 336), noise(32, 7, 96)),
}

name, threads, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
model, x, target = CASES[name]()


def loss_of(x, target):
    y = model(x)
    return (y[:, :-1] - x[:, 1:]).square().mean() if name.startswith("transformer") else (y - target).square().mean()


if mode == "compile":
    loss_of = compiled(model, loss_of, x, target)
_, adam, step = fastest(model, lambda: loss_of(x, target))
serve(description(adam), step)
