//! Functions of the part of one device.

use crate::{assert_close, count, mesh, spec};
use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::sharding::{PartitionSpec, StateSharding, shard_map};
use nnx::{
    Array, DType, Everything, Param, all_gather, array, axis_index, axis_size, grad, pmean,
    ppermute, psum,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn p<S: Into<PartitionSpec>>(spec: S) -> PartitionSpec {
    spec.into()
}

#[test]
fn a_function_sees_the_part_of_a_device() {
    let (mesh, x) = (mesh(), count([4, 6]));
    let f = |x: &Array| {
        assert_eq!((x.shape(), axis_size("data"), axis_size("model")), (&[2, 3][..], 2, 2));
        x * 2.0 + axis_index("data") * 10 + axis_index("model") * 100
    };
    let y = shard_map(f, &x, &mesh, p(("data", "model")), p(("data", "model")));
    let corner = |row: usize, column: usize| (&y - &x * 2.0).at((row, column)).get().item::<f32>();
    let places =
        [(0, 0), (1, 2), (2, 2), (1, 3), (3, 5)].map(|(row, column)| corner(row, column).round());
    assert_eq!(places, [0.0, 0.0, 10.0, 100.0, 110.0]);
    assert_eq!(spec(&y), "(data, model)");
}

#[test]
fn devices_combine_their_parts() {
    let (mesh, x) = (mesh(), count([4, 6]));
    // A product of matrices that is split along what is summed over.
    let product = |(a, b): (&Array, &Array)| psum(&a.matmul(b), "model");
    let specs = (p((None, "model")), p(["model"]));
    let kernel = count([6, 8]);
    let y = shard_map(product, (&x, &kernel), &mesh, specs, p(()));
    assert_close(&y, &x.matmul(&kernel));
    // Two axes of the mesh along one of the array.
    let sums = |x: &Array| psum(&psum(&x.sum(..), "data"), "model");
    assert_close(&shard_map(sums, &x, &mesh, p([["data", "model"]]), p(())), &x.sum(..));
    // The neighbour's part.
    let turn = |x: &Array| ppermute(x, "data", &[(0, 1), (1, 0)]);
    assert_close(&shard_map(turn, &x, &mesh, p(["data"]), p(["data"])), &x.roll(2, 0));
    let all = |x: &Array| all_gather(x, "data").reshape([4, 6]);
    assert_close(&shard_map(all, &x, &mesh, p(["data"]), p(())), &x);
    // A value that all have is put together as often as the spec says.
    let same = |_: &Array| Array::from([1.0_f32, 2.0]);
    let twice = shard_map(same, &x, &mesh, p(["data"]), p(["model"]));
    assert_eq!(twice.to_vec::<f32>(), [1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn it_works_in_jitted_functions_and_has_gradients() {
    let mesh = mesh();
    let x = count([4, 6]);
    let loss = |w: &Array| {
        let f = |(x, w): (&Array, &Array)| pmean(&x.matmul(w).square().mean(..), "data");
        shard_map(f, (&x, w), &mesh, (p(["data"]), p(())), p(()))
    };
    let w = count([6, 2]);
    let expected = grad(|w: &Array| x.matmul(w).square().mean(..), &w);
    assert_close(&grad(loss, &w), &expected);

    #[nnx::jit]
    fn normalized(x: &Array, #[nnx(static)] mesh: nnx::sharding::Mesh) -> Array {
        let f = |x: &Array| x / psum(&x.sum(..), "data");
        shard_map(f, x, &mesh, p(["data"]), p(["data"]))
    }
    assert_close(&normalized(&x, mesh), &(&x / x.sum(..)));
}

#[test]
fn modules_are_arguments_and_what_is_set_arrives() {
    let mesh = mesh();
    let mut layer = Linear::new(6, 4, &mut Rngs::new(0));
    let x = count([4, 6]);
    let columns = StateSharding::new()
        .with(nnx::path_contains("kernel"), (None, "model"))
        .with(nnx::path_contains("bias"), ["model"])
        .with(Everything, ["data"]);
    let f = |(layer, x): (&mut Linear, &Array)| {
        let kernel = layer.kernel.value() * (axis_index("model") + 1).astype(DType::F32);
        layer.kernel.set(kernel);
        x.matmul(&layer.kernel)
    };
    let before = layer.kernel.value().clone();
    let y = shard_map(f, (&mut layer, &x), &mesh, columns, p(("data", "model")));
    let factors = Array::from([1.0_f32, 1.0, 2.0, 2.0]);
    assert_close(&layer.kernel, &(&before * &factors));
    assert_close(&y, &x.matmul(&(before * factors)));
    assert_eq!(spec(&layer.kernel), "(None, model)");
}

#[test]
fn mistakes_are_told() {
    let (mesh, x) = (mesh(), count([4, 6]));
    let says = |f: &dyn Fn() -> Array, words: &[&str]| {
        let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    let rows = || p(["data"]);
    says(
        &|| shard_map(|x: &Array| x * 1.0, &x, &mesh, p(["rows"]), rows()),
        &["in_specs", "`rows`"],
    );
    says(
        &|| shard_map(|x: &Array| x * 1.0, &x, &mesh, rows(), p(())),
        &["the result differs", "`data`", "psum"],
    );
    says(
        &|| shard_map(|x: &Array| x * 1.0, &count([3, 6]), &mesh, rows(), rows()),
        &["[3, 6]", "2 equal parts"],
    );
    says(
        &|| shard_map(|(x, y): (&Array, &Array)| x + y, (&x, &x), &mesh, (rows(),), rows()),
        &["1 specs for 2 parts"],
    );
    let mut total = Param::new(array::zeros([2, 6], DType::F32));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let f = |(total, x): (&mut Param, &Array)| total.set(total.value() + x);
        shard_map(f, (&mut total, &x), &mesh, (p(()), rows()), p(()));
    }));
    let text = panic.unwrap_err().downcast_ref::<String>().unwrap().clone();
    assert!(text.contains("the Variable `[0]` differs"), "{text}");
    assert_eq!(total.to_vec::<f32>(), [0.0; 12]);
}
