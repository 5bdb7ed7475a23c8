//! The rules of both modes that need types: constants that fail to evaluate.
//!
//! A check is written down up to twice. In a `const { … }` it holds for whatever the type turns out
//! to be, but the compiler evaluates that only when it generates code for the function. As an item
//! of its own it is evaluated by `cargo check` too, and so while the user types; but an item
//! cannot name the type parameters around it, and a macro cannot see which names are parameters.
//! So the item names everything through the module, and what the module does not know is `()`
//! there: see [`Early`]. The other check then has nothing to add to what that one says.

use crate::parse::{Form, Parameter, Role, can_be_named, inside};
use nnx_macro_support::contents::{ends, part};
use nnx_macro_support::doubt;
use nnx_macro_support::types::{
    Sharing, innermost, is_primitive_name, is_setting, is_static_str, last_segment, object,
    sharing, type_arguments,
};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Expr, Generics, Path, PathSegment, Type, TypePath};

/// The checks of a parameter, as statements.
pub(super) fn parameter(parameter: &Parameter, generics: &Generics, graph: bool) -> TokenStream {
    let Parameter { label, ty, form, role, .. } = parameter;
    if is_setting(ty) || is_static_str(ty) {
        return TokenStream::new();
    }
    if !can_be_named(ty) {
        return unnamed(parameter, graph);
    }
    let check = match role {
        Role::Input => match (form, graph) {
            (Form::Mut, true) => quote!(updated_graph_argument),
            (Form::Mut, false) => quote!(updated_argument),
            (_, true) => quote!(graph_argument),
            (_, false) => quote!(argument),
        },
        Role::Static if parameter.has_floats() => quote!(static_argument),
        Role::Static => {
            let ok = constant_at(ty, associated(ty, quote!(__nnx::StaticArgument), quote!(OK)));
            // A node may be anywhere in it, and could be hashed.
            let part = part(ty);
            let verdict = quote!(&__nnx::static_parameter(#label, __nnx::part!(#part)));
            let verdict = call_at(ty, quote!(__nnx::report), verdict);
            let nodes = constant_at(ty, quote!(use __nnx::UnknownPart as _; #verdict));
            return quote!(#ok #nodes);
        }
    };
    let words = |ty: &Type| in_words_for(ty, "IsModule", "Argument");
    let doubt = doubt::of(ty, &words, &|ty| mentions_parameter(ty, generics));
    both(ty, generics, quote!(__nnx::Lend::<#ty>::SCHEMA), check, Some((label, doubt)))
}

/// Whether a type may have parameters: of the function, or of the impl around it, which `Self` may have.
fn mentions_parameter(ty: &Type, generics: &Generics) -> bool {
    struct Search<'a>(&'a Generics, bool);
    impl<'ast> Visit<'ast> for Search<'_> {
        fn visit_path(&mut self, path: &'ast Path) {
            let is = |name: &Ident| {
                name == "Self" || self.0.type_params().any(|parameter| parameter.ident == *name)
            };
            self.1 |= path.segments.first().is_some_and(|first| is(&first.ident));
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(generics, false);
    search.visit_type(ty);
    search.1
}

/// The checks of a parameter whose type holds an `impl Trait`: of the value.
fn unnamed(parameter: &Parameter, graph: bool) -> TokenStream {
    let Parameter { label, name, ty, form, role, .. } = parameter;
    let value = match form {
        Form::Ref => quote!(#name),
        Form::Mut => quote!(&*#name),
        Form::Value => quote!(&#name),
    };
    if *role != Role::Input {
        let ok = call_at(ty, quote!(__nnx::StaticArgument::ok), value);
        return quote!(#[allow(unused_qualifications)] { #ok; });
    }
    let (first, last) = ends(ty);
    // The compiler points at what it dereferences: from the begin of the type to its end.
    let reborrow = match form {
        Form::Ref | Form::Mut => quote!(&*),
        Form::Value => quote!(&*&),
    };
    let (reborrow, pointed_at) = (at(reborrow, first), located(name, last));
    let arguments = quote!(#reborrow #pointed_at, &mut __nnx::NullVisitor);
    let is_module = call_at(ty, quote!(__nnx::Module::flatten), arguments);
    let check = if graph { quote!(check_graph) } else { quote!(check) };
    let check = at(quote!(__nnx::Lend::of(#value).#check(Name)), first);
    quote!(__nnx::check_value!(#label, #is_module, #check);)
}

/// The checks of a return type that can be written down, as statements.
pub(super) fn result(ty: &Type, generics: &Generics, graph: bool) -> TokenStream {
    // Each part of a `Result` by itself. If this is another type of this name, nothing is lost.
    let result = last_segment(ty).filter(|last| last.ident == "Result");
    let parts: Vec<&Type> = result.into_iter().flat_map(type_arguments).collect();
    let tree = parts.first().copied().unwrap_or(ty);
    let schema = associated(tree, in_words_for(tree, "Output", "Result"), quote!(SCHEMA));
    let rule = if graph { quote!(graph_result) } else { quote!(result) };
    let checks = both(tree, generics, schema, rule, None);
    let error = parts
        .get(1)
        .map(|error| constant_at(error, associated(error, quote!(__nnx::CallError), quote!(OK))));
    quote!(#checks #error)
}

/// The trait that a type must have, or one that says the same with a better message, if the type has the
/// name of one of the standard library's that cannot have it.
fn in_words_for(ty: &Type, it: &str, place: &str) -> TokenStream {
    let (adjective, inner) = match (sharing(ty), object(ty)) {
        (Some((Sharing::Counted, _)), _) => ("Counted", innermost(ty)),
        (Some(_), _) => ("Interior", innermost(ty)),
        (None, Some(object)) => ("Object", object.clone()),
        (None, None) => {
            let it = Ident::new(it, Span::call_site());
            return quote!(__nnx::#it);
        }
    };
    let name = Ident::new(&format!("{adjective}{place}"), Span::call_site());
    quote!(__nnx::#name<#inner>)
}

/// A check for all instances of the function, and one that does not wait for them: that `rule` has
/// nothing to say against `schema`. Of an argument, with its name, also that it is a Module.
fn both(
    ty: &Type,
    generics: &Generics,
    schema: TokenStream,
    rule: TokenStream,
    argument: Option<(&String, Option<TokenStream>)>,
) -> TokenStream {
    let (label, doubt) = argument.map(|(label, doubt)| (quote!(#label,), doubt)).unzip();
    let asked = doubt.as_ref().map(|doubt| quote!(__nnx::doubts! { @ body #ty #doubt }));
    let doubt = doubt.flatten();
    let late = quote!(__nnx::#rule(#label #schema));
    let report = |verdict| call_at(ty, quote!(__nnx::report), verdict);
    let Some(Early(names)) = Early::of(ty, generics) else {
        let check = constant_at(ty, report(quote!(&#late)));
        return quote!(#asked #check);
    };
    if names.is_empty() {
        let report = report(quote!(&#late));
        return quote!(#asked const _: () = #report;);
    }
    let early = report(quote!(&__NNX_VERDICT));
    let late = call_at(ty, quote!(__nnx::report_after), quote!(&__NNX_VERDICT, &#late));
    let late = constant(ty, late);
    quote!(__nnx::check!([#(#names)*] #rule(#label #ty #doubt), #early, #late);)
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
            Type::Array(_) | Type::Tuple(_) | Type::Paren(_) => {
                inside(ty).into_iter().all(|ty| self.collect(ty, generics))
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
            let inside = inside(ty);
            // A type of the user's may have bounds that `()` does not keep. `Shared` has none.
            let inside = match last.ident == "Shared" {
                true => type_arguments(last).collect(),
                false => inside,
            };
            return !inside.is_empty()
                && (path.path.segments.len() == 1 || starts_low(first))
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
        if !is_primitive_name(&first.ident) && !self.0.contains(&first.ident) {
            self.0.push(first.ident.clone());
        }
        true
    }
}

/// Whether this is a module or a crate.
fn starts_low(segment: &PathSegment) -> bool {
    segment.ident.to_string().starts_with(|c: char| c.is_lowercase())
}

/// `<ty as path>::name`, so that the compiler points at the whole type if it is not that.
fn associated(ty: &Type, path: TokenStream, name: TokenStream) -> TokenStream {
    let (_, last) = ends(ty);
    let name = at(name, last);
    quote!(<#ty as #path>::#name)
}

/// `<_ as path>::name`, for which the compiler points at `ty`.
pub(super) fn inferred(ty: &Type, path: TokenStream, name: TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let (head, name) = (at(quote!(<_ as #path>::), first), at(name, last));
    quote!(#head #name)
}

/// `path(arguments)`, so that the compiler points at the whole type if that does not compile.
fn call_at(ty: &Type, path: TokenStream, arguments: TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let path = at(path, first);
    let arguments = quote_spanned!(last=> (#arguments));
    quote!(#path #arguments)
}

/// A constant that the compiler points at by pointing at the type.
fn constant_at(ty: &Type, content: TokenStream) -> TokenStream {
    let constant = constant(ty, content);
    quote!(#constant;)
}

fn constant(ty: &Type, content: TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let keyword = quote_spanned!(first=> const);
    let block = quote_spanned!(last=> { #content });
    quote!(#keyword #block)
}

/// The same tokens with another place, for messages that should point there.
fn at(tokens: TokenStream, span: Span) -> TokenStream {
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
                token.set_span(span);
                token
            }
        })
        .collect()
}

/// The same name, resolved where it was written, with another place.
fn located(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(name.span().located_at(span));
    name
}
