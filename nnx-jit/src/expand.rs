//! The function that stands in place of the annotated one.

use crate::checks::{self, can_be_named};
use crate::diagnostics::Errors;
use crate::options::{self, Options};
use crate::parameters::{self, Form, Parameter, Role};
use crate::{receiver, signature, types};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, ReturnType, Type};

pub(crate) fn expand(attribute: TokenStream, original: &ItemFn) -> TokenStream {
    let mut errors = Errors::default();
    let options = options::parse(attribute, &mut errors);
    signature::check(&original.sig, &original.attrs, &mut errors);
    let mut function = original.clone();
    let parameters = parameters::parse(&mut function, &options.statics, &mut errors);
    if let ReturnType::Type(_, ty) = &original.sig.output {
        types::result(ty, &mut errors);
    }
    match errors.into_compile_errors() {
        None => jitted(&function, &parameters, &options),
        Some(errors) => {
            let plain = plain(original.clone());
            quote!(#plain #errors)
        }
    }
}

/// The function without what makes it a jitted one: for a function with mistakes, so that its
/// users and the editor still see it, and no other errors come of it.
fn plain(mut function: ItemFn) -> ItemFn {
    function.attrs.retain(|attribute| !signature::is_jit(attribute));
    // These would ask more of the body than it was written for.
    function.sig.constness = None;
    function.sig.abi = None;
    function.sig.variadic = None;
    for input in &mut function.sig.inputs {
        let attributes = match input {
            FnArg::Typed(input) => &mut input.attrs,
            FnArg::Receiver(receiver) => &mut receiver.attrs,
        };
        parameters::take_marks(attributes);
    }
    function
}

fn jitted(function: &ItemFn, parameters: &[Parameter], options: &Options) -> TokenStream {
    let ItemFn { attrs, vis, sig, block } = function;
    let krate = &options.krate;
    let mut block = (**block).clone();
    if sig.receiver().is_some() {
        receiver::rename(&mut block);
    }
    let checks = parameters.iter().map(|p| checks::parameter(p, &sig.generics, krate));
    let description = description(function, parameters, options);
    let wrapped = parameters.iter().map(|parameter| wrapped(parameter, krate));
    let taken = taken(parameters);
    // Without its braces, about which there is a lint in this place.
    let statements = &block.stmts;
    let statements = quote!(#(#statements)*);
    let Output { check, ty, arrow, checked } = output(function, krate);
    let call = quote_spanned!(ty.span()=> call);
    let track_caller = (!attrs.iter().any(|attribute| attribute.path().is_ident("track_caller")))
        .then(|| quote!(#[track_caller]));
    quote! {
        #(#attrs)*
        #track_caller
        #vis #sig {
            #(#checks)*
            #check
            #[allow(unused_imports)]
            use #krate::jit::Anything as _;
            #description
            #checked(#krate::jit::#call::<_, #ty, _>(
                &__NNX_FUNCTION,
                (#(#wrapped,)*),
                |__nnx_arguments| #arrow {
                    #taken
                    #statements
                },
            ))
        }
    }
}

/// The static that holds the function's executables.
fn description(function: &ItemFn, parameters: &[Parameter], options: &Options) -> TokenStream {
    let Options { donate, device, inline, keep_unused, krate, .. } = options;
    let name = match &options.name {
        Some(name) => name.value(),
        None => function.sig.ident.to_string().trim_start_matches("r#").to_owned(),
    };
    let device = match device {
        Some(device) => quote!(::core::option::Option::Some(#device)),
        None => quote!(::core::option::Option::None),
    };
    let labels = parameters.iter().map(|parameter| &parameter.label);
    quote! {
        static __NNX_FUNCTION: #krate::jit::Function = #krate::jit::Function::new(
            #name,
            ::core::module_path!(),
            &[#(#labels),*],
            #krate::jit::Options {
                donate: #donate,
                device: #device,
                inline: #inline,
                keep_unused: #keep_unused,
            },
        );
    }
}

/// The argument as the call takes it.
fn wrapped(parameter: &Parameter, krate: &TokenStream) -> TokenStream {
    let Parameter { name, form, role, ty, .. } = parameter;
    let method = match (role, form) {
        (Role::Static, _) => quote!(by_hash),
        (_, Form::Ref) => quote!(by_ref),
        (_, Form::Mut) => quote!(by_mut),
        (_, Form::Value) => quote!(by_value),
    };
    match can_be_named(ty) {
        true => quote!(#krate::jit::Passed::<#ty>::#method(#name)),
        false => quote!(#krate::jit::Passed::#method(#name)),
    }
}

/// The arguments inside the body, under the names and patterns that the user gave them.
fn taken(parameters: &[Parameter]) -> TokenStream {
    if parameters.is_empty() {
        return quote!(let () = __nnx_arguments;);
    }
    let names: Vec<_> = parameters.iter().map(|parameter| &parameter.name).collect();
    let names = names.iter().map(|name| match name.to_string().as_str() {
        "self" => receiver::name(name.span()),
        _ => (*name).clone(),
    });
    let names: Vec<_> = names.collect();
    let lets = parameters.iter().zip(&names).map(|(parameter, name)| {
        let Parameter { attributes, pattern, .. } = parameter;
        let ty = inner_type(parameter);
        let pattern = match (pattern, parameter.label.as_str()) {
            (syn::Pat::Ident(pattern), "self") => {
                let mutability = pattern.mutability;
                quote!(#mutability #name)
            }
            (pattern, _) => quote!(#pattern),
        };
        quote!(#(#attributes)* let #pattern: #ty = #name;)
    });
    quote! {
        let (#(#names,)*) = __nnx_arguments;
        #(#lets)*
    }
}

/// The type of the argument in the body, as far as it can be written down.
fn inner_type(parameter: &Parameter) -> TokenStream {
    let ty = &parameter.ty;
    if !can_be_named(ty) {
        return quote!(_);
    }
    match parameter.form {
        Form::Ref => quote!(&#ty),
        Form::Mut => quote!(&mut #ty),
        Form::Value => quote!(#ty),
    }
}

/// What the return type becomes.
struct Output {
    /// Statements.
    check: TokenStream,
    ty: Type,
    /// The return type of the closure, if it can be written down.
    arrow: TokenStream,
    /// A function around the call.
    checked: TokenStream,
}

fn output(function: &ItemFn, krate: &TokenStream) -> Output {
    match &function.sig.output {
        ReturnType::Default => Output {
            check: TokenStream::new(),
            ty: syn::parse_quote!(()),
            arrow: quote!(-> ()),
            checked: TokenStream::new(),
        },
        ReturnType::Type(arrow, ty) if can_be_named(ty) => Output {
            check: checks::result(ty, &function.sig.generics, krate),
            ty: (**ty).clone(),
            arrow: quote!(#arrow #ty),
            checked: TokenStream::new(),
        },
        ReturnType::Type(_, ty) => {
            let span = ty.span();
            Output {
                check: quote_spanned! {span=>
                    fn __nnx_checked<R: #krate::jit::Output>(result: R) -> R {
                        const { #krate::jit::check::result(<R as #krate::jit::Output>::SCHEMA) };
                        result
                    }
                },
                ty: syn::parse_quote!(_),
                arrow: TokenStream::new(),
                checked: quote!(__nnx_checked),
            }
        }
    }
}
