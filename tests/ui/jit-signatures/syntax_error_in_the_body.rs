// rustc reads the body by itself: the macro has nothing to add.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn function(x: &Array) -> Array {
    let y = x + ;
    //~ let y = x + 1;
    y
}

impl Model {
    #[nnx::jit(graph = false)]
    fn method(&self, x: &Array) -> Array {
        let y = x.matmul(&self.kernel);
        y.sum(.., );
        let z = y *;
        //~ let z = y * 2;
        z
    }
}

fn main() {}
