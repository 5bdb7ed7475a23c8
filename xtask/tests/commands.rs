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
fn help_lists_every_command() {
    for argument in ["--help", "-h", "help"] {
        let (code, out, _) = run(&mut xtask(&Machine::new(), &[argument]));
        assert_eq!(code, 0);
        for command in ["setup", "--from FILE", "--cuda", "--tpu", "mnist", "test", "golden DIR"] {
            assert!(out.contains(command), "{command}");
        }
    }
}

#[test]
fn a_wrong_command_line_has_exit_code_2() {
    for (arguments, expected) in [
        (&[][..], "no command"),
        (&["fly"], "no command `fly`"),
        (&["setup", "--sideways"], "--sideways"),
        (&["setup", "--cuda", "--tpu"], "exclude each other"),
        (&["setup", "--from"], "--from"),
        (&["setup", "extra"], "extra"),
        (&["golden"], "needs the folder"),
        (&["golden", ".", "--quick"], "--quick"),
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

#[test]
fn a_failed_setup_has_exit_code_1_and_starts_nothing() {
    let machine = Machine::new();
    machine.python("echo 'no route to the index' >&2; exit 1");
    let cargo = fake_cargo(&machine);
    for arguments in [&["setup"][..], &["mnist"], &["test"], &["golden", "/"]] {
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
        (&["mnist", "--epochs", "2"][..], "--example mnist -- --epochs 2".to_string()),
        (&["test", "--", "-q"], "--workspace -- -q".to_string()),
        (&["test", "-p", "nnx-core", "name"], "Cargo.toml -p nnx-core name".to_string()),
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
