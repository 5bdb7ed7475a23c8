"""Writes more reference values from Flax NNX and Optax in the format of data/: layers with arguments that are
not the defaults, attention, initializers, losses, schedules, gradient transformations, distributions. Run by
hand, on a CPU:

    python -m venv FOLDER && FOLDER/bin/pip install jax==0.10.2 flax==0.12.8 optax==0.2.8 safetensors
    FOLDER/bin/python tests/golden/generate.py tests/golden/more [SEED [AREA …]]

With AREAs these alone are written anew, of those in `transformations.py`.
Every case is compared by `cargo xtask golden DIR`. SEED (default 0) moves all inputs and keys; shapes
and calls stay, so a folder made with another seed is compared by the same code.

A folder has an index.json and a safetensors file per area. Tensors are CASE/in.NAME (inputs and the
state before the call), CASE/out.NAME, CASE/grad.NAME (the gradient of sum(out.y * in.ct)) and
CASE/after.NAME (the state after the call). Keys appear as their data, bf16 and f16 as f32.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import flax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import transformations
from flax import nnx
from flax.nnx.nn.attention import dot_product_attention_weights
from flax.nnx.nn.recurrent import flip_sequences
from safetensors.numpy import save_file

OUT = pathlib.Path(sys.argv[1])
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 0
RANDOM = np.random.RandomState(5000 + SEED)


def sample(*shape, low=-1.0, high=1.0):
    """A constant input."""
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def rngs():
    return nnx.Rngs(SEED)


def plain(x):
    """The array that a file holds."""
    x = jnp.asarray(x)
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = jax.random.key_data(x)
    if x.dtype in (jnp.bfloat16, jnp.float16):
        x = x.astype(jnp.float32)
    x = np.asarray(x)
    return x.astype(np.uint8) if x.dtype == np.bool_ else x


class Area:
    """The cases of one file."""

    def __init__(self, name):
        self.name, self.tensors, self.index = name, {}, {}

    def case(self, name, call, tolerance, tensors):
        for tensor, value in tensors.items():
            self.tensors[f"{name}/{tensor}"] = np.ascontiguousarray(plain(value))
        self.index[name] = {"call": call, "tol": tolerance, "tensors": list(tensors)}

    def function(self, name, call, f, tolerance=1e-5, **inputs):
        """f of the inputs, and the gradient in each of them that is a float."""
        y = f(**inputs)
        tensors = {f"in.{k}": v for k, v in inputs.items()} | {"out.y": y}
        floats = [k for k, v in inputs.items() if v.dtype == np.float32]
        if floats and jnp.issubdtype(y.dtype, jnp.floating):
            ct = sample(*y.shape)
            tensors["in.ct"] = ct
            weighted = lambda some: jnp.sum(f(**(inputs | some)).astype(jnp.float32) * ct)
            grads = jax.grad(weighted)({k: jnp.asarray(inputs[k]) for k in floats})
            tensors |= {f"grad.{k}": v for k, v in grads.items()}
        self.case(name, call, tolerance, tensors)

    def layer(self, name, call, module, x, forward=None, tolerance=2e-5, inputs={}):
        """A Module's call: its state before and after, result and gradients."""
        forward = forward or (lambda m, x: m(x))
        leaves = lambda tree, prefix: {
            prefix + ".".join(map(str, path)): leaf[...] for path, leaf in nnx.to_flat_state(tree)
        }
        tensors = leaves(nnx.state(module), "in.state.")
        graphdef, params, rest = nnx.split(module, nnx.Param, ...)

        def run(params, x):
            copy = lambda tree: jax.tree.map(lambda a: a, tree)
            model = nnx.merge(graphdef, copy(params), copy(rest))
            return forward(model, x), nnx.state(model, nnx.Not(nnx.Param))

        y, after = run(params, x)
        ct = sample(*y.shape)
        loss = lambda params, x: jnp.sum(run(params, x)[0].astype(jnp.float32) * ct)
        grads = jax.grad(loss, argnums=(0, 1))(params, jnp.asarray(x))
        tensors |= {"in.x": x, "in.ct": ct, "out.y": y, "grad.x": grads[1]}
        tensors |= {f"in.{k}": v for k, v in inputs.items()}
        tensors |= leaves(grads[0], "grad.") | leaves(after, "after.")
        self.case(name, call, tolerance, tensors)

    def done(self, index):
        save_file(self.tensors, OUT / f"{self.name}.safetensors")
        index["files"][self.name] = self.index
        print(self.name, len(self.index), "cases,", sum(v.nbytes for v in self.tensors.values()), "bytes")


