//! A call of every public function.

use super::more_probes;
use super::probe::Probe;
use nnx_core::array::*;
use nnx_core::array::{fft, linalg, special};
use nnx_core::nn;
use nnx_core::{Array, DType};

/// `name [shapes] => |x| results`, or `name = "JAX's name" [shapes] => …`.
macro_rules! probes {
    ($($name:literal $(= $jax:literal)? [$($shape:expr),*] => |$x:ident| $body:expr;)*) => {
        vec![$(Probe {
            name: $name,
            jax: jax!($($jax)?),
            shapes: &[$(&$shape),*],
            call: {
                #[allow(unused_variables)]
                fn call($x: &[Array]) -> Vec<Array> {
                    $body.into_arrays()
                }
                call
            },
        }),*]
    };
}

pub(crate) use probes;

macro_rules! jax {
    () => {
        None
    };
    ($jax:literal) => {
        Some($jax)
    };
}

pub(crate) use jax;

pub(crate) trait IntoArrays {
    fn into_arrays(self) -> Vec<Array>;
}

impl IntoArrays for Array {
    fn into_arrays(self) -> Vec<Array> {
        vec![self]
    }
}

impl IntoArrays for Vec<Array> {
    fn into_arrays(self) -> Vec<Array> {
        self
    }
}

impl IntoArrays for (Array, Array) {
    fn into_arrays(self) -> Vec<Array> {
        vec![self.0, self.1]
    }
}

impl IntoArrays for (Array, Array, Array) {
    fn into_arrays(self) -> Vec<Array> {
        vec![self.0, self.1, self.2]
    }
}

/// The dtype of `x` if it is a float, else f32.
fn float(x: &Array) -> DType {
    if x.dtype().is_float() { x.dtype() } else { DType::F32 }
}

pub(crate) fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, [values.len()])
}

pub(crate) fn all() -> Vec<Probe> {
    groups().into_iter().flat_map(|(_, probes)| probes).collect()
}

