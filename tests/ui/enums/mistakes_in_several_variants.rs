use nnx::{Module, Param};

#[derive(Module)]
enum Layer {
    A {
        #[module(static, skip)]
        //~ #[module(static)]
        width: usize,
    },
    B(#[module(kind = "Cache")] Param),
    //~ B(nnx::Variable<nnx::module::Cache>),
    C(*const Param),
    //~ C(Param),
}

fn main() {}
