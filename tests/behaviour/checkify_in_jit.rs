//! `checkify` inside of a jitted function, which returns the verdict.

use nnx::transform::{CheckError, Checks, check};
use nnx::{Array, checkify};

#[nnx::jit(graph = false)]
fn checked_inverse(x: &Array) -> (CheckError, Array) {
    let inverse = |x: &Array| {
        check(x.ne(0.0), "zero has no inverse");
        1.0 / x
    };
    checkify(Checks::USER, inverse, x)
}

#[test]
fn a_jitted_function_returns_the_check_that_failed() {
    for _ in 0..2 {
        let (error, y) = checked_inverse(&Array::from([2.0_f32, 4.0]));
        assert_eq!((error.get().unwrap(), y.to_vec::<f32>()), (None, vec![0.5, 0.25]));
        let (error, _) = checked_inverse(&Array::from([2.0_f32, 0.0]));
        let message = error.throw().unwrap_err().to_string();
        assert!(message.contains("zero has no inverse"), "{message}");
        assert!(message.contains("checkify_in_jit.rs"), "{message}");
    }
    let function = nnx::jit::functions().into_iter().find(|f| f.name == "checked_inverse");
    assert_eq!(function.map(|function| function.traces), Some(1));
}
