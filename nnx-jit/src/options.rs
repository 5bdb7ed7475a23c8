//! The options in `#[nnx::jit(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, LitInt, LitStr, Meta, Path, Token};

const KNOWN: &str = "`graph`, `donate`, `device`, `keep_unused`, `name`, `crate`";

pub(crate) struct Options {
    pub(crate) donate: bool,
    pub(crate) device: Option<LitInt>,
    pub(crate) keep_unused: bool,
    pub(crate) name: Option<LitStr>,
    pub(crate) krate: TokenStream,
}

/// Reads the options; every mistake is added to `errors`.
pub(crate) fn parse(attribute: TokenStream, errors: &mut Vec<syn::Error>) -> Options {
    let mut options = Options {
        donate: true,
        device: None,
        keep_unused: false,
        name: None,
        krate: quote!(::nnx),
    };
    // `crate` is a keyword, which `Meta` does not take as a path.
    let attribute = rename_crate(attribute);
    let metas = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attribute) {
        Ok(metas) => metas,
        Err(error) => {
            errors.push(syn::Error::new(
                error.span(),
                format!("options are written `name = value`; the options are {KNOWN}"),
            ));
            return options;
        }
    };
    let mut seen: Vec<String> = Vec::new();
    let mut graph = None;
    for meta in metas {
        let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        if seen.contains(&name) {
            errors.push(syn::Error::new(meta.span(), format!("`{name}` is given twice")));
            continue;
        }
        let result = match name.as_str() {
            "graph" => flag(&meta).map(|value| graph = Some((value, meta.span()))),
            "donate" => flag(&meta).map(|value| options.donate = value),
            "device" => index(&meta).map(|value| options.device = Some(value)),
            "keep_unused" => flag(&meta).map(|value| options.keep_unused = value),
            "name" => text(&meta).map(|value| options.name = Some(value)),
            "__crate" => path(&meta).map(|value| options.krate = quote!(#value)),
            _ => Err(syn::Error::new(
                meta.path().span(),
                format!("unknown option; the options are {KNOWN}"),
            )),
        };
        errors.extend(result.err());
        seen.push(name);
    }
    check_mode(graph, errors);
    options
}

/// Graph mode does not exist yet, and being the default it must not be meant silently.
fn check_mode(graph: Option<(bool, Span)>, errors: &mut Vec<syn::Error>) {
    let span = match graph {
        Some((false, _)) => return,
        Some((true, span)) => span,
        None => Span::call_site(),
    };
    errors.push(syn::Error::new(
        span,
        "graph mode (`graph = true`, the default as in NNX) is not available yet; write \
         `#[nnx::jit(graph = false)]` for tree mode, in which Modules are trees without shared \
         nodes and only Variables are updated",
    ));
}

fn rename_crate(attribute: TokenStream) -> TokenStream {
    let mut start = true;
    attribute
        .into_iter()
        .map(|token| {
            let at_start = std::mem::replace(&mut start, false);
            match token {
                proc_macro2::TokenTree::Ident(ident) if at_start && ident == "crate" => {
                    proc_macro2::Ident::new("__crate", ident.span()).into()
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ',' => {
                    start = true;
                    punct.into()
                }
                other => other,
            }
        })
        .collect()
}

fn value(meta: &Meta) -> Result<&Expr, syn::Error> {
    meta.require_name_value().map(|pair| &pair.value)
}

fn flag(meta: &Meta) -> Result<bool, syn::Error> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => Ok(value.value),
        other => Err(syn::Error::new(other.span(), "takes `true` or `false`")),
    }
}

fn index(meta: &Meta) -> Result<LitInt, syn::Error> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. })
            if value.base10_parse::<usize>().is_ok() =>
        {
            Ok(value.clone())
        }
        other => {
            Err(syn::Error::new(other.span(), "takes the number of a device, as `device = 1`"))
        }
    }
}

fn text(meta: &Meta) -> Result<LitStr, syn::Error> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => Ok(value.clone()),
        other => Err(syn::Error::new(other.span(), "takes a string, as `name = \"step\"`")),
    }
}

fn path(meta: &Meta) -> Result<Path, syn::Error> {
    match value(meta)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
        other => Err(syn::Error::new(other.span(), "takes a path, as `crate = my_nnx`")),
    }
}
