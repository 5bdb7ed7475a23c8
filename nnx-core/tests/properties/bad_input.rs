//! Mistakes in shapes, dtypes and axes, for every public function: each stops at the user's line
//! and names the operands and the rule.

use nnx_core::array::*;
use nnx_core::{Array, DType};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The message with which `f` panics and the file that it points to.
fn refusal(f: &dyn Fn(&Arrays)) -> Option<(String, String)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !WATCHED.get() {
                return before(info);
            }
            FILE.set(info.location().map(|at| at.file().to_owned()).unwrap_or_default());
        }));
    });
    WATCHED.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| f(&Arrays::new())));
    WATCHED.set(false);
    let message = match result.err()?.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().map_or("?".into(), |s| (*s).to_owned()),
    };
    Some((message, FILE.take()))
}

/// Arrays to make mistakes with.
struct Arrays {
    /// f32[2, 3]
    m: Array,
    /// f32[4]
    v: Array,
    /// f32[]
    s: Array,
    /// i32[2]
    i: Array,
    /// bool[2]
    b: Array,
    /// f32[2, 0]
    e: Array,
}

impl Arrays {
    fn new() -> Self {
        let f = |shape: &[usize]| zeros(shape, DType::F32);
        Arrays {
            m: f(&[2, 3]),
            v: f(&[4]),
            s: f(&[]),
            i: zeros([2], DType::I32),
            b: zeros([2], DType::Bool),
            e: f(&[2, 0]),
        }
    }
}

