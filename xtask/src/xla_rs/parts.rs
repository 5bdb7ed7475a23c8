//! The parts that are taken out of the wheels, and where they go.
//!
//! The rules are folders, not a list of files: which headers the crate's C++ code reaches depends a
//! little on the compiler. They were found by asking one (`g++ -M`), and hold a few times the 950
//! headers that it named, but leave out the folders that it named nothing from: TensorFlow itself,
//! MLIR's dialects, most of LLVM.

use crate::contents::{base_name, is_licence};
use std::path::{Path, PathBuf};

/// A file, or a folder if it ends in a slash: where it is in the wheel, and in the result.
type Part = (&'static str, &'static str);

/// XLA's own library, and the one with what it shares with TensorFlow.
pub(super) const LIBRARIES: [&str; 2] = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

pub(super) const TENSORFLOW: &[Part] = &[
    ("tensorflow/libtensorflow_cc.so.2", "lib/libtensorflow_cc.so.2"),
    ("tensorflow/libtensorflow_framework.so.2", "lib/libtensorflow_framework.so.2"),
    ("tensorflow/include/Eigen/", "include/Eigen/"),
    ("tensorflow/include/absl/", "include/absl/"),
    ("tensorflow/include/google/", "include/google/"),
    ("tensorflow/include/ml_dtypes/", "include/ml_dtypes/"),
    ("tensorflow/include/tsl/", "include/tsl/"),
    ("tensorflow/include/unsupported/", "include/unsupported/"),
    ("tensorflow/include/xla/", "include/xla/"),
    ("tensorflow/include/external/farmhash_archive/src/farmhash.h", "include/farmhash.h"),
    ("tensorflow/include/external/highwayhash/highwayhash/", "include/highwayhash/"),
    ("tensorflow/include/external/com_github_grpc_grpc/include/", "include/"),
    (
        "tensorflow/include/external/llvm-project/mlir/include/mlir/Bytecode/",
        "include/mlir/Bytecode/",
    ),
    ("tensorflow/include/external/llvm-project/mlir/include/mlir/IR/", "include/mlir/IR/"),
    (
        "tensorflow/include/external/llvm-project/mlir/include/mlir/Interfaces/",
        "include/mlir/Interfaces/",
    ),
    (
        "tensorflow/include/external/llvm-project/mlir/include/mlir/Support/",
        "include/mlir/Support/",
    ),
];

pub(super) const LLVM: &[Part] = &[
    ("llvm/include/llvm/ADT/", "include/llvm/ADT/"),
    ("llvm/include/llvm/Config/", "include/llvm/Config/"),
    ("llvm/include/llvm/Support/", "include/llvm/Support/"),
    ("llvm/include/llvm-c/DataTypes.h", "include/llvm-c/DataTypes.h"),
];

/// Only `libclang.so`, whatever the version in the names of the folders around it.
pub(super) const LIBCLANG: &[Part] = &[("libclang.so", "libclang/libclang.so")];

/// Where a member of the wheel of `package` goes, if it is one of `parts` or a licence.
pub(super) fn place(package: &str, parts: &[Part], member: &str) -> Option<PathBuf> {
    let name = base_name(member);
    parts.iter().find_map(|part| place_part(*part, member, name)).or_else(|| {
        // Under their whole paths, which say what each of them is for.
        is_licence(name).then(|| Path::new("licenses").join(package).join(member))
    })
}

fn place_part((from, to): Part, member: &str, name: &str) -> Option<PathBuf> {
    if !from.ends_with('/') {
        // A part without a folder may be anywhere.
        let found = member == from || (!from.contains('/') && name == from);
        return found.then(|| to.into());
    }
    let rest = member.strip_prefix(from)?;
    is_header(name).then(|| Path::new(to).join(rest))
}

fn is_header(name: &str) -> bool {
    // Eigen's have no extension.
    match name.rsplit_once('.') {
        Some((_, extension)) => ["h", "hpp", "inc", "def"].contains(&extension),
        None => !is_licence(name),
    }
}
