//! Programs that run on several devices, each of which computes a part.

use super::ffi::Functions;
use super::parameters::{Fields, WireField, message, optimized_program, varint};
use super::{Pjrt, ffi};
use crate::error::{Error, Result};
use crate::value::{Mesh, NamedSharding, PartitionSpec};
use crate::xla::placement::Placement;
use crate::xla::program::Program;
use crate::xla::runtime::{Habits, Lists, RawExecutable, What};
use std::ptr::{NonNull, null_mut};

impl Pjrt {
    /// Starts a run on all devices of a mesh.
    ///
    /// # Safety
    /// As for `execute`.
    pub(super) unsafe fn execute_spread(
        &self,
        raw: RawExecutable,
        lists: &mut Lists,
        mut options: ffi::ExecuteOptions,
        habits: &Habits,
        what: What<'_>,
    ) -> Result<()> {
        let devices = lists.devices;
        let (count, results) = (lists.arguments.len() / devices, lists.outputs.len() / devices);
        // The plugin wants a list for each device.
        let arguments: Vec<*mut ffi::PjrtBuffer> = (0..devices)
            .flat_map(|device| (0..count).map(move |i| i * devices + device))
            .map(|at| lists.arguments[at].0.as_ptr().cast())
            .collect();
        let mut outputs: Vec<*mut ffi::PjrtBuffer> = vec![null_mut(); devices * results];
        let argument_lists: Vec<*const *mut ffi::PjrtBuffer> =
            (0..devices).map(|device| arguments[device * count..].as_ptr()).collect();
        let output_lists: Vec<*mut *mut ffi::PjrtBuffer> =
            (0..devices).map(|device| outputs[device * results..].as_mut_ptr()).collect();
        let mut events: Vec<*mut ffi::PjrtEvent> = vec![null_mut(); devices];
        let mut args = ffi::ExecuteArgs::new();
        args.executable = raw.0.as_ptr().cast();
        args.options = &mut options;
        args.argument_lists = argument_lists.as_ptr();
        args.num_devices = devices;
        args.num_args = count;
        args.output_lists = output_lists.as_ptr();
        let functions = self.functions();
        let wants_events = self.in_flight.wants_event(habits);
        if wants_events {
            args.device_complete_events = events.as_mut_ptr();
        }
        // SAFETY: the program is alive, and the caller promises that the lists fit it.
        let error = unsafe { (functions.execute)(&mut args) };
        for event in events.into_iter().filter(|event| !event.is_null()) {
            self.in_flight.add(functions, event, habits);
        }
        functions.check(error, what)?;
        for (at, raw) in outputs.into_iter().enumerate() {
            let (device, result) = (at / results, at % results);
            lists.outputs[result * devices + device] =
                NonNull::new(raw).map(|raw| crate::xla::runtime::RawBuffer(raw.cast()));
        }
        Ok(())
    }
}

/// How the results of a compiled program lie on its mesh, by its own account.
pub(super) fn output_placements(
    functions: &Functions,
    executable: NonNull<ffi::PjrtExecutable>,
    program: &Program<'_>,
) -> Result<Vec<Placement>> {
    let unknown = |why: &str| {
        Error::Unavailable(format!("`{}` cannot run on {}: {why}", program.name, program.placement))
    };
    let mesh = match program.placement.sharding() {
        Some(sharding) => sharding.mesh(),
        None => return Ok(vec![program.placement; program.outputs.len()]),
    };
    // A program for one device is not split, and does not say how its results lie.
    if mesh.size() == 1 {
        let whole = Placement::sharded(&mesh.replicated());
        return Ok(program.output_placements.iter().map(|at| at.unwrap_or(whole)).collect());
    }
    if program.output_placements.iter().all(Option::is_some) {
        return Ok(program.output_placements.iter().flatten().copied().collect());
    }
    let module = optimized_program(functions, executable)
        .ok_or_else(|| unknown("the plugin does not tell how its results lie"))?;
    let found = told(&module, program.outputs.len());
    let mut placements = Vec::with_capacity(program.outputs.len());
    for (i, wanted) in program.output_placements.iter().enumerate() {
        let told = || {
            let tiles = found.as_ref()?.get(i)?;
            named(tiles, mesh, program.outputs[i].rank())
        };
        let placement = wanted.or_else(|| Some(Placement::sharded(&told()?)));
        let missing = || unknown(&format!("the way of result {i} over the devices has no name"));
        placements.push(placement.ok_or_else(missing)?);
    }
    Ok(placements)
}

