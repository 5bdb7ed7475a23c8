//! The command line of `cargo xtask`.
#![allow(clippy::unwrap_used)]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{Machine, PLUGIN};
use std::process::{Command, Output};

/// An xtask that knows only this machine.
fn xtask(machine: &Machine, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(arguments)
        .env("NNX_HOME", machine.home())
        .env("PATH", machine.search_path())
        .env_remove("NNX_PJRT_PLUGIN")
        .env_remove("NNX_PLATFORM")
        .env_remove("PJRT_NAMES_AND_LIBRARY_PATHS");
    // Those of a run of these tests on the other backend.
    for name in ["XLA_EXTENSION_DIR", "LIBCLANG_PATH", "BINDGEN_EXTRA_CLANG_ARGS", "CXX"] {
        command.env_remove(name);
    }
    command.env_remove("NNX_BACKEND").env_remove("LD_LIBRARY_PATH");
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A cargo that says how it was called, and ends with exit code 7.
fn fake_cargo(machine: &Machine) -> std::path::PathBuf {
    machine.script("cargo", "echo \"plugin=$NNX_PJRT_PLUGIN\"; echo \"args=$*\"; exit 7")
}

#[test]
fn without_arguments_it_says_what_there_is() {
    let (code, out, err) = run(&mut xtask(&Machine::new(), &[]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, run(&mut xtask(&Machine::new(), &["--help"])).1);
}

#[test]
fn help_lists_every_command() {
    for argument in ["--help", "-h", "help"] {
        let (code, out, _) = run(&mut xtask(&Machine::new(), &[argument]));
        assert_eq!(code, 0);
        for command in [
            "setup",
            "--from FILE",
            "--cuda",
            "--tpu",
            "--xla-rs",
            "mnist",
            "example NAME",
            "test",
            "golden DIR",
            "conformance [--plugin PATH]",
            "tidy",
            "docs",
            "book",
        ] {
            assert!(out.contains(command), "{command}");
        }
    }
}

#[test]
fn the_book_is_made_by_mdbook_if_it_is_there() {
    let machine = Machine::new();
    let (code, out, err) = run(&mut xtask(&machine, &["book"]));
    assert_eq!(code, 1, "{out}");
    assert!(err.contains("`cargo install mdbook`"), "{err}");
    machine.script("mdbook", "echo \"args=$*\"");
    let (code, out, _) = run(&mut xtask(&machine, &["book"]));
    assert_eq!(code, 0);
    assert!(out.contains("args=build /") && out.ends_with("/docs\n"), "{out}");
}

#[test]
fn a_wrong_command_line_has_exit_code_2() {
    for (arguments, expected) in [
        (&["fly"][..], "no command `fly`"),
        (&["setup", "--sideways"], "--sideways"),
        (&["setup", "--cuda", "--tpu"], "exclude each other"),
        (&["setup", "--xla-rs", "--cuda"], "exclude each other"),
        (&["setup", "--from"], "--from"),
        (&["setup", "extra"], "extra"),
        (&["golden"], "needs the folder"),
        (&["example"], "`gpt`, `language_model`, `lora`, "),
        (&["example"], "`serve`, `siamese`, `vae`, "),
        (&["example", "common"], "no example `common`"),
        (&["golden", ".", "--quick"], "--quick"),
        (&["conformance", "plugin.so"], "plugin.so"),
    ] {
        let (code, _, err) = run(&mut xtask(&Machine::new(), arguments));
        assert_eq!(code, 2, "{arguments:?}");
        assert!(err.starts_with("error: ") && err.contains(expected), "{err}");
    }
}

#[test]
fn setup_from_a_file_is_done_once() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let arguments = ["setup", "--from", wheel.to_str().unwrap()];
    let (code, out, _) = run(&mut xtask(&machine, &arguments));
    assert_eq!((code, out.starts_with("XLA is set up: ")), (0, true), "{out}");
    let (code, out, _) = run(&mut xtask(&machine, &arguments));
    assert_eq!((code, out.starts_with("XLA is already set up: ")), (0, true), "{out}");
}

/// The permissions of a file or folder.
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_is_installed_only_its_owner_may_change_whatever_the_umask() {
    for umask in ["000", "002", "077"] {
        let machine = Machine::new();
        let wheel = machine.good_wheel();
        let home = machine.home();
        let script = format!(
            "umask {umask}; exec '{}' setup --from '{}'",
            env!("CARGO_BIN_EXE_xtask"),
            wheel.display()
        );
        let mut command = Command::new("sh");
        let (code, out, err) = run(command.args(["-c", &script]).env("NNX_HOME", &home));
        assert_eq!(code, 0, "{out}{err}");
        let folder = home.join("plugins").join(&machine.plugins()[0]);
        assert_eq!(mode(&folder), 0o755);
        for file in ["plugin.so", ".installed", "licenses/LICENSE"] {
            assert_eq!(mode(&folder.join(file)), 0o644, "{file}");
        }
        for above in [&home, &home.join("plugins")] {
            assert_eq!(mode(above) & 0o022, 0, "{}", above.display());
        }
    }
}

#[test]
fn a_relative_home_is_refused() {
    let machine = Machine::new();
    let mut command = xtask(&machine, &["setup"]);
    let (code, _, err) = run(command.env("NNX_HOME", "relative/folder"));
    assert_eq!(code, 1);
    assert!(err.contains("NNX_HOME is `relative/folder`, a relative path"), "{err}");
}

#[test]
fn a_damaged_plugin_of_another_origin_is_not_used() {
    let machine = Machine::new();
    let library = machine.path("plugin.so");
    std::fs::write(&library, PLUGIN).unwrap();
    run(&mut xtask(&machine, &["setup", "--from", library.to_str().unwrap()]));
    let folder = machine.home().join("plugins").join(&machine.plugins()[0]);
    std::fs::write(folder.join("plugin.so"), &PLUGIN[..PLUGIN.len() - 1]).unwrap();
    let cargo = fake_cargo(&machine);
    let (code, _, err) = run(xtask(&machine, &["test"]).env("CARGO", cargo));
    assert_eq!(code, 1);
    assert!(err.contains("is damaged") && err.contains("setup --from FILE"), "{err}");
}

#[test]
fn a_failed_setup_has_exit_code_1_and_starts_nothing() {
    let machine = Machine::new();
    machine.python("echo 'no route to the index' >&2; exit 1");
    let cargo = fake_cargo(&machine);
    for arguments in
        [&["setup"][..], &["mnist"], &["example", "mnist"], &["test"], &["golden", "/"]]
    {
        let (code, out, err) = run(xtask(&machine, arguments).env("CARGO", &cargo));
        assert_eq!(code, 1, "{arguments:?}");
        assert_eq!(out, "");
        assert!(err.contains("no route to the index"), "{err}");
        assert!(err.contains("error: pip could not fetch lammps-jax-pjrt-cpu=="), "{err}");
    }
    assert_eq!(machine.plugins(), [""; 0]);
}

#[test]
fn cargo_is_run_with_the_plugin_and_its_exit_code_kept() {
    let machine = Machine::new();
    let library = machine.path("plugin.so");
    std::fs::write(&library, PLUGIN).unwrap();
    run(&mut xtask(&machine, &["setup", "--from", library.to_str().unwrap()]));
    let installed = machine.home().join("plugins").join(&machine.plugins()[0]).join("plugin.so");
    let cargo = fake_cargo(&machine);
    let folder = machine.path("golden");
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.canonicalize().unwrap();
    for (arguments, expected) in [
        (&["mnist", "--epochs", "2"][..], "--bin mnist -- --epochs 2".to_string()),
        (
            &["example", "siamese", "--help"],
            "Cargo.toml --release --package nnx-examples --bin siamese -- --help".to_string(),
        ),
        (
            &["example", "vae", "--steps", "5"],
            "--release --package nnx-examples --bin gallery -- vae --steps 5".to_string(),
        ),
        (&["test", "--", "-q"], "--workspace -- -q".to_string()),
        (&["test", "-p", "nnx-core", "name"], "Cargo.toml -p nnx-core name".to_string()),
        (
            &["bench", "soak", "--json", "/a", "--", "--eager", "5"],
            "--package nnx --bench soak -- --eager 5 --json /a".to_string(),
        ),
        (
            &["bench", "steps", "--", "--models", "mlp"],
            "--package nnx --bench steps -- --models mlp".to_string(),
        ),
        (
            &["golden", "golden", "--list"],
            format!("--package nnx --test golden -- {} --list", folder.display()),
        ),
    ] {
        let mut command = xtask(&machine, arguments);
        command.env("CARGO", &cargo).current_dir(machine.path("."));
        let (code, out, err) = run(&mut command);
        assert_eq!(code, 7, "{arguments:?} {err}");
        assert!(out.contains(&format!("plugin={}\n", installed.display())), "{out}");
        assert!(out.trim_end().ends_with(&expected), "{out}");
        assert!(out.contains("--manifest-path"), "{out}");
    }
}

#[test]
fn a_plugin_that_the_user_names_is_used_without_setup() {
    let machine = Machine::new();
    let cargo = fake_cargo(&machine);
    let mut command = xtask(&machine, &["test"]);
    command.env("CARGO", cargo).env("NNX_PJRT_PLUGIN", "/my/plugin.so");
    let (code, out, _) = run(&mut command);
    assert_eq!(code, 7);
    assert!(out.contains("plugin=/my/plugin.so\n"), "{out}");
    assert!(!machine.home().exists());
}

#[test]
fn conformance_makes_one_table_of_its_parts_and_fails_if_one_does() {
    let machine = Machine::new();
    std::fs::write(machine.path("plugin.so"), PLUGIN).unwrap();
    let table = |good: &str, accuracy: f64| {
        let script = format!(
            "case \"$*\" in
              *conformance*) echo \"plugin=$NNX_PJRT_PLUGIN\"
                echo '| group | cases |'; echo '|---|---:|'; echo '| programs | 3 |'; exit {good};;
              *golden*) echo '| values | 4 |'; echo '4 passed';;
              *) echo 'test accuracy {accuracy} after 1 epochs';;
            esac"
        );
        let cargo = machine.script("cargo", &script);
        let mut command = xtask(&machine, &["conformance", "--plugin", "plugin.so"]);
        run(command.env("CARGO", cargo).current_dir(machine.path(".")))
    };
    let (code, out, _) = table("0", 0.96);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("/plugin.so\n4 passed\n"), "{out}");
    let expected =
        "| programs | 3 |\n| values | 4 |\n| MNIST, one epoch | 1 | 1 | 0 | accuracy 0.9600 |";
    assert!(out.trim_end().ends_with(expected), "{out}");
    assert_eq!(table("1", 0.96).0, 1);
    assert_eq!(table("0", 0.5).0, 1);
    let (code, out, _) = table("101", 0.96);
    assert_eq!((code, out.contains("| programs | | | | exit status: 101 |")), (1, true), "{out}");
    let (code, _, err) = run(&mut xtask(&machine, &["conformance", "--plugin", "missing.so"]));
    assert_eq!((code, err.contains("the plugin missing.so")), (1, true), "{err}");
}

