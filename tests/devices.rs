//! More than one device. A process has one client, so this is a process of its own.

use nnx::sharding::Mesh;
use nnx::xla::{Backend, ClientOptions, init};
use nnx::{Array, Error, Param};

#[nnx::jit(graph = false, device = 1)]
fn on_one(state: &mut Param, x: &Array) -> Array {
    let next = &*state + x;
    state.set(next);
    x * 2.0
}

#[nnx::jit(graph = false)]
fn anywhere(x: &Array, y: &Array) -> Result<Array, Error> {
    Ok(x + y)
}

#[nnx::jit(graph = false, device = 7)]
fn nowhere(x: &Array) -> Result<Array, Error> {
    Ok(x + 1.0)
}

#[test]
fn arrays_and_calls_have_a_device() -> Result<(), Error> {
    let options = ClientOptions::new().backend(Backend::Pjrt).cpu_devices(2);
    assert_eq!(init(options)?.device_count(), 2);
    let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let there = x.to_device(1)?;
    assert_eq!((x.device()?, there.device()?), (0, 1));
    assert_eq!(there.to_vec::<f32>(), [1.0, 2.0]);

    // Operations run where their operands lie.
    let sum = there.exp().log().sum(..);
    assert_eq!((sum.device()?, sum.item::<f32>()), (1, 3.0));
    let part = there.at(1).get();
    assert_eq!((part.device()?, part.item::<f32>()), (1, 2.0));
    assert_eq!(there.at(0).set(there.at(1).get()).to_vec::<f32>(), [2.0, 2.0]);
    assert_eq!(there.roll(1, 0).to_vec::<f32>(), [2.0, 1.0]);

    // `device = 1` fetches what lies elsewhere, and the state stays there.
    let mut state = Param::new(x.clone());
    for _ in 0..2 {
        assert_eq!(on_one(&mut state, &x).device()?, 1);
    }
    assert_eq!((state.device()?, state.to_vec::<f32>()), (1, vec![3.0, 6.0]));
    assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);

    // Without the option the call follows its arguments, which must agree.
    assert_eq!(anywhere(&x, &x)?.device()?, 0);
    assert_eq!(anywhere(&there, &there)?.device()?, 1);
    let error = anywhere(&x, &there).unwrap_err().to_string();
    assert!(error.contains("argument 1") && error.contains(".to_device(0)"), "{error}");
    let error = nowhere(&x).unwrap_err().to_string();
    assert!(error.contains("there is no device 7"), "{error}");
    Ok(())
}

#[nnx::jit]
fn roots(x: &Array) -> Result<Array, Error> {
    Ok((x - 1.0).sqrt())
}

/// Here, because the search is the whole process's.
#[test]
fn a_search_for_nan_finds_them_over_a_mesh() -> Result<(), Error> {
    init(ClientOptions::new().backend(Backend::Pjrt).cpu_devices(2))?;
    let rows = Mesh::new([("data", 2)])?.sharding(["data"])?;
    let x = Array::from([2.0_f32, 5.0, 0.0, 1.0]).to_sharding(&rows)?;
    nnx::debug_nans(true);
    let result = roots(&x);
    nnx::debug_nans(false);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("nan in its result") && error.contains("sqrt"), "{error}");
    Ok(())
}
