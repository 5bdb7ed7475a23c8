//! The path of the crate `nnx` in the user's crate.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, Path, parse_quote};

/// Where the crate `nnx` is: `::nnx`, or what the option `crate = path` says.
#[derive(Debug, Clone)]
pub struct Krate(Path);

impl Default for Krate {
    fn default() -> Self {
        Krate(parse_quote!(::nnx))
    }
}

impl Krate {
    /// From the value of the option `crate`; `None` if that is not a path.
    pub fn from_value(value: &Expr) -> Option<Self> {
        match value {
            Expr::Path(path) if path.qself.is_none() => Some(Krate(path.path.clone())),
            _ => None,
        }
    }

    /// Whether the crate is the one that is being compiled.
    pub fn is_own(&self) -> bool {
        self.0.is_ident("crate")
    }

    /// The import that gives the room of the macros the name `__nnx`. It belongs into a block of the
    /// expansion, so that the user's scope gets no name.
    pub fn import(&self) -> TokenStream {
        quote!(use #self::__private as __nnx;)
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
