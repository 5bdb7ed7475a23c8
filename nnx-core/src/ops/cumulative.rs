//! Running sums, products and extremes along a dimension.

use super::batch::{Batch, Batched};
use super::window::{ReduceWindow, Window};
use super::{Backward, Builder, Id, Ids, Jvp, Pad, Primitive, Reducer, Slice, Tangents, one, zero};
use crate::Array;
use crate::array::select;
use crate::graph::{Aval, Avals, bind1};
use smallvec::smallvec;

/// Element `i` of the result combines the elements up to and including `i`, or from `i` on if
/// `reverse`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cumulative {
    pub(crate) reducer: Reducer,
    pub(crate) dim: usize,
    pub(crate) reverse: bool,
}

impl Primitive for Cumulative {
    fn name(&self) -> &'static str {
        match self.reducer {
            Reducer::Sum => "cumsum",
            Reducer::Prod => "cumprod",
            Reducer::Max => "cummax",
            Reducer::Min => "cummin",
            Reducer::And => "cumand",
            Reducer::Or => "cumor",
        }
    }
    fn params(&self) -> String {
        format!("dimension={} reverse={}", self.dim, self.reverse)
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        self.reducer.takes().check(ins[0].dtype())?;
        if self.dim >= ins[0].rank() {
            return Err(format!("{} has no dimension {}", ins[0], self.dim));
        }
        Ok(smallvec![ins[0]])
    }
    /// A window over all elements before: XLA recognises it and does not take quadratic time.
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let shape = outs[0].shape();
        if outs[0].size() == 0 {
            return ins.into();
        }
        let ones = vec![1; shape.len()];
        let mut window = Window {
            sizes: ones.clone(),
            strides: ones.clone(),
            padding: vec![(0, 0); shape.len()],
            base_dilation: ones.clone(),
            window_dilation: ones,
        };
        let before = shape[self.dim] as i64 - 1;
        window.sizes[self.dim] = shape[self.dim];
        window.padding[self.dim] = if self.reverse { (0, before) } else { (before, 0) };
        ReduceWindow { reducer: self.reducer, window }.lower(b, ins, outs)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Tangents, String> {
        let Some(t) = cx.tangent(0) else { return zero() };
        if self.reducer == Reducer::Sum {
            return one(Some(bind1(self.clone(), &[t])));
        }
        let flip = |x: &Array| if self.reverse { x.flip(self.dim) } else { x.clone() };
        let start = Dual { value: flip(&cx.primals[0]), tangent: flip(t) };
        let combine = |a: &Dual, b: &Dual| combine(self.reducer, a, b);
        one(Some(flip(&scan(&start, self.dim, &combine).tangent)))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        if self.reducer != Reducer::Sum {
            return Err("it is not linear".into());
        }
        let back = Cumulative { reverse: !self.reverse, ..self.clone() };
        one(Some(bind1(back, &[cx.ct()])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Cumulative { dim: self.dim + 1, ..self.clone() })
    }
}

/// Values with their tangents.
struct Dual {
    value: Array,
    tangent: Array,
}

impl Dual {
    fn map(&self, f: impl Fn(&Array) -> Array) -> Dual {
        Dual { value: f(&self.value), tangent: f(&self.tangent) }
    }

    fn zip(&self, other: &Dual, f: impl Fn(&Array, &Array) -> Array) -> Dual {
        Dual { value: f(&self.value, &other.value), tangent: f(&self.tangent, &other.tangent) }
    }
}

fn combine(reducer: Reducer, a: &Dual, b: &Dual) -> Dual {
    let (x, y) = (&a.value, &b.value);
    if reducer == Reducer::Prod {
        return Dual { value: x * y, tangent: &a.tangent * y + x * &b.tangent };
    }
    let max = reducer == Reducer::Max;
    let (value, left) = if max { (x.maximum(y), x.gt(y)) } else { (x.minimum(y), x.lt(y)) };
    // Half of each where they are equal, as for `maximum` itself.
    let half = (&a.tangent + &b.tangent) * 0.5;
    let chosen = select(&left, &a.tangent, &b.tangent);
    Dual { value, tangent: select(&x.eq(y), &half, &chosen) }
}

/// Every `stride`-th element along `dim`, from `start` to `limit`.
fn strided(x: &Array, dim: usize, start: usize, limit: usize, stride: usize) -> Array {
    let mut op =
        Slice { start: vec![0; x.rank()], limit: x.shape().to_vec(), stride: vec![1; x.rank()] };
    (op.start[dim], op.limit[dim], op.stride[dim]) = (start, limit, stride);
    bind1(op, &[x])
}

/// Elements of `a` and `b` in turn.
fn interleave(a: &Array, b: &Array, dim: usize) -> Array {
    let (na, nb) = (a.shape()[dim], b.shape()[dim]);
    let mut config = vec![(0, 0, 0); a.rank()];
    let zero = Array::constant_scalar(a.dtype(), 0.0);
    config[dim] = (0, i64::from(na == nb), 1);
    let even = bind1(Pad(config.clone()), &[a, &zero]);
    config[dim] = (1, i64::from(na != nb), 1);
    even + bind1(Pad(config), &[b, &zero])
}

/// The associative scan of Blelloch and Hillis: sums of neighbouring pairs, scanned recursively,
/// are the odd elements of the result; the even ones need one more combination each.
fn scan(x: &Dual, dim: usize, combine: &dyn Fn(&Dual, &Dual) -> Dual) -> Dual {
    let n = x.value.shape()[dim];
    if n < 2 {
        return x.map(Array::clone);
    }
    let pairs =
        combine(&x.map(|a| strided(a, dim, 0, n - 1, 2)), &x.map(|a| strided(a, dim, 1, n, 2)));
    let odd = scan(&pairs, dim, combine);
    let first = x.map(|a| a.slice_dim(dim, 0, 1));
    let even = if n == 2 {
        first
    } else {
        let before = odd.map(|a| a.slice_dim(dim, 0, (n - 1) / 2));
        let rest = combine(&before, &x.map(|a| strided(a, dim, 2, n, 2)));
        first.zip(&rest, |a, b| crate::array::concatenate(&[a, b], dim as isize))
    };
    even.zip(&odd, |a, b| interleave(a, b, dim))
}
