//! The backend of the crate `xla` through the public API: what it does as the other does, and what
//! it says of what it cannot do. A process has one client, so that other options run in a child
//! process.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(feature = "xla-rs")]

use nnx_core::value::Aval;
use nnx_core::xla::{Backend, Buffer, Client, ClientOptions, Dialect, Placement, Program, init};
use nnx_core::{Array, DType, Element};
use std::process::Command;

fn client() -> Client {
    init(ClientOptions::new().backend(Backend::XlaRs)).unwrap_or_else(|error| panic!("{error}"))
}

fn upload<T: Element>(values: &[T], dims: &[usize]) -> Buffer {
    client().upload(&T::to_bytes(values), Aval::new(T::DTYPE, dims), Placement::default()).unwrap()
}

#[test]
fn it_says_what_it_is() {
    let client = client();
    assert_eq!(client.backend(), Backend::XlaRs);
    assert_eq!((client.platform(), client.device_count()), ("cpu", 1));
    assert_eq!((client.plugin_path(), client.api_version()), (None, None));
    assert_eq!(client.to_string(), "the backend xla-rs on cpu");
}

#[test]
fn arrays_of_every_dtype_come_back() {
    for dtype in DType::ALL {
        let aval = Aval::new(dtype, &[2, 3]);
        let bytes: Vec<u8> = (0..aval.byte_size()).map(|i| (i % 2) as u8).collect();
        let buffer = client().upload(&bytes, aval, Placement::default()).unwrap();
        buffer.wait().unwrap();
        assert_eq!(buffer.to_host().unwrap(), bytes, "{dtype}");
        for dims in [&[][..], &[0], &[2, 0, 3]] {
            let aval = Aval::new(dtype, dims);
            let zeros = vec![0; aval.byte_size()];
            let buffer = client().upload(&zeros, aval.clone(), Placement::default()).unwrap();
            assert_eq!(buffer.to_host().unwrap().len(), aval.byte_size(), "{aval}");
        }
    }
}

#[test]
fn operations_run_on_it() {
    let client = client();
    let x = Array::from_slice(&[1.0_f32, 2.0, 3.0], [3]);
    assert_eq!(x.cumsum(0).to_vec::<f32>(), [1.0, 3.0, 6.0]);
    // As on PJRT, and not by XLA's default.
    let nan = Array::from_slice(&[f32::NAN, 1.0], [2]);
    assert!(nan.max(..).item::<f32>().is_nan());
    assert_eq!(client.backend(), Client::global().unwrap().backend());
}

#[test]
fn programs_are_compared_with_their_inputs_and_outputs() {
    let text = "HloModule f

ENTRY main {
  x = f32[2]{0} parameter(0)
  y = f32[2]{0} add(x, x)
  ROOT r = (f32[2]{0}, f32[2]{0}) tuple(x, y)
}
";
    let [f, i, longer] = [(DType::F32, 2), (DType::I32, 2), (DType::F32, 3)]
        .map(|(dtype, size)| move || Aval::new(dtype, &[size]));
    let compile = |inputs: &[Aval], outputs: &[Aval]| {
        let (name, placement, aliases) = ("f", Placement::default(), &[][..]);
        let dialect = Dialect::Hlo;
        let options = &[][..];
        let program = Program {
            dialect,
            aliases,
            placement,
            options,
            ..Program::stablehlo(name, text, inputs, outputs)
        };
        client().compile(&program).map(drop).map_err(|e| e.to_string())
    };
    compile(&[f()], &[f(), f()]).unwrap();
    for (inputs, outputs, expected) in [
        (&[i()][..], &[f(), f()][..], "another dtype and shape [2] for argument 0, not the i32[2]"),
        (
            &[longer()],
            &[f(), f()],
            "takes the same dtype and shape [2] for argument 0, not the f32[3]",
        ),
        (&[f(), f()], &[f(), f()], "takes 1 arguments, not the 2"),
        (&[f()], &[f(), i()], "returns another dtype and shape [2] for output 1, not the i32[2]"),
        (&[f()], &[f()], "returns 2 outputs, not the 1"),
    ] {
        let error = compile(inputs, outputs).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_it_cannot_do_is_an_error_that_names_the_other_backend() {
    let client = client();
    let text = "module @f { func.func public @main() -> tensor<f32> { } }";
    let out = Aval::scalar(DType::F32);
    let error = |error: nnx_core::Error| {
        let text = error.to_string();
        assert!(text.contains("xla-rs") && text.contains("pjrt"), "{text}");
        text
    };
    error(client.compile(&Program::stablehlo("f", text, &[], &[out])).unwrap_err());
    let buffer = upload(&[1.0_f32], &[1]);
    error(buffer.device_address().unwrap_err());
    let missing = buffer.copy_to(Placement::device(1)).unwrap_err().to_string();
    assert!(missing.contains("there is no device 1"), "{missing}");
    assert_eq!(
        buffer.copy_to(Placement::device(0)).unwrap().to_host().unwrap(),
        buffer.to_host().unwrap()
    );
}

#[test]
fn a_second_client_with_other_options_is_refused() {
    client();
    let error = init(ClientOptions::new().backend(Backend::Pjrt)).unwrap_err().to_string();
    assert!(error.contains("already runs") && error.contains("xla-rs"), "{error}");
}

/// Not a test by itself: the child process of the one below.
#[test]
fn child() {
    let Ok(request) = std::env::var("NNX_TEST_CHILD") else { return };
    let options = match request.as_str() {
        "plugin" => ClientOptions::new().backend(Backend::XlaRs).plugin("/p.so"),
        "devices" => ClientOptions::new().cpu_devices(2),
        "threads" => ClientOptions::new().cpu_threads(3),
        _ => ClientOptions::new(),
    };
    match init(options) {
        Ok(client) => println!("client {client}"),
        Err(error) => return println!("error {error}"),
    }
    let names = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    println!("pool {}", names.filter(|name| name.contains("Eigen")).count());
    // The flag that the backend adds is next to the user's.
    println!("flags {}", std::env::var("XLA_FLAGS").unwrap());
}

fn run_child(request: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command.env("NNX_TEST_CHILD", request).env("NNX_BACKEND", "xla-rs").env_remove("XLA_FLAGS");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn options_and_flags_are_checked_before_they_end_the_process() {
    for (request, variables, expected) in [
        ("plugin", &[][..], "opens no plugin"),
        ("devices", &[], "has one CPU device"),
        ("", &[("NNX_BACKEND", "tpu")], "there is no backend `tpu`; there are `pjrt` and `xla-rs`"),
        ("", &[("XLA_FLAGS", "--xla_no_such_flag=1")], "knows no flag `--xla_no_such_flag`"),
        ("", &[("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=maybe")], "true or false"),
        ("", &[("XLA_FLAGS", "flags.txt")], "takes it for a file"),
        ("threads", &[], "pool 3"),
        ("", &[], "client the backend xla-rs on cpu"),
        (
            "",
            &[("XLA_FLAGS", "--xla_backend_optimization_level=1")],
            "flags --xla_backend_optimization_level=1 --xla_cpu_enable_fast_min_max=false",
        ),
        (
            "",
            &[("XLA_FLAGS", "--xla_cpu_enable_fast_min_max=true")],
            "flags --xla_cpu_enable_fast_min_max=true",
        ),
    ] {
        let output = run_child(request, variables);
        assert!(output.contains(expected), "{request} {variables:?}: {output}");
    }
}
