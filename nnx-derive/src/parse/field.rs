//! Fields and their options.

use super::attributes::{self, Opt};
use nnx_macro_support::diagnostics::Errors;
use nnx_macro_support::text::plain_name;
use nnx_macro_support::types::{is_float, is_setting, parts};
use syn::{Expr, ExprLit, Lit, LitStr, Member, Type};

const KNOWN: &str = "a field can have `static`, `skip`, `recursive` and `rename = \"…\"`";

/// A field of a struct or of a variant.
pub(crate) struct Field<'a> {
    pub(crate) member: Member,
    pub(crate) key: Key,
    pub(crate) ty: &'a Type,
    pub(crate) role: Role,
    /// Whether `static` or `skip` is written on it.
    pub(crate) is_marked: bool,
    /// Whether the schema ends at this field: its type leads back to the item, or to another type
    /// around it.
    pub(crate) recursive: bool,
    /// The literal that gave the field its name in paths, for errors.
    pub(crate) renamed: Option<LitStr>,
}

/// The step of a path that leads to a field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Name(String),
    Index(usize),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Name(name) => f.write_str(name),
            Key::Index(index) => write!(f, "{index}"),
        }
    }
}

/// The role of a field in the walks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// They go through the Module that its type is.
    Module,
    /// It is one static value.
    Static,
    /// They pass over it.
    Skip,
}

pub(super) fn fields<'a>(fields: &'a syn::Fields, errors: &mut Errors) -> Vec<Field<'a>> {
    fields
        .members()
        .zip(fields)
        .enumerate()
        .map(|(i, (member, f))| field(i, member, f, errors))
        .collect()
}

fn field<'a>(
    index: usize,
    member: Member,
    field: &'a syn::Field,
    errors: &mut Errors,
) -> Field<'a> {
    let options = attributes::options(&field.attrs, KNOWN, errors);
    let role = role(&options, &field.ty, errors);
    let (mut renamed, mut recursive) = (None, false);
    for option in &options {
        match option.name.to_string().as_str() {
            "static" | "skip" => option.expect_no_value(errors),
            "recursive" => {
                option.expect_no_value(errors);
                recursive = role == Role::Module;
                if !recursive {
                    errors.at(option, "a field with `static` or `skip` ends the schema by itself: it cannot have `recursive`");
                }
            }
            "rename" => renamed = rename(option, role, errors),
            "crate" => errors.at(option, "`crate` belongs on the struct or enum, not on a field"),
            name => errors.at(option, format!("unknown option `{name}`; {KNOWN}")),
        }
    }
    let key = match (&renamed, &field.ident) {
        (Some(name), _) => Key::Name(name.value()),
        (None, Some(ident)) => Key::Name(plain_name(ident)),
        (None, None) => Key::Index(index),
    };
    let is_marked =
        options.iter().any(|option| ["static", "skip"].iter().any(|m| option.name == m));
    Field { member, key, ty: &field.ty, role, is_marked, recursive, renamed }
}

fn role(options: &[Opt], ty: &Type, errors: &mut Errors) -> Role {
    let find = |name: &str| options.iter().find(|option| option.name == name);
    match (find("static"), find("skip")) {
        (Some(_), Some(skip)) => {
            errors.at(
                skip,
                "a field is either `static` (part of the key of a jitted function) or `skip` \
                 (invisible to it), not both",
            );
            Role::Skip
        }
        // Floats have no `Eq` and no `Hash`, but as Modules they are static, by their bits.
        (Some(_), None) if only_primitives_with_floats(ty) => Role::Module,
        (Some(_), None) => Role::Static,
        (None, Some(_)) => Role::Skip,
        (None, None) => Role::Module,
    }
}

/// Whether a type holds floats, and besides them only other primitives: `f32`, `Option<(f64, u8)>`.
fn only_primitives_with_floats(ty: &Type) -> bool {
    let parts = parts(ty);
    parts.iter().any(|ty| is_float(ty)) && parts.iter().all(|ty| is_float(ty) || is_setting(ty))
}

fn rename(option: &Opt, role: Role, errors: &mut Errors) -> Option<LitStr> {
    let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = &option.value else {
        let message = "`rename` takes a name in quotes, as in `#[module(rename = \"kernel\")]`";
        errors.at(option, message);
        return None;
    };
    if role == Role::Skip {
        errors.at(option, "a field with `skip` is in no path: it cannot have `rename`");
    }
    if let Some(why) = bad_name(&name.value()) {
        errors.at(name, format!("{name:?} cannot be a name in paths: {why}", name = name.value()));
        return None;
    }
    Some(name.clone())
}

/// Why a name would make paths that cannot be read back.
fn bad_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("it reads as an index".to_owned());
    }
    let bad =
        name.chars().find(|c| ".[]*:/".contains(*c) || c.is_whitespace() || c.is_control())?;
    Some(match bad.is_whitespace() || bad.is_control() {
        true => format!("it contains {bad:?}, and paths are written without spaces"),
        false => format!("it contains {bad:?}, which paths use for themselves"),
    })
}
