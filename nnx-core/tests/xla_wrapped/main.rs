//! Plugins that lack functions or fail when they start: the real one behind a table of our own.
//!
//! A process has one client, so each test runs in a child process.
#![allow(missing_docs, clippy::unwrap_used)]

use nnx_core::value::Aval;
use nnx_core::xla::{Backend, Client, ClientOptions, Placement, Program, init};
use nnx_core::{Array, DType};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The plugin around the real one.
fn wrapper() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("plugin.so");
        let status = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
            .args(["--edition=2024", "--crate-type=cdylib", "-o"])
            .arg(&library)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/xla/pjrt/tests/plugin.rs"))
            .status()
            .unwrap();
        assert!(status.success());
        (folder, library)
    });
    library
}

/// The output of the child of the test `name`, and the calls that the plugin noted. The variables say which
/// functions it lacks, and which fail.
fn child(name: &str, variables: &[(&str, &str)]) -> (String, String) {
    let real = init(ClientOptions::new().backend(Backend::Pjrt)).unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("NNX_TEST_CHILD", wrapper())
        .env("REAL", real.plugin_path().unwrap())
        .env("LOG", log.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(log.path()).unwrap();
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), calls.replace('\n', " "))
}

/// In a child: a client of the plugin around the real one.
fn in_child() -> Option<impl Fn() -> nnx_core::Result<Client>> {
    let plugin = std::env::var_os("NNX_TEST_CHILD")?;
    Some(move || init(ClientOptions::new().backend(Backend::Pjrt).plugin(&plugin)))
}

const INITIALIZE: &str = "8 ";
const CREATE: &str = "15 ";
const DESTROY: &str = "16 ";
const DEVICES: &str = "21 ";

#[test]
fn a_plugin_is_initialized_once_whatever_becomes_of_it() {
    const TEST: &str = "a_plugin_is_initialized_once_whatever_becomes_of_it";
    let Some(start) = in_child() else {
        for (fails, calls) in [
            // Nothing more is asked of a plugin that could not be initialized.
            ("8", INITIALIZE.to_string()),
            ("15", INITIALIZE.to_string() + &CREATE.repeat(3)),
            // A client whose devices are not known is given back.
            ("21", INITIALIZE.to_string() + &[CREATE, DEVICES, DESTROY].concat().repeat(3)),
        ] {
            let (output, noted) = child(TEST, &[("FAILS", fails)]);
            assert_eq!(output.matches("made to fail").count(), 3, "{fails}: {output}");
            assert_eq!(noted, calls, "{fails}");
        }
        let (output, noted) = child(TEST, &[]);
        assert!(output.contains("started started started"), "{output}");
        assert_eq!(noted, [INITIALIZE, CREATE, DEVICES].concat());
        return;
    };
    let starts = (0..3).map(|_| start().map_or_else(|e| e.to_string(), |_| "started".to_string()));
    println!("{}", starts.collect::<Vec<_>>().join(" "));
}

/// The functions that a plugin need not have, with what is not possible without them.
#[test]
fn a_plugin_may_lack_what_is_optional() {
    const TEST: &str = "a_plugin_may_lack_what_is_optional";
    let Some(start) = in_child() else {
        const OPTIONAL: [&str; 12] =
            ["11", "16", "31", "34", "53", "54", "61", "74", "78", "95", "96", "101"];
        let all = OPTIONAL.join(" ");
        for lacks in OPTIONAL.iter().copied().chain([all.as_str()]) {
            let (output, _) = child(TEST, &[("LACKS", lacks)]);
            assert!(output.contains("computed [2.0, 4.0]"), "without {lacks}: {output}");
        }
        return;
    };
    start().unwrap();
    let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
    println!("computed {:?}", (&x + &x).to_vec::<f32>());
}

