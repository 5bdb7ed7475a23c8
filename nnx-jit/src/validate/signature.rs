//! Mistakes in the signature of a jitted function, whatever its parameters are.

use crate::parse::is_jit;
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use syn::{Attribute, Signature};

/// As many as there are implementations of `Arguments` for tuples.
const MOST_PARAMETERS: usize = 12;

pub(super) fn check(signature: &Signature, attributes: &[Attribute], errors: &mut Errors) {
    if let Some(token) = &signature.asyncness {
        let message = with_fixes(
            "a jitted function cannot be `async`: its body runs only to be traced",
            &["take `async` off: a call returns while XLA still computes, so async code can call \
               it, and wait where it reads the result"],
        );
        errors.at(token, message);
    }
    if let Some(token) = &signature.constness {
        let message = "a jitted function cannot be `const`: there is no XLA while Rust compiles\n\
                       fix: take `const` off";
        errors.at(token, message);
    }
    if let Some(token) = &signature.unsafety {
        let message = with_fixes(
            "a jitted function cannot be `unsafe`: its body runs when it is traced, not when it \
             is called",
            &["take `unsafe` off, and do what is unsafe before the call"],
        );
        errors.at(token, message);
    }
    if let Some(abi) = &signature.abi {
        let message = with_fixes(
            "a jitted function cannot be `extern`: its arguments are Modules, which other \
             languages do not know",
            &["call it from an `extern` function"],
        );
        errors.at(abi, message);
    }
    if let Some(variadic) = &signature.variadic {
        let message = "a jitted function cannot be variadic\nfix: take a `Vec`";
        errors.at(variadic, message);
    }
    if let Some(input) = signature.inputs.iter().nth(MOST_PARAMETERS) {
        let message = with_fixes(
            format!("a jitted function takes at most {MOST_PARAMETERS} parameters"),
            &["group some of them in a tuple or in a struct that derives Module"],
        );
        errors.at(input, message);
    }
    for attribute in attributes.iter().filter(|attribute| is_jit(attribute)) {
        errors.at(attribute, "`#[nnx::jit]` is given twice");
    }
}
