//! The function that stands in place of the annotated one.

use crate::{options, receiver, signature};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{ItemFn, ReturnType};

pub(crate) fn expand(attribute: TokenStream, original: ItemFn) -> TokenStream {
    let mut errors = Vec::new();
    let options = options::parse(attribute, &mut errors);
    signature::check(&original.sig, &mut errors);
    let mut function = original.clone();
    let krate = &options.krate;
    let parameters = signature::parameters(&mut function, krate, &mut errors);
    if let Some(error) = errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    }) {
        // The item stays, so that its users and the editor see it; only the marks that are ours
        // must go.
        let error = error.into_compile_error();
        let ItemFn { attrs, vis, sig, .. } = &function;
        let block = &original.block;
        let inputs: Vec<_> = original
            .sig
            .inputs
            .iter()
            .cloned()
            .map(|mut input| {
                if let syn::FnArg::Typed(input) = &mut input {
                    input.attrs.retain(|attribute| !attribute.path().is_ident("nnx"));
                }
                input
            })
            .collect();
        let mut sig = sig.clone();
        sig.inputs = inputs.into_iter().collect();
        return quote!(#(#attrs)* #vis #sig #block #error);
    }

    let has_self = function.sig.receiver().is_some();
    let mut block = (*original.block).clone();
    if has_self {
        receiver::rename(&mut block);
    }
    let name = match &options.name {
        Some(name) => name.value(),
        None => function.sig.ident.to_string(),
    };
    let (donate, keep_unused) = (options.donate, options.keep_unused);
    let device = match &options.device {
        Some(device) => quote!(::core::option::Option::Some(#device)),
        None => quote!(::core::option::Option::None),
    };
    let labels = parameters.iter().map(|p| &p.label);
    let wrapped = parameters.iter().map(|p| &p.wrapped);
    let patterns = parameters.iter().map(|p| &p.pattern);
    let output = closure_output(&function.sig.output);
    let checks = checks(&function, &parameters, krate);
    let ItemFn { attrs, vis, sig, .. } = &function;
    quote! {
        #(#attrs)*
        #[track_caller]
        #vis #sig {
            #checks
            static __NNX_FUNCTION: #krate::jit::Function = #krate::jit::Function::new(
                #name,
                ::core::module_path!(),
                &[#(#labels),*],
                #krate::jit::Options { donate: #donate, device: #device, keep_unused: #keep_unused },
            );
            #krate::jit::call(
                &__NNX_FUNCTION,
                (#(#wrapped,)*),
                |__nnx_arguments| #output {
                    #[allow(unused_parens)]
                    let (#(#patterns,)*) = __nnx_arguments;
                    #block
                },
            )
        }
    }
}

/// The rules of tree mode that need types: evaluated by the compiler, in a generic function when
/// it is instantiated.
fn checks(
    function: &ItemFn,
    parameters: &[signature::Parameter],
    krate: &TokenStream,
) -> TokenStream {
    // A constant item is checked at once, but cannot name what comes from outside of it.
    let generic = function.sig.receiver().is_some()
        || function.sig.generics.type_params().next().is_some()
        || function.sig.generics.const_params().next().is_some();
    let mut checks = TokenStream::new();
    let mut add = |ty: &syn::Type, check: TokenStream| {
        let check = if generic || names_self(ty) {
            quote_spanned!(ty.span()=> const { #check };)
        } else {
            quote_spanned!(ty.span()=> const _: () = #check;)
        };
        checks.extend(check);
    };
    for parameter in parameters {
        let Some(ty) = &parameter.checked else { continue };
        let label = &parameter.label;
        let krate = at(krate, ty.span());
        add(ty, quote_spanned!(ty.span()=> #krate::jit::check::argument::<#ty>(#label)));
    }
    if let ReturnType::Type(_, ty) = &function.sig.output {
        if signature::can_be_named(ty) {
            let krate = at(krate, ty.span());
            add(ty, quote_spanned!(ty.span()=> #krate::jit::check::result::<#ty>()));
        }
    }
    checks
}

/// The same tokens with another span, for messages that should point there.
fn at(tokens: &TokenStream, span: proc_macro2::Span) -> TokenStream {
    let mut tokens: Vec<_> = tokens.clone().into_iter().collect();
    tokens.iter_mut().for_each(|token| token.set_span(span));
    tokens.into_iter().collect()
}

/// Whether the type depends on the impl around the function.
fn names_self(ty: &syn::Type) -> bool {
    struct NamesSelf(bool);
    impl<'ast> Visit<'ast> for NamesSelf {
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.0 |= ident == "Self";
        }
    }
    let mut found = NamesSelf(false);
    found.visit_type(ty);
    found.0
}

/// The return type of the closure; left to inference where it says `impl Trait`.
fn closure_output(output: &ReturnType) -> TokenStream {
    struct HasImpl(bool);
    impl<'ast> Visit<'ast> for HasImpl {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    match output {
        ReturnType::Default => quote!(-> ()),
        ReturnType::Type(_, ty) => {
            let mut has_impl = HasImpl(false);
            has_impl.visit_type(ty);
            if has_impl.0 { quote!() } else { quote!(-> #ty) }
        }
    }
}