/// The calls by kind of function.
pub(crate) fn groups() -> [(&'static str, Vec<Probe>); 15] {
    [
        ("elementwise", elementwise()),
        ("comparison_and_choice", comparison_and_choice()),
        ("creation", creation()),
        ("shapes", shapes()),
        ("indexing", indexing()),
        ("reductions", reductions()),
        ("products", products()),
        ("decompositions", decompositions()),
        ("transforms_of_fourier", transforms_of_fourier()),
        ("special_functions", special_functions()),
        ("activations", activations()),
        ("places", more_probes::places()),
        ("matrices", more_probes::matrices()),
        ("images_and_signals", more_probes::images_and_signals()),
        ("statistics", more_probes::statistics()),
    ]
}

fn elementwise() -> Vec<Probe> {
    probes! {
        "neg" = "jax.numpy.negative" [[2, 3]] => |x| -&x[0];
        "add" = "jax.numpy.add" [[2, 3], [3]] => |x| &x[0] + &x[1];
        "sub" = "jax.numpy.subtract" [[2, 3], [3]] => |x| &x[0] - &x[1];
        "mul" = "jax.numpy.multiply" [[2, 3], [3]] => |x| &x[0] * &x[1];
        "div" = "jax.numpy.true_divide" [[2, 3], [3]] => |x| &x[0] / &x[1];
        "rem" = "jax.numpy.remainder" [[2, 3], [3]] => |x| &x[0] % &x[1];
        "not" = "jax.numpy.bitwise_invert" [[2, 3]] => |x| !&x[0];
        "bitand" = "jax.numpy.bitwise_and" [[2, 3], [3]] => |x| &x[0] & &x[1];
        "bitor" = "jax.numpy.bitwise_or" [[2, 3], [3]] => |x| &x[0] | &x[1];
        "bitxor" = "jax.numpy.bitwise_xor" [[2, 3], [3]] => |x| &x[0] ^ &x[1];
        "shl" = "jax.numpy.left_shift" [[2, 3], [3]] => |x| &x[0] << &x[1];
        "shr" = "jax.numpy.right_shift" [[2, 3], [3]] => |x| &x[0] >> &x[1];
        "maximum" = "jax.numpy.maximum" [[2, 3], [3]] => |x| x[0].maximum(&x[1]);
        "minimum" = "jax.numpy.minimum" [[2, 3], [3]] => |x| x[0].minimum(&x[1]);
        "pow" = "jax.numpy.power" [[2, 3], [3]] => |x| x[0].pow(&x[1]);
        "powi" = "jax.lax.integer_pow" [[2, 3]] => |x| x[0].powi(3);
        "atan2" = "jax.numpy.arctan2" [[2, 3], [3]] => |x| x[0].atan2(&x[1]);
        "nextafter" = "jax.numpy.nextafter" [[2, 3], [3]] => |x| x[0].nextafter(&x[1]);
        "trunc" = "jax.numpy.trunc" [[2, 3]] => |x| x[0].trunc();
        "clip" = "jax.numpy.clip" [[2, 3]] => |x| x[0].clip(0, 1);
        "shift_right_logical" = "jax.lax.shift_right_logical" [[2, 3], [3]] => |x| x[0].shift_right_logical(&x[1]);
        "abs" = "jax.numpy.abs" [[2, 3]] => |x| x[0].abs();
        "square" = "jax.numpy.square" [[2, 3]] => |x| x[0].square();
        "sign" = "jax.numpy.sign" [[2, 3]] => |x| x[0].sign();
        "population_count" = "jax.lax.population_count" [[2, 3]] => |x| x[0].population_count();
        "count_leading_zeros" = "jax.lax.clz" [[2, 3]] => |x| x[0].count_leading_zeros();
        "stop_gradient" = "jax.lax.stop_gradient" [[2, 3]] => |x| x[0].stop_gradient();
        "floor" = "jax.numpy.floor" [[2, 3]] => |x| x[0].floor();
        "ceil" = "jax.numpy.ceil" [[2, 3]] => |x| x[0].ceil();
        "round" = "jax.numpy.round" [[2, 3]] => |x| x[0].round();
        "exp" = "jax.numpy.exp" [[2, 3]] => |x| x[0].exp();
        "expm1" = "jax.numpy.expm1" [[2, 3]] => |x| x[0].expm1();
        "log" = "jax.numpy.log" [[2, 3]] => |x| x[0].log();
        "log1p" = "jax.numpy.log1p" [[2, 3]] => |x| x[0].log1p();
        "sqrt" = "jax.numpy.sqrt" [[2, 3]] => |x| x[0].sqrt();
        "rsqrt" = "jax.lax.rsqrt" [[2, 3]] => |x| x[0].rsqrt();
        "cbrt" = "jax.numpy.cbrt" [[2, 3]] => |x| x[0].cbrt();
        "sin" = "jax.numpy.sin" [[2, 3]] => |x| x[0].sin();
        "cos" = "jax.numpy.cos" [[2, 3]] => |x| x[0].cos();
        "tan" = "jax.numpy.tan" [[2, 3]] => |x| x[0].tan();
        "asin" = "jax.numpy.arcsin" [[2, 3]] => |x| x[0].asin();
        "acos" = "jax.numpy.arccos" [[2, 3]] => |x| x[0].acos();
        "atan" = "jax.numpy.arctan" [[2, 3]] => |x| x[0].atan();
        "sinh" = "jax.numpy.sinh" [[2, 3]] => |x| x[0].sinh();
        "cosh" = "jax.numpy.cosh" [[2, 3]] => |x| x[0].cosh();
        "asinh" = "jax.numpy.arcsinh" [[2, 3]] => |x| x[0].asinh();
        "acosh" = "jax.numpy.arccosh" [[2, 3]] => |x| x[0].acosh();
        "atanh" = "jax.numpy.arctanh" [[2, 3]] => |x| x[0].atanh();
        "tanh" = "jax.numpy.tanh" [[2, 3]] => |x| x[0].tanh();
        "sigmoid" = "jax.nn.sigmoid" [[2, 3]] => |x| x[0].sigmoid();
        "erf" = "jax.scipy.special.erf" [[2, 3]] => |x| x[0].erf();
        "erfc" = "jax.scipy.special.erfc" [[2, 3]] => |x| x[0].erfc();
        "erf_inv" = "jax.scipy.special.erfinv" [[2, 3]] => |x| x[0].erf_inv();
        "lgamma" = "jax.scipy.special.gammaln" [[2, 3]] => |x| x[0].lgamma();
        "digamma" = "jax.scipy.special.digamma" [[2, 3]] => |x| x[0].digamma();
        "log2" [[2, 3]] => |x| x[0].log2();
        "log10" [[2, 3]] => |x| x[0].log10();
        "exp2" [[2, 3]] => |x| x[0].exp2();
        "sinc" [[2, 3]] => |x| x[0].sinc();
        "rad2deg" [[2, 3]] => |x| x[0].rad2deg();
        "deg2rad" [[2, 3]] => |x| x[0].deg2rad();
        "reciprocal" [[2, 3]] => |x| x[0].reciprocal();
        "round_decimals" [[2, 3]] => |x| x[0].round_decimals(2);
        "rint" [[2, 3]] => |x| x[0].rint();
        "spacing" [[2, 3]] => |x| x[0].spacing();
        "modf" [[2, 3]] => |x| x[0].modf();
        "fmax" [[2, 3], [3]] => |x| x[0].fmax(&x[1]);
        "fmin" [[2, 3], [3]] => |x| x[0].fmin(&x[1]);
        "hypot" [[2, 3], [3]] => |x| x[0].hypot(&x[1]);
        "copysign" [[2, 3], [3]] => |x| x[0].copysign(&x[1]);
        "heaviside" [[2, 3], [3]] => |x| x[0].heaviside(&x[1]);
        "float_power" [[2, 3], [3]] => |x| x[0].float_power(&x[1]);
        "logaddexp2" [[2, 3], [3]] => |x| x[0].logaddexp2(&x[1]);
        "logaddexp" [[2, 3], [3]] => |x| logaddexp(&x[0], &x[1]);
        "frexp" [[2, 3]] => |x| x[0].frexp();
        "ldexp" [[2, 3]] => |x| x[0].ldexp(ints(&[1, 2, 3]));
        "floor_divide" [[2, 3], [3]] => |x| x[0].floor_divide(&x[1]);
        "divmod" [[2, 3], [3]] => |x| x[0].divmod(&x[1]);
        "fmod" [[2, 3], [3]] => |x| x[0].fmod(&x[1]);
        "rem_trunc" [[2, 3], [3]] => |x| x[0].rem_trunc(&x[1]);
        "div_trunc" [[2, 3], [3]] => |x| x[0].div_trunc(&x[1]);
        "gcd" [[2, 3], [3]] => |x| x[0].gcd(&x[1]);
        "lcm" [[2, 3], [3]] => |x| x[0].lcm(&x[1]);
        "bitwise_count" [[2, 3]] => |x| x[0].bitwise_count();
        "bitwise_not" [[2, 3]] => |x| x[0].bitwise_not();
        "astype" = "jax.numpy.astype" [[2, 3]] => |x| x[0].astype(float(&x[0]));
        "bitcast" = "jax.lax.bitcast_convert_type" [[2, 3]] => |x| x[0].bitcast(DType::I32);
        "real" = "jax.numpy.real" [[2, 3]] => |x| x[0].real();
        "imag" = "jax.numpy.imag" [[2, 3]] => |x| x[0].imag();
        "angle" [[2, 3]] => |x| x[0].angle();
        "conj" = "jax.numpy.conj" [[2, 3]] => |x| x[0].conj();
        "complex" = "jax.lax.complex" [[2, 3], [2, 3]] => |x| complex(&x[0], &x[1]);
    }
}

fn comparison_and_choice() -> Vec<Probe> {
    probes! {
        "eq" = "jax.numpy.equal" [[2, 3], [3]] => |x| x[0].eq(&x[1]);
        "ne" = "jax.numpy.not_equal" [[2, 3], [3]] => |x| x[0].ne(&x[1]);
        "lt" = "jax.numpy.less" [[2, 3], [3]] => |x| x[0].lt(&x[1]);
        "le" = "jax.numpy.less_equal" [[2, 3], [3]] => |x| x[0].le(&x[1]);
        "gt" = "jax.numpy.greater" [[2, 3], [3]] => |x| x[0].gt(&x[1]);
        "ge" = "jax.numpy.greater_equal" [[2, 3], [3]] => |x| x[0].ge(&x[1]);
        "logical_and" = "jax.numpy.logical_and" [[2, 3], [3]] => |x| x[0].logical_and(&x[1]);
        "logical_or" = "jax.numpy.logical_or" [[2, 3], [3]] => |x| x[0].logical_or(&x[1]);
        "logical_not" = "jax.numpy.logical_not" [[2, 3]] => |x| x[0].logical_not();
        "logical_xor" [[2, 3], [3]] => |x| x[0].logical_xor(&x[1]);
        "is_finite" = "jax.numpy.isfinite" [[2, 3]] => |x| x[0].is_finite();
        "is_nan" [[2, 3]] => |x| x[0].is_nan();
        "is_inf" [[2, 3]] => |x| x[0].is_inf();
        "is_posinf" [[2, 3]] => |x| x[0].is_posinf();
        "is_neginf" [[2, 3]] => |x| x[0].is_neginf();
        "signbit" [[2, 3]] => |x| x[0].signbit();
        "nan_to_num" [[2, 3]] => |x| x[0].nan_to_num(0.0, None, None);
        "isclose" [[2, 3], [3]] => |x| x[0].isclose(&x[1], Tolerance::default());
        "allclose" [[2, 3], [3]] => |x| x[0].allclose(&x[1], Tolerance::default());
        "array_equal" [[2, 3], [2, 3]] => |x| x[0].array_equal(&x[1]);
        "where_or" [[2, 3]] => |x| x[0].where_or(x[0].ne(0), 0);
        "select" = "jax.lax.select" [[2, 3], [2, 3]] => |x| select(x[0].ne(0), &x[0], &x[1]);
        "where_" = "jax.numpy.where" [[2, 3], [3]] => |x| where_(x[0].ne(0), &x[0], &x[1]);
        "choose" [[2, 3], [3]] => |x| choose(ints(&[0, 1, 1]), [&x[0], &x[1]]);
        "select_first" [[2, 3], [2, 3]] => |x| select_first([&x[0].ne(0)], [&x[1]], 0);
        "unravel_index" [] => |x| unravel_index(ints(&[3, 4]), [2, 3]);
        "ravel_multi_index" [] => |x| ravel_multi_index([&ints(&[0, 1]), &ints(&[2, 1])], [2, 3]);
    }
}

fn creation() -> Vec<Probe> {
    probes! {
        "zeros_like" = "jax.numpy.zeros_like" [[2, 3]] => |x| x[0].zeros_like();
        "ones_like" = "jax.numpy.ones_like" [[2, 3]] => |x| x[0].ones_like();
        "full_like" = "jax.numpy.full_like" [[2, 3]] => |x| x[0].full_like(2.0);
        "zeros" = "jax.numpy.zeros" [] => |x| zeros([2], DType::F32);
        "ones" = "jax.numpy.ones" [] => |x| ones([2], DType::F32);
        "full" = "jax.numpy.full" [] => |x| full([2], 2.0, DType::F32);
        "empty" [] => |x| empty([2], DType::F32);
        "identity" [] => |x| identity(3, DType::F32);
        "arange" = "jax.numpy.arange" [] => |x| arange(3, DType::F32);
        "iota" = "jax.lax.broadcasted_iota" [] => |x| iota([2, 3], DType::F32, 0);
        "eye" = "jax.numpy.eye" [] => |x| eye(3, DType::F32);
        "one_hot" = "jax.nn.one_hot" [[3]] => |x| one_hot(&x[0], 4, float(&x[0]));
        "tri" [] => |x| tri(3, 3, 0, DType::F32);
        "eye_diagonal" [] => |x| eye_diagonal(3, 4, 1, DType::F32);
        "tril_indices" [] => |x| tril_indices(3, 3, 0);
        "triu_indices" [] => |x| triu_indices(3, 3, 0);
        "linspace" [[2], [2]] => |x| linspace(&x[0], &x[1], 5, float(&x[0]));
        "linspace_exclusive" [[2], [2]] => |x| linspace_exclusive(&x[0], &x[1], 5, float(&x[0]));
        "logspace" [[2], [2]] => |x| logspace(&x[0], &x[1], 5, 10.0, float(&x[0]));
        "geomspace" [[2], [2]] => |x| geomspace(&x[0], &x[1], 5, float(&x[0]));
        "arange_step" [] => |x| arange_step(0.0, 1.0, 0.25, DType::F32);
        "meshgrid" [[2], [3]] => |x| meshgrid([&x[0], &x[1]], Indexing::Xy);
        "indices" [] => |x| indices([2, 3]);
        "hanning" [] => |x| hanning(5, DType::F32);
        "hamming" [] => |x| hamming(5, DType::F32);
        "blackman" [] => |x| blackman(5, DType::F32);
        "bartlett" [] => |x| bartlett(5, DType::F32);
        "kaiser" [] => |x| kaiser(5, 2.5, DType::F32);
    }
}

fn shapes() -> Vec<Probe> {
    probes! {
        "broadcast_to" = "jax.numpy.broadcast_to" [[3]] => |x| x[0].broadcast_to([2, 3]);
        "reshape" = "jax.numpy.reshape" [[2, 3]] => |x| x[0].reshape([3, 2]);
        "t" = "jax.numpy.transpose" [[2, 3]] => |x| x[0].t();
        "transpose" = "jax.numpy.transpose" [[2, 3]] => |x| x[0].transpose([1, 0]);
        "swapaxes" = "jax.numpy.swapaxes" [[2, 3]] => |x| x[0].swapaxes(0, 1);
        "moveaxis" = "jax.numpy.moveaxis" [[2, 3]] => |x| x[0].moveaxis(0, 1);
        "expand_dims" = "jax.numpy.expand_dims" [[2, 3]] => |x| x[0].expand_dims(0);
        "squeeze" = "jax.numpy.squeeze" [[2, 1]] => |x| x[0].squeeze(1);
        "flatten" = "jax.numpy.ravel" [[2, 3]] => |x| x[0].flatten();
        "flip" = "jax.numpy.flip" [[2, 3]] => |x| x[0].flip(0);
        "fliplr" [[2, 3]] => |x| x[0].fliplr();
        "flipud" [[2, 3]] => |x| x[0].flipud();
        "hsplit" [[2, 4]] => |x| x[0].hsplit(2);
        "vsplit" [[4, 2]] => |x| x[0].vsplit(2);
        "resize" [[2, 3]] => |x| x[0].resize([2, 5]);
        "append" [[2, 3], [3]] => |x| append(&x[0], &x[1], None);
        "ediff1d" [[4], [2]] => |x| x[0].ediff1d(None, Some(&x[1]));
        "trim_zeros" [[4]] => |x| x[0].trim_zeros(Trim::Both, 3);
        "tile" = "jax.numpy.tile" [[2, 3]] => |x| x[0].tile(&[2, 1]);
        "repeat" = "jax.numpy.repeat" [[2, 3]] => |x| x[0].repeat(2, 0);
        "concatenate" = "jax.numpy.concatenate" [[2, 3], [1, 3]] => |x| concatenate([&x[0], &x[1]], 0);
        "stack" = "jax.numpy.stack" [[2, 3], [2, 3]] => |x| stack([&x[0], &x[1]], 0);
        "roll" [[2, 3]] => |x| x[0].roll(1, 0);
        "rot90" [[2, 3]] => |x| x[0].rot90(1, [0, 1]);
        "atleast_1d" [[]] => |x| x[0].atleast_1d();
        "atleast_2d" [[3]] => |x| x[0].atleast_2d();
        "atleast_3d" [[3]] => |x| x[0].atleast_3d();
        "unstack" [[2, 3]] => |x| x[0].unstack::<2>(0).to_vec();
        "axis_iter" = "jax.numpy.unstack" [[2, 3]] => |x| x[0].axis_iter(0).collect::<Vec<_>>();
        "split_at" [[5]] => |x| x[0].split_at(&[2, 3], 0);
        "array_split" [[5]] => |x| x[0].array_split(2, 0);
        "repeat_each" [[3]] => |x| x[0].repeat_each(ints(&[1, 0, 2]), 0, 3);
        "diff" [[4]] => |x| x[0].diff(1, 0);
        "gradient" [[4]] => |x| x[0].gradient(1.0, 0);
        "expand_axes" [[3]] => |x| x[0].expand_axes(&[0, 2]);
        "hstack" [[3], [2]] => |x| hstack([&x[0], &x[1]]);
        "vstack" [[3], [3]] => |x| vstack([&x[0], &x[1]]);
        "dstack" [[3], [3]] => |x| dstack([&x[0], &x[1]]);
        "column_stack" [[3], [3]] => |x| column_stack([&x[0], &x[1]]);
        "block_diag" [[2, 2], [1, 3]] => |x| block_diag([&x[0], &x[1]]);
        "broadcast_arrays" [[2, 3], [3]] => |x| broadcast_arrays([&x[0], &x[1]]);
        "pad" = "jax.numpy.pad" [[3]] => |x| x[0].pad(&[(1, 2)], 0);
        "pad_general" = "jax.lax.pad" [[3]] => |x| x[0].pad_general(&[(1, 2, 1)], 0);
        "pad_mode" [[3]] => |x| x[0].pad_mode(&[(1, 2)], PadMode::Reflect);
        "split" = "jax.numpy.split" [[4]] => |x| x[0].split(2, 0);
        "tril" [[3, 3]] => |x| x[0].tril(0);
        "triu" [[3, 3]] => |x| x[0].triu(0);
        "diag" [[3]] => |x| x[0].diag(0);
        "diagflat" [[2, 2]] => |x| x[0].diagflat(1);
        "diagonal" [[3, 3]] => |x| x[0].diagonal(0, 0, 1);
        "trace" [[3, 3]] => |x| x[0].trace(0, 0, 1);
        "fill_diagonal" [[3, 3]] => |x| x[0].fill_diagonal(1);
        "mt" [[2, 3]] => |x| x[0].mt();
    }
}

fn indexing() -> Vec<Probe> {
    probes! {
        "slice" = "jax.lax.slice" [[4, 3]] => |x| x[0].slice([(1..3).into(), (..).into()]);
        "at" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(1).get();
        "At::get" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 2])).get();
        "At::set" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).set(&x[1]);
        "At::add" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).add(&x[1]);
        "At::mul" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).unique_indices().mul(&x[1]);
        "At::min" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).min(&x[1]);
        "At::max" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).max(&x[1]);
        "At::mode" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 9])).mode(IndexMode::Clip).get();
        "At::fill_value" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 9])).fill_value(1.0).get();
        "At::unique_indices" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 2])).unique_indices().get();
        "At::indices_are_sorted" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 2])).indices_are_sorted().get();
        "take" = "jax.numpy.take" [[4, 3]] => |x| x[0].take(ints(&[1, 0]), 0);
        "take_mode" = "jax.numpy.take" [[4, 3]] => |x| x[0].take_mode(ints(&[1, 0]), 0, IndexMode::Clip);
        "take_along_axis" = "jax.numpy.take_along_axis" [[3]] => |x| x[0].take_along_axis(ints(&[2, 0, 1]), 0);
        "put_along_axis" [[2, 3], [2, 1]] => |x| x[0].put_along_axis(ints(&[2, 0]).expand_dims(1), &x[1], 1);
        "dynamic_index" = "jax.lax.dynamic_index_in_dim" [[4, 3]] => |x| x[0].dynamic_index(Array::scalar(1), 0);
        "dynamic_slice" = "jax.lax.dynamic_slice" [[4]] => |x| x[0].dynamic_slice([&Array::scalar(1)], &[2]);
        "dynamic_update_slice" = "jax.lax.dynamic_update_slice" [[4], [2]] => |x| x[0].dynamic_update_slice(&x[1], [&Array::scalar(1)]);
        "sort" = "jax.numpy.sort" [[4]] => |x| x[0].sort(0);
        "argsort" = "jax.numpy.argsort" [[4]] => |x| x[0].argsort(0);
        "top_k" = "jax.lax.top_k" [[4]] => |x| x[0].top_k(2);
        "approx_max_k" = "jax.lax.approx_max_k" [[4]] => |x| x[0].approx_max_k(2, 0);
        "approx_min_k" = "jax.lax.approx_min_k" [[4]] => |x| x[0].approx_min_k(2, 0);
        "searchsorted" = "jax.numpy.searchsorted" [[4], [2]] => |x| x[0].searchsorted(&x[1], false);
        "sort_multi" = "jax.lax.sort" [[4], [4]] => |x| sort_multi([&x[0], &x[1]], 0, 2);
        "sort_key_val" = "jax.lax.sort_key_val" [[4], [4]] => |x| sort_key_val(&x[0], &x[1], 0);
        "lexsort" [[4], [4]] => |x| lexsort([&x[0], &x[1]], 0);
        "sort_complex" [[2, 3]] => |x| sort_complex(&x[0]);
        "union1d" [[4], [2]] => |x| union1d(&x[0], &x[1], 6);
        "intersect1d" [[4], [2]] => |x| intersect1d(&x[0], &x[1], 2, 0);
        "setdiff1d" [[4], [2]] => |x| setdiff1d(&x[0], &x[1], 4, 0);
        "setxor1d" [[4], [2]] => |x| setxor1d(&x[0], &x[1], 6, 0);
        "nonzero" [[4]] => |x| x[0].nonzero(2, 0);
        "flatnonzero" [[4]] => |x| x[0].flatnonzero(2, 0);
        "argwhere" [[4]] => |x| x[0].argwhere(2, 0);
        "extract" [[4]] => |x| x[0].extract(x[0].ne(0), 2, 0);
        "compress" [[4]] => |x| x[0].compress(x[0].ne(0), 0, 2, 0);
        "unique" [[4]] => |x| x[0].unique(3);
        "unique_all" [[4]] => |x| x[0].unique_all(3).values;
        "isin" [[4], [2]] => |x| x[0].isin(&x[1]);
        "bincount" [[4]] => |x| x[0].bincount(3);
        "bincount_weights" [[4]] => |x| ints(&[0, 1, 1, 2]).bincount_weights(&x[0], 3);
        "digitize" [[4], [2]] => |x| x[0].digitize(&x[1], false);
        "histogram" [[4]] => |x| x[0].histogram(3, 0.0, 1.0);
    }
}

