"""The training steps of `cargo xtask bench steps` in JAX and Flax NNX, in a process that the benchmark starts.

    python peers.py mlp|cnn|gpt  jax|nnx-graph|nnx-tree

Prints the versions, then the losses of the first steps. For each number that comes in on a line, it takes as many steps
and prints the seconds. `jax` is the NNX model as a pure function of a flat list of arrays under `jax.jit`, with the
list donated: the program is the same, and no Python walks the model.
"""

import gc
import importlib.metadata
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

FIRST_LOSSES = 8


def splitmix64(seed, shape):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, np.prod(shape) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        return (z ^ (z >> np.uint64(31))).reshape(shape)


def uniform(seed, shape, low=0.0, high=1.0):
    unit = (splitmix64(seed, shape) >> np.uint64(40)).astype(np.float64) / 2**24
    return jnp.asarray((low + (high - low) * unit).astype(np.float32))


def integers(seed, shape, end):
    return jnp.asarray(((splitmix64(seed, shape) >> np.uint64(32)) % np.uint64(end)).astype(np.int32))


def set_kernel(layer, seed):
    shape = layer.kernel.shape
    bound = 1 / float(np.sqrt(np.prod(shape[:-1])))
    layer.kernel[...] = uniform(seed, shape, -bound, bound)


class MLP(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.layers = nnx.List([nnx.Linear(m, n, rngs=rngs) for m, n in ((784, 512), (512, 256), (256, 10))])
        for i, layer in enumerate(self.layers):
            set_kernel(layer, 100 + i)

    def __call__(self, x):
        first, second, last = self.layers
        return last(nnx.relu(second(nnx.relu(first(x)))))

    def optimizer():
        return optax.adam(1e-3)

    def batches():
        return [(uniform(7000 + k, (128, 784)), integers(8000 + k, (128,), 10)) for k in range(16)]


class CNN(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(params=0, dropout=1)
        self.conv1 = nnx.Conv(1, 32, (3, 3), rngs=rngs)
        self.norm1 = nnx.BatchNorm(32, momentum=0.9, rngs=rngs)
        self.conv2 = nnx.Conv(32, 64, (3, 3), rngs=rngs)
        self.norm2 = nnx.BatchNorm(64, momentum=0.9, rngs=rngs)
        self.linear1 = nnx.Linear(7 * 7 * 64, 256, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.linear2 = nnx.Linear(256, 10, rngs=rngs)
        for i, layer in enumerate((self.conv1, self.conv2, self.linear1, self.linear2)):
            set_kernel(layer, 300 + i)

    def __call__(self, x):
        x = nnx.avg_pool(nnx.relu(self.norm1(self.conv1(x))), (2, 2), strides=(2, 2))
        x = nnx.avg_pool(nnx.relu(self.norm2(self.conv2(x))), (2, 2), strides=(2, 2))
        x = x.reshape(x.shape[0], -1)
        return self.linear2(self.dropout(nnx.relu(self.linear1(x))))

    def optimizer():
        return optax.adam(1e-3)

    def batches():
        return [(uniform(7500 + k, (64, 28, 28, 1)), integers(8500 + k, (64,), 10)) for k in range(16)]


LAYERS, FEATURES, HEADS, CONTEXT, VOCABULARY, BATCH = 4, 128, 4, 128, 256, 8


class Block(nnx.Module):
    def __init__(self, seed, rngs):
        self.norm1 = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.qkv = nnx.Linear(FEATURES, 3 * FEATURES, rngs=rngs)
        self.proj = nnx.Linear(FEATURES, FEATURES, rngs=rngs)
        self.norm2 = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.up = nnx.Linear(FEATURES, 4 * FEATURES, rngs=rngs)
        self.down = nnx.Linear(4 * FEATURES, FEATURES, rngs=rngs)
        for i, layer in enumerate((self.qkv, self.proj, self.up, self.down)):
            set_kernel(layer, seed + i)

    def __call__(self, x):
        heads = lambda x: x.reshape(BATCH, CONTEXT, HEADS, FEATURES // HEADS)
        q, k, v = map(heads, jnp.split(self.qkv(self.norm1(x)), 3, axis=-1))
        attended = nnx.dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(attended.reshape(BATCH, CONTEXT, FEATURES))
        return x + self.down(nnx.gelu(self.up(self.norm2(x))))


class GPT(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.tokens = nnx.Embed(VOCABULARY, FEATURES, rngs=rngs)
        self.tokens.embedding[...] = uniform(200, (VOCABULARY, FEATURES), -0.05, 0.05)
        self.positions = nnx.Param(uniform(201, (CONTEXT, FEATURES), -0.05, 0.05))
        self.blocks = nnx.List([Block(202 + 4 * i, rngs) for i in range(LAYERS)])
        self.norm = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.head = nnx.Linear(FEATURES, VOCABULARY, use_bias=False, rngs=rngs)
        set_kernel(self.head, 202 + 4 * LAYERS)

    def __call__(self, tokens):
        x = self.tokens(tokens) + self.positions[...]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def optimizer():
        return optax.adamw(3e-4, weight_decay=0.01)

    def batches():
        tokens = [integers(9000 + k, (BATCH, CONTEXT + 1), VOCABULARY) for k in range(8)]
        return [(t[:, :-1], t[:, 1:]) for t in tokens]


def training(kind, variant):
    """A function that takes the next step and returns its loss."""
    graph = variant != "nnx-tree"
    model = kind()
    optimizer = nnx.Optimizer(model, kind.optimizer(), wrt=nnx.Param, graph=graph)

    def learn(model, optimizer, x, y):
        def loss(model):
            return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()

        # In tree mode the whole model is differentiated, counts of random streams too.
        loss, grads = nnx.value_and_grad(loss, graph=graph, allow_int=not graph)(model)
        optimizer.update(model, grads)
        return loss

    if variant == "jax":
        graphdef, state = nnx.split((model, optimizer))
        leaves, structure = jax.tree.flatten(state)
        leaves = [leaf.copy() for leaf in leaves]

        def pure(leaves, x, y):
            trees = nnx.merge(graphdef, jax.tree.unflatten(structure, leaves))
            loss = learn(*trees, x, y)
            return loss, jax.tree.leaves(nnx.state(trees))

        jitted = jax.jit(pure, donate_argnums=0)

        def step(x, y):
            nonlocal leaves
            loss, leaves = jitted(leaves, x, y)
            return loss
    else:
        jitted = nnx.jit(learn, graph=graph)

        def step(x, y):
            return jitted(model, optimizer, x, y)

    batches, taken = kind.batches(), 0

    def next_step():
        nonlocal taken
        x, y = batches[taken % len(batches)]
        taken += 1
        return step(x, y)

    return next_step


def main():
    kind = {"mlp": MLP, "cnn": CNN, "gpt": GPT}[sys.argv[1]]
    print(" ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "jaxlib", "flax", "optax")), flush=True)
    step = training(kind, sys.argv[2])
    print(" ".join(repr(float(step())) for _ in range(FIRST_LOSSES)), flush=True)
    for line in sys.stdin:
        gc.collect()
        start = time.perf_counter()
        for _ in range(int(line)):
            loss = step()
        loss.block_until_ready()
        print(time.perf_counter() - start, flush=True)


main()
