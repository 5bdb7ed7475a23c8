//! The item that the attribute is on.

use super::parameters::take_marks;
use nnx_macro_support::diagnostics::with_fixes;
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Block, Expr, Item, ItemFn, Stmt, TraitItemFn, braced};

/// An item under the attribute that is not a function with a body.
pub(crate) struct NoFunction {
    /// The error to report.
    pub(crate) error: syn::Error,
    /// The item, to be put back.
    pub(crate) item: TokenStream,
}

/// The function under the attribute.
pub(crate) fn function(tokens: TokenStream) -> Result<ItemFn, NoFunction> {
    syn::parse2(tokens.clone()).or_else(|error| {
        // rustc reads the body by itself, and reports what is wrong in it.
        syn::parse2::<Unread>(tokens.clone())
            .map(|Unread(function)| function)
            .map_err(|_| NoFunction { error: why(error, tokens.clone()), item: plain(tokens) })
    })
}

/// A function whose body is left as its tokens.
struct Unread(ItemFn);

impl Parse for Unread {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (attrs, vis, sig) =
            (input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?);
        let body;
        let brace_token = braced!(body in input);
        let body = Stmt::Expr(Expr::Verbatim(body.parse()?), None);
        let block = Box::new(Block { brace_token, stmts: vec![body] });
        Ok(Unread(ItemFn { attrs, vis, sig, block }))
    }
}

/// The item without our marks.
fn plain(tokens: TokenStream) -> TokenStream {
    let Ok(mut function) = syn::parse2::<TraitItemFn>(tokens.clone()) else { return tokens };
    function.sig.inputs.iter_mut().for_each(take_marks);
    function.into_token_stream()
}

fn why(error: syn::Error, tokens: TokenStream) -> syn::Error {
    if let Ok(function) = syn::parse2::<TraitItemFn>(tokens.clone()) {
        let message = with_fixes(
            "`#[nnx::jit]` needs a body to trace",
            &["put it on the method in each `impl` of the trait", "give the method a body here"],
        );
        return syn::Error::new_spanned(function.sig, message);
    }
    match syn::parse2::<Item>(tokens) {
        Ok(item) => misplaced(&item),
        Err(_) => {
            let message = format!("`#[nnx::jit]` goes on a function or a method: {error}");
            syn::Error::new(error.span(), message)
        }
    }
}

fn misplaced(item: &Item) -> syn::Error {
    let (span, what, fix) = match item {
        Item::Struct(item) => (item.struct_token.span, "a struct", DERIVE),
        Item::Enum(item) => (item.enum_token.span, "an enum", DERIVE),
        Item::Union(item) => (item.union_token.span, "a union", FUNCTIONS),
        Item::Impl(item) => (item.impl_token.span, "an impl block", METHODS),
        Item::Trait(item) => (item.trait_token.span, "a trait", METHODS),
        Item::Mod(item) => (item.mod_token.span, "a module", FUNCTIONS),
        Item::Const(item) => (item.const_token.span, "a constant", FUNCTIONS),
        Item::Static(item) => (item.static_token.span, "a static", FUNCTIONS),
        Item::Type(item) => (item.type_token.span, "a type", FUNCTIONS),
        Item::Use(item) => (item.use_token.span, "an import", FUNCTIONS),
        _ => (Span::call_site(), "something else", FUNCTIONS),
    };
    syn::Error::new(
        span,
        format!("`#[nnx::jit]` goes on a function, and this is {what}\nfix: {fix}"),
    )
}

const DERIVE: &str = "derive `Module` on it, and put `#[nnx::jit]` on the functions that use it";
const METHODS: &str = "put it on the methods";
const FUNCTIONS: &str = "put it on the functions that XLA should compile";
