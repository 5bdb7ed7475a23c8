//! The rules of tree mode that need types: constants that fail to evaluate.
//!
//! A check is written down up to twice. In a `const { … }` it holds for whatever the type turns out
//! to be, but the compiler evaluates that only when it generates code for the function. As an item
//! of its own it is evaluated by `cargo check` too, and so while the user types; but an item
//! cannot name the type parameters around it, and a macro cannot see which names are parameters.
//! So the item names everything through the module, and what the module does not know is `()`
//! there: see [`Early`].

use crate::parameters::{Form, Parameter, Role};
use crate::types;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit::Visit;
use syn::{Expr, Generics, PathSegment, Type, TypePath};

/// The checks of a parameter, as statements.
pub(crate) fn parameter(
    parameter: &Parameter,
    generics: &Generics,
    krate: &TokenStream,
) -> TokenStream {
    let Parameter { label, name, ty, .. } = parameter;
    let check = match parameter.role {
        Role::Input => quote!(argument),
        Role::StaticFloats => quote!(static_argument),
        Role::Static => return static_argument(ty, krate),
    };
    let check = |ty: &Type| {
        let schema = associated(ty, quote!(#krate::Module), quote!(SCHEMA));
        call_at(ty, quote!(#krate::jit::check::#check), quote!(#label, #schema))
    };
    if !can_be_named(ty) {
        let borrow = match parameter.form {
            Form::Ref => quote!(#name),
            Form::Mut | Form::Value => quote!(&#name),
        };
        let ty = match parameter.form {
            Form::Mut => quote!(&&mut T),
            Form::Ref | Form::Value => quote!(&T),
        };
        let check = check(&syn::parse_quote!(T));
        return quote! {
            {
                fn __nnx_check<T: #krate::Module>(_: #ty) {
                    const { #check };
                }
                __nnx_check(#borrow);
            }
        };
    }
    both(ty, ty, generics, check)
}

/// The check of a static parameter that is hashed.
fn static_argument(ty: &Type, krate: &TokenStream) -> TokenStream {
    if !can_be_named(ty) {
        return TokenStream::new();
    }
    let ok = associated(ty, quote!(#krate::jit::StaticArgument), quote!(OK));
    quote!(const { #ok };)
}

/// The checks of a return type that can be written down, as statements.
pub(crate) fn result(ty: &Type, generics: &Generics, krate: &TokenStream) -> TokenStream {
    if !can_be_named(ty) {
        return TokenStream::new();
    }
    let check = |ty: &Type| {
        let schema = associated(ty, quote!(#krate::jit::Output), quote!(SCHEMA));
        call_at(ty, quote!(#krate::jit::check::result), quote!(#schema))
    };
    // The error type has no part in it.
    let tree = match ty {
        Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Result") => {
            types::inside(ty).first().copied().unwrap_or(ty)
        }
        _ => ty,
    };
    both(ty, tree, generics, check)
}

/// A check for all instances of the function, and one for `early` that does not wait for them.
fn both(
    ty: &Type,
    early: &Type,
    generics: &Generics,
    check: impl Fn(&Type) -> TokenStream,
) -> TokenStream {
    let late = check(ty);
    let early = Early::of(early, generics).map(|names| {
        let check = check(early);
        let names = names.0;
        quote! {
            const _: () = {
                #(#[allow(dead_code, non_camel_case_types)] type #names = ();)*
                {
                    #[allow(unused_imports)]
                    use self::*;
                    #check
                }
            };
        }
    });
    quote! {
        #early
        const { #late };
    }
}

/// The names in a type that may be type parameters.
///
/// In a block with `use self::*`, a name is first looked up in the module, whatever parameters and
/// local items there are around the block, and then in the blocks outside of it. There, each of
/// these names is `()`, in which there is nothing to complain about.
struct Early(Vec<Ident>);

impl Early {
    /// `None` if the type has parts for which `()` may not do: arguments with bounds, constants.
    fn of(ty: &Type, generics: &Generics) -> Option<Self> {
        let mut names = Early(Vec::new());
        names.collect(ty, generics).then_some(names)
    }

    fn collect(&mut self, ty: &Type, generics: &Generics) -> bool {
        match ty {
            Type::Array(array) if !matches!(array.len, Expr::Lit(_)) => false,
            Type::Path(path) if path.qself.is_none() => self.collect_path(path, ty, generics),
            Type::Array(_) | Type::Tuple(_) | Type::Paren(_) | Type::Group(_) => {
                types::inside(ty).into_iter().all(|ty| self.collect(ty, generics))
            }
            _ => false,
        }
    }

    fn collect_path(&mut self, path: &TypePath, ty: &Type, generics: &Generics) -> bool {
        let mut segments = path.path.segments.iter();
        let (Some(first), Some(last)) = (segments.next(), path.path.segments.last()) else {
            return false;
        };
        if !last.arguments.is_empty() {
            let inside = types::inside(ty);
            let known = is_one(first, &CONTAINERS) || starts_low(first);
            return known
                && !inside.is_empty()
                && inside.into_iter().all(|ty| self.collect(ty, generics));
        }
        if path.path.segments.len() > 1 || path.path.leading_colon.is_some() {
            // `T::Layer` starts with a name that may be a parameter.
            return starts_low(first);
        }
        let parameter = generics.type_params().any(|parameter| parameter.ident == first.ident);
        if parameter || first.ident == "Self" {
            return false;
        }
        if !is_one(first, &KNOWN) && !self.0.contains(&first.ident) {
            self.0.push(first.ident.clone());
        }
        true
    }
}

/// What the prelude holds, which the module does not.
const CONTAINERS: [&str; 4] = ["Vec", "Option", "Box", "Result"];
const KNOWN: [&str; 17] = [
    "String", "bool", "char", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "f32", "f64",
];

fn is_one(segment: &PathSegment, names: &[&str]) -> bool {
    names.iter().any(|name| segment.ident == name)
}

/// Whether this is a module or a crate.
fn starts_low(segment: &PathSegment) -> bool {
    segment.ident.to_string().starts_with(|c: char| c.is_lowercase())
}

/// `<ty as path>::name`, so that the compiler points at the whole type if it is not that.
pub(crate) fn associated(ty: &Type, path: TokenStream, name: TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let (path, name) = (at(path, first), at(name, last));
    let open = quote_spanned!(first=> <);
    let close = quote_spanned!(last=> >::);
    quote!(#open #ty as #path #close #name)
}

/// `path(arguments)`, so that the compiler points at the whole type if a constant fails there.
fn call_at(ty: &Type, path: TokenStream, arguments: TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let path = at(path, first);
    let arguments = quote_spanned!(last=> (#arguments));
    quote!(#path #arguments)
}

/// Where a type begins and ends.
fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}

/// The same tokens with another place, for messages that should point there.
pub(crate) fn at(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let inner = at(group.stream(), span);
                let mut group = proc_macro2::Group::new(group.delimiter(), inner);
                group.set_span(span);
                group.into()
            }
            mut token => {
                token.set_span(token.span().located_at(span));
                token
            }
        })
        .collect()
}

/// Whether a type can be written down again inside the function, in a place without its lifetimes.
pub(crate) fn can_be_named(ty: &Type) -> bool {
    struct Unnameable(bool);
    impl<'ast> Visit<'ast> for Unnameable {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.0 |= reference.lifetime.is_none();
            syn::visit::visit_type_reference(self, reference);
        }
    }
    let mut found = Unnameable(false);
    found.visit_type(ty);
    !found.0
}
