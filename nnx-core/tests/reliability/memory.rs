//! Memory that is not there.

use super::child;
use nnx_core::xla::{Backend, Client};
use nnx_core::{Array, DType, Error, array};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

const TEST: &str = "memory::memory_that_is_missing_is_an_error";

/// Gives this process `more` bytes of address space; false where that cannot be set.
fn leave(more: u64) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let size: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    let pid = std::process::id().to_string();
    let limit = format!("--as={}", size * 1024 + more);
    Command::new("prlimit").args(["--pid", &pid, &limit]).status().is_ok_and(|s| s.success())
}

fn code(result: Result<(), Error>) -> &'static str {
    match result.unwrap_err() {
        Error::Xla { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

fn panics(f: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_missing_is_an_error() {
    if !child::is(TEST) {
        // The errors of the crate `xla` have no status codes.
        if Client::global().unwrap().backend() == Backend::XlaRs {
            return;
        }
        let text = child::output(&mut child::command(TEST));
        assert!(text.contains("all refused") || text.contains("no prlimit"), "{text}");
        return;
    }
    const SIZE: usize = 512 << 20;
    array::ones([4], DType::F32).sum(0).item::<f32>();
    let some = array::zeros([SIZE], DType::U8);
    some.block_until_ready().unwrap();
    if !leave(SIZE as u64 / 2) {
        return println!("no prlimit");
    }
    // The host has no room for a copy.
    assert_eq!(code(some.to_bytes().map(drop)), "RESOURCE_EXHAUSTED");
    assert_eq!(code(some.try_to_vec::<u8>().map(drop)), "RESOURCE_EXHAUSTED");
    assert!(panics(|| drop(some.to_vec::<u8>())).contains("RESOURCE_EXHAUSTED"));
    // The device has no room for a result: an error at once, or where it is read.
    let huge = |x: &Array| x.broadcast_to([1_usize << 35]);
    let x = Array::scalar(1.0_f32);
    assert!(panics(|| drop(huge(&x).to_vec::<f32>())).contains("RESOURCE_EXHAUSTED"));
    assert!(panics(|| assert_eq!(huge(&x).item::<f32>(), 1.0)).contains("RESOURCE_EXHAUSTED"));
    // The next call works.
    assert_eq!(array::ones([4], DType::F32).sum(0).item::<f32>(), 4.0);
    println!("all refused");
}
