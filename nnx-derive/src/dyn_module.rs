//! `#[nnx::dyn_module]` on a trait: its boxed objects are Modules.
//!
//! A Module is `Sized` and its walks are generic, so an object cannot have them. The expansion gives the
//! trait a hidden supertrait with walks for objects, which every Module of the trait has, and implements
//! `Module` for the box on top of it.

use nnx_macro_support::Krate;
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text::plain_name;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Error, Expr, FnArg, Ident, Item, ItemTrait, ReturnType, Signature, Token, TraitItem, Type,
    TypeParamBound, WherePredicate, parse_quote,
};

/// The options of the attribute.
#[derive(Default)]
struct Options {
    krate: Krate,
    graph: bool,
}

const USAGE: &str = "`#[nnx::dyn_module]` takes `graph`, if there may be a `Shared` in the objects, and `crate = path`";

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Options::default();
        while !input.is_empty() {
            let name = Ident::parse_any(input).map_err(|error| Error::new(error.span(), USAGE))?;
            match name.to_string().as_str() {
                "graph" => options.graph = true,
                "crate" => {
                    input.parse::<Token![=]>()?;
                    let value: Expr = input.parse()?;
                    let krate = Krate::from_value(&value);
                    options.krate = krate.ok_or_else(|| Error::new_spanned(value, USAGE))?;
                }
                _ => return Err(Error::new_spanned(name, USAGE)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The trait, with all that its objects need.
pub(crate) fn expand(attribute: TokenStream, tokens: TokenStream) -> TokenStream {
    let item = match syn::parse2::<ItemTrait>(tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            let error = no_trait(error, tokens.clone()).into_compile_error();
            return quote!(#tokens #error);
        }
    };
    let mut errors = Errors::default();
    let options = syn::parse2::<Options>(attribute).unwrap_or_else(|error| {
        errors.push(error);
        Options::default()
    });
    options.krate.report_missing("#[nnx::dyn_module(crate = other_crate::nnx)]", &mut errors);
    validate(&item, &mut errors);
    if let Some(errors) = errors.into_compile_errors() {
        return quote!(#item #errors);
    }
    // Without its methods that objects cannot have, the trait has objects: no use of them is a further error.
    let mut errors = Errors::default();
    let mut item = item;
    for part in &mut item.items {
        if let TraitItem::Fn(part) = part
            && !is_of_sized_types(&part.sig)
            && refuses(&part.sig, &mut errors)
        {
            part.sig
                .generics
                .make_where_clause()
                .predicates
                .push(parse_quote!(Self: ::core::marker::Sized));
        }
    }
    let (objects, errors) = (objects(&item, &options), errors.into_compile_errors());
    quote!(#objects #errors)
}

fn no_trait(error: Error, tokens: TokenStream) -> Error {
    match syn::parse2::<Item>(tokens) {
        Ok(Item::Struct(_) | Item::Enum(_)) => Error::new(
            error.span(),
            "`#[nnx::dyn_module]` goes on a trait\nfix: derive `Module` on a struct or an enum",
        ),
        _ => Error::new(error.span(), format!("`#[nnx::dyn_module]` goes on a trait: {error}")),
    }
}

/// Refuses what rustc would complain about in words that the user never wrote.
fn validate(item: &ItemTrait, errors: &mut Errors) {
    for lifetime in item.generics.lifetimes() {
        errors.at(
            lifetime,
            "the objects of a trait with a lifetime borrow, and a Module owns its data\n\
             fix: take the lifetime off the trait",
        );
    }
    for part in &item.items {
        match part {
            TraitItem::Type(part) => {
                let message = with_fixes(
                    "a trait with an associated type has no `dyn` type of its own",
                    &["make it a type parameter of the trait", "name the type in the methods"],
                );
                errors.at(&part.ident, message);
            }
            TraitItem::Const(part) => {
                let message = "a trait with a constant has no objects\nfix: make it a method";
                errors.at(&part.ident, message);
            }
            _ => {}
        }
    }
    for bound in &item.supertraits {
        let TypeParamBound::Trait(bound) = bound else { continue };
        let last = bound.path.segments.last();
        if last.is_some_and(|last| last.ident == "Module" || last.ident == "Sized") {
            errors.at(
                bound,
                "a trait above which `Module` or `Sized` stands has no objects\n\
                 fix: take it off: with `#[nnx::dyn_module]`, only Modules can implement the trait",
            );
        }
    }
}

/// Whether objects have nothing to do with the method: `where Self: Sized`.
fn is_of_sized_types(sig: &Signature) -> bool {
    let clauses = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let is_sized = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| last.ident == "Sized")
        }
        _ => false,
    };
    clauses.into_iter().any(|predicate| match predicate {
        WherePredicate::Type(predicate) => {
            predicate.bounded_ty == parse_quote!(Self) && predicate.bounds.iter().any(is_sized)
        }
        _ => false,
    })
}

/// Whether it is a method that objects cannot have: what rustc says of it at each use of an object.
fn refuses(sig: &Signature, errors: &mut Errors) -> bool {
    const ONLY_SIZED: &str = "leave it to the types themselves: `where Self: Sized` below it";
    let generic =
        sig.generics.type_params().next().map(|parameter| parameter.ident.to_token_stream());
    let shown = sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(typed) if matches!(*typed.ty, Type::ImplTrait(_)) => {
            Some(typed.ty.to_token_stream())
        }
        _ => None,
    });
    let of_no_size = match &sig.output {
        ReturnType::Type(_, ty)
            if **ty == parse_quote!(Self) || matches!(**ty, Type::ImplTrait(_)) =>
        {
            Some(ty)
        }
        _ => None,
    };
    if sig.receiver().is_none() {
        let message = with_fixes(
            "an object is asked for its methods, and a function without `self` is none",
            &["make it a method: `&self` or `&mut self` first", ONLY_SIZED],
        );
        errors.at(&sig.ident, message);
    } else if let Some(at) = &sig.asyncness {
        errors.at(
            at,
            with_fixes("an object has no `async` methods", &["take `async` off", ONLY_SIZED]),
        );
    } else if let Some(at) = generic.or(shown) {
        let why = "a method of an object is one function, and cannot have type parameters";
        errors.at(at, with_fixes(why, &["name the type, as in `x: &Array`", ONLY_SIZED]));
    } else if let Some(at) = of_no_size {
        let why = "a method of an object cannot return a type that only the type behind it knows";
        errors.at(at, with_fixes(why, &["return a type that is known: `Box<dyn …>`", ONLY_SIZED]));
    } else {
        return false;
    }
    true
}

