//! Looking at programs: `lower`, `eval_shape`, `make_graph`, statistics, limits, the log.

use nnx::jit::{assert_max_traces, lower};
use nnx::{Array, DType, Module, Param};
use std::sync::{Arc, Mutex};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Param,
}

fn linear() -> Linear {
    Linear {
        kernel: Param::new(Array::shape_only([3, 4], DType::F32)),
        bias: Param::new(Array::shape_only([4], DType::F32)),
    }
}

#[nnx::jit(graph = false)]
fn step(model: &mut Linear, x: &Array) -> Array {
    let y = x.matmul(&*model.kernel) + &model.bias;
    let bias = &model.bias + 1.0;
    model.bias.set(bias);
    y
}

#[test]
fn lowering_needs_shapes_only_and_changes_nothing() {
    let mut model = linear();
    let x = Array::shape_only([2, 3], DType::F32);
    let lowered = lower(|| {
        let y = step(&mut model, &x);
        assert_eq!(y.shape(), [2, 4]);
    })
    .unwrap();
    assert_eq!(model.bias.shape(), [4]);
    assert!(model.bias.try_to_vec::<f32>().is_err());
    let text = lowered.stablehlo();
    assert!(
        text.contains("stablehlo.dot_general") && text.contains("tf.aliasing_output"),
        "{text}"
    );
    assert_eq!(lowered.donations().len(), 1);
    assert!(lowered.graph().to_string().contains("dot_general"), "{}", lowered.graph());
    // 2 * 2 * 3 * 4 for the product, 8 and 4 for the sums, and what the broadcasts write.
    assert!((60..100).contains(&lowered.flops()), "{}", lowered.flops());
    let shapes: Vec<String> = lowered.output_avals().iter().map(|a| a.to_string()).collect();
    assert_eq!(shapes, ["f32[4]", "f32[2, 4]"]);
    let memory = lowered.compile().unwrap().memory_analysis().unwrap();
    assert_eq!(memory.argument, 4 * (12 + 4 + 6));
    assert!(lower(|| ()).unwrap_err().to_string().starts_with("jit::lower"));
}

#[test]
fn eval_shape_and_make_graph_run_nothing() {
    let f = |m: &Linear| m.kernel.t().matmul(&*m.kernel).sum(0);
    assert_eq!(nnx::eval_shape(f, &linear()).shape(), [4]);
    let graph = nnx::make_graph(f, &linear()).to_string();
    let expected = "{ lambda a:f32[3, 4] b:f32[4] . let\n    \
        c:f32[4, 3] = transpose[permutation=[1, 0]] a\n    \
        d:f32[4, 4] = dot_general[contract=([1], [0]) batch=([], [])] c a\n    \
        e:f32[4] = reduce_sum[dimensions=[0]] d\n  \
        in (e) }";
    assert_eq!(graph, expected);
}

#[test]
fn a_limit_on_traces_names_what_changed() {
    #[nnx::jit(graph = false)]
    fn limited(batch: &Array) -> Array {
        batch * 2.0
    }
    let of = |n: usize| nnx::array::zeros([n], DType::F32);
    assert_max_traces(1, || {
        limited(&of(3));
        limited(&of(3));
    });
    let result = std::panic::catch_unwind(|| {
        assert_max_traces(1, || {
            limited(&of(4));
            limited(&of(5));
        });
    });
    let message = *result.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("`batch` is now f32[5], before f32["), "{message}");
    assert!(message.contains("limited"), "{message}");
}

/// A subscriber that keeps the messages of one target.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "nnx::jit"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn the_log_says_why_a_call_missed_and_advises_once() {
    #[nnx::jit(graph = false)]
    fn logged(x: &Array, n: usize) -> Array {
        x * n
    }
    let log = Log::default();
    // Whether a message is wanted is remembered for all threads: a subscriber of this thread alone
    // would miss what another thread was not asked about.
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let x = nnx::array::zeros([2, 2], DType::F32);
    for n in 0..6 {
        logged(&x, n);
    }
    logged(&nnx::array::zeros([3, 2], DType::F32), 0);
    let log: Vec<String> =
        log.0.lock().unwrap().drain(..).filter(|l| l.contains("`logged`")).collect();
    assert!(log[0].contains("the static value `n` is now 1, before 0"), "{log:?}");
    assert_eq!(log.iter().filter(|line| line.contains("pass it as an `Array`")).count(), 1);
    let last = log.last().unwrap();
    assert!(last.contains("`x` is now f32[3, 2], before f32[2, 2]"), "{last}");
}

#[nnx::jit(graph = false, inline = false)]
fn layer(state: &mut Param, x: &Array) -> Array {
    let next = &*state + 1.0;
    state.set(next);
    (x * &*state).tanh()
}

#[nnx::jit(graph = false)]
fn stacked(state: &mut Param, x: &Array) -> (Array, Param) {
    let mut y = x.clone();
    for _ in 0..5 {
        y = layer(state, &y);
    }
    let x = Param::new(x.clone());
    let gradient = nnx::grad(|x: &Param| layer(&mut state.clone(), x).sum(..), &x);
    (y, gradient)
}

#[test]
fn a_function_that_is_not_inlined_is_lowered_once() {
    let mut state = Param::new(Array::scalar(0.0_f32));
    let x = Array::from_slice(&[0.5_f32, 1.0], [2]);
    let text = lower(|| stacked(&mut state, &x)).unwrap().stablehlo();
    assert_eq!(text.matches("func.func private @layer").count(), 1, "{text}");
    assert!(text.matches("func.call").count() >= 5, "{text}");
    let (y, gradient) = stacked(&mut state, &x);
    assert_eq!(state.item::<f32>(), 5.0);
    let f = |x: f32| (1..=5).fold(x, |y, n| (y * n as f32).tanh());
    let close = |a: f32, b: f32| (a - b).abs() < 1e-5;
    let got = y.to_vec::<f32>();
    assert!(close(got[0], f(0.5)) && close(got[1], f(1.0)), "{got:?}");
    let slope = |x: f32| 6.0 * (1.0 - (6.0 * x).tanh().powi(2));
    let got = gradient.to_vec::<f32>();
    assert!(close(got[0], slope(0.5)) && close(got[1], slope(1.0)), "{got:?}");
}
