//! `#[derive(Module)]` of nnx, and what its `path!` expands to.
//!
//! A derive passes through three rooms: `parse` reads the item and its attributes, `validate`
//! looks for what cannot be a Module, `expand` writes the impl. Errors are gathered on the way
//! and reported together; an item with errors still gets an impl, so that one mistake does not
//! turn into many.

mod aliases;
mod bounds;
mod dyn_module;
mod expand;
mod parse;
mod path;
mod recursion;
#[cfg(test)]
mod tests;
mod validate;

use nnx_macro_support::diagnostics::Errors;
use nnx_macro_support::table;
use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Makes a struct or an enum a Module: a tree of Variables, arrays and static data.
///
/// Writes the walks of `nnx::Module` as straight-line code and its `SCHEMA`, the description of
/// every Variable path that is known at compile time; `nnx::path!` names some of them in code.
///
/// # Fields
/// A field's type must be a Module itself: another derived type, a `Variable` such as `Param`, an
/// `Array`, a primitive or `String` (which are static), or a `Vec`, array, `Option`, `Box`, tuple,
/// `BTreeMap` or `HashMap` of these. Everything else needs one of
/// - `#[module(static)]`: settings. They are part of the key of a jitted function: another value
///   is another program. The type needs `Clone + Eq + Hash + Send + Sync`. Floats are static without the
///   mark too, with a warning where the field's type shows one: a learning rate that changes in every step
///   would be a program for each, and is an `Array`.
/// - `#[module(skip)]`: the walks pass over the field and copies of the Module get a clone of it.
///   A jitted function must not compute with it, for it would not see it change.
///
/// The contents of a field under `skip` or `static` are checked: a Variable, an array or a `Shared` in it is an
/// error, for a jitted function would go on with the values that it saw first. (A type parameter that is
/// not a Module, and a type of yours that derives nothing, cannot be looked into.) To freeze a layer,
/// leave it out of what `wrt` names.
///
/// `#[module(rename = "…")]` gives a field another name in paths and checkpoints. Fields of tuple
/// structs and tuple variants are called by their index. The variant of an enum is static.
///
/// `#[module(crate = path)]` on the item says where the crate `nnx` is, if this crate does not depend on it: the
/// crate as another crate hands it on, or a module with all of its items (`pub use nnx::*`). Another name of
/// a dependency, `neural = { package = "nnx", … }`, is read in the Cargo.toml of this crate; and there the
/// path can be given once for all macros, as `crate = "other_crate::nnx"` in `[package.metadata.nnx]`.
///
/// # Generics
/// A type parameter that is the type of a field, or part of one, gets the bounds that the field needs.
/// Lifetime parameters are rejected: a Module owns its data.
///
/// # Types that hold themselves
/// A field may hold the type itself, by its name and its own parameters: `Vec<Tree<T>>`, `Option<Box<Self>>`,
/// `self::Tree<T>`, `crate::trees::Tree<T>`. Where the name does not show it, the field is marked
/// `#[module(recursive)]`: types that hold each other (one of the two has the mark), an alias, the same
/// type with other arguments. Without the mark rustc reports a cycle (`E0391`, "cycle detected when
/// evaluating … `SCHEMA`") or an overflow (`E0275`). `SCHEMA` ends at the mark, so that `nnx::path!` and the
/// rules of tree mode do not look further: a `Shared` behind it is an error when a function under
/// `#[nnx::jit(graph = false)]` is traced. A marked field adds no bound to the impl.
///
/// ```
/// use nnx::{Module, Param};
///
/// #[derive(Module)]
/// struct Encoder { blocks: Vec<Block> }
///
/// #[derive(Module)]
/// struct Block {
///     kernel: Param,
///     #[module(recursive)]
///     inner: Option<Box<Encoder>>,
/// }
/// ```
///
/// # Example
/// ```
/// use nnx::{Module, Param};
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// enum Init { Zeros, Lecun }
///
/// #[derive(Module)]
/// struct Linear {
///     kernel: Param,
///     bias: Option<Param>,
///     features: usize,
///     #[module(static)]
///     init: Init,
/// }
///
/// #[derive(Module)]
/// struct Mlp<Head> {
///     layers: Vec<Linear>,
///     head: Head,
/// }
///
/// let paths: Vec<String> =
///     Mlp::<Linear>::SCHEMA.variables().map(|variable| variable.to_string()).collect();
/// assert_eq!(
///     paths,
///     ["layers[*].kernel: Param", "layers[*].bias: Param", "head.kernel: Param", "head.bias: Param"],
/// );
/// ```
#[proc_macro_derive(Module, attributes(module, nnx))]
pub fn derive_module(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    derive(&input).into()
}

