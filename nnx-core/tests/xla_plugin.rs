//! Finding and opening plugins: what goes wrong, and what the options do.
//!
//! A process has one client, so each test that makes one runs in a child process.
#![allow(missing_docs, clippy::unwrap_used)]

use nnx_core::xla::{Client, ClientOptions, init};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The error of making a client with the plugin at `path`.
fn refusal(path: &Path) -> String {
    init(ClientOptions::new().plugin(path)).unwrap_err().to_string()
}

#[test]
fn a_missing_file_is_named_with_the_fix() {
    let error = refusal(Path::new("/no/such/plugin.so"));
    assert!(error.contains("/no/such/plugin.so"), "{error}");
    assert!(error.contains("no such file"), "{error}");
    assert!(error.contains("cargo xtask setup"), "{error}");
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.so");
    std::fs::write(&path, vec![b'x'; 4096]).unwrap();
    let error = refusal(&path);
    assert!(error.contains("cannot be loaded"), "{error}");
    std::fs::write(&path, "").unwrap();
    assert!(refusal(&path).contains("only 0 bytes"), "{}", refusal(&path));
}

#[test]
fn a_name_without_a_slash_is_the_file_of_this_folder() {
    // The loader would look for this library in the system's folders.
    let error = refusal(Path::new("libm.so.6"));
    let here = std::env::current_dir().unwrap().join("libm.so.6");
    assert!(error.contains(&*here.to_string_lossy()), "{error}");
    assert!(error.contains("no such file"), "{error}");
}

#[test]
fn the_loaders_own_reason_is_given_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("needs.rs");
    let library = folder.path().join("needs.so");
    std::fs::write(&source, "").unwrap();
    // A library that needs another one, which is gone when it is loaded.
    let needed = folder.path().join("libcudart.so.99");
    let rustc = || Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
    let build = |command: &mut Command| {
        let output = command.args(["--edition=2024", "--crate-type=cdylib"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    build(rustc().arg("-o").args([&needed, &source]).arg("-Clink-arg=-Wl,-soname,libcudart.so.99"));
    build(
        rustc()
            .arg("-o")
            .args([&library, &source])
            .arg("-Clink-arg=-Wl,--no-as-needed")
            .arg(format!("-Clink-arg={}", needed.display())),
    );
    std::fs::remove_file(&needed).unwrap();
    let error = refusal(&library);
    assert!(error.contains("libcudart.so.99: cannot open shared object file"), "{error}");
    assert!(error.contains("LD_LIBRARY_PATH"), "{error}");
}

#[test]
fn a_library_that_is_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = compile_plugin(folder.path(), "old");
    let bytes = std::fs::read(&whole).unwrap();
    let cut = folder.path().join("cut.so");
    for part in [100, bytes.len() / 3] {
        std::fs::write(&cut, &bytes[..part]).unwrap();
        let error = refusal(&cut);
        assert!(error.contains("cut off"), "{error}");
    }
}

#[test]
fn libraries_that_are_no_fitting_plugins_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, reason) in [
        ("none", "not a PJRT plugin"),
        ("null", "returned nothing"),
        ("short", "has no version"),
        ("old", "its PJRT API 0.40 is too old"),
        ("new", "its PJRT API 1.0 is too new"),
        ("hollow", "lacks `PJRT_Error_Destroy`"),
    ] {
        let path = compile_plugin(folder.path(), kind);
        let error = refusal(&path);
        assert!(error.contains(reason), "{kind}: {error}");
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_plugin_below_somebody_elses_folder_that_everybody_may_write_to_is_refused() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let root = tempfile::tempdir().unwrap();
    let open = root.path().join("open");
    std::fs::create_dir_all(open.join("plugins")).unwrap();
    let path = compile_plugin(&open.join("plugins"), "old");
    let chmod = |mode| {
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    chmod(0o777);
    assert!(refusal(&path).contains("too old"), "one's own folder: {}", refusal(&path));
    if chown(&open, Some(1001), None).is_err() {
        eprintln!("skipped: only root can give folders to other users");
        return;
    }
    let error = refusal(&path);
    assert!(error.contains("everybody may write to"), "{error}");
    assert!(error.contains(&format!("`chmod o-w {}`", open.display())), "{error}");
    chmod(0o755);
    assert!(refusal(&path).contains("too old"), "{}", refusal(&path));
}

/// Builds a shared library that behaves like a plugin in the way that `kind` says.
fn compile_plugin(folder: &Path, kind: &str) -> PathBuf {
    let source = folder.join(format!("{kind}.rs"));
    let library = folder.join(format!("{kind}.so"));
    let (size, major, minor) = match kind {
        "short" => (16, 0, 90),
        "old" => (40, 0, 40),
        "new" => (1000, 1, 0),
        _ => (40, 0, 115),
    };
    let export = match kind {
        "none" => "".to_string(),
        "null" => "0 as *const Api".to_string(),
        _ => "&API.0".to_string(),
    };
    let body = format!(
        "#[repr(C)]
        pub struct Api(usize, usize, usize, usize, i32, i32);
        pub struct Table(Api);
        pub static API: Table = Table(Api({size}, 0, 24, 0, {major}, {minor}));"
    );
    let function = format!(
        "#[unsafe(no_mangle)] pub extern \"C\" fn GetPjrtApi() -> *const Api {{ {export} }}"
    );
    let function = if export.is_empty() { "" } else { &function };
    std::fs::write(&source, format!("{body}\n{function}")).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let status = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=cdylib", "-Awarnings", "-o"])
        .args([&library, &source])
        .status()
        .unwrap();
    assert!(status.success());
    library
}

#[test]
fn counts_out_of_range_are_refused() {
    for options in [
        ClientOptions::new().cpu_devices(0),
        ClientOptions::new().cpu_threads(0),
        ClientOptions::new().cpu_devices(1_000_000),
    ] {
        let error = init(options).unwrap_err().to_string();
        assert!(error.contains("between 1 and 1024"), "{error}");
    }
}

/// Not a test by itself: the child process of those below. Prints what it was asked for.
#[test]
fn child() {
    let Ok(request) = std::env::var("NNX_TEST_CHILD") else { return };
    let options = match request.as_str() {
        "two devices" => ClientOptions::new().cpu_devices(2),
        "five threads" => ClientOptions::new().cpu_threads(5),
        _ => ClientOptions::default(),
    };
    match init(options.clone()) {
        Ok(client) => println!("devices {}", client.device_count()),
        Err(error) => return println!("error {error}"),
    }
    let threads: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap())
        .collect();
    println!("pool {}", threads.iter().filter(|name| name.contains("Eigen")).count());
    println!("again {}", init(options).is_ok());
    println!("global {}", Client::global().is_ok());
    match init(ClientOptions::new().cpu_devices(7)) {
        Ok(_) => println!("other accepted"),
        Err(error) => println!("other {error}"),
    }
}

