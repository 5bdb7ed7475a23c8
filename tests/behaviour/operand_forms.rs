//! The forms of an operand: what `+` takes beside an array, every function of two arrays takes.

use nnx::array::{self, where_};
use nnx::{Array, Param};

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
        where_(&x.gt(2.0), x, y),
        array::logaddexp(x, y),
        array::dot(x, y),
        array::tensordot(x, y, 1),
        array::inner(x, y),
        array::outer(x, y),
        array::kron(x, y),
        array::vecdot(x, y, -1),
    }
}

/// A list of arrays is one of references; a reference to a Variable is one.
#[test]
fn lists_take_references_to_arrays_and_variables() {
    let (x, w) = (array([1.0, 2.0, 3.0, 4.0]), Param::new(array([5.0; 4])));
    for joined in [array::concatenate(&[&x, &w], 0), array::concatenate(&[&w, &w], 0)] {
        assert_eq!(joined.shape(), [4, 2]);
    }
    assert_eq!(array::stack(&[&w, &x], 0).shape(), [2, 2, 2]);
    assert_eq!(array::einsum("ij,jk->ik", &[&x, &w]).to_vec::<f32>(), [15.0, 15.0, 35.0, 35.0]);
}
