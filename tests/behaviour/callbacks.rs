//! Values at run time: what `debug::print!` shows, how often and in which order, in programs and under transforms.

use super::callbacks_support::{calls_host, printed};
use nnx::array::{arange, zeros};
use nnx::transform::{Checks, check};
use nnx::{
    Array, DType, Param, checkify, cond, custom_jvp, custom_vjp, debug, fori_loop, grad, jvp,
    length, over, remat, scan, value_and_grad, vmap, while_loop,
};

fn scalar(x: f32) -> Array {
    Array::scalar(x)
}

fn three() -> Array {
    Array::from_slice(&[1.0_f32, 2.0, 3.0], [3])
}

#[test]
fn eagerly_it_prints_at_once() {
    let lines = printed("eager", || {
        debug::print!("eager: nothing");
        debug::print!("eager: {} and {:?}", three(), scalar(0.1));
        debug::print!("eager: {n} {} {n}", Param::new(scalar(2.0)), n = 3,);
        debug::print!("eager: {{}} {0} {0}", &scalar(1.5));
        debug::print!("eager: {}", arange(12, DType::I32).reshape([3, 4]).flip(0).t());
    });
    let expected = ["nothing", "[1. 2. 3.] and Array(0.1, dtype=float32)", "3 2.0 3", "{} 1.5 1.5"];
    assert_eq!(lines[..4], expected);
    assert!(lines[4].starts_with("[[ 8  4  0]"), "{}", lines[4]);
}

#[test]
fn a_compiled_function_prints_the_values_of_each_run_in_the_order_of_the_program() {
    #[nnx::jit(graph = false)]
    fn printing(x: &Array, unused: &Array) -> Array {
        debug::print!("jit: x {}", x);
        let y = x * 2.0;
        debug::print!("jit: unused {}", unused + 1.0);
        debug::print!("jit: y {} of {}", y, x.sum(..));
        debug::print!("jit: no values");
        y
    }
    if !calls_host() {
        return;
    }
    let lines = printed("jit", || {
        for i in 0..3 {
            let y = printing(&(three() + i as f32), &scalar(10.0));
            assert_eq!(y.to_vec::<f32>()[0], 2.0 + 2.0 * i as f32);
        }
    });
    let expected = [
        ["x [1. 2. 3.]", "unused 11.0", "y [2. 4. 6.] of 6.0", "no values"],
        ["x [2. 3. 4.]", "unused 11.0", "y [4. 6. 8.] of 9.0", "no values"],
        ["x [3. 4. 5.]", "unused 11.0", "y [ 6.  8. 10.] of 12.0", "no values"],
    ];
    assert_eq!(lines, expected.concat());
}

