"""The Flax twin of examples/gallery/vae.rs: the same model, numbers and seed."""

import gzip
import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, BATCH, HIDDEN, CODE = int((sys.argv + [2000])[1]), 128, 400, 20
DATA = pathlib.Path(__file__).parent.parent / "data/mnist"


def images(part):
    data = gzip.open(DATA / f"{part}-images-idx3-ubyte.gz").read()
    n, height, width = np.frombuffer(data, ">i4", 3, 4)
    return jnp.asarray(np.frombuffer(data, np.uint8, offset=16).reshape(n, height * width))


class Vae(nnx.Module):
    def __init__(self, size, rngs):
        self.encoder = nnx.Linear(size, HIDDEN, rngs=rngs)
        self.mean = nnx.Linear(HIDDEN, CODE, rngs=rngs)
        self.log_var = nnx.Linear(HIDDEN, CODE, rngs=rngs)
        self.decoder = nnx.Linear(CODE, HIDDEN, rngs=rngs)
        self.pixels = nnx.Linear(HIDDEN, size, rngs=rngs)
        self.noise = rngs.noise.fork()

    def __call__(self, x):
        hidden = nnx.relu(self.encoder(x))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        noise = jax.random.normal(self.noise(), mean.shape)
        logits = self.pixels(nnx.relu(self.decoder(mean + jnp.exp(log_var * 0.5) * noise)))
        drawing = optax.sigmoid_binary_cross_entropy(logits, x).sum(-1).mean()
        divergence = (mean**2 + jnp.exp(log_var) - 1 - log_var).sum(-1).mean() * 0.5
        return drawing, divergence


@nnx.jit
def train_step(model, optimizer, data):
    chosen = jax.random.randint(model.noise(), (BATCH,), 0, len(data))
    x = data[chosen].astype(jnp.float32) / 255

    def loss_fn(model):
        parts = model(x)
        return sum(parts), parts

    (_, parts), grads = nnx.value_and_grad(loss_fn, has_aux=True)(model)
    optimizer.update(model, grads)
    return parts


@nnx.jit
def test(model, data):
    return sum(model(data.astype(jnp.float32) / 255))


data = images("train")
model = Vae(data.shape[1], nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)
step_fn = nnx.cached_partial(train_step, model, optimizer)
for step in range(STEPS):
    parts = step_fn(data)
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(sum(parts)), *map(float, parts))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
print("test loss", float(test(model, images("t10k"))))
