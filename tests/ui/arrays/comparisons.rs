// A comparison of arrays is an array of bools. `==` and `if` need a bool: outside of jitted functions rustc says that
// of `if` in its own words.
use nnx::{Array, Param};

fn equal(x: &Array) -> Array {
    x == 0.0
    //~ x.eq(0.0)
}

fn equal_to_an_integer(x: &Array) -> Array {
    x == 0
    //~ x.eq(0)
}

fn all_equal(x: &Array, y: &Array) -> bool {
    x == y
    //~ x.eq(y).all(..).item::<bool>()
}

fn less(x: Array) -> Array {
    x < 0.0
    //~ x.lt(0.0)
}

fn less_by_reference(x: &Array) -> Array {
    x < 0.5
    //~ x.lt(0.5)
}

fn of_a_parameter(scale: Param) -> Array {
    scale == 1.0
    //~ scale.eq(1.0)
}

fn branch(x: &Array, y: &Array) -> Array {
    if x.gt(y) { x.clone() } else { y.clone() }
    //~ nnx::array::where_(&x.gt(y), x, y)
}

fn branch_on_a_scalar(x: &Array) -> Array {
    if x.sum(..).gt(0.0) { x.clone() } else { -x }
    //~ nnx::cond(&x.sum(..).gt(0.0), |x: &Array| x.clone(), |x: &Array| -x, x)
}

fn main() {}
