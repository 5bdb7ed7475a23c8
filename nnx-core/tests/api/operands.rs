//! The forms in which functions take arrays.

use super::operand_calls::called;
use super::source;
use nnx_core::array::{AsArray, AsArrays, Operand, OptionalArray};
use nnx_core::nn::{self, ActivationFn};
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
pub(crate) fn is_value(function: &source::Function) -> bool {
    (function.file == "nn/functions.rs" && function.parameters.len() == 1)
        || function.path == "promote_dtype"
}

/// The functions that are values, with the methods of the same name.
macro_rules! methods {
    ($($name:ident)*) => {
        &[$((stringify!($name), nn::$name, Array::$name)),*]
    };
}

#[test]
fn functions_that_are_values_are_methods_too() {
    let methods: &[(&str, ActivationFn, ActivationFn)] = methods! {
        gelu gelu_exact hard_sigmoid hard_silu hard_swish hard_tanh log1mexp log_sigmoid mish relu relu6 selu sigmoid
        silu soft_sign softplus sparse_plus sparse_sigmoid swish tanh
    };
    let x = Array::from([0.25_f32, 1.5]);
    for (name, function, method) in methods {
        assert_eq!(function(&x).to_vec::<f32>(), method(&x).to_vec::<f32>(), "{name}");
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names: Vec<String> = source::functions_in(&src, &["nn/functions.rs"])
        .into_iter()
        .filter(|function| is_value(function) && function.path != "identity")
        .map(|function| function.path)
        .collect();
    names.sort();
    assert_eq!(names, methods.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
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
