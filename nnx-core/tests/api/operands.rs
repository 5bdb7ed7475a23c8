//! The forms in which functions take arrays.

use super::operand_calls::called;
use super::source;
use nnx_core::array::{AsArray, AsArrays, Operand, OptionalArray};
use nnx_core::{Array, Param};
use std::collections::BTreeSet;
use std::path::Path;
use syn::Type;

/// A type that every function takes as an array.
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
fn every_array_is_taken_in_every_form() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let functions = source::functions_in(
        &src,
        &["array", "module", "nn", "ops", "optim", "random", "train", "transform"],
    );
    let key = |function: &source::Function| format!("{} {}", function.file, function.path);
    let listed: BTreeSet<String> = called().map(str::to_owned).collect();
    let with_forms: BTreeSet<String> = functions
        .iter()
        .filter(|function| function.parameters.iter().any(is_form))
        .map(key)
        .collect();
    assert!(with_forms.len() > 300, "{}", with_forms.len());
    assert_eq!(with_forms.difference(&listed).collect::<Vec<_>>(), [&""; 0], "not called below");
    assert_eq!(listed.difference(&with_forms).collect::<Vec<_>>(), [&""; 0], "no such functions");
    let by_reference: BTreeSet<String> = functions
        .iter()
        .filter(|function| {
            // Methods of arrays take `self` by reference, and functions that are passed as values their one array.
            let given = usize::from(function.path.starts_with("Array::") || is_value(function));
            let arrays = function.parameters.iter().filter(|ty| is_form(ty) || is_reference(ty));
            arrays.skip(given).any(is_reference)
        })
        .map(key)
        .collect();
    assert!(by_reference.is_empty(), "{by_reference:?}");
}

/// Whether a layer or a transform takes the function itself as a value: a generic function is not one of all
/// lifetimes of its argument.
fn is_value(function: &source::Function) -> bool {
    function.file == "nn/functions.rs" && function.parameters.len() == 1
}

fn is_form(ty: &Type) -> bool {
    is_one_of(ty, &["impl AsArray", "impl Operand", "impl OptionalArray"])
}

fn is_reference(ty: &Type) -> bool {
    is_one_of(ty, &["&Array", "&[&Array]", "&[&[&Array]]", "Option<&Array>", "&[Option<&Array>]"])
}

fn is_one_of(ty: &Type, texts: &[&str]) -> bool {
    texts.iter().any(|text| syn::parse_str::<Type>(text).unwrap() == *ty)
}
