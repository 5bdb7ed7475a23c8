//! The PJRT layer through its public API, on a real plugin.
#![allow(missing_docs, clippy::unwrap_used)]

use nnx_core::value::Aval;
use nnx_core::xla::{
    Backend, Buffer, Client, ClientOptions, Executable, Floor, Placement, Program, init,
};
use nnx_core::{DType, Element, Error};

fn client() -> Client {
    // The texts below are StableHLO, which PJRT takes.
    init(ClientOptions::new().backend(Backend::Pjrt)).unwrap_or_else(|error| panic!("{error}"))
}

fn f32s(dims: &[usize]) -> Aval {
    Aval::new(DType::F32, dims)
}

fn upload<T: Element>(values: &[T], dims: &[usize]) -> Buffer {
    client().upload(&T::to_bytes(values), Aval::new(T::DTYPE, dims), Placement::default()).unwrap()
}

fn read<T: Element>(buffer: &Buffer) -> Vec<T> {
    T::from_bytes(&buffer.to_host().unwrap())
}

/// `f(x, y) = x + y` on f32[4]; with `alias`, the result may take x's memory.
fn add(name: &str, alias: bool) -> Executable {
    let attribute = if alias { " {tf.aliasing_output = 0 : i32}" } else { "" };
    let text = format!(
        "module @add {{
  func.func public @main(%arg0: tensor<4xf32>{attribute}, %arg1: tensor<4xf32>)
      -> tensor<4xf32> {{
    %0 = stablehlo.add %arg0, %arg1 : tensor<4xf32>
    return %0 : tensor<4xf32>
  }}
}}"
    );
    client()
        .compile(&Program::stablehlo(name, &text, &[f32s(&[4]), f32s(&[4])], &[f32s(&[4])]))
        .unwrap()
}

fn run1(f: &Executable, arguments: &[&Buffer]) -> nnx_core::Result<Buffer> {
    let mut call = f.call();
    for argument in arguments {
        call.arg(argument, false)?;
    }
    call.run()?.take(0)
}

fn message(error: Error) -> String {
    error.to_string()
}

#[test]
fn a_program_with_other_parameters_than_said_is_refused() {
    let text = "module @f {
  func.func public @main(%arg0: tensor<2x3xf32>, %arg1: tensor<i32>) -> tensor<2x3xf32> {
    return %arg0 : tensor<2x3xf32>
  }
}";
    let compile = |inputs: &[Aval]| {
        client().compile(&Program::stablehlo("f", text, inputs, &[f32s(&[2, 3])])).map(drop)
    };
    let number = Aval::scalar(DType::I32);
    compile(&[f32s(&[2, 3]), number.clone()]).unwrap();
    for (inputs, reason) in [
        (vec![f32s(&[2, 3])], "takes 2 arguments, not the 1"),
        (vec![Aval::new(DType::I32, &[2, 3]), number.clone()], "another dtype"),
        (vec![f32s(&[3, 2]), number], "shape [2, 3] for argument 0, not the f32[3, 2]"),
        (vec![f32s(&[2, 3]), f32s(&[])], "for argument 1, not the f32[]"),
    ] {
        let error = message(compile(&inputs).unwrap_err());
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn adds_two_arrays() {
    let f = add("add", false);
    let x = upload(&[1.0f32, 2.0, 3.0, 4.0], &[4]);
    let y = upload(&[10.0f32, 20.0, 30.0, 40.0], &[4]);
    assert_eq!(read::<f32>(&run1(&f, &[&x, &y]).unwrap()), [11.0, 22.0, 33.0, 44.0]);
    assert_eq!(read::<f32>(&run1(&f, &[&x, &x]).unwrap()), [2.0, 4.0, 6.0, 8.0]);
}

#[test]
fn results_are_taken_in_any_order_and_once() {
    let text = "module @two {
  func.func public @main(%arg0: tensor<2x3xi32>) -> (tensor<2x3xi32>, tensor<3x2xi32>) {
    %0 = stablehlo.negate %arg0 : tensor<2x3xi32>
    %1 = stablehlo.transpose %arg0, dims = [1, 0] : (tensor<2x3xi32>) -> tensor<3x2xi32>
    return %0, %1 : tensor<2x3xi32>, tensor<3x2xi32>
  }
}";
    let outputs = [Aval::new(DType::I32, &[2, 3]), Aval::new(DType::I32, &[3, 2])];
    let program = Program::stablehlo("two", text, &outputs[..1], &outputs);
    let f = client().compile(&program).unwrap();
    let x = upload(&[1i32, 2, 3, 4, 5, 6], &[2, 3]);
    let mut call = f.call();
    call.arg(&x, true).unwrap();
    let mut outputs = call.run().unwrap();
    assert_eq!(outputs.len(), 2);
    let transposed = outputs.take(1).unwrap();
    assert_eq!(*transposed.aval(), Aval::new(DType::I32, &[3, 2]));
    assert_eq!(read::<i32>(&transposed), [1, 4, 2, 5, 3, 6]);
    assert!(message(outputs.take(1).unwrap_err()).contains("already taken"));
    assert!(message(outputs.take(2).unwrap_err()).contains("no result 2"));
    assert_eq!(read::<i32>(&outputs.take(0).unwrap()), [-1, -2, -3, -4, -5, -6]);
}

