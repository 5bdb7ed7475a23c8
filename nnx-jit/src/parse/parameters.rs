//! The parameters of a jitted function.

use super::types::floats;
use nnx_macro_support::diagnostics::{Errors, list, similar};
use nnx_macro_support::text::plain_name;
use nnx_macro_support::types::is_static_str;
use proc_macro2::{Ident, Span};
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, ItemFn, Meta, Pat, PatType, Receiver, Type, TypeReference};

/// How a parameter is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `&T`.
    Ref,
    /// `&mut T`.
    Mut,
    /// `T`.
    Value,
}

/// How a parameter becomes part of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A tree of arrays.
    Input,
    /// Static data, under a mark.
    Static,
}

/// A parameter, as the expansion needs it.
pub(crate) struct Parameter {
    /// Its name in messages.
    pub(crate) label: String,
    /// Its name in the outer function.
    pub(crate) name: Ident,
    pub(crate) form: Form,
    pub(crate) role: Role,
    /// The lint attributes that stood on it.
    pub(crate) lints: Vec<Attribute>,
    /// The pattern that takes it inside the body.
    pub(crate) pattern: Pat,
    /// Its type as it is written.
    pub(crate) written: Type,
    /// Its type without the reference.
    pub(crate) ty: Type,
    /// Its type inside the body: `_` where it cannot be written down again.
    pub(crate) inner: Type,
}

impl Parameter {
    /// Whether a float is written out in its type. As static data it then is a Module, which compares
    /// it by its bits.
    pub(crate) fn has_floats(&self) -> bool {
        !floats(&self.ty).is_empty()
    }
}

/// Reads the parameters, gives each of them a plain name in the outer function, and takes the
/// `#[nnx(…)]` marks off. Mistakes are added to `errors`.
pub(super) fn parse(
    function: &mut ItemFn,
    statics: &[Ident],
    errors: &mut Errors,
) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    let mut statics = Statics { named: statics, taken: vec![false; statics.len()] };
    for (i, input) in function.sig.inputs.iter_mut().enumerate() {
        parameters.push(match input {
            FnArg::Receiver(receiver) => parse_receiver(receiver, &statics, errors),
            FnArg::Typed(input) => parse_typed(i, input, &mut statics, errors),
        });
    }
    statics.report_unknown(&parameters, errors);
    parameters
}

/// Which parameters the option `static(…)` names.
struct Statics<'a> {
    named: &'a [Ident],
    /// For each of them, whether there is such a parameter.
    taken: Vec<bool>,
}

impl Statics<'_> {
    /// Whether `name` is one of them. Naming it twice is a mistake.
    fn take(&mut self, name: &Ident, errors: &mut Errors) -> bool {
        let mut found = false;
        for (named, taken) in self.named.iter().zip(&mut self.taken) {
            if named == name {
                if found {
                    errors.at(named, format!("`{named}` is given twice"));
                }
                *taken = true;
                found = true;
            }
        }
        found
    }

    fn report_unknown(&self, parameters: &[Parameter], errors: &mut Errors) {
        let names: Vec<&str> = parameters
            .iter()
            .filter(|parameter| matches!(parameter.pattern, Pat::Ident(_)))
            .map(|parameter| parameter.label.as_str())
            .filter(|label| *label != "self")
            .collect();
        for (named, _) in self.named.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            if named == "self" {
                errors.at(named, SELF_CANNOT_BE_STATIC);
                continue;
            }
            let known = match names.is_empty() {
                true => "there are no parameters with names".to_owned(),
                false => format!("the parameters are {}", list(&names)),
            };
            let meant = similar(&named.to_string(), &names)
                .map_or(String::new(), |similar| format!("\nfix: did you mean `{similar}`?"));
            errors.at(named, format!("there is no parameter `{named}`; {known}{meant}"));
        }
    }
}

const SELF_CANNOT_BE_STATIC: &str = "`self` cannot be static: a Module has arrays in it\nfix: its settings are static already, as \
     fields that are not Variables and no arrays";

fn parse_receiver(
    receiver: &mut Receiver,
    statics: &Statics<'_>,
    errors: &mut Errors,
) -> Parameter {
    for mark in marks(&mut receiver.attrs) {
        let is_static = is_static_mark(&mark) && !statics.named.iter().any(|name| name == "self");
        errors.at(mark, if is_static { SELF_CANNOT_BE_STATIC } else { UNKNOWN_MARK });
    }
    reject_cfg(&receiver.attrs, errors);
    let written = (*receiver.ty).clone();
    let (role, form, ty) = passed(&written, false);
    let name = Ident::new("self", receiver.self_token.span);
    let mutability = if form == Form::Value { receiver.mutability.take() } else { None };
    let pattern = Pat::Ident(syn::PatIdent {
        attrs: vec![],
        by_ref: None,
        mutability,
        ident: name.clone(),
        subpat: None,
    });
    Parameter {
        label: "self".to_owned(),
        name,
        form,
        role,
        lints: take_lints(&mut receiver.attrs),
        pattern,
        inner: inner(&written, &ty),
        written,
        ty,
    }
}

