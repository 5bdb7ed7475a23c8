"""The Flax twin of examples/gallery/gpt.rs: the same model, numbers and seed. `lora.py` takes the model from here."""

import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

BATCH, CONTEXT, FEATURES, HEADS, BLOCKS, TEXTS = 16, 96, 96, 4, 3, 8
TEXT = pathlib.Path(__file__).parent.parent / "data/sonnets/sonnets.txt"


class Block(nnx.Module):
    def __init__(self, rngs):
        self.up = nnx.Linear(FEATURES, 4 * FEATURES, rngs=rngs)
        self.down = nnx.Linear(4 * FEATURES, FEATURES, rngs=rngs)
        self.norm1 = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(HEADS, FEATURES, deterministic=False, decode=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(FEATURES, rngs=rngs)

    def __call__(self, x, mask):
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.down(nnx.gelu(self.up(self.norm2(x))))


class Gpt(nnx.Module):
    def __init__(self, vocabulary, rngs):
        self.embed = nnx.Embed(vocabulary, FEATURES, rngs=rngs)
        self.positions = nnx.Embed(CONTEXT, FEATURES, rngs=rngs)
        self.blocks = nnx.List([Block(rngs) for _ in range(BLOCKS)])
        self.norm = nnx.LayerNorm(FEATURES, rngs=rngs)

    def __call__(self, tokens, places=None):
        mask = nnx.make_causal_mask(tokens) if places is None else None
        places = jnp.arange(tokens.shape[1]) if places is None else places
        x = self.embed(tokens) + self.positions(places)
        for block in self.blocks:
            x = block(x, mask)
        return self.embed.attend(self.norm(x))


def loss_fn(model, windows):
    logits = model(windows[:, :-1])
    return optax.softmax_cross_entropy_with_integer_labels(logits, windows[:, 1:]).mean()


def draw(key, text):
    starts = jax.random.randint(key, (BATCH, 1), 0, len(text) - CONTEXT)
    return text[starts + jnp.arange(CONTEXT + 1)]


@nnx.jit
def train_step(model, optimizer, draws, text):
    loss, grads = nnx.value_and_grad(loss_fn)(model, draw(draws(), text))
    optimizer.update(model, grads)
    return loss


test = nnx.jit(loss_fn)


@nnx.jit
def write(model, draws):
    model = nnx.view(model, decode=True, deterministic=True)
    for block in model.blocks:
        block.attention.init_cache((TEXTS, CONTEXT, FEATURES))
    graph, state = nnx.split(model)

    def step(carry, x):
        (state, token), (key, place) = carry, x
        model = nnx.merge(graph, state)
        token = jax.random.categorical(key, model(token[:, None], place[None]).squeeze(1) / 0.7)
        return (nnx.state(model), token), token

    keys = jax.random.split(draws(), CONTEXT)
    return jax.lax.scan(step, (state, jnp.zeros(TEXTS, jnp.int32)), (keys, jnp.arange(CONTEXT)))[1].T


def tokens_of(text):
    train, held_out = np.split(text, [len(text) // 10 * 9])
    windows = [held_out[i : i + CONTEXT + 1] for i in range(0, len(held_out) - CONTEXT, CONTEXT)]
    return jnp.asarray(train), np.stack(windows)


def fit(steps, step_fn, model, windows):
    for step in range(steps):
        loss = step_fn()
        if step == 0 or (step + 1) % (steps // 10) == 0:
            print(step + 1, float(loss), float(test(model, windows)))
            if step == 0:
                started = time.perf_counter()
    print(f"{(steps - 1) / (time.perf_counter() - started):.1f} steps/s")


text = TEXT.read_text()
vocabulary = sorted(set(text))
tokens = np.array([vocabulary.index(c) for c in text], np.int32)


def main():
    steps = int((sys.argv + [1500])[1])
    train, windows = tokens_of(tokens)
    rngs = nnx.Rngs(0)
    model = Gpt(len(vocabulary), rngs)
    draws = rngs.draws.fork()
    rate = optax.warmup_cosine_decay_schedule(0, 2e-3, steps // 15, steps)
    is_kernel = lambda path, _: any(getattr(p, "key", "") == "kernel" for p in path)
    mask = lambda params: jax.tree.map_with_path(is_kernel, params)
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=0.1, mask=mask))
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    step_fn = nnx.cached_partial(train_step, model, optimizer, draws)
    fit(steps, lambda: step_fn(train), model, windows)
    texts = np.asarray(write(model, draws))
    started = time.perf_counter()
    write(model, draws).block_until_ready()
    print(f"{TEXTS * CONTEXT / (time.perf_counter() - started):.0f} characters/s")
    print("".join(vocabulary[i] for i in texts[:3].flatten()))


if __name__ == "__main__":
    main()
