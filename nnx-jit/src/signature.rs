//! The parameters of a jitted function, and what is not allowed in its signature.

use crate::receiver;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, FnArg, ItemFn, Pat, PatType, ReturnType, Signature, Type};

/// A parameter, as the expansion needs it.
pub(crate) struct Parameter {
    /// Its name in paths of messages.
    pub(crate) label: String,
    /// What wraps it for the call: `::nnx::jit::Mut(x)`.
    pub(crate) wrapped: TokenStream,
    /// The pattern that takes it inside the body.
    pub(crate) pattern: TokenStream,
    /// Its type without the reference, to be checked; `impl Trait` and static arguments have none.
    pub(crate) checked: Option<Type>,
}

/// Reads the parameters, gives each of them a plain name in the outer function, and takes the
/// `#[nnx(…)]` marks off. Mistakes are added to `errors`.
pub(crate) fn parameters(
    function: &mut ItemFn,
    krate: &TokenStream,
    errors: &mut Vec<syn::Error>,
) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (i, input) in function.sig.inputs.iter_mut().enumerate() {
        match input {
            FnArg::Receiver(receiver) => parameters.push(receiver_parameter(receiver, krate)),
            FnArg::Typed(input) => parameters.push(typed_parameter(i, input, krate, errors)),
        }
    }
    parameters
}

fn receiver_parameter(receiver: &mut syn::Receiver, krate: &TokenStream) -> Parameter {
    let span = receiver.self_token.span();
    let this = quote_spanned!(span=> self);
    let name = receiver::name(Span::call_site().located_at(span));
    let wrapped = match (&receiver.reference, &receiver.mutability) {
        (Some(_), Some(_)) => quote!(#krate::jit::Mut(#this)),
        (Some(_), None) => quote!(#krate::jit::Ref(#this)),
        _ => quote!(#krate::jit::Owned::new(#this)),
    };
    let mutable = if receiver.reference.is_none() { receiver.mutability.take() } else { None };
    let checked = Some(syn::parse_quote_spanned!(span=> Self));
    Parameter { label: "self".into(), wrapped, pattern: quote!(#mutable #name), checked }
}

fn typed_parameter(
    i: usize,
    input: &mut PatType,
    krate: &TokenStream,
    errors: &mut Vec<syn::Error>,
) -> Parameter {
    let is_static = take_static_mark(&mut input.attrs, errors);
    let pattern = input.pat.clone();
    let outer = match &*input.pat {
        Pat::Ident(ident) if ident.subpat.is_none() && ident.by_ref.is_none() => {
            ident.ident.clone()
        }
        _ => format_ident!("__argument_{i}"),
    };
    let label = outer.to_string().trim_start_matches("r#").to_owned();
    *input.pat = Pat::Ident(syn::PatIdent {
        attrs: vec![],
        by_ref: None,
        mutability: None,
        ident: outer.clone(),
        subpat: None,
    });
    let wrapped = wrap(&input.ty, &outer, is_static, krate, errors);
    let checked = match &*input.ty {
        Type::Reference(reference) => (*reference.elem).clone(),
        other => other.clone(),
    };
    let checked = (!is_static && can_be_named(&checked)).then_some(checked);
    Parameter { label, wrapped, pattern: quote!(#pattern), checked }
}

fn wrap(
    ty: &Type,
    name: &Ident,
    is_static: bool,
    krate: &TokenStream,
    errors: &mut Vec<syn::Error>,
) -> TokenStream {
    // A float is static through its bits, which `Owned` knows about.
    let float = is_float(ty);
    if float && !is_static {
        errors.push(syn::Error::new(
            ty.span(),
            format!(
                "a float argument would compile the function again for every new value. Fixes: \
                 (1) pass it as an array: `{name}: &Array` and `Array::scalar(value)` at the call; \
                 (2) if it hardly ever changes, mark it: `#[nnx(static)] {name}: {}`",
                quote!(#ty)
            ),
        ));
    }
    let span = ty.span();
    if is_static && !float {
        return quote_spanned!(span=> #krate::jit::Static::new(#name));
    }
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            quote_spanned!(span=> #krate::jit::Mut(#name))
        }
        Type::Reference(_) => quote_spanned!(span=> #krate::jit::Ref(#name)),
        _ => quote_spanned!(span=> #krate::jit::Owned::new(#name)),
    }
}

/// Whether the type can be written down again inside the function.
pub(crate) fn can_be_named(ty: &Type) -> bool {
    struct Unnameable(bool);
    impl<'ast> Visit<'ast> for Unnameable {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_type_reference(&mut self, _: &'ast syn::TypeReference) {
            self.0 = true;
        }
    }
    let mut found = Unnameable(false);
    found.visit_type(ty);
    !found.0
}

fn is_float(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.qself.is_none() && (path.path.is_ident("f32") || path.path.is_ident("f64"))
}

/// Removes `#[nnx(static)]` and tells whether it was there.
fn take_static_mark(attributes: &mut Vec<Attribute>, errors: &mut Vec<syn::Error>) -> bool {
    let mut found = false;
    attributes.retain(|attribute| {
        if !attribute.path().is_ident("nnx") {
            return true;
        }
        let is_static = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string() == "static",
            _ => false,
        };
        if !is_static {
            let message = "unknown mark; a parameter takes `#[nnx(static)]`";
            errors.push(syn::Error::new(attribute.span(), message));
        } else if found {
            errors.push(syn::Error::new(attribute.span(), "`#[nnx(static)]` is given twice"));
        }
        found |= is_static;
        false
    });
    found
}

/// What a jitted function cannot be.
pub(crate) fn check(signature: &Signature, errors: &mut Vec<syn::Error>) {
    let mut reject = |span: Span, message: &str| errors.push(syn::Error::new(span, message));
    if let Some(token) = &signature.asyncness {
        reject(
            token.span(),
            "a jitted function cannot be `async`: its body runs once, to be traced. XLA runs in \
             the background anyway; call the function from async code and read its result there",
        );
    }
    if let Some(token) = &signature.constness {
        reject(token.span(), "a jitted function cannot be `const`: it runs XLA");
    }
    if let Some(token) = &signature.unsafety {
        reject(
            token.span(),
            "a jitted function cannot be `unsafe`: its body only records operations",
        );
    }
    if let Some(abi) = &signature.abi {
        reject(abi.span(), "a jitted function cannot be `extern`: wrap it in an extern function");
    }
    if let Some(variadic) = &signature.variadic {
        reject(variadic.span(), "a jitted function cannot be variadic: take a `Vec` instead");
    }
    if signature.inputs.len() > 12 {
        reject(
            signature.inputs.span(),
            "a jitted function takes at most 12 parameters: group some in a struct that derives Module",
        );
    }
    check_return(&signature.output, errors);
}

/// References cannot come out of a program: what they would point to does not exist yet.
fn check_return(output: &ReturnType, errors: &mut Vec<syn::Error>) {
    struct References<'e>(&'e mut Vec<syn::Error>);
    impl<'ast> Visit<'ast> for References<'_> {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            if matches!(&*reference.elem, Type::Path(p) if p.path.is_ident("str")) {
                return;
            }
            self.0.push(syn::Error::new(
                reference.span(),
                "a jitted function cannot return a reference: its results are new arrays. Fixes: \
                 (1) return the array itself, `-> Array`, with `.value().clone()` in the body; \
                 (2) return nothing, and read the Variable from the argument after the call",
            ));
        }
    }
    if let ReturnType::Type(_, ty) = output {
        References(errors).visit_type(ty);
    }
}
