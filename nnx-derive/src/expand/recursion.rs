//! Types that hold themselves, as `enum Block { One(Linear), Many(Vec<Block>) }`, or each other.
//!
//! A constant cannot speak of itself, so the schema of such a type ends where the type comes up
//! again: there stands an uninhabited type whose schema is `Schema::Recursive`. Where that is, the
//! names tell, or `#[module(recursive)]`.

use super::checks::needs_check;
use crate::parse::{Field, Item, Role};
use crate::recursion::{Itself, mention, mentions_self};
use nnx_macro_support::text::{self, plain_name};
use nnx_macro_support::types::{is_primitive, last_segment, parts, type_arguments};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Path, Type, parse_quote};

/// `ty` with the stand-in where it speaks of the item, and the module that this depends on: the one
/// in which the item is if `crate::…` leads to the item and not to another of its name.
pub(super) fn cut(item: &Item<'_>, ty: &Type) -> (Type, Option<String>) {
    struct Cut<'a, 'b>(&'a Item<'b>, Option<String>);
    impl VisitMut for Cut<'_, '_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::Path(path) if path.qself.is_none() => match mention(self.0, &path.path) {
                    Some(Itself::Here) => *ty = parse_quote!(__Recursive),
                    Some(Itself::IfIn) => {
                        self.1 = Some(module_of(&path.path));
                        *ty = parse_quote!(__Recursive);
                    }
                    Some(Itself::WithOthers) | None => visit_mut::visit_type_mut(self, ty),
                },
                _ => visit_mut::visit_type_mut(self, ty),
            }
        }
    }
    let (mut ty, mut cut) = (ty.clone(), Cut(item, None));
    cut.visit_type_mut(&mut ty);
    (ty, cut.1)
}

/// `a::b` for `crate::a::b::Node`.
fn module_of(path: &Path) -> String {
    let inner = path.segments.iter().skip(1).take(path.segments.len().saturating_sub(2));
    inner.map(|segment| plain_name(&segment.ident)).collect::<Vec<_>>().join("::")
}

/// The type of a field under `#[module(recursive)]`, with a stand-in for each type in it.
pub(super) fn marked(item: &Item<'_>, field: &Field<'_>) -> Type {
    struct Mark<'a>(&'a [String]);
    impl VisitMut for Mark<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            let at = name(ty).and_then(|name| self.0.iter().position(|known| *known == name));
            match at {
                Some(at) => {
                    let stand_in = numbered(at);
                    *ty = parse_quote!(#stand_in);
                }
                None => visit_mut::visit_type_mut(self, ty),
            }
        }
    }
    let mut ty = field.ty.clone();
    Mark(&names(item)).visit_type_mut(&mut ty);
    ty
}

fn numbered(at: usize) -> Ident {
    format_ident!("__Recursive{at}")
}

/// The types in fields under `#[module(recursive)]`.
fn names(item: &Item<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for field in item.fields().filter(|field| field.recursive) {
        for name in ends(field.ty).into_iter().filter_map(name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The types that a marked type is made of. A handle is looked through, so that the schema shows it: the rules of
/// tree mode ask for handles.
fn ends(ty: &Type) -> Vec<&Type> {
    let inside = |part| match last_segment(part).filter(|last| last.ident == "Shared") {
        Some(last) => type_arguments(last).flat_map(ends).collect(),
        None => vec![part],
    };
    parts(ty).into_iter().flat_map(inside).collect()
}

fn name(ty: &Type) -> Option<String> {
    last_segment(ty).filter(|_| !is_primitive(ty)).map(text::of)
}

/// The stand-ins that the item needs.
pub(super) fn stand_ins(item: &Item<'_>) -> TokenStream {
    let in_schema = |field: &Field<'_>| field.role == Role::Module || needs_check(field);
    let itself = item.fields().any(|f| in_schema(f) && !f.recursive && mentions_self(item, f.ty));
    let itself = itself.then(|| stand_in(&format_ident!("__Recursive"), &plain_name(item.ident)));
    let marked = names(item).into_iter().enumerate();
    let marked = marked.map(|(at, name)| stand_in(&numbered(at), &name));
    quote!(#itself #(#marked)*)
}

fn stand_in(ident: &Ident, name: &str) -> TokenStream {
    quote!(__nnx::module! { recursive #ident #name })
}
