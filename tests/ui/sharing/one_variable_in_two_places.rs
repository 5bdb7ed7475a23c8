//! A Variable has one owner, so it cannot be in a tree twice, nor a tree in itself.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Tied {
    embed: Param,
    head: Param,
}

#[derive(Module)]
struct Node {
    children: Vec<Node>,
    weight: Param,
}

fn main() {
    let weight = || Param::new(Array::scalar(1.0_f32));
    let v = weight();
    let list = vec![v, v];
    //~ let list = vec![v.clone(), v];
    nnx::state(&list);

    let embed = weight();
    nnx::split(&Tied { embed, head: embed });
    //~ nnx::split(&Tied { embed: embed.clone(), head: embed });

    let mut a = Node { children: vec![], weight: weight() };
    let b = Node { children: vec![a], weight: weight() };
    //~ let b = Node { children: vec![], weight: weight() };
    a.children.push(b);
}
