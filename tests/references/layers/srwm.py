"""The self-referential matrix against its authors' layer; its CUDA kernel, which needs a GPU, by what it computes."""
import torch
from torch import nn
from types import SimpleNamespace
from torch_modules import fill, tensor

REPOSITORY = "IDSIA/modern-srwm"
COMMIT = "01e6cfd04b4228605132748c4b95af17b43b6615"
FUNCTION = "SRWMlayer of supervised_learning/layer.py, self_ref_v0.cu by a loop"
CASES = ["--seed 1", "--seed 2 --width 6 --length 150 --options '{\"heads\":2}'"]


def kernel(x, W_y, W_q, W_k, w_b):
    """self_ref_forward_kernel of supervised_learning/self_ref_v0/self_ref_v0.cu, token by token."""
    matrices, rows = [W_y, W_q, W_k, w_b], []
    for t in range(x.shape[2]):
        of = lambda v: [torch.einsum("nhe,nhem->nhm", v, w) for w in matrices]
        y, q, k, b = of(x[:, :, t])
        rows.append(y)
        q, k, b = torch.softmax(q, -1), torch.softmax(k, -1), torch.sigmoid(b)
        inserts = [b[..., i : i + 1] * (a - c) for i, (a, c) in enumerate(zip(of(q), of(k)))]
        matrices = [w + k[..., None] * insert[..., None, :] for w, insert in zip(matrices, inserts)]
    return torch.stack(rows, 2), *matrices


def outputs(dump, source):
    module = source.module(
        "supervised_learning/layer.py",
        fast_weight=SimpleNamespace(fast_weight_delta=None),
        self_ref_v0=SimpleNamespace(self_ref_v0=None, stateful_self_ref_v0=kernel),
    )
    ours, x, heads = dump.params(), tensor(dump["x"]), dump.config["heads"]
    width = x.shape[-1]
    each = width // heads
    model = module.SRWMlayer(heads, each, width, 0, use_ln=False, stateful=True).to(x.dtype)
    ends = [0, each, 2 * each, 3 * each, 3 * each + 4]
    for i, part in enumerate((model.W_y, model.W_q, model.W_k, model.w_b)):
        fill(part, ours["weight"][None, ..., ends[i] : ends[i + 1]])
    fill(model.out_linear.weight, ours["output"].T)
    tokens = x.transpose(0, 1)
    with torch.no_grad():
        y, change = model(tokens, get_state=True)
    # Less the token itself, which its layer adds.
    return {"y": (y - tokens).transpose(0, 1).numpy(), "state": torch.cat(change, -1).numpy()}
