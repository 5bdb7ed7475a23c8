// Beside an array stands an array, a Variable or a number.
use nnx::Array;

fn small_number(x: &Array) -> Array {
    x + 3_u8
    //~ x + 3
    //~3 x.astype(nnx::DType::U8) + Array::scalar(3_u8)
}

fn list(x: &Array, factors: Vec<f32>) -> Array {
    x * factors
    //~2 x * Array::from_slice(&factors, [factors.len()])
}

fn option(x: &Array, limit: Option<f32>) -> Array {
    x.maximum(limit)
    //~ limit.map_or_else(|| x.clone(), |limit| x.maximum(limit))
}

fn text(x: &Array) -> Array {
    x.pow("2")
    //~ x.pow(2)
}

fn main() {}
