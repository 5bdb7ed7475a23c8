//! Reductions in steps that XLA makes vector code of, for CPUs.
//!
//! XLA's code for CPUs goes along the last dimension with vectors if that one stays. A sum over the first three
//! dimensions of f32[64, 28, 28, 32] takes 0.58 ms at once and 0.10 ms one dimension after the other, a maximum over the last
//! one of f32[4096, 4096] 6.4 and 1.3 ms; windows are gone through one element at a time, and the gradient of a
//! maximum over windows of 2 by 2 of the first array takes 51 ms by `select_and_scatter` and 2 ms from strided slices (two
//! virtual CPUs, XLA of jaxlib 0.11.2).

use super::compare::Compare;
use super::complex::combining_region;
use super::reduce::{Reducer, without};
use super::window::{Window, better, extreme};
use crate::graph::Builder;
use crate::lower::{Attr, AttrName, Direction, Id, Opcode, ints};
use crate::value::{Aval, DType, saturating_product};

/// With fewer elements, the form does not matter, and the short one is easier to read.
const FEW: usize = 1 << 14;
/// The lanes that the last dimension is split into.
const LANES: [usize; 2] = [8, 4];
/// More slices than this are a long program.
const MOST_SLICES: usize = 64;

/// Whether steps change no result but by the order of the operations: sums in narrow floats are made in a wide one at
/// once, and would be rounded after each step.
fn takes_steps(b: &Builder, reducer: Reducer, dtype: DType) -> bool {
    let adds = matches!(reducer, Reducer::Sum | Reducer::Prod);
    // An extreme of complex numbers takes several instructions.
    let single = adds || !dtype.is_complex();
    b.is_for_cpu() && single && !(adds && dtype.is_float() && dtype.size() < 4)
}

/// Combines all elements along the dimensions `dims`, which vanish.
pub(super) fn reduce(b: &mut Builder, reducer: Reducer, x: Id, dims: &[usize]) -> Id {
    let (mut x, mut dims) = (x, dims.to_vec());
    while takes_steps(b, reducer, b.aval(x).dtype()) && b.aval(x).size() >= FEW {
        let aval = b.aval(x);
        let (shape, last) = (aval.shape(), aval.rank() - 1);
        let long: Vec<usize> = dims.iter().copied().filter(|&d| shape[d] > 1).collect();
        // Of equal ones the first.
        let first = long.iter().rev().copied().filter(|&d| d != last).max_by_key(|&d| shape[d]);
        match first {
            Some(step) if long.len() > 1 => {
                x = one_step(b, reducer, x, &[step]);
                dims.retain(|&d| d != step);
                dims.iter_mut().filter(|d| **d > step).for_each(|d| *d -= 1);
            }
            _ if long == [last] => {
                let fits = |lanes: &usize| shape[last] % lanes == 0 && shape[last] >= 4 * lanes;
                let Some(lanes) = LANES.into_iter().find(fits) else { break };
                let mut split = shape.to_vec();
                split[last] /= lanes;
                split.push(lanes);
                let split = b.op(Opcode::Reshape, &[x], &aval.with_shape(&split), vec![]);
                x = one_step(b, reducer, split, &[last]);
                break;
            }
            _ => break,
        }
    }
    at_once(b, reducer, x, &dims)
}

/// A reduction that the compiler does not merge with the next one.
fn one_step(b: &mut Builder, reducer: Reducer, x: Id, dims: &[usize]) -> Id {
    let reduced = at_once(b, reducer, x, dims);
    barrier(b, reduced)
}

fn barrier(b: &mut Builder, x: Id) -> Id {
    let aval = b.aval(x);
    b.op(Opcode::OptimizationBarrier, &[x], &aval, vec![])
}

fn at_once(b: &mut Builder, reducer: Reducer, x: Id, dims: &[usize]) -> Id {
    let aval = b.aval(x);
    let out = aval.with_shape(&without(aval.shape(), dims));
    let init = b.literal(&Aval::scalar(out.dtype()), &reducer.identity(out.dtype()));
    let region = combining_region(b, reducer.opcode(), out.dtype());
    let attrs = vec![(AttrName::Dimensions, ints(dims))];
    b.op_with_regions(Opcode::Reduce, &[x, init], &[&out], attrs, vec![region])[0]
}

