//! The path of the crate `nnx` in the user's crate.

use crate::diagnostics::{Errors, with_fixes};
use crate::manifest::{self, Place};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, Path, parse_quote};

/// Where the crate `nnx` is: at the path that the option `crate = path` gives, or else where the user's
/// manifest has it: under its own name, another, or in another crate.
#[derive(Debug, Clone, Default)]
pub struct Krate(Option<Path>);

impl Krate {
    /// From the value of the option `crate`; `None` if that is not a path.
    pub fn from_value(value: &Expr) -> Option<Self> {
        match value {
            Expr::Path(path) if path.qself.is_none() => Some(Krate(Some(path.path.clone()))),
            _ => None,
        }
    }

    /// Whether the crate is the one that is being compiled.
    pub fn is_own(&self) -> bool {
        self.0.as_ref().is_some_and(|path| path.is_ident("crate"))
    }

    /// Reports that the user's crate does not depend on `nnx` and does not say where it is, and
    /// whether that is so. Without it, each path of the expansion would be an error of its own.
    pub fn report_missing(&self, option: &str, errors: &mut Errors) -> bool {
        let (None, Place::NotADependency(package)) = (&self.0, in_manifest()) else { return false };
        let message = with_fixes(
            format!("`{package}` has no dependency `nnx`, so this cannot tell where the crate is"),
            &[
                "a crate of your own without it: `cargo add nnx`".to_owned(),
                format!("another crate hands it on: say where, `{option}`"),
                "the same for all of this crate, in its Cargo.toml: `[package.metadata.nnx]`, and below it \
                 `crate = \"other_crate::nnx\"`"
                    .to_owned(),
            ],
        );
        errors.push(syn::Error::new(Span::call_site(), message));
        true
    }

    /// The import that gives the room of the macros the name `__nnx`. It belongs into a block of the
    /// expansion, so that the user's scope gets no name.
    pub fn import(&self) -> TokenStream {
        quote!(use #self::__private as __nnx;)
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match (&self.0, in_manifest()) {
            (Some(path), _) => path.to_tokens(tokens),
            (None, Place::At(path)) => match syn::parse_str::<Path>(&path) {
                Ok(path) => path.to_tokens(tokens),
                Err(_) => default().to_tokens(tokens),
            },
            (None, _) => default().to_tokens(tokens),
        }
    }
}

fn default() -> Path {
    parse_quote!(::nnx)
}

/// The place by the manifest of the crate that is being compiled, if cargo compiles it.
fn in_manifest() -> Place {
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => manifest::place(folder.as_ref()),
        None => Place::Unknown,
    }
}