/// A way over devices as XLA writes it: for each axis the number of parts, and for each part in their order, the last
/// axis fastest, its devices by their places in the mesh.
#[derive(Debug, PartialEq, Eq)]
struct Tiles {
    parts: Vec<usize>,
    /// Empty if each device has everything.
    devices: Vec<usize>,
}

/// The ways of the results of a serialized `HloModuleProto`: its field 12, an `OpSharding`.
fn told(module: &[u8], count: usize) -> Option<Vec<Tiles>> {
    const TUPLE: u64 = 2;
    let whole = message(module, 12)?;
    let (kind, parts) = parse(whole)?;
    if kind != TUPLE {
        return (count == 1).then(|| tiles(whole).map(|tiles| vec![tiles])).flatten();
    }
    parts.into_iter().map(tiles).collect()
}

/// The type of an `OpSharding` (field 1), and the shardings of a tuple's parts (5).
fn parse(sharding: &[u8]) -> Option<(u64, Vec<&[u8]>)> {
    let (mut kind, mut parts) = (0, Vec::new());
    for field in Fields(sharding) {
        match field? {
            (1, WireField::Number(number)) => kind = number,
            (5, WireField::Bytes(part)) => parts.push(part),
            _ => {}
        }
    }
    Some((kind, parts))
}

/// The tiles of an `OpSharding`: the number of parts along each axis (field 3), the devices (4), or their order as a
/// transposed count (9, 10); the last axes may count copies (6, 8).
fn tiles(sharding: &[u8]) -> Option<Tiles> {
    const REPLICATED: u64 = 0;
    const OTHER: u64 = 3;
    let mut kind = 0;
    let (mut parts, mut devices, mut reshape, mut permutation) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut has_copies, mut last_kinds) = (false, Vec::new());
    for field in Fields(sharding) {
        let (number, field) = field?;
        let list = match number {
            3 => &mut parts,
            4 => &mut devices,
            8 => &mut last_kinds,
            9 => &mut reshape,
            10 => &mut permutation,
            _ => {
                match (number, field) {
                    (1, WireField::Number(number)) => kind = number,
                    (6, WireField::Number(number)) => has_copies = number != 0,
                    _ => {}
                }
                continue;
            }
        };
        match field {
            WireField::Number(number) => list.push(usize::try_from(number).ok()?),
            WireField::Bytes(mut packed) => {
                while !packed.is_empty() {
                    list.push(usize::try_from(varint(&mut packed)?).ok()?);
                }
            }
        }
    }
    match kind {
        REPLICATED => return Some(Tiles { parts: Vec::new(), devices: Vec::new() }),
        OTHER => {}
        _ => return None,
    }
    // A last axis of another kind than copies belongs to a program that is split by hand.
    if last_kinds.iter().any(|&kind| kind != REPLICATED as usize) {
        return None;
    }
    let copies = if last_kinds.is_empty() { usize::from(has_copies) } else { last_kinds.len() };
    if devices.is_empty() {
        devices = transposed(&reshape, &permutation)?;
    }
    let rank = parts.len().checked_sub(copies)?;
    if parts.iter().product::<usize>() != devices.len() {
        return None;
    }
    parts.truncate(rank);
    Some(Tiles { parts, devices })
}

