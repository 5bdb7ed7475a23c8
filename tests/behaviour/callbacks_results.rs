//! Functions of the host as parts of programs: `pure_callback` and `io_callback`.

use super::callbacks_support::calls_host;
use nnx::array::{arange, zeros};
use nnx::{
    Array, DType, Param, Result, cond, custom_vjp, effects_barrier, grad, io_callback, length,
    over, pure_callback, remat, scan, vmap,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock};

fn scalar(x: f32) -> Array {
    Array::scalar(x)
}

fn shape<const N: usize>(dims: [usize; N]) -> Array {
    Array::shape_only(dims, DType::F32)
}

/// The elements in ascending order: a function of the host.
fn sorted(x: &Array) -> Array {
    let mut values = x.to_vec::<f32>();
    values.sort_by(f32::total_cmp);
    Array::from_slice(&values, x.shape().to_vec())
}

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
        payload.downcast_ref::<&str>().map_or_else(String::new, ToString::to_string)
    })
}

#[test]
fn the_host_computes_with_concrete_arrays() {
    #[nnx::jit(graph = false)]
    fn host(x: &Array, y: &Array) -> (Array, Array) {
        let swap = |(x, y): (&Array, &Array)| (sorted(y), sorted(x));
        let shapes = (shape([2]), shape([3]));
        let (a, b) = pure_callback(swap, &shapes, (&(x * 2.0), y));
        (a + 1.0, b)
    }
    let (x, y) = (Array::from_slice(&[3.0_f32, 1.0, 2.0], [3]), arange(2, DType::F32));
    let eager = pure_callback(sorted, &shape([3]), &x);
    assert_eq!(eager.to_vec::<f32>(), [1.0, 2.0, 3.0]);
    if !calls_host() {
        return;
    }
    for _ in 0..2 {
        let (a, b) = host(&x, &y);
        assert_eq!(a.to_vec::<f32>(), [1.0, 2.0]);
        assert_eq!(b.to_vec::<f32>(), [2.0, 4.0, 6.0]);
    }
    let stats = nnx::jit::functions().into_iter().find(|f| f.name == "host").unwrap();
    assert_eq!((stats.traces, stats.compiles, stats.hits), (1, 1, 1));
}

