//! The forms in which functions take arrays beside the one that they are about.

use super::operand_calls::CALLED;
use super::source;
use nnx_core::array::{AsArray, AsArrays, Operand, OptionalArray};
use nnx_core::{Array, Param};
use std::collections::BTreeSet;
use std::path::Path;
use syn::Type;

/// A type that every function takes as a further array.
pub(crate) trait Form: Operand + AsArray + OptionalArray + Clone {}
impl<T: Operand + AsArray + OptionalArray + Clone> Form for T {}

#[test]
fn arrays_and_variables_are_forms_of_an_array() {
    fn is_one<T: Form>() {}
    is_one::<Array>();
    is_one::<&Array>();
    is_one::<&&Array>();
    is_one::<Param>();
    is_one::<&Param>();
}

#[test]
fn lists_of_arrays_have_many_forms() {
    fn is_one<T: AsArrays>() {}
    is_one::<[Array; 2]>();
    is_one::<[&Param; 0]>();
    is_one::<&[&Array; 2]>();
    is_one::<&[Param]>();
    is_one::<Vec<Array>>();
    is_one::<&Vec<&Array>>();
}

#[test]
fn every_further_array_is_taken_in_every_form() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let functions = source::functions_in(
        &src,
        &["array", "module", "nn", "ops", "optim", "random", "train", "transform"],
    );
    let key = |function: &source::Function| format!("{} {}", function.file, function.path);
    let listed: BTreeSet<String> = CALLED.iter().map(|&name| name.to_owned()).collect();
    let with_forms: BTreeSet<String> = functions
        .iter()
        .filter(|function| function.parameters.iter().any(is_form))
        .map(key)
        .collect();
    assert!(with_forms.len() > 300, "{}", with_forms.len());
    assert_eq!(with_forms.difference(&listed).collect::<Vec<_>>(), [&""; 0], "not called below");
    assert_eq!(listed.difference(&with_forms).collect::<Vec<_>>(), [&""; 0], "no such functions");
    // The first array may be `&Array`, the others not.
    let by_reference: BTreeSet<String> = functions
        .iter()
        .filter(|function| {
            let arrays = function.parameters.iter().filter(|ty| is_form(ty) || is_reference(ty));
            arrays.skip(1).any(is_reference)
        })
        .map(key)
        .collect();
    assert!(by_reference.is_empty(), "{by_reference:?}");
}

fn is_form(ty: &Type) -> bool {
    is_one_of(ty, &["impl AsArray", "impl Operand", "impl OptionalArray"])
}

fn is_reference(ty: &Type) -> bool {
    is_one_of(ty, &["&Array", "&[&Array]", "Option<&Array>"])
}

fn is_one_of(ty: &Type, texts: &[&str]) -> bool {
    texts.iter().any(|text| syn::parse_str::<Type>(text).unwrap() == *ty)
}