#[test]
fn a_donated_argument_gives_its_memory_to_the_result() {
    let f = add("donate", true);
    let mut x = upload(&[1.0f32; 4], &[4]);
    let y = upload(&[2.0f32; 4], &[4]);
    x.wait().unwrap();
    let address = x.device_address().unwrap();
    for step in 1..=3 {
        let mut call = f.call();
        call.arg(&x, true).unwrap();
        call.arg(&y, false).unwrap();
        let mut outputs = call.run().unwrap();
        assert!(x.is_deleted());
        outputs.replace(0, &mut x).unwrap();
        assert!(!x.is_deleted());
        assert_eq!(read::<f32>(&x), [1.0 + 2.0 * step as f32; 4]);
        assert_eq!(x.device_address().unwrap(), address);
    }
}

#[test]
fn an_argument_that_may_not_be_donated_stays_readable() {
    let f = add("keep", true);
    let x = upload(&[1.0f32; 4], &[4]);
    let result = run1(&f, &[&x, &x]).unwrap();
    assert!(!x.is_deleted());
    assert_eq!(read::<f32>(&x), [1.0; 4]);
    assert_eq!(read::<f32>(&result), [2.0; 4]);
    assert_ne!(x.device_address().unwrap(), result.device_address().unwrap());
}

#[test]
fn reading_a_donated_buffer_is_an_error() {
    let f = add("eat", true);
    let x = upload(&[1.0f32; 4], &[4]);
    let y = upload(&[1.0f32; 4], &[4]);
    let mut call = f.call();
    call.arg(&x, true).unwrap();
    call.arg(&y, true).unwrap();
    drop(call.run().unwrap());
    assert!(x.is_deleted() && !y.is_deleted());
    assert!(message(x.to_host().unwrap_err()).contains("reading an uploaded f32[4]"));
    assert!(x.wait().is_err());
    assert!(x.device_address().is_err());
    // Neither is using it, and the other argument survives the attempt.
    let refused = message(run1(&f, &[&x, &y]).unwrap_err());
    assert!(refused.contains("running `eat`"), "{refused}");
    assert_eq!(read::<f32>(&y), [1.0; 4]);
}

#[test]
fn donating_a_buffer_that_is_also_read_is_refused_and_harmless() {
    let f = add("twice", true);
    let x = upload(&[3.0f32; 4], &[4]);
    let mut call = f.call();
    call.arg(&x, true).unwrap();
    call.arg(&x, true).unwrap();
    let refused = message(call.run().err().unwrap());
    assert!(refused.contains("running `twice`"), "{refused}");
    assert_eq!(read::<f32>(&x), [3.0; 4]);
}