type Mistake = (&'static str, fn(&Arrays), &'static [&'static str]);

macro_rules! mistakes {
    ($($name:literal: |$x:ident| $call:expr => $($text:literal),+;)*) => {
        &[$(($name, |$x: &Arrays| { let _ = $call; }, &[$($text),+])),*]
    };
}

/// Operations with bad input, and the parts that the message has to name.
const ELEMENTWISE: &[Mistake] = mistakes! {
    "add": |x| &x.m + &x.v => "f32[2, 3]", "f32[4]", "broadcast";
    "sub": |x| &x.m - &x.v => "f32[2, 3]", "f32[4]", "broadcast";
    "mul": |x| &x.m * &x.v => "f32[2, 3]", "f32[4]", "broadcast";
    "div": |x| &x.m / &x.v => "f32[2, 3]", "f32[4]", "broadcast";
    "rem": |x| &x.m % &x.v => "f32[2, 3]", "f32[4]", "broadcast";
    "bitand": |x| &x.m & &x.v => "f32[2, 3]", "f32[4]";
    "bitand of floats": |x| &x.v & &x.v => "f32", "integer";
    "bitor of floats": |x| &x.v | &x.v => "f32", "integer";
    "bitxor of floats": |x| &x.v ^ &x.v => "f32", "integer";
    "shl of floats": |x| &x.v << 1 => "f32", "integer";
    "shr of floats": |x| &x.v >> 1 => "f32", "integer";
    "shr that does not broadcast": |x| &x.i >> Array::from_slice(&[1, 2, 3], [3]) => "i32[2]", "i32[3]";
    "neg of bools": |x| -&x.b => "bool", "number";
    "not of floats": |x| !&x.v => "f32", "integer";
    "sub of bools": |x| &x.b - &x.b => "bool", "number";
    "eq": |x| x.m.eq(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "lt": |x| x.m.lt(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "maximum": |x| x.m.maximum(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "minimum": |x| x.m.minimum(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "pow": |x| x.m.pow(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "atan2": |x| x.m.atan2(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "nextafter": |x| x.m.nextafter(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "nextafter of integers": |x| x.i.nextafter(&x.i) => "i32", "float";
    "clip": |x| x.m.clip(&x.v, 1.0) => "f32[2, 3]", "f32[4]", "broadcast";
    "clip above": |x| x.m.clip(0.0, &x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "logical_and": |x| x.m.logical_and(&x.v) => "[2, 3]", "[4]", "broadcast";
    "logical_or": |x| x.m.logical_or(&x.v) => "[2, 3]", "[4]", "broadcast";
    "shift_right_logical": |x| x.v.shift_right_logical(1) => "f32", "integer";
    "abs of bools": |x| x.b.abs() => "bool", "float or signed";
    "sign of bools": |x| x.b.sign() => "bool", "float or signed";
    "square of bools": |x| x.b.square() => "bool", "number";
    "population_count of floats": |x| x.v.population_count() => "f32", "integer";
    "count_leading_zeros of floats": |x| x.v.count_leading_zeros() => "f32", "integer";
    "bitcast": |x| x.v.bitcast(DType::F64) => "f32", "f64", "width";
    "broadcast_to": |x| x.m.broadcast_to([2, 4]) => "f32[2, 3]", "[2, 4]";
    "broadcast_to fewer axes": |x| x.m.broadcast_to([3]) => "f32[2, 3]", "[3]";
    "select": |x| select(&x.b, &x.m, &x.m) => "bool[2]", "[2, 3]";
    "select of two shapes": |x| select(&x.b, &x.m, &x.v) => "f32[2, 3]", "f32[4]";
    "select by floats": |x| select(&x.v, &x.v, &x.v) => "f32[4]", "bool";
    "where": |x| where_(&x.b, &x.m, 0.0) => "bool[2]", "f32[2, 3]", "broadcast";
    "where of two shapes": |x| where_(&x.b, &x.m, &x.v) => "f32[2, 3]", "f32[4]", "broadcast";
};

const STRUCTURE: &[Mistake] = mistakes! {
    "sum": |x| x.m.sum(2) => "f32[2, 3]", "axis 2", "out of bounds";
    "sum over an axis twice": |x| x.m.sum([0, -2]) => "f32[2, 3]", "twice";
    "prod": |x| x.m.prod(-3) => "f32[2, 3]", "axis -3", "out of bounds";
    "mean": |x| x.m.mean(2) => "f32[2, 3]", "axis 2";
    "var": |x| x.m.var(2) => "f32[2, 3]", "axis 2";
    "std": |x| x.m.std([2]) => "f32[2, 3]", "axis 2";
    "max": |x| x.m.max(2) => "f32[2, 3]", "axis 2";
    "max of nothing": |x| x.e.max(1) => "f32[2, 0]", "no element";
    "min": |x| x.m.min(2) => "f32[2, 3]", "axis 2";
    "min of nothing": |x| x.e.min(..) => "f32[2, 0]", "no element";
    "all": |x| x.m.all(2) => "[2, 3]", "axis 2";
    "any": |x| x.m.any(2) => "[2, 3]", "axis 2";
    "argmax": |x| x.m.argmax(2) => "f32[2, 3]", "axis 2";
    "argmax of nothing": |x| x.e.argmax(1) => "f32[2, 0]", "empty";
    "argmin": |x| x.m.argmin(-3) => "f32[2, 3]", "axis -3";
    "logsumexp": |x| logsumexp(&x.m, 2) => "f32[2, 3]", "axis 2";
    "softmax": |x| softmax(&x.m, 2) => "f32[2, 3]", "axis 2";
    "cumsum": |x| x.m.cumsum(2) => "f32[2, 3]", "axis 2";
    "cumprod": |x| x.m.cumprod(2) => "f32[2, 3]", "axis 2";
    "cummax": |x| x.m.cummax(2) => "f32[2, 3]", "axis 2";
    "cummin of a scalar": |x| x.s.cummin(0) => "f32[]", "axis 0";
    "reshape": |x| x.m.reshape([4, 2]) => "f32[2, 3]", "[4, 2]";
    "reshape with two holes": |x| x.m.reshape([-1, -1]) => "f32[2, 3]", "[-1, -1]";
    "reshape with a hole that does not fit": |x| x.m.reshape([4, -1]) => "f32[2, 3]", "[4, -1]";
    "reshape of nothing with a hole": |x| x.e.reshape([0, -1]) => "f32[2, 0]", "[0, -1]";
    "transpose": |x| x.m.transpose([0, 2]) => "f32[2, 3]", "axis 2";
    "transpose by no permutation": |x| x.m.transpose([0, 0]) => "f32[2, 3]", "permutation";
    "transpose with too few": |x| x.m.transpose([0]) => "f32[2, 3]", "permutation";
    "swapaxes": |x| x.m.swapaxes(0, 2) => "f32[2, 3]", "axis 2";
    "moveaxis": |x| x.m.moveaxis(0, 2) => "f32[2, 3]", "axis 2";
    "expand_dims": |x| x.m.expand_dims(4) => "f32[2, 3]", "axis 4";
    "squeeze": |x| x.m.squeeze(0) => "f32[2, 3]", "size 1";
    "squeeze of no axis": |x| x.m.squeeze(2) => "f32[2, 3]", "axis 2";
    "flip": |x| x.m.flip(2) => "f32[2, 3]", "axis 2";
    "repeat": |x| x.m.repeat(2, 2) => "f32[2, 3]", "axis 2";
    "concatenate": |x| concatenate([&x.m, &x.v], 0) => "f32[2, 3]", "f32[4]";
    "concatenate along no axis": |x| concatenate([&x.m], 2) => "f32[2, 3]", "axis 2";
    "concatenate of scalars": |x| concatenate([&x.s, &x.s], 0) => "f32[]", "axis 0";
    "concatenate of nothing": |x| { let _ = x; concatenate(Vec::<Array>::new(), 0) } => "at least one";
    "stack": |x| stack([&x.m, &x.v], 0) => "f32[2, 3]", "f32[4]";
    "stack along no axis": |x| stack([&x.m, &x.m], 3) => "f32[2, 3]", "axis 3";
    "stack of nothing": |x| { let _ = x; stack(Vec::<Array>::new(), 0) } => "at least one";
    "split": |x| x.m.split(2, 1) => "f32[2, 3]", "2 equal parts";
    "split in 0": |x| x.m.split(0, 1) => "f32[2, 3]", "0 equal parts";
    "split along no axis": |x| x.m.split(1, 2) => "f32[2, 3]", "axis 2";
    "pad": |x| x.m.pad(&[(1, 1)], 0.0) => "f32[2, 3]", "1 dimensions";
    "pad that cuts all": |x| x.m.pad(&[(-2, -1), (0, 0)], 0.0) => "f32[2, 3]", "leaves nothing";
    "pad with an array": |x| x.m.pad(&[(0, 0), (0, 0)], &x.v) => "f32[2, 3]", "f32[4]";
    "pad_general with negative holes": |x| x.m.pad_general(&[(0, 0, -1), (0, 0, 0)], 0.0) => "f32[2, 3]";
    "sort": |x| x.m.sort(2) => "f32[2, 3]", "axis 2";
    "argsort": |x| x.m.argsort(-3) => "f32[2, 3]", "axis -3";
    "top_k": |x| x.m.top_k(4) => "f32[2, 3]", "4";
    "top_k of a scalar": |x| x.s.top_k(1) => "f32[]", "1";
    "searchsorted": |x| x.m.searchsorted(&x.v, false) => "f32[2, 3]", "1-d";
    "sort_multi": |x| sort_multi([&x.m, &x.v], 0, 1) => "f32[2, 3]", "f32[4]";
    "sort_multi without keys": |x| sort_multi([&x.m], 0, 0) => "0 keys";
    "sort_multi with too many keys": |x| sort_multi([&x.m], 0, 2) => "2 keys";
    "sort_multi of nothing": |x| { let _ = x; sort_multi(Vec::<Array>::new(), 0, 1) } => "at least one";
    "sort_key_val": |x| sort_key_val(&x.m, &x.v, 0) => "f32[2, 3]", "f32[4]";
    "sort_key_val along no axis": |x| sort_key_val(&x.m, &x.m, 2) => "f32[2, 3]", "axis 2";
};

const INDEXING: &[Mistake] = mistakes! {
    "slice": |x| x.v.slice([(0..1).into(), (0..1).into()]) => "f32[4]", "2 ranges";
    "slice of a position outside": |x| x.v.slice([4.into()]) => "f32[4]", "position 4";
    "slice of a negative position outside": |x| x.v.slice([(-5).into()]) => "f32[4]", "position -5";
    "slice with step 0": |x| x.v.slice([SliceSpec::from(..).step_by(0)]) => "step";
    "dynamic_index": |x| x.m.dynamic_index(&x.i.slice([0.into()]), 2) => "f32[2, 3]", "axis 2";
    "dynamic_index by floats": |x| x.m.dynamic_index(&x.s, 0) => "f32[2, 3]", "integer";
    "dynamic_index by a vector": |x| x.m.dynamic_index(&x.i, 0) => "f32[2, 3]", "integer scalar";
    "dynamic_slice": |x| x.m.dynamic_slice(&[&x.i.sum(..)], &[1, 1]) => "f32[2, 3]", "one integer scalar";
    "dynamic_slice that is too large": |x| x.v.dynamic_slice(&[&x.i.sum(..)], &[5]) => "f32[4]", "[5]";
    "dynamic_slice with too many sizes": |x| x.v.dynamic_slice(&[&x.i.sum(..)], &[1, 1]) => "f32[4]", "[1, 1]";
    "dynamic_update_slice": |x| x.m.dynamic_update_slice(&x.v, &[&x.i.sum(..), &x.i.sum(..)]) => "f32[2, 3]", "f32[4]";
    "dynamic_update_slice of another dtype": |x| x.i.dynamic_update_slice(&x.b, &[&x.i.sum(..)]) => "i32[2]", "bool[2]";
    "dynamic_update_slice without starts": |x| x.i.dynamic_update_slice(&x.i, Vec::<Array>::new()) => "i32[2]", "integer scalar";
    "take": |x| x.m.take(&x.i, 2) => "f32[2, 3]", "axis 2";
    "take by floats": |x| x.m.take(&x.v, 0) => "f32[4]", "integer";
    "take from nothing": |x| x.e.take(&x.i, 1) => "f32[2, 0]", "no elements";
    "take_mode by bools": |x| x.m.take_mode(&x.b, 0, IndexMode::Clip) => "bool[2]", "integer";
    "take_along_axis": |x| x.m.take_along_axis(&x.i, 0) => "f32[2, 3]", "i32[2]";
    "take_along_axis along no axis": |x| x.m.take_along_axis(&x.i.expand_dims(0), 2) => "f32[2, 3]", "axis 2";
    "take_along_axis by floats": |x| x.m.take_along_axis(&x.m, 0) => "f32[2, 3]", "integer";
    "at get": |x| x.v.at((0, 1)).get() => "f32[4]", "2 items";
    "at get of a position outside": |x| x.v.at(4).get() => "f32[4]", "position 4";
    "at get by floats": |x| x.v.at(&x.v).get() => "f32[4]", "integer";
    "at get by two ellipses": |x| x.m.at((Ellipsis, Ellipsis)).get() => "f32[2, 3]", "ellipses";
    "at get by arrays that do not meet": |x| x.m.at((&x.i, &zeros([3], DType::I32))).get() => "i32[3]", "[2]";
    "at get from nothing": |x| x.e.at((0, &x.i)).get() => "f32[2, 0]", "no elements";
    "at set": |x| x.m.at(0).set(&x.v) => "f32[4]", "f32[2, 3]", "[3]";
    "at set by arrays": |x| x.m.at(&x.i).set(&x.v) => "f32[4]", "f32[2, 3]";
    "at add": |x| x.v.at(1..).add(&x.v) => "f32[4]", "[3]";
    "at mul": |x| x.v.at(..2).mul(&x.v) => "f32[4]", "[2]";
    "at min": |x| x.v.at(&x.i).min(&x.v) => "f32[4]", "[2]";
    "at max": |x| x.v.at(&x.i).max(&x.m) => "f32[4]", "f32[2, 3]";
    "at add of bools": |x| x.b.at(&x.i).add(true) => "bool", "number";
    "at add of bools in a range": |x| x.b.at(1..).add(true) => "bool", "number";
    "at mul of bools in a range": |x| x.b.at(1..).mul(true) => "bool", "number";
};

const CONTRACTIONS: &[Mistake] = mistakes! {
    "matmul": |x| x.m.matmul(&x.m) => "f32[2, 3]", "last axis";
    "matmul of a scalar": |x| x.m.matmul(&x.s) => "f32[]", "scalars";
    "matmul of batches": |x| zeros([2, 1, 3], DType::F32).matmul(zeros([4, 3, 1], DType::F32) + x.s.sum(..)) => "f32[2, 1, 3]", "f32[4, 3, 1]", "broadcast";
    "dot_general": |x| dot_general(&x.m, &x.v, (&[1], &[0]), (&[], &[])) => "f32[2, 3]", "f32[4]", "sizes differ";
    "dot_general over no axis": |x| dot_general(&x.m, &x.v, (&[2], &[0]), (&[], &[])) => "f32[2, 3]", "f32[4]";
    "dot_general of a batch": |x| dot_general(&x.m, &x.v, (&[], &[]), (&[0], &[0])) => "f32[2, 3]", "f32[4]";
    "dot_general with lists that differ": |x| dot_general(&x.m, &x.m, (&[0, 1], &[0]), (&[], &[])) => "f32[2, 3]";
    "dot_general over an axis twice": |x| dot_general(&x.m, &x.m, (&[0, 0], &[0, 0]), (&[], &[])) => "f32[2, 3]", "twice";
    "dot_general over an axis of both lists": |x| dot_general(&x.m, &x.m, (&[0], &[0]), (&[0], &[0])) => "f32[2, 3]", "twice";
    "dot_general of dtypes": |x| dot_general(&x.i, &x.v, (&[], &[]), (&[], &[])) => "i32[2]", "f32[4]", "dtype";
    "einsum": |x| einsum("ij,jk->ik", [&x.m, &x.m]) => "`j` has sizes 3 and 2";
    "einsum of too few operands": |x| einsum("ij,jk->ik", [&x.m]) => "2 subscripts for 1 operands";
    "einsum with other axes": |x| einsum("ijk->i", [&x.m]) => "`ijk`", "f32[2, 3]";
    "einsum to an unknown letter": |x| einsum("ij->k", [&x.m]) => "`k`";
    "einsum to a letter twice": |x| einsum("ij->ii", [&x.m]) => "`i`";
    "einsum of nothing": |x| { let _ = x; einsum("", Vec::<Array>::new()) } => "0 operands";
    "conv": |x| conv_general_dilated(&x.m, &x.v, &ConvOptions::default()) => "f32[2, 3]", "f32[4]";
    "conv of other features": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 3, 1], DType::F32) + &x.s), &ConvOptions::default()) => "f32[1, 5, 2]", "f32[2, 3, 1]", "features";
    "conv of dtypes": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F64) + &x.s), &ConvOptions::default()) => "f32[1, 5, 2]", "f64[2, 2, 1]", "dtype";
    "conv with strides": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvOptions { strides: vec![1, 1], ..Default::default() }) => "strides", "2 entries";
    "conv with stride 0": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvOptions { strides: vec![0], ..Default::default() }) => "positive";
    "conv with stride 0 and padding": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvOptions { strides: vec![0], padding: Padding::Same, ..Default::default() }) => "positive";
    "conv with letters": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvOptions { dimension_numbers: Some(["NXX", "XIO", "NXC"]), ..Default::default() }) => "NXX";
    "conv in 0 groups": |x| conv_general_dilated(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvOptions { feature_group_count: 0, ..Default::default() }) => "group";
    "conv_transpose": |x| conv_transpose(&x.m, &x.v, &ConvTransposeOptions::default()) => "f32[2, 3]", "f32[4]";
    "conv_transpose of other features": |x| conv_transpose(&zeros([1, 5, 2], DType::F32), &(zeros([2, 3, 1], DType::F32) + &x.s), &ConvTransposeOptions::default()) => "f32[1, 5, 2]", "f32[2, 3, 1]";
    "conv_transpose with strides": |x| conv_transpose(&zeros([1, 5, 2], DType::F32), &(zeros([2, 2, 1], DType::F32) + &x.s), &ConvTransposeOptions { strides: vec![2, 2], ..Default::default() }) => "strides";
    "reduce_window_sum": |x| reduce_window_sum(&x.m, &[2], &WindowOptions::default()) => "f32[2, 3]", "[2]";
    "reduce_window_max with strides": |x| reduce_window_max(&x.m, &[2, 2], &WindowOptions { strides: vec![1], ..Default::default() }) => "f32[2, 3]", "strides";
    "reduce_window_min with size 0": |x| reduce_window_min(&x.m, &[0, 2], &WindowOptions::default()) => "positive";
    "reduce_window_sum that cuts": |x| reduce_window_sum(&x.m, &[1, 1], &WindowOptions { padding: Padding::Explicit(vec![(-3, 0), (0, 0)]), ..Default::default() }) => "f32[2, 3]", "cuts";
    "reduce_window_max with padding": |x| reduce_window_max(&x.m, &[1, 1], &WindowOptions { padding: Padding::Explicit(vec![(1, 1)]), ..Default::default() }) => "f32[2, 3]", "padding";
    "reduce_window_sum of bools": |x| reduce_window_sum(&x.b, &[1], &WindowOptions::default()) => "bool", "number";
};

