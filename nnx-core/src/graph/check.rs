//! The types that rules of `checkify` work with, for mistakes that only values show.

use super::{Array, Graph};
use crate::value::{Aval, DType};

/// The mistakes that [`checkify`](crate::transform::checkify()) looks for.
/// `jax.experimental.checkify`'s sets of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checks {
    user: bool,
    nan: bool,
    index: bool,
    div: bool,
}

impl Checks {
    /// The user's own: those of [`check`](crate::transform::check).
    pub const USER: Checks = Checks { user: true, ..Checks::NONE };
    /// Operations whose result holds NaN.
    pub const NAN: Checks = Checks { nan: true, ..Checks::NONE };
    /// Indices out of bounds in gathers, scatters and dynamic slices.
    pub const INDEX: Checks = Checks { index: true, ..Checks::NONE };
    /// Divisions by zero.
    pub const DIV: Checks = Checks { div: true, ..Checks::NONE };
    /// All.
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
