//! Custom derivatives.
use nnx::Array;

fn arguments(x: &Array) -> Array {
    let f = nnx::custom_vjp(
        |x: &Array| x.sin(),
        |x: &Array| x.sin(),
        //~ |x: &Array| (x.sin(), x.clone()),
        |x: Array, ct: &Array| ct * x.cos(),
    );
    f(x)
}

fn two(x: &Array) -> Array {
    let f = nnx::custom_vjp(|x: &Array| x.sin(), |x: &Array| (x.sin(), x.clone()));
    //~ let f = nnx::custom_vjp(
    //~     |x: &Array| x.sin(),
    //~     |x: &Array| (x.sin(), x.clone()),
    //~     |x: Array, ct: &Array| ct * x.cos(),
    //~ );
    f(x)
}

fn pullback(x: &Array) -> Array {
    let (y, pullback) = nnx::vjp(|x: &Array| x.sin(), x);
    pullback(&y)
    //~ pullback.call(&y)
}

fn main() {}
