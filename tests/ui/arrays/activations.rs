// Activations are values of the type `fn(&Array) -> Array`, other functions take arrays in every form.
use nnx::linalg::inv;
use nnx::nn::{Activation, relu, softmax};
use nnx::{Array, vmap};

fn of_a_result(x: &Array, y: &Array) -> Array {
    relu(x + y)
    //~ (x + y).relu()
}

fn as_a_value() -> Activation {
    Activation::new(softmax)
    //~ Activation::new(|x| softmax(x, -1))
}

fn for_a_transform(x: &Array) -> Array {
    vmap(inv, x, 0)
    //~ vmap(|x: &Array| inv(x), x, 0)
}

fn main() {}
