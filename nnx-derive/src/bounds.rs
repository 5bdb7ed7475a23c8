//! The bounds that an impl needs beyond the user's own.
//!
//! A field that is, or holds in a container, a bare parameter `T` asks for `T: Module`; one whose
//! type is built from a parameter asks for that very type to be a Module (`Variable<K>: Module`
//! says nothing about `K`, which is a kind and no Module).

use crate::parse::{Field, Item, Role};
use crate::validate::{is_container, type_arguments};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{Generics, Ident, Type, WhereClause, WherePredicate, parse_quote};

/// The user's where clause with the bounds that the fields need.
pub(crate) fn where_clause(item: &Item<'_>) -> Option<WhereClause> {
    let mut collector = Collector { item, predicates: Vec::new() };
    if has_type_parameters(item.generics) {
        item.fields().for_each(|field| collector.field(field));
        collector.owned_parameters();
    }
    let mut clause = item.generics.where_clause.clone();
    if !collector.predicates.is_empty() {
        let clause = clause.get_or_insert_with(|| parse_quote!(where));
        if !clause.predicates.empty_or_trailing() {
            clause.predicates.push_punct(Default::default());
        }
        clause.predicates.extend(collector.predicates);
    }
    clause
}

/// The user's where clause with what the trait asks of every Module.
pub(crate) fn placeholder_clause(item: &Item<'_>) -> WhereClause {
    let mut clause = item.generics.where_clause.clone().unwrap_or_else(|| parse_quote!(where));
    clause.predicates.push(parse_quote!(Self: 'static));
    clause
}

fn has_type_parameters(generics: &Generics) -> bool {
    generics.type_params().next().is_some()
}

struct Collector<'a> {
    item: &'a Item<'a>,
    predicates: Vec<WherePredicate>,
}

impl Collector<'_> {
    fn field(&mut self, field: &Field<'_>) {
        match field.role {
            Role::Module => self.module(field.ty),
            Role::Static => self.parameters_of(
                field.ty,
                &quote! {
                    ::core::clone::Clone + ::core::cmp::Eq + ::core::hash::Hash
                        + ::core::marker::Send + ::core::marker::Sync + 'static
                },
            ),
            Role::Skip => {
                self.parameters_of(field.ty, &quote!(::core::clone::Clone + 'static));
            }
        }
    }

    /// Asks for what makes `ty` a Module.
    fn module(&mut self, ty: &Type) {
        match ty {
            Type::Array(array) => self.module(&array.elem),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| self.module(ty)),
            Type::Paren(inner) => self.module(&inner.elem),
            Type::Group(inner) => self.module(&inner.elem),
            Type::Path(path) if path.qself.is_none() => {
                let Some(last) = path.path.segments.last() else { return };
                if is_container(last) {
                    // The keys of a map need no bound: `String`, integers.
                    type_arguments(last).for_each(|ty| self.module(ty));
                } else if last.ident != "PhantomData" {
                    self.leaf(ty);
                }
            }
            _ => self.leaf(ty),
        }
    }

    fn leaf(&mut self, ty: &Type) {
        // A bound on the type itself would be a circle.
        if mentions_parameter(self.item.generics, ty) && !mentions_self(self.item, ty) {
            self.push(ty, &quote!(__nnx::Module));
        }
    }

    fn parameters_of(&mut self, ty: &Type, bound: &TokenStream) {
        for parameter in self.item.generics.type_params() {
            if mentions(ty, |ident| *ident == parameter.ident) {
                self.push(&parameter.ident, bound);
            }
        }
    }

    /// Every Module is `'static`; most bounds imply it for their parameter.
    fn owned_parameters(&mut self) {
        for parameter in self.item.generics.type_params() {
            let ident = &parameter.ident;
            let bounded: Vec<Type> = self.predicates.iter().filter_map(bounded_type).collect();
            if !bounded.contains(&parse_quote!(#ident)) {
                self.push(ident, &quote!('static));
            }
        }
    }

    fn push(&mut self, ty: impl ToTokens, bound: &TokenStream) {
        let predicate = parse_quote!(#ty: #bound);
        if !self.predicates.contains(&predicate) {
            self.predicates.push(predicate);
        }
    }
}

fn bounded_type(predicate: &WherePredicate) -> Option<Type> {
    match predicate {
        WherePredicate::Type(predicate) => Some(predicate.bounded_ty.clone()),
        _ => None,
    }
}

fn mentions_parameter(generics: &Generics, ty: &Type) -> bool {
    mentions(ty, |ident| generics.type_params().any(|parameter| parameter.ident == *ident))
}

/// Whether a type speaks of the item that it is a field of.
pub(crate) fn mentions_self(item: &Item<'_>, ty: &Type) -> bool {
    mentions(ty, |ident| ident == item.ident || ident == "Self")
}

/// Whether a path in `ty` starts with an identifier that `is` wanted.
fn mentions(ty: &Type, is: impl Fn(&Ident) -> bool) -> bool {
    struct Search<F>(F, bool);
    impl<'ast, F: Fn(&Ident) -> bool> Visit<'ast> for Search<F> {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.1 |= path.segments.first().is_some_and(|first| (self.0)(&first.ident));
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(is, false);
    search.visit_type(ty);
    search.1
}