fn reductions() -> Vec<Probe> {
    probes! {
        "sum" = "jax.numpy.sum" [[2, 3]] => |x| x[0].sum(0);
        "prod" = "jax.numpy.prod" [[2, 3]] => |x| x[0].prod(0);
        "mean" = "jax.numpy.mean" [[2, 3]] => |x| x[0].mean(0);
        "var" = "jax.numpy.var" [[2, 3]] => |x| x[0].var(0);
        "std" = "jax.numpy.std" [[2, 3]] => |x| x[0].std(0);
        "max" = "jax.numpy.max" [[2, 3]] => |x| x[0].max(0);
        "min" = "jax.numpy.min" [[2, 3]] => |x| x[0].min(0);
        "amax" [[2, 3]] => |x| x[0].amax(0);
        "amin" [[2, 3]] => |x| x[0].amin(0);
        "all" = "jax.numpy.all" [[2, 3]] => |x| x[0].all(0);
        "any" = "jax.numpy.any" [[2, 3]] => |x| x[0].any(0);
        "argmax" = "jax.numpy.argmax" [[2, 3]] => |x| x[0].argmax(0);
        "argmin" = "jax.numpy.argmin" [[2, 3]] => |x| x[0].argmin(0);
        "logsumexp" = "jax.scipy.special.logsumexp" [[2, 3]] => |x| logsumexp(&x[0], 0);
        "softmax" = "jax.nn.softmax" [[2, 3]] => |x| softmax(&x[0], 0);
        "masked" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).sum(0);
        "Masked::sum" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).sum(0);
        "Masked::prod" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).prod(0);
        "Masked::mean" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).mean(0);
        "Masked::var" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).var(0, 0);
        "Masked::std" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).std(0, 0);
        "Masked::max" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).max(0, 0);
        "Masked::min" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).min(0, 0);
        "Masked::all" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).all(0);
        "Masked::any" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).any(0);
        "Masked::count" [[2, 3]] => |x| x[0].masked(x[0].ne(0)).count(0);
        "nansum" [[2, 3]] => |x| x[0].nansum(0);
        "nanprod" [[2, 3]] => |x| x[0].nanprod(0);
        "nanmean" [[2, 3]] => |x| x[0].nanmean(0);
        "nanvar" [[2, 3]] => |x| x[0].nanvar(0, 0);
        "nanstd" [[2, 3]] => |x| x[0].nanstd(0, 0);
        "nanmax" [[2, 3]] => |x| x[0].nanmax(0);
        "nanmin" [[2, 3]] => |x| x[0].nanmin(0);
        "nanargmax" [[2, 3]] => |x| x[0].nanargmax(0);
        "nanargmin" [[2, 3]] => |x| x[0].nanargmin(0);
        "nancumsum" [[2, 3]] => |x| x[0].nancumsum(0);
        "nancumprod" [[2, 3]] => |x| x[0].nancumprod(0);
        "nanmedian" [[2, 3]] => |x| x[0].nanmedian(0);
        "nanquantile" [[2, 3]] => |x| x[0].nanquantile(0.5, 0);
        "nanpercentile" [[2, 3]] => |x| x[0].nanpercentile(30.0, 0);
        "count_nonzero" [[2, 3]] => |x| x[0].count_nonzero(0);
        "median" [[2, 3]] => |x| x[0].median(0);
        "quantile" [[2, 3]] => |x| x[0].quantile(0.5, 0);
        "quantile_method" [[2, 3]] => |x| x[0].quantile_method(0.5, 0, QuantileMethod::Linear);
        "percentile" [[2, 3]] => |x| x[0].percentile(50.0, 0);
        "ptp" [[2, 3]] => |x| x[0].ptp(0);
        "average" [[2, 3], [2, 3]] => |x| x[0].average(&x[1], 0);
        "var_ddof" [[2, 3]] => |x| x[0].var_ddof(0, 1);
        "std_ddof" [[2, 3]] => |x| x[0].std_ddof(0, 1);
        "cov" [[2, 3]] => |x| x[0].cov(1);
        "corrcoef" [[2, 3]] => |x| x[0].corrcoef();
        "cumlogsumexp" [[2, 3]] => |x| x[0].cumlogsumexp(0);
        "logsumexp_signed" [[2, 3], [2, 3]] => |x| logsumexp_signed(&x[0], &x[1], 0);
        "cumsum" [[2, 3]] => |x| x[0].cumsum(0);
        "cumprod" [[2, 3]] => |x| x[0].cumprod(0);
        "cummax" [[2, 3]] => |x| x[0].cummax(0);
        "cummin" [[2, 3]] => |x| x[0].cummin(0);
        "reduce_window_sum" = "jax.lax.reduce_window" [[4]] => |x| reduce_window_sum(&x[0], &[2], &WindowOptions::default());
        "reduce_window_max" = "jax.lax.reduce_window" [[4]] => |x| reduce_window_max(&x[0], &[2], &WindowOptions::default());
        "reduce_window_min" = "jax.lax.reduce_window" [[4]] => |x| reduce_window_min(&x[0], &[2], &WindowOptions::default());
    }
}

