//! The conditions of `if` and `while` in the body of a jitted function.

/// A condition of the comparisons in the body of a jitted function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decide an `if` or a `while`: these take a `bool`",
    label = "not a `bool`: the values of arrays are not known while the function is traced",
    note = "fixes:\n  1. element by element: `nnx::array::where_(&x.gt(y), x, y)`\n  2. one of two computations: `nnx::cond(&x.max(..).gt(0.0), |x: &Array| x.clone(), |x: &Array| -x, x)`\n  3. a loop: `nnx::while_loop(|x: &Array| x.max(..).gt(1.0), |x: Array| x * 0.5, x.clone())`"
)]
pub trait Decides {
    /// The condition.
    fn decides(self) -> bool;
}

#[diagnostic::do_not_recommend]
impl Decides for bool {
    #[inline(always)]
    fn decides(self) -> bool {
        self
    }
}
