//! The function that stands in place of the annotated one.
//!
//! It calls the room of the macros `__nnx`. Whatever the compiler may complain about is written here,
//! with the span of the type that it is about; the rest comes from the templates in that room.

mod checks;
mod receiver;

use crate::parse::{Form, Item, Options, Parameter, Role, can_be_named, is_jit, take_marks};
use nnx_macro_support::text::plain_name;
use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemFn, Pat, ReturnType};

/// The function without what makes it a jitted one: for a function with mistakes, so that its
/// users and the editor still see it, and no other errors come of it.
pub(crate) fn plain(mut function: ItemFn) -> ItemFn {
    function.attrs.retain(|attribute| !is_jit(attribute));
    // These would ask more of the body than it was written for.
    function.sig.constness = None;
    function.sig.abi = None;
    function.sig.variadic = None;
    function.sig.inputs.iter_mut().for_each(take_marks);
    function
}

/// The jitted function.
pub(crate) fn jitted(item: &Item) -> TokenStream {
    let Item { options, function, parameters } = item;
    let ItemFn { attrs, vis, sig, block } = function;
    let import = options.krate.import();
    let mut block = (**block).clone();
    if sig.receiver().is_some() {
        receiver::rename(&mut block);
    }
    let checks = parameters.iter().map(|p| checks::parameter(p, &sig.generics, options.graph));
    let description = description(function, parameters, options);
    let wrapped = parameters.iter().map(wrapped);
    let lints = parameters.iter().flat_map(|parameter| &parameter.lints);
    let patterns = parameters.iter().map(pattern);
    let types = parameters.iter().map(|parameter| &parameter.inner);
    let Output { check, call, arrow } = output(function, options.graph);
    let place = match &sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => sig.ident.span(),
    };
    let track_caller = (!attrs.iter().any(|attribute| attribute.path().is_ident("track_caller")))
        .then(|| quote!(#[track_caller]));
    // Where the compiler points when the body cannot be what it has to be.
    let place = Span::call_site().located_at(place);
    let bar = quote_spanned!(place=> |);
    let body = quote!(#bar #(#lints)* (#(#patterns,)*): (#(#types,)*) #bar #arrow #block);
    let mut arguments =
        Group::new(Delimiter::Parenthesis, quote!(&__NNX_FUNCTION, (#(#wrapped,)*), #body));
    arguments.set_span(place);
    quote! {
        #(#attrs)*
        #track_caller
        #vis #sig {
            #import
            #description
            #(#checks)*
            #check
            #call #arguments
        }
    }
}

/// The static that holds the function's executables.
fn description(function: &ItemFn, parameters: &[Parameter], options: &Options) -> TokenStream {
    let name = match &options.name {
        Some(name) => name.value(),
        None => plain_name(&function.sig.ident),
    };
    let labels = parameters.iter().map(|parameter| &parameter.label);
    // Those that are not the default.
    let mut others = TokenStream::new();
    if options.graph && options.graph_updates {
        others.extend(quote!(.graph_updates(true)));
    }
    if !options.donate {
        others.extend(quote!(.donate(false)));
    }
    if let Some(device) = &options.device {
        others.extend(quote!(.device(#device)));
    }
    if !options.inline {
        others.extend(quote!(.inline(false)));
    }
    if options.keep_unused {
        others.extend(quote!(.keep_unused(true)));
    }
    quote!(__nnx::function!(#name [#(#labels),*] #others);)
}

/// The argument as the call takes it.
fn wrapped(parameter: &Parameter) -> TokenStream {
    let Parameter { name, form, role, ty, .. } = parameter;
    let method = match (role, form) {
        (Role::Static, _) if !parameter.has_floats() => quote!(by_hash),
        (_, Form::Ref) => quote!(by_ref),
        (_, Form::Mut) => quote!(by_mut),
        (_, Form::Value) => quote!(by_value),
    };
    let passed = match (can_be_named(ty), form) {
        (true, _) => quote!(__nnx::pass::<#ty>()),
        (false, Form::Ref) => quote!(__nnx::Lend::of(#name)),
        (false, Form::Mut) => quote!(__nnx::Lend::of(&*#name)),
        (false, Form::Value) => quote!(__nnx::Lend::of(&#name)),
    };
    quote!(#passed.#method(#name))
}

/// The pattern that takes the argument inside the body.
fn pattern(parameter: &Parameter) -> TokenStream {
    match &parameter.pattern {
        Pat::Ident(pattern) if pattern.ident == "self" => {
            let (mutability, name) = (&pattern.mutability, receiver::name(pattern.ident.span()));
            quote!(#mutability #name)
        }
        pattern => quote!(#pattern),
    }
}

/// The expansion of the return type.
#[derive(Default)]
struct Output {
    /// Statements.
    check: TokenStream,
    /// The function that makes the call.
    call: TokenStream,
    /// The return type of the closure, if it can be written down.
    arrow: TokenStream,
}

fn output(function: &ItemFn, graph: bool) -> Output {
    match &function.sig.output {
        ReturnType::Default => Output {
            call: quote!(__nnx::CallReturning::<()>::call),
            arrow: quote!(-> ()),
            ..Output::default()
        },
        ReturnType::Type(arrow, ty) if can_be_named(ty) => Output {
            check: checks::result(ty, &function.sig.generics, graph),
            call: quote!(__nnx::CallReturning::<#ty>::call),
            arrow: quote!(#arrow #ty),
        },
        // The body says what it is.
        ReturnType::Type(_, ty) => Output {
            call: checks::inferred(
                ty,
                quote!(__nnx::Output),
                if graph { quote!(of_graph_call) } else { quote!(of_call) },
            ),
            ..Output::default()
        },
    }
}
