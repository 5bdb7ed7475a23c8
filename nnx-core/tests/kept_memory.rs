//! Scratch memory stays with the process from run to run. Without a harness, whose threads allocate before a
//! client is made.
#![allow(missing_docs, clippy::unwrap_used)]

use nnx_core::value::{Aval, DType};
use nnx_core::xla::{Client, Placement, Program};
use std::process::Command;

/// Variables that decide what is kept.
const VARS: [&str; 7] = [
    "NNX_KEEP_MEMORY",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_MMAP_MAX_",
    "MALLOC_TOP_PAD_",
    "MALLOC_ARENA_MAX",
    "GLIBC_TUNABLES",
];
const RUNS: u64 = 10;
const ROUNDS: usize = 16;

/// Minor page faults of this process so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name of the process may hold anything.
    stat.rsplit(") ").next().unwrap().split(' ').nth(7).unwrap().parse().unwrap()
}

/// Page faults a run of a program that needs `rows` times 8 KB in between: the fewest of several rounds, because
/// the first run on each of XLA's threads takes them in any case.
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
    let args = ins
        .map(|aval| client.upload(&vec![0; aval.byte_size()], aval, Placement::default()).unwrap());
    let run = || {
        let mut call = program.call();
        args.iter().for_each(|arg| call.arg(arg, false).unwrap());
        call.run().unwrap().take(0).unwrap().wait().unwrap();
    };
    let round = || {
        let before = faults();
        (0..RUNS).for_each(|_| run());
        (faults() - before) / RUNS
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

/// The faults of a child that runs there, in the order of `rows`.
fn child(place: &str, rows: &[usize], setting: (&str, &str)) -> Vec<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for var in VARS {
        command.env_remove(var);
    }
    command.env(setting.0, setting.1).args(["--child", place]);
    // The programs below are StableHLO.
    command.env("NNX_BACKEND", "pjrt");
    let output = command.args(rows.iter().map(usize::to_string)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, place, rows @ ..] = args.as_slice()
        && flag == "--child"
    {
        let run = |rows: &[String]| {
            rows.iter().for_each(|n| println!("{}", faults_a_run(n.parse().unwrap())));
        };
        match place.as_str() {
            "main" => run(rows),
            _ => std::thread::scope(|scope| scope.spawn(|| run(rows)).join().unwrap()),
        }
        return;
    }
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return println!("nothing is set here");
    }
    // 32 MB.
    const ROWS: [usize; 1] = [4096];
    let few = |list: &[u64], rows: usize| list.iter().all(|&n| n < rows as u64 / 10);
    for place in ["main", "thread"] {
        let kept = child(place, &ROWS, ("NNX_KEEP_MEMORY", ""));
        assert!(few(&kept, ROWS[0]), "{kept:?} faults a run on {place}");
    }
    // The arena of a thread has room for 64 MB; that of the process, which is the only one then, for more.
    let kept = child("main", &[12_800], ("MALLOC_ARENA_MAX", "1"));
    assert!(few(&kept, 12_800), "{kept:?} faults a run");
    let huge = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if huge.is_ok_and(|setting| setting.contains("[always]")) {
        return println!("pages are large here: there are few faults in any case");
    }
    // Otherwise a fault for each page of 4 KB.
    for setting in [("NNX_KEEP_MEMORY", "off"), ("MALLOC_MMAP_THRESHOLD_", "131072")] {
        let list = child("main", &ROWS, setting);
        let many = list.iter().zip(ROWS).all(|(&n, rows)| n > rows as u64);
        assert!(many, "{setting:?}: {list:?} faults a run");
    }
}