fn products() -> Vec<Probe> {
    probes! {
        "matmul" = "jax.numpy.matmul" [[2, 3], [3, 4]] => |x| x[0].matmul(&x[1]);
        "dot_general" = "jax.lax.dot_general" [[2, 3], [3, 4]] => |x| dot_general(&x[0], &x[1], (&[1], &[0]), (&[], &[]));
        "dot_general_as" [[2, 3], [3, 4]] => |x| dot_general_as(&x[0], &x[1], (&[1], &[0]), (&[], &[]), x[0].dtype());
        "dot_general_with" [[2, 3], [3, 4]] => |x| dot_general_with(&x[0], &x[1], (&[1], &[0]), (&[], &[]), &DotOptions { precision: Precision::Highest, ..Default::default() });
        "einsum" = "jax.numpy.einsum" [[2, 3], [3, 4]] => |x| einsum("ij,jk->ik", [&x[0], &x[1]]);
        "einsum_with" [[2, 3], [3, 4]] => |x| einsum_with("ij,jk->ik", [&x[0], &x[1]], &DotOptions { precision: Precision::Highest, ..Default::default() });
        "tensordot" [[2, 3], [3, 4]] => |x| tensordot(&x[0], &x[1], 1);
        "dot" [[2, 3], [3, 4]] => |x| dot(&x[0], &x[1]);
        "vdot" [[3], [3]] => |x| vdot(&x[0], &x[1]);
        "inner" [[3], [3]] => |x| inner(&x[0], &x[1]);
        "vecdot" [[2, 3], [2, 3]] => |x| vecdot(&x[0], &x[1], -1);
        "matvec" [[2, 3], [3]] => |x| matvec(&x[0], &x[1]);
        "vecmat" [[2], [2, 3]] => |x| vecmat(&x[0], &x[1]);
        "outer" [[2], [3]] => |x| outer(&x[0], &x[1]);
        "kron" [[2, 2], [2, 2]] => |x| kron(&x[0], &x[1]);
        "cross" [[3], [3]] => |x| cross(&x[0], &x[1]);
        "vander" [[3]] => |x| vander(&x[0], 3, false);
        "polyval" [[3], [2]] => |x| polyval(&x[0], &x[1]);
        "polyadd" [[3], [2]] => |x| polyadd(&x[0], &x[1]);
        "polysub" [[3], [2]] => |x| polysub(&x[0], &x[1]);
        "polymul" [[3], [2]] => |x| polymul(&x[0], &x[1]);
        "polyder" [[4]] => |x| polyder(&x[0]);
        "polyint" [[3]] => |x| polyint(&x[0]);
        "polyfit" [[4], [4]] => |x| polyfit(&x[0], &x[1], 1);
        "trapezoid" [[3]] => |x| trapezoid(&x[0], 1.0, 0);
        "trapezoid_at" [[3], [3]] => |x| trapezoid_at(&x[0], &x[1], 0);
        "convolve" [[4], [2]] => |x| convolve(&x[0], &x[1], ConvolveMode::Full);
        "correlate" [[4], [2]] => |x| correlate(&x[0], &x[1], ConvolveMode::Full);
        "interp" [[2], [3], [3]] => |x| interp(&x[0], &x[1], &x[2], None, None);
        "unwrap" [[3]] => |x| unwrap(&x[0], 0, std::f64::consts::TAU);
        "conv_general_dilated" = "jax.lax.conv_general_dilated" [[1, 4, 4, 2], [2, 2, 2, 3]] => |x| conv_general_dilated(&x[0], &x[1], &ConvOptions::default());
        "conv_transpose" = "jax.lax.conv_transpose" [[1, 4, 4, 2], [2, 2, 2, 3]] => |x| conv_transpose(&x[0], &x[1], &ConvTransposeOptions::default());
    }
}

