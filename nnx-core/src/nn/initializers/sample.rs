//! The numbers of an initializer.

use super::{Distribution, InitRule, Initializer};
use crate::array::{dim, eye, one_program, select};
use crate::error::or_raise;
use crate::graph::{Array, is_tracing};
use crate::ops::{Geqrf, HouseholderProduct};
use crate::random::{self, Key, Unit};
use crate::run::{bind, bind1, is_on_cpu, join};
use crate::value::{Aval, DType, saturating_product};
use half::{bf16, f16};

/// How many elements one run of the program for all shapes makes.
const BLOCK: usize = 1 << 13;
/// Above so many elements a program for the shape pays, which XLA spreads over threads.
const MOST: usize = 1 << 20;

/// The first value of a parameter of a float dtype.
#[track_caller]
pub(super) fn sample(init: &Initializer, key: &Key, shape: &[usize], dtype: DType) -> Array {
    let Some((unit, factor)) = scaled(init, shape, dtype) else {
        return one_program("init", std::slice::from_ref(key.data()), |args| {
            matrices(&init.rule, &Key::from_data(args[0].clone()), shape, dtype)
        });
    };
    let size = saturating_product(shape);
    let data = key.single("initializer");
    if dtype == DType::F32 && (1..=MOST).contains(&size) && !is_tracing() && is_on_cpu(data) {
        return in_blocks(unit, data, factor as f32, shape, size);
    }
    one_program("init", std::slice::from_ref(data), |args| {
        unit.draw(&args[0], shape, dtype) * Array::constant_scalar(dtype, factor)
    })
}

/// The same numbers as by a program for the shape, from one that all shapes share: compiling one takes longer than
/// everything else that making a layer takes.
#[track_caller]
fn in_blocks(unit: Unit, key: &Array, factor: f32, shape: &[usize], size: usize) -> Array {
    let factor = Array::scalar(factor);
    let block = |first: usize| {
        let args = [key.clone(), Array::scalar(first as u32), factor.clone()];
        one_program("init", &args, |args| {
            unit.draw_from(&args[0], &args[1], BLOCK, DType::F32) * &args[2]
        })
    };
    // All are started before the first is waited for.
    let blocks: Vec<Array> = (0..size).step_by(BLOCK).map(block).collect();
    or_raise(join(&blocks, Aval::new(DType::F32, shape)))
}

/// The distribution of each element, and the factor on it, where elements do not depend on each other.
#[track_caller]
fn scaled(init: &Initializer, shape: &[usize], dtype: DType) -> Option<(Unit, f64)> {
    // JAX computes the factor in the parameter's dtype.
    let rounded = |x: f64| match dtype {
        DType::F16 => f16::from_f64(x).to_f64(),
        DType::BF16 => bf16::from_f64(x).to_f64(),
        DType::F32 => f64::from(x as f32),
        _ => x,
    };
    Some(match &init.rule {
        InitRule::Uniform(scale) => (Unit::Uniform, scale.get()),
        InitRule::Normal(stddev) => (Unit::Normal, stddev.get()),
        InitRule::TruncatedNormal { stddev, lower, upper } => {
            (Unit::Truncated(lower.get(), upper.get()), stddev.get())
        }
        InitRule::VarianceScaling { distribution, .. } => {
            let variance = rounded(init.variance(shape, dtype));
            match distribution {
                // The standard deviation of a unit normal distribution cut at -2 and 2.
                Distribution::TruncatedNormal => {
                    let cut = rounded(0.879_625_661_034_239_8);
                    (Unit::Truncated(-2.0, 2.0), rounded(variance.sqrt()) / cut)
                }
                Distribution::Normal => (Unit::Normal, variance.sqrt()),
                Distribution::Uniform => (Unit::Symmetric, rounded(3.0 * variance).sqrt()),
            }
        }
        _ => return None,
    })
}

/// The initializers whose elements depend on each other.
#[track_caller]
fn matrices(rule: &InitRule, key: &Key, shape: &[usize], dtype: DType) -> Array {
    let constant = |value: f64| Array::constant_scalar(dtype, value);
    match rule {
        InitRule::Orthogonal { scale, column_axis } => {
            constant(scale.get()) * orthogonal_sample(key, shape, *column_axis, dtype)
        }
        InitRule::DeltaOrthogonal { scale, column_axis } => {
            let (field, matrix) = shape.split_at(shape.len() - 2);
            let center =
                constant(scale.get()) * orthogonal_sample(key, matrix, *column_axis, dtype);
            let before = |&size: &usize| (size - 1) as i64 / 2;
            let mut pairs: Vec<(i64, i64)> =
                field.iter().map(|size| (before(size), *size as i64 - 1 - before(size))).collect();
            pairs.extend([(0, 0); 2]);
            let mut ones = vec![1; field.len()];
            ones.extend(matrix);
            center.reshape(ones).pad(&pairs, 0)
        }
        _ => unreachable!("made otherwise"),
    }
}

/// The Q of a QR decomposition of normal samples, with the signs that make R's diagonal positive
/// (Mezzadri 2007), in f32 at least.
fn orthogonal_sample(key: &Key, shape: &[usize], column_axis: isize, dtype: DType) -> Array {
    let axis = dim("orthogonal", column_axis, &Aval::new(dtype, shape));
    let columns = shape[axis];
    let rows = saturating_product(shape).checked_div(columns).unwrap_or(0);
    let (long, short) = (rows.max(columns), rows.min(columns));
    let wide = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let sample = random::normal(key, [long, short], wide);
    let reflections = bind(Geqrf, &[&sample]);
    let q = bind1(HouseholderProduct, &[&reflections[0], &reflections[1]]);
    let r = reflections[0].slice([(0..short).into()]);
    let diagonal = select(eye(short, DType::Bool), &r, r.zeros_like()).sum(0);
    let q = q * diagonal.sign();
    let q = if rows < columns { q.t() } else { q };
    let mut last: Vec<usize> =
        shape.iter().enumerate().filter(|(d, _)| *d != axis).map(|(_, &n)| n).collect();
    last.push(columns);
    q.reshape(last).moveaxis(-1, axis as isize).astype(dtype)
}
