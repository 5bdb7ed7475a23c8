//! A training in a process of its own, ours or a peer's. It prints what it is and the losses of its first steps; for each
//! number that it is sent it takes as many steps and prints the seconds.

use crate::cnn::Cnn;
use crate::gpt::Gpt;
use crate::mlp::Mlp;
use crate::task::training;
use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The first argument of a worker of ours; a model and a variant come after it.
pub(crate) const ARGUMENT: &str = "--worker";
pub(crate) const MODELS: [&str; 3] = ["mlp", "cnn", "gpt"];
pub(crate) const OURS: [&str; 2] = ["tree", "graph"];
/// The variants of `peers.py`.
pub(crate) const PEERS: [&str; 3] = ["jax", "nnx-graph", "nnx-tree"];
/// `peers.py` has the same number.
const FIRST_LOSSES: usize = 8;

/// The life of a worker of ours.
pub(crate) fn work(model: &str, variant: &str) -> Result<(), Box<dyn Error>> {
    let graph = variant == "graph";
    let mut step = match model {
        "mlp" => training::<Mlp>(graph),
        "cnn" => training::<Cnn>(graph),
        "gpt" => training::<Gpt>(graph),
        _ => return Err(format!("there is no model {model}; there are {MODELS:?}").into()),
    };
    println!("nnx {}", env!("CARGO_PKG_VERSION"));
    let losses: Vec<_> = (0..FIRST_LOSSES).map(|_| step().item::<f32>().to_string()).collect();
    println!("{}", losses.join(" "));
    for line in std::io::stdin().lines() {
        let steps: usize = line?.parse()?;
        let start = Instant::now();
        for _ in 1..steps {
            step();
        }
        step().block_until_ready()?;
        println!("{}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// A worker, seen from the process that measures.
pub(crate) struct Worker {
    pub(crate) variant: &'static str,
    pub(crate) versions: String,
    pub(crate) losses: Vec<f64>,
    /// The seconds of a step, by round.
    pub(crate) times: Vec<f64>,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn ours(
        model: &str,
        variant: &'static str,
        threads: usize,
    ) -> Result<Worker, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        // JAX compiles its programs too, and what that takes is in the peak of memory.
        command.args([ARGUMENT, model, variant]).env("NNX_CACHE", "off");
        Worker::start(command, variant, threads)
    }

    pub(crate) fn peer(
        python: &OsStr,
        model: &str,
        variant: &'static str,
        threads: usize,
    ) -> Result<Worker, Box<dyn Error>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/steps/peers.py");
        let mut command = Command::new(python);
        command.arg(script).args([model, variant]);
        if std::env::var_os("JAX_PLATFORMS").is_none() {
            command.env("JAX_PLATFORMS", "cpu");
        }
        Worker::start(command, variant, threads)
    }

    fn start(
        mut command: Command,
        variant: &'static str,
        threads: usize,
    ) -> Result<Worker, Box<dyn Error>> {
        // XLA reads one of the two, depending on its version.
        for name in ["NPROC", "PJRT_NPROC"] {
            command.env(name, threads.to_string());
        }
        let mut child = command
            .env("TF_CPP_MIN_LOG_LEVEL", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are pipes");
        };
        let mut worker = Worker {
            variant,
            versions: String::new(),
            losses: Vec::new(),
            times: Vec::new(),
            child,
            input,
            output: BufReader::new(output),
        };
        worker.versions = worker.line()?;
        let losses = worker.line()?;
        worker.losses = losses.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        Ok(worker)
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the training `{}` ended: see above", self.variant).into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// The seconds of a step, as the mean of `steps`.
    pub(crate) fn take(&mut self, steps: usize) -> Result<f64, Box<dyn Error>> {
        writeln!(self.input, "{steps}")?;
        Ok(self.line()?.parse::<f64>()? / steps as f64)
    }

    /// The most memory that the process ever had, in MB, where the system tells.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A worker that is done, or one that does not answer.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
