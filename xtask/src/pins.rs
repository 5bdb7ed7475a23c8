//! The packages that the set-up command fetches, with their versions and digests.

use crate::installed::Platform;

/// One version of one Python package that ships a library.
#[derive(Clone, Debug)]
pub struct Pin {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// SHA-256 of the wheel, in lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// Arguments that make pip choose this very wheel where a version has several.
    pub pip_tags: &'static [&'static str],
    /// Further needs of the package on a machine; empty if there are none.
    pub needs: &'static str,
}

/// XLA of jaxlib 0.11.2 for CPUs, Linux on x86-64.
pub const CPU: Pin = Pin {
    name: "lammps-jax-pjrt-cpu",
    version: "0.11.2",
    sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
    pip_tags: &[],
    needs: "",
};

/// The same XLA for NVIDIA GPUs.
pub const CUDA: Pin = Pin {
    name: "jax-cuda12-pjrt",
    version: "0.11.2",
    sha256: "2133b3afc63307c016ae4980f166b2b3de199759363ead74f7d550eaae953463",
    pip_tags: &[],
    needs: "the NVIDIA driver and the libraries of CUDA 12 and cuDNN 9, found by the system's \
            loader (LD_LIBRARY_PATH)",
};

/// The TPU runtime that JAX 0.11.2 asks for. Its wheels differ by Python version, although the
/// library in them does not depend on it.
pub const TPU: Pin = Pin {
    name: "libtpu",
    version: "0.0.48.1",
    sha256: "dfaafbc2b508928c99f80329f3eee729a3ee12aee203a06d9aef0f4513c56dd5",
    pip_tags: &[
        "--platform=manylinux_2_31_x86_64",
        "--implementation=cp",
        "--python-version=3.12",
        "--abi=cp312",
    ],
    needs: "a Cloud TPU",
};

/// XLA's C++ library and most of its headers: what the crate `xla` is linked with on machines that
/// have no `xla_extension`. Its wheels differ by Python version, although the libraries in them do
/// not depend on it.
pub const TENSORFLOW: Pin = Pin {
    name: "tensorflow-cpu",
    version: "2.21.0",
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    pip_tags: &[
        "--platform=manylinux_2_27_x86_64",
        "--implementation=cp",
        "--python-version=3.11",
        "--abi=cp311",
    ],
    needs: "",
};

/// The headers of LLVM that XLA's headers ask for, of about the age of that TensorFlow. (Debian's
/// LLVM 19 is too old for them.)
pub const LLVM: Pin = Pin {
    name: "xtc-llvm-dev",
    version: "22.1.8.2",
    sha256: "72d4272b711c2358f0941080915dc45f2ba30c73564cc43d11c7cefd32e1e523",
    // Older Pythons are refused by the package, though nothing in it runs.
    pip_tags: &["--platform=manylinux_2_28_x86_64", "--python-version=3.11"],
    needs: "",
};

/// The library with which the crate `xla` makes its bindings.
pub const LIBCLANG: Pin = Pin {
    name: "libclang",
    version: "18.1.1",
    sha256: "c533091d8a3bbf7460a00cb6c1a71da93bffe148f172c7d03b1c31fbf8aa2a0b",
    pip_tags: &["--platform=manylinux2010_x86_64"],
    needs: "",
};

impl Pin {
    /// The plugin for a kind of device, if there is one to pin.
    pub(crate) fn of(platform: Platform) -> Option<Pin> {
        match platform {
            Platform::Cpu => Some(CPU),
            Platform::Cuda => Some(CUDA),
            Platform::Tpu => Some(TPU),
            Platform::Rocm => None,
        }
    }

    /// The name of the folder that it is installed in.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The package and its version, as pip takes them.
    pub fn requirement(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// The pin of this folder name, if it is one.
    pub(crate) fn by_folder(folder: &str) -> Option<Pin> {
        [CPU, CUDA, TPU].into_iter().find(|pin| pin.folder() == folder)
    }
}
