//! A run that goes on from a step gives the same numbers, to the last bit, as one that was not interrupted; and a process
//! that is killed while it saves leaves the steps before.

use nnx::nn::{BatchNorm, Dropout, Linear};
use nnx::optim::{AdamW, Optimizer, adamw, warmup_cosine_decay_schedule};
use nnx::random::{RngStream, Rngs};
use nnx::train::{CheckpointManager, CheckpointManagerOptions};
use nnx::{Array, DType, Module, Param, array, value_and_grad};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::tempdir;

#[derive(Module)]
struct Net {
    hidden: Linear,
    norm: BatchNorm,
    dropout: Dropout,
    out: Linear,
}

/// All that the next step depends on.
#[derive(Module)]
struct Run {
    net: Net,
    opt: Optimizer<AdamW>,
    data: RngStream,
}

fn run(seed: u64) -> Run {
    let mut rngs = Rngs::new(seed);
    let net = Net {
        hidden: Linear::new(3, 8, &mut rngs),
        norm: BatchNorm::new(8, &mut rngs),
        dropout: Dropout::new(0.25, &mut rngs),
        out: Linear::new(8, 1, &mut rngs),
    };
    let rate = warmup_cosine_decay_schedule(0.0, 0.1, 3, 12, 0.0);
    Run { opt: Optimizer::new(&net, adamw(rate)), net, data: rngs.stream("data").fork() }
}

#[nnx::jit(graph = false)]
fn step(run: &mut Run) -> Array {
    let x = nnx::random::normal(&run.data.next_key(), [4, 3], DType::F32);
    let loss_of = |net: &mut Net| {
        let h = net.norm.forward(net.hidden.forward(&x)).relu();
        (net.out.forward(net.dropout.forward(&h)) - 1.0).square().mean(..)
    };
    let (loss, grads) = value_and_grad(loss_of, &mut run.net);
    run.opt.update(&mut run.net, &grads);
    loss
}

fn bits(run: &Run) -> Vec<Vec<u8>> {
    nnx::state(run).iter().map(|(_, leaf)| leaf.value.to_bytes().unwrap()).collect()
}

#[test]
fn a_run_that_goes_on_is_equal_to_the_last_bit() {
    let folder = tempdir().unwrap();
    let mut manager =
        CheckpointManager::new(folder.path(), CheckpointManagerOptions::new()).unwrap();
    let mut straight = run(0);
    let mut losses = Vec::new();
    for i in 1..=8_u64 {
        losses.push(step(&mut straight).item::<f32>());
        // The next step donates the buffers, while the thread writes.
        manager.save(i, &straight).unwrap();
    }
    for from in [1, 5, 8] {
        let mut rest = run(99);
        assert_ne!(bits(&rest), bits(&straight));
        manager.restore(from, &mut rest).unwrap();
        for loss in &losses[from as usize..] {
            assert_eq!(step(&mut rest).item::<f32>(), *loss);
        }
        assert_eq!(bits(&rest), bits(&straight));
    }
}

#[test]
fn the_values_are_those_of_the_moment_of_the_save() {
    #[nnx::jit(graph = false)]
    fn add(x: &mut Param) {
        x.set(&**x + 1.0);
    }
    let folder = tempdir().unwrap();
    let mut manager =
        CheckpointManager::new(folder.path(), CheckpointManagerOptions::new()).unwrap();
    let mut x = Param::new(array::zeros([300_000], DType::F32));
    for i in 0..4 {
        manager.save(i, &x).unwrap();
        for _ in 0..5 {
            add(&mut x);
        }
    }
    for i in 0..4 {
        manager.restore(i, &mut x).unwrap();
        let values = x.to_vec::<f32>();
        assert!(values.iter().all(|v| *v == 5.0 * i as f32), "step {i}: {:?}", &values[..3]);
    }
}

const FOLDER: &str = "NNX_TEST_CHECKPOINTS";

/// The process that is killed: not a test by itself.
#[test]
fn saves_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let options = CheckpointManagerOptions::new().max_to_keep(2).max_shard_size(400_000);
    let mut manager = CheckpointManager::new(Path::new(&folder), options).unwrap();
    for i in 0.. {
        let value = Param::new(array::full([100_000], i as f64, DType::F32));
        manager.save(i, &vec![value.clone(), value.clone(), value]).unwrap();
        if i == 0 {
            manager.wait_until_finished().unwrap();
            println!("the first step is there");
        }
    }
}

#[test]
fn a_process_that_is_killed_leaves_whole_steps() {
    use std::io::{BufRead, BufReader};
    for delay in [0, 7, 31] {
        let folder = tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "resume::saves_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_there =
            lines.map_while(Result::ok).any(|line| line.contains("the first step is there"));
        assert!(is_there);
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();

        let options = CheckpointManagerOptions::new();
        let mut manager = CheckpointManager::new(folder.path(), options).unwrap();
        let steps = manager.all_steps();
        assert!(!steps.is_empty());
        for &i in &steps {
            let zeros = || Param::new(array::zeros([100_000], DType::F32));
            let mut read = vec![zeros(), zeros(), zeros()];
            manager.restore(i, &mut read).unwrap();
            assert!(read.iter().all(|x| x.to_vec::<f32>().iter().all(|v| *v == i as f32)));
        }
        // Nothing unfinished is left.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), steps.len());
    }
}
