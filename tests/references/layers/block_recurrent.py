"""The block-recurrent layer against a published attention block with a state container, without its norms of queries and keys and its xPos."""
import numpy as np
import torch
from torch_modules import fill, tensor

REPOSITORY = "lucidrains/block-recurrent-transformer-pytorch"
COMMIT = "9f28fcdb387d3169724b06d59ceca7024b8cb700"
FUNCTION = "AttentionBlock of block_recurrent_transformer_pytorch/block_recurrent_transformer_pytorch.py"
CASES = [
    "--seed 1 --width 16 --length 40",
    "--seed 2 --width 12 --length 150 --options '{\"heads\":3,\"block\":5,\"vectors\":4}'",
]


def outputs(dump, source):
    module = source.module("block_recurrent_transformer_pytorch/block_recurrent_transformer_pytorch.py")
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    width, heads, block = config["width"], config["heads"], config["block"]
    each = width // heads
    torch.set_default_dtype(x.dtype)
    try:
        model = module.AttentionBlock(
            width, block, dim_head=each, heads=heads, num_state_vectors=config["vectors"], state_read_before_write=True
        )
        model.norm = torch.nn.Identity()  # (our stacks normalise before a layer)
        keeper = model.state_container
        ends = [width, 2 * width]
        for weights, parts in (
            ("input", (model.to_q, keeper.q_to_state, model.to_kv)),
            ("vector", (keeper.state_to_q, keeper.q_from_state, keeper.state_to_kv)),
        ):
            for layer, part in zip(parts, np.split(ours[weights], ends, 1)):
                fill(layer.weight, part.T)
        fill(keeper.state_norm.gamma, ours["norm"])
        fill(keeper.state_pos_ids, ours["name"])
        fill(keeper.init_state, ours["start"])
        # It joins what a head has read of both; ours all heads of each.
        rows = np.arange(2 * width).reshape(2, heads, each).transpose(1, 0, 2).reshape(-1)
        fill(keeper.to_state_out.weight, ours["answer"][rows].T)
        fill(keeper.state_out_to_gate.weight, ours["gate.weight"].T)
        fill(keeper.state_out_to_gate.bias, ours["gate.bias"])
        fill(keeper.learned_ema_beta, ours["keep"])
        fill(model.to_out.weight, ours["output"].T)
        angles, scales = module.RotaryEmbedding(each, 2 * block)()
        angles = angles.to(x.dtype)
        seen = ~torch.ones((block, block), dtype=torch.bool).triu(1)
        vectors = keeper.init_state.expand(len(x), -1, -1)
        before, ys = None, []
        empty = torch.zeros(2, len(x), block, each)
        held = (empty, empty)
        with torch.no_grad():
            for tokens in x.split(block, 1):
                keeper.set_next_read_state(vectors)
                y, pair, changed = model(
                    tokens,
                    rotary_pos_emb=angles,
                    xpos_scale=torch.ones_like(scales),
                    attn_mask=seen,
                    xl_memories=before,
                )
                ys.append(y)
                if tokens.shape[1] == block:
                    before, vectors = pair, changed
                    held = (pair, empty)
                else:
                    rest = torch.cat([pair, empty[:, :, tokens.shape[1] :]], 2)
                    held = (before if before is not None else empty, rest)
            start = keeper.init_state
            state = {
                "state.tokens": torch.cat([torch.cat(tuple(part), -1) for part in held], 1).numpy(),
                "state.vectors": (vectors - start).numpy(),
                "state.position": np.array(x.shape[1]),
            }
    finally:
        torch.set_default_dtype(torch.float32)
    return {"y": torch.cat(ys, 1).numpy(), **state}
