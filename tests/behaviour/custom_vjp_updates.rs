//! Functions with derivative rules that set Variables.

use nnx::{Array, Module, Param, custom_vjp_call, grad};

#[derive(Module, Clone)]
struct Pair {
    x: Param,
    y: Param,
}

/// The new value is one that the leaf had already, by way of another one.
#[test]
fn a_rule_that_sets_a_leaf_to_the_value_it_has() {
    let f = |m: &mut Pair| {
        m.y.set(m.x.value().clone());
        m.x.square()
    };
    let forward = move |m: &mut Pair| (f(m), m.clone());
    let backward = |m: Pair, ct: &Array, _: &Pair| Pair {
        x: Param::new(&*m.x * 2.0 * ct),
        y: Param::new(m.y.zeros_like()),
    };
    let loss = |m: &mut Pair| {
        m.y.set(m.x.value().clone());
        custom_vjp_call(f, forward, backward, m)
    };
    let mut m =
        Pair { x: Param::new(Array::scalar(3.0_f32)), y: Param::new(Array::scalar(1.0_f32)) };
    assert_eq!(grad(loss, &mut m).x.item::<f32>(), 6.0);
    assert_eq!(m.y.item::<f32>(), 3.0);
}
