//! Looking at values of compiled programs while they run.
//!
//! Inside of a traced function an array has no value yet, and `println!` shows what stands for it, once, while the
//! function is traced. [`print!`] shows the value, each time that the program comes to it:
//!
//! ```
//! use nnx::{Array, debug, effects_barrier, over, scan};
//!
//! let halved = |x: Array, step: &Array| {
//!     let next = &x / 2.0;
//!     debug::print!("step {}: {} -> {:?}", step, x, next);
//!     (next, ())
//! };
//! let steps = Array::from_slice(&[0, 1, 2], [3]);
//! let (x, ()) = scan(halved, Array::scalar(4.0_f32), over(&steps));
//! assert_eq!(x.item::<f32>(), 0.5);
//! effects_barrier()?;
//! # Ok::<(), nnx::Error>(())
//! ```

use super::callback::callback as call;
use super::lend::Argument;
use crate::array::Operand;
use crate::graph::Array;
use crate::ops::{CallbackKind, HostCall, HostFunction};
use crate::run::bind;
use crate::value::promote;
use std::io::Write;
use std::sync::Mutex;

#[doc(inline)]
pub use crate::__debug_print as print;

/// Calls `f` on the host with the values of `argument`, each time that the program comes to it. `jax.debug.callback`,
/// with `ordered=True`.
///
/// Under [`vmap`](super::vmap()) it is called for each element of the batch in turn, if the argument is part of the
/// batch. In a function that is differentiated it is called with the forward pass, and changes no derivative; a call
/// with a tangent, as in the rule of [`custom_jvp`](super::custom_jvp), is left out in reverse mode. A branch that
/// `vmap` turns into a choice between both runs in any case, and so does its callback; so does the body of a `while_loop`
/// for elements that have ended while others go on.
///
/// The order is that of [`io_callback`](super::io_callback), and the same is asked of `f` as by
/// [`pure_callback`](super::pure_callback): it may run on any thread, and cannot use
/// operations of this library. A lock that `f` takes must not be held where a result of the program is waited for: with
/// [`print!`](crate::debug::print), that is the lock of the standard output. A program may still run when the call that started it has returned:
/// [`effects_barrier`](crate::xla::effects_barrier) waits. `f` cannot read a [`Shared`](crate::module::Shared) node that
/// another thread has, as the thread whose call waits for the run may: give it the value in `argument`.
///
/// ```
/// use nnx::{Array, debug, effects_barrier, grad};
/// use std::sync::Mutex;
/// static SEEN: Mutex<Vec<f32>> = Mutex::new(Vec::new());
///
/// let f = |x: &Array| {
///     debug::callback(|x: &Array| SEEN.lock().unwrap().push(x.item::<f32>()), x);
///     x.square()
/// };
/// assert_eq!(grad(f, &Array::scalar(3.0_f32)).item::<f32>(), 6.0);
/// effects_barrier()?;
/// assert_eq!(*SEEN.lock().unwrap(), [3.0]);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Panics
/// Panics if `argument` has a part behind `&mut`; outside of a trace also if `f` panics, which is an error of the run
/// otherwise. A program with callbacks is refused where the plugin cannot call the host.
#[track_caller]
pub fn callback<A, F>(f: F, argument: A)
where
    A: Argument,
    A::Tree: Send + Sync,
    F: for<'t> Fn(A::Body<'t>) + Send + Sync + 'static,
{
    call("debug::callback", CallbackKind::Debug, f, &(), argument);
}

/// Where lines go; to the standard output if it is empty.
static WRITER: Mutex<Option<Box<dyn Write + Send>>> = Mutex::new(None);

/// Has [`print!`] write to `writer` from now on, in place of the standard output; each line with one call of
/// [`Write::write_all`].
///
/// ```
/// use nnx::{Array, debug};
/// # let path = std::env::temp_dir().join(format!("nnx-debug-{}", std::process::id()));
/// debug::set_writer(std::fs::File::create(&path)?);
/// debug::print!("x = {}", Array::from_slice(&[1, 2], [2]));
/// debug::reset_writer();
/// assert_eq!(std::fs::read_to_string(&path)?, "x = [1 2]\n");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn set_writer(writer: impl Write + Send + 'static) {
    replace_writer(Some(Box::new(writer)));
}