const CREATION: &[Mistake] = mistakes! {
    "from_slice": |x| { let _ = x; Array::from_slice(&[1.0_f32], [2]) } => "1 values", "f32[2]";
    "from_slice of a negative size": |x| { let _ = x; Array::from_slice(&[1.0_f32], [-1]) } => "[-1]", "negative";
    "zeros": |x| { let _ = x; zeros([-1], DType::F32) } => "[-1]", "negative";
    "ones": |x| { let _ = x; ones([2, -1], DType::F32) } => "[2, -1]", "negative";
    "full": |x| { let _ = x; full([-1], 1.0, DType::F32) } => "[-1]", "negative";
    "iota": |x| { let _ = x; iota([2], DType::F32, 1) } => "f32[2]", "dimension 1";
    "iota of bools": |x| { let _ = x; iota([2], DType::Bool, 0) } => "bool";
    "arange of bools": |x| { let _ = x; arange(3, DType::Bool) } => "bool";
    "zeros that nobody can hold": |x| { let _ = x; zeros([usize::MAX / 8, 16], DType::F32) } => "36893488147419103216 bytes", "the most are 549755813887";
    "one_hot": |x| one_hot(&x.v, 3, DType::F32) => "f32[4]", "integer";
    "shape_only": |x| { let _ = x; Array::shape_only([-1], DType::F32) } => "[-1]", "negative";
    "to_vec": |x| x.m.to_vec::<f64>() => "f32[2, 3]", "f64";
    "item": |x| x.m.item::<f32>() => "f32[2, 3]", "one element";
    "an absent array": |x| { let _ = x; &Array::absent("it was lost") + 1.0 } => "it was lost";
    "the shape of an absent array": |x| { let _ = x; Array::absent("it was lost").shape().len() } => "it was lost";
};