#[test]
fn all_layouts_dtypes_and_empty_axes_arrive() {
    #[nnx::jit(graph = false)]
    fn kinds(x: &Array, flags: &Array, empty: &Array) {
        debug::print!("kinds: {}", x.t());
        debug::print!("kinds: {:?}", flags.logical_not());
        for dtype in [DType::F16, DType::BF16, DType::F64, DType::I8, DType::U64, DType::C64] {
            debug::print!("kinds: {:?}", x.reshape(-1).astype(dtype));
        }
        debug::print!("kinds: {:?} {} {:?}", empty, x.sum(..), empty.sum(0));
        debug::print!("kinds: {}", x.reshape([1, 2, 3, 1]).transpose([3, 2, 1, 0]));
    }
    if !calls_host() {
        return;
    }
    let lines = printed("kinds", || {
        let x = arange(6, DType::F32).reshape([2, 3]);
        kinds(&x, &Array::from_slice(&[true, false], [2]), &zeros([0, 2], DType::F32));
    });
    let expected = [
        "[[0. 3.]\n [1. 4.]\n [2. 5.]]",
        "Array([False,  True], dtype=bool)",
        "Array([0., 1., 2., 3., 4., 5.], dtype=float16)",
        "Array([0., 1., 2., 3., 4., 5.], dtype=bfloat16)",
        "Array([0., 1., 2., 3., 4., 5.], dtype=float64)",
        "Array([0, 1, 2, 3, 4, 5], dtype=int8)",
        "Array([0, 1, 2, 3, 4, 5], dtype=uint64)",
        "Array([0.+0.j, 1.+0.j, 2.+0.j, 3.+0.j, 4.+0.j, 5.+0.j], dtype=complex64)",
        "Array([], shape=(0, 2), dtype=float32) 15.0 Array([0., 0.], dtype=float32)",
        "[[[[0.]\n   [3.]]\n\n  [[1.]\n   [4.]]\n\n  [[2.]\n   [5.]]]]",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn loops_print_at_every_iteration() {
    #[nnx::jit(graph = false)]
    fn loops(x: &Array) -> Array {
        let (x, _) = scan(
            |c: Array, x: &Array| {
                debug::print!("loops: scan {} {}", c, x);
                (c + x, ())
            },
            x.clone(),
            over(&three()),
        );
        debug::print!("loops: between {}", x);
        let x = while_loop(
            |x: &Array| {
                debug::print!("loops: condition {}", x);
                x.lt(15.0)
            },
            |x: Array| {
                debug::print!("loops: body {}", x);
                x + 4.0
            },
            x,
        );
        fori_loop(
            0,
            2,
            |i: Array, x: Array| {
                debug::print!("loops: fori {}", i);
                x
            },
            x,
        )
    }
    if !calls_host() {
        return;
    }
    let lines = printed("loops", || assert_eq!(loops(&scalar(0.0)).item::<f32>(), 18.0));
    let expected = [
        "scan 0.0 1.0",
        "scan 1.0 2.0",
        "scan 3.0 3.0",
        "between 6.0",
        "condition 6.0",
        "body 6.0",
        "condition 10.0",
        "body 10.0",
        "condition 14.0",
        "body 14.0",
        "condition 18.0",
        "fori 0",
        "fori 1",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_loop_that_only_prints_stays() {
    #[nnx::jit(graph = false)]
    fn only_prints() {
        scan(
            |(): (), (): ()| {
                debug::print!("only: here");
                ((), ())
            },
            (),
            length(3),
        );
    }
    if !calls_host() {
        return;
    }
    assert_eq!(printed("only", only_prints).len(), 3);
}

#[test]
fn a_branch_prints_if_it_is_taken() {
    #[nnx::jit(graph = false)]
    fn branches(x: &Array) -> Array {
        let y = cond(
            x.gt(0.0),
            |x: &Array| {
                debug::print!("branch: positive {}", x);
                x * 2.0
            },
            |x: &Array| x * 3.0,
            x,
        );
        debug::print!("branch: after");
        y
    }
    if !calls_host() {
        return;
    }
    let lines = printed("branch", || {
        branches(&scalar(1.0));
        branches(&scalar(-1.0));
    });
    assert_eq!(lines, ["positive 1.0", "after", "after"]);
}

#[test]
fn a_batch_prints_once_for_each_element_in_turn() {
    #[nnx::jit(graph = false)]
    fn batches(x: &Array, y: &Array) -> Array {
        let f = |(x, y): (&Array, &Array)| {
            debug::print!("batch: {} {}", x, y);
            debug::print!("batch: {} alone", y);
            x + y
        };
        let rows = |(x, y): (&Array, &Array)| vmap(f, (x, y), (0, None));
        vmap(rows, (x, y), 0)
    }
    if !calls_host() {
        return;
    }
    let lines = printed("batch", || {
        batches(&arange(4, DType::I32).reshape([2, 2]), &Array::from_slice(&[10, 20], [2]));
    });
    assert_eq!(lines, ["0 10", "1 10", "2 20", "3 20", "10 alone", "20 alone"]);
    let eager = printed("eager batch", || {
        vmap(|x: &Array| debug::print!("eager batch: {}", x), &three(), 0);
        vmap(|x: &Array| debug::print!("eager batch: {}", x), &zeros([0], DType::F32), 0);
    });
    assert_eq!(eager, ["1.0", "2.0", "3.0"]);
}

#[test]
fn derivatives_print_values_once_and_are_what_they_were() {
    #[nnx::jit(graph = false)]
    fn slopes(x: &Array) -> (Array, Array, Array) {
        let f = |x: &Array| {
            debug::print!("grad: x {}", x);
            let y = x.square();
            debug::print!("grad: y {}", y);
            y * x
        };
        let (y, slope) = value_and_grad(f, x);
        let (_, tangent) = jvp(f, x, &scalar(1.0));
        (y, slope, tangent)
    }
    if !calls_host() {
        return;
    }
    let lines = printed("grad", || {
        let (y, slope, tangent) = slopes(&scalar(2.0));
        assert_eq!([y, slope, tangent].map(|a| a.item::<f32>()), [8.0, 12.0, 12.0]);
    });
    assert_eq!(lines, ["x 2.0", "y 4.0", "x 2.0", "y 4.0"]);
    let lines = printed("grad of loop", || {
        let f = |x: &Array| {
            let body = |c: Array, x: &Array| {
                debug::print!("grad of loop: {} {}", c, x);
                (c * x, ())
            };
            scan(body, scalar(1.0), over(x)).0
        };
        assert_eq!(grad(f, &three()).to_vec::<f32>(), [6.0, 3.0, 2.0]);
    });
    assert_eq!(lines, ["1.0 1.0", "1.0 2.0", "2.0 3.0"]);
    let lines = printed("second", || {
        let f = |x: &Array| {
            debug::print!("second: {}", x);
            x.square() * x
        };
        let slope = grad(|x: &Array| grad(f, x), &scalar(2.0));
        assert_eq!(slope.item::<f32>(), 12.0);
    });
    assert_eq!(lines, ["2.0"]);
}

#[test]
fn rules_of_ones_own_and_remat_print_too() {
    if !calls_host() {
        return;
    }
    let own = custom_jvp(
        |x: &Array| {
            debug::print!("own: value {}", x);
            x.square()
        },
        |x: &Array, t: &Array| {
            debug::print!("own: rule {}", x);
            debug::print!("own: tangent {}", t);
            (x.square(), x * t * 2.0)
        },
    );
    let lines = printed("own", || {
        own(&scalar(1.0));
        assert_eq!(jvp(|x: &Array| own(x), &scalar(2.0), &scalar(0.5)).1.item::<f32>(), 2.0);
        assert_eq!(grad(|x: &Array| own(x), &scalar(3.0)).item::<f32>(), 6.0);
    });
    // A tangent has no value in reverse mode.
    let (forward, reverse) = lines.split_at(lines.len() - 2);
    assert_eq!(reverse, ["value 3.0", "rule 3.0"]);
    assert_eq!(forward, ["value 1.0", "value 2.0", "rule 2.0", "tangent 0.5"]);

    let clipped = custom_vjp(
        |x: &Array| x.clone(),
        |x: &Array| (x.clone(), ()),
        |(): (), ct: &Array| {
            debug::print!("clipped: cotangent {}", ct);
            ct.clip(-1.0, 1.0)
        },
    );
    let lines = printed("clipped", || {
        assert_eq!(grad(|x: &Array| clipped(x) * 5.0, &scalar(3.0)).item::<f32>(), 1.0);
    });
    assert_eq!(lines, ["cotangent 5.0"]);

    let lines = printed("remat", || {
        let f = |x: &Array| {
            debug::print!("remat: {}", x);
            x.sin()
        };
        let slope = grad(|x: &Array| remat(f, x), &scalar(0.0));
        assert_eq!(slope.item::<f32>(), 1.0);
    });
    assert_eq!(lines, ["0.0"; 1]);
}

#[test]
fn a_debug_callback_gets_trees() {
    use std::sync::Mutex;
    static SEEN: Mutex<Vec<(f32, usize)>> = Mutex::new(Vec::new());
    #[derive(nnx::Module)]
    struct Model {
        weights: Vec<Param>,
        name: String,
    }
    #[nnx::jit(graph = false)]
    fn seen(model: &mut Model, x: &Array) {
        let next = &model.weights[1] * x;
        model.weights[1].set(next);
        let see = |(model, x): (&Model, &Array)| {
            assert_eq!(model.name, "m");
            SEEN.lock().unwrap().push((model.weights[1].item(), x.size()));
        };
        debug::callback(see, (&*model, x));
    }
    if !calls_host() {
        return;
    }
    let weights = vec![Param::new(scalar(2.0)), Param::new(three())];
    let mut model = Model { weights, name: "m".into() };
    model.weights[1].set(scalar(5.0));
    seen(&mut model, &scalar(3.0));
    seen(&mut model, &scalar(2.0));
    nnx::effects_barrier().unwrap();
    assert_eq!(*SEEN.lock().unwrap(), [(15.0, 1), (30.0, 1)]);
    assert_eq!(model.weights[1].item::<f32>(), 30.0);
}

#[test]
fn the_text_of_a_program_shows_its_callbacks() {
    #[nnx::jit(graph = false)]
    fn shown(x: &Array) -> Array {
        debug::print!("shown: {}", x);
        x * 2.0
    }
    let lowered = nnx::jit::lower(|| shown(&scalar(1.0))).unwrap();
    assert!(lowered.graph().to_string().contains("debug_callback[`debug::print!` at "));
    let text = lowered.stablehlo();
    let parts = ["call_target_name = \"nnx_host_callback\"", "has_side_effect = true"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    let error = lowered.hlo().unwrap_err().to_string();
    assert!(error.contains("`shown` holds `debug::print!` at ") && error.contains("StableHLO"));
}

#[test]
fn functions_of_their_own_and_checks_print_in_order() {
    #[nnx::jit(graph = false, inline = false)]
    fn inner(x: &Array) -> Array {
        debug::print!("own function: {}", x);
        x * 2.0
    }
    #[nnx::jit(graph = false)]
    fn outer(x: &Array) -> Array {
        let y = inner(&inner(x));
        debug::print!("own function: outer {}", y);
        inner(&y)
    }
    if !calls_host() {
        return;
    }
    let lines = printed("own function", || assert_eq!(outer(&scalar(1.0)).item::<f32>(), 8.0));
    assert_eq!(lines, ["1.0", "2.0", "outer 4.0", "4.0"]);

    let lines = printed("checked", || {
        let f = |x: &Array| {
            debug::print!("checked: {}", x);
            check(x.lt(1.0), "too large");
            x.sin()
        };
        let (error, y) = checkify(Checks::ALL, f, &scalar(2.0));
        assert!(error.get().unwrap().unwrap().starts_with("too large"));
        assert_eq!(y.item::<f32>(), 2.0_f32.sin());
    });
    assert_eq!(lines, ["2.0"]);
}

#[test]
fn a_branch_that_a_batch_makes_a_choice_prints_for_every_element() {
    if !calls_host() {
        return;
    }
    let lines = printed("choice", || {
        let f = |x: &Array| {
            let yes = |x: &Array| {
                debug::print!("choice: yes {}", x);
                x * 2.0
            };
            cond(x.gt(1.5), yes, |x: &Array| x.clone(), x)
        };
        assert_eq!(vmap(f, &three(), 0).to_vec::<f32>(), [1.0, 4.0, 6.0]);
    });
    assert_eq!(lines, ["yes 1.0", "yes 2.0", "yes 3.0"]);
}

/// The condition is computed once for each iteration, as in JAX; elements that have ended are asked too.
#[test]
fn the_condition_of_a_loop_that_elements_leave_one_by_one() {
    #[nnx::jit(graph = false)]
    fn left_one_by_one(x: &Array) -> Array {
        let condition = |c: &Array| {
            debug::print!("leaving: {}", c);
            c.lt(2)
        };
        vmap(|x: &Array| while_loop(condition, |c: Array| c + 1, x.clone()), x, 0)
    }
    if !calls_host() {
        return;
    }
    let lines = printed("leaving", || {
        assert_eq!(left_one_by_one(&Array::from([0_i32, 1])).to_vec::<i32>(), [2, 2]);
    });
    assert_eq!(lines, ["0", "1", "1", "2", "2", "2"]);
}
