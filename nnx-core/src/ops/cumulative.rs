//! Running sums, products and extremes along a dimension.

use super::Reducer;
use super::prefixes::prefixes;
use super::window::{ReduceWindow, Window};
use crate::array::select;
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one,
};
use crate::lower::{Id, Ids};
use crate::run::bind1;
use crate::value::Aval;
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
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        self.reducer.takes().check(ins[0].dtype())?;
        if self.dim >= ins[0].rank() {
            return Err(format!("{} has no dimension {}", ins[0], self.dim));
        }
        Ok(smallvec![ins[0].clone()])
    }
    /// A window over all elements before: XLA recognises it and does not take quadratic time.
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let shape = outs[0].shape();
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
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        if self.reducer == Reducer::Sum {
            return cx.linear();
        }
        let flip = |x: &Array| if self.reverse { x.flip(self.dim) } else { x.clone() };
        let start = [flip(&cx.primals[0]), flip(t)];
        let combine = |a: &[Array], b: &[Array]| combine(self.reducer, a, b);
        let prefixes = prefixes(&start, &|_| self.dim, &combine);
        cx.one(Some(flip(&prefixes[1])))
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

/// Combines values and tangents.
fn combine(reducer: Reducer, a: &[Array], b: &[Array]) -> Vec<Array> {
    let (x, tx, y, ty) = (&a[0], &a[1], &b[0], &b[1]);
    if reducer == Reducer::Prod {
        return vec![x * y, tx * y + x * ty];
    }
    let max = reducer == Reducer::Max;
    let (value, left) = if max { (x.maximum(y), x.gt(y)) } else { (x.minimum(y), x.lt(y)) };
    // Half of each where they are equal, as for `maximum` itself.
    let half = (tx + ty) * 0.5;
    let chosen = select(&left, tx, ty);
    vec![value, select(x.eq(y), &half, &chosen)]
}
