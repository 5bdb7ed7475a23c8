"""The Flax twin of examples/gallery/vit.rs: the same model, numbers and seed."""

import gzip
import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, BATCH, PATCH, FEATURES, HEADS, BLOCKS, DROPOUT = int((sys.argv + [800])[1]), 64, 4, 64, 4, 3, 0.05
DATA = pathlib.Path(__file__).parent.parent / "data/mnist"


def read(name):
    data = gzip.open(DATA / f"{name}-ubyte.gz").read()
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return jnp.asarray(np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape))


class Block(nnx.Module):
    def __init__(self, rngs):
        self.norm1 = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(HEADS, FEATURES, decode=False, deterministic=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.up = nnx.Linear(FEATURES, 2 * FEATURES, rngs=rngs)
        self.down = nnx.Linear(2 * FEATURES, FEATURES, rngs=rngs)
        self.dropout = nnx.Dropout(DROPOUT, rngs=rngs)

    def __call__(self, x):
        x = x + self.dropout(self.attention(self.norm1(x)))
        return x + self.dropout(self.down(nnx.gelu(self.up(self.norm2(x)))))


class Vit(nnx.Module):
    def __init__(self, patches, rngs):
        init = nnx.initializers.normal(0.02)
        self.embed = nnx.Linear(PATCH * PATCH, FEATURES, rngs=rngs)
        self.class_ = nnx.Param(init(rngs.params(), (1, 1, FEATURES)))
        self.positions = nnx.Param(init(rngs.params(), (patches + 1, FEATURES)))

        @nnx.split_rngs(splits=BLOCKS)
        @nnx.vmap
        def create(rngs):
            return Block(rngs)

        self.blocks = create(rngs)
        self.norm = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.head = nnx.Linear(FEATURES, 10, rngs=rngs)

    def __call__(self, images):
        n, height, width = images.shape
        x = images.reshape(n, height // PATCH, PATCH, width // PATCH, PATCH)
        x = self.embed(x.transpose(0, 1, 3, 2, 4).reshape(n, -1, PATCH * PATCH))
        x = jnp.concatenate([jnp.broadcast_to(self.class_[...], (n, 1, FEATURES)), x], 1) + self.positions

        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def run(x, block):
            return block(x)

        return self.head(self.norm(run(x, self.blocks)[:, 0]))


@nnx.jit
def train_step(model, optimizer, draws, images, labels):
    chosen = jax.random.randint(draws(), (BATCH,), 0, len(images))
    x = images[chosen].astype(jnp.float32) / 255
    labels = optax.smooth_labels(jax.nn.one_hot(labels[chosen], 10), 0.1)

    def loss_fn(model):
        return optax.softmax_cross_entropy(model(x), labels).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


@nnx.jit
def right(model, images, labels):
    model = nnx.view(model, deterministic=True)
    return (model(images.astype(jnp.float32) / 255).argmax(-1) == labels).sum()


def test(model, images, labels):
    n = len(images)
    return sum(int(right(model, images[i : i + 500], labels[i : i + 500])) for i in range(0, n, 500)) / n


train = read("train-images-idx3"), read("train-labels-idx1")
held_out = read("t10k-images-idx3"), read("t10k-labels-idx1")
rngs = nnx.Rngs(0)
model = Vit(49, rngs)
draws = rngs.draws.fork()
rate = optax.warmup_cosine_decay_schedule(0, 2e-3, STEPS // 10, STEPS)
optimizer = nnx.Optimizer(model, optax.adamw(rate, weight_decay=0.05), wrt=nnx.Param)
step_fn = nnx.cached_partial(train_step, model, optimizer, draws)
for step in range(STEPS):
    loss = step_fn(*train)
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(loss), test(model, *held_out))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
