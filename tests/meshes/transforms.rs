//! Constraints in transforms.

use crate::{assert_close, count, mesh, spec};
use nnx::{Array, DType, array, grad, jvp, scan, vmap};

#[test]
fn constraints_go_through_transforms() {
    let mesh = mesh();
    let rows = mesh.sharding(["data"]).unwrap();
    let x = count([4, 6]);
    let f = |x: &Array| (x * 2.0).with_sharding_constraint(&rows).sin().sum(..);
    let slope = grad(f, &x);
    assert_eq!(spec(&slope), "(data)");
    assert_close(&slope, &((&x * 2.0).cos() * 2.0));
    let (_, tangent) = jvp(f, &x, &x.ones_like());
    assert_close(&tangent, &((&x * 2.0).cos() * 2.0).sum(..));
    // One more axis, which the compiler may split.
    let batch = array::stack([&x, &(&x * 3.0)], 0);
    let y = vmap(|x: &Array| x.with_sharding_constraint(&rows) + 1.0, &batch, 0);
    assert_close(&y, &(&batch + 1.0));
    assert_eq!(y.sharding().unwrap().spec().entries()[1][..], ["data".into()]);
    // A loop.
    let step =
        |carry: Array, _: &Array| ((&carry * 2.0).with_sharding_constraint(&rows), carry.sum(..));
    let (last, sums) = scan(step, x.clone(), &array::arange(3, DType::F32));
    assert_close(&last, &(&x * 8.0));
    assert_close(&sums, &(Array::from([1.0_f32, 2.0, 4.0]) * x.sum(..)));
}