#[test]
fn the_platform_chooses_the_plugin() {
    let machine = Machine::new();
    for name in ["xla_cuda_plugin.so", "cpu.so"] {
        let library = machine.path(name);
        std::fs::write(&library, PLUGIN).unwrap();
        run(&mut xtask(&machine, &["setup", "--from", library.to_str().unwrap()]));
    }
    let cargo = fake_cargo(&machine);
    let mut command = xtask(&machine, &["test"]);
    let (_, out, _) = run(command.env("CARGO", &cargo).env("NNX_PLATFORM", "cuda"));
    assert!(out.contains("xla_cuda_plugin.so\n"), "{out}");
    let (code, _, err) = run(command.env("NNX_PLATFORM", "abacus"));
    assert_eq!(code, 1);
    assert!(err.contains("`abacus`"), "{err}");
}

/// A stand-in for an unpacked `xla_extension`.
fn extension(machine: &Machine) -> std::path::PathBuf {
    let folder = machine.path("xla_extension");
    std::fs::create_dir_all(folder.join("include/xla")).unwrap();
    std::fs::create_dir_all(folder.join("lib")).unwrap();
    std::fs::write(folder.join("lib/libxla_extension.so"), "").unwrap();
    folder
}

/// A cargo that says how it was called, and in which environment.
fn telling_cargo(machine: &Machine) -> std::path::PathBuf {
    machine.script(
        "cargo",
        "echo \"plugin=$NNX_PJRT_PLUGIN\"; echo \"backend=$NNX_BACKEND\"
        echo \"extension=$XLA_EXTENSION_DIR\"; echo \"libclang=$LIBCLANG_PATH\"
        echo \"clang=$BINDGEN_EXTRA_CLANG_ARGS\"; echo \"loader=$LD_LIBRARY_PATH\"
        echo \"args=$*\"; exit 7",
    )
}

