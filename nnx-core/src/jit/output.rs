//! Results of jitted functions.

use super::call::call;
use super::function::Function;
use crate::error::{Error, raise};
use crate::module::{Module, Schema, check};
use crate::transform::lend::Argument;

/// The result of a jitted function: a tree of arrays, or a `Result` of one.
///
/// A function that returns `Result<_, E>` with `E: From<nnx::Error>` gets tracing, compile and run
/// errors as `Err`; any other function panics with the same message at the caller's line.
///
/// ```
/// use nnx::Array;
///
/// #[nnx::jit]
/// fn halves(x: &Array) -> nnx::Result<(Array, Vec<Array>)> {
///     Ok((x * 0.5, x.split(2, 0)))
/// }
///
/// let (scaled, parts) = halves(&Array::from([2.0_f32, 4.0])).unwrap();
/// assert_eq!((scaled.to_vec::<f32>(), parts[1].to_vec::<f32>()), (vec![1.0, 2.0], vec![4.0]));
/// assert!(halves(&Array::from([1.0_f32, 2.0, 3.0])).is_err()); // three do not halve
/// ```
#[diagnostic::on_unimplemented(
    message = "a jitted function cannot return `{Self}`",
    label = "not a tree of arrays that is `Send + Sync`, nor a `Result` of one",
    note = "a result owns its arrays: it is an `Array`, a Variable, a type that derives Module, a tuple, list, option or map of these, or a `Result` of one whose error has `From<nnx::Error>`; all threads share it, so it is `Send + Sync`"
)]
pub trait Output: Sized {
    /// The tree of arrays.
    type Tree: Module + Send + Sync;
    /// The schema of the tree.
    const SCHEMA: &'static Schema = <Self::Tree as Module>::SCHEMA;
    /// Whether mistakes in the body come back as `Err`.
    const CATCHES: bool;
    /// The tree, or the body's own error.
    fn split(self) -> Result<Self::Tree, Self>;
    /// A result from a finished tree.
    fn from_tree(tree: Self::Tree) -> Self;
    /// The caller's result when the call fails.
    #[track_caller]
    fn from_error(error: Error) -> Self;
    /// Calls a function whose result is of a type that cannot be written down, and so was not
    /// checked elsewhere.
    #[doc(hidden)]
    #[track_caller]
    fn of_call<A, F>(function: &'static Function, arguments: A, body: F) -> Self
    where
        Self: 'static,
        A: Argument,
        F: for<'t> FnOnce(A::Body<'t>) -> Self,
    {
        const { check::result(Self::SCHEMA).report() };
        call(function, arguments, body)
    }
    /// As [`of_call`](Output::of_call), in graph mode.
    #[doc(hidden)]
    #[track_caller]
    fn of_graph_call<A, F>(function: &'static Function, arguments: A, body: F) -> Self
    where
        Self: 'static,
        A: Argument,
        F: for<'t> FnOnce(A::Body<'t>) -> Self,
    {
        call(function, arguments, body)
    }
}

/// The error of a jitted function that returns a `Result`: it takes the errors of tracing,
/// compiling and running, and so has `From<nnx::Error>`.
///
/// ```
/// use nnx::Array;
///
/// #[derive(Debug)]
/// enum MyError {
///     Nnx(nnx::Error),
///     Empty,
/// }
///
/// impl From<nnx::Error> for MyError {
///     fn from(error: nnx::Error) -> MyError {
///         MyError::Nnx(error)
///     }
/// }
///
/// #[nnx::jit]
/// fn mean(x: &Array) -> Result<Array, MyError> {
///     if x.size() == 0 { Err(MyError::Empty) } else { Ok(x.mean(..)) }
/// }
///
/// assert_eq!(mean(&Array::from([1.0_f32, 2.0])).unwrap().item::<f32>(), 1.5);
/// assert!(matches!(mean(&Array::from([0.0_f32; 0])), Err(MyError::Empty)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a jitted function: it does not take the errors of tracing, compiling and running",
    label = "`From<nnx::Error>` is missing",
    note = "fixes:\n  1. implement `From<nnx::Error>` for the error type\n  2. return `nnx::Result<…>`, whose error is `nnx::Error`"
)]
pub trait CallError {
    /// Holds for every such error.
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> CallError for E {}

#[diagnostic::do_not_recommend]
impl<T: Module + Send + Sync> Output for T {
    type Tree = T;
    const CATCHES: bool = false;
    fn split(self) -> Result<T, Self> {
        Ok(self)
    }
    fn from_tree(tree: T) -> Self {
        tree
    }
    #[track_caller]
    fn from_error(error: Error) -> Self {
        raise(error)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Module + Send + Sync, E: From<Error>> Output for Result<T, E> {
    type Tree = T;
    const CATCHES: bool = true;
    fn split(self) -> Result<T, Self> {
        self.map_err(Err)
    }
    fn from_tree(tree: T) -> Self {
        Ok(tree)
    }
    fn from_error(error: Error) -> Self {
        Err(E::from(error))
    }
}