#[test]
fn every_shape_comes_back_as_it_was_promised() {
    #[nnx::jit(graph = false)]
    fn shapes(x: &Array) -> (Array, Array, Array, Array) {
        let of = |x: &Array| {
            let empty = zeros([0, 4], DType::I64);
            let values = x.to_vec::<f32>();
            let turned: Vec<f32> = (0..6).map(|i| values[i / 2 + i % 2 * 3]).collect();
            let greater: Vec<bool> = values.iter().map(|&v| v > 1.0).collect();
            (
                Array::from_slice(&turned, [3, 2]),
                empty,
                Array::from_slice(&greater, [2, 3]),
                Array::scalar(x.size() as i32),
            )
        };
        let promised = (
            Array::shape_only([3, 2], DType::F32),
            Array::shape_only([0, 4], DType::I64),
            Array::shape_only([2, 3], DType::Bool),
            Array::shape_only((), DType::I32),
        );
        pure_callback(of, &promised, x)
    }
    if !calls_host() {
        return;
    }
    let (a, b, c, d) = shapes(&arange(6, DType::F32).reshape([2, 3]));
    assert_eq!(a.to_vec::<f32>(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!((b.shape(), b.dtype(), b.size()), (&[0, 4][..], DType::I64, 0));
    assert_eq!(c.to_vec::<bool>(), [false, false, true, true, true, true]);
    assert_eq!(d.item::<i32>(), 6);
}

#[test]
fn a_result_that_nobody_uses_is_not_computed_unless_it_is_io() {
    static PURE: AtomicUsize = AtomicUsize::new(0);
    static IO: AtomicUsize = AtomicUsize::new(0);
    #[nnx::jit(graph = false)]
    fn unused(x: &Array) -> Array {
        let count = |counter: &'static AtomicUsize| {
            move |x: &Array| {
                counter.fetch_add(1, SeqCst);
                x.clone()
            }
        };
        pure_callback(count(&PURE), &shape([]), x);
        io_callback(count(&IO), &shape([]), x);
        x * 2.0
    }
    if !calls_host() {
        return;
    }
    for _ in 0..3 {
        unused(&scalar(1.0));
    }
    effects_barrier().unwrap();
    assert_eq!((PURE.load(SeqCst), IO.load(SeqCst)), (0, 3));
}

#[test]
fn io_happens_in_the_order_of_the_program_once_each() {
    static NEXT: AtomicI32 = AtomicI32::new(0);
    fn next(_: &Array) -> Array {
        Array::scalar(NEXT.fetch_add(1, SeqCst))
    }
    #[nnx::jit(graph = false)]
    fn numbers(x: &Array) -> Array {
        let number = |x: &Array| io_callback(next, &Array::shape_only((), DType::I32), x);
        let first = number(x);
        let (_, inner) = scan(
            |c: Array, (): ()| {
                let n = cond(c.gt(1.0), number, |_: &Array| Array::scalar(-1), &c);
                (c + 1.0, n)
            },
            x.clone(),
            length(4),
        );
        let last = number(x);
        let all = [first.expand_dims(0), inner, last.expand_dims(0)];
        nnx::array::concatenate(all.each_ref(), 0)
    }
    if !calls_host() {
        return;
    }
    assert_eq!(numbers(&scalar(0.0)).to_vec::<i32>(), [0, -1, -1, 1, 2, 3]);
    assert_eq!(numbers(&scalar(1.0)).to_vec::<i32>(), [4, -1, 5, 6, 7, 8]);
}

#[test]
fn a_batch_is_done_element_by_element() {
    if !calls_host() {
        return;
    }
    let rows = Array::from_slice(&[3.0_f32, 1.0, 2.0, 6.0, 5.0, 4.0], [2, 3]);
    let out = vmap(|x: &Array| pure_callback(sorted, &shape([3]), x), &rows, 0);
    assert_eq!(out.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let columns = vmap(|x: &Array| pure_callback(sorted, &shape([2]), x), &rows, 1);
    assert_eq!(
        (columns.shape(), columns.to_vec::<f32>()),
        (&[3, 2][..], vec![3.0, 6.0, 1.0, 5.0, 2.0, 4.0])
    );
    static SEEN: Mutex<Vec<f32>> = Mutex::new(Vec::new());
    let io = |x: &Array| {
        SEEN.lock().unwrap().push(x.item());
        x.clone()
    };
    let twice =
        vmap(|row: &Array| vmap(|x: &Array| io_callback(io, &shape([]), x), row, 0), &rows, 0);
    assert_eq!(twice.to_vec::<f32>(), *SEEN.lock().unwrap());
}

#[test]
fn there_is_no_derivative_and_the_error_says_what_to_do() {
    let error = message(|| {
        grad(|x: &Array| pure_callback(sorted, &shape([]), &x.square()), &scalar(1.0));
    });
    assert!(error.starts_with("pure_callback: has no derivative here: "), "{error}");
    assert!(error.contains("custom_vjp") && error.contains("stop_gradient"), "{error}");
    assert!(error.contains("callbacks_results.rs:"), "{error}");
    let error = message(|| {
        grad(|x: &Array| io_callback(sorted, &shape([]), x), &scalar(1.0));
    });
    assert!(error.starts_with("io_callback: has no derivative here: "), "{error}");
    if !calls_host() {
        return;
    }
    // The fixes.
    let own = custom_vjp(
        |x: &Array| pure_callback(|x: &Array| scalar(x.item::<f32>().powi(3)), &shape([]), x),
        |x: &Array| {
            (pure_callback(|x: &Array| scalar(x.item::<f32>().powi(3)), &shape([]), x), x.clone())
        },
        |x: Array, ct: &Array| x.square() * 3.0 * ct,
    );
    assert_eq!(grad(|x: &Array| own(x), &scalar(2.0)).item::<f32>(), 12.0);
    let stopped = |x: &Array| x * pure_callback(sorted, &shape([]), &x.stop_gradient());
    assert_eq!(grad(stopped, &scalar(3.0)).item::<f32>(), 3.0);
}

#[test]
fn data_from_the_host_is_drawn_once_in_a_loop_that_is_differentiated() {
    static NEXT: AtomicI32 = AtomicI32::new(1);
    if !calls_host() {
        return;
    }
    let draw = || io_callback(|(): &()| scalar(NEXT.fetch_add(1, SeqCst) as f32), &shape([]), &());
    let f = |w: &Array| scan(|c: Array, (): ()| (c + w * draw(), ()), scalar(0.0), length(3)).0;
    assert_eq!(grad(f, &scalar(1.0)).item::<f32>(), 1.0 + 2.0 + 3.0);
    assert_eq!(NEXT.load(SeqCst), 4);
    assert_eq!(grad(|w: &Array| w * draw(), &scalar(1.0)).item::<f32>(), 4.0);
    assert_eq!(NEXT.load(SeqCst), 5);
    let again = |w: &Array| remat(|w: &Array| (w * draw()).sin(), w);
    assert_eq!(grad(again, &scalar(0.0)).item::<f32>(), 5.0);
    assert_eq!(NEXT.load(SeqCst), 6);
    let branch = |w: &Array| cond(w.gt(-1.0), |w: &Array| w * draw(), |w: &Array| w.clone(), w);
    assert_eq!(grad(branch, &scalar(0.0)).item::<f32>(), 6.0);
    assert_eq!(NEXT.load(SeqCst), 7);
}

#[test]
fn state_is_donated_around_callbacks() {
    #[nnx::jit(graph = false)]
    fn step(w: &mut Param, x: &Array) -> Array {
        let next = pure_callback(sorted, &shape([4]), &(&*w + x));
        w.set(&next * 2.0);
        io_callback(|w: &Array| scalar(w.to_vec::<f32>().iter().sum()), &shape([]), w.value())
    }
    if !calls_host() {
        return;
    }
    let mut w = Param::new(zeros([4], DType::F32));
    let x = Array::from_slice(&[3.0_f32, 1.0, 4.0, 1.0], [4]);
    let mut expected = vec![0.0_f32; 4];
    for _ in 0..5 {
        for (e, x) in expected.iter_mut().zip([3.0, 1.0, 4.0, 1.0]) {
            *e += x;
        }
        expected.sort_by(f32::total_cmp);
        expected.iter_mut().for_each(|e| *e *= 2.0);
        assert_eq!(step(&mut w, &x).item::<f32>(), expected.iter().sum::<f32>());
        assert_eq!(w.to_vec::<f32>(), expected);
    }
}

#[test]
fn large_arrays_of_long_runs_go_through() {
    #[nnx::jit(graph = false)]
    fn large(x: &Array) -> Array {
        let y = x.matmul(x);
        let z = pure_callback(
            |y: &Array| {
                let values: Vec<f32> = y.to_vec::<f32>().iter().map(|v| -v).collect();
                Array::from_slice(&values, [700, 700])
            },
            &shape([700, 700]),
            &y,
        );
        z.matmul(x)
    }
    if !calls_host() {
        return;
    }
    let x = nnx::array::eye(700, DType::F32);
    let outs: Vec<Array> = (0..6).map(|_| large(&x)).collect();
    for out in outs {
        assert_eq!(out.sum(..).item::<f32>(), -700.0);
    }
}

#[test]
fn a_callback_only_reads() {
    let mut model = Param::new(scalar(1.0));
    let error = message(|| {
        pure_callback(|w: &mut Param| scalar(w.item()), &shape([]), &mut model);
    });
    assert!(error.contains("the argument is lent as `&mut`, and a callback only reads"), "{error}");
    let xs = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let (_, sums) = scan(|c: Array, x: &Array| (c + x, x.clone()), scalar(0.0), over(&xs));
    assert_eq!(pure_callback(sorted, &shape([2]), &sums).to_vec::<f32>(), [1.0, 2.0]);
}

#[test]
fn an_operation_inside_of_a_callback_is_refused_where_it_could_wait_for_itself() {
    static TABLE: OnceLock<Array> = OnceLock::new();
    #[nnx::jit(graph = false)]
    fn computing(x: &Array) -> Result<Array> {
        Ok(pure_callback(|x: &Array| x + 1.0, &shape([]), x))
    }
    #[nnx::jit(graph = false)]
    fn reading(x: &Array) -> Array {
        let y = x.matmul(x);
        let read = |y: &Array| {
            assert_eq!(TABLE.get().unwrap().to_vec::<f32>()[1..3], [0.5, 1.0]);
            y.clone()
        };
        pure_callback(read, &shape([500, 500]), &y).matmul(x)
    }
    assert_eq!(pure_callback(|x: &Array| x + 1.0, &shape([]), &scalar(1.0)).item::<f32>(), 2.0);
    if !calls_host() {
        return;
    }
    let error = computing(&scalar(1.0)).and_then(|y| y.try_item::<f32>()).unwrap_err().to_string();
    assert!(error.contains("`add` cannot run inside of a callback"), "{error}");
    assert!(error.contains("`x.to_vec::<f32>()`"), "{error}");
    // An array that is there already can be read, however large.
    TABLE.set(arange(1 << 20, DType::F32) / 2.0).unwrap();
    let x = nnx::array::eye(500, DType::F32);
    let outs: Vec<Array> = (0..8).map(|_| reading(&x)).collect();
    outs.iter().for_each(|out| assert_eq!(out.sum(..).item::<f32>(), 500.0));
}