/// On a trait: `Box<dyn Trait>` is a Module, so that a list can hold layers of different types.
///
/// ```
/// use nnx::nn::{Dropout, Linear, relu};
/// use nnx::random::Rngs;
/// use nnx::{Array, Module};
///
/// #[nnx::dyn_module]
/// trait Layer: Send + Sync {
///     fn call(&mut self, x: &Array) -> Array;
/// }
///
/// impl Layer for Linear {
///     fn call(&mut self, x: &Array) -> Array {
///         relu(&self.forward(x))
///     }
/// }
///
/// #[derive(Module)]
/// struct Model {
///     layers: Vec<Box<dyn Layer>>,
/// }
///
/// #[nnx::jit(graph = false)]
/// fn forward(model: &mut Model, x: &Array) -> Array {
///     model.layers.iter_mut().fold(x.clone(), |x, layer| layer.call(&x))
/// }
///
/// let mut rngs = Rngs::new(0);
/// let mut model = Model {
///     layers: vec![Box::new(Linear::new(2, 3, &mut rngs)), Box::new(Linear::new(3, 1, &mut rngs))],
/// };
/// let y = forward(&mut model, &nnx::array::ones([4, 2], nnx::DType::F32));
/// assert_eq!(y.shape(), [4, 1]);
/// assert!(model.layers[0].is::<Linear>());
/// ```
///
/// - Only Modules can implement the trait. Objects have `is`, `downcast_ref` and `downcast_mut`.
/// - The type in the box is a static part of the tree: another type there is another program.
/// - `SCHEMA` says `dyn Trait` and no more, and `nnx::path!` takes any path below.
/// - A `Shared` in a type is an error when the type is boxed (`cargo build` reports it). With
///   `#[nnx::dyn_module(graph)]` there may be one, and tree mode refuses the objects as a whole.
/// - With the supertraits `Send + Sync`, objects can be results of jitted functions and be in a `Shared`.
/// - `crate = path`: where the crate `nnx` is, if it was renamed.
#[proc_macro_attribute]
pub fn dyn_module(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    dyn_module::expand(attribute.into(), item.into()).into()
}

/// The expansion of `nnx::path!`, which adds where the crate is.
#[doc(hidden)]
#[proc_macro]
pub fn __path(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    path::expand(input.into()).into()
}

/// Calls a macro with the primitives that are static as they are.
#[doc(hidden)]
#[proc_macro]
pub fn __for_settings(callback: proc_macro::TokenStream) -> proc_macro::TokenStream {
    table::apply(callback.into(), table::SETTINGS).into()
}

/// Calls a macro with the primitives that are static by their bits.
#[doc(hidden)]
#[proc_macro]
pub fn __for_floats(callback: proc_macro::TokenStream) -> proc_macro::TokenStream {
    table::apply(callback.into(), table::FLOATS).into()
}

fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let (input, aliases) = aliases::of_macros(input);
    let item = parse::item(&input, &mut errors);
    let is_missing = item.krate.report_missing("#[module(crate = other_crate::nnx)]", &mut errors);
    validate::item(&item, &mut errors);
    // Not even a placeholder can be written where the crate is not found, or for a type without a size.
    let has_no_impl = is_missing || item.fields().any(|field| is_unsized(field.ty));
    match errors.into_compile_errors() {
        None => expand::module(&item, &aliases),
        Some(compile_errors) if has_no_impl => compile_errors,
        Some(compile_errors) => {
            let placeholder = expand::placeholder(&item);
            quote::quote!(#compile_errors #placeholder)
        }
    }
}

fn is_unsized(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::TraitObject(_) | syn::Type::Slice(_))
}
