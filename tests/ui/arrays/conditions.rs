// Conditions of `if` and `while` in jitted functions.
use nnx::{Array, Module, Param};

#[nnx::jit]
fn larger(x: &Array, y: &Array) -> Array {
    if x.gt(y) { x.clone() } else { y.clone() }
    //~ nnx::array::where_(&x.gt(y), x, y)
}

#[nnx::jit]
fn absolute(x: &Array) -> Array {
    if !x.is_nan().any(..) && x.sum(..).ge(0.0) {
        //~2 let is_positive = x.is_nan().any(..).logical_not().logical_and(x.sum(..).ge(0.0));
        //~2 nnx::cond(&is_positive, |x: &Array| x.clone(), |x: &Array| -x, x)
        x.clone()
        //~2
    } else {
        //~2
        -x
        //~2
    }
    //~2
}

#[nnx::jit(graph = false)]
fn halved(x: &Array) -> Array {
    let mut x = x.clone();
    //~3
    while x.max(..).gt(1.0) {
        //~3 nnx::while_loop(|x: &Array| x.max(..).gt(1.0), |x: Array| x * 0.5, x.clone())
        x = x * 0.5;
        //~3
    }
    //~3
    x
    //~3
}

#[derive(Module)]
struct Gate {
    level: Param,
}

impl Gate {
    #[nnx::jit(graph = false)]
    fn opens(&self, x: &Array) -> Array {
        let chosen = |x: &Array| if self.level.lt(x) { x * 2.0 } else { x * 1.0 };
        //~ let chosen = |x: &Array| nnx::array::where_(self.level.lt(x), x * 2.0, x * 1.0);
        chosen(x)
    }
}

fn main() {}
