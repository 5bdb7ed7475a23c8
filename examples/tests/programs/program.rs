//! Running a program, and reading what it writes.

use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// The path of a program.
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// The program in a folder, with arguments separated by spaces.
    pub(crate) fn command(&self, folder: &Path, arguments: &str) -> Command {
        let mut command = Command::new(self.0);
        // Most runs need the same compiled programs.
        command.env("NNX_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/programs"));
        command.args(arguments.split_whitespace()).current_dir(folder);
        command
    }

    /// Its output and exit code.
    pub(crate) fn output(&self, folder: &Path, arguments: &str) -> Output {
        self.command(folder, arguments).output().expect("the program starts")
    }

    /// The output of a run.
    pub(crate) fn succeeds(&self, folder: &Path, arguments: &str) -> String {
        let output = self.output(folder, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The message of a run that fails.
    pub(crate) fn fails(&self, folder: &Path, arguments: &str) -> String {
        let output = self.output(folder, arguments);
        let error = without_log(&String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "{arguments}");
        assert!(
            error.starts_with("error: ") && !error.contains("panicked"),
            "{arguments}: {error}"
        );
        error
    }
}

/// The text without the first lines of XLA's C++ library, which logs before anybody can tell it not to.
fn without_log(text: &str) -> String {
    let is_log = |line: &&str| {
        cfg!(feature = "xla-rs")
            && (line.starts_with("WARNING: All log") || line.starts_with("I0000"))
    };
    text.split_inclusive('\n').skip_while(is_log).collect()
}

/// The checkpoint that a run left in the folder that `--out` named.
pub(crate) struct Checkpoint {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tensors: BTreeMap<String, Vec<f32>>,
    /// Further places of shared nodes, with their first ones.
    pub(crate) aliases: BTreeMap<String, String>,
    /// Loss and accuracy in training, loss and accuracy in testing, of each epoch.
    pub(crate) history: Vec<[f32; 4]>,
}

impl Checkpoint {
    pub(crate) fn read(out: &Path) -> Self {
        let bytes = std::fs::read(out.join("checkpoint.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        let aliases = metadata.get("nnx.aliases");
        let aliases = aliases.map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default();
        let epoch = |line: &str| {
            let numbers: Vec<f32> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            numbers.try_into().unwrap()
        };
        let history = metadata["history"].lines().map(epoch).collect();
        let numbers = |bytes: &[u8]| {
            bytes.chunks_exact(4).map(|n| f32::from_le_bytes(n.try_into().unwrap())).collect()
        };
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensors =
            tensors.iter().map(|(name, t)| (name.to_owned(), numbers(t.data()))).collect();
        Checkpoint { bytes, tensors, aliases, history }
    }

    /// The names of the model's tensors.
    pub(crate) fn model(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().filter_map(|name| name.strip_prefix("model."))
    }
}