def convolutions(area):
    conv = lambda *args, **kw: nnx.Conv(*args, rngs=rngs(), **kw)
    transpose = lambda *args, **kw: nnx.ConvTranspose(*args, rngs=rngs(), **kw)
    case = area.layer
    line, image, volume = (2, 9, 3), (2, 6, 7, 3), (2, 4, 5, 3, 2)
    case("conv_causal_dilated", "Conv(3, 5, 3, kernel_dilation=2, padding='CAUSAL')",
         conv(3, 5, 3, kernel_dilation=2, padding="CAUSAL"), sample(*line))
    case("conv_causal_stride", "Conv(3, 5, 4, 2, padding='CAUSAL')",
         conv(3, 5, 4, 2, padding="CAUSAL"), sample(*line))
    case("conv_circular_even", "Conv(3, 5, (4, 3), (2, 1), padding='CIRCULAR')",
         conv(3, 5, (4, 3), (2, 1), padding="CIRCULAR"), sample(*image))
    case("conv_circular_dilated", "Conv(3, 5, (3, 2), kernel_dilation=(1, 3), padding='CIRCULAR')",
         conv(3, 5, (3, 2), kernel_dilation=(1, 3), padding="CIRCULAR"), sample(*image))
    case("conv_circular_wide", "Conv(3, 5, 7, padding='CIRCULAR'), 2 places",
         conv(3, 5, 7, padding="CIRCULAR"), sample(2, 2, 3))
    case("conv_reflect", "Conv(3, 5, (4, 3), padding='REFLECT')",
         conv(3, 5, (4, 3), padding="REFLECT"), sample(*image))
    case("conv_reflect_wide", "Conv(3, 5, 7, padding='REFLECT'), 3 places",
         conv(3, 5, 7, padding="REFLECT"), sample(2, 3, 3))
    case("conv_explicit", "Conv(3, 5, (3, 3), padding=((1, 2), (0, 3)))",
         conv(3, 5, (3, 3), padding=((1, 2), (0, 3))), sample(*image))
    case("conv_mask", "Conv(3, 5, 3, mask=M)",
         conv(3, 5, 3, mask=jnp.asarray(np.arange(45).reshape(3, 3, 5) % 3 == 0, jnp.float32)),
         sample(*line))
    case("conv_3d", "Conv(2, 4, (2, 3, 2), (1, 2, 1), feature_group_count=2)",
         conv(2, 4, (2, 3, 2), (1, 2, 1), feature_group_count=2), sample(*volume))
    case("conv_depthwise", "Conv(3, 6, (3, 3), feature_group_count=3, use_bias=False)",
         conv(3, 6, (3, 3), feature_group_count=3, use_bias=False), sample(*image))
    case("conv_input_dilation", "Conv(3, 5, 3, input_dilation=2, padding=((1, 2),))",
         conv(3, 5, 3, input_dilation=2, padding=((1, 2),)), sample(*line))
    case("conv_one", "Conv(3, 5, 3), no batch axis", conv(3, 5, 3), sample(*line[1:]))
    case("conv_batches", "Conv(3, 5, 3), two batch axes", conv(3, 5, 3), sample(2, *line))
    case("conv_bf16", "Conv(3, 5, 3, dtype=bfloat16)", conv(3, 5, 3, dtype=jnp.bfloat16),
         sample(*line), tolerance=2e-2)
    case("conv_transpose_valid", "ConvTranspose(3, 5, (3, 2), (2, 3), padding='VALID')",
         transpose(3, 5, (3, 2), (2, 3), padding="VALID"), sample(*image))
    case("conv_transpose_explicit", "ConvTranspose(3, 5, (3, 3), padding=((1, 2), (0, 1)))",
         transpose(3, 5, (3, 3), padding=((1, 2), (0, 1))), sample(*image))
    case("conv_transpose_circular", "ConvTranspose(3, 5, (4, 3), (2, 1), padding='CIRCULAR')",
         transpose(3, 5, (4, 3), (2, 1), padding="CIRCULAR"), sample(*image))
    case("conv_transpose_kernel",
         "ConvTranspose(3, 5, (4, 3), 2, padding='CIRCULAR', transpose_kernel=True)",
         transpose(3, 5, (4, 3), 2, padding="CIRCULAR", transpose_kernel=True), sample(*image))
    case("conv_transpose_dilated",
         "ConvTranspose(3, 5, 3, 2, kernel_dilation=2, transpose_kernel=True, use_bias=False)",
         transpose(3, 5, 3, 2, kernel_dilation=2, transpose_kernel=True, use_bias=False),
         sample(*line))
    case("conv_transpose_mask", "ConvTranspose(3, 5, 3, mask=M), no batch axis",
         transpose(3, 5, 3, mask=jnp.asarray(np.arange(45).reshape(3, 3, 5) % 3 == 0, jnp.float32)),
         sample(*line[1:]))
    case("conv_transpose_3d", "ConvTranspose(2, 3, (2, 2, 3), 2)",
         transpose(2, 3, (2, 2, 3), 2), sample(*volume))


def linears(area):
    case = area.layer
    case("linear_general_batch", "LinearGeneral((3, 4), 5, axis=(1, 3), batch_axis={0: 2})",
         nnx.LinearGeneral((3, 4), 5, axis=(1, 3), batch_axis={0: 2}, rngs=rngs()),
         sample(2, 3, 6, 4))
    case("linear_general_bf16", "LinearGeneral(3, (4, 5), dtype=bfloat16, use_bias=False)",
         nnx.LinearGeneral(3, (4, 5), dtype=jnp.bfloat16, use_bias=False, rngs=rngs()),
         sample(2, 6, 3), tolerance=2e-2)
    case("einsum_ellipsis", "Einsum('...ab,bc->...ac', (4, 5), (5,))",
         nnx.Einsum("...ab,bc->...ac", (4, 5), (5,), rngs=rngs()), sample(2, 3, 6, 4))
    normal = nnx.initializers.normal(0.5)
    case("lora", "LoRA(5, 2, 7, b_initializer=normal(0.5))",
         nnx.LoRA(5, 2, 7, b_initializer=normal, rngs=rngs()), sample(4, 5))
    case("lora_linear_trained", "LoRALinear(5, 7, lora_rank=3, b_initializer=normal(0.5))",
         nnx.LoRALinear(5, 7, lora_rank=3, b_initializer=normal, rngs=rngs()), sample(4, 5))
    case("prelu_slope", "PReLU(0.25)", nnx.PReLU(0.25), sample(4, 5))
    linear = lambda: nnx.Linear(5, 7, rngs=rngs())
    case("spectral_norm_steps", "SpectralNorm(Linear(5, 7), n_steps=3, epsilon=1e-3)",
         nnx.SpectralNorm(linear(), n_steps=3, epsilon=1e-3, rngs=rngs()), sample(4, 5),
         tolerance=1e-4)
    case("spectral_norm_conv", "SpectralNorm(Conv(3, 5, 3)), update_stats=False",
         nnx.SpectralNorm(nnx.Conv(3, 5, 3, rngs=rngs()), rngs=rngs()), sample(2, 6, 3),
         forward=lambda m, x: m(x, update_stats=False), tolerance=1e-4)
    case("weight_norm_whole", "WeightNorm(Linear(5, 7), feature_axes=None, scale_init=constant(0.5))",
         nnx.WeightNorm(linear(), feature_axes=None, scale_init=nnx.initializers.constant(0.5),
                        rngs=rngs()), sample(4, 5))
    case("weight_norm_plain", "WeightNorm(Conv(3, 5, 3), feature_axes=(0, 2), use_scale=False)",
         nnx.WeightNorm(nnx.Conv(3, 5, 3, rngs=rngs()), feature_axes=(0, 2), use_scale=False,
                        rngs=rngs()), sample(2, 6, 3))


