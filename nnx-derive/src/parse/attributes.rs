//! The grammar of `#[module(…)]`: a list of `name` and `name = value`.

use nnx_macro_support::diagnostics::Errors;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{Attribute, Expr, Ident, Meta, Token};

/// One option of a `#[module(…)]` attribute.
pub(super) struct Opt {
    pub(super) name: Ident,
    pub(super) value: Option<Expr>,
}

impl Parse for Opt {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // `static` and `crate` are keywords.
        if !input.peek(Ident::peek_any) {
            let message = "options are written `name` or `name = value`, with no quotes around the \
                           name";
            return Err(input.error(message));
        }
        let name = Ident::parse_any(input)?;
        let ended = |input: ParseStream<'_>| input.is_empty() || input.peek(Token![,]);
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(equals) if ended(input) => {
                let message = format!("the value of `{name}` is missing");
                return Err(syn::Error::new_spanned(equals, message));
            }
            Some(_) => Some(ungrouped(input.parse()?)),
            None if input.peek(Paren) => {
                return Err(input.error(format!("the value of `{name}` stands after `=`")));
            }
            None => None,
        };
        match ended(input) {
            true => Ok(Opt { name, value }),
            false => Err(input.error("a comma is missing before this")),
        }
    }
}

/// The value itself where a macro of the user passed it on as `$value`.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        value => value,
    }
}

/// For errors: the whole option.
impl ToTokens for Opt {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        self.name.to_tokens(tokens);
        self.value.to_tokens(tokens);
    }
}

impl Opt {
    /// Notes an error if the option was given a value.
    pub(super) fn expect_no_value(&self, errors: &mut Errors) {
        if self.value.is_some() {
            errors.at(self, format!("`{0}` takes no value: write `{0}` alone", self.name));
        }
    }
}

/// All options of all `#[module(…)]` attributes in `attrs`, each at most once.
///
/// `known` lists what is allowed here, for the messages.
pub(super) fn options(attrs: &[Attribute], known: &str, errors: &mut Errors) -> Vec<Opt> {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("nnx")) {
        let options = attr.meta.require_list().map(|list| list.tokens.to_string());
        let options = options.as_deref().unwrap_or("…");
        let message = format!(
            "`#[nnx(…)]` marks parameters of jitted functions\nfix: `#[module({options})]`"
        );
        errors.at(&attr.meta, message);
    }
    let mut options: Vec<Opt> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("module")) {
        match &attr.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                match attr.parse_args_with(Punctuated::<Opt, Token![,]>::parse_terminated) {
                    Ok(found) => options.extend(found),
                    Err(error) => errors.push(error),
                }
            }
            _ => errors.at(&attr.meta, format!("`#[module(…)]` says nothing here; {known}")),
        }
    }
    let mut unique: Vec<Opt> = Vec::new();
    for option in options {
        if unique.iter().any(|seen| seen.name == option.name) {
            errors.at(&option, format!("`{}` is given twice", option.name));
        } else {
            unique.push(option);
        }
    }
    unique
}