#[test]
fn a_refused_run_leaves_the_arguments_that_it_would_have_taken() {
    let text = "module @two {
  func.func public @main(%arg0: tensor<4xf32> {tf.aliasing_output = 0 : i32},
                         %arg1: tensor<4xf32> {tf.aliasing_output = 1 : i32})
      -> (tensor<4xf32>, tensor<4xf32>) {
    %0 = stablehlo.add %arg0, %arg1 : tensor<4xf32>
    %1 = stablehlo.subtract %arg0, %arg1 : tensor<4xf32>
    return %0, %1 : tensor<4xf32>, tensor<4xf32>
  }
}";
    let avals = vec![f32s(&[4]); 2];
    let f = client().compile(&Program::stablehlo("sum", text, &avals, &avals)).unwrap();
    let run = |a: &Buffer, b: &Buffer| {
        let mut call = f.call();
        call.arg(a, true).unwrap();
        call.arg(b, true).unwrap();
        call.run().map(drop)
    };
    let (gone, also_gone) = (upload(&[0.0f32; 4], &[4]), upload(&[0.0f32; 4], &[4]));
    run(&gone, &also_gone).unwrap();
    let x = upload(&[5.0f32; 4], &[4]);
    assert!(run(&x, &gone).is_err());
    assert!(run(&gone, &x).is_err());
    assert!(run(&x, &x).is_err());
    assert_eq!(read::<f32>(&x), [5.0; 4]);
}

#[test]
fn a_result_that_was_donated_on_says_which_call_made_it() {
    let f = add("first", false);
    let g = add("second", true);
    let x = upload(&[1.0f32; 4], &[4]);
    let y = run1(&f, &[&x, &x]).unwrap();
    let mut call = g.call();
    call.arg(&y, true).unwrap();
    call.arg(&x, true).unwrap();
    drop(call.run().unwrap());
    let error = message(y.to_host().unwrap_err());
    assert!(error.contains("reading the f32[4] made by `first`"), "{error}");
}

#[test]
fn results_that_do_not_fit_in_memory_are_an_error() {
    let (scalar, huge) = (f32s(&[]), f32s(&[1 << 44]));
    let n = huge.size();
    let text = format!(
        "module @fill {{
  func.func public @main(%arg0: tensor<f32>) -> tensor<{n}xf32> {{
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [] : (tensor<f32>) -> tensor<{n}xf32>
    return %0 : tensor<{n}xf32>
  }}
}}"
    );
    let f = client().compile(&Program::stablehlo("fill", &text, &[scalar], &[huge])).unwrap();
    let x = upload(&[1.0f32], &[]);
    let error = message(run1(&f, &[&x]).and_then(|b| b.wait()).unwrap_err());
    assert!(error.contains("`fill`") && error.contains("RESOURCE_EXHAUSTED"), "{error}");
    assert_eq!(read::<f32>(&x), [1.0]);
}

#[test]
fn arguments_are_checked_by_shape_and_dtype() {
    let f = add("checked", false);
    let good = upload(&[1.0f32; 4], &[4]);
    for (wrong, text) in [
        (upload(&[1.0f32; 4], &[2, 2]), "f32[2, 2]"),
        (upload(&[1i32; 4], &[4]), "i32[4]"),
        (upload(&[1.0f32; 3], &[3]), "f32[3]"),
    ] {
        let mut call = f.call();
        call.arg(&good, false).unwrap();
        let error = message(call.arg(&wrong, false).unwrap_err());
        assert_eq!(error, format!("argument 1 of `checked` must be f32[4], but {text} was given"));
        // The call goes on with the right one.
        call.arg(&good, false).unwrap();
        let error = message(call.arg(&good, false).unwrap_err());
        assert_eq!(error, "`checked` takes 2 arguments, but more were given");
        assert_eq!(read::<f32>(&call.run().unwrap().take(0).unwrap()), [2.0; 4]);
    }
    let mut call = f.call();
    call.arg(&good, false).unwrap();
    let error = message(call.run().err().unwrap());
    assert_eq!(error, "`checked` takes 2 arguments, but 1 were given");
}

#[test]
fn uploads_are_checked_by_size() {
    let error = message(client().upload(&[0; 15], f32s(&[4]), Placement::default()).unwrap_err());
    assert_eq!(error, "15 bytes were given for f32[4], which needs 16");
    // The number of bytes would be 0 if it were counted in 64 bits.
    let error = message(
        client()
            .upload(&[], Aval::new(DType::U8, &[1 << 63, 2]), Placement::default())
            .unwrap_err(),
    );
    assert!(error.contains("18446744073709551616 bytes, more than any device holds"), "{error}");
}

#[test]
fn a_program_that_does_not_parse_gives_xlas_message() {
    let error = client()
        .compile(&Program::stablehlo("broken", "module { nonsense }", &[], &[]))
        .unwrap_err();
    // The status code differs between versions of XLA.
    let Error::Xla { call, code: _, message } = error else { panic!("{error}") };
    assert_eq!(call, "compiling `broken`");
    assert!(message.contains("nonsense"), "{message}");
}