/// The command that runs [`child`] in its own process, with these environment variables changed.
fn child_command(request: &str, variables: &[(&str, Option<&str>)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command.env("NNX_TEST_CHILD", request).env("NNX_BACKEND", "pjrt");
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// The output of [`child`], with these environment variables changed.
fn run_child(request: &str, variables: &[(&str, Option<&str>)]) -> Output {
    child_command(request, variables).output().unwrap()
}

/// The child's output after `key`.
fn answer<'a>(output: &'a str, key: &str) -> &'a str {
    output
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no `{key}` in:\n{output}"))
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_client_has_one_device_makes_no_noise_and_stays() {
    let output = run_child("default", &[("TF_CPP_MIN_LOG_LEVEL", None), ("XLA_FLAGS", None)]);
    let text = stdout(&output);
    assert_eq!(answer(&text, "devices"), "1");
    assert_eq!(answer(&text, "again"), "true");
    assert_eq!(answer(&text, "global"), "true");
    assert!(answer(&text, "other").contains("already runs"), "{text}");
    // XLA's C++ library, where it is linked, logs before anybody can tell it not to.
    if !cfg!(feature = "xla-rs") {
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn the_number_of_devices_can_be_chosen() {
    let text = stdout(&run_child("two devices", &[]));
    assert_eq!(answer(&text, "devices"), "2");
}

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_threads_can_be_chosen() {
    let text = stdout(&run_child("five threads", &[]));
    assert_eq!(answer(&text, "pool"), "5", "{text}");
}

#[test]
fn without_any_plugin_every_place_tried_is_listed() {
    let empty = tempfile::tempdir().unwrap();
    let text = stdout(&run_child(
        "default",
        &[
            ("NNX_PJRT_PLUGIN", None),
            ("PJRT_NAMES_AND_LIBRARY_PATHS", None),
            ("VIRTUAL_ENV", None),
            ("CONDA_PREFIX", None),
            ("HOME", empty.path().to_str()),
            ("NNX_HOME", empty.path().to_str()),
            // A kind of plugin that no machine which runs this test has.
            ("NNX_PLATFORM", Some("rocm")),
        ],
    ));
    let plugins = empty.path().join("plugins");
    for expected in [
        "NNX_PJRT_PLUGIN",
        "PJRT_NAMES_AND_LIBRARY_PATHS",
        &*plugins.to_string_lossy(),
        "cargo xtask setup",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in:\n{text}");
    }
}

/// By each of the ways to find a plugin, a file that cannot be loaded is named, with the loader's reason.
#[test]
fn a_plugin_that_is_found_and_does_not_load_is_named() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    let folder = home.join("plugins/lammps-jax-pjrt-cpu-0.11.2");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("pjrt_c_api_cpu_plugin.so");
    std::fs::write(&file, vec![b'x'; 4096]).unwrap();
    let (file, folder) = (file.to_str().unwrap(), folder.to_str().unwrap());
    let none = [("NNX_PJRT_PLUGIN", None), ("PJRT_NAMES_AND_LIBRARY_PATHS", None)];
    let named = format!("cpu:{file}");
    for variables in [
        [none[1], ("NNX_PJRT_PLUGIN", Some(file))],
        [none[0], ("PJRT_NAMES_AND_LIBRARY_PATHS", Some(named.as_str()))],
    ] {
        let text = stdout(&run_child("default", &variables));
        let error = answer(&text, "error");
        assert!(error.contains(file) && error.contains("cannot be loaded"), "{error}");
    }
    let installed = [none[0], none[1], ("NNX_HOME", home.to_str())];
    let text = stdout(&run_child("default", &installed));
    let error = answer(&text, "error");
    assert!(error.contains(file) && error.contains("cargo xtask setup"), "{error}");

    // A name without a slash is a file of the folder in which the program runs, wherever the loader would look.
    let child = |variables: &[(&str, Option<&str>)]| {
        let mut command = child_command("default", variables);
        stdout(&command.current_dir(folder).output().unwrap())
    };
    let text = child(&[("NNX_PJRT_PLUGIN", Some("pjrt_c_api_cpu_plugin.so"))]);
    let error = answer(&text, "error");
    assert!(error.contains(file) && error.contains("cannot be loaded"), "{error}");
    let text = child(&[("NNX_PJRT_PLUGIN", Some("libm.so.6"))]);
    let error = answer(&text, "error");
    assert!(error.contains(&format!("{folder}/libm.so.6")), "{error}");
}

#[test]
fn flags_that_would_end_the_process_are_errors() {
    for (flags, expected) in [
        ("--xla_no_such_flag=1", "knows no flag `--xla_no_such_flag`"),
        ("--xla_dump_to", "`--xla_dump_to` needs a value"),
        ("--xla_cpu_multi_thread_eigen=maybe", "is true or false, not `maybe`"),
        ("--xla_backend_optimization_level=high", "is a whole number, not `high`"),
        ("--xla_backend_optimization_level=3000000000", "is between -2147483648 and 2147483647"),
        ("--xla_gpu_shape_checks=perhaps", "is one of IGNORE, RUNTIME, COMPILE_TIME, not"),
        ("--xla_multiheap_size_constraint_per_heap=1e3", "is a whole number, not `1e3`"),
        ("--xla_gpu_autotune_gemm_rtol=little", "is a number, not `little`"),
        ("xla_dump_to=/tmp", "takes it for a file"),
        ("-x", "`-x` is not a flag"),
        // Each flag has rules of its own, which XLA alone knows.
        (
            "--xla_cpu_experimental_ynn_fusion_type=NONSENSE",
            "Illegal value for --xla_cpu_experimental_ynn_fusion_type",
        ),
        ("--xla_gpu_enable_command_buffer=FUSION,ZZ", "--xla_gpu_enable_command_buffer"),
        ("--xla_fuel=x", "Illegal value for --xla_fuel"),
        ("--xla_gpu_shape_checks=ignore", "it cannot read `--xla_gpu_shape_checks`"),
        ("--xla_step_marker_location=ENTRY", "it cannot read `--xla_step_marker_location`"),
        // Texts of the library that are no flags.
        ("--xla_dump=1", "Unknown flag in XLA_FLAGS: --xla_dump=1"),
        ("--xla_shape=1", "Unknown flag in XLA_FLAGS: --xla_shape=1"),
    ] {
        let text = stdout(&run_child("default", &[("XLA_FLAGS", Some(flags))]));
        let error = answer(&text, "error");
        assert!(error.contains("XLA_FLAGS") && error.contains(expected), "{flags}: {error}");
    }
    for nproc in ["100000", "0", "many"] {
        let text = stdout(&run_child("default", &[("PJRT_NPROC", Some(nproc))]));
        assert!(answer(&text, "error").contains("PJRT_NPROC"), "{text}");
    }
    for good in [
        "--xla_cpu_multi_thread_eigen=true --xla_backend_optimization_level=2",
        "--xla_cpu_experimental_ynn_fusion_type=+dot,-eltwise --xla_detect_unstable_reductions=dump",
        "--xla_fuel=a=3",
    ] {
        let text = stdout(&run_child("default", &[("XLA_FLAGS", Some(good))]));
        assert_eq!(answer(&text, "devices"), "1", "{good}");
    }
}
