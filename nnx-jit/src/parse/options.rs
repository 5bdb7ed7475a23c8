//! The options in `#[nnx::jit(…)]`.

use nnx_macro_support::Krate;
use nnx_macro_support::diagnostics::{Errors, list, similar};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitBool, LitInt, LitStr, Token};

const KNOWN: [&str; 10] = [
    "graph",
    "graph_updates",
    "donate",
    "static",
    "name",
    "inline",
    "device",
    "keep_unused",
    "compiler_options",
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
    /// The names and values in `compiler_options(…)`.
    pub(crate) compiler: Vec<CompilerOption>,
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
        compiler: Vec::new(),
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
            "compiler_options" => given.compiler_options().map(|given| options.compiler = given),
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
    /// In parentheses, which are part of it.
    List(proc_macro2::Group),
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
            Value::List(input.parse()?)
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
        "compiler_options" => "takes options of XLA with their values, as in \
             `compiler_options(xla_cpu_enable_fast_math = true)`"
            .to_owned(),
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
            Value::List(tokens) => syn::Error::new_spanned(tokens, message),
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

    fn compiler_options(&self) -> syn::Result<Vec<CompilerOption>> {
        let Value::List(tokens) = &self.value else { return Err(self.mistake()) };
        let options = Punctuated::<CompilerOption, Token![,]>::parse_terminated;
        let options = options.parse2(tokens.stream());
        let options = options.map_err(|error| syn::Error::new(error.span(), usage(&self.name)))?;
        let mut seen: Vec<&Ident> = Vec::new();
        for option in &options {
            if seen.contains(&&option.name) {
                let message = format!("`{}` is given twice", option.name);
                return Err(syn::Error::new_spanned(&option.name, message));
            }
            seen.push(&option.name);
        }
        if options.is_empty() {
            return Err(self.mistake());
        }
        Ok(options.into_iter().collect())
    }

    fn names(&self) -> syn::Result<Vec<Ident>> {
        let Value::List(tokens) = &self.value else { return Err(self.mistake()) };
        let names = Punctuated::<TokenTree, Token![,]>::parse_terminated.parse2(tokens.stream());
        let names = names.map_err(|error| syn::Error::new(error.span(), usage(&self.name)))?;
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

/// One of XLA's options with its value.
#[derive(Debug)]
pub(crate) struct CompilerOption {
    pub(crate) name: Ident,
    pub(crate) value: OptionValue,
}

#[derive(Debug)]
pub(crate) enum OptionValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Parse for CompilerOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let sign = input.parse::<Option<Token![-]>>()?;
        let literal: Lit = input.parse()?;
        let value = match &literal {
            Lit::Int(value) if value.suffix().is_empty() => {
                format!("{}{value}", sign.map_or("", |_| "-")).parse().ok().map(OptionValue::Int)
            }
            Lit::Float(value) if value.suffix().is_empty() => {
                let value: f64 = value.base10_parse()?;
                Some(OptionValue::Float(if sign.is_some() { -value } else { value }))
            }
            Lit::Bool(value) if sign.is_none() => Some(OptionValue::Bool(value.value)),
            Lit::Str(value) if sign.is_none() => Some(OptionValue::Text(value.value())),
            _ => None,
        };
        let value = value.ok_or_else(|| syn::Error::new_spanned(&literal, "no value"))?;
        Ok(CompilerOption { name, value })
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
