//! Functions of the host, called from compiled programs.

use super::lend::Argument;
use super::trees::{OnlyRead, difference_of, invalid, with_leaves};
use crate::error::{Error, or_raise};
use crate::graph::Array;
use crate::module::Module;
use crate::module::held::hold;
use crate::module::new_nodes::NewNodes;
use crate::module::walk::{Rebuild, leaves_of, rebuild};
use crate::ops::{CallbackKind, HostCall, HostFunction};
use crate::run::bind;
use crate::value::Aval;
use std::panic::Location;

/// Calls `f` on the host with the values of `argument`, and gives its result, whose shapes and dtypes `result` says.
/// `jax.pure_callback`, with `vmap_method="sequential"`.
///
/// `f` must compute the same for the same values and do nothing else: the program may call it more often than it is
/// written, or not at all if nothing uses the result. It gets concrete arrays, and may run on any thread, also on
/// several at once. Outside of a trace it runs at once.
///
/// Under [`vmap`](super::vmap()) it is called for each element of the batch in turn. There is no derivative of what
/// it computes: [`custom_vjp`](super::custom_vjp) gives one.
///
/// `f` computes in Rust. In a program it cannot use operations of this library, which could wait for the threads that
/// wait for `f`: they are refused. It can read arrays, and make them with [`Array::from_slice`].
///
/// ```
/// use nnx::{Array, DType, pure_callback, vmap};
/// // A function that XLA does not have.
/// let collatz = |x: &Array| {
///     let (mut n, mut steps) = (x.item::<i32>(), 0);
///     while n > 1 {
///         n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
///         steps += 1;
///     }
///     Array::scalar(steps)
/// };
/// let shape = Array::shape_only((), DType::I32);
/// let steps = vmap(
///     move |x: &Array| pure_callback(collatz, &shape, x),
///     &Array::from_slice(&[1, 7, 27], [3]),
///     0,
/// );
/// assert_eq!(steps.to_vec::<i32>(), [0, 16, 111]);
/// ```
///
/// # Panics
/// Panics if a leaf of `result` has no shape, if `argument` has a part behind `&mut`; outside of a trace also if `f`
/// panics or returns something else than `result` says, which is an error of the run otherwise. A program with
/// callbacks is refused where the plugin cannot call the host.
#[track_caller]
pub fn pure_callback<A, R, F>(f: F, result: &R, argument: A) -> R
where
    A: Argument,
    A::Tree: Send + Sync,
    R: Module + Send + Sync,
    F: for<'t> Fn(A::Body<'t>) -> R + Send + Sync + 'static,
{
    callback("pure_callback", CallbackKind::Pure, f, result, argument)
}

/// As [`pure_callback`], for an `f` that does something: it is called once for each time that the program comes to it,
/// also if nothing uses the result. `jax.experimental.io_callback`, with `ordered=True`.
///
/// The calls of `io_callback`, [`debug::callback`](super::debug::callback) and
/// [`debug::print!`](crate::debug::print) in one program come in the order of the program, through its loops and
/// branches. Two runs that do not wait for each other's results may be under way at once. What is said there of
/// branches and loops under [`vmap`](super::vmap()), and of locks, holds here too.
///
/// ```
/// use nnx::{Array, DType, io_callback, scan, length};
/// use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
/// static NEXT: AtomicI32 = AtomicI32::new(0);
///
/// let number = |_: &Array| Array::scalar(NEXT.fetch_add(1, SeqCst));
/// let (_, numbers) = scan(
///     |x: Array, (): ()| {
///         let n = io_callback(number, &Array::shape_only((), DType::I32), &x);
///         (x, n)
///     },
///     Array::scalar(0.0_f32),
///     length(3),
/// );
/// assert_eq!(numbers.to_vec::<i32>(), [0, 1, 2]);
/// ```
///
/// # Panics
/// As [`pure_callback`].
#[track_caller]
pub fn io_callback<A, R, F>(f: F, result: &R, argument: A) -> R
where
    A: Argument,
    A::Tree: Send + Sync,
    R: Module + Send + Sync,
    F: for<'t> Fn(A::Body<'t>) -> R + Send + Sync + 'static,
{
    callback("io_callback", CallbackKind::Io, f, result, argument)
}

/// A call of `f` on the host, in the program that is traced or at once.
#[track_caller]
pub(super) fn callback<A, R, F>(
    name: &'static str,
    kind: CallbackKind,
    f: F,
    result: &R,
    argument: A,
) -> R
where
    A: Argument,
    A::Tree: Send + Sync,
    R: Module + Send + Sync,
    F: for<'t> Fn(A::Body<'t>) -> R + Send + Sync + 'static,
{
    let mut updated = None;
    argument.updated(&mut Default::default(), &mut |path, _| {
        updated.get_or_insert_with(|| path.to_string());
    });
    if let Some(path) = updated {
        let path = if path.is_empty() { "the argument".into() } else { format!("`{path}`") };
        let why = format!("{path} is lent as `&mut`, and a callback only reads: lend it as `&`");
        invalid(name, why, Location::caller());
    }
    let shape = |_: usize, leaf: &Array| leaf.try_aval().map_or(leaf.clone(), Array::of_aval);
    // Both walks see one state of the nodes. `f` may have them again.
    let held = hold(&|_| {}, &|mut v| argument.flatten(&mut v));
    let held = held.unwrap_or_else(|why| invalid(name, why, Location::caller()));
    let template: A::Tree = argument.twin(&mut Rebuild::new(shape));
    let leaves = leaves_of(|v| argument.flatten(v));
    drop(held);
    let is_there: Vec<bool> = leaves.iter().map(|leaf| leaf.array.try_aval().is_ok()).collect();
    let operands: Vec<&Array> =
        leaves.iter().map(|leaf| &leaf.array).filter(|array| array.try_aval().is_ok()).collect();
    let expected = rebuild(result, |_, leaf| Array::of_aval(or_raise_aval(leaf)));
    let outs: Vec<Aval> = leaves_of(|v| result.flatten(v))
        .iter()
        .map(|leaf| or_raise_aval(&leaf.array).clone())
        .collect();
    let on_host = move |values: &[Array]| -> Result<Vec<Array>, String> {
        let _noting = NewNodes::noting();
        let mut values = values.iter();
        let value = |i: usize, old: &Array| match is_there[i] {
            true => values.next().unwrap_or(old).clone(),
            false => old.clone(),
        };
        let mut tree = rebuild(&template, value);
        let before = OnlyRead::of(&tree);
        let result = f(A::lend(&mut tree));
        let why = "which nobody would see: it may only read";
        if let Some(change) = before.change(&tree, why) {
            return Err(format!("it {change}"));
        }
        let places = ["what was promised", "what it returned"];
        match difference_of(&expected, &result, places) {
            Some(difference) => Err(difference),
            None => {
                Ok(leaves_of(|v| result.flatten(v)).into_iter().map(|leaf| leaf.array).collect())
            }
        }
    };
    let function = HostFunction::new(name, on_host);
    with_leaves(result, &bind(HostCall::new(kind, function, outs), &operands))
}

/// The shape and dtype of a leaf of what is promised.
#[track_caller]
fn or_raise_aval(leaf: &Array) -> &Aval {
    or_raise(
        leaf.try_aval()
            .map_err(|why| Error::Invalid(format!("the shapes of a callback's result: {why}"))),
    )
}
