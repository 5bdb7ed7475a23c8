//! Attributes of the struct, enum or variant itself.

use super::attributes::{self, Opt};
use nnx_macro_support::Krate;
use nnx_macro_support::diagnostics::Errors;
use syn::Attribute;

const KNOWN: &str = "a struct or an enum can have `#[module(crate = path)]`";

/// Where the crate `nnx` is.
pub(super) fn krate(attrs: &[Attribute], errors: &mut Errors) -> Krate {
    let mut krate = Krate::default();
    for option in attributes::options(attrs, KNOWN, errors) {
        if option.name == "crate" {
            krate = path(&option, errors).unwrap_or(krate);
        } else {
            errors.at(&option, misplaced(&option));
        }
    }
    krate
}

fn path(option: &Opt, errors: &mut Errors) -> Option<Krate> {
    let Some(value) = &option.value else {
        let message =
            "`crate` needs the path of the crate nnx, as in `#[module(crate = my_crate::nnx)]`";
        errors.at(option, message);
        return None;
    };
    let krate = Krate::from_value(value);
    if krate.is_none() {
        let message =
            "`crate` takes a path without quotes, as in `#[module(crate = my_crate::nnx)]`";
        errors.at(value, message);
    }
    krate
}

fn misplaced(option: &Opt) -> String {
    let name = &option.name;
    match name.to_string().as_str() {
        "static" => "`static` belongs on a field; an item that derives Module and holds no \
                     Variables and no arrays is static by itself"
            .to_owned(),
        "skip" | "rename" => format!("`{name}` belongs on a field"),
        _ => format!("unknown option `{name}`; {KNOWN}"),
    }
}

/// Rejects every option on a variant.
pub(super) fn no_options(attrs: &[Attribute], errors: &mut Errors) {
    const NONE: &str = "a variant has no options: they belong on the enum or on a field";
    for option in attributes::options(attrs, NONE, errors) {
        errors.at(option, NONE);
    }
}
