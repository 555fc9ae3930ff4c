"""A training step of the linear mixer of lib/models/token_mixer.ts in PyTorch, to be measured beside ours.

Usage: python3 torch_language.py VOCABULARY WIDTH LENGTH BATCH eager|compile|one-matrix; speaks steps/protocol.ts. One thread, as ours; Adam is
the fastest of its CPU implementations. Compiled are model, loss and their gradients as one function. "one-matrix" multiplies embedding and head
before it mixes, as ours does.
"""
import sys

from serve_steps import serve, unavailable, use_processors

use_processors(1)
try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from torch_training import compiled, description, fastest
except ImportError as error:
    unavailable(error)


class LinearMixer(nn.Module):
    """Weights by position, with a bias a position; what comes in is added."""

    def __init__(self, vocabulary, width, length):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.weight = nn.Parameter(torch.empty(length, length).uniform_(-(length**-0.5), length**-0.5))
        self.bias = nn.Parameter(torch.zeros(length, 1))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, x):  # [batch, length]
        e = self.embed(x)
        return self.head(torch.tril(self.weight) @ e + self.bias + e)


class OneMatrix(LinearMixer):
    """The same function."""

    def forward(self, x):
        units = torch.cat([self.embed.weight, torch.ones(1, self.embed.weight.shape[1])])
        table = self.head(units)
        mixing = torch.tril(self.weight) + torch.eye(len(self.weight))
        return mixing @ F.embedding(x, table[:-1]) + self.bias * table[-1]


vocabulary, width, length, batch = map(int, sys.argv[1:5])
torch.set_num_threads(1)
model = (OneMatrix if sys.argv[5] == "one-matrix" else LinearMixer)(vocabulary, width, length)
x = torch.randint(vocabulary, (batch, length))
target = torch.randint(vocabulary, (batch, length))


def loss_of(x, target):
    return F.cross_entropy(model(x).flatten(0, 1), target.flatten())


if sys.argv[5] == "compile":
    loss_of = compiled(model, loss_of, x, target)
_, adam, step = fastest(model, lambda: loss_of(x, target))
serve(description(adam), step)
