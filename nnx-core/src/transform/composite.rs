//! Functions with a name that compilers may know, and functions by platform.

use super::cond::switch;
use super::lend::{Argument, TransformCall};
use crate::module::Module;
use crate::ops::{Composite, PlatformIndex};
use crate::run::{bind, bind1};
use std::sync::Arc;

/// Runs `f` as one operation of the program, called `name`, which is a name space and a name, as `my.tangent`. A compiler
/// that knows it has an implementation of its own, and any other does what `f` does. `jax.lax.composite`.
///
/// Its derivatives are those of `f`. Variables that `f` sets in an argument given as `&mut` are set in the caller's.
///
/// ```
/// use nnx::{Array, composite};
///
/// let tangent = |x: &Array| composite("my.tangent", 1, |x: &Array| x.sin() / x.cos(), x);
/// let x = Array::scalar(0.5_f32);
/// assert!((tangent(&x).item::<f32>() - 0.5_f32.tan()).abs() < 1e-6);
/// ```
///
/// # Panics
/// Panics if `name` is not such a name, or `f` changes static parts or plain arrays of the argument.
#[track_caller]
pub fn composite<A, R, F>(name: &str, version: i32, f: F, mut argument: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let call = TransformCall::new("composite", &mut argument);
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if name.split('.').count() < 2 || !name.split('.').all(is_word) {
        call.invalid(format!(
            "`{name}` is not a name in a name space\nfix: letters, digits and underscores, with dots between: `my.tangent`"
        ));
    }
    let mut program = call.trace_sowing(f, &call.avals);
    let args = call.arguments(&program);
    let graph = std::mem::take(&mut program.closed.graph).into();
    let op = Composite { name: name.into(), version, graph };
    let outs = call.staged(&args, |args| bind(op, &args.iter().collect::<Vec<_>>()).to_vec());
    call.finish(program, &outs)
}

/// Runs one of several functions, by the platform that the program is compiled for: `branch(Some(name), operands)` is what
/// one of `platforms` does, and `branch(None, operands)` what all others do. `jax.lax.platform_dependent`.
///
/// Platforms are `cpu`, `cuda`, `rocm`, `gpu` for the two before, `tpu`, and whatever [`Client::platform`] gives. All
/// branches are traced, and the choice is made when the program is compiled; see [`cond`](super::cond()) for what holds of
/// them.
///
/// ```
/// use nnx::{Array, platform_dependent};
///
/// let branch = |platform: Option<&str>, x: &Array| match platform {
///     Some("cpu") => x + 1.0,
///     Some(_) => x + 2.0,
///     None => x + 3.0,
/// };
/// let y = platform_dependent(&["cpu", "gpu"], branch, &Array::scalar(1.0_f32));
/// # if nnx::xla::Client::global()?.platform() == "cpu" {
/// assert_eq!(y.item::<f32>(), 2.0); // on CPUs
/// # }
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Panics
/// Panics if what the branches return differs in structure, shape or dtype.
///
/// [`Client::platform`]: crate::xla::Client::platform
#[track_caller]
pub fn platform_dependent<A, R, F>(platforms: &[&str], branch: F, operands: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> Fn(Option<&str>, A::Body<'t>) -> R,
{
    let names: Vec<Arc<str>> = platforms.iter().map(|&name| name.into()).collect();
    let index = bind1(PlatformIndex(names), &[]);
    let branch = |k: usize, operands: A::Body<'_>| branch(platforms.get(k).copied(), operands);
    switch(&index, platforms.len() + 1, branch, operands)
}