/// Has [`print!`] write to the standard output again.
///
/// ```
/// use nnx::{Array, debug};
///
/// let (reader, writer) = std::io::pipe()?;
/// debug::set_writer(writer);
/// debug::print!("loss {}", Array::scalar(0.5_f32));
/// debug::reset_writer(); // the end of the pipe is dropped
/// assert_eq!(std::io::read_to_string(reader)?, "loss 0.5\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn reset_writer() {
    replace_writer(None);
}

fn replace_writer(writer: Option<Box<dyn Write + Send>>) {
    let before = std::mem::replace(&mut *WRITER.lock().unwrap_or_else(|e| e.into_inner()), writer);
    // A writer may do anything when it is dropped.
    drop(before);
}

fn write_line(mut line: String) -> std::io::Result<()> {
    line.push('\n');
    let mut writer = WRITER.lock().unwrap_or_else(|e| e.into_inner());
    match &mut *writer {
        Some(writer) => writer.write_all(line.as_bytes()).and_then(|()| writer.flush()),
        None => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush())
        }
    }
}

/// Prints values, each time that the program comes to it. `jax.debug.print`, with `ordered=True`.
///
/// The first argument is what [`format!`] takes, checked by the compiler; the others are the values: arrays,
/// Variables, numbers. Arrays are printed in full precision as NumPy prints them, `{:?}` as JAX does. Values have to be given as arguments,
/// `print!("{}", x)` and `print!("{x}", x = &x)`: `print!("{x}")` would capture a traced array.
///
/// As [`debug::callback`](crate::debug::callback), it prints once for each element of a batch, once
/// in a function that is differentiated, at every iteration of a loop, and in the order of the program. Lines go to the
/// standard output, or where [`debug::set_writer`](crate::debug::set_writer) says.
///
/// ```
/// use nnx::{Array, debug};
/// let (loss, step) = (Array::scalar(0.25_f32), 3);
/// debug::print!("step {step}: loss {}", loss, step = step); // step 3: loss 0.25
/// ```
///
/// The number of values is checked when the program is compiled:
///
/// ```compile_fail
/// use nnx::{Array, debug};
/// debug::print!("{} {}", Array::scalar(1.0_f32));
/// ```
///
/// # Panics
/// Where a line cannot be written; that is an error of the run inside of a traced function. A program with callbacks is
/// refused where the plugin cannot call the host.
#[macro_export]
#[doc(hidden)]
macro_rules! __debug_print {
    (@ $format:literal [$(($($name:ident)?; $value:expr))*]) => {
        $crate::transform::debug::__print(
            &[$(&$value as &dyn $crate::array::Operand),*],
            |values: &[$crate::graph::Array]| {
                #[allow(unused_mut, unused_variables)]
                let mut values = values.iter();
                ::std::format!($format $(, $($name =)? $crate::transform::debug::__next(&mut values))*)
            },
        )
    };
    (@ $format:literal [$($done:tt)*] $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__debug_print!(@ $format [$($done)* ($name; $value)] $($($rest)*)?)
    };
    (@ $format:literal [$($done:tt)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::__debug_print!(@ $format [$($done)* (; $value)] $($($rest)*)?)
    };
    ($format:literal $(, $($rest:tt)*)?) => {
        $crate::__debug_print!(@ $format [] $($($rest)*)?)
    };
}

/// The call behind [`print!`].
#[doc(hidden)]
#[track_caller]
pub fn __print(
    values: &[&dyn Operand],
    format: impl Fn(&[Array]) -> String + Send + Sync + 'static,
) {
    let mut arrays = Vec::new();
    for value in values {
        arrays.push(value.array(promote(value.kind(), value.kind())));
    }
    let function = HostFunction::of_type("debug::print!", move |values: &[Array]| {
        let written = write_line(format(values));
        written.map(|()| Vec::new()).map_err(|error| format!("the line cannot be written: {error}"))
    });
    let call = HostCall::new(CallbackKind::Debug, function, Vec::new());
    bind(call, &arrays.iter().collect::<Vec<&Array>>());
}

/// The value for the next argument of a format.
#[doc(hidden)]
pub fn __next<'a>(values: &mut std::slice::Iter<'a, Array>) -> &'a Array {
    match values.next() {
        Some(value) => value,
        None => unreachable!("there is a value for each argument"),
    }
}
