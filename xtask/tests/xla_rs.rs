//! The set-up for the crate `xla` on make-believe machines.
#![allow(clippy::unwrap_used)]
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]

mod common;

use common::Machine;
use std::path::Path;
use xtask::xla_rs::{Library, Wheels};

const FOLDER: &str = "tensorflow-1.2-llvm-1.2-libclang-1.2-r1";

/// The files below a folder, by path.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A machine with a compiler, and a pip that has the wheels.
fn machine() -> (Machine, Wheels) {
    let machine = Machine::new();
    let wheels = machine.xla_wheels();
    machine.python(&machine.xla_pip());
    machine.compiler();
    (machine, wheels)
}

#[test]
fn the_library_is_put_together_once_and_holds_what_is_needed() {
    let (machine, wheels) = machine();
    let first = machine.xla_rs(&wheels).install().unwrap();
    let folder = machine.home().join("xla-rs").join(FOLDER);
    let libclang = Some(folder.join("libclang"));
    assert_eq!(first, Library { folder: folder.clone(), libclang, already: false });
    let found = files(&folder);
    for part in [
        "include/Eigen/Core",
        "include/farmhash.h",
        "include/grpc/a.h",
        "include/llvm-c/DataTypes.h",
        "include/mlir/IR/a.h",
        "include/xla/deep/down/a.h",
        "lib/libtensorflow_cc.so.2",
        "lib/libtensorflow_framework.so.2",
        "lib/libxla_shim.so",
        "libclang/libclang.so",
        "licenses/tensorflow-cpu/tensorflow/THIRD_PARTY_NOTICES.txt",
        "licenses/tensorflow-cpu/tensorflow/include/Eigen/LICENSE",
    ] {
        assert!(found.iter().any(|file| file == part), "{part} is not in {found:#?}");
    }
    for part in ["tensorflow/core", "mlir/Dialect", "llvm/IR", ".cc", ".py", ".a", ".whl"] {
        assert!(!found.iter().any(|file| file.contains(part)), "{part} is in {found:#?}");
    }
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(
        text("include/llvm/Config/abi-breaking.h"),
        "#define LLVM_ENABLE_ABI_BREAKING_CHECKS 0\n"
    );
    assert!(!text("include/xla/client/client_library.h").contains("fat"));
    assert_eq!(
        text("lib/libxla_extension.so"),
        "INPUT ( -l:libxla_shim.so -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 )\n"
    );
    assert_eq!(machine.installed("xla-rs"), [FOLDER]);
    assert_eq!(machine.downloads(), 3);

    // From now on neither Python, nor a compiler, nor network is needed.
    std::fs::remove_dir_all(machine.bin()).unwrap();
    let second = machine.xla_rs(&wheels).install().unwrap();
    assert_eq!(second, Library { already: true, ..first });
}

/// The error of a set-up; nothing may be left behind by it.
fn failure(machine: &Machine, wheels: &Wheels) -> String {
    let error = machine.xla_rs(wheels).install().unwrap_err();
    assert_eq!(machine.installed("xla-rs"), [""; 0], "{error}");
    error
}

#[test]
fn a_wheel_with_another_digest_stops_the_set_up() {
    for name in ["tensorflow-cpu", "xtc-llvm-dev", "libclang"] {
        let (machine, wheels) = machine();
        std::fs::write(machine.path(&format!("{name}.whl")), "another").unwrap();
        let error = failure(&machine, &wheels);
        let expected = format!("the wheel of {name}==1.2 is not the pinned one");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn a_download_that_fails_tells_how_to_do_without() {
    let (machine, wheels) = machine();
    machine.python("echo half > \"$dest/x.whl\"; exit 1");
    let error = failure(&machine, &wheels);
    for part in ["could not fetch tensorflow-cpu==1.2", "PIP_FIND_LINKS", "XLA_EXTENSION_DIR"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_wheel_without_a_part_is_refused() {
    let (machine, mut wheels) = machine();
    let empty = machine.wheel("libclang.whl", &[("clang/README", b"nothing else")]);
    wheels.libclang = machine.pin_as("libclang", &empty);
    let error = failure(&machine, &wheels);
    assert!(error.contains("libclang==1.2 holds no libclang/libclang.so"), "{error}");
}

#[test]
fn without_a_whole_compiler_nothing_is_fetched() {
    let (machine, wheels) = machine();
    machine.script("c++", "cat > /dev/null; echo 'no <memory>' >&2; exit 3");
    let error = failure(&machine, &wheels);
    assert!(error.contains("bin/c++ cannot compile a small C++17 program"), "{error}");
    std::fs::remove_file(machine.bin().join("c++")).unwrap();
    let error = failure(&machine, &wheels);
    assert!(error.contains("no C++ compiler was found") && error.contains("CXX"), "{error}");
    assert_eq!(machine.downloads(), 0);
}

#[test]
fn a_shim_that_does_not_compile_leaves_nothing() {
    let (machine, wheels) = machine();
    machine.script("c++", "case \"$*\" in *-fsyntax-only*) exit 0 ;; esac; exit 1");
    let error = failure(&machine, &wheels);
    assert!(error.contains("could not compile what the crate `xla` needs"), "{error}");
}

#[test]
fn what_a_killed_set_up_left_is_removed_and_replaced() {
    let (machine, wheels) = machine();
    let root = machine.home().join("xla-rs");
    std::fs::create_dir_all(root.join(".setup-dead/new/include")).unwrap();
    std::fs::create_dir_all(root.join(FOLDER).join("include/xla")).unwrap();
    assert!(!machine.xla_rs(&wheels).install().unwrap().already);
    assert_eq!(machine.installed("xla-rs"), [FOLDER]);
}

#[test]
fn a_folder_that_the_user_names_must_hold_the_library() {
    let machine = Machine::new();
    let folder = machine.path("xla_extension");
    let error = |what: &str| {
        let error = Library::given(folder.as_os_str()).unwrap_err();
        assert!(error.contains("XLA_EXTENSION_DIR") && error.contains(what), "{error}");
    };
    error("include/xla");
    std::fs::create_dir_all(folder.join("include/xla")).unwrap();
    error("lib/libxla_extension.so");
    std::fs::create_dir_all(folder.join("lib")).unwrap();
    std::fs::write(folder.join("lib/libxla_extension.so"), "").unwrap();
    let library = Library::given(folder.as_os_str()).unwrap();
    assert_eq!(library, Library { folder, libclang: None, already: true });
}
