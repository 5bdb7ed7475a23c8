//! Operations over all elements of a batch, which `vmap` takes apart: no program has them when it is compiled.

use crate::array::iota;
use crate::graph::{
    Array, Avals, AxisName, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents,
    batched, one, prepend,
};
use crate::lower::{Id, Ids};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// The ways to combine the values of all elements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum CollectiveOp {
    Sum,
    Max,
    Min,
    /// All of them along a new dimension 0; there are so many.
    Gather(usize),
    /// Of their sum, each element's slice along dimension 0: the transpose of `Gather`.
    SumScatter(usize),
    /// The slice with the element's number along dimension 0 of all, along a new dimension 0: its own transpose.
    Swap(usize),
    /// Those of other elements, by the number of each.
    Permute(Vec<usize>),
    /// The number of the element; there is no operand.
    Index,
}

/// An operation over the elements along a named axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Collective {
    pub(crate) axis: AxisName,
    pub(crate) op: CollectiveOp,
}

impl Collective {
    fn of(&self, op: CollectiveOp, x: &Array) -> Array {
        bind1(Collective { axis: self.axis.clone(), op }, &[x])
    }

    /// The result where all of it lies along another axis too, in dimension 0 of `x`.
    fn batch_of_another(&self, x: &Array) -> Array {
        match self.op {
            CollectiveOp::Gather(_) => bind1(self.clone(), &[x]).moveaxis(0, 1),
            CollectiveOp::SumScatter(_) => bind1(self.clone(), &[&x.moveaxis(1, 0)]),
            CollectiveOp::Swap(_) => bind1(self.clone(), &[&x.moveaxis(1, 0)]).moveaxis(0, 1),
            _ => bind1(self.clone(), &[x]),
        }
    }
}

impl Primitive for Collective {
    fn name(&self) -> &'static str {
        match self.op {
            CollectiveOp::Sum => "psum",
            CollectiveOp::Max => "pmax",
            CollectiveOp::Min => "pmin",
            CollectiveOp::Gather(_) => "all_gather",
            CollectiveOp::SumScatter(_) => "psum_scatter",
            CollectiveOp::Swap(_) => "all_to_all",
            CollectiveOp::Permute(_) => "ppermute",
            CollectiveOp::Index => "axis_index",
        }
    }
    fn params(&self) -> String {
        format!("axis={}", self.axis)
    }
    fn axis_name(&self) -> Option<&AxisName> {
        Some(&self.axis)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [x] = ins else { return Ok(smallvec![Aval::scalar(DType::I32)]) };
        let of_numbers = !matches!(
            self.op,
            CollectiveOp::Gather(_) | CollectiveOp::Swap(_) | CollectiveOp::Permute(_)
        );
        if of_numbers && x.dtype() == DType::Bool {
            return Err(format!("is not defined for {x}: convert it first, as with `astype`"));
        }
        if matches!(self.op, CollectiveOp::Max | CollectiveOp::Min) && x.dtype().is_complex() {
            return Err(format!("{x} has no order: take its real part or its absolute value"));
        }
        Ok(smallvec![match self.op {
            CollectiveOp::Gather(size) => x.with_shape(&prepend(size, x.shape())),
            CollectiveOp::Swap(size) if x.shape().first() == Some(&size) => ins[0].clone(),
            CollectiveOp::SumScatter(size) | CollectiveOp::Swap(size) => match x.shape() {
                [first, rest @ ..] if *first == size => x.with_shape(rest),
                _ => {
                    return Err(format!(
                        "{x} has no slice for each of the {size} elements of the axis `{}` along its axis 0",
                        self.axis
                    ));
                }
            },
            _ => ins[0].clone(),
        }])
    }
    fn lower(&self, _: &mut Builder, _: &[Id], _: &[&Aval]) -> Ids {
        unreachable!("the call of `vmap` that gives the axis its name takes the operation apart")
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        match self.op {
            CollectiveOp::Max | CollectiveOp::Min => Err("it has no derivative, as in JAX".into()),
            _ => cx.linear(),
        }
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let op = match &self.op {
            CollectiveOp::Sum => CollectiveOp::Sum,
            CollectiveOp::Gather(size) => CollectiveOp::SumScatter(*size),
            CollectiveOp::SumScatter(size) => CollectiveOp::Gather(*size),
            CollectiveOp::Swap(size) => CollectiveOp::Swap(*size),
            CollectiveOp::Permute(from) => {
                let mut to = vec![0; from.len()];
                from.iter().enumerate().for_each(|(to_element, &from)| to[from] = to_element);
                CollectiveOp::Permute(to)
            }
            CollectiveOp::Max | CollectiveOp::Min | CollectiveOp::Index => {
                return Err("it is not linear".into());
            }
        };
        one(Some(self.of(op, cx.ct())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let size = cx.axis.size;
        let [x] = cx.ins else {
            return batched(smallvec![iota([size], DType::I32, 0)]);
        };
        if cx.axis.name.as_ref() != Some(&self.axis) {
            return batched(smallvec![self.batch_of_another(x)]);
        }
        let is_float = x.dtype().is_float() || x.dtype().is_complex();
        let sum = || match cx.batched[0] {
            false if is_float => x * Array::constant_scalar(x.dtype(), size as f64),
            // A short integer stays one.
            _ => cx.with_batch(0).sum(0).astype(x.dtype()),
        };
        Ok(smallvec![match &self.op {
            CollectiveOp::Max | CollectiveOp::Min if size == 0 => {
                (
                    Array::zeros_aval(
                        &x.aval().with_shape(&x.shape()[usize::from(cx.batched[0])..]),
                    ),
                    false,
                )
            }
            CollectiveOp::Sum => (sum(), false),
            CollectiveOp::Max if cx.batched[0] => (x.max(0), false),
            CollectiveOp::Min if cx.batched[0] => (x.min(0), false),
            CollectiveOp::Gather(_) => (cx.with_batch(0), false),
            CollectiveOp::SumScatter(_) => (sum(), true),
            CollectiveOp::Swap(_) => (cx.with_batch(0).swapaxes(0, 1), true),
            CollectiveOp::Permute(from) if cx.batched[0] => {
                let from: Vec<i32> = from.iter().map(|&i| i as i32).collect();
                (x.take(Array::from_slice(&from, [from.len()]), 0), true)
            }
            _ => (x.clone(), false),
        }])
    }
}
