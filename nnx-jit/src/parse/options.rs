//! The options in `#[nnx::jit(…)]`.

use nnx_macro_support::Krate;
use nnx_macro_support::diagnostics::{Errors, list, similar};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitBool, LitInt, LitStr, Token};

const KNOWN: [&str; 9] = [
    "graph",
    "graph_updates",
    "donate",
    "static",
    "name",
    "inline",
    "device",
    "keep_unused",
    "crate",
];

#[derive(Debug)]
pub(crate) struct Options {
    /// Graph mode, in which nodes may be shared; tree mode without it.
    pub(crate) graph: bool,
    /// Whether a call hands back more than the values of Variables.
    pub(crate) graph_updates: bool,
    pub(crate) donate: bool,
    pub(crate) device: Option<LitInt>,
    pub(crate) inline: bool,
    pub(crate) keep_unused: bool,
    pub(crate) name: Option<LitStr>,
    /// The names in `static(…)`.
    pub(crate) statics: Vec<Ident>,
    pub(crate) krate: Krate,
}

/// Reads the options; every mistake is added to `errors`.
pub(super) fn parse(attribute: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options {
        graph: true,
        graph_updates: true,
        donate: true,
        device: None,
        inline: true,
        keep_unused: false,
        name: None,
        statics: Vec::new(),
        krate: Krate::default(),
    };
    let mut updates_given = None;
    let mut seen: Vec<String> = Vec::new();
    for tokens in separated_by_commas(attribute, errors) {
        let given = match Given::parse.parse2(tokens) {
            Ok(given) => given,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let name = given.name.unraw().to_string();
        if seen.contains(&name) {
            let known = list(KNOWN);
            errors.at(&given.name, format!("`{name}` is given twice; the options are {known}"));
            continue;
        }
        let result = match name.as_str() {
            "graph" => given.flag().map(|value| options.graph = value.value),
            "graph_updates" => given.flag().map(|value| {
                options.graph_updates = value.value;
                updates_given = Some(given.name.clone());
            }),
            "donate" => given.flag().map(|value| options.donate = value.value),
            "static" => given.names().map(|names| options.statics = names),
            "name" => given.text().map(|value| options.name = Some(value)),
            "inline" => given.flag().map(|value| options.inline = value.value),
            "device" => given.index().map(|value| options.device = Some(value)),
            "keep_unused" => given.flag().map(|value| options.keep_unused = value.value),
            "crate" => given.krate().map(|value| options.krate = value),
            "true" | "false" => {
                Err(syn::Error::new_spanned(&given.name, format!("write `graph = {name}`")))
            }
            _ => Err(syn::Error::new_spanned(&given.name, unknown(&name))),
        };
        if let Err(error) = result {
            errors.push(error);
        }
        seen.push(name);
    }
    if let Some(name) = updates_given.filter(|_| !options.graph) {
        errors.push(syn::Error::new_spanned(
            name,
            "`graph_updates` has no meaning with `graph = false`: in tree mode only Variables are \
             updated\nfix: leave one of the two out",
        ));
    }
    options
}

fn unknown(name: &str) -> String {
    let known = list(KNOWN);
    // The names that users of JAX look for.
    let instead = match name {
        "static_argnums" | "static_argnames" => {
            "name the parameters, `static(a, b)`, or mark them, `#[nnx(static)] a: usize`"
        }
        "donate_argnums" | "donate_argnames" => {
            "nothing is needed: what is passed by value or as `&mut` is donated where it can be"
        }
        _ => {
            return match similar(name, &KNOWN) {
                Some(similar) => {
                    format!(
                        "unknown option `{name}`\nfix: did you mean `{similar}`? The options are {known}"
                    )
                }
                None => format!("unknown option `{name}`; the options are {known}"),
            };
        }
    };
    format!("unknown option `{name}`; the options are {known}\nfix: {instead}")
}

/// One option: `name = value`, or `name(…)`.
struct Given {
    name: Ident,
    value: Value,
}

enum Value {
    None,
    Expr(Box<Expr>),
    List(Punctuated<TokenTree, Token![,]>, TokenStream),
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(syn::Ident::peek_any) {
            return Err(input.error(format!(
                "options are written `name = value`; the options are {}",
                list(KNOWN)
            )));
        }
        let name = Ident::parse_any(input)?;
        let value = if input.is_empty() {
            Value::None
        } else if input.peek(syn::token::Paren) {
            let tokens = input.parse::<proc_macro2::Group>()?;
            let names = Punctuated::parse_terminated.parse2(tokens.stream());
            let names = names.map_err(|error| syn::Error::new(error.span(), usage(&name)))?;
            Value::List(names, tokens.into_token_stream())
        } else if input.peek(Token![=]) && !input.peek(Token![==]) {
            input.parse::<Token![=]>()?;
            let value = input.parse().map_err(|_| syn::Error::new_spanned(&name, usage(&name)))?;
            Value::Expr(Box::new(value))
        } else {
            return Err(input.error(usage(&name)));
        };
        if !input.is_empty() {
            return Err(input.error("a comma is missing before this"));
        }
        Ok(Given { name, value })
    }
}

