//! The programs of eager operations: compiled once, found again by what they compute.

use super::kept::{self, Evicted, ProgramCache, Stamp};
use super::{RunPlace, compile};
use crate::error::Result;
use crate::graph::Graph;
use crate::xla::Executable;
use rustc_hash::FxHashMap;
use std::mem::take;
use std::sync::{Arc, LazyLock, Mutex, Once, OnceLock, RwLock};

/// A program and, once it was needed, its executable.
pub(super) struct EagerProgram {
    graph: Graph,
    place: RunPlace,
    fingerprint: u64,
    executable: OnceLock<Executable>,
    compiling: Mutex<()>,
    used: Stamp,
}

impl EagerProgram {
    /// Compiles at the first call; a failure is not kept.
    pub(super) fn executable(&self) -> Result<&Executable> {
        if let Some(executable) = self.executable.get() {
            return Ok(executable);
        }
        let _only_one = self.compiling.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(executable) = self.executable.get() {
            return Ok(executable);
        }
        let name = self.graph.nodes.last().map_or("identity", |node| node.op.name());
        kept::note_compiled(name, self.fingerprint);
        let executable = compile(name, &self.graph, &[], &self.place, &[], &[])?;
        Ok(self.executable.get_or_init(|| executable))
    }
}

/// By their fingerprints.
type ByFingerprint = FxHashMap<u64, Vec<Arc<EagerProgram>>>;

/// All programs of eager operations.
#[derive(Default)]
struct EagerPrograms(RwLock<ByFingerprint>);

static PROGRAMS: LazyLock<EagerPrograms> = LazyLock::new(Default::default);

impl ProgramCache for EagerPrograms {
    fn stamps(&self, visit: &mut dyn FnMut(u64)) {
        let map = self.0.read().unwrap_or_else(|e| e.into_inner());
        map.values().flatten().for_each(|program| visit(program.used.get()));
    }

    fn evict(&self, leave: &mut dyn FnMut(u64) -> bool) -> Evicted {
        let mut evicted = Evicted::default();
        let mut map = self.0.write().unwrap_or_else(|e| e.into_inner());
        map.retain(|&fingerprint, programs| {
            for program in programs.extract_if(.., |program| leave(program.used.get())) {
                evicted.keys.push(fingerprint);
                evicted.programs.push(Box::new(program));
            }
            !programs.is_empty()
        });
        evicted
    }
}

/// Drops all compiled programs.
pub(crate) fn clear() {
    let programs = take(&mut *PROGRAMS.0.write().unwrap_or_else(|e| e.into_inner()));
    drop(programs);
}

pub(super) fn program(graph: Graph, place: RunPlace) -> Arc<EagerProgram> {
    let at = place
        .inputs
        .iter()
        .fold(place.run.number(), |at, input| at.rotate_left(5) ^ input.number());
    let fingerprint = graph.fingerprint().rotate_left(at);
    let find = |map: &ByFingerprint| {
        let entry = map
            .get(&fingerprint)?
            .iter()
            .find(|entry| entry.place == place && entry.graph.same_program(&graph))?;
        entry.used.touch();
        Some(entry.clone())
    };
    if let Some(found) = find(&PROGRAMS.0.read().unwrap_or_else(|e| e.into_inner())) {
        return found;
    }
    let mut map = PROGRAMS.0.write().unwrap_or_else(|e| e.into_inner());
    if let Some(found) = find(&map) {
        return found;
    }
    let program = Arc::new(EagerProgram {
        graph,
        place,
        fingerprint,
        executable: OnceLock::new(),
        compiling: Mutex::new(()),
        used: Stamp::new(),
    });
    map.entry(fingerprint).or_default().push(program.clone());
    drop(map);
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| kept::register(&*PROGRAMS));
    kept::inserted();
    program
}
