use nnx::Module;

#[derive(Module)]
union Either {
//~ enum Either {
    a: f32,
    //~ A(f32),
    b: u32,
    //~ B(u32),
}

fn main() {}
