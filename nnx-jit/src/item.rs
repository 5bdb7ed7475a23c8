//! What the attribute stands on.

use proc_macro2::{Span, TokenStream};
use syn::{ImplItemFn, Item, ItemFn, TraitItemFn};

/// The function under the attribute.
///
/// # Errors
/// What it stands on instead.
pub(crate) fn function(tokens: TokenStream) -> syn::Result<ItemFn> {
    let Err(error) = syn::parse2::<ItemFn>(tokens.clone()) else {
        return syn::parse2(tokens);
    };
    if let Ok(function) = syn::parse2::<ImplItemFn>(tokens.clone()) {
        // `default fn`, which only specialization has.
        let span = function.defaultness.map_or_else(Span::call_site, |token| token.span);
        return Err(syn::Error::new(span, "a jitted function cannot be `default`"));
    }
    if let Ok(function) = syn::parse2::<TraitItemFn>(tokens.clone()) {
        return Err(syn::Error::new_spanned(
            function.sig,
            "`#[nnx::jit]` needs a body to trace\nfix: put it on the method in each `impl` of the \
             trait, or give the method a body here",
        ));
    }
    match syn::parse2::<Item>(tokens) {
        Ok(item) => Err(misplaced(&item)),
        Err(_) => Err(syn::Error::new(
            error.span(),
            format!("`#[nnx::jit]` goes on a function or a method: {error}"),
        )),
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
