//! Callbacks that fail, and backends that cannot call the host: errors that name the callback and the fix.

use super::callbacks_support::calls_host;
use nnx::{Array, DType, Result, debug, effects_barrier, io_callback, pure_callback};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn message<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("it fails");
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
        payload.downcast_ref::<&str>().map_or_else(String::new, ToString::to_string)
    })
}

fn scalar(x: f32) -> Array {
    Array::scalar(x)
}

#[test]
fn a_panic_is_an_error_of_the_run() {
    #[nnx::jit(graph = false)]
    fn panicking(x: &Array) -> Array {
        let f = |x: &Array| {
            assert!(x.item::<f32>() < 2.0, "{x} is too large");
            x.clone()
        };
        pure_callback(f, &Array::shape_only((), DType::F32), x) + 1.0
    }
    let eager = message(|| pure_callback(|_: &Array| panic!("oh"), &scalar(1.0), &scalar(1.0)));
    assert_eq!(eager, "oh");
    if !calls_host() {
        return;
    }
    assert_eq!(panicking(&scalar(1.0)).item::<f32>(), 2.0);
    for _ in 0..3 {
        let error =
            match catch_unwind(AssertUnwindSafe(|| panicking(&scalar(2.0)).try_item::<f32>())) {
                Ok(result) => result.unwrap_err().to_string(),
                Err(payload) => payload.downcast_ref::<String>().unwrap().clone(),
            };
        assert!(error.contains("`panicking`"), "{error}");
        assert!(
            error.contains("`pure_callback` at tests/behaviour/callbacks_failures.rs:"),
            "{error}"
        );
        assert!(error.contains("it panicked: 2.0 is too large"), "{error}");
    }
    // It goes on.
    assert_eq!(panicking(&scalar(1.0)).item::<f32>(), 2.0);
}

#[test]
fn a_function_with_a_result_gets_the_failure_as_an_error() {
    #[nnx::jit(graph = false)]
    fn failing(x: &Array) -> Result<Array> {
        let f = |x: &Array| {
            assert!(x.item::<f32>() < 2.0, "too large");
            x.clone()
        };
        Ok(io_callback(f, &Array::shape_only((), DType::F32), x))
    }
    if !calls_host() {
        let error = failing(&scalar(1.0)).unwrap_err().to_string();
        assert!(error.contains("cannot call back into the program"), "{error}");
        return;
    }
    assert_eq!(failing(&scalar(1.0)).unwrap().item::<f32>(), 1.0);
    let error = failing(&scalar(3.0)).and_then(|y| y.try_item::<f32>()).unwrap_err().to_string();
    assert!(error.contains("it panicked: too large"), "{error}");
}

#[test]
fn a_failure_that_nobody_reads_is_logged() {
    #[nnx::jit(graph = false)]
    fn unread(x: &Array) {
        debug::callback(|x: &Array| assert!(x.item::<f32>() < 0.0, "nobody reads this"), x);
    }
    if !calls_host() {
        return;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| unread(&scalar(1.0))));
    let _ = effects_barrier();
    unread(&scalar(-1.0));
}

#[test]
fn results_of_another_shape_dtype_or_form_are_errors() {
    #[nnx::jit(graph = false)]
    fn wrong_shape(x: &Array) -> Array {
        pure_callback(|x: &Array| x.clone(), &Array::shape_only([3], DType::F32), x)
    }
    #[nnx::jit(graph = false)]
    fn wrong_dtype(x: &Array) -> (Array, Array) {
        let promised = (Array::shape_only([2], DType::F32), Array::shape_only([2], DType::I32));
        pure_callback(|x: &Array| (x.clone(), x.clone()), &promised, x)
    }
    #[nnx::jit(graph = false)]
    fn wrong_form(x: &Array) -> Vec<Array> {
        let promised = vec![Array::shape_only([2], DType::F32); 2];
        pure_callback(|x: &Array| vec![x.clone()], &promised, x)
    }
    let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let promised = Array::shape_only([3], DType::F32);
    let eager = message(|| pure_callback(|x: &Array| x.clone(), &promised, &x));
    let says = "f32[3] in what was promised, f32[2] in what it returned";
    assert!(eager.starts_with("pure_callback: ") && eager.contains(says), "{eager}");
    assert!(eager.contains("callbacks_failures.rs:"), "{eager}");
    if !calls_host() {
        return;
    }
    let read = |f: &dyn Fn() -> Array| match catch_unwind(AssertUnwindSafe(|| f().to_bytes())) {
        Ok(result) => result.unwrap_err().to_string(),
        Err(payload) => payload.downcast_ref::<String>().unwrap().clone(),
    };
    let error = read(&|| wrong_shape(&x));
    assert!(error.contains("`pure_callback` at ") && error.contains(says), "{error}");
    let error = read(&|| wrong_dtype(&x).1);
    assert!(error.contains("i32[2] in what was promised, f32[2] in what it returned"), "{error}");
    let error = read(&|| wrong_form(&x).swap_remove(0));
    assert!(error.contains("`pure_callback` at "), "{error}");
}

#[test]
fn a_callback_cannot_wait_for_callbacks() {
    #[nnx::jit(graph = false)]
    fn waiting(x: &Array) -> Array {
        let wait = |_: &Array| Array::scalar(effects_barrier().is_err());
        io_callback(wait, &Array::shape_only((), DType::Bool), x)
    }
    if !calls_host() {
        return;
    }
    assert!(waiting(&scalar(1.0)).item::<bool>());
}

#[test]
fn a_shape_that_is_not_known_is_refused() {
    let error =
        message(|| pure_callback(|x: &Array| x.clone(), &Array::absent("lost"), &scalar(1.0)));
    assert!(error.contains("the shapes of a callback's result: lost"), "{error}");
}

#[test]
fn a_backend_that_cannot_call_the_host_says_so() {
    #[nnx::jit(graph = false)]
    fn refused(x: &Array) -> Array {
        debug::print!("refused: {}", x);
        x * 2.0
    }
    if calls_host() {
        return;
    }
    let error = message(|| refused(&scalar(1.0)));
    let parts =
        ["`refused` holds `debug::print!` at ", "callbacks_failures.rs:", "xla-rs", "fixes:"];
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}