#[test]
fn xla_rs_is_a_feature_of_the_packages_that_are_built_and_an_environment() {
    let machine = Machine::new();
    machine.compiler();
    let extension = extension(&machine);
    let cargo = telling_cargo(&machine);
    for (arguments, expected) in [
        (
            &["test", "--xla-rs"][..],
            "--workspace --features nnx/xla-rs,nnx-core/xla-rs,nnx-examples/xla-rs",
        ),
        (
            &["test", "a", "--xla-rs", "--", "-q"],
            "nnx/xla-rs,nnx-core/xla-rs,nnx-examples/xla-rs a -- -q",
        ),
        (&["test", "--", "--xla-rs"], "--workspace -- --xla-rs"),
        (&["test", "--xla-rs", "-p", "nnx-core"], "--features nnx-core/xla-rs -p nnx-core"),
        (&["test", "--xla-rs", "--package=nnx"], "--features nnx/xla-rs --package=nnx"),
        (&["test", "--xla-rs", "-pxtask"], "Cargo.toml -pxtask"),
        (
            &["mnist", "--epochs", "2", "--xla-rs"],
            "--package nnx-examples --bin mnist --features nnx-examples/xla-rs -- --epochs 2",
        ),
        (
            &["example", "mnist", "--xla-rs", "--seed", "1"],
            "--package nnx-examples --bin mnist --features nnx-examples/xla-rs -- --seed 1",
        ),
        (&["golden", "/", "--xla-rs"], "--test golden --features nnx/xla-rs -- /"),
        (
            &["bench", "dispatch", "--xla-rs"],
            "--package nnx --bench dispatch --features nnx/xla-rs --",
        ),
        (
            &["bench", "start", "--xla-rs"],
            "--package nnx-examples --bench start --features nnx-examples/xla-rs --",
        ),
    ] {
        let mut command = xtask(&machine, arguments);
        command.env("CARGO", &cargo).env("XLA_EXTENSION_DIR", &extension);
        command.env("NNX_PJRT_PLUGIN", "/my/plugin.so").env("LD_LIBRARY_PATH", "/mine");
        let (code, out, err) = run(&mut command);
        assert_eq!(code, 7, "{arguments:?} {err}");
        assert!(out.trim_end().ends_with(expected), "{arguments:?}: {out}");
        if expected.starts_with("--workspace -- ") {
            assert!(out.contains("backend=\n"), "{out}");
            continue;
        }
        let lib = extension.join("lib");
        for line in [
            "backend=xla-rs".to_string(),
            format!("extension={}", extension.display()),
            "clang=-I/the/compilers/include".to_string(),
            format!("loader={}:/mine", lib.display()),
        ] {
            assert!(out.contains(&format!("{line}\n")), "{line}: {out}");
        }
    }
    // Nothing was set up.
    assert!(!machine.home().exists());
}

