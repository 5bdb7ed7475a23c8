//! A make-believe machine: a home folder, a pip that does what a test wants, wheels.
#![allow(dead_code, clippy::unwrap_used)]

use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::pins::Pin;
use xtask::setup::Setup;
use xtask::xla_rs::{Wheels, XlaRs};

/// The contents of a plugin's file, as far as the set-up looks.
pub const PLUGIN: &[u8] =
    b"a library of more than 64 bytes with the function GetPjrtApi and others.....";

/// The wheel's file name of the package that [`Machine::pin`] asks for.
pub const WHEEL: &str = "some_cpu_plugin-1.2-py3-none-any.whl";

pub struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let machine = Machine { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(machine.bin()).unwrap();
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The value of `NNX_HOME`.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn bin(&self) -> PathBuf {
        self.path("bin")
    }

    pub fn search_path(&self) -> OsString {
        std::env::join_paths([self.bin(), "/bin".into(), "/usr/bin".into()]).unwrap()
    }

    /// A set-up that finds only this machine's Python.
    pub fn setup(&self) -> Setup {
        Setup::new(&self.home(), Some(self.bin().into_os_string()))
    }

    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.bin().join(name);
        let text = format!("#!/bin/sh\n{body}\n");
        // Another process writes it. A child that another thread starts meanwhile would hold a file that is open
        // for writing here, and what is open for writing cannot be run.
        let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let status = Command::new("sh").args(["-c", write, "sh", &text]).arg(&path).status();
        assert!(status.unwrap().success());
        path
    }

    /// Installs a Python whose `pip download` runs `body`, with the folder in `$dest`, and leaves
    /// a line in the log.
    pub fn python(&self, body: &str) {
        let log = self.path("log");
        self.script(
            "python3",
            &format!(
                "PATH=/bin:/usr/bin
                if [ \"$3\" = --version ]; then exit 0; fi
                echo \"$@\" >> '{}'
                while [ \"$1\" != --dest ]; do shift; done
                dest=$2
                {body}",
                log.display()
            ),
        );
    }

    /// How often pip downloaded.
    pub fn downloads(&self) -> usize {
        std::fs::read_to_string(self.path("log")).map_or(0, |log| log.lines().count())
    }

    /// The entries of the folder of plugins, but for the lock.
    pub fn plugins(&self) -> Vec<String> {
        self.installed("plugins")
    }

    /// The entries of a folder in the home folder, but for the lock.
    pub fn installed(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.home().join(folder)) else { return vec![] };
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }

    /// Writes a wheel with these members.
    pub fn wheel(&self, name: &str, members: &[(&str, &[u8])]) -> PathBuf {
        let path = self.path(name);
        let mut archive = rawzip::ZipArchiveWriter::new(std::fs::File::create(&path).unwrap());
        for (name, content) in members {
            let (mut entry, config) = archive
                .new_file(name)
                .compression_method(rawzip::CompressionMethod::DEFLATE)
                .start()
                .unwrap();
            let deflater =
                flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(deflater);
            writer.write_all(content).unwrap();
            let (deflater, descriptor) = writer.finish().unwrap();
            deflater.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    /// The wheel of [`pin`](Self::pin).
    pub fn good_wheel(&self) -> PathBuf {
        self.wheel(
            WHEEL,
            &[
                ("some_cpu_plugin/__init__.py", b"# nothing"),
                ("some_cpu_plugin/plugin.so", PLUGIN),
                ("some_cpu_plugin/helper.so", &[b'x'; 100]),
                ("some_cpu_plugin-1.2.dist-info/licenses/LICENSE", b"do as you like"),
            ],
        )
    }

    /// A pin whose digest is that of `wheel`.
    pub fn pin(&self, wheel: &Path) -> Pin {
        self.pin_as("some-cpu-plugin", wheel)
    }

    /// A pin of the package `name` whose digest is that of `wheel`.
    pub fn pin_as(&self, name: &'static str, wheel: &Path) -> Pin {
        let digest: String = Sha256::digest(std::fs::read(wheel).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Pin { name, version: "1.2", sha256: digest.leak(), pip_tags: &[], needs: "" }
    }

    /// Wheels of the packages that XLA's library is put together from.
    pub fn xla_wheels(&self) -> Wheels {
        const LLVM_PROJECT: &str = "tensorflow/include/external/llvm-project/mlir/include/mlir";
        let mlir: Vec<String> = ["Bytecode", "IR", "Interfaces", "Support", "Dialect"]
            .map(|folder| format!("{LLVM_PROJECT}/{folder}/a.h"))
            .into();
        let mut members: Vec<(&str, &[u8])> = vec![
            ("tensorflow/libtensorflow_cc.so.2", b"XLA"),
            ("tensorflow/libtensorflow_framework.so.2", b"the framework"),
            ("tensorflow/include/Eigen/Core", b"Eigen"),
            ("tensorflow/include/Eigen/LICENSE", b"Eigen's licence"),
            ("tensorflow/include/absl/a.h", b""),
            ("tensorflow/include/google/a.inc", b""),
            ("tensorflow/include/ml_dtypes/a.h", b""),
            ("tensorflow/include/tsl/a.h", b""),
            ("tensorflow/include/unsupported/a.h", b""),
            ("tensorflow/include/xla/deep/down/a.h", b"XLA's header"),
            ("tensorflow/include/xla/a.cc", b"what nobody includes"),
            ("tensorflow/include/xla/client/client_library.h", b"a fat header"),
            ("tensorflow/include/tensorflow/core/a.h", b"what XLA does not need"),
            ("tensorflow/include/external/farmhash_archive/src/farmhash.h", b""),
            ("tensorflow/include/external/highwayhash/highwayhash/a.h", b""),
            ("tensorflow/include/external/com_github_grpc_grpc/include/grpc/a.h", b""),
            ("tensorflow/python/a.py", b"a program"),
            ("tensorflow/THIRD_PARTY_NOTICES.txt", b"others' licences"),
        ];
        members.extend(mlir.iter().map(|path| (path.as_str(), &b""[..])));
        let tensorflow = self.wheel("tensorflow-cpu.whl", &members);
        let llvm = self.wheel(
            "xtc-llvm-dev.whl",
            &[
                ("llvm/include/llvm/ADT/a.h", b""),
                ("llvm/include/llvm/IR/a.h", b"what XLA does not need"),
                (
                    "llvm/include/llvm/Config/abi-breaking.h",
                    b"#define LLVM_ENABLE_ABI_BREAKING_CHECKS 1\n",
                ),
                ("llvm/include/llvm/Support/a.h", b""),
                ("llvm/include/llvm-c/DataTypes.h", b""),
                ("llvm/lib/libLLVMCore.a", b"a library"),
            ],
        );
        let libclang = self
            .wheel("libclang.whl", &[("l-1.data/platlib/clang/native/libclang.so", b"libclang")]);
        Wheels {
            tensorflow: self.pin_as("tensorflow-cpu", &tensorflow),
            llvm: self.pin_as("xtc-llvm-dev", &llvm),
            libclang: self.pin_as("libclang", &libclang),
        }
    }

    /// The script of a pip that has the wheels of [`xla_wheels`](Self::xla_wheels).
    pub fn xla_pip(&self) -> String {
        let folder = self.path("");
        format!("for last; do :; done; cp '{}'\"${{last%==*}}.whl\" \"$dest\"", folder.display())
    }

    /// A C++ compiler that compiles nothing, but writes the file that it was asked for.
    pub fn compiler(&self) {
        self.script(
            "c++",
            "case \"$*\" in
                *-fsyntax-only*) /bin/cat > /dev/null; exit 0 ;;
                *-print-file-name=include) echo /the/compilers/include; exit 0 ;;
            esac
            while [ \"$1\" != -o ]; do shift; done
            echo the shim > \"$2\"",
        );
    }

    /// A set-up for the crate `xla` that finds only this machine's tools.
    pub fn xla_rs(&self, wheels: &Wheels) -> XlaRs {
        XlaRs::new(&self.home(), wheels.clone(), Some(self.bin().into_os_string()), None)
    }
}
