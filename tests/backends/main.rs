//! Every public function and every kind of program on both backends: the results are compared, bit
//! for bit where nothing is rounded. A process has one backend, so that each runs in a child.
#![allow(clippy::unwrap_used)]

#[path = "../../nnx-core/tests/api/more_probes.rs"]
#[allow(dead_code)]
mod more_probes;
#[path = "../../nnx-core/tests/api/points.rs"]
#[allow(dead_code)]
mod points;
#[path = "../../nnx-core/tests/api/probe.rs"]
#[allow(dead_code)]
mod probe;
#[path = "../../nnx-core/tests/api/probes.rs"]
#[allow(dead_code)]
mod probes;
mod programs;
mod results;

use nnx::xla::{Backend, Client};
use results::{Results, compare};
use std::path::Path;
use std::process::Command;

/// Not a test by itself: the child process. Writes what it computes to a file.
#[test]
fn child() {
    let Some(file) = std::env::var_os("NNX_TEST_RESULTS") else { return };
    let mut results = Results::default();
    programs::functions(&mut results);
    programs::compositions(&mut results);
    programs::training(&mut results);
    assert_eq!(Client::global().unwrap().backend().name(), std::env::var("NNX_BACKEND").unwrap());
    results.write(Path::new(&file));
}

#[test]
fn the_backends_agree() {
    let folder = tempfile::tempdir().unwrap();
    let run = |backend: Backend| {
        let file = folder.path().join(backend.name());
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("NNX_TEST_RESULTS", &file)
            .env("NNX_BACKEND", backend.name())
            // The inputs that a function does not take are found by trying.
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{backend}: {}: {said}", child.status);
        Results::read(&file)
    };
    let (xla_rs, pjrt) = std::thread::scope(|scope| {
        let pjrt = scope.spawn(|| run(Backend::Pjrt));
        (run(Backend::XlaRs), pjrt.join().unwrap())
    });
    compare(&pjrt, &xla_rs);
}