def attention(area):
    case = area.layer
    mha = lambda *args, **kw: nnx.MultiHeadAttention(*args, rngs=rngs(), **kw)
    x, kv, v = sample(2, 5, 8), sample(2, 6, 4), sample(2, 6, 4)
    case("mha_cross", "MultiHeadAttention(2, 8, 12, 6, in_kv_features=4)(x, k, v)",
         mha(2, 8, 12, 6, in_kv_features=4, decode=False), x,
         forward=lambda m, x: m(x, kv, v), inputs={"k": kv, "v": v})
    case("mha_groups", "MultiHeadAttention(4, 8, num_kv_heads=2, use_bias=False)(x, is_causal=True)",
         mha(4, 8, num_kv_heads=2, use_bias=False, decode=False), sample(2, 5, 8),
         forward=lambda m, x: m(x, is_causal=True))
    case("mha_normalized", "MultiHeadAttention(2, 8, normalize_qk=True)",
         mha(2, 8, normalize_qk=True, decode=False), sample(2, 5, 8))
    for name, broadcast in (("mha_dropout", True), ("mha_dropout_each", False)):
        case(name, f"MultiHeadAttention(2, 8, dropout_rate=0.4, broadcast_dropout={broadcast})",
             mha(2, 8, dropout_rate=0.4, broadcast_dropout=broadcast, deterministic=False,
                 decode=False), sample(3, 5, 8))
    mask = np.asarray(RANDOM.uniform(size=(2, 1, 5, 5)) < 0.7)
    case("mha_mask_causal", "MultiHeadAttention(2, 8)(x, mask=M, is_causal=True)",
         mha(2, 8, decode=False), sample(2, 5, 8),
         forward=lambda m, x: m(x, mask=mask, is_causal=True), inputs={"mask": mask})
    case("mha_bf16", "MultiHeadAttention(2, 8, dtype=bfloat16)",
         mha(2, 8, dtype=jnp.bfloat16, decode=False), sample(2, 5, 8), tolerance=3e-2)

    decoder = mha(2, 8, decode=True)
    decoder.init_cache((2, 4, 8))
    tokens = lambda x: [x[:, i:i + 1] for i in range(x.shape[1])]
    case("mha_decode", "MultiHeadAttention(2, 8, decode=True), a token at a time", decoder,
         sample(2, 4, 8), forward=lambda m, x: jnp.concatenate([m(t) for t in tokens(x)], 1))

    dot = nnx.dot_product_attention
    q, k, v = sample(2, 5, 4, 6), sample(2, 7, 4, 6), sample(2, 7, 4, 6)
    area.function("dot_product_attention", "dot_product_attention(q, k, v)",
                  lambda q, k, v: dot(q, k, v), q=q, k=k, v=v)
    bias, mask = sample(2, 4, 5, 7), np.asarray(RANDOM.uniform(size=(1, 1, 5, 7)) < 0.7)
    area.function("dot_product_attention_bias", "dot_product_attention(q, k, v, bias, mask)",
                  lambda q, k, v, bias, mask: dot(q, k, v, bias, mask), q=q, k=k, v=v,
                  bias=bias, mask=mask)
    area.function("dot_product_attention_groups", "dot_product_attention(…, is_causal=True)",
                  lambda q, k, v: dot(q, k, v, is_causal=True), q=q, k=sample(2, 7, 2, 6),
                  v=sample(2, 7, 2, 6))
    area.function("dot_product_attention_bf16", "dot_product_attention(…, dtype=bfloat16)",
                  lambda q, k, v: dot(q, k, v, dtype=jnp.bfloat16), tolerance=2e-2, q=q, k=k, v=v)
    few, some = np.asarray([5, 2], np.int32), np.asarray([3, 7], np.int32)
    area.function("dot_product_attention_lengths",
                  "jax.nn.dot_product_attention(q, k, v, query_seq_lengths, key_value_seq_lengths)",
                  lambda q, k, v: jax.nn.dot_product_attention(
                      q, k, v, query_seq_lengths=few, key_value_seq_lengths=some), q=q, k=k, v=v)
    area.function("dot_product_attention_window",
                  "jax.nn.dot_product_attention(…, scale=0.5, local_window_size=(2, 1))",
                  lambda q, k, v: jax.nn.dot_product_attention(
                      q, k, v, scale=0.5, local_window_size=(2, 1)), q=q, k=k, v=v)
    key = jax.random.key(SEED + 3)
    for name, broadcast in (("dropout", True), ("dropout_each", False)):
        area.function(f"dot_product_attention_{name}",
                      f"dot_product_attention(…, broadcast_dropout={broadcast}, dropout_rate=0.3)",
                      lambda q, k, v: dot(q, k, v, broadcast_dropout=broadcast, dropout_rng=key,
                                          dropout_rate=0.3), q=q, k=k, v=v)
    area.function("dot_product_attention_weights", "dot_product_attention_weights(q, k, bias, mask)",
                  lambda q, k, bias, mask: dot_product_attention_weights(q, k, bias, mask),
                  q=q, k=k, bias=bias, mask=mask)
    valid = np.asarray([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)
    area.function("make_attention_mask", "make_attention_mask(a, b, extra_batch_dims=1)",
                  lambda a, b: nnx.make_attention_mask(a, b, extra_batch_dims=1), a=valid,
                  b=valid[:, :3])
    area.function("make_causal_mask", "make_causal_mask(a, dtype=int32)",
                  lambda a: nnx.make_causal_mask(a, dtype=jnp.int32), a=valid)


def recurrent(area):
    case = area.layer
    x, lengths = (3, 6, 4), np.asarray([6, 2, 4], np.int32)
    cells = {
        "lstm": lambda: nnx.LSTMCell(4, 5, rngs=rngs()),
        "optimized_lstm": lambda: nnx.OptimizedLSTMCell(4, 5, rngs=rngs()),
        "gru": lambda: nnx.GRUCell(4, 5, rngs=rngs()),
        "simple": lambda: nnx.SimpleCell(4, 5, rngs=rngs()),
    }
    hidden = lambda carry: carry[1] if isinstance(carry, tuple) else carry

    def both(rnn, x, **kw):
        """The last hidden state in front of the results."""
        carry, y = rnn(x, seq_lengths=lengths, return_carry=True, **kw)
        return jnp.concatenate([jnp.expand_dims(hidden(carry), 1), y], 1)

    for name, cell in cells.items():
        case(f"rnn_{name}_lengths", "RNN(cell)(x, seq_lengths=[6, 2, 4], return_carry=True)",
             nnx.RNN(cell(), rngs=rngs()), sample(*x), forward=both, tolerance=5e-5)
    case("rnn_reverse", "RNN(GRUCell, reverse=True)",
         nnx.RNN(cells["gru"](), reverse=True, rngs=rngs()), sample(*x))
    case("rnn_reverse_lengths", "RNN(GRUCell, reverse=True, keep_order=True)(x, seq_lengths=…)",
         nnx.RNN(cells["gru"](), reverse=True, keep_order=True, rngs=rngs()), sample(*x),
         forward=both)
    case("rnn_time_major", "RNN(LSTMCell, time_major=True, unroll=2)",
         nnx.RNN(cells["lstm"](), time_major=True, unroll=2, rngs=rngs()), sample(6, 2, 4))
    case("rnn_batches", "RNN(GRUCell), two batch axes", nnx.RNN(cells["gru"](), rngs=rngs()),
         sample(2, 3, 5, 4))
    case("rnn_one", "RNN(GRUCell), no batch axis", nnx.RNN(cells["gru"](), rngs=rngs()), sample(5, 4))
    carry = sample(3, 5)
    case("rnn_carry", "RNN(SimpleCell(residual=True))(x, initial_carry=h)",
         nnx.RNN(nnx.SimpleCell(4, 5, residual=True, rngs=rngs()), rngs=rngs()), sample(*x),
         forward=lambda m, x: m(x, initial_carry=carry), inputs={"h": carry})
    case("rnn_functions", "RNN(GRUCell(gate_fn=hard_sigmoid, activation_fn=relu))",
         nnx.RNN(nnx.GRUCell(4, 5, gate_fn=nnx.hard_sigmoid, activation_fn=nnx.relu, rngs=rngs()),
                 rngs=rngs()), sample(*x))
    case("rnn_carry_init", "RNN(LSTMCell(carry_init=normal(1.0)))",
         nnx.RNN(nnx.LSTMCell(4, 5, carry_init=nnx.initializers.normal(1.0), rngs=rngs()),
                 rngs=rngs()), sample(*x))
    two = lambda: (nnx.RNN(cells["gru"](), rngs=rngs()), nnx.RNN(cells["simple"](), rngs=rngs()))
    case("bidirectional", "Bidirectional(RNN(GRUCell), RNN(SimpleCell))",
         nnx.Bidirectional(*two(), rngs=rngs()), sample(*x))
    case("bidirectional_lengths", "Bidirectional(…, merge_fn=multiply)(x, seq_lengths=…)",
         nnx.Bidirectional(*two(), merge_fn=jnp.multiply, rngs=rngs()), sample(*x),
         forward=lambda m, x: m(x, seq_lengths=lengths))
    whole = np.asarray(RANDOM.randint(0, 9, (3, 5, 2)), np.int32)
    area.function("flip_sequences", "flip_sequences(x, n, 1, False)",
                  lambda x, n: flip_sequences(x, n, 1, False), x=whole,
                  n=np.asarray([1, 3, 5], np.int32))


def initializers(area):
    init, key = nnx.initializers, jax.random.key(7 + SEED)

    def case(name, f, shape, dtype=jnp.float32, tolerance=2e-6):
        area.case(name, f"{name}, {shape}", tolerance, {"out.y": f(key, shape, dtype)})

    for mode in ("fan_in", "fan_out", "fan_avg", "fan_geo_avg"):
        for kind in ("normal", "truncated_normal", "uniform"):
            case(f"variance_scaling_{mode}_{kind}", init.variance_scaling(2.0, mode, kind), (3, 4, 6))
    case("variance_scaling_axes",
         init.variance_scaling(1.0, "fan_avg", "uniform", in_axis=0, out_axis=(2, 3), batch_axis=1),
         (3, 2, 4, 6))
    for size in (1, 2, 3):
        case(f"delta_orthogonal_{size}d", init.delta_orthogonal(1.5), (3, 4, 5)[:size] + (4, 6),
             tolerance=1e-5)
    case("orthogonal_axis", init.orthogonal(2.0, 0), (6, 2, 5), tolerance=1e-5)
    case("truncated_normal_bounds", init.truncated_normal(0.5, lower=-1.0, upper=3.0), (40,))
    case("normal_bf16", init.normal(1.0), (20,), jnp.bfloat16, tolerance=1e-2)
    case("lecun_normal_f16", init.lecun_normal(), (6, 8), jnp.float16, tolerance=2e-3)


def pools(area):
    x = sample(2, 6, 7, 3)
    for name, f in {
        "max_pool_same": lambda x: nnx.max_pool(x, (3, 2), (2, 2), "SAME"),
        "min_pool_explicit": lambda x: nnx.min_pool(x, (3, 3), (1, 2), ((1, 1), (0, 2))),
        "avg_pool_no_pad": lambda x: nnx.avg_pool(x, (3, 3), (2, 2), "SAME", count_include_pad=False),
        "avg_pool_explicit": lambda x: nnx.avg_pool(x, (2, 3), (2, 1), ((1, 0), (1, 1))),
        "pool_sum": lambda x: nnx.pool(x, 0.0, jax.lax.add, (2, 2), (2, 2), "VALID"),
    }.items():
        area.function(name, name, f, x=x)
    area.function("max_pool_one", "max_pool(x, (2,)), no batch axis",
                  lambda x: nnx.max_pool(x, (2,)), x=sample(5, 3))


def losses(area):
    from optax import losses as l

    logits, soft = sample(5, 4, low=-3, high=3), np.asarray(jax.nn.softmax(sample(5, 4)))
    whole = RANDOM.randint(0, 4, 5).astype(np.int32)
    hard = np.eye(4, dtype=np.float32)[whole]
    signs = np.sign(sample(5, 4)).astype(np.float32)
    log_p = np.asarray(jax.nn.log_softmax(logits))
    sparse = soft * (sample(5, 4) > 0)
    in_order = lambda f: lambda **named: f(*named.values())
    case = area.function
    case("safe_softmax", "safe_softmax_cross_entropy(x, p)", in_order(l.safe_softmax_cross_entropy), x=logits, p=soft)
    # Without slopes in the labels: there the reference is infinite.
    masked = np.where(hard == 0, -np.inf, logits).astype(np.float32)
    masked[:, 0] = logits[:, 0]
    case("safe_softmax_masked", "safe_softmax_cross_entropy, classes of probability 0",
         lambda x: l.safe_softmax_cross_entropy(x, hard), x=masked)
    area.tensors["safe_softmax_masked/in.p"] = hard
    area.index["safe_softmax_masked"]["tensors"].append("in.p")
    case("focal", "sigmoid_focal_loss(x, p)", in_order(l.sigmoid_focal_loss), x=logits, p=soft)
    case("focal_alpha", "sigmoid_focal_loss(x, p, alpha=0.25, gamma=1.5)",
         lambda x, p: l.sigmoid_focal_loss(x, p, alpha=0.25, gamma=1.5), x=logits, p=hard)
    case("hinge", "hinge_loss(x, s)", in_order(l.hinge_loss), x=logits, s=signs)
    case("perceptron", "perceptron_loss(x, s)", in_order(l.perceptron_loss), x=logits, s=signs)
    case("multiclass_hinge", "multiclass_hinge_loss(x, i)", in_order(l.multiclass_hinge_loss), x=logits, i=whole)
    case("multiclass_perceptron", "multiclass_perceptron_loss(x, i)", in_order(l.multiclass_perceptron_loss),
         x=logits, i=whole)
    case("sparsemax", "sparsemax_loss(x, i)", lambda x, i: l.sparsemax_loss(x, i), x=logits[:, 0],
         i=(whole % 2).astype(np.int32))
    case("poly", "poly_loss_cross_entropy(x, p, epsilon=-1)",
         lambda x, p: l.poly_loss_cross_entropy(x, p, epsilon=-1.0), x=logits, p=soft)
    case("kl", "kl_divergence(q, p)", in_order(l.kl_divergence), q=log_p, p=soft)
    case("kl_sparse", "kl_divergence(q, p), some p are 0", lambda q: l.kl_divergence(q, sparse), q=log_p)
    area.tensors["kl_sparse/in.p"] = sparse
    area.index["kl_sparse"]["tensors"].append("in.p")
    case("kl_log", "kl_divergence_with_log_targets(q, p)", in_order(l.kl_divergence_with_log_targets), q=log_p,
         p=np.log(soft))
    case("kl_generalized", "generalized_kl_divergence(q, p)", in_order(l.generalized_kl_divergence), q=log_p, p=soft)
    case("log_cosh", "log_cosh(x, t)", in_order(l.log_cosh), x=20 * sample(5, 4), t=sample(5, 4))
    case("cosine_distance", "cosine_distance(x, t)", in_order(l.cosine_distance), x=sample(5, 4), t=sample(5, 4))
    case("triplet", "triplet_margin_loss(a, p, n, margin=0.5)",
         lambda a, p, n: l.triplet_margin_loss(a, p, n, margin=0.5),
         a=sample(5, 4), p=sample(5, 4), n=sample(5, 4))
    case("ntxent", "ntxent(x, i, temperature=0.3)",
         lambda x, i: l.ntxent(x, i, temperature=0.3)[None], x=sample(6, 4),
         i=np.asarray([0, 1, 0, 2, 1, 0], np.int32), tolerance=2e-5)
    case("ranking", "ranking_softmax_loss(x, p, reduce_fn=None)",
         lambda x, p: l.ranking_softmax_loss(x, p, reduce_fn=None), x=logits, p=soft)
    kept = np.asarray(sample(5, 4) > -0.5)
    kept[0], kept[1, 0] = False, True
    case("ranking_mask", "ranking_softmax_loss(x, p, where=m, reduce_fn=None)",
         lambda x, p, m: l.ranking_softmax_loss(x, p, where=m, reduce_fn=None), x=logits, p=soft, m=kept)
    case("smooth", "smooth_labels(p, 0.1)", lambda p: optax.smooth_labels(p, 0.1), p=hard)
    image = np.asarray(sample(2, 3, 5, 4))
    targets = np.eye(4, dtype=np.float32)[RANDOM.randint(0, 4, (2, 3, 5))]
    case("dice", "dice_loss(x, t, smooth=0.5, reduction='none')",
         lambda x, t: l.dice_loss(x, t, smooth=0.5, reduction="none"), x=image, t=targets)
    case("dice_binary", "dice_loss of one class",
         lambda x, t: l.dice_loss(x, t, reduction="none"), x=image[..., :1], t=targets[..., :1])
    speech = sample(4, 7, 5, low=-2, high=2)
    words = np.asarray([[1, 2, 3], [2, 2, 4], [4, 1, 0], [3, 0, 0]], np.int32)
    word_paddings = np.asarray([[0, 0, 0], [0, 0, 0], [0, 0, 1], [1, 1, 1]], np.float32)
    frame_paddings = np.asarray(np.arange(7) >= np.asarray([[7], [6], [4], [5]]), np.float32)
    ctc = lambda blank: lambda x: l.ctc_loss(x, frame_paddings, words, word_paddings, blank_id=blank)
    for name, blank in ("ctc", 0), ("ctc_blank", 4):
        case(name, f"ctc_loss, blank {blank}", ctc(blank), x=speech, tolerance=2e-5)
        for tensor, value in {"xp": frame_paddings, "y": words, "yp": word_paddings}.items():
            area.tensors[f"{name}/in.{tensor}"] = value
            area.index[name]["tensors"].append(f"in.{tensor}")


def schedules(area):
    cosine = dict(init_value=0.0, peak_value=0.1, warmup_steps=2, decay_steps=6, end_value=0.01)
    for name, schedule in {
        "warmup_constant": optax.warmup_constant_schedule(0.1, 0.7, 6),
        "warmup_exponential": optax.warmup_exponential_decay_schedule(
            0.0, 0.5, 4, 5, 0.6, transition_begin=2, staircase=True, end_value=0.15),
        "linear_onecycle": optax.linear_onecycle_schedule(20, 0.5),
        "cosine_onecycle": optax.cosine_onecycle_schedule(13, 0.3),
        "interpolate_linear": optax.piecewise_interpolate_schedule("linear", 0.4, {4: 3.0, 11: 0.2}),
        "interpolate_cosine": optax.piecewise_interpolate_schedule("cosine", 0.4, {4: 3.0, 11: 0.2}),
        "sgdr": optax.sgdr_schedule([cosine, cosine | dict(decay_steps=10, peak_value=0.05)]),
        "cosine_exponent": optax.cosine_decay_schedule(0.1, 20, 0.1, exponent=1.7),
        "warmup_cosine_exponent": optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 20, 0.01, exponent=2.0),
    }.items():
        values = jnp.stack([jnp.asarray(schedule(jnp.asarray(i)), jnp.float32) for i in range(25)])
        area.case(name, name, 2e-6, {"out.y": values})


