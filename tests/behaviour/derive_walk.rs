use nnx::{Array, Module, Param};
struct Foo;
#[derive(Module)]
pub struct A { x: Array}
#[derive(Module)]
pub enum Tree<T> { Leaf(T), Node(Vec<Tree<T>>), Pair { r#type: Box<Self>, visitor: usize, p: Param }, #[allow(unused)] Unit }
#[test]
fn x() {
for v in Tree::<Param>::SCHEMA.variables() { println!("{v}"); }
println!("{:?}", Tree::<Param>::SCHEMA);
}
