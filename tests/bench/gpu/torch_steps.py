"""Training steps of PyTorch on the GPU for `bench gpu`: python3 torch_steps.py NAME eager|graph SECONDS prints a line of JSON.

Architectures and sizes of ../torch_steps.py; a graph is the whole step, Adam with it, captured once and replayed.
"""
import json
import sys
import time
from pathlib import Path

import torch
import torch.nn as nn

sys.path.append(str(Path(__file__).parent.parent))
from torch_transformer import Transformer

name, mode, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
if not torch.cuda.is_available():
    sys.exit(f"error: PyTorch {torch.__version__} finds no GPU")
device = "cuda"
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


class DeepLinear(nn.Module):
    """One stacked parameter, as ours: Adam is one kernel for all layers, not one for each."""

    def __init__(self, layers, d):
        super().__init__()
        self.weights = nn.Parameter(torch.eye(d).repeat(layers, 1, 1))

    def forward(self, x):
        for w in self.weights.unbind(0):
            x = x @ w
        return x


class Recurrent(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.cell, self.head = nn.LSTM(d, d), nn.Linear(d, 1)

    def forward(self, x):
        return self.head(self.cell(x)[0])


def noise(*shape):
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(i * i).to(torch.float32).reshape(shape)


CASES = {
    "transformer-64": lambda: (Transformer(64, 2, 256), noise(16, 256, 2), None),
    "transformer-256": lambda: (Transformer(256, 4, 256), noise(4, 256, 2), None),
    "deep-linear-100": lambda: (DeepLinear(100, 64), noise(32, 64), 0.5 * noise(32, 64)),
    "deep-linear-1000": lambda: (DeepLinear(1000, 64), noise(32, 64), 0.5 * noise(32, 64)),
    "lstm": lambda: (Recurrent(64), noise(96, 16, 64), noise(96, 16, 1)),
}

begun = time.perf_counter()
torch.manual_seed(0)
model, x, target = CASES[name]()
model, x = model.to(device), x.to(device)
target = None if target is None else target.to(device)
optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True, capturable=mode == "graph")


def update():
    optimiser.zero_grad(set_to_none=mode != "graph")
    y = model(x)
    loss = (y[:, :-1] - x[:, 1:]).square().mean() if target is None else (y - target).square().mean()
    loss.backward()
    optimiser.step()
    return loss


losses = []
step = update
if mode == "graph":
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            losses.append(update().item())
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = update()

    def step():
        graph.replay()
        return captured

else:
    losses.append(step().item())
compile_seconds = time.perf_counter() - begun
while len(losses) < 5:
    losses.append(step().item())
times = []
until = time.perf_counter() + seconds
while time.perf_counter() < until or len(times) < 3:
    before = time.perf_counter()
    step().item()
    times.append(1000 * (time.perf_counter() - before))
times.sort()
print(json.dumps({
    "milliseconds": times[len(times) // 2],
    "compileSeconds": compile_seconds,
    "losses": losses,
    "version": torch.__version__,
    "device": torch.cuda.get_device_name(),
}))
