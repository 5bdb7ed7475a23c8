//! The programs of eager operations: compiled once, found again by what they compute.

use super::compile;
use crate::error::Result;
use crate::graph::Graph;
use crate::xla::{Executable, Placement};
use rustc_hash::FxHashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

/// A program and, once it was needed, its executable.
pub(super) struct EagerProgram {
    graph: Graph,
    placement: Placement,
    executable: OnceLock<Executable>,
    compiling: Mutex<()>,
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
        let executable = compile(name, &self.graph, &[], self.placement)?;
        Ok(self.executable.get_or_init(|| executable))
    }
}

static PROGRAMS: LazyLock<RwLock<FxHashMap<u64, Vec<Arc<EagerProgram>>>>> =
    LazyLock::new(Default::default);

/// Drops all compiled programs.
pub(crate) fn clear() {
    PROGRAMS.write().unwrap_or_else(|e| e.into_inner()).clear();
}

pub(super) fn program(graph: Graph, placement: Placement) -> Arc<EagerProgram> {
    let fingerprint = graph.fingerprint().rotate_left(placement.index() as u32);
    let find = |map: &FxHashMap<u64, Vec<Arc<EagerProgram>>>| {
        map.get(&fingerprint)?
            .iter()
            .find(|entry| entry.placement == placement && entry.graph.same_program(&graph))
            .cloned()
    };
    if let Some(found) = find(&PROGRAMS.read().unwrap_or_else(|e| e.into_inner())) {
        return found;
    }
    let mut map = PROGRAMS.write().unwrap_or_else(|e| e.into_inner());
    if let Some(found) = find(&map) {
        return found;
    }
    let program = Arc::new(EagerProgram {
        graph,
        placement,
        executable: OnceLock::new(),
        compiling: Mutex::new(()),
    });
    map.entry(fingerprint).or_default().push(program.clone());
    program
}