fn decompositions() -> Vec<Probe> {
    probes! {
        "cholesky" [[3, 3]] => |x| linalg::cholesky(&x[0]);
        "qr" [[3, 2]] => |x| linalg::qr(&x[0]);
        "qr_full" [[3, 2]] => |x| linalg::qr_full(&x[0]);
        "lu" [[3, 3]] => |x| linalg::lu(&x[0]);
        "lu_factor" [[3, 3]] => |x| linalg::lu_factor(&x[0]);
        "eigh" [[3, 3]] => |x| linalg::eigh(&x[0]);
        "eigvalsh" [[3, 3]] => |x| linalg::eigvalsh(&x[0]);
        "svd" [[3, 2]] => |x| linalg::svd(&x[0]);
        "svd_full" [[3, 2]] => |x| linalg::svd_full(&x[0]);
        "svdvals" [[3, 2]] => |x| linalg::svdvals(&x[0]);
        "matrix_power" [[3, 3]] => |x| linalg::matrix_power(&x[0], 3);
        "multi_dot" [[2, 3], [3, 4], [4, 2]] => |x| linalg::multi_dot([&x[0], &x[1], &x[2]]);
        "expm" [[3, 3]] => |x| linalg::expm(&x[0]);
        "lstsq" [[3, 2], [3]] => |x| linalg::lstsq(&x[0], &x[1], None).x;
        "pinv" [[3, 2]] => |x| linalg::pinv(&x[0], None);
        "matrix_rank" [[3, 2]] => |x| linalg::matrix_rank(&x[0], None);
        "cond" [[3, 3]] => |x| linalg::cond(&x[0]);
        "norm" [[2, 3]] => |x| linalg::norm(&x[0], 0);
        "vector_norm" [[2, 3]] => |x| linalg::vector_norm(&x[0], 1, 0);
        "matrix_norm" [[2, 3]] => |x| linalg::matrix_norm(&x[0], 1);
        "triangular_solve" [[3, 3], [3, 2]] => |x| linalg::triangular_solve(&x[0], &x[1], Default::default());
        "solve_triangular" [[3, 3], [3]] => |x| linalg::solve_triangular(&x[0], &x[1], true);
        "solve" [[3, 3], [3]] => |x| linalg::solve(&x[0], &x[1]);
        "lu_solve" [[3, 3], [3]] => |x| linalg::lu_solve(&x[0], ints(&[0, 1, 2]), &x[1]);
        "cho_factor" [[3, 3]] => |x| linalg::cho_factor(&x[0]);
        "cho_solve" [[3, 3], [3]] => |x| linalg::cho_solve(&x[0], &x[1]);
        "inv" [[3, 3]] => |x| linalg::inv(&x[0]);
        "det" [[3, 3]] => |x| linalg::det(&x[0]);
        "slogdet" [[3, 3]] => |x| linalg::slogdet(&x[0]);
    }
}

