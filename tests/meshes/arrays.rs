//! Arrays over a mesh, and operations on them outside of jitted functions.

use crate::{assert_close, count, mesh, spec};
use nnx::{Array, DType, array, grad};

#[test]
fn an_array_is_split_and_read_back() {
    let mesh = mesh();
    let x = Array::from([[1.0_f32, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]);
    let y = x.to_sharding(&mesh.sharding(("data", "model")).unwrap()).unwrap();
    assert_eq!(y.to_vec::<f32>(), x.to_vec::<f32>());
    let shards: Vec<Vec<f32>> = y.shards().unwrap().iter().map(|s| s.to_vec()).collect();
    assert_eq!(shards, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]);
    assert_eq!(y.to_device(1).unwrap().to_vec::<f32>(), x.to_vec::<f32>());
    let whole = y.to_sharding(&mesh.replicated()).unwrap();
    assert_eq!((spec(&whole).as_str(), whole.shards().unwrap()[3].shape()), ("()", &[2, 4][..]));
    assert_eq!(whole.to_vec::<f32>(), x.to_vec::<f32>());
}

#[test]
fn operations_run_on_the_mesh() {
    let mesh = mesh();
    let x = count([4, 6]);
    let there = x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap();
    let sum = &there + &there * 2.0;
    assert_eq!(spec(&sum), "(data)");
    assert_close(&sum, &(&x * 3.0));
    let kernel = count([6, 8]);
    let columns = kernel.to_sharding(&mesh.sharding((None, "model")).unwrap()).unwrap();
    let y = there.matmul(&columns);
    assert_eq!(spec(&y), "(data, model)");
    assert_close(&y, &x.matmul(&kernel));
    assert_close(&there.sum(..), &x.sum(..));
    assert_close(&there.at(1).get(), &x.at(1).get());
    assert_close(&there.at(1..3).set(0.0), &x.at(1..3).set(0.0));
    assert_close(&there.roll(1, 0), &x.roll(1, 0));
    assert_eq!(array::zeros([0, 4], DType::F32).to_sharding(&mesh.replicated()).unwrap().size(), 0);
    // A gradient outside of a jitted function.
    let slope = grad(|x: &Array| x.matmul(&columns).square().sum(..), &there);
    assert_close(&slope, &grad(|x: &Array| x.matmul(&kernel).square().sum(..), &x));
}
