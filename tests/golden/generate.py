"""Writes more reference values from Flax NNX in the format of data/: layers with arguments that are
not the defaults, attention, initializers. Run by hand, on a CPU:

    python -m venv FOLDER && FOLDER/bin/pip install jax==0.10.2 flax==0.12.8 safetensors
    FOLDER/bin/python tests/golden/generate.py tests/golden/more [SEED]

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


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    versions = {"jax": jax.__version__, "flax": flax.__version__}
    index = {"versions": versions, "seed": SEED, "files": {}}
    for write in (convolutions, linears, attention, recurrent, initializers, pools):
        area = Area(write.__name__)
        write(area)
        area.done(index)
    (OUT / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")


main()
