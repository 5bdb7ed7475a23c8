//! The C++ compiler: it makes the shim, and later the crate `xla` itself.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program that must compile before anything is fetched: it shows that the language version and
/// the standard library are there.
const TRIAL: &[u8] = b"#include <memory>\n#include <optional>\nint main() { return 0; }\n";

/// The C++ functions that the wheel hides.
const SHIM: &str = include_str!("shim.cc");

/// A C++ compiler.
#[derive(Debug)]
pub(super) struct Compiler {
    program: OsString,
    arguments: Vec<String>,
}

impl Compiler {
    /// The user's own (`CXX`, maybe with arguments), else the first one in `search_path`.
    pub(super) fn find(cxx: Option<&OsStr>, search_path: Option<&OsStr>) -> Result<Self, String> {
        if let Some(cxx) = cxx.filter(|cxx| !cxx.is_empty()) {
            let text = cxx.to_string_lossy();
            let mut words = text.split_whitespace();
            let program = words.next().unwrap_or_default();
            let program = in_path(program, search_path).unwrap_or_else(|| program.into());
            let arguments = words.map(str::to_string).collect();
            return Ok(Compiler { program: program.into(), arguments });
        }
        ["c++", "g++", "clang++"]
            .into_iter()
            .find_map(|name| in_path(name, search_path))
            .map(|program| Compiler { program: program.into(), arguments: Vec::new() })
            .ok_or_else(|| {
                "no C++ compiler was found in PATH (`c++`, `g++` or `clang++`); the crate `xla` \
                 needs one. Install it (your system's package `g++`, or `gcc-c++`), or name one in \
                 CXX"
                .to_string()
            })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr()));
        command
    }

    /// Refuses a compiler that cannot compile C++17.
    pub(super) fn check(&self) -> Result<(), String> {
        let mut child = self
            .command()
            .args(["-std=c++17", "-fsyntax-only", "-x", "c++", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the C++ compiler {self} cannot be started: {e}"))?;
        if let Some(mut input) = child.stdin.take() {
            // One that does not read says why, and with its exit code.
            let _ = input.write_all(TRIAL);
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!(
                "the C++ compiler {self} cannot compile a small C++17 program ({status}); its own \
                 messages are above. Install a whole one (your system's package `g++`, or \
                 `gcc-c++`), or name another in CXX"
            )),
            Err(e) => Err(format!("the C++ compiler {self} cannot be run: {e}")),
        }
    }

    /// The folder of the headers that belong to the compiler itself (`stddef.h`). A libclang that
    /// comes without clang has none of its own.
    pub(super) fn own_headers(&self) -> Result<PathBuf, String> {
        let output = self
            .command()
            .arg("-print-file-name=include")
            .stdout(Stdio::piped())
            .output()
            .map_err(|e| format!("the C++ compiler {self} cannot be started: {e}"))?;
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        // For a folder that the compiler does not find, it prints the name that it was asked for.
        if folder.is_absolute() {
            Ok(folder)
        } else {
            Err(format!(
                "the C++ compiler {self} does not tell where its headers are \
                 (`-print-file-name=include`). Name the folder of its `stddef.h` in \
                 BINDGEN_EXTRA_CLANG_ARGS: `-I…`"
            ))
        }
    }

    /// Compiles the shim to `lib/libxla_shim.so` in `folder`, next to the headers and libraries
    /// that it needs; `work` is for its source.
    pub(super) fn compile_shim(
        &self,
        folder: &Path,
        libraries: &[&str],
        work: &Path,
    ) -> Result<(), String> {
        let source = work.join("shim.cc");
        std::fs::write(&source, SHIM).map_err(|e| crate::contents::cannot("write", &source, &e))?;
        let lib = folder.join("lib");
        eprintln!("compiling the shim with {self}");
        let mut command = self.command();
        // NDEBUG: without it some of XLA's structs have more fields than those in the library.
        command.args(["-std=c++17", "-O1", "-DNDEBUG", "-fPIC", "-shared", "-w"]);
        command.arg("-I").arg(folder.join("include"));
        command.arg(&source).arg("-o").arg(lib.join("libxla_shim.so")).arg("-L").arg(&lib);
        command.args(libraries.iter().map(|library| format!("-l:{library}")));
        // Nothing may be missing; its own libraries lie beside it.
        command.args(["-ldl", "-Wl,-z,defs", "-Wl,-rpath,$ORIGIN", "-Wl,-soname,libxla_shim.so"]);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!(
                "the C++ compiler {self} could not compile what the crate `xla` needs ({status}); \
                 its own messages are above. g++ 12 is known to; another can be named in CXX"
            )),
            Err(e) => Err(format!("the C++ compiler {self} cannot be started: {e}")),
        }
    }
}

impl std::fmt::Display for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.program.display())
    }
}

/// Takes the symbols that no linker needs out of a library, where there is a `strip`: a quarter of
/// its size.
pub(super) fn strip(library: &Path, search_path: Option<&OsStr>) {
    let Some(program) = in_path("strip", search_path) else { return };
    let done = Command::new(program).arg("--strip-all").arg(library).status();
    if !done.is_ok_and(|status| status.success()) {
        eprintln!("{} keeps its symbols: strip did not work", library.display());
    }
}

/// The program of this name, or itself if it is a path.
fn in_path(name: &str, search_path: Option<&OsStr>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(name.into());
    }
    std::env::split_paths(search_path?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