fn parse_typed(
    i: usize,
    input: &mut PatType,
    statics: &mut Statics<'_>,
    errors: &mut Errors,
) -> Parameter {
    let (name, label) = match &*input.pat {
        Pat::Ident(ident) if ident.subpat.is_none() && ident.by_ref.is_none() => {
            (ident.ident.clone(), plain_name(&ident.ident))
        }
        pattern => {
            let name = Ident::new(&name_of(pattern, i), Span::mixed_site());
            (name, format!("argument #{}", i + 1))
        }
    };
    let mut is_static = false;
    for mark in marks(&mut input.attrs) {
        match (is_static_mark(&mark), is_static) {
            (true, false) => is_static = true,
            (true, true) => errors.at(mark, "`#[nnx(static)]` is given twice"),
            (false, _) => errors.at(mark, UNKNOWN_MARK),
        }
    }
    if statics.take(&name, errors) {
        if is_static {
            let message = format!("`{name}` is static twice, by its mark and by `static(…)`");
            errors.at(&name, message);
        }
        is_static = true;
    }
    reject_cfg(&input.attrs, errors);
    let pattern = std::mem::replace(&mut *input.pat, plain(&name));
    let written = (*input.ty).clone();
    let (role, form, ty) = passed(&written, is_static);
    let lints = take_lints(&mut input.attrs);
    let inner = inner(&written, &ty);
    Parameter { label, name, form, role, lints, pattern, inner, written, ty }
}

/// The name of a parameter with a pattern, which documentation shows: of the names that the pattern binds.
fn name_of(pattern: &Pat, position: usize) -> String {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(plain_name(&pattern.ident));
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut names = Names::default();
    names.visit_pat(pattern);
    match names.0.as_slice() {
        [] => format!("unused_{position}"),
        names => names.join("_and_"),
    }
}

/// How an argument of this type is passed.
fn passed(written: &Type, is_static: bool) -> (Role, Form, Type) {
    if is_static {
        return (Role::Static, Form::Value, written.clone());
    }
    match written {
        Type::Reference(reference) if !is_static_str(written) => {
            (Role::Input, form_of(reference), (*reference.elem).clone())
        }
        _ => (Role::Input, Form::Value, written.clone()),
    }
}

fn form_of(reference: &TypeReference) -> Form {
    if reference.mutability.is_some() { Form::Mut } else { Form::Ref }
}

/// The type of an argument in the body: as written, but borrowed for another time.
fn inner(written: &Type, ty: &Type) -> Type {
    if !can_be_named(ty) {
        return Type::Infer(syn::TypeInfer { underscore_token: Default::default() });
    }
    let mut inner = written.clone();
    if let (Type::Reference(reference), false) = (&mut inner, is_static_str(written)) {
        reference.lifetime = None;
    }
    inner
}

fn plain(name: &Ident) -> Pat {
    Pat::Ident(syn::PatIdent {
        attrs: vec![],
        by_ref: None,
        mutability: None,
        ident: name.clone(),
        subpat: None,
    })
}

const UNKNOWN_MARK: &str = "unknown mark; a parameter takes `#[nnx(static)]`";

/// Takes the marks that are ours off a parameter.
pub(crate) fn take_marks(parameter: &mut FnArg) {
    match parameter {
        FnArg::Typed(input) => marks(&mut input.attrs),
        FnArg::Receiver(receiver) => marks(&mut receiver.attrs),
    };
}

fn marks(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    attributes.extract_if(.., |attribute| attribute.path().is_ident("nnx")).collect()
}

fn is_static_mark(mark: &Attribute) -> bool {
    matches!(&mark.meta, Meta::List(list) if list.tokens.to_string() == "static")
}

/// Takes the lint attributes, which are meant for the place where the parameter is used.
fn take_lints(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let lints = ["allow", "expect", "warn", "deny", "forbid"];
    let is_lint =
        |attribute: &mut Attribute| lints.iter().any(|lint| attribute.path().is_ident(lint));
    attributes.extract_if(.., is_lint).collect()
}

fn reject_cfg(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            let message = "a parameter of a jitted function cannot be conditional\n\
                           fix: write the function twice, with `#[cfg(…)]` on it";
            errors.at(attribute, message);
        }
    }
}

/// Whether a type can be written down again inside the function, in a place without its lifetimes.
pub(crate) fn can_be_named(ty: &Type) -> bool {
    struct Unnameable(bool);
    impl<'ast> Visit<'ast> for Unnameable {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit::visit_type_reference(self, reference);
        }
    }
    let mut found = Unnameable(false);
    found.visit_type(ty);
    !found.0
}
