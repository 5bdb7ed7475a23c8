//! `#[nnx::jit]`: a function over Modules becomes a cached XLA executable.
//!
//! Use it through the facade crate `nnx`.
//!
//! A function passes through three rooms: `parse` reads it, its parameters and the options,
//! `validate` looks for what cannot be jitted, `expand` writes the function that stands in its
//! place. Errors are gathered on the way and reported together; a function with errors stays as it
//! was written, so that one mistake does not turn into many.

mod expand;
mod parse;
#[cfg(test)]
mod tests;
mod validate;

use nnx_macro_support::diagnostics::Errors;
use proc_macro2::TokenStream;
use quote::quote;

/// Compiles a function with XLA: traced on the first call with new shapes, dtypes or static
/// parts, executed from the cache on all others.
///
/// ```
/// use nnx::optim::{AdamW, Optimizer};
/// use nnx::{Array, Module, Param};
///
/// #[derive(Module)]
/// struct Linear {
///     kernel: Param,
/// }
///
/// #[nnx::jit(graph = false)]
/// fn train_step(model: &mut Linear, opt: &mut Optimizer<AdamW>, x: &Array, y: &Array) -> Array {
///     let loss = |model: &mut Linear| (x.matmul(&*model.kernel) - y).square().mean(..);
///     let (loss, grads) = nnx::value_and_grad(loss, &mut *model);
///     opt.update(model, &grads);
///     loss
/// }
/// ```
///
/// - `&T` is read, `&mut T` is read and its Variables are updated in place, `T` by value is
///   consumed and its memory reused. `#[nnx(static)] n: T` is hashed into the cache key and needs
///   `Clone + Eq + Hash`; whole numbers, bools and strings are static without the mark.
/// - A function that returns `Result<_, E>` with `E: From<nnx::Error>` gets shape mistakes and
///   XLA's errors as `Err`; any other function panics at the caller's line.
///
/// Anything else that the body reads, a `static`, a `thread_local!`, a file, the time, is read when it
/// is traced, and not again: an `Array` in a `static` is baked in as a constant, with the value that it had on
/// the first call. What may change is passed as an argument. (A function cannot capture variables.)
///
/// A whole number, a bool or a string is part of the program, so that each new value is compiled. `&mut Array` and
/// `&mut` of a container of arrays, such as `&mut Vec<Array>`, are updated as Variables are; an array that is
/// the field of a Module is its data, which tree mode does not hand back.
///
/// # What `cargo check` sees
/// All that the signature shows, and the rules for types that the module knows: a `Shared` in tree mode, a float behind
/// another name. For type parameters, types inside of functions and `impl Trait` the types are known when
/// code is generated, so that `cargo build` and `cargo test` report the same rules there. So it is with a
/// `Shared` in the argument of `associative_scan`, and with one that is boxed as an object of a trait. A `Shared` behind
/// a field under `#[module(recursive)]` is found when a function in tree mode is traced.
///
/// # Options
/// - `graph = false`: tree mode, in which Modules are trees without shared nodes, and only the values and metadata of
///   Variables are handed back. Without it, graph mode: `Shared` nodes keep their identity, and what the
///   body does to the structure of an argument behind `&mut` or to a node is handed back too: an
///   `Option`, a list, a map, a variant, a static value, where a handle points.
/// - `graph_updates = false`: graph mode that hands back values and metadata alone; a change of structure is an error
///   with its path.
/// - `static(a, b)`: the parameters `a` and `b` are static, as if they were marked `#[nnx(static)]`.
/// - `donate = false`: never reuse the memory of old values.
/// - `device = n`: run on device number `n`; arguments that lie elsewhere are copied there.
/// - `inline = false`: called by another jitted function, it stays a function of its own in the
///   program, which is lowered once however often it is called.
/// - `keep_unused = true`: arguments that the body does not use stay parameters of the program.
/// - `compiler_options(xla_cpu_enable_fast_math = true)`: options of XLA's compiler with their values, for the
///   programs of this function alone; names are those of the flags in `XLA_FLAGS`. A call fails with XLA's message
///   if XLA does not know one, and on the backend `xla-rs`, which takes none. A function that is called
///   inside another one is part of its program, and compiled with the options of that one. JAX's
///   `compiler_options`.
/// - `name = "…"`: the name in messages and statistics.
/// - `crate = path`: where `nnx` is, if this crate does not depend on it: the crate as another crate hands it
///   on, or a module with all of its items (`pub use nnx::*`). Another name of a dependency, `neural = { package
///   = "nnx", … }`, is read in the Cargo.toml of this crate; and there the path can be given once for all macros,
///   as `crate = "other_crate::nnx"` in `[package.metadata.nnx]`.
#[proc_macro_attribute]
pub fn jit(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(attribute.into(), item.into()).into()
}

fn expand(attribute: TokenStream, tokens: TokenStream) -> TokenStream {
    let function = match parse::function(tokens) {
        Ok(function) => function,
        Err(parse::NoFunction { error, item }) => {
            let error = error.into_compile_error();
            return quote!(#item #error);
        }
    };
    let mut errors = Errors::default();
    let item = parse::item(attribute, &function, &mut errors);
    item.options.krate.report_missing("#[nnx::jit(crate = other_crate::nnx)]", &mut errors);
    validate::item(&item, &mut errors);
    match errors.into_compile_errors() {
        None => expand::jitted(&item),
        Some(errors) => {
            let plain = expand::plain(function);
            quote!(#plain #errors)
        }
    }
}
