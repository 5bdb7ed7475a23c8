//! The types that rules of `checkify` work with, for mistakes that only values show.

use super::{Array, Graph};
use crate::value::{Aval, DType};

/// The mistakes that [`checkify`](crate::transform::checkify()) looks for.
/// `jax.experimental.checkify`'s sets of errors.
///
/// ```
/// use nnx::{Array, checkify, transform::Checks};
///
/// let both = Checks::NAN | Checks::DIV; // these two alone
/// let (error, _) = checkify(both, |x: &Array| 1.0 / x, &Array::scalar(0.0_f32));
/// assert!(error.get()?.is_some());
/// let (error, _) = checkify(Checks::NAN, |x: &Array| 1.0 / x, &Array::scalar(0.0_f32));
/// assert!(error.get()?.is_none()); // ∞ is not NaN
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checks {
    user: bool,
    nan: bool,
    index: bool,
    div: bool,
}

impl Checks {
    /// The user's own: those of [`check`](crate::transform::check).
    ///
    /// ```
    /// use nnx::{Array, checkify, transform::{Checks, check}};
    ///
    /// let f = |x: &Array| {
    ///     check(&x.lt(10), "x is a digit");
    ///     x + 1
    /// };
    /// assert!(checkify(Checks::USER, f, &Array::scalar(12)).0.throw().is_err());
    /// ```
    pub const USER: Checks = Checks { user: true, ..Checks::NONE };
    /// Operations whose result holds NaN.
    ///
    /// ```
    /// use nnx::{Array, checkify, transform::Checks};
    ///
    /// let log = |x: &Array| x.log();
    /// assert!(checkify(Checks::NAN, log, &Array::scalar(-1.0_f32)).0.throw().is_err());
    /// ```
    pub const NAN: Checks = Checks { nan: true, ..Checks::NONE };
    /// Indices out of bounds in gathers, scatters and dynamic slices.
    ///
    /// ```
    /// use nnx::{Array, checkify, transform::Checks};
    ///
    /// let x = Array::from([1.0_f32, 2.0, 3.0]);
    /// let third = |i: &Array| x.take(i, 0);
    /// assert!(checkify(Checks::INDEX, third, &Array::scalar(3)).0.throw().is_err());
    /// ```
    pub const INDEX: Checks = Checks { index: true, ..Checks::NONE };
    /// Divisions by zero.
    ///
    /// ```
    /// use nnx::{Array, checkify, transform::Checks};
    ///
    /// let inverse = |x: &Array| 1.0 / x;
    /// assert!(checkify(Checks::DIV, inverse, &Array::scalar(0.0_f32)).0.throw().is_err());
    /// ```
    pub const DIV: Checks = Checks { div: true, ..Checks::NONE };
    /// All.
    ///
    /// ```
    /// use nnx::{Array, checkify, transform::Checks};
    ///
    /// let f = |x: &Array| (1.0 / x).log();
    /// assert!(checkify(Checks::ALL, f, &Array::scalar(0.0_f32)).0.throw().is_err());
    /// assert!(checkify(Checks::ALL, f, &Array::scalar(2.0_f32)).0.throw().is_ok());
    /// ```
    pub const ALL: Checks = Checks { user: true, nan: true, index: true, div: true };
    const NONE: Checks = Checks { user: false, nan: false, index: false, div: false };

    /// Whether both hold one kind.
    pub(crate) fn overlaps(self, other: Checks) -> bool {
        (self.user && other.user)
            || (self.nan && other.nan)
            || (self.index && other.index)
            || (self.div && other.div)
    }

    /// These checks, without those for NaN.
    pub(crate) fn without_nan(self) -> Checks {
        Checks { nan: false, ..self }
    }
}

impl std::ops::BitOr for Checks {
    type Output = Checks;
    fn bitor(self, other: Checks) -> Checks {
        Checks {
            user: self.user | other.user,
            nan: self.nan | other.nan,
            index: self.index | other.index,
            div: self.div | other.div,
        }
    }
}

/// From the operands: where they are wrong, in an array of bools; `None` if they cannot be.
pub(crate) type Failed<'a> = dyn Fn(&[Array]) -> Option<Array> + 'a;

/// A possible mistake in an operation's operands.
pub(crate) struct Fault<'a> {
    /// Which checks look for it.
    pub(crate) checks: Checks,
    pub(crate) message: String,
    pub(crate) failed: Box<Failed<'a>>,
}

impl<'a> Fault<'a> {
    pub(crate) fn new(
        checks: Checks,
        message: impl Into<String>,
        failed: impl Fn(&[Array]) -> Option<Array> + 'a,
    ) -> Option<Self> {
        Some(Fault { checks, message: message.into(), failed: Box::new(failed) })
    }
}

/// Makes checked programs, for operations that hold programs. A checked program takes the code, the
/// number of the first check that failed, and passes it on.
pub(crate) trait Checker {
    /// A program like `graph` that takes the code before input `at` and gives it before output
    /// `out`.
    fn program(&mut self, graph: &Graph, at: usize, out: usize) -> Graph;

    /// A condition like `graph` that takes the code before input `at`; what it does to the code is lost.
    fn condition(&mut self, graph: &Graph, at: usize) -> Graph {
        let mut graph = graph.clone();
        let code = graph.value(&Aval::scalar(DType::I32));
        graph.inputs.insert(at, code);
        graph
    }

    /// A program like that of an operation with a derivative of its own, which counts as one
    /// operation: NaN is looked for in its results alone. It takes and gives the code first.
    fn function(&mut self, name: &str, graph: &Graph) -> Graph;
}