/// XLA's parser looks at the byte after the text; what lies there is not part of the program.
#[test]
fn a_program_ends_where_its_text_ends() {
    let whole = "module @f {
  func.func public @main(%arg0: tensor<4xf32>) -> tensor<4xf32> {
    return %arg0 : tensor<4xf32>
  }
}";
    let avals = [f32s(&[4])];
    let compile =
        |text: &str| client().compile(&Program::stablehlo("f", text, &avals, &avals)).map(drop);
    for follows in ["stop", "}", "\"", "%7", "// "] {
        let longer = format!("{whole}{follows}");
        assert!(compile(&longer[..whole.len()]).is_ok(), "before {follows:?}");
    }
    // Cut off in a word, the lexer's token had ended far outside of the text.
    for end in [4, 8, 20, 60, whole.len() - 1] {
        assert!(compile(&whole[..end]).is_err(), "{:?}", &whole[..end]);
    }
}

#[test]
fn a_program_with_other_results_than_expected_is_refused() {
    let text = "module @id {
  func.func public @main(%arg0: tensor<4xf32>) -> tensor<4xf32> {
    return %arg0 : tensor<4xf32>
  }
}";
    let compile = |outputs: &[Aval]| {
        message(
            client().compile(&Program::stablehlo("id", text, &[f32s(&[4])], outputs)).unwrap_err(),
        )
    };
    assert!(compile(&[]).contains("returns 1 arrays, not the 0 expected"));
    assert!(compile(&[f32s(&[2, 2])]).contains("is f32[4], not the f32[2, 2] expected"));
    let wrong_dtype = compile(&[Aval::new(DType::I32, &[4])]);
    assert!(wrong_dtype.contains("is f32[4], not the i32[4] expected"), "{wrong_dtype}");
}

fn round_trip<T: Element>(values: &[T], dims: &[usize]) {
    let buffer = upload(values, dims);
    assert_eq!(read::<T>(&buffer), values, "{}", buffer.aval());
    // And through a program, which is where a wrong element type would show.
    let aval = buffer.aval();
    let name = match T::DTYPE {
        DType::Bool => "i1".to_string(),
        d if d.is_unsigned_int() => d.to_string().replace('u', "ui"),
        d => d.to_string(),
    };
    let dims: String = dims.iter().map(|d| format!("{d}x")).collect();
    let ty = format!("tensor<{dims}{name}>");
    let text = format!(
        "module @same {{
  func.func public @main(%arg0: {ty}) -> {ty} {{
    %0 = stablehlo.maximum %arg0, %arg0 : {ty}
    return %0 : {ty}
  }}
}}"
    );
    let avals = [aval.clone()];
    let f = client().compile(&Program::stablehlo("same", &text, &avals, &avals)).unwrap();
    assert_eq!(read::<T>(&run1(&f, &[&buffer]).unwrap()), values, "{aval}");
}

#[test]
fn every_dtype_survives_the_round_trip() {
    use half::{bf16, f16};
    round_trip(&[true, false, true], &[3]);
    round_trip(&[i8::MIN, -1, 0, i8::MAX], &[2, 2]);
    round_trip(&[i16::MIN, i16::MAX], &[2]);
    round_trip(&[i32::MIN, 7], &[2, 1]);
    round_trip(&[i64::MIN, i64::MAX, 1 << 40], &[3]);
    round_trip(&[0u8, 255, 128], &[3]);
    round_trip(&[u16::MAX], &[1, 1]);
    round_trip(&[u32::MAX], &[]);
    round_trip(&[u64::MAX, 1 << 63], &[2]);
    round_trip(&[f16::from_f32(1.5), f16::MIN, f16::INFINITY], &[3]);
    round_trip(&[bf16::from_f32(-2.5), bf16::MAX, bf16::NEG_INFINITY], &[3]);
    round_trip(&[f32::MIN_POSITIVE, -0.0], &[2]);
    round_trip(&[f64::MAX, f64::EPSILON, std::f64::consts::PI], &[3]);
}

