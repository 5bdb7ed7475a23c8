//! The types that a type may own something of, as the template `part!` takes them, and their places.

use crate::types::{is_container, last_segment, may_be_constant, sharing, type_arguments};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;

/// Types that hold nothing of their arguments: a `GraphDef` has the pattern of a tree's nodes.
const NOTHING_OF: [&str; 2] = ["PhantomData", "GraphDef"];

/// The type, and the types in it that may own something of theirs, as `part!` takes them.
pub fn part(ty: &Type) -> TokenStream {
    let inside: Vec<&Type> = match ty {
        Type::Array(ty) => vec![&ty.elem],
        Type::Slice(ty) => return with_insides(quote!(_), &[&ty.elem]),
        Type::Reference(ty) => vec![&ty.elem],
        Type::Ptr(ty) => vec![&ty.elem],
        Type::Paren(ty) => vec![&ty.elem],
        Type::Group(ty) => vec![&ty.elem],
        Type::Tuple(ty) => ty.elems.iter().collect(),
        Type::Path(_) => last_segment(ty)
            .filter(|last| !NOTHING_OF.iter().any(|name| last.ident == name))
            .map_or_else(Vec::new, |last| {
                let takes_types = is_container(last) || sharing(ty).is_some();
                type_arguments(last).filter(|ty| takes_types || !may_be_constant(ty)).collect()
            }),
        _ => return quote!(_),
    };
    with_insides(quote!(#ty), &inside)
}

fn with_insides(ty: TokenStream, inside: &[&Type]) -> TokenStream {
    if inside.is_empty() {
        return ty;
    }
    let inside = inside.iter().map(|ty| part(ty));
    quote!(#ty [#((#inside))*])
}

/// Where a type begins and ends.
pub fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}
