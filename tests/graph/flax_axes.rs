//! Counterparts of Flax's tests of axes that say the same of one node in different ways. The table in
//! `docs/flax-tests.md` says which is which.

use nnx::module::{BatchStat, Path, VarInfo};
use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::{
    Array, DType, Everything, Module, Param, Shared, StateAxes, Variable, in_axes, of_type, vmap,
};

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

/// A layer in a node, with an axis of elements.
fn four() -> Shared<Linear> {
    let make = |()| Linear::new(2, 3, &mut Rngs::new(0));
    Shared::new(vmap(make, (), in_axes(()).axis_size(4)))
}

/// The shapes that an element sees of a node in two places.
fn seen(node: &Shared<Linear>, axes: StateAxes) -> Vec<Vec<usize>> {
    let mut shapes = Vec::new();
    let look = |both: &(Shared<Linear>, Vec<Shared<Linear>>)| {
        assert!(both.0.ptr_eq(&both.1[0]));
        let layer = both.1[0].read();
        let bias = layer.bias.as_ref().unwrap();
        shapes = vec![layer.kernel.shape().to_vec(), bias.shape().to_vec()];
        layer.kernel.sum(..)
    };
    let sums = vmap(look, &(node.clone(), vec![node.clone()]), in_axes(axes).axis_size(4));
    assert_eq!(sums.shape(), [4]);
    shapes
}

#[test]
fn one_filter_gives_the_axis_of_all_leaves_of_a_node() {
    let axes = StateAxes::new().with(of_type::<Param>(), 0);
    assert_eq!(seen(&four(), axes), [vec![2, 3], vec![3]]);
}

#[test]
fn filters_give_axes_by_kind_in_nodes() {
    #[derive(Module)]
    struct Normed {
        weight: Param,
        mean: Variable<BatchStat>,
    }
    let ones = || nnx::array::ones([4, 3], DType::F32);
    let node = Shared::new(Normed { weight: Param::new(ones()), mean: Variable::new(ones()) });
    let axes = StateAxes::new().with(of_type::<Param>(), 0).with(of_type::<BatchStat>(), None);
    let sums = vmap(
        |(a, b): (&Shared<Normed>, &Shared<Normed>)| {
            assert_eq!(a.read().weight.shape(), [3]);
            assert_eq!(b.read().mean.shape(), [4, 3]);
            a.read().weight.sum(..) + b.read().mean.sum(..)
        },
        (&node, &node),
        (axes.clone(), axes),
    );
    assert_eq!(sums.to_vec::<f32>(), [15.0; 4]);
}

#[test]
fn a_closure_gives_axes_of_nodes() {
    let all = |_: &Path, _: &VarInfo| true;
    assert_eq!(seen(&four(), StateAxes::new().with(all, 0)), [vec![2, 3], vec![3]]);
    let none = StateAxes::new().with(all, None);
    assert_eq!(seen(&four(), none), [vec![4, 2, 3], vec![4, 3]]);
}
