"""Published PyTorch modules with our parameters in them."""
import numpy as np
import torch


def tensor(array):
    return torch.from_numpy(np.array(array))


def fill(parameter, *arrays):
    """Overwrites a parameter with arrays, joined along its first axis."""
    with torch.no_grad():
        values = torch.cat([tensor(array) for array in arrays])
        if values.shape != parameter.shape:
            raise ValueError(f"ours has shape {list(values.shape)}, theirs {list(parameter.shape)}")
        parameter.copy_(values)


def kernels_of(convolution):
    """Weights of `nn.Conv1d` by channel, [C, 1, taps], from ours [taps, C], whose first one meets the newest token."""
    return np.flip(convolution, 0).T[:, None]


def window_of(tokens, taps):
    """The last tokens that a convolution over so many sees, [B, taps - 1, C], zeros before the first."""
    before = torch.zeros_like(tokens[:, :1]).expand(-1, taps - 1, -1)
    return torch.cat([before, tokens], 1)[:, tokens.shape[1] :]
