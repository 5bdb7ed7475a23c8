//! Where parts of arrays start, as operands of programs. Outside of traces each operation is a program, and with
//! its numbers in it each position would be compiled anew.

use super::one_program;
use crate::error::or_raise;
use crate::graph::{Array, is_tracing};
use crate::ops::{DynamicSlice, Slice};
use crate::run::{bind1, buffer};
use crate::value::{Aval, DType};
use crate::xla::{Client, Placement};

/// Whole numbers: literals inside a trace, an operand outside.
pub(super) struct Starts {
    values: Vec<usize>,
    operand: Option<Array>,
}

impl Starts {
    /// The numbers, for a program that works on `x`.
    #[track_caller]
    pub(super) fn beside(x: &Array, values: Vec<usize>) -> Starts {
        let operand = (!is_tracing() && !values.is_empty()).then(|| {
            let bytes: Vec<u8> = values.iter().flat_map(|&n| (n as i64).to_le_bytes()).collect();
            let aval = Aval::new(DType::I64, &[values.len()]);
            // An `x` without a device is refused where it is used.
            let placement = buffer(x)
                .map_or_else(|_| Placement::default(), |buffer| buffer.placement().whole());
            let upload = || Client::global()?.upload(&bytes, aval, placement);
            Array::from_buffer(or_raise(upload()))
        });
        Starts { values, operand }
    }

    /// The arguments of the program: `args`, and the numbers if they are an operand.
    pub(super) fn after(&self, args: impl IntoIterator<Item = Array>) -> Vec<Array> {
        args.into_iter().chain(self.operand.clone()).collect()
    }

    /// The numbers as scalars in the program with these `args`, of which they are the last.
    pub(super) fn scalars(&self, args: &[Array]) -> Vec<Array> {
        let operand = self.operand.as_ref().and(args.last());
        let scalar = |(i, &n): (usize, &usize)| match operand {
            Some(all) => all.slice_dim(0, i, i + 1).squeeze(0),
            None => Array::constant_int(DType::I64, n as i64),
        };
        self.values.iter().enumerate().map(scalar).collect()
    }

    /// The part of `x` with these sizes that starts there.
    pub(super) fn window(&self, x: &Array, starts: &[Array], sizes: &[usize]) -> Array {
        if self.operand.is_some() {
            let ins: Vec<&Array> = std::iter::once(x).chain(starts).collect();
            return bind1(DynamicSlice(sizes.to_vec()), &ins);
        }
        let limit = self.values.iter().zip(sizes).map(|(start, size)| start + size).collect();
        bind1(Slice { start: self.values.clone(), limit, stride: vec![1; sizes.len()] }, &[x])
    }
}

/// The part of `x` that `op` takes, in this shape.
#[track_caller]
pub(super) fn cut(x: &Array, op: Slice, shape: &[usize]) -> Array {
    let out = op.out_shape();
    let whole = op.stride.iter().all(|&step| step == 1) && out == x.shape();
    if is_tracing() || whole {
        return bind1(op, &[x]).reshape(shape);
    }
    // From the first to the last element that is taken.
    let spans: Vec<usize> = out
        .iter()
        .zip(&op.stride)
        .map(|(&n, &step)| n.min(1) + n.saturating_sub(1) * step)
        .collect();
    let strided = Slice { start: vec![0; spans.len()], limit: spans.clone(), stride: op.stride };
    let starts = Starts::beside(x, op.start);
    one_program("slice", &starts.after([x.clone()]), |args| {
        let span = starts.window(&args[0], &starts.scalars(args), &spans);
        let part = if out == spans { span } else { bind1(strided, &[&span]) };
        part.reshape(shape)
    })
}
