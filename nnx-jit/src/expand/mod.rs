//! The function that takes the place of the annotated one.
//!
//! It calls the room of the macros `__nnx`. Whatever the compiler may complain about is written here,
//! with the span of the type that it is about; the rest comes from the templates in that room.

mod checks;
mod conditions;
mod receiver;

use crate::parse::{
    Form, Item, OptionValue, Options, Parameter, Role, can_be_named, is_jit, take_marks,
};
use nnx_macro_support::text::plain_name;
use nnx_macro_support::types::is_object_of_module;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Block, Expr, ItemFn, Pat, ReturnType, Stmt, Type, parse_quote};

/// The function without what makes it a jitted one: for a function with mistakes, so that its
/// users and the editor still see it, and no other errors come of it.
pub(crate) fn plain(mut function: ItemFn) -> ItemFn {
    function.attrs.retain(|attribute| !is_jit(attribute));
    // These would ask more of the body than it was written for.
    function.sig.constness = None;
    function.sig.abi = None;
    function.sig.variadic = None;
    function.sig.inputs.iter_mut().for_each(take_marks);
    // rustc has its own words for an object of the trait, beside those of the mistake.
    let mut objects = ObjectsOfModule(false);
    objects.visit_signature_mut(&mut function.sig);
    if objects.0 {
        *function.block = parse_quote!({ ::core::unreachable!() });
    }
    function
}

/// Takes `dyn Module` out of a signature.
struct ObjectsOfModule(bool);

impl VisitMut for ObjectsOfModule {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if is_object_of_module(ty) {
            self.0 = true;
            *ty = parse_quote!(());
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
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
    conditions::ask(&mut block);
    let checks = parameters.iter().map(|p| checks::parameter(p, &sig.generics, options.graph));
    let description = description(function, parameters, options);
    let wrapped = parameters.iter().map(wrapped);
    let lints = parameters.iter().flat_map(|parameter| &parameter.lints);
    let patterns = parameters.iter().map(pattern);
    let types = parameters.iter().map(|parameter| &parameter.inner);
    let Output { check, call, arrow, tail } = output(function, options.graph);
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
    let result = match tail {
        None => quote!(#call #arguments),
        Some(span) => {
            let result = Ident::new("result", Span::mixed_site().located_at(span));
            quote!(let #result = #call #arguments; #result)
        }
    };
    quote! {
        #(#attrs)*
        #track_caller
        #vis #sig {
            #import
            #description
            #(#checks)*
            #check
            #result
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
    if !options.graph {
        others.extend(quote!(.tree(true)));
    }
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
    if !options.compiler.is_empty() {
        let compiler = options.compiler.iter().map(|option| {
            let name = plain_name(&option.name);
            let value = match &option.value {
                OptionValue::Bool(value) => quote!(Bool(#value)),
                OptionValue::Int(value) => quote!(Int(#value)),
                OptionValue::Float(value) => quote!(Float(#value)),
                OptionValue::Text(value) => quote!(Text(#value)),
            };
            quote!(__nnx::CompilerOption { name: #name, value: __nnx::OptionValue::#value })
        });
        others.extend(quote!(.compiler(&[#(#compiler),*])));
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
    /// The place of the value that a function without a return type ends with. The body then says what it
    /// returns, and the compiler sees that the function cannot: it advises to add the type.
    tail: Option<Span>,
}

fn output(function: &ItemFn, graph: bool) -> Output {
    match &function.sig.output {
        ReturnType::Default => match value_at_the_end(&function.block) {
            None => Output {
                call: quote!(__nnx::CallReturning::<()>::call),
                arrow: quote!(-> ()),
                ..Output::default()
            },
            tail => {
                Output { call: quote!(__nnx::CallReturning::<_>::call), tail, ..Output::default() }
            }
        },
        ReturnType::Type(arrow, ty) if can_be_named(ty) => Output {
            check: checks::result(ty, &function.sig.generics, graph),
            call: quote!(__nnx::CallReturning::<#ty>::call),
            arrow: quote!(#arrow #ty),
            tail: None,
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

/// The place of the expression that a block ends with, if it may have a value: not of a loop or a macro, which
/// may have none, or none ever.
fn value_at_the_end(block: &Block) -> Option<Span> {
    let Some(Stmt::Expr(last, None)) = block.stmts.last() else { return None };
    let has_value = matches!(
        last,
        Expr::Array(_)
            | Expr::Binary(_)
            | Expr::Call(_)
            | Expr::Cast(_)
            | Expr::Field(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::MethodCall(_)
            | Expr::Paren(_)
            | Expr::Path(_)
            | Expr::Reference(_)
            | Expr::Struct(_)
            | Expr::Tuple(_)
            | Expr::Unary(_)
    );
    // `a += b` is one of these too, and nothing.
    let is_assignment = matches!(last, Expr::Binary(binary) if is_assignment(&binary.op));
    (has_value && !is_assignment).then(|| last.span())
}

fn is_assignment(operator: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        operator,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}
