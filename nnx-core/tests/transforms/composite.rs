//! Named programs, and programs by platform.

use nnx_core::xla::Client;
use nnx_core::{Array, composite, cond, grad, make_graph, platform_dependent, vmap};

fn tangent(x: &Array) -> Array {
    composite("my.tangent", 2, |x: &Array| x.sin() / x.cos(), x)
}

#[test]
fn a_composite_is_its_function() {
    let x = Array::from([0.25_f32, 0.5]);
    let plain = |x: &Array| x.sin() / x.cos();
    assert_eq!(tangent(&x).to_vec::<f32>(), plain(&x).to_vec::<f32>());
    let slope = grad(|x: &Array| tangent(x).sum(..), &x);
    assert_eq!(slope.to_vec::<f32>(), grad(|x: &Array| plain(x).sum(..), &x).to_vec::<f32>());
    assert_eq!(vmap(tangent, &x, 0).to_vec::<f32>(), plain(&x).to_vec::<f32>());
    let within = cond(Array::scalar(true), |x: &Array| tangent(x), |x: &Array| x.clone(), &x);
    assert_eq!(within.to_vec::<f32>(), plain(&x).to_vec::<f32>());
    let graph = make_graph(tangent, &x).to_string();
    assert!(graph.contains("composite[my.tangent version=2]"), "{graph}");
    for name in ["tangent", "my.", "my.2", "my.tan gent", ""] {
        let call = || composite(name, 1, |x: &Array| x.sin(), &x);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("is not a name in a name space"), "{text}");
    }
}

#[test]
fn the_branch_of_the_platform_runs() {
    let cpu = Client::global().unwrap().platform() == "cpu";
    let x = Array::from([1.0_f32, 2.0]);
    let branch = |platform: Option<&str>, x: &Array| match platform {
        Some("cpu") => x * 10.0,
        Some(_) => x * 20.0,
        None => x * 30.0,
    };
    let expected = |on_cpu: f32, other: f32| if cpu { on_cpu } else { other };
    let of = |platforms: &[&str]| platform_dependent(platforms, branch, &x).to_vec::<f32>()[0];
    assert_eq!(of(&["tpu", "cpu"]), expected(10.0, 30.0));
    assert_eq!(of(&["no_such"]), 30.0);
    assert_eq!(of(&[]), 30.0);
    let total = |x: &Array| platform_dependent(&["cpu"], branch, x).sum(..);
    assert_eq!(grad(total, &x).to_vec::<f32>(), [expected(10.0, 30.0); 2]);
    let each = vmap(|x: &Array| platform_dependent(&["cpu"], branch, x), &x, 0);
    assert_eq!(each.to_vec::<f32>()[1], expected(20.0, 60.0));
}