fn transforms_of_fourier() -> Vec<Probe> {
    probes! {
        "fft" [[2, 4]] => |x| fft::fft(&x[0], None, -1, fft::Norm::Backward);
        "ifft" [[2, 4]] => |x| fft::ifft(&x[0], None, -1, fft::Norm::Backward);
        "rfft" [[2, 4]] => |x| fft::rfft(&x[0], None, -1, fft::Norm::Backward);
        "irfft" [[2, 4]] => |x| fft::irfft(&x[0], None, -1, fft::Norm::Backward);
        "hfft" [[2, 4]] => |x| fft::hfft(&x[0], None, -1, fft::Norm::Backward);
        "ihfft" [[2, 4]] => |x| fft::ihfft(&x[0], None, -1, fft::Norm::Backward);
        "fftn" [[2, 4]] => |x| fft::fftn(&x[0], .., fft::Norm::Backward);
        "ifftn" [[2, 4]] => |x| fft::ifftn(&x[0], .., fft::Norm::Backward);
        "rfftn" [[2, 4]] => |x| fft::rfftn(&x[0], .., fft::Norm::Backward);
        "irfftn" [[2, 4]] => |x| fft::irfftn(&x[0], .., fft::Norm::Backward);
        "fft2" [[2, 4]] => |x| fft::fft2(&x[0], fft::Norm::Backward);
        "ifft2" [[2, 4]] => |x| fft::ifft2(&x[0], fft::Norm::Backward);
        "rfft2" [[2, 4]] => |x| fft::rfft2(&x[0], fft::Norm::Backward);
        "irfft2" [[2, 4]] => |x| fft::irfft2(&x[0], fft::Norm::Backward);
        "fftfreq" [] => |x| fft::fftfreq(4, 1.0, DType::F32);
        "rfftfreq" [] => |x| fft::rfftfreq(4, 1.0, DType::F32);
        "fftshift" [[2, 4]] => |x| fft::fftshift(&x[0], ..);
        "ifftshift" [[2, 4]] => |x| fft::ifftshift(&x[0], ..);
    }
}