/// The elements of all windows at each place in them.
struct Slices {
    offsets: Vec<Vec<usize>>,
    strides: Vec<usize>,
    windows: Vec<usize>,
}

impl Slices {
    /// The windows of an operand of a shape, `windows` along each dimension, if they are better taken apart.
    fn new(window: &Window, shape: &[usize], windows: &[usize]) -> Option<Slices> {
        let elements = saturating_product(&window.sizes);
        let few = saturating_product(windows).saturating_mul(elements) < FEW;
        // The padding becomes a part of an array.
        let much = saturating_product(&padded_shape(shape, window))
            > saturating_product(shape).saturating_mul(4);
        let is_dilated = window.base_dilation.iter().any(|&d| d != 1);
        if few || much || elements > MOST_SLICES || is_dilated {
            return None;
        }
        let mut offsets = vec![vec![]];
        for (size, dilation) in window.sizes.iter().zip(&window.window_dilation) {
            let longer = |offset: &Vec<usize>, i| [&offset[..], &[i * dilation]].concat();
            offsets = (offsets.iter())
                .flat_map(|offset| (0..*size).map(move |i| longer(offset, i)))
                .collect();
        }
        Some(Slices { offsets, strides: window.strides.clone(), windows: windows.to_vec() })
    }

    /// The end of the slice from `offset` along dimension `i`.
    fn end(&self, offset: &[usize], i: usize) -> usize {
        offset[i] + (self.windows[i] - 1) * self.strides[i] + 1
    }

    /// In the order of the places.
    fn of(&self, b: &mut Builder, x: Id) -> Vec<Id> {
        let out = b.aval(x).with_shape(&self.windows);
        let slice = |offset: &Vec<usize>| {
            let ends: Vec<usize> = (0..offset.len()).map(|i| self.end(offset, i)).collect();
            let attrs = vec![
                (AttrName::StartIndices, ints(offset)),
                (AttrName::LimitIndices, ints(&ends)),
                (AttrName::Strides, ints(&self.strides)),
            ];
            b.op(Opcode::Slice, &[x], &out, attrs)
        };
        self.offsets.iter().map(slice).collect()
    }

    /// An array of `out` with the elements of `x` at the places of the slice `number`, and `zero` elsewhere.
    fn spread(&self, b: &mut Builder, number: usize, x: Id, zero: Id, out: &Aval) -> Id {
        let offset = &self.offsets[number];
        let after = |i: usize| (out.shape()[i] - self.end(offset, i)) as i64;
        let attrs = vec![
            (AttrName::EdgePaddingLow, ints(offset)),
            (AttrName::EdgePaddingHigh, Attr::Ints((0..offset.len()).map(after).collect())),
            (
                AttrName::InteriorPadding,
                Attr::Ints(self.strides.iter().map(|&stride| stride as i64 - 1).collect()),
            ),
        ];
        b.op(Opcode::Pad, &[x, zero], out, attrs)
    }
}

/// Combines the elements in each window of `x`, or nothing if that is better left to XLA.
pub(super) fn reduce_window(
    b: &mut Builder,
    reducer: Reducer,
    window: &Window,
    x: Id,
    out: &Aval,
) -> Option<Id> {
    let slices = Slices::new(window, b.aval(x).shape(), out.shape())
        .filter(|_| takes_steps(b, reducer, out.dtype()))?;
    let x = padded(b, x, window, &reducer.identity(out.dtype()));
    let combined = slices.of(b, x).into_iter();
    let combined =
        combined.reduce(|all, slice| b.op(reducer.opcode(), &[all, slice], out, vec![]))?;
    // Windows of windows would be computed again for each element of the outer ones.
    let overlap = window.sizes.iter().zip(&window.strides).any(|(size, stride)| size > stride);
    Some(if overlap { barrier(b, combined) } else { combined })
}

/// The shape of an operand with the padding of the window.
fn padded_shape(shape: &[usize], window: &Window) -> Vec<usize> {
    let padded = |(&n, &(low, high)): (&usize, &(i64, i64))| (n as i64 + low + high) as usize;
    shape.iter().zip(&window.padding).map(padded).collect()
}