def updates(area):
    steps = 20
    bias = lambda yes: {"b": yes, "w": not yes}
    rank = lambda params: jax.tree.map(lambda p: p.ndim > 1, params)
    every = {
        "clip": optax.clip(0.3),
        "adaptive_grad_clip": optax.adaptive_grad_clip(0.2),
        "zero_nans": optax.zero_nans(),
        "keep_params_nonnegative": optax.keep_params_nonnegative(),
        "param_block_norm": optax.scale_by_param_block_norm(),
        "update_norm": optax.normalize_by_update_norm(2.0),
        "centralize": optax.centralize(),
        "ema": optax.ema(0.8),
        "ema_biased": optax.ema(0.8, debias=False),
        "sign_sgd": optax.sign_sgd(0.05),
        "signum": optax.signum(0.05, 0.7),
        "adamaxw": optax.adamaxw(0.02, weight_decay=0.1, mask=rank),
        "nadamw": optax.nadamw(0.02, eps_root=1e-6),
        "yogi": optax.yogi(0.02),
        "novograd": optax.novograd(0.02, weight_decay=0.1),
        "adan": optax.adan(0.02, weight_decay=0.1),
        "rprop": optax.rprop(0.02),
        "optimistic": optax.optimistic_gradient_descent(0.02, alpha=0.7, beta=0.4),
        "optimistic_adam": optax.optimistic_adam_v2(0.02, beta=0.5),
        "noisy_sgd": optax.noisy_sgd(0.02, key=3),
        "apply_if_finite": optax.apply_if_finite(optax.adam(0.02), 1),
        "adamw_mask": optax.adamw(0.02, weight_decay=0.3, mask=rank),
        "partition": optax.partition({"a": optax.sgd(0.1), "b": optax.adam(0.02)}, {"b": "a", "w": "b"}),
        "masked": optax.masked(optax.adam(0.02), bias(True)),
        "freeze": optax.chain(optax.adam(0.02), optax.transforms.freeze(bias(False))),
        "rmsprop": optax.rmsprop(0.02, decay=0.8, eps=1e-3, initial_scale=0.5, momentum=0.6, nesterov=True),
        "lamb": optax.lamb(0.02, b1=0.8, weight_decay=0.1, mask=rank),
        "lion": optax.lion(0.02, weight_decay=0.1, mask=rank),
    }
    params = {"b": sample(3), "w": sample(2, 3)}
    gradients = {"b": sample(steps, 3), "w": sample(steps, 2, 3)}
    # Zeros, huge and tiny ones, and one step of zeros alone.
    gradients["w"][2:5, 0, 0] = 0
    gradients["w"][:, 1, 1] *= 1e-6
    gradients["b"][7] = 1e4
    for k in gradients:
        gradients[k][11] = 0
    broken = jax.tree.map(np.copy, gradients)
    broken["w"][3, 1, 0], broken["b"][8:11, 0] = np.nan, np.inf
    for name, tx in every.items():
        given = broken if name in ("zero_nans", "apply_if_finite") else gradients
        if name == "zero_nans":
            given = jax.tree.map(lambda g: np.where(np.isinf(g), np.nan, g), broken)
        now, state, after = params, tx.init(params), []
        for i in range(steps):
            change, state = tx.update(jax.tree.map(lambda g: g[i], given), state, now)
            now = optax.apply_updates(now, change)
            after.append(now)
        tensors = {f"in.{k}": v for k, v in params.items()} | {f"in.g{k}": v for k, v in given.items()}
        tensors |= {f"out.{k}": np.stack([a[k] for a in after]) for k in params}
        area.case(name, name, 2e-5, tensors)


