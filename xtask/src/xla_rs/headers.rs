//! Headers that are written, not fetched, and one that is changed.

use crate::contents::cannot;
use std::path::Path;

/// The crate's C++ code includes these four of XLA's headers, and needs one function and one struct
/// of what they declare. In XLA they pull in its client library and its GPU runtime: a quarter of
/// the time that a compiler takes for the crate. The declarations here are just those that are used.
const SLIM: [(&str, &str); 4] = [
    ("xla/client/client_library.h", "#pragma once\n"),
    (
        "xla/pjrt/pjrt_stream_executor_client.h",
        "#pragma once\n#include \"xla/pjrt/pjrt_client.h\"\n",
    ),
    (
        "xla/pjrt/gpu/gpu_helpers.h",
        "#pragma once\n#include \"xla/pjrt/plugin/xla_gpu/xla_gpu_allocator_config.h\"\n",
    ),
    (
        "xla/pjrt/gpu/se_gpu_pjrt_client.h",
        r#"#pragma once
#include <memory>
#include "absl/status/statusor.h"
#include "xla/pjrt/pjrt_client.h"
#include "xla/pjrt/plugin/xla_gpu/xla_gpu_client_options.h"
namespace xla {
absl::StatusOr<std::unique_ptr<PjRtClient>> GetStreamExecutorGpuClient(const GpuClientOptions&);
}
"#,
    ),
];

/// Writes the slim headers into `include`.
pub(super) fn write_slim(include: &Path) -> Result<(), String> {
    for (name, text) in SLIM {
        let path = include.join(name);
        let folder = path.parent().unwrap_or(include);
        std::fs::create_dir_all(folder).map_err(|e| cannot("make", folder, &e))?;
        std::fs::write(&path, text).map_err(|e| cannot("write", &path, &e))?;
    }
    Ok(())
}

/// LLVM's headers say that they belong to a library with additional checks, and then lay some
/// types out in another way. The one in the wheel has none.
pub(super) fn allow_release_library(include: &Path) -> Result<(), String> {
    let path = include.join("llvm/Config/abi-breaking.h");
    let text = std::fs::read_to_string(&path).map_err(|e| cannot("read", &path, &e))?;
    let on = "#define LLVM_ENABLE_ABI_BREAKING_CHECKS 1";
    let off = "#define LLVM_ENABLE_ABI_BREAKING_CHECKS 0";
    if !text.contains(on) && !text.contains(off) {
        return Err(format!("{} does not define LLVM_ENABLE_ABI_BREAKING_CHECKS", path.display()));
    }
    std::fs::write(&path, text.replace(on, off)).map_err(|e| cannot("write", &path, &e))
}
