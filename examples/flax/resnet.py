"""The Flax twin of examples/gallery/resnet.rs: the same model and seed. A layer's dtype stands for the policy, so the
roundings to bf16 differ."""

import gzip
import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, BATCH, HALF, MOVED = int((sys.argv + [600])[1]), 64, 5, 2
DATA = pathlib.Path(__file__).parent.parent / "data/mnist"


def read(name):
    data = gzip.open(DATA / f"{name}-ubyte.gz").read()
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def conv(source, to, stride, rngs, size=3):
    return nnx.Conv(source, to, (size, size), strides=stride, use_bias=False, dtype=jnp.bfloat16, rngs=rngs)


class Block(nnx.Module):
    def __init__(self, source, to, stride, rngs):
        self.conv1 = conv(source, to, stride, rngs)
        self.norm1 = nnx.BatchNorm(to, momentum=0.9, rngs=rngs)
        self.conv2 = conv(to, to, 1, rngs)
        self.norm2 = nnx.BatchNorm(to, momentum=0.9, rngs=rngs)
        self.skip = conv(source, to, stride, rngs, 1) if source != to else None

    def __call__(self, x):
        h = self.norm2(self.conv2(nnx.relu(self.norm1(self.conv1(x)))))
        return nnx.relu(h + (self.skip(x) if self.skip else x))


class ResNet(nnx.Module):
    def __init__(self, rngs):
        self.stem = conv(1, 16, 1, rngs)
        self.norm = nnx.BatchNorm(16, momentum=0.9, rngs=rngs)
        self.blocks = nnx.List([Block(*sizes, rngs) for sizes in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]])
        self.head = nnx.Linear(64, HALF, dtype=jnp.bfloat16, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((1, 2))).astype(jnp.float32)


def augmented(images, key):
    moves, light = jax.random.split(key, 2)
    moves = jax.random.randint(moves, (len(images), 2), 0, 2 * MOVED + 1)
    padded = jnp.pad(images, ((0, 0), (MOVED, MOVED), (MOVED, MOVED), (0, 0)))
    part = lambda image, at: jax.lax.dynamic_slice(image, (at[0], at[1], 0), images.shape[1:])
    light = jax.random.uniform(light, (len(images), 1, 1, 1), minval=0.7, maxval=1.3)
    return jax.vmap(part)(padded, moves) * light


@nnx.jit
def train_step(net, average, optimizer, draws, images, labels):
    chosen, changes = jax.random.split(draws(), 2)
    chosen = jax.random.randint(chosen, (BATCH,), 0, len(images))
    x = augmented(images[chosen].astype(jnp.float32) / 255, changes)

    def loss_fn(net):
        return optax.softmax_cross_entropy_with_integer_labels(net(x), labels[chosen]).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(net)
    optimizer.update(net, grads)
    average.update(net)
    return loss


@nnx.jit
def accuracy(net, images, labels):
    net = nnx.view(net, use_running_average=True)
    return (net(images.astype(jnp.float32) / 255).argmax(-1) == labels).mean()


def train(net, draws, tx, first, start, stop):
    def half(part):
        images, labels = read(f"{part}-images-idx3"), read(f"{part}-labels-idx1")
        chosen = (labels >= first) & (labels < first + HALF)
        return jnp.asarray(images[chosen][..., None]), jnp.asarray(labels[chosen], jnp.int32) - first

    digits, held_out = half("train"), half("t10k")
    optimizer, average = nnx.Optimizer(net, tx, wrt=nnx.Param), nnx.EMA(net, 0.98)
    for step in range(start, stop):
        loss = train_step(net, average, optimizer, draws, *digits)
        if step == 0 or (step + 1) % max(STEPS // 10, 1) == 0 or step + 1 == stop:
            averaged = average.apply_to(net)
            print(step + 1, float(loss), float(accuracy(net, *held_out)), float(accuracy(averaged, *held_out)))
        if step == start:
            started = time.perf_counter()
    print(f"{(stop - start - 1) / (time.perf_counter() - started):.1f} steps/s")
    return averaged


rngs = nnx.Rngs(0)
net = ResNet(rngs)
draws = rngs.draws.fork()
turn = STEPS - STEPS // 3
fall = lambda rate, steps: optax.cosine_decay_schedule(rate, steps, 0.05)
adamw = lambda rate, steps: optax.adamw(fall(rate, steps))
net = train(net, draws, adamw(4e-3, turn), 0, 0, turn)
net.head = nnx.Linear(64, HALF, dtype=jnp.bfloat16, rngs=rngs)
groups = {"stem": optax.set_to_zero(), "blocks": adamw(4e-4, STEPS - turn), "rest": adamw(4e-3, STEPS - turn)}
names = lambda params: jax.tree.map_with_path(
    lambda path, _: getattr(path[0], "key", "") if getattr(path[0], "key", "") in groups else "rest", params
)
train(net, draws, optax.partition(groups, names), HALF, turn, STEPS)