#[test]
fn what_the_user_says_to_bindgen_stays_and_training_needs_no_plugin() {
    let machine = Machine::new();
    let cargo = telling_cargo(&machine);
    let mut command = xtask(&machine, &["mnist", "--xla-rs"]);
    command.env("CARGO", &cargo).env("XLA_EXTENSION_DIR", extension(&machine));
    command.env("LIBCLANG_PATH", "/my/clang").env("BINDGEN_EXTRA_CLANG_ARGS", "-I/my/headers");
    let (code, out, err) = run(&mut command);
    assert_eq!(code, 7, "{err}");
    for line in ["plugin=\n", "libclang=/my/clang\n", "clang=-I/my/headers\n"] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert!(!machine.home().exists());
}

#[test]
fn setup_xla_rs_says_how_to_build_with_it() {
    let machine = Machine::new();
    machine.compiler();
    let extension = extension(&machine);
    let mut command = xtask(&machine, &["setup", "--xla-rs"]);
    let (code, out, err) = run(command.env("XLA_EXTENSION_DIR", &extension));
    assert_eq!(code, 0, "{err}");
    let folder = extension.display();
    for line in [
        format!("XLA for the crate `xla` is already set up: {folder}"),
        format!("  export XLA_EXTENSION_DIR='{folder}'"),
        "  export BINDGEN_EXTRA_CLANG_ARGS='-I/the/compilers/include'".to_string(),
        format!("  XLA_EXTENSION_DIR = \"{folder}\""),
        format!("  rustflags = [\"-Clink-arg=-Wl,-rpath,{folder}/lib\"]"),
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    std::fs::remove_dir_all(extension.join("include")).unwrap();
    let (code, _, err) = run(&mut command);
    assert_eq!(code, 1);
    assert!(err.contains("no `include/xla`"), "{err}");
}
