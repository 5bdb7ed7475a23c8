//! Counterparts of Flax's tests of axes that say the same of one node in different ways. The table in
//! `docs/flax-tests.md` says which is which.

use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::{Array, DType, Everything, Param, Shared, StateAxes, in_axes, of_type, vmap};

type Three<'a> = (&'a Shared<Linear>, &'a Shared<Linear>, &'a Shared<Linear>);

fn axes() -> (i32, StateAxes, StateAxes) {
    let all = StateAxes::new().with(Everything, 0);
    (0, all, StateAxes::new().with(of_type::<Param>(), 0))
}

#[test]
fn axes_that_say_the_same_of_an_argument_agree() {
    let node = Shared::new(Linear::new(3, 3, &mut Rngs::new(0)));
    let sums = vmap(
        |(a, b, c): Three<'_>| {
            assert!(a.ptr_eq(b) && b.ptr_eq(c));
            a.read().kernel.value() + b.read().kernel.value() + c.read().kernel.value()
        },
        (&node, &node, &node),
        axes(),
    );
    let expected = node.read().kernel.value() * 3.0;
    assert!((sums - expected).abs().max(..).item::<f32>() < 1e-5);
}

#[test]
fn axes_that_say_the_same_of_a_result_agree() {
    let make = |()| {
        let node = Shared::new(Linear::new(3, 3, &mut Rngs::new(0)));
        (node.clone(), node.clone(), node)
    };
    let (a, b, c) = vmap(make, (), in_axes(()).out_axes(axes()).axis_size(2));
    assert!(a.ptr_eq(&b) && b.ptr_eq(&c));
    assert_eq!(a.read().kernel.shape(), [2, 3, 3]);
    let rows: Vec<Array> = (0..2_usize).map(|i| a.read().kernel.slice([i.into()])).collect();
    assert_eq!(rows[0].astype(DType::F32).to_vec::<f32>(), rows[1].to_vec::<f32>());
}