fn special_functions() -> Vec<Probe> {
    probes! {
        "gamma" [[2, 3]] => |x| special::gamma(&x[0]);
        "gammaln" [[2, 3]] => |x| special::gammaln(&x[0]);
        "gammasgn" [[2, 3]] => |x| special::gammasgn(&x[0]);
        "factorial" [[2, 3]] => |x| special::factorial(&x[0]);
        "i0e" [[2, 3]] => |x| special::i0e(&x[0]);
        "i0" [[2, 3]] => |x| special::i0(&x[0]);
        "i1e" [[2, 3]] => |x| special::i1e(&x[0]);
        "i1" [[2, 3]] => |x| special::i1(&x[0]);
        "logit" [[2, 3]] => |x| special::logit(&x[0]);
        "expit" [[2, 3]] => |x| special::expit(&x[0]);
        "entr" [[2, 3]] => |x| special::entr(&x[0]);
        "ndtr" [[2, 3]] => |x| special::ndtr(&x[0]);
        "log_ndtr" [[2, 3]] => |x| special::log_ndtr(&x[0]);
        "ndtri" [[2, 3]] => |x| special::ndtri(&x[0]);
        "betaln" [[2, 3], [3]] => |x| special::betaln(&x[0], &x[1]);
        "beta" [[2, 3], [3]] => |x| special::beta(&x[0], &x[1]);
        "gammainc" [[2, 3], [3]] => |x| special::gammainc(&x[0], &x[1]);
        "gammaincc" [[2, 3], [3]] => |x| special::gammaincc(&x[0], &x[1]);
        "zeta" [[2, 3], [3]] => |x| special::zeta(&x[0], &x[1]);
        "xlogy" [[2, 3], [3]] => |x| special::xlogy(&x[0], &x[1]);
        "xlog1py" [[2, 3], [3]] => |x| special::xlog1py(&x[0], &x[1]);
        "rel_entr" [[2, 3], [3]] => |x| special::rel_entr(&x[0], &x[1]);
        "kl_div" [[2, 3], [3]] => |x| special::kl_div(&x[0], &x[1]);
        "boxcox" [[2, 3], [3]] => |x| special::boxcox(&x[0], &x[1]);
        "polygamma" [[2, 3]] => |x| special::polygamma(1, &x[0]);
        "betainc" [[3], [3], [3]] => |x| special::betainc(&x[0], &x[1], &x[2]);
        "multigammaln" [[3]] => |x| special::multigammaln(&x[0], 2);
        "poch" [[2, 3], [3]] => |x| special::poch(&x[0], &x[1]);
    }
}