/// The usage of an option: the value that it takes, and how it is written.
fn usage(name: &Ident) -> String {
    let flag = |other: bool| format!("takes `true` or `false`, as in `{name} = {other}`");
    let usage = match name.unraw().to_string().as_str() {
        "graph" | "graph_updates" | "donate" | "inline" => flag(false),
        "keep_unused" => flag(true),
        "static" => "takes names of parameters, as in `static(a, b)`".to_owned(),
        "name" => "takes a string that is not empty, as in `name = \"step\"`".to_owned(),
        "device" => "takes the number of a device, as in `device = 1`".to_owned(),
        "crate" => "takes the path of the crate, as in `crate = my_nnx`".to_owned(),
        _ => format!("is written `{name} = value`"),
    };
    format!("`{name}` {usage}")
}

impl Given {
    /// The error that the value is not of the kind that the option takes.
    fn mistake(&self) -> syn::Error {
        let message = usage(&self.name);
        match &self.value {
            Value::None => syn::Error::new_spanned(&self.name, message),
            Value::Expr(value) => syn::Error::new_spanned(value, message),
            Value::List(_, tokens) => syn::Error::new_spanned(tokens, message),
        }
    }

    fn literal(&self) -> syn::Result<&Lit> {
        match &self.value {
            Value::Expr(value) => match &**value {
                Expr::Lit(ExprLit { lit, .. }) => Ok(lit),
                _ => Err(self.mistake()),
            },
            _ => Err(self.mistake()),
        }
    }

    fn flag(&self) -> syn::Result<LitBool> {
        match self.literal()? {
            Lit::Bool(value) => Ok(value.clone()),
            _ => Err(self.mistake()),
        }
    }

    fn index(&self) -> syn::Result<LitInt> {
        match self.literal()? {
            Lit::Int(value) if value.base10_parse::<usize>().is_ok() => Ok(value.clone()),
            _ => Err(self.mistake()),
        }
    }

    fn text(&self) -> syn::Result<LitStr> {
        match self.literal()? {
            Lit::Str(value) if !value.value().is_empty() => Ok(value.clone()),
            _ => Err(self.mistake()),
        }
    }

    fn krate(&self) -> syn::Result<Krate> {
        match &self.value {
            Value::Expr(value) => Krate::from_value(value).ok_or_else(|| self.mistake()),
            _ => Err(self.mistake()),
        }
    }

    fn names(&self) -> syn::Result<Vec<Ident>> {
        let Value::List(names, _) = &self.value else { return Err(self.mistake()) };
        if names.is_empty() {
            return Err(self.mistake());
        }
        let name = |token: &TokenTree| match token {
            TokenTree::Ident(ident) => Ok(ident.clone()),
            other => Err(syn::Error::new_spanned(other, usage(&self.name))),
        };
        names.iter().map(name).collect()
    }
}

/// Each option by itself, so that a mistake in one does not hide those in the others.
fn separated_by_commas(tokens: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = TokenStream::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if part.is_empty() {
                    errors.at(comma, "an option is missing before this comma");
                } else {
                    parts.push(std::mem::take(&mut part));
                }
            }
            _ => part.extend([token]),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}
