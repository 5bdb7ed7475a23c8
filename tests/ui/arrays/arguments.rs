// Axes, shapes, indices and element types.
use nnx::Array;

fn axes(x: &Array) -> Array {
    x.sum(0.0)
    //~ x.sum(0)
}

fn axis_by_name(x: &Array) -> Array {
    x.mean("batch")
    //~ x.mean(0)
}

fn shape(x: &Array) -> Array {
    x.reshape((2, 3))
    //~ x.reshape([2, 3])
}

fn index(x: &Array) -> Array {
    x.at("kernel").get()
    //~ x.at(0).get()
}

fn element(x: &Array) -> Vec<String> {
//~ fn element(x: &Array) -> Vec<f32> {
    x.to_vec::<String>()
    //~ x.to_vec::<f32>()
}

fn main() {}