const MORE_STRUCTURE: &[Mistake] = mistakes! {
    "pad_mode": |x| x.m.pad_mode(&[(1, 1)], PadMode::Edge) => "f32[2, 3]";
    "roll": |x| x.m.roll(1, 2) => "f32[2, 3]", "axis 2";
    "rot90": |x| x.m.rot90(1, [0, 2]) => "f32[2, 3]", "axis 2";
    "rot90 of one axis": |x| x.m.rot90(1, [0, 0]) => "f32[2, 3]", "same";
    "unstack": |x| x.m.unstack::<2>(2) => "f32[2, 3]", "axis 2";
    "unstack, another number": |x| x.m.unstack::<3>(0) => "f32[2, 3]", "not 3 along axis 0";
    "axis_iter": |x| x.m.axis_iter(2) => "f32[2, 3]", "axis 2";
    "split_at": |x| x.m.split_at(&[1], 2) => "f32[2, 3]", "axis 2";
    "array_split": |x| x.m.array_split(0, 0) => "f32[2, 3]", "no parts";
    "repeat_each": |x| x.m.repeat_each(&x.i, 2, 4) => "f32[2, 3]", "axis 2";
    "repeat_each with other counts": |x| x.m.repeat_each(&x.i, 1, 4) => "f32[2, 3]", "i32[2]";
    "diff": |x| x.m.diff(1, 2) => "f32[2, 3]", "axis 2";
    "gradient": |x| x.m.gradient(1.0, 2) => "f32[2, 3]", "axis 2";
    "expand_axes": |x| x.m.expand_axes(&[4]) => "axis 4";
    "expand_axes twice": |x| x.m.expand_axes(&[0, 0]) => "twice";
    "hstack": |x| hstack([&x.m, &x.v]) => "f32[2, 3]", "f32[4]";
    "vstack": |x| vstack([&x.m, &x.v]) => "[2, 3]", "[1, 4]";
    "dstack": |x| dstack([&x.m, &x.v]) => "[2, 3, 1]", "[1, 4, 1]";
    "broadcast_arrays": |x| broadcast_arrays([&x.m, &x.v]) => "f32[2, 3]", "f32[4]", "broadcast";
    "median": |x| x.m.median(2) => "f32[2, 3]", "axis 2";
    "quantile": |x| x.m.quantile(0.5, 2) => "f32[2, 3]", "axis 2";
    "percentile": |x| x.m.percentile(50.0, 2) => "f32[2, 3]", "axis 2";
    "ptp": |x| x.m.ptp(2) => "f32[2, 3]", "axis 2";
    "average": |x| x.m.average(&x.v, 0) => "f32[2, 3]", "f32[4]";
    "var_ddof": |x| x.m.var_ddof(2, 1) => "f32[2, 3]", "axis 2";
    "cumlogsumexp": |x| x.m.cumlogsumexp(2) => "f32[2, 3]", "axis 2";
    "masked": |x| x.m.masked(&x.b).sum(..) => "f32[2, 3]", "bool[2]";
    "masked sum": |x| x.m.masked(&x.m.gt(0)).sum(2) => "f32[2, 3]", "axis 2";
    "nansum": |x| x.m.nansum(2) => "f32[2, 3]", "axis 2";
    "nanmean": |x| x.m.nanmean(2) => "f32[2, 3]", "axis 2";
    "nanmax": |x| x.m.nanmax(2) => "f32[2, 3]", "axis 2";
    "nanpercentile": |x| x.m.nanpercentile(30.0, 2) => "f32[2, 3]", "axis 2";
    "nanargmax": |x| x.m.nanargmax(2) => "f32[2, 3]", "axis 2";
    "nancumsum": |x| x.m.nancumsum(2) => "f32[2, 3]", "axis 2";
    "count_nonzero": |x| x.m.count_nonzero(2) => "[2, 3]", "axis 2";
    "hypot": |x| x.m.hypot(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "copysign": |x| x.m.copysign(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "logaddexp": |x| logaddexp(&x.m, &x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "ldexp by floats": |x| x.m.ldexp(&x.m) => "f32[2, 3]", "integer";
    "floor_divide": |x| x.m.floor_divide(&x.v) => "f32[2, 3]", "f32[4]", "broadcast";
    "gcd of floats": |x| x.m.gcd(&x.m) => "f32[2, 3]", "integer";
    "logical_xor": |x| x.m.logical_xor(&x.v) => "[2, 3]", "[4]", "broadcast";
    "isclose": |x| x.m.isclose(&x.v, Tolerance::default()) => "f32[2, 3]", "f32[4]", "broadcast";
    "where_or": |x| x.m.where_or(&x.b, 0.0) => "f32[2, 3]", "bool[2]", "broadcast";
    "choose": |x| choose(&x.v, &[&x.v]) => "f32[4]", "integer";
    "choose of nothing": |x| choose(&x.i, Vec::<Array>::new()) => "choice";
    "select_first": |x| select_first([&x.b], Vec::<Array>::new(), 0.0) => "1", "0";
    "unravel_index of floats": |x| unravel_index(&x.v, [2, 2]) => "f32[4]", "integer";
    "ravel_multi_index": |x| ravel_multi_index([&x.i], [2, 2]) => "1", "2";
    "meshgrid": |x| meshgrid([&x.m], Indexing::Xy) => "f32[2, 3]", "one axis";
    "tril": |x| x.v.tril(0) => "f32[4]";
    "diag": |x| x.m.expand_dims(0).diag(0) => "f32[1, 2, 3]";
    "put_along_axis": |x| x.m.put_along_axis(&x.i, 0.0, 0) => "f32[2, 3]", "i32[2]";
    "put_along_axis with other values": |x| x.m.put_along_axis(&x.i.expand_dims(1), &x.v, 1) => "f32[4]", "[2, 1]";
    "diagonal": |x| x.m.diagonal(0, 0, 2) => "f32[2, 3]", "axis 2";
    "trace": |x| x.v.trace(0, 0, 1) => "f32[4]";
    "fill_diagonal": |x| x.v.fill_diagonal(1.0) => "f32[4]";
    "mt": |x| x.v.mt() => "f32[4]";
    "bincount of floats": |x| x.v.bincount(3) => "f32[4]", "integer";
    "bincount_weights": |x| x.i.bincount_weights(&x.v, 3) => "i32[2]", "f32[4]";
    "digitize": |x| x.v.digitize(&x.m, false) => "f32[2, 3]", "one axis";
    "compress": |x| x.m.compress(&x.b, 2, 1, 0.0) => "f32[2, 3]", "axis 2";
};

const PRODUCTS: &[Mistake] = mistakes! {
    "tensordot": |x| tensordot(&x.m, &x.v, 1) => "f32[2, 3]", "f32[4]";
    "tensordot over no axis": |x| tensordot(&x.m, &x.m, ([2], [0])) => "f32[2, 3]", "axis 2";
    "dot": |x| dot(&x.m, &x.v) => "f32[2, 3]", "f32[4]";
    "vdot": |x| vdot(&x.m, &x.v) => "f32[2, 3]", "f32[4]";
    "inner": |x| inner(&x.m, &x.v) => "f32[2, 3]", "f32[4]";
    "vecdot": |x| vecdot(&x.m, &x.v, -1) => "f32[2, 3]", "f32[4]";
    "matvec": |x| matvec(&x.m, &x.v) => "f32[2, 3]", "f32[4]";
    "vecmat": |x| vecmat(&x.v, &x.m) => "f32[2, 3]", "f32[4]";
    "vecdot over no axis": |x| vecdot(&x.m, &x.m, 2) => "f32[2, 3]", "axis 2";
    "cross": |x| cross(&x.v, &x.v) => "f32[4]";
    "vander": |x| vander(&x.m, 2, false) => "f32[2, 3]", "vector";
    "polyval": |x| polyval(&x.m, &x.v) => "f32[2, 3]", "vector";
    "polyadd": |x| polyadd(&x.m, &x.v) => "f32[2, 3]", "vector";
    "polymul": |x| polymul(&x.v, &x.m) => "f32[2, 3]", "vector";
    "polyder": |x| polyder(&x.s) => "f32[]", "vector";
    "polyint": |x| polyint(&x.s) => "f32[]", "vector";
    "polyfit": |x| polyfit(&x.v, &x.m, 1) => "f32[4]", "f32[2, 3]";
    "trapezoid": |x| trapezoid(&x.m, 1.0, 2) => "f32[2, 3]", "axis 2";
    "trapezoid_at": |x| trapezoid_at(&x.m, &x.v, 1) => "f32[2, 3]", "f32[4]";
    "convolve": |x| convolve(&x.m, &x.v, ConvolveMode::Full) => "f32[2, 3]", "vector";
    "interp": |x| interp(&x.v, &x.v, &x.m, None, None) => "f32[4]", "f32[2, 3]";
    "unwrap": |x| unwrap(&x.m, 2, 1.0) => "f32[2, 3]", "axis 2";
    "norm": |x| linalg::norm(&x.m, 2) => "f32[2, 3]", "axis 2";
    "matrix_norm": |x| linalg::matrix_norm(&x.v, 1.0) => "f32[4]";
    "cholesky": |x| linalg::cholesky(&x.m) => "f32[2, 3]", "square";
    "triangular_solve": |x| linalg::solve_triangular(&x.m, &x.m, true) => "f32[2, 3]", "square";
    "solve": |x| linalg::solve(&x.m, &x.v) => "f32[2, 3]", "square";
    "solve with other sizes": |x| linalg::solve(&(eye(2, DType::F32) + &x.s), &x.v) => "f32[2, 2]", "f32[4";
    "inv": |x| linalg::inv(&x.m) => "f32[2, 3]", "square";
    "det": |x| linalg::det(&x.m) => "f32[2, 3]", "square";
    "slogdet": |x| linalg::slogdet(&x.v) => "f32[4]";
    "eigh": |x| linalg::eigh(&x.m) => "f32[2, 3]", "square";
    "svd": |x| linalg::svd(&x.v) => "f32[4]";
    "qr": |x| linalg::qr(&x.v) => "f32[4]";
    "lu": |x| linalg::lu(&x.v) => "f32[4]";
    "lstsq": |x| linalg::lstsq(&x.m, &x.v, None).x => "f32[2, 3]", "f32[4]";
    "pinv": |x| linalg::pinv(&x.v, None) => "f32[4]";
    "matrix_power": |x| linalg::matrix_power(&x.m, 2) => "f32[2, 3]", "square";
    "multi_dot": |x| linalg::multi_dot([&x.m, &x.m]) => "f32[2, 3]";
    "multi_dot of nothing": |x| { let _ = x; linalg::multi_dot(Vec::<Array>::new()) } => "at least";
    "expm": |x| linalg::expm(&x.m) => "f32[2, 3]", "square";
};

fn check(table: &[Mistake]) {
    let mut wrong = Vec::new();
    for (name, call, texts) in table {
        // In a program as well as by themselves.
        for traced in [false, true] {
            let in_place: &dyn Fn(&Arrays) = if traced {
                &|x: &Arrays| {
                    drop(nnx_core::make_graph(
                        |_: &Array| {
                            call(x);
                            x.s.clone()
                        },
                        &x.s,
                    ))
                }
            } else {
                &|x: &Arrays| call(x)
            };
            let Some((message, file)) = refusal(in_place) else {
                wrong.push(format!("{name}: it is taken"));
                continue;
            };
            let missing: Vec<_> = texts.iter().filter(|text| !message.contains(**text)).collect();
            if !missing.is_empty() {
                wrong.push(format!("{name}: {missing:?} is missing in: {message}"));
            }
            // A message about a value, not about an operation, names no line of its own.
            let of_value = ["an absent", "the shape of", "to_vec", "item"];
            if !of_value.iter().any(|start| name.starts_with(start)) && !message.contains(file!()) {
                wrong.push(format!("{name}: another place in: {message}"));
            }
            if file != file!() {
                wrong.push(format!("{name}: stops in {file}: {message}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn of_elementwise_functions() {
    check(ELEMENTWISE);
}

#[test]
fn of_functions_of_structure() {
    check(STRUCTURE);
}

#[test]
fn of_more_functions_of_structure() {
    check(MORE_STRUCTURE);
}

#[test]
fn of_products_and_matrices() {
    check(PRODUCTS);
}

#[test]
fn of_indices() {
    check(INDEXING);
}

#[test]
fn of_contractions() {
    check(CONTRACTIONS);
}

#[test]
fn of_creation() {
    check(CREATION);
}
