//! Scratch memory that stays with the process from run to run.

use super::child;
use nnx_core::value::{Aval, DType};
use nnx_core::xla::{Client, Program};

const TEST: &str = "kept_memory::a_run_takes_no_page_faults_for_its_scratch_memory";
const RUNS: u64 = 20;

/// Minor page faults of this process so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name of the process may hold anything.
    stat.rsplit(") ").next().unwrap().split(' ').nth(7).unwrap().parse().unwrap()
}

/// Page faults a run of a program that needs `rows` times 8 KB in between.
fn faults_a_run(rows: usize) -> u64 {
    let f32s = |dims: &[usize]| Aval::new(DType::F32, dims);
    let (ins, out) = ([f32s(&[rows, 8]), f32s(&[8, 2048]), f32s(&[2048, 1])], f32s(&[rows, 1]));
    let (x, y, z) = (format!("tensor<{rows}x8xf32>"), "tensor<8x2048xf32>", "tensor<2048x1xf32>");
    let (xy, xyz) = (format!("tensor<{rows}x2048xf32>"), format!("tensor<{rows}x1xf32>"));
    let text = format!(
        "module {{ func.func public @main(%x: {x}, %y: {y}, %z: {z}) -> {xyz} {{
           %a = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : ({x}, {y}) -> {xy}
           %b = stablehlo.dot_general %a, %z, contracting_dims = [1] x [0] : ({xy}, {z}) -> {xyz}
           return %b : {xyz} }} }}"
    );
    let client = Client::global().unwrap();
    let program = client.compile(&Program::stablehlo("products", &text, &ins, &[out])).unwrap();
    let scratch = program.memory_analysis().unwrap().temp;
    assert!(scratch >= rows as u64 * 8192, "{scratch} bytes of scratch memory");
    let args = ins.map(|aval| client.upload(&vec![0; aval.byte_size()], aval, 0).unwrap());
    let run = || {
        let mut call = program.call();
        args.iter().for_each(|arg| call.arg(arg, false).unwrap());
        call.run().unwrap().take(0).unwrap().wait().unwrap();
    };
    (0..5).for_each(|_| run());
    let before = faults();
    (0..RUNS).for_each(|_| run());
    (faults() - before) / RUNS
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_run_takes_no_page_faults_for_its_scratch_memory() {
    // 32 MB, and more than an arena of another thread has room for.
    const ROWS: [usize; 2] = [4096, 12_800];
    if child::is(TEST) {
        return println!("faults: {:?}", ROWS.map(faults_a_run));
    }
    let faults = |var: &str, value: &str| {
        let mut command = child::command(TEST);
        for own in ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX"] {
            command.env_remove(own);
        }
        command.env_remove("GLIBC_TUNABLES").env_remove("NNX_KEEP_MEMORY").env(var, value);
        let text = child::output(&mut command);
        let list = text.split("faults: [").nth(1).unwrap().split(']').next().unwrap();
        let list: Vec<u64> = list.split(", ").map(|n| n.parse().unwrap()).collect();
        list
    };
    let huge = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let huge = huge.is_ok_and(|setting| setting.contains("[always]"));
    // A fault for each page of 4 KB.
    let all: Vec<u64> = ROWS.iter().map(|&rows| rows as u64 * 2).collect();
    let many = |list: &[u64]| list.iter().zip(&all).all(|(&n, &all)| n > all / 2);
    let kept = faults("NNX_KEEP_MEMORY", "");
    assert!(kept.iter().zip(&all).all(|(&n, &all)| n < all / 20), "{kept:?}");
    for (var, value) in [("NNX_KEEP_MEMORY", "off"), ("MALLOC_MMAP_THRESHOLD_", "131072")] {
        let list = faults(var, value);
        assert!(huge || many(&list), "{var}={value}: {list:?}");
    }
}
