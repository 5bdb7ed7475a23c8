//! The forms of an operand: what `+` takes beside an array, every function of two arrays takes.

use nnx::array::{self, where_};
use nnx::optim::losses;
use nnx::{Array, DType, Param, linalg, special};

fn array(values: [f32; 4]) -> Array {
    Array::from_slice(&values, [2, 2])
}

/// The results with the operand in each form: a value, a reference, a reference to a reference, of an array and of
/// a Variable.
macro_rules! in_all_forms {
    ($x:ident, $y:ident => $($call:expr),* $(,)?) => {$({
        let call = stringify!($call);
        let (x, value) = (&array([1.0, 2.0, 3.0, 4.0]), array([0.5, 1.5, 2.5, 3.5]));
        let expected: Vec<f32> = { let ($x, $y) = (x, &value); $call }.to_vec();
        let variable = Param::new(value.clone());
        let (of_array, of_variable) = (&value, &variable);
        let results = [
            { let ($x, $y) = (x, value.clone()); $call },
            { let ($x, $y) = (x, &of_array); $call },
            { let ($x, $y) = (x, variable.clone()); $call },
            { let ($x, $y) = (x, of_variable); $call },
            { let ($x, $y) = (x, &of_variable); $call },
            // The other one too.
            { let ($x, $y) = (&Param::new(x.clone()), of_variable); $call },
        ];
        for (form, result) in results.into_iter().enumerate() {
            assert_eq!(result.to_vec::<f32>(), expected, "{call}, form {form}");
        }
    })*};
}

#[test]
fn every_function_takes_what_plus_takes() {
    in_all_forms! { x, y =>
        x + y,
        x * y,
        x.matmul(y),
        x.maximum(y),
        x.minimum(y),
        x.pow(y),
        x.atan2(y),
        x.clip(y, 9.0),
        where_(x.gt(2.0), x, y),
        where_(y, x, 0.0),
        array::select(x.gt(2.0), x, y),
        x.logical_and(y).astype(DType::F32),
        x.logical_xor(y).astype(DType::F32),
        array::complex(x, y).abs(),
        x.isin(y).astype(DType::F32),
        x.average(y, ..),
        array::append(x, y, 0),
        array::polyval(x.flatten(), y),
        linalg::solve(x, y),
        linalg::solve_triangular(x, y, true),
        losses::l2_loss(x, y),
        losses::softmax_cross_entropy(x, y),
        losses::cosine_distance(x, y),
        special::betainc(x, y, 0.5),
        special::polygamma(x, y),
        x.flatten().ediff1d(y, None),
        array::logaddexp(x, y),
        array::dot(x, y),
        array::tensordot(x, y, 1),
        array::inner(x, y),
        array::outer(x, y),
        array::kron(x, y),
        array::vecdot(x, y, -1),
    }
}

/// An array that need not be there: it, nothing, or an `Option`.
#[test]
fn optional_arrays_are_taken_with_and_without_some() {
    let (x, ends) = (Array::from([1, 4, 9]), Param::new(Array::from([7])));
    assert_eq!(x.ediff1d(None, None).to_vec::<i32>(), [3, 5]);
    assert_eq!(x.ediff1d(&ends, ends.clone()).to_vec::<i32>(), [7, 3, 5, 7]);
    let (some, nothing) = (Some(ends.value().clone()), None::<Array>);
    assert_eq!(x.ediff1d(some.as_ref(), nothing.as_ref()).to_vec::<i32>(), [7, 3, 5]);
    assert_eq!(x.ediff1d(Some(&x), Array::scalar(0)).to_vec::<i32>(), [1, 4, 9, 3, 5, 0]);
}

/// A number beside an array is true or not, as it is not 0.
#[test]
fn truth_takes_numbers() {
    let x = Array::from([0.0_f32, 2.0]);
    assert_eq!(x.logical_and(1).to_vec::<bool>(), [false, true]);
    assert_eq!(x.logical_or(0.0).to_vec::<bool>(), [false, true]);
    assert_eq!(x.logical_or(f64::NAN).to_vec::<bool>(), [true, true]);
    assert_eq!(x.logical_xor(true).to_vec::<bool>(), [true, false]);
}

/// A list of arrays is one of references; a reference to a Variable is one.
#[test]
fn lists_take_references_to_arrays_and_variables() {
    let (x, w) = (array([1.0, 2.0, 3.0, 4.0]), Param::new(array([5.0; 4])));
    for joined in [array::concatenate([&x, &w], 0), array::concatenate([&w, &w], 0)] {
        assert_eq!(joined.shape(), [4, 2]);
    }
    assert_eq!(array::stack([&w, &x], 0).shape(), [2, 2, 2]);
    assert_eq!(array::einsum("ij,jk->ik", [&x, &w]).to_vec::<f32>(), [15.0, 15.0, 35.0, 35.0]);
}
