//! `path!(Model: layers[*].kernel)`: the steps, and where each of them is in the source.
//!
//! Only the compiler knows the fields of a type, so the expansion asks constant functions of the
//! crate: one follows all steps, then each step has a call of its own that fails if it was this
//! step that led nowhere. That call is what the compiler points at.

use nnx_macro_support::text::{self, plain_name};
use nnx_macro_support::types::is_primitive_name;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Ident, LitFloat, LitInt, LitStr, Token, Type, TypePath, bracketed, token};

/// The expansion of `__path!($crate Type: steps)`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<Path>(input) {
        Ok(path) => path.expand(),
        Err(error) => error.into_compile_error(),
    }
}

struct Path {
    /// `$crate` of the macro that users call.
    krate: TokenTree,
    ty: Type,
    steps: Vec<Step>,
}

struct Step {
    key: Key,
    span: Span,
}

enum Key {
    Name(String),
    Index(usize),
    AnyIndex,
    AnyName,
}

const NEXT: &str = "expected `.field`, `.*`, `[0]` or `[*]`";

impl Parse for Path {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate = input.parse()?;
        if input.is_empty() {
            let message = "expected a type and a path: `path!(Model: layers[*].kernel)`";
            return Err(Error::new(Span::call_site(), message));
        }
        let ty: Type = input.parse()?;
        let Ok(colon) = input.parse::<Token![:]>() else {
            let message = "expected `:` and a path: `path!(Model: layers[*].kernel)`";
            return Err(match input.is_empty() {
                true => Error::new_spanned(ty, message),
                false => input.error(message),
            });
        };
        if input.is_empty() {
            let message = "the path has no steps\n\
                           fix: the filter `Everything` takes every leaf of a tree";
            return Err(Error::new_spanned(colon, message));
        }
        let mut steps = Vec::new();
        if input.peek(Token![.]) {
            return Err(input.error("the first step stands without a dot"));
        }
        if !input.peek(token::Bracket) {
            names(input, input.span(), &mut steps)?;
        }
        while !input.is_empty() {
            if input.peek(token::Bracket) {
                steps.push(position(input)?);
            } else if input.peek(Token![.]) {
                let dot: Token![.] = input.parse()?;
                names(input, dot.span(), &mut steps)?;
            } else {
                return Err(input.error(NEXT));
            }
        }
        Ok(Path { krate, ty, steps })
    }
}

/// Parses the names after a dot, which is at `dot`; of `.0.1` the compiler makes one number.
fn names(input: ParseStream<'_>, dot: Span, steps: &mut Vec<Step>) -> syn::Result<()> {
    let span = input.span();
    if input.peek(Token![*]) {
        input.parse::<Token![*]>()?;
        steps.push(Step { key: Key::AnyName, span });
    } else if input.peek(Ident::peek_any) {
        let name = plain_name(&input.call(Ident::parse_any)?);
        steps.push(Step { key: Key::Name(name), span });
    } else if input.peek(LitInt) || input.peek(LitFloat) {
        let number = input.parse::<TokenTree>()?.to_string();
        for part in number.split('.') {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Error::new(span, NEXT));
            }
            steps.push(Step { key: Key::Name(part.to_owned()), span });
        }
    } else {
        let span = if input.is_empty() { dot } else { span };
        return Err(Error::new(span, "expected the name of a field, the key of a map, or `*`"));
    }
    Ok(())
}

/// `[0]`, `[*]`, or `["key"]` for the keys of maps that are not names.
fn position(input: ParseStream<'_>) -> syn::Result<Step> {
    let inside;
    let bracket = bracketed!(inside in input);
    let span = bracket.span.join();
    let what = || Error::new(span, "expected `[0]`, `[*]` or `[\"key\"]`");
    let key = if inside.peek(Token![*]) {
        inside.parse::<Token![*]>()?;
        Key::AnyIndex
    } else if inside.peek(LitInt) {
        let index: LitInt = inside.parse()?;
        if !index.suffix().is_empty() {
            return Err(what());
        }
        Key::Index(index.base10_parse().map_err(|_| what())?)
    } else {
        let key = inside.parse::<LitStr>().map_err(|_| what())?.value();
        if key.is_empty() {
            return Err(what());
        }
        Key::Name(key)
    };
    match inside.is_empty() {
        true => Ok(Step { key, span }),
        false => Err(what()),
    }
}

impl Path {
    fn expand(&self) -> TokenStream {
        let Path { krate, ty, steps } = self;
        let name = text::of(ty);
        let keys = steps.iter().map(|step| match &step.key {
            Key::Name(name) => quote!(#krate::__private::PatternKey::Name(#name)),
            Key::Index(index) => quote!(#krate::__private::PatternKey::Index(#index)),
            Key::AnyIndex => quote!(#krate::__private::PatternKey::AnyIndex),
            Key::AnyName => quote!(#krate::__private::PatternKey::AnyName),
        });
        // All of it has the places of the user's tokens, so that the compiler shows these alone.
        // One block, one hygiene: the name is the same in all of these places.
        let (first, last) = (ty.span(), steps.last().map_or_else(Span::call_site, |s| s.span));
        let path = |span: Span| Ident::new("__path", first.located_at(span));
        let binding = path(first);
        let checks = steps.iter().enumerate().map(|(i, step)| {
            let path = path(step.span);
            quote_spanned!(step.span=> #path.step(#i);)
        });
        let schema = quote_spanned!(first=> SCHEMA);
        let schema = quote!(<#ty as #krate::__private::Module>::#schema);
        // rustc lists the types that are Modules where one is not, but not after it has said so in other words.
        let schema = match self.name_that_may_be_unknown() {
            Some(_) => quote!({ let _ = <#ty as #krate::__private::IsModule>::OK; #schema }),
            None => schema,
        };
        let checked = quote!(#krate::__private::path(#name, #schema, &[#(#keys),*]));
        let keyword = quote_spanned!(first=> const);
        let Some(unknown) = self.name_that_may_be_unknown() else {
            let block = quote_spanned! {last=> {
                let #binding = #checked;
                #(#checks)*
                #binding.pattern()
            }};
            return quote!(#keyword #block);
        };
        let early = steps
            .iter()
            .enumerate()
            .map(|(i, step)| quote_spanned!(step.span=> __NNX_PATH.step(#i);));
        let block = quote_spanned! {last=> {
            let #binding = #checked;
            if __NNX_PATH.is_right() {
                #(#checks)*
            }
            #binding.pattern()
        }};
        quote! {{
            const __NNX_PATH: #krate::__private::CheckedPath = {
                #[allow(dead_code, non_camel_case_types)]
                type #unknown = #krate::__private::UnknownModule;
                {
                    #[allow(unused_imports)]
                    use self::*;
                    #checked
                }
            };
            const _: () = { #(#early)* };
            #keyword #block
        }}
    }

    /// The type, if it is a name by itself.
    ///
    /// `cargo check` evaluates a constant that is an item, wherever the macro is used; but an item cannot name
    /// the type parameters around it, and nothing tells which names are parameters. So the item looks the
    /// name up in the module alone, as `#[nnx::jit]` does, and a path into a type that the module does not
    /// know is right as far as the item goes. The other constant knows the type.
    fn name_that_may_be_unknown(&self) -> Option<&Ident> {
        let Type::Path(TypePath { qself: None, path }) = &self.ty else { return None };
        let name = path.get_ident()?;
        // `self`, `Self`, `super` and `crate` are paths too.
        let is_keyword = ["self", "Self", "super", "crate"].iter().any(|keyword| name == keyword);
        (!is_primitive_name(name) && !is_keyword).then_some(name)
    }
}
