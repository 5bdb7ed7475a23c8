//! Crates outside of this workspace, as users have them (`tests/crates`): a library of layers by
//! somebody else, an application of it, and mistakes that only an instance shows. They are built by
//! cargo where no plugin can be found.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

/// The target folder of the workspace, where what the crates depend on was built already.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// Lets one test at a time run cargo, with the versions of this workspace's lock file.
fn workspace() -> (MutexGuard<'static, ()>, PathBuf) {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = root.join("tests/crates");
    std::fs::copy(root.join("Cargo.lock"), crates.join("Cargo.lock")).unwrap();
    (one, crates)
}

/// Whether a variable of the environment can lead to a plugin.
fn is_ours(name: &str) -> bool {
    name.starts_with("NNX_") || name.starts_with("PJRT_")
}

/// The output of cargo and the program.
struct Said {
    success: bool,
    stdout: String,
    stderr: String,
}

/// Runs `cargo SUBCOMMAND --package …` where there is no plugin.
fn cargo(arguments: &[&str]) -> Said {
    let (_one, crates) = workspace();
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_ours) {
            command.env_remove(name);
        }
    }
    let output = command
        .env("NNX_HOME", home.path())
        .env("NNX_PJRT_PLUGIN", home.path().join("no-plugin"))
        .args(arguments)
        .args(["--offline", "--color", "never", "--target-dir"])
        .arg(target())
        .current_dir(crates)
        .output()
        .unwrap();
    Said {
        success: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Checks that `message` holds every one of `parts`, in this order.
#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    let mut rest = message;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("`{part}` is not in the rest of: {message}")
        };
        rest = after;
    }
}

/// The lines that begin an error.
fn errors(message: &str) -> Vec<&str> {
    message.lines().filter(|line| line.starts_with("error")).collect()
}

#[test]
fn a_library_and_its_application_build_and_trace_without_a_plugin() {
    let Said { success, stdout, stderr } = cargo(&["run", "--package", "application"]);
    assert!(!stderr.contains("warning"), "{stderr}");
    let expected = [
        "variable blocks[*].inner[0].values Param",
        "variable blocks[*].calls BatchStat",
        "variable head.values Param",
        r#"predict ["i32[]", "i32[]", "f32[2, 3]"]"#,
        r#"train_step ["f32[3]", "i32[]", "i32[]", "f32[3]", "f32[]"]"#,
        "module @jit_train_step {",
    ];
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected, "{stderr}");
    // It could not have run any of it.
    assert!(!success);
    assert_says(&stderr, &["panicked at application/src/main.rs", "no-plugin"]);
}

#[test]
fn cargo_check_reports_what_a_function_itself_shows() {
    let Said { success, stderr: message, .. } =
        cargo(&["check", "--package", "mistakes", "--features", "early"]);
    assert!(!success, "{message}");
    let path = "`model.encoder.embed` is `Shared`";
    for (part, line) in [
        ("cannot be part of a Module: what changes behind", "cache: std::cell::RefCell"),
        ("a float argument would compile the function again", "rate: &f32"),
        ("a jitted function cannot return a reference", "-> &'a Shared<Param>"),
        (path, "fn shared(model: &mut Tied"),
    ] {
        assert_says(&message, &[part, "mistakes/src/lib.rs", line]);
    }
    // One for each mistake, and cargo's own.
    assert_eq!(errors(&message).len(), 5, "{message}");
}

#[test]
fn a_crate_says_once_where_it_has_nnx_from() {
    let Said { success, stderr: message, .. } = cargo(&["check", "--package", "handed_on"]);
    assert!(success, "{message}");
    assert!(!message.contains("warning"), "{message}");
}

#[test]
fn a_macro_that_cannot_tell_where_nnx_is_names_the_option() {
    let Said { success, stderr: message, .. } = cargo(&["check", "--package", "lost"]);
    assert!(!success, "{message}");
    let lost = "`lost` has no dependency `nnx`, so this cannot tell where the crate is";
    for option in ["#[module(", "#[nnx::jit(", "#[nnx::dyn_module("] {
        let option = format!("say where, `{option}crate = other_crate::nnx)]`");
        assert_says(&message, &[lost, &option, "[package.metadata.nnx]"]);
    }
    // The function says it for itself, and that its argument is no Module.
    assert_eq!(errors(&message).len(), 4, "one for each item, and cargo's own: {message}");
}

#[test]
fn only_an_instance_shows_what_is_wrong_with_a_generic_function() {
    let Said { success, stderr: message, .. } = cargo(&["check", "--package", "mistakes"]);
    assert!(success, "nothing is instantiated yet: {message}");
    let Said { success, stderr: message, .. } = cargo(&["build", "--package", "mistakes"]);
    assert!(!success, "{message}");
    // The jitted function of the library, and where the application makes the instance.
    assert_says(
        &message,
        &[
            "`tree.inner[*].encoder.embed` is `Shared`",
            "library/src/lib.rs",
            "tree: &Residual<M>",
            "mistakes/src/lib.rs",
            "library::count(tied)",
        ],
    );
    // A transform inside of a function that is generic by itself.
    assert_says(
        &message,
        &[
            "`[1].encoder.embed` in the argument of `associative_scan` is `Shared`",
            "mistakes/src/lib.rs",
            "nnx::associative_scan(|a: &M, b: &M| f(a, b), xs, 0, false)",
        ],
    );
    // A jitted function that is generic by itself.
    assert_says(
        &message,
        &["`model.embed` is `Shared`", "mistakes/src/lib.rs", "model: &M, x: &Array"],
    );
    assert_eq!(errors(&message).len(), 4, "one for each instance, and cargo's own: {message}");
}

/// The manifest in docs/guide/getting-started.md, beside a clone of this repository.
#[test]
fn the_manifest_of_the_guide_is_one_that_cargo_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/guide/getting-started.md")).unwrap();
    let block = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let (dependencies, profiles) = block.split_once("\n[profile").unwrap();
    assert!(dependencies.contains("nnx = { path = \"../nnx\" }"), "{dependencies}");
    // The page says that these are the workspace's own.
    let own = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let section = |manifest: &str, name: &str| -> Vec<String> {
        let begin = manifest.split_once(&format!("[profile.{name}]\n")).unwrap().1;
        let lines = begin.lines().filter(|line| !line.starts_with('#'));
        lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    for name in ["dev", "dev.package.\"*\""] {
        assert_eq!(section(&format!("[profile{profiles}"), name), section(&own, name), "{name}");
    }

    let folder = tempfile::tempdir().unwrap();
    let circle = folder.path().join("circle");
    std::fs::create_dir_all(circle.join("src")).unwrap();
    let block = block.replace("../nnx", root.to_str().unwrap());
    let package = "[package]\nname = \"circle\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    std::fs::write(circle.join("Cargo.toml"), format!("{package}\n{block}")).unwrap();
    std::fs::write(circle.join("src/main.rs"), "fn main() {}\n").unwrap();
    std::fs::copy(root.join("Cargo.lock"), circle.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--depth", "1"])
        .current_dir(&circle)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("nnx v0.1.0"), "{}", text(&output.stdout));
}
