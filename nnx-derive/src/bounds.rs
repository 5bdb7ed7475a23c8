//! The bounds that an impl needs beyond the user's own.
//!
//! They are put on the types of the fields, not on their parameters: a `Variable<K>` is a Module,
//! while `K` is a kind and not a Module; an `Option<Rc<T>>` can be cloned, whatever `T` is.

use crate::parse::{Field, Item, Role};
use crate::recursion::mentions_self;
use nnx_macro_support::types::{last_segment, parts, type_arguments};
use proc_macro2::Span;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Generics, Ident, Path, Type, TypeParamBound, WhereClause, WherePredicate, parse_quote};

/// The user's where clause with the bounds that the fields need.
pub(crate) fn where_clause(item: &Item<'_>) -> WhereClause {
    let mut clause = users_clause(item);
    if item.generics.type_params().next().is_some() {
        let mut predicates: Vec<WherePredicate> = Vec::new();
        for predicate in item.fields().flat_map(|field| field_bounds(item, field)) {
            if !predicates.contains(&predicate) {
                predicates.push(predicate);
            }
        }
        // As every Module is.
        for parameter in item.generics.type_params() {
            let ident = &parameter.ident;
            let ty: Type = parse_quote!(#ident);
            let of_it = predicates.iter().position(|predicate| match predicate {
                WherePredicate::Type(predicate) => predicate.bounded_ty == ty,
                _ => false,
            });
            match of_it {
                Some(at) if is_module(&predicates[at]) => {}
                _ => predicates.push(parse_quote!(#ident: 'static)),
            }
        }
        clause.predicates.extend(predicates);
    }
    clause
}

/// The user's where clause with what the trait asks of every Module.
pub(crate) fn placeholder_clause(item: &Item<'_>) -> WhereClause {
    let mut clause = users_clause(item);
    clause.predicates.push(parse_quote!(Self: 'static));
    clause
}

fn users_clause(item: &Item<'_>) -> WhereClause {
    item.generics.where_clause.clone().unwrap_or_else(|| parse_quote!(where))
}

fn field_bounds(item: &Item<'_>, field: &Field<'_>) -> Vec<WherePredicate> {
    let needs_bound = |ty: &&Type| {
        // A bound on a type that holds the item itself would be a circle.
        mentions_parameter(item.generics, ty) && !mentions_self(item, ty) && !is_phantom(ty)
    };
    let types = match field.role {
        Role::Module if field.recursive => Vec::new(),
        Role::Module => parts(field.ty),
        Role::Static | Role::Skip => vec![field.ty],
    };
    let predicate = |ty: &Type| -> WherePredicate {
        // With the place of the type, so that it is the field that the compiler points at, and with the
        // marks of an expansion, so that lints on what users write do not look at it.
        let span = Span::call_site().located_at(ty.span());
        let bound = match field.role {
            Role::Module if is_instance(ty) => {
                quote_spanned!(span=> __nnx::EndsOrIsMarkedRecursive)
            }
            Role::Module => quote_spanned!(span=> __nnx::Module),
            Role::Static => quote_spanned!(span=> __nnx::StaticField),
            Role::Skip => quote_spanned!(span=> ::core::clone::Clone),
        };
        parse_quote!(#ty: #bound)
    };
    types.into_iter().filter(needs_bound).map(predicate).collect()
}

/// Whether this is a type with type arguments, of which there may be no end.
fn is_instance(ty: &Type) -> bool {
    let last = last_segment(ty).filter(|last| last.ident != "Variable");
    last.is_some_and(|last| type_arguments(last).next().is_some())
}

/// Whether this is the bound of a field that is a Module, and so holds for ever.
fn is_module(predicate: &WherePredicate) -> bool {
    let WherePredicate::Type(predicate) = predicate else { return false };
    predicate.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| last.ident == "Module")
        }
        _ => false,
    })
}

fn is_phantom(ty: &Type) -> bool {
    let is = |path: &Path| path.segments.last().is_some_and(|last| last.ident == "PhantomData");
    matches!(ty, Type::Path(ty) if is(&ty.path))
}

/// Whether a type names one of the type parameters of the item.
pub(crate) fn mentions_parameter(generics: &Generics, ty: &Type) -> bool {
    mentions(ty, |ident| generics.type_params().any(|parameter| parameter.ident == *ident))
}

/// Whether a type names one of the parameters of the item, a constant or a type.
pub(crate) fn is_of_an_instance(generics: &Generics, ty: &Type) -> bool {
    let is_constant =
        |ident: &Ident| generics.const_params().any(|parameter| parameter.ident == *ident);
    mentions_parameter(generics, ty) || mentions(ty, is_constant)
}

/// Whether a path in `ty` starts with an identifier that `is` wanted.
fn mentions(ty: &Type, is: impl Fn(&Ident) -> bool) -> bool {
    struct Search<F>(F, bool);
    impl<'ast, F: Fn(&Ident) -> bool> Visit<'ast> for Search<F> {
        fn visit_path(&mut self, path: &'ast Path) {
            self.1 |= path.segments.first().is_some_and(|first| (self.0)(&first.ident));
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(is, false);
    search.visit_type(ty);
    search.1
}