fn activations() -> Vec<Probe> {
    probes! {
        "identity" = "jax.nn.identity" [[2, 3]] => |x| nn::identity(&x[0]);
        "relu" = "jax.nn.relu" [[2, 3]] => |x| nn::relu(&x[0]);
        "relu6" = "jax.nn.relu6" [[2, 3]] => |x| nn::relu6(&x[0]);
        "softplus" = "jax.nn.softplus" [[2, 3]] => |x| nn::softplus(&x[0]);
        "soft_sign" = "jax.nn.soft_sign" [[2, 3]] => |x| nn::soft_sign(&x[0]);
        "log_sigmoid" = "jax.nn.log_sigmoid" [[2, 3]] => |x| nn::log_sigmoid(&x[0]);
        "silu" = "jax.nn.silu" [[2, 3]] => |x| nn::silu(&x[0]);
        "swish" [[2, 3]] => |x| nn::swish(&x[0]);
        "mish" = "jax.nn.mish" [[2, 3]] => |x| nn::mish(&x[0]);
        "squareplus" = "jax.nn.squareplus" [[2, 3]] => |x| nn::squareplus(&x[0], 4.0);
        "log1mexp" = "jax.nn.log1mexp" [[2, 3]] => |x| nn::log1mexp(&x[0]);
        "logmeanexp" = "jax.nn.logmeanexp" [[2, 3]] => |x| nn::logmeanexp(&x[0], 0);
        "gelu" = "jax.nn.gelu" [[2, 3]] => |x| nn::gelu(&x[0]);
        "gelu_exact" = "jax.nn.gelu" [[2, 3]] => |x| nn::gelu_exact(&x[0]);
        "elu" = "jax.nn.elu" [[2, 3]] => |x| nn::elu(&x[0], 1.0);
        "celu" = "jax.nn.celu" [[2, 3]] => |x| nn::celu(&x[0], 1.0);
        "selu" = "jax.nn.selu" [[2, 3]] => |x| nn::selu(&x[0]);
        "hard_sigmoid" = "jax.nn.hard_sigmoid" [[2, 3]] => |x| nn::hard_sigmoid(&x[0]);
        "hard_silu" = "jax.nn.hard_silu" [[2, 3]] => |x| nn::hard_silu(&x[0]);
        "hard_swish" [[2, 3]] => |x| nn::hard_swish(&x[0]);
        "hard_tanh" = "jax.nn.hard_tanh" [[2, 3]] => |x| nn::hard_tanh(&x[0]);
        "sparse_plus" [[2, 3]] => |x| nn::sparse_plus(&x[0]);
        "sparse_sigmoid" [[2, 3]] => |x| nn::sparse_sigmoid(&x[0]);
        "leaky_relu" = "jax.nn.leaky_relu" [[2, 3]] => |x| nn::leaky_relu(&x[0], 0.01);
        "glu" = "jax.nn.glu" [[2, 4]] => |x| nn::glu(&x[0], -1);
        "log_softmax" = "jax.nn.log_softmax" [[2, 3]] => |x| nn::log_softmax(&x[0], -1);
        "standardize" = "jax.nn.standardize" [[2, 3]] => |x| nn::standardize(&x[0], -1, 1e-5);
    }
}