def distributions(area):
    key = jax.random.key(SEED + 11)
    r = jax.random
    shape = (3, 4)
    half = {"f16": jnp.float16, "bf16": jnp.bfloat16}

    def case(name, call, f, tolerance=2e-5, **inputs):
        area.function(name, call, lambda **kw: f(key, **kw), tolerance, **inputs)

    for name in ("laplace", "logistic", "cauchy", "maxwell"):
        f = getattr(r, name)
        case(name, f"{name}(key, (3, 4))", lambda key: f(key, shape))
        for short, dtype in half.items():
            case(f"{name}_{short}", f"{name}(key, (3, 4), {short})", lambda key: f(key, shape, dtype), 2e-2)
    case("rademacher", "rademacher(key, (3, 4), int8)", lambda key: r.rademacher(key, shape, jnp.int8))

    positive = lambda *shape: sample(*shape, low=0.2, high=4.0)
    row, column = positive(4), positive(3, 1)
    mixed = np.asarray([[0.02, 0.3, 0.999, 1.0], [1.5, 7.0, 40.0, 1000.0], [0.1, 2.0, 3.0, 12.0]], np.float32)
    case("lognormal", "lognormal(key, sigma, (3, 4))", lambda key, a: r.lognormal(key, a, shape), a=row)
    case("pareto", "pareto(key, b, (3, 4))", lambda key, a: r.pareto(key, a, shape), a=column)
    case("rayleigh", "rayleigh(key, scale, (3, 4))", lambda key, a: r.rayleigh(key, a, shape), a=row)
    case("weibull_min", "weibull_min(key, scale, concentration, (3, 4))",
         lambda key, a, b: r.weibull_min(key, a, b, shape), a=row, b=column)
    case("triangular", "triangular(key, left, mode, right, (3, 4))",
         lambda key, a, b, c: r.triangular(key, a, a + b, a + b + c, shape),
         a=row, b=column, c=positive())
    case("double_sided_maxwell", "double_sided_maxwell(key, loc, scale)",
         lambda key, a, b: r.double_sided_maxwell(key, a, b, (3,)), a=row, b=positive(4))
    case("wald", "wald(key, mean, (3, 4))", lambda key, a: r.wald(key, a, shape), a=column)

    case("gamma", "gamma(key, a)", lambda key, a: r.gamma(key, a), 1e-4, a=mixed)
    case("gamma_many", "gamma(key, 0.7, (500,))", lambda key: r.gamma(key, 0.7, (500,)))
    case("loggamma", "loggamma(key, a)", lambda key, a: r.loggamma(key, a), 1e-4, a=mixed)
    case("loggamma_tiny", "loggamma(key, 1e-3, (20,))", lambda key: r.loggamma(key, 1e-3, (20,)))
    for short, dtype in half.items():
        case(f"gamma_{short}", f"gamma(key, 3, (3, 4), {short})", lambda key: r.gamma(key, 3.0, shape, dtype), 2e-2)
    case("beta", "beta(key, a, b, (3, 4))", lambda key, a, b: r.beta(key, a, b, shape), 1e-4, a=row, b=column)
    case("dirichlet", "dirichlet(key, alpha, (2, 3))", lambda key, a: r.dirichlet(key, a, (2, 3)), 1e-4, a=mixed)
    case("chisquare", "chisquare(key, df, (3, 4))", lambda key, a: r.chisquare(key, a, shape), 1e-4, a=row)
    case("t", "t(key, df, (3, 4))", lambda key, a: r.t(key, a, shape), 1e-4, a=row)
    whole = lambda x: jnp.broadcast_to(x, shape)
    case("f", "f(key, dfnum, dfden, (3, 4))",
         lambda key, a, b: r.f(key, whole(a), whole(b), shape), 1e-4, a=row, b=column)
    case("generalized_normal", "generalized_normal(key, p, (3, 4))",
         lambda key, a: r.generalized_normal(key, a, shape), 1e-4, a=row)
    case("ball", "ball(key, 3, p, (5,))", lambda key, a: r.ball(key, 3, a, (5,)), 1e-4, a=positive())

    rates = np.asarray([0.0, 0.3, 4.0, 9.9, 10.0, 35.0, 1e3, 1e6, -1.0, np.nan], np.float32)
    case("poisson", "poisson(key, rates, (20, 10))",
         lambda key, rates: r.poisson(key, rates, (20, 10)), 0, rates=rates)
    case("geometric", "geometric(key, p, (30, 4))",
         lambda key, p: r.geometric(key, p, (30, 4)), 0, p=np.asarray([0.01, 0.3, 0.9, 1.0], np.float32))
    # Without an infinite one, for which JAX does not end.
    trials = np.asarray([0, 1, 20, 100, 5000, -1], np.float32)
    chances = np.asarray([[0.0], [0.05], [0.5], [0.7], [1.0], [np.nan]], np.float32)
    plainly = lambda name, call, y, **inputs: area.case(
        name, call, 0, {f"in.{k}": v for k, v in inputs.items()} | {"out.y": y})
    plainly("binomial", "binomial(key, n, p, (9, 6, 6))", r.binomial(key, trials, chances, (9, 6, 6)),
            n=trials, p=chances)
    shares = sample(2, 5, low=0.0, high=1.0)
    shares[1, 3:] = 0
    counts = np.asarray([[30.0, 400.0]], np.float32)
    plainly("multinomial", "multinomial(key, n, p, (3, 2, 5))",
            r.multinomial(key, counts, shares, shape=(3, 2, 5)), n=counts, p=shares)

    root = sample(2, 1, 3, 3)
    cov = root @ np.swapaxes(root, -1, -2) + 0.5 * np.eye(3, dtype=np.float32)
    case("multivariate_normal", "multivariate_normal(key, mean, cov, (2, 4))",
         lambda key, mean, cov: r.multivariate_normal(key, mean, cov, (2, 4)), 1e-4,
         mean=sample(4, 3), cov=cov)
    for name, n, m in (("square", 4, 4), ("wide", 2, 5), ("tall", 5, 2)):
        case(f"orthogonal_{name}", f"orthogonal(key, {n}, (2,), m={m})",
             lambda key: r.orthogonal(key, n, (2,), m=m), 1e-4)

    p = sample(7, low=0.0, high=1.0)
    p[2] = 0
    p /= p.sum()
    x = sample(2, 7, 3)
    for name, replace in (("", True), ("_once", False)):
        how = f"replace={replace}"
        draw = lambda *args, **kw: r.choice(key, *args, replace=replace, **kw)
        plainly(f"choice{name}", f"choice(key, 60, (5, 3), {how})", draw(60, (5, 3)))
        plainly(f"choice_p{name}", f"choice(key, 7, (2, 3), {how}, p=p)", draw(7, (2, 3), p=p), p=p)
        case(f"choice_from{name}", f"choice(key, x, (2, 3), {how}, axis=1)",
             lambda key, x: r.choice(key, x, (2, 3), replace, axis=1), x=x)
        plainly(f"choice_from_p{name}", f"choice(key, x, (2, 3), {how}, p=p, axis=1)",
                draw(x, (2, 3), p=p, axis=1), x=x, p=p)
        logits = sample(4, 6, 2)
        plainly(f"categorical{name}", f"categorical(key, logits, 1, (2, 3, 4, 2), {how})",
                r.categorical(key, logits, 1, (2, 3, 4, 2), replace=replace), logits=logits)
    logits = sample(4, 1, 6)
    plainly("categorical_broadcast", "categorical(key, logits, -1, (3, 4, 5))",
            r.categorical(key, logits, -1, (3, 4, 5)), logits=logits)
    for axis in (0, 1, 2):
        plainly(f"permutation_independent_{axis}", f"permutation(key, x, {axis}, independent=True)",
                r.permutation(key, x, axis, independent=True), x=x)