#[test]
fn empty_arrays_survive_the_round_trip() {
    round_trip::<f32>(&[], &[0]);
    round_trip::<i64>(&[], &[3, 0, 2]);
    round_trip::<bool>(&[], &[0, 4]);
}

#[test]
fn large_runs_are_awaited_by_reading() {
    let n = 512;
    let text = format!(
        "module @power {{
  func.func public @main(%arg0: tensor<{n}x{n}xf32>) -> tensor<{n}x{n}xf32> {{
    %0 = stablehlo.dot_general %arg0, %arg0, contracting_dims = [1] x [0]
      : (tensor<{n}x{n}xf32>, tensor<{n}x{n}xf32>) -> tensor<{n}x{n}xf32>
    return %0 : tensor<{n}x{n}xf32>
  }}
}}"
    );
    let avals = [f32s(&[n, n])];
    let f = client().compile(&Program::stablehlo("power", &text, &avals, &avals)).unwrap();
    let mut x = upload(&vec![1.0 / n as f32; n * n], &[n, n]);
    for _ in 0..20 {
        // Each run may start before the one before it is done; its argument is dropped at once.
        x = run1(&f, &[&x]).unwrap();
    }
    assert!(read::<f32>(&x).iter().all(|&v| (v - 1.0 / n as f32).abs() < 1e-6));
}

#[test]
fn threads_run_one_executable_at_the_same_time() {
    let f = add("threads", true);
    let f = &f;
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let mut x = upload(&[thread as f32; 4], &[4]);
                let one = upload(&[1.0f32; 4], &[4]);
                for _ in 0..200 {
                    let mut call = f.call();
                    call.arg(&x, true).unwrap();
                    call.arg(&one, false).unwrap();
                    call.run().unwrap().replace(0, &mut x).unwrap();
                }
                assert_eq!(read::<f32>(&x), [thread as f32 + 200.0; 4]);
            });
        }
    });
}

#[test]
fn the_memory_of_a_run_is_known() {
    let memory = add("memory", true).memory_analysis().unwrap();
    assert_eq!(memory.argument, 32);
    assert_eq!(memory.output, 16);
    assert_eq!(memory.alias, 16);
}

#[test]
fn the_client_says_what_it_runs_on() {
    let client = client();
    assert_eq!(client.device_count(), 1);
    assert!(!client.platform().is_empty());
    assert!(client.plugin_path().unwrap().is_file());
    assert!(client.api_version().unwrap() >= (0, 81));
}

#[test]
fn a_program_is_loaded_from_its_bytes() {
    let f = add("add", true);
    let bytes = f.serialize().unwrap();
    let (inputs, y) = (vec![f32s(&[4]); 2], [f32s(&[4])]);
    let again = client().load(&bytes, &Program::stablehlo("again", "", &inputs, &y)).unwrap();
    let (a, b) = (upload(&[1.0f32, 2.0, 3.0, 4.0], &[4]), upload(&[0.5f32; 4], &[4]));
    assert_eq!(read::<f32>(&run1(&again, &[&a, &b]).unwrap()), [1.5, 2.5, 3.5, 4.5]);
    assert!(message(again.serialize().unwrap_err()).contains("keep those bytes"));
    // Its results are checked, like those of a program that is compiled.
    let other = [f32s(&[2, 2])];
    let program = Program::stablehlo("other", "", &inputs, &other);
    assert!(message(client().load(&bytes, &program).unwrap_err()).contains("output 0"));
    assert!(client().load(b"nothing", &Program::stablehlo("none", "", &inputs, &y)).is_err());
}

#[test]
fn the_floor_of_a_call_runs_a_program_on_its_own_results() {
    let avals = [f32s(&[4])];
    let text = "module @double {
  func.func public @main(%x: tensor<4xf32> {tf.aliasing_output = 0 : i32}) -> tensor<4xf32> {
    %0 = stablehlo.add %x, %x : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}";
    let double = client().compile(&Program::stablehlo("double", text, &avals, &avals)).unwrap();
    let mut floor = Floor::new(double, vec![upload(&[1f32; 4], &[4])]).unwrap();
    for _ in 0..3 {
        floor.step().unwrap();
    }
    let error =
        Floor::new(add("add", false), vec![upload(&[1f32; 4], &[4])]).map(drop).unwrap_err();
    assert!(message(error).contains("cannot be the next inputs"));
}
