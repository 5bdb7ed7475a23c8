//! The greatest common divisor.

use super::binary::same;
use super::inner_loop::inner_while;
use super::unary::Takes;
use super::{Binary, BinaryOp};
use crate::array::select;
use crate::graph::{Avals, Batch, Batched, Builder, Primitive};
use crate::lower::{Id, Ids};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Greatest common divisors of numbers that are not negative, elementwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Gcd;

impl Primitive for Gcd {
    fn name(&self) -> &'static str {
        "gcd"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let out = same(ins)?;
        Takes::Ints.check(out.dtype())?;
        Ok(smallvec![out])
    }
    /// Euclid's algorithm on all elements at once.
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        b.traced1(ins, |args| {
            let state = inner_while(
                args,
                |s| s[1].ne(0).astype(DType::Bool).any(..),
                |s| {
                    let (x, y) = (&s[0], &s[1]);
                    let done = y.eq(0);
                    let safe = select(&done, y.ones_like(), y);
                    let rem = bind1(Binary(BinaryOp::Rem), &[x, &safe]);
                    vec![select(&done, x, y), select(&done, y, &rem)]
                },
            );
            state[0].clone()
        })
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