/// 0, 1, 2, … in the shape `dims`, with its axes in the order `permutation`.
fn transposed(dims: &[usize], permutation: &[usize]) -> Option<Vec<usize>> {
    let count: usize = dims.iter().product();
    let stride = |axis: usize| dims.get(axis + 1..).map(|inner| inner.iter().product::<usize>());
    let axes: Vec<(usize, usize)> = permutation
        .iter()
        .map(|&axis| Some((*dims.get(axis)?, stride(axis)?)))
        .collect::<Option<_>>()?;
    let place = |mut at: usize| {
        let mut source = 0;
        for &(size, stride) in axes.iter().rev() {
            source += at % size * stride;
            at /= size;
        }
        source
    };
    Some((0..count).map(place).collect())
}

/// The same way by the names of the mesh's axes, if it has such a name.
fn named(tiles: &Tiles, mesh: &Mesh, rank: usize) -> Option<NamedSharding> {
    if tiles.devices.is_empty() {
        return Some(mesh.replicated());
    }
    if tiles.parts.len() != rank || tiles.devices.len() != mesh.size() {
        return None;
    }
    // The part that each device has, along each axis.
    let copies = mesh.size() / tiles.parts.iter().product::<usize>();
    let mut part_of = vec![Vec::new(); mesh.size()];
    for (at, &device) in tiles.devices.iter().enumerate() {
        let mut tile = at / copies;
        let mut parts: Vec<usize> = Vec::with_capacity(rank);
        for &count in tiles.parts.iter().rev() {
            parts.push(tile % count);
            tile /= count;
        }
        parts.reverse();
        *part_of.get_mut(device)? = parts;
    }
    let names: Vec<&str> = mesh.axis_names().collect();
    let sizes = mesh.shape();
    let mut spec: Vec<Vec<Box<str>>> = Vec::with_capacity(rank);
    for (axis, &count) in tiles.parts.iter().enumerate() {
        let is_it = |axes: &[usize]| {
            (0..mesh.size()).all(|device| {
                let places = mesh.coordinates(device);
                let part = axes.iter().fold(0, |part, &a| part * sizes[a] + places[a]);
                part_of[device][axis] == part
            })
        };
        let axes = ordered_subset(&sizes, count, &mut Vec::new(), &is_it)?;
        spec.push(axes.into_iter().map(|a| names[a].into()).collect());
    }
    NamedSharding::new(mesh, PartitionSpec::of(spec)).ok()
}

/// Some axes of these sizes, in an order, whose product is `count` and that `is_it` takes.
fn ordered_subset(
    sizes: &[usize],
    count: usize,
    chosen: &mut Vec<usize>,
    is_it: &dyn Fn(&[usize]) -> bool,
) -> Option<Vec<usize>> {
    if count == 1 {
        return is_it(chosen).then(|| chosen.clone());
    }
    for (axis, &size) in sizes.iter().enumerate() {
        if size == 1 || chosen.contains(&axis) || !count.is_multiple_of(size) {
            continue;
        }
        chosen.push(axis);
        let found = ordered_subset(sizes, count / size, chosen, is_it);
        chosen.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_over_devices_get_the_names_of_axes() {
        let mesh = Mesh::new([("a", 2), ("b", 2)]).unwrap();
        let spec = |parts: &[usize], devices: &[usize]| {
            let tiles = Tiles { parts: parts.into(), devices: devices.into() };
            named(&tiles, &mesh, parts.len()).map(|sharding| sharding.spec().to_string())
        };
        assert_eq!(spec(&[2, 1], &[0, 1, 2, 3]).as_deref(), Some("(a)"));
        assert_eq!(spec(&[1, 2], &[0, 2, 1, 3]).as_deref(), Some("(None, b)"));
        assert_eq!(spec(&[2, 2], &[0, 1, 2, 3]).as_deref(), Some("(a, b)"));
        assert_eq!(spec(&[2, 2], &[0, 2, 1, 3]).as_deref(), Some("(b, a)"));
        assert_eq!(spec(&[4], &[0, 2, 1, 3]).as_deref(), Some("((b, a))"));
        assert_eq!(spec(&[2], &[0, 3, 1, 2]), None);
        assert_eq!(transposed(&[2, 3], &[1, 0]), Some(vec![0, 3, 1, 4, 2, 5]));
    }
}