/// `x` with the padding of the window, of elements with these `bytes`.
pub(super) fn padded(b: &mut Builder, x: Id, window: &Window, bytes: &[u8]) -> Id {
    if window.padding.iter().all(|&sides| sides == (0, 0)) {
        return x;
    }
    let aval = b.aval(x);
    let side = |side: fn(&(i64, i64)) -> i64| Attr::Ints(window.padding.iter().map(side).collect());
    let shape = padded_shape(aval.shape(), window);
    let attrs = vec![
        (AttrName::EdgePaddingLow, side(|padding| padding.0)),
        (AttrName::EdgePaddingHigh, side(|padding| padding.1)),
        (AttrName::InteriorPadding, Attr::Ints(vec![0; aval.rank()])),
    ];
    let element = b.literal(&Aval::scalar(aval.dtype()), bytes);
    b.op(Opcode::Pad, &[x, element], &aval.with_shape(&shape), attrs)
}

/// Goes through the slices of the keys in their order: where the next one is not `better`, what was chosen before stays.
fn choose(
    b: &mut Builder,
    max: bool,
    keys: &[Id],
    mut value: impl FnMut(&mut Builder, usize) -> Id,
) -> Id {
    let (mut key, mut chosen) = (keys[0], value(b, 0));
    let key_aval = b.aval(key);
    let value_aval = b.aval(chosen);
    for (number, &next) in keys.iter().enumerate().skip(1) {
        let stays = better(b, max, &key_aval, key, next);
        key = b.op(Opcode::Select, &[stays, key, next], &key_aval, vec![]);
        let next = value(b, number);
        chosen = b.op(Opcode::Select, &[stays, chosen, next], &value_aval, vec![]);
    }
    chosen
}

/// For each window of `keys` the element of `x` at the place of the extreme, or nothing if that is better left to XLA.
pub(super) fn select_and_gather(
    b: &mut Builder,
    max: bool,
    window: &Window,
    [x, keys]: [Id; 2],
    out: &Aval,
) -> Option<Id> {
    let shape = b.aval(x);
    let slices = Slices::new(window, shape.shape(), out.shape()).filter(|_| b.is_for_cpu())?;
    let key = b.aval(keys).with_shape(out.shape());
    let (worst, nothing) = (extreme(max).identity(key.dtype()), vec![0; out.dtype().size()]);
    let (x, keys) = (padded(b, x, window, &nothing), padded(b, keys, window, &worst));
    // Where all are the worst, the place is outside.
    let x = [vec![b.splat(out, &nothing)], slices.of(b, x)].concat();
    let keys = [vec![b.splat(&key, &worst)], slices.of(b, keys)].concat();
    Some(choose(b, max, &keys, |_, number| x[number]))
}

/// Adds each element of `x` to the place of the extreme in its window of `keys`, an array like `out`, or nothing if
/// that is better left to XLA. The keys and `out` are padded already, from the shape `operand`.
pub(super) fn select_and_scatter(
    b: &mut Builder,
    max: bool,
    window: &Window,
    [x, keys]: [Id; 2],
    operand: &[usize],
    out: &Aval,
) -> Option<Id> {
    let windows = b.aval(x);
    let slices = Slices::new(window, operand, windows.shape())
        .filter(|_| takes_steps(b, Reducer::Sum, out.dtype()))?;
    let keys = slices.of(b, keys);
    let numbers = windows.with_dtype(DType::I32);
    let number = |b: &mut Builder, number: usize| b.splat(&numbers, &(number as i32).to_le_bytes());
    let chosen = choose(b, max, &keys, number);
    // Or the compiler would choose again in each of the arrays below.
    let chosen = barrier(b, chosen);
    let zero = vec![0; out.dtype().size()];
    let (zeros, zero) = (b.splat(&windows, &zero), b.literal(&Aval::scalar(out.dtype()), &zero));
    let spread = (0..keys.len()).map(|place| {
        let here = number(b, place);
        let equal = Compare(Direction::Eq).attrs(DType::I32);
        let flags = windows.with_dtype(DType::Bool);
        let is_here = b.op(Opcode::Compare, &[chosen, here], &flags, equal);
        let part = b.op(Opcode::Select, &[is_here, x, zeros], &windows, vec![]);
        slices.spread(b, place, part, zero, out)
    });
    let spread: Vec<Id> = spread.collect();
    spread.into_iter().reduce(|all, part| b.op(Opcode::Add, &[all, part], out, vec![]))
}