#[test]
fn results_of_another_shape_are_found_also_where_the_plugin_does_not_tell_them() {
    const TEST: &str =
        "results_of_another_shape_are_found_also_where_the_plugin_does_not_tell_them";
    let Some(start) = in_child() else {
        for (lacks, expected) in [("", "compiling: "), ("95", "reading: "), ("96", "reading: ")] {
            let (output, _) = child(TEST, &[("LACKS", lacks)]);
            let is_answer = |line: &&str| line.contains("f32[2]") || line.contains("was read");
            let errors: Vec<&str> = output.lines().filter(is_answer).collect();
            assert_eq!(errors.len(), 3, "{output}");
            for error in errors {
                assert!(error.starts_with(expected), "without {lacks}: {error}");
            }
        }
        return;
    };
    let client = start().unwrap();
    let text = "module @f {
  func.func public @main(%arg0: tensor<2xf32>) -> tensor<2xf32> {
    return %arg0 : tensor<2xf32>
  }
}
";
    let inputs = [Aval::new(DType::F32, &[2])];
    let x = client.upload(&[0; 8], inputs[0].clone(), Placement::default()).unwrap();
    for (dtype, shape) in [(DType::F32, &[4][..]), (DType::I32, &[2]), (DType::F32, &[1, 2])] {
        let outputs = [Aval::new(dtype, shape)];
        let f = match client.compile(&Program::stablehlo("f", text, &inputs, &outputs)) {
            Ok(f) => f,
            Err(error) => {
                println!("compiling: {error}");
                continue;
            }
        };
        let mut call = f.call();
        call.arg(&x, false).unwrap();
        match call.run().unwrap().take(0).unwrap().to_host() {
            Ok(bytes) => println!("{} was read as {bytes:?}", outputs[0]),
            Err(error) => println!("reading: {error}"),
        }
    }
}

#[test]
fn programs_that_take_other_arguments_are_refused_also_where_the_plugin_does_not_tell_them() {
    const TEST: &str =
        "programs_that_take_other_arguments_are_refused_also_where_the_plugin_does_not_tell_them";
    let Some(start) = in_child() else {
        for (lacks, unknown) in
            [("", "accepted"), ("53", "the plugin does not tell its parameters")]
        {
            let (output, _) = child(TEST, &[("LACKS", lacks), ("NNX_CACHE", "off")]);
            for (answer, expected) in [
                ("itself", "accepted"),
                (
                    "another dtype",
                    "takes another dtype and shape [2] for argument 0, not the i32[2]",
                ),
                (
                    "another shape",
                    "takes the same dtype and shape [2] for argument 0, not the f32[4]",
                ),
                ("another number", "takes 1 arguments, not the 0"),
                ("by name", unknown),
                ("loaded", unknown),
            ] {
                let line =
                    output.lines().find_map(|line| line.strip_prefix(&format!("{answer}: ")));
                assert!(
                    line.is_some_and(|line| line.contains(expected)),
                    "{lacks} {answer}: {output}"
                );
            }
        }
        return;
    };
    let client = start().unwrap();
    let text = |of_type: &str| {
        format!(
            "module @f {{ func.func public @main(%arg0: {of_type}) -> {of_type} {{
              return %arg0 : {of_type} }} }}"
        )
    };
    let output = [Aval::new(DType::F32, &[2])];
    let plain = text("tensor<2xf32>");
    let named = "!t = tensor<2xf32>\n".to_string() + &text("!t");
    for (what, text, inputs) in [
        ("itself", &plain, &output[..]),
        ("another dtype", &plain, &[Aval::new(DType::I32, &[2])]),
        ("another shape", &plain, &[Aval::new(DType::F32, &[4])]),
        ("another number", &plain, &[]),
        ("by name", &named, &output),
    ] {
        let compiled = client.compile(&Program::stablehlo("f", text, inputs, &output));
        println!("{what}: {}", compiled.map_or_else(|e| e.to_string(), |_| "accepted".into()));
    }
    let program = Program::stablehlo("f", &plain, &output, &output);
    let bytes = client.compile(&program).unwrap().serialize().unwrap();
    let loaded = client.load(&bytes, &program);
    println!("loaded: {}", loaded.map_or_else(|e| e.to_string(), |_| "accepted".into()));
}