fn objects(item: &ItemTrait, options: &Options) -> TokenStream {
    let Options { krate, graph } = options;
    let (vis, name) = (&item.vis, &item.ident);
    let tree = format_ident!("__{}Tree", name, span = name.span());
    let text = format!("dyn {}", plain_name(name));
    let (_, type_generics, where_clause) = item.generics.split_for_impl();
    let (of_trait, _, _) = item.generics.split_for_impl();
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!('static));
        parameter.default = None;
    }
    let (declared, _, _) = generics.split_for_impl();
    let mut of_all = generics.clone();
    of_all.params.push(parse_quote!(__M: #name #type_generics + #krate::__private::Module));
    let (of_all, _, _) = of_all.split_for_impl();
    let mut declaration = item.clone();
    declaration.supertraits.push(parse_quote!(#tree #type_generics));
    declaration.colon_token.get_or_insert_with(Default::default);
    let message = format!("`{{Self}}` is not a Module, and only Modules can be `{text}`");
    // A generic type is one for Modules in its parameters alone.
    let of_parameters = format!(
        "fix: if it is generic and has it, say so of its parameters: `impl<M: {} + nnx::Module>`",
        plain_name(name)
    );
    let object = quote!(dyn #name #type_generics);
    let private = quote!(#krate::__private);
    let is_tree = quote!(<#object as #tree #type_generics>);
    let body = quote! {
        __nnx::walks! {
            self __walker
            __nnx::Schema::Dyn(#text, #graph),
            { #is_tree::__flatten(&**self, __walker) }
            { #is_tree::__flatten_mut(&mut **self, __walker) }
            { #is_tree::__unflatten(&**self, __walker) }
        }
    };
    let check = (!graph)
        .then(|| quote!(const { __nnx::report(&__nnx::boxed(<__M as __nnx::Module>::SCHEMA)) };));
    let import = krate.import();
    quote! {
        #declaration

        #[doc(hidden)]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        #[diagnostic::on_unimplemented(
            message = #message,
            label = "not a Module",
            note = "fix: add `#[derive(nnx::Module)]` to the type",
            note = #of_parameters
        )]
        #vis trait #tree #of_trait: 'static #where_clause {
            #[doc(hidden)]
            fn __flatten(&self, visitor: &mut dyn #private::Visitor);
            #[doc(hidden)]
            fn __flatten_mut(&mut self, visitor: &mut dyn #private::VisitorMut);
            #[doc(hidden)]
            fn __unflatten(&self, leaves: &mut dyn #private::Leaves) -> #private::Box<#object>;
            #[doc(hidden)]
            fn __any(&self) -> &dyn ::core::any::Any;
            #[doc(hidden)]
            fn __any_mut(&mut self) -> &mut dyn ::core::any::Any;
        }

        const _: () = {
            #import

            #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
            #[diagnostic::do_not_recommend]
            impl #of_all #tree #type_generics for __M #where_clause {
                fn __flatten(&self, visitor: &mut dyn __nnx::Visitor) {
                    #check
                    __nnx::flatten_boxed(self, visitor);
                }
                fn __flatten_mut(&mut self, visitor: &mut dyn __nnx::VisitorMut) {
                    __nnx::flatten_mut_boxed(self, visitor);
                }
                fn __unflatten(&self, leaves: &mut dyn __nnx::Leaves) -> __nnx::Box<#object> {
                    __nnx::Box::new(__nnx::unflatten_boxed(self, leaves))
                }
                fn __any(&self) -> &dyn ::core::any::Any {
                    self
                }
                fn __any_mut(&mut self) -> &mut dyn ::core::any::Any {
                    self
                }
            }

            #[automatically_derived]
            impl #declared __nnx::Module for __nnx::Box<#object> #where_clause {
                #body
            }

            #[allow(dead_code)]
            impl #declared #object #where_clause {
                /// Whether the object is an `N`.
                pub fn is<__N: __nnx::Module>(&self) -> ::core::primitive::bool {
                    #is_tree::__any(self).is::<__N>()
                }
                /// The object as an `N`, if it is one.
                pub fn downcast_ref<__N: __nnx::Module>(&self) -> ::core::option::Option<&__N> {
                    #is_tree::__any(self).downcast_ref::<__N>()
                }
                /// The object as an `N`, open to change, if it is one.
                pub fn downcast_mut<__N: __nnx::Module>(
                    &mut self,
                ) -> ::core::option::Option<&mut __N> {
                    #is_tree::__any_mut(self).downcast_mut::<__N>()
                }
            }
        };
    }
}
