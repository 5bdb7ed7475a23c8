//! `cargo xtask cache`, on entries that are made here.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../nnx-core/src/xla/cache/entry.rs"]
mod entry;

use entry::{Header, ProgramKey};
use std::path::Path;
use std::process::Command;

fn write(folder: &Path, name: &str, program: &str, takes: &str) {
    let parts = [("program", program), ("takes", takes), ("processor", "x86")];
    let key = parts.map(|(name, value)| (name.to_string(), value.to_string()));
    let key = ProgramKey(key.to_vec());
    let path = folder.join(key.id()).with_extension("program");
    let header = Header { key, name: name.into(), compile_us: 12_300, refused: None };
    std::fs::write(path, entry::encode(&header, b"code")).unwrap();
}

fn cache(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("cache").args(arguments).env("NNX_CACHE", folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn entries_are_listed_explained_bundled_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cache");
    assert!(cache(&folder, &["list"]).1.contains("0 programs"));
    std::fs::create_dir(&folder).unwrap();
    write(&folder, "train_step", "aa", "f32[8]");
    write(&folder, "loss", "cc", "f32[8]");
    std::thread::sleep(std::time::Duration::from_millis(20));
    write(&folder, "train_step", "ab", "f32[9]");
    std::fs::write(folder.join("ff.program"), "junk").unwrap();

    let (code, text) = cache(&folder, &["list"]);
    assert_eq!(code, 0);
    for part in ["train_step\n", "loss\n", "12.3", "damaged: it does not begin", "4 programs"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, text) = cache(&folder, &["why", "train_step"]);
    assert!(text.contains("takes: now `f32[9]`") && text.contains("then `f32[8]`"), "{text}");
    assert!(!text.contains("processor"), "{text}");
    assert!(cache(&folder, &["why", "other"]).1.contains("not compiled yet"));

    let bundle = home.path().join("programs.nnx");
    let (code, text) = cache(&folder, &["bundle", bundle.to_str().unwrap(), "loss"]);
    assert!(code == 0 && text.contains("1 programs"), "{text}");
    let bytes = std::fs::read(&bundle).unwrap();
    let (header, program) = entry::decode(bytes.strip_prefix(entry::BUNDLE).unwrap()).unwrap();
    assert_eq!((header.name.as_str(), program), ("loss", &b"code"[..]));
    assert_eq!(cache(&folder, &["bundle", bundle.to_str().unwrap(), "other"]).0, 1);

    assert!(cache(&folder, &["clear"]).1.contains("removed 4 programs"));
    assert!(cache(&folder, &["list"]).1.contains("0 programs"));
    assert_eq!(cache(&folder, &["turn"]).0, 1);
    assert!(cache(Path::new("off"), &["list"]).1.contains("the cache is off"));
}
