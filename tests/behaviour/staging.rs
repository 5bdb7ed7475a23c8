//! Looking at programs: `lower`, `eval_shape`, `make_graph`, limits.

use super::jit_support::*;
use nnx::array::{DotOptions, Precision, dot_general_with};
use nnx::jit::{assert_max_traces, lower};
use nnx::xla::{Backend, Client};
use nnx::{Array, DType, Module, Param, while_loop};

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
    if tells_memory() {
        let memory = lowered.compile().unwrap().memory_analysis().unwrap();
        assert_eq!(memory.argument, 4 * (12 + 4 + 6));
    }
    assert!(lower(|| ()).unwrap_err().to_string().starts_with("jit::lower"));
}

#[nnx::jit]
fn loop_and_product(x: &Array, w: &Array) -> (Array, Array) {
    let halved =
        while_loop(|x: &Array| x.max(..).gt(1.0), |x: Array| x.sin() * 0.5 - x.exp(), x.clone());
    (halved.at((1..3, ..)).get(), x.matmul(w).square() + 1.0)
}

#[test]
fn the_optimized_program_is_readable() {
    let (x, w) = (Array::shape_only([4, 3], DType::F32), Array::shape_only([3, 300], DType::F32));
    let lowered = lower(|| loop_and_product(&x, &w)).unwrap();
    let text = lowered.compile().unwrap().optimized_hlo();
    if Client::global().unwrap().backend() != Backend::Pjrt {
        let message = text.unwrap_err().to_string();
        assert!(message.contains("no text of compiled programs"), "{message}");
        return;
    }
    let text = text.unwrap();
    println!("{text}");
    assert!(text.starts_with("HloModule jit_loop_and_product\n"), "{text}");
    assert_eq!(text.matches("ENTRY ").count(), 1, "{text}");
    let computations = text.split("\n\n").skip(1);
    assert!(computations.clone().count() > 2, "{text}");
    for computation in computations {
        assert_eq!(computation.matches("ROOT ").count(), 1, "{computation}");
        // Every operand is an instruction before.
        let mut known = Vec::new();
        for line in computation.lines().filter(|line| line.contains(" = ")) {
            let (name, rest) = line.trim().trim_start_matches("ROOT ").split_once(" = ").unwrap();
            let call =
                rest.split_once(") ").filter(|_| rest.starts_with('(')).map_or(rest, |r| r.1);
            let operands = call.split_once('(').unwrap().1.split_once(')').unwrap().0;
            let of_parameter = call.contains("parameter(");
            for operand in operands.split(", ").filter(|name| !of_parameter && !name.is_empty()) {
                assert!(known.contains(&operand), "{operand} in {line}\n{computation}");
            }
            known.push(name);
        }
    }
    for part in [
        "parameter(1)",
        "f32[4,300]{1,0}",
        "f32[2,3]{1,0}",
        "lhs_contracting_dims={1}, rhs_contracting_dims={0}",
        " while(",
        "direction=GT",
        "slice={[1:3:1],[0:3:1]}",
        "kind=kLoop, calls={",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
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

#[test]
#[allow(non_local_definitions)]
fn lowering_a_method_three_levels_down() {
    impl Net {
        #[nnx::jit(graph = false)]
        fn forward(&mut self, x: &Array) -> (Array, Option<Param>) {
            let cell = &mut self.blocks[1].cells[0];
            let next = &cell.count + 1.0;
            cell.count.set(next);
            (x.matmul(x) * &cell.kernel, Some(cell.kernel.clone()))
        }
    }
    let mut net = net();
    let before = values(&net);
    let x = Array::shape_only([8, 8], DType::F32);
    let lowered = lower(|| {
        let (y, kernel) = net.forward(&x);
        // The result has shapes, and what was handed through is still known by its shape alone.
        assert_eq!((y.shape(), kernel.unwrap().shape()), (&[8, 8][..], &[][..]));
    })
    .unwrap();
    assert_eq!(values(&net), before);
    let show = |avals: Vec<nnx::value::Aval>| {
        avals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(show(lowered.input_avals()), "f32[] f32[] f32[8, 8]");
    assert_eq!(show(lowered.output_avals()), "f32[] f32[8, 8]");
    // 2·8³ for the product, 64 for the scaling, 1 for the count, and what broadcasting writes.
    assert!((1024 + 65..1024 + 200).contains(&lowered.flops()), "{}", lowered.flops());
    let text = lowered.stablehlo();
    for part in ["module @jit_forward", "stablehlo.dot_general", "tf.aliasing_output = 0"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    if tells_memory() {
        let memory = lowered.compile().unwrap().memory_analysis().unwrap();
        assert_eq!((memory.argument, memory.alias), (4 + 4 + 256, 4));
        assert!(memory.output >= 4 + 256, "{memory:?}");
    }
    // The program that was lowered is the one that runs.
    let (y, _) = net.forward(&nnx::array::ones([8, 8], DType::F32));
    assert_eq!(y.to_vec::<f32>()[0], 8.0 * net.blocks[1].cells[0].kernel.item::<f32>());
}

#[test]
fn lower_says_why_there_is_no_program() {
    #[nnx::jit(graph = false)]
    fn fails(x: &Array, own: bool) -> nnx::Result<Array> {
        if own { Err(nnx::Error::Invalid("its own".into())) } else { Ok(x + f32s(&[1.0, 2.0])) }
    }
    let x = Array::shape_only([3], DType::F32);
    let error = lower(|| fails(&x, false)).unwrap_err().to_string();
    assert_says(&error, &["add", "f32[3]", "f32[2]", "staging.rs"]);
    assert_says(
        &lower(|| fails(&x, true)).unwrap_err().to_string(),
        &["fails", "error of its own"],
    );
    assert_says(&lower(|| ()).unwrap_err().to_string(), &["called no jitted function"]);

    #[nnx::jit(graph = false)]
    fn works(x: &Array) -> Array {
        x + 1.0
    }
    let twice = || lower(|| (works(&x), works(&x)));
    assert_says(&panic_message(|| drop(twice())), &["two jitted functions", "`works`"]);
    panic_message(|| drop(lower(|| fails(&x, false).unwrap())));
    // After all that, calls run again.
    assert_eq!(works(&f32s(&[1.0])).to_vec::<f32>(), [2.0]);
    assert!(fails(&f32s(&[1.0, 2.0]), false).is_ok());
}

#[test]
fn eval_shape_updates_nothing_and_takes_shapes_alone() {
    let mut net = net();
    let before = values(&net);
    let shapes = nnx::eval_shape(
        |net: &mut Net| {
            let cell = &mut net.blocks[0].cells[1];
            let next = &cell.count + 1.0;
            cell.count.set(next);
            (nnx::array::ones([3, 4], DType::F32) * &cell.count, nnx::clone(net))
        },
        &mut net,
    );
    assert_eq!(shapes.0.shape(), [3, 4]);
    assert!(shapes.0.try_to_vec::<f32>().is_err());
    assert_eq!(shapes.1.blocks[0].cells[1].count.shape(), [0; 0]);
    assert_eq!(values(&net), before);
    // Its result goes into the next: no elements are needed anywhere.
    let again = nnx::eval_shape(|x: &Array| x.matmul(x.t()), &shapes.0);
    assert_eq!(again.aval().to_string(), "f32[3, 3]");
    // And jit can be lowered for it.
    let mut shapes = shapes.1;
    let lowered = lower(|| step_net(&mut shapes, &again)).unwrap();
    assert_eq!(lowered.output_avals().len(), 1);
}

#[nnx::jit(graph = false)]
fn step_net(net: &mut Net, x: &Array) {
    let next = &net.head.0 + x.sum(..);
    net.head.0.set(next);
}

/// XLA computes in every loop anew what it takes for cheap, and a hash of 20 rounds is not.
#[test]
fn more_than_a_few_random_numbers_are_hashed_once_however_often_they_are_used() {
    #[nnx::jit(graph = false)]
    fn noises(key: &nnx::random::Key, n: usize) -> [Array; 2] {
        let noise = nnx::random::uniform(key, [n], DType::F32);
        [noise.sin(), noise.sum(..)]
    }
    let key = nnx::random::key(0);
    let is_kept = |n| {
        let lowered = lower(|| noises(&key, n)).unwrap();
        lowered.stablehlo().contains("stablehlo.if")
    };
    // XLA takes no branch apart.
    assert_eq!([3, 16, 250, 1000].map(is_kept), [false, true, true, true]);
}

#[nnx::jit(graph = false)]
fn named_tangents(x: &Array) -> Array {
    let tangent = |x: &Array| nnx::composite("my.tangent", 3, |x: &Array| x.sin() / x.cos(), x);
    tangent(x) + tangent(&(x * 2.0))
}

/// A compiler that knows the name finds it; HLO has calls of a function of that name.
#[test]
fn a_composite_is_named_in_the_program() {
    let lowered = lower(|| named_tangents(&Array::from([0.25_f32]))).unwrap();
    let text = lowered.stablehlo();
    assert_eq!(text.matches("\"stablehlo.composite\"").count(), 2, "{text}");
    assert!(text.contains("name = \"my.tangent\"") && text.contains("version = 3 : i32"), "{text}");
    assert_eq!(text.matches("stablehlo.sine").count(), 1, "{text}");
    assert!(lowered.hlo().unwrap().contains("tangent"));
    let x = named_tangents(&Array::from([0.25_f32])).item::<f32>();
    assert!((x - 0.25_f32.tan() - 0.5_f32.tan()).abs() < 1e-6);
}

#[nnx::jit(graph = false)]
fn exact_product(x: &Array) -> Array {
    let exact = DotOptions { precision: Precision::Highest, ..Default::default() };
    let square = |x: &Array| dot_general_with(x, x, (&[0], &[0]), (&[], &[]), &exact);
    nnx::grad(square, x) + square(x)
}

/// The products of a derivative are as exact as those that it is of.
#[test]
fn precision_is_written_in_the_program() {
    let lowered = lower(|| exact_product(&Array::from([1.0_f32, 2.0]))).unwrap();
    let (text, hlo) = (lowered.stablehlo(), lowered.hlo().unwrap());
    assert!(text.matches("#stablehlo<precision HIGHEST>").count() >= 2, "{text}");
    let dots = hlo.matches(" dot(").count();
    assert_eq!(hlo.matches("operand_precision={highest,highest}").count(), dots, "{hlo}");
    assert_eq!(exact_product(&Array::from([1.0_f32, 2.0])).to_vec::<f32>(), [7.0, 9.0]);
}
