"""The Flax twin of examples/gallery/diffusion.rs: the same model, numbers and seed; it draws no picture."""

import gzip
import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, BATCH, TIMES, FEATURES, EMBEDDING = int((sys.argv + [3000])[1]), 32, 200, 32, 64
DATA = pathlib.Path(__file__).parent.parent / "data/mnist/train-images-idx3-ubyte.gz"


def schedule():
    level = np.cos((np.arange(TIMES + 1) / TIMES + 0.008) / 1.008 * np.pi / 2) ** 2
    kept = np.maximum(level[1:] / level[:-1], 1e-3)
    return np.cumprod(kept), kept


class Block(nnx.Module):
    def __init__(self, source, to, rngs):
        self.norm1 = nnx.GroupNorm(source, num_groups=8, rngs=rngs)
        self.conv1 = nnx.Conv(source, to, (3, 3), rngs=rngs)
        self.time = nnx.Linear(EMBEDDING, to, rngs=rngs)
        self.norm2 = nnx.GroupNorm(to, num_groups=8, rngs=rngs)
        self.conv2 = nnx.Conv(to, to, (3, 3), rngs=rngs)
        self.skip = nnx.Conv(source, to, (1, 1), rngs=rngs)

    def __call__(self, x, time):
        h = self.conv1(nnx.silu(self.norm1(x))) + self.time(time)[:, None, None]
        return self.conv2(nnx.silu(self.norm2(h))) + self.skip(x)


class Net(nnx.Module):
    def __init__(self, rngs):
        wide = 2 * FEATURES
        self.time = nnx.List([nnx.Linear(EMBEDDING, EMBEDDING, rngs=rngs) for _ in range(2)])
        self.input = nnx.Conv(4, FEATURES, (3, 3), rngs=rngs)
        self.down = Block(FEATURES, FEATURES, rngs)
        self.smaller = nnx.Conv(FEATURES, wide, (3, 3), strides=2, rngs=rngs)
        self.middle = nnx.List([Block(wide, wide, rngs) for _ in range(2)])
        self.attention = nnx.MultiHeadAttention(4, wide, decode=False, deterministic=False, rngs=rngs)
        self.up = Block(wide + FEATURES, FEATURES, rngs)
        self.norm = nnx.GroupNorm(FEATURES, num_groups=8, rngs=rngs)
        self.output = nnx.Conv(FEATURES, 4, (3, 3), rngs=rngs)

    def __call__(self, images, time):
        angles = time[:, None] * jnp.exp(jnp.linspace(0.0, -4.0, EMBEDDING // 2))
        time = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)
        time = nnx.silu(self.time[1](nnx.silu(self.time[0](time))))
        n, height, width = images.shape
        x = images.reshape(n, height // 2, 2, width // 2, 2).transpose(0, 1, 3, 2, 4)
        large = self.down(self.input(x.reshape(n, height // 2, width // 2, 4)), time)
        small = self.smaller(large)
        small = self.middle[0](small, time)
        small = small + self.attention(small.reshape(n, -1, 2 * FEATURES)).reshape(small.shape)
        small = self.middle[1](small, time)
        x = jnp.concatenate([small.repeat(2, 1).repeat(2, 2), large], -1)
        x = self.output(nnx.silu(self.norm(self.up(x, time))))
        x = x.reshape(n, height // 2, width // 2, 2, 2).transpose(0, 1, 3, 2, 4)
        return x.reshape(n, height, width)


@nnx.jit
def train_step(net, average, optimizer, draws, images):
    chosen, times, noise = jax.random.split(draws(), 3)
    x = images[jax.random.randint(chosen, (BATCH,), 0, len(images))]
    time = jax.random.randint(times, (BATCH,), 0, TIMES)
    noise = jax.random.normal(noise, x.shape)
    left = jnp.float32(schedule()[0])[time][:, None, None]
    noisy = jnp.sqrt(left) * x + jnp.sqrt(1 - left) * noise
    loss, grads = nnx.value_and_grad(lambda net: ((net(noisy, time) - noise) ** 2).mean())(net)
    optimizer.update(net, grads)
    average.update(net)
    return loss


@nnx.jit(static_argnums=2)
def sample(net, draws, shape):
    left, kept = schedule()
    before = np.concatenate([[1.0], left[:-1]])
    rows = [left, np.sqrt(before) * (1 - kept) / (1 - left), np.sqrt(kept) * (1 - before) / (1 - left)]
    rows = jnp.float32(np.stack([*rows, np.sqrt((1 - kept) * (1 - before) / (1 - left))], 1))

    def step(x, inputs):
        time, (left, seen, there, fresh), key = inputs
        image = (x - jnp.sqrt(1 - left) * net(x, jnp.full(len(x), time))) / jnp.sqrt(left)
        return seen * jnp.clip(image, -1, 1) + there * x + fresh * jax.random.normal(key, x.shape), None

    keys = jax.random.split(draws(), TIMES)
    start = jax.random.normal(draws(), shape)
    return jax.lax.scan(step, start, (jnp.arange(TIMES), rows, keys), reverse=True)[0]


data = gzip.open(DATA).read()
images = np.frombuffer(data, np.uint8, offset=16).reshape(np.frombuffer(data, ">i4", 3, 4))
images = jnp.asarray(images) / jnp.float32(255) * 2 - 1
rngs = nnx.Rngs(0)
net = Net(rngs)
average = nnx.EMA(net, 0.995)
draws = rngs.draws.fork()
rate = optax.warmup_cosine_decay_schedule(0, 2e-3, STEPS // 20, STEPS)
optimizer = nnx.Optimizer(net, optax.adam(rate), wrt=nnx.Param)
for step in range(STEPS):
    loss = train_step(net, average, optimizer, draws, images)
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(loss))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
drawn = sample(average.apply_to(net), draws, (48, 28, 28))
print("brightness", float(((drawn + 1) / 2).mean()))
