//! Refusals of a call of a compiled program, and its effects on its arguments, on any backend.

use super::{RunPlace, compile};
use crate::error::{Error, Result};
use crate::graph::trace;
use crate::value::{Aval, DType};
use crate::xla::{Buffer, Client, Executable, Placement};

/// `f(x, y) = x + y` on f32[2]; the result may take the memory of `x`.
fn add() -> Executable {
    let avals = vec![Aval::new(DType::F32, &[2]); 2];
    let (closed, ()) = trace("add", &avals, |x| (vec![&x[0] + &x[1]], ()));
    compile("add", &closed.graph, &[(0, 0)], &RunPlace::on(Placement::default()), &[], &[]).unwrap()
}

fn upload(values: [f32; 2], dims: &[usize]) -> Buffer {
    let bytes = values.map(f32::to_le_bytes).concat();
    Client::global()
        .unwrap()
        .upload(&bytes, Aval::new(DType::F32, dims), Placement::default())
        .unwrap()
}

fn run(f: &Executable, x: (&Buffer, bool), y: &Buffer) -> Result<Vec<u8>> {
    let mut call = f.call();
    call.arg(x.0, x.1)?;
    call.arg(y, false)?;
    call.run()?.take(0)?.to_host()
}

#[test]
fn arguments_of_another_shape_or_dtype_are_refused() {
    let (f, x) = (add(), upload([1.0, 2.0], &[2]));
    // Of the same size in bytes, which no backend finds out.
    let ints = Aval::new(DType::I32, &[2]);
    let ints = Client::global().unwrap().upload(&[0; 8], ints, Placement::default()).unwrap();
    for wrong in [ints, upload([0.0; 2], &[2, 1]), upload([0.0; 2], &[1, 2])] {
        let error = run(&f, (&wrong, true), &x).unwrap_err().to_string();
        assert!(error.contains("argument 0 of `add` must be f32[2]"), "{error}");
    }
    let mut call = f.call();
    call.arg(&x, true).unwrap();
    let error = call.run().map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("takes 2 arguments, but 1 were given"), "{error}");
    assert!(!x.is_deleted());
}

#[test]
fn an_argument_is_donated_or_kept_as_the_call_says() {
    let (f, x, y) = (add(), upload([1.0, 2.0], &[2]), upload([3.0, 4.0], &[2]));
    let sum = [4.0_f32, 6.0].map(f32::to_le_bytes).concat();
    assert_eq!(run(&f, (&x, false), &y).unwrap(), sum);
    // The same array in both places.
    assert_eq!(run(&f, (&x, false), &x).unwrap(), [2.0_f32, 4.0].map(f32::to_le_bytes).concat());
    assert!(!x.is_deleted());
    assert_eq!(run(&f, (&x, true), &y).unwrap(), sum);
    assert!(x.is_deleted() && !y.is_deleted());
    for result in [x.to_host().map(|_| ()), x.wait(), run(&f, (&x, false), &y).map(|_| ())] {
        assert!(matches!(result, Err(Error::Xla { .. })), "{result:?}");
    }
}
