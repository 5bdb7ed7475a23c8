//! Jitted functions over a mesh: constraints, keys, memory.

use crate::{assert_close, count, mesh, spec, stats};
use nnx::sharding::NamedSharding;
use nnx::{Array, Param};

#[nnx::jit]
fn hidden(x: &Array, kernel: &Array, #[nnx(static)] rows: NamedSharding) -> (Array, Array) {
    let h = x.matmul(kernel).with_sharding_constraint(&rows).tanh();
    (h.clone(), h.sum(..))
}

#[test]
fn a_constraint_says_where_a_value_lies_and_on_which_mesh_a_function_runs() {
    let mesh = mesh();
    let (x, kernel) = (count([4, 6]), count([6, 8]));
    let rows = mesh.sharding(("model", "data")).unwrap();
    // No argument lies on a mesh.
    let (h, sum) = hidden(&x, &kernel, rows.clone());
    assert_eq!((spec(&h).as_str(), spec(&sum).as_str()), ("(model, data)", "()"));
    assert_close(&h, &x.matmul(&kernel).tanh());
    // Arguments on the mesh, as wholes, are those of the same program.
    let whole = x.to_sharding(&mesh.replicated()).unwrap();
    let (again, _) = hidden(&whole, &kernel, rows.clone());
    assert_eq!(again.to_vec::<f32>(), h.to_vec::<f32>());
    assert_eq!(stats("hidden").compiles, 1);
    // Another way is another program.
    hidden(&x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap(), &kernel, rows);
    assert_eq!(stats("hidden").compiles, 2);
}

#[nnx::jit]
pub fn one_device(x: &Array) -> Array {
    x * 2.0
}

#[test]
fn a_program_of_a_mesh_is_not_used_for_arrays_on_one_device() {
    let mesh = mesh();
    let x = count([4, 6]);
    let whole = x.to_sharding(&mesh.replicated()).unwrap();
    assert_eq!(spec(&one_device(&whole)), "()");
    assert_eq!(spec(&one_device(&x)), "one device");
    assert_eq!(spec(&one_device(&whole)), "()");
    assert_eq!((stats("one_device").compiles, stats("one_device").hits), (2, 1));
}

#[nnx::jit]
fn count_up(total: &mut Param, x: &Array) {
    let next = total.value() + x;
    total.set(next);
}

#[test]
fn what_is_set_is_updated_in_place_on_each_device() {
    let mesh = mesh();
    let rows = mesh.sharding(["data"]).unwrap();
    let mut total = Param::new(count([4, 6]).to_sharding(&rows).unwrap());
    let x = count([4, 6]);
    count_up(&mut total, &x);
    let before = total.device_address().unwrap();
    let old = total.clone();
    count_up(&mut total, &x); // `old` is another handle, so this is a copy
    assert_close(&old, &(&x * 2.0));
    assert_close(&total, &(&x * 3.0));
    drop(old);
    let copied = total.device_address().unwrap();
    assert_ne!(before, copied);
    count_up(&mut total, &x);
    assert_eq!(total.device_address().unwrap(), copied);
    assert_close(&total, &(&x * 4.0));
    assert_eq!(spec(&total), "(data)");
}

#[nnx::jit]
fn sums(x: &Array, y: &Array) -> Array {
    x.sum(..) + y.sum(..)
}

#[test]
fn another_trace_says_which_argument_lies_elsewhere() {
    let mesh = mesh();
    let x = count([4, 6]);
    let to = |axis: &str| x.to_sharding(&mesh.sharding([axis]).unwrap()).unwrap();
    let _ = sums(&to("data"), &x);
    let again = || nnx::jit::assert_max_traces(0, || sums(&to("model"), &x));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(again)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("`x` now lies on (model) over Mesh"), "{text}");
    assert!(text.contains("before on (data) over Mesh"), "{text}");
}
