"""Training steps in JAX on the CPU, to be measured beside ours: same architectures, sizes and optimiser.

Usage: python3 jax_steps.py NAME THREADS; speaks steps/protocol.ts. One jitted step with donated state; loops over layers and time
are lax.scan, Adam is written out.
"""
import os
import sys

from serve_steps import serve, unavailable, use_processors

name, threads = sys.argv[1], int(sys.argv[2])
use_processors(threads)
os.environ["JAX_PLATFORMS"] = "cpu"
try:
    import jax
    import jaxlib
except ImportError as error:
    unavailable(error)
import jax.numpy as jnp
from jax import lax

keys = iter(jax.random.split(jax.random.key(0), 100))


def noise(*shape, scale=1.0):
    return scale * jax.random.normal(next(keys), shape)


def mse(y, target):
    return jnp.mean(jnp.square(y - target))


def affine(inputs, outputs):
    return {"w": noise(inputs, outputs, scale=inputs**-0.5), "b": jnp.zeros(outputs)}


def linear(p, x):
    return x @ p["w"] + p["b"]


def rms_norm(scale, x):
    return x * lax.rsqrt(jnp.mean(jnp.square(x), -1, keepdims=True) + 1e-6) * scale


def transformer(d, layers, batch, length=256, heads=4, obs=2):
    w = d // heads
    angle = jnp.arange(length)[:, None] * 10_000.0 ** (-jnp.arange(w // 2) / (w // 2))
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    mask = jnp.triu(jnp.full((length, length), -jnp.inf), 1)

    def rotate(z):
        z1, z2 = jnp.split(z, 2, -1)
        return jnp.concatenate([z1 * cos - z2 * sin, z2 * cos + z1 * sin], -1)

    def block(p, x):
        q, k, v = linear(p["project"], rms_norm(p["n1"], x)).reshape(batch, length, 3, heads, w).transpose(2, 0, 3, 1, 4)
        q, k = rotate(q) * w**-0.5, rotate(k)
        attended = jax.nn.softmax(q @ k.swapaxes(-1, -2) + mask, -1) @ v
        x = x + linear(p["output"], attended.swapaxes(1, 2).reshape(batch, length, d))
        return x + linear(p["down"], jax.nn.gelu(linear(p["up"], rms_norm(p["n2"], x)), approximate=True))

    def loss(p, y, _):
        x = linear(p["embed"], y)
        for layer in p["blocks"]:
            x = block(layer, x)
        return mse(linear(p["head"], rms_norm(p["final"], x))[:, :-1], y[:, 1:])

    blocks = [
        {
            "n1": jnp.ones(d),
            "n2": jnp.ones(d),
            "project": affine(d, 3 * d),
            "output": affine(d, d),
            "up": affine(d, 4 * d),
            "down": affine(4 * d, d),
        }
        for _ in range(layers)
    ]
    params = {"embed": affine(obs, d), "head": affine(d, obs), "final": jnp.ones(d), "blocks": blocks}
    return loss, params, noise(batch, length, obs), jnp.zeros(())


def deep_linear(layers, d=64):
    def loss(w, x, target):
        return mse(lax.scan(lambda h, w: (h @ w, None), x, w)[0], target)

    return loss, jnp.tile(jnp.eye(d), (layers, 1, 1)), noise(32, d), noise(32, d)


def monarch(layers, blocks, size):
    def apply(x, p):
        y = jnp.einsum("bij,nbj->nbi", p["l"], x.reshape(-1, blocks, size))
        y = jnp.einsum("bij,nbj->nbi", p["r"], y.swapaxes(1, 2))
        return y.swapaxes(1, 2).reshape(x.shape), None

    def loss(p, x, target):
        return mse(lax.scan(apply, x, p)[0], target)

    params = {
        "l": jnp.tile(jnp.eye(size), (layers, blocks, 1, 1)),
        "r": jnp.tile(jnp.eye(blocks), (layers, size, 1, 1)),
    }
    return loss, params, noise(32, blocks * size), noise(32, blocks * size)


def recurrent(cell, own, state, length, d, inputs, outputs, heads):
    """Projection for all times, loop over time, head; data are [T, B, d]."""

    def loss(p, x, target):
        _, y = lax.scan(lambda s, u: cell(p["cell"], s, u), state, linear(p["in"], x))
        return mse(linear(p["head"], y), target)

    params = {"in": affine(d, inputs), "cell": own, "head": affine(outputs, heads)}
    return loss, params, noise(length, 16, d), noise(length, 16, heads)


def lstm_cell(u, state, x):
    h, c = state
    gates, candidate = jnp.split(x + h @ u, [3 * h.shape[1]], -1)
    i, f, o = jnp.split(jax.nn.sigmoid(gates), 3, -1)
    c = f * c + i * jnp.tanh(candidate)
    h = o * jnp.tanh(c)
    return (h, c), h


def gru_cell(p, h, x):
    width = h.shape[1]
    h_gates, h_candidate = jnp.split(h @ p["u"] + p["b"], [2 * width], -1)
    x_gates, x_candidate = jnp.split(x, [2 * width], -1)
    reset, update = jnp.split(jax.nn.sigmoid(x_gates + h_gates), 2, -1)
    candidate = jnp.tanh(x_candidate + reset * h_candidate)
    h = candidate + update * (h - candidate)
    return h, h


def lru_cell(p, state, x):
    re, im = state
    decay = jnp.exp(-jnp.exp(p["nu"]))
    a, b = decay * jnp.cos(p["theta"]), decay * jnp.sin(p["theta"])
    u, v = jnp.split(x, 2, -1)
    re, im = a * re - b * im + u, a * im + b * re + v
    return (re, im), jnp.concatenate([re, im], -1)


def dlinear(lookback, horizon):
    def loss(p, x, target):
        padded = jnp.pad(x, ((0, 0), (0, 0), (12, 12)), mode="edge")
        trend = lax.reduce_window(padded, 0.0, lax.add, (1, 1, 25), (1, 1, 1), "valid") / 25
        return mse(linear(p["trend"], trend) + linear(p["rest"], x - trend), target)

    params = {"trend": affine(lookback, horizon), "rest": affine(lookback, horizon)}
    return loss, params, noise(32, 7, lookback), noise(32, 7, horizon)


H = 64
ZEROS = jnp.zeros((16, H))
CASES = {
    "transformer-64": lambda: transformer(64, 2, 16),
    "transformer-256": lambda: transformer(256, 4, 4),
    "deep-linear-10": lambda: deep_linear(10),
    "deep-linear-100": lambda: deep_linear(100),
    "deep-linear-1000": lambda: deep_linear(1000),
    "monarch-100": lambda: monarch(100, 16, 32),
    "lstm": lambda: recurrent(lstm_cell, noise(H, 4 * H, scale=0.1), (ZEROS, ZEROS), 96, H, 4 * H, H, 1),
    "gru": lambda: recurrent(
        gru_cell, {"u": noise(H, 3 * H, scale=0.1), "b": jnp.zeros(3 * H)}, ZEROS, 96, H, 3 * H, H, 1
    ),
    "lru": lambda: recurrent(
        lru_cell, {"nu": jnp.full(H, -2.0), "theta": jnp.linspace(0.0, 3.0, H)}, (ZEROS, ZEROS), 256, H, 2 * H, 2 * H, H
    ),
    "dlinear": lambda: dlinear(336, 96),
}


def adam(loss, x, target, rate=1e-4, b1=0.9, b2=0.999, epsilon=1e-8):
    def step(params, state):
        m, v, count = state
        value, grads = jax.value_and_grad(loss)(params, x, target)
        count = count + 1
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
        c1, c2 = 1 - b1**count, 1 - b2**count
        move = lambda p, m, v: p - rate * (m / c1) / (jnp.sqrt(v / c2) + epsilon)
        return value, jax.tree.map(move, params, m, v), (m, v, count)

    return jax.jit(step, donate_argnums=(0, 1))


loss, params, x, target = CASES[name]()
update = adam(loss, x, target)
# Copies, because donated buffers must not be shared.
zeros = lambda: jax.tree.map(jnp.zeros_like, params)
state = (zeros(), zeros(), jnp.zeros(()))


def step():
    global params, state
    value, params, state = jax.block_until_ready(update(params, state))
    return float(value)


serve(f"JAX {jax.__version__}, jaxlib {jaxlib.__version__}", step)