def norms(area):
    """With learned parts that are not 1 and 0: the gradients and results depend on them."""
    init = nnx.initializers.normal(0.5)

    def made(layer, *args, **kw):
        kw["scale_init"] = init
        if layer is not nnx.RMSNorm:
            kw["bias_init"] = init
        return layer(*args, rngs=rngs(), **kw)

    x = sample(2, 5, 6, 8)
    mask = RANDOM.uniform(size=(2, 5, 6, 1)) < 0.7
    wide = np.broadcast_to(mask, x.shape)

    def case(name, call, module, **kw):
        area.layer(name, call, module, x, **kw)

    def masked(name, call, module, mask):
        case(name, call, module, forward=lambda m, x: m(x, mask=mask), inputs={"mask": mask})

    def named(name, call, module):
        """The first axis is mapped over, and the statistics are taken over it."""
        run = lambda m, x: nnx.vmap(lambda m, x: m(x), in_axes=(None, 0), axis_name="i")(m, x)
        case(name, call, module, forward=run)

    case("layer_axes", "LayerNorm(8, reduction_axes=(1, -1))", made(nnx.LayerNorm, 8, reduction_axes=(1, -1)))
    case("layer_features", "LayerNorm(40, reduction_axes=(1, 2, 3), feature_axes=(1, 3), use_fast_variance=False)",
         made(nnx.LayerNorm, 40, reduction_axes=(1, 2, 3), feature_axes=(1, 3), use_fast_variance=False))
    masked("layer_mask", "LayerNorm(8, reduction_axes=(1, 2, 3))(x, mask)",
           made(nnx.LayerNorm, 8, reduction_axes=(1, 2, 3)), mask)
    masked("layer_mask_slow", "LayerNorm(8, reduction_axes=(1, 2), use_fast_variance=False)(x, mask)",
           made(nnx.LayerNorm, 8, reduction_axes=(1, 2), use_fast_variance=False), mask)
    named("layer_named", "vmap of LayerNorm(8, axis_name='i')", made(nnx.LayerNorm, 8, axis_name="i"))
    case("rms_axes", "RMSNorm(5, reduction_axes=(1, 2), feature_axes=1)",
         made(nnx.RMSNorm, 5, reduction_axes=(1, 2), feature_axes=1))
    masked("rms_mask", "RMSNorm(8, reduction_axes=(1, -1))(x, mask)",
           made(nnx.RMSNorm, 8, reduction_axes=(1, -1)), mask)
    named("rms_named", "vmap of RMSNorm(8, axis_name='i')", made(nnx.RMSNorm, 8, axis_name="i"))
    case("group_slow", "GroupNorm(8, num_groups=None, group_size=2, use_fast_variance=False)",
         made(nnx.GroupNorm, 8, num_groups=None, group_size=2, use_fast_variance=False))
    # Of kept axes the reference repeats the wrong one, unless the groups are of one feature.
    case("group_axes", "GroupNorm(8, num_groups=8, reduction_axes=(2, -1))",
         made(nnx.GroupNorm, 8, num_groups=8, reduction_axes=(2, -1)))
    masked("group_mask", "GroupNorm(8, num_groups=4)(x, mask)", made(nnx.GroupNorm, 8, num_groups=4), wide)
    named("group_named", "vmap of GroupNorm(8, num_groups=4, axis_name='i')",
          made(nnx.GroupNorm, 8, num_groups=4, axis_name="i"))
    case("instance_axes", "InstanceNorm(40, feature_axes=(1, -1))", made(nnx.InstanceNorm, 40, feature_axes=(1, -1)))
    masked("instance_mask", "InstanceNorm(8)(x, mask)", made(nnx.InstanceNorm, 8), mask)
    named("instance_named", "vmap of InstanceNorm(8, axis_name='i')", made(nnx.InstanceNorm, 8, axis_name="i"))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    versions = {"jax": jax.__version__, "flax": flax.__version__, "optax": optax.__version__}
    index = {"versions": versions, "seed": SEED, "files": {}}
    # Those of transformations.py, each of which has numbers of its own, can be written alone.
    only = sys.argv[3:]
    if only:
        index = json.loads((OUT / "index.json").read_text())
    for write in (convolutions, linears, attention, recurrent, initializers, pools, losses, schedules, updates,
                  distributions, norms):
        if not only:
            area = Area(write.__name__)
            write(area)
            area.done(index)
    for name, write in transformations.AREAS.items():
        if not only or name in only:
            area = Area(name)
            write(area, np.random.RandomState(6000 + SEED))
            area.done(index)
    (OUT / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")


main()
